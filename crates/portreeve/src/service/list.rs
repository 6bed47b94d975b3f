//! `portreeve service list` and `status`.

use super::find::find;
use super::log;
use super::look::{Seen, look};
use super::outcome::{self, Outcome};
use super::place::{Place, Places};
use super::plan;
use crate::args::{StatusArgs, Where};
use crate::exit::{Exit, Failure};
use crate::moment;
use crate::paths::Paths;
use crate::render::json;
use crate::render::services::{self, Details};
use crate::terminal::{self, Form};
use jiff::tz::TimeZone;
use serde_json::json;
use std::ffi::OsString;

/// Lines of a service's log beside its status.
const LINES: u32 = 10;

/// Every kept service of the keeper, as it is seen now.
pub(crate) fn kept(paths: &Paths) -> Result<Vec<(Place, Seen)>, Failure> {
    all(&Places::new(paths, None))
}

/// Names of the kept services.
pub(crate) fn names(paths: &Paths) -> Vec<OsString> {
    let all = Places::new(paths, None).all().unwrap_or_default();
    all.into_iter().map(|place| place.name).collect()
}

fn all(places: &Places<'_>) -> Result<Vec<(Place, Seen)>, Failure> {
    Ok(places.all()?.into_iter().map(|place| (place.clone(), look(&place))).collect())
}

/// Lists services.
pub(super) fn list(at: &Where, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let all = all(&Places::new(paths, at.directory.as_deref()))?;
    let now = moment::now();
    terminal::answer(&match form {
        Form::Json => json::text(&json!({ "services": services::list(&all) })),
        Form::Text(_) if all.is_empty() => "No service is kept.\n".to_owned(),
        Form::Text(paint) => services::table(&all, now, paint),
    })?;
    Ok(Exit::Yes)
}

/// Shows all about some services.
pub(super) fn status(args: &StatusArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let places = Places::new(paths, args.at.directory.as_deref());
    let (found, unknown) = find(&args.kept, &places);
    let (now, zone) = (moment::now(), TimeZone::system());
    let all: Vec<_> = found.into_iter().map(details).collect();
    terminal::answer(&match form {
        Form::Json => {
            let each: Vec<_> = all.iter().map(services::full).collect();
            let failures: Vec<_> = unknown.iter().map(Outcome::json).collect();
            json::text(&json!({ "services": each, "failures": failures }))
        }
        Form::Text(paint) => {
            let each: Vec<_> =
                all.iter().map(|one| services::details(one, now, &zone, paint)).collect();
            each.join("\n")
        }
    })?;
    if let Form::Text(_) = form {
        outcome::complain(&unknown);
    }
    Ok(outcome::exit(&unknown))
}

fn details(place: Place) -> Details {
    let (seen, planned) = (look(&place), plan::of(&place));
    let log = log::last(&place, &seen, LINES);
    Details { place, seen, planned, log }
}
