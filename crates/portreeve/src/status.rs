//! `portreeve status`.

use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::host::advice;
use crate::moment;
use crate::paths::Paths;
use crate::render;
use crate::render::text::wrap;
use crate::service;
use crate::takeover;
use crate::terminal::{self, Form};
use portreeve_wire::control::{Answer, Request};

/// Shows how things are. A service that is down is shown, not a failure: the answer is the door's.
pub(crate) fn run(paths: &Paths, form: Form) -> Result<Exit, Failure> {
    // supervisors need no door: what they keep is known where its directories may be read
    let kept = service::kept(paths);
    let answered = client::ask(paths, &Request::Status, Patience::Glance);
    let answered = answered.map_err(|failure| match &kept {
        Ok(kept) if !kept.is_empty() && failure.exit == Exit::Unavailable => {
            failure.help("`portreeve service list` shows the kept services, which need no door")
        }
        _ => failure,
    })?;
    let Answer::Status(status) = client::granted(answered.answer)? else {
        return Err(client::unexpected());
    };
    let advice = advice::of_door(&status);
    let takeover = takeover::state(paths);
    terminal::answer(&match form {
        Form::Json => {
            let mut value = render::json::status(&status, &advice);
            value["kept"] = kept.as_ref().ok().map(|all| render::services::list(all)).into();
            value["takeover"] = takeover.as_ref().map(takeover::value).into();
            render::json::text(&value)
        }
        Form::Text(paint) => {
            let shown = render::status::status(&status, &advice, paint);
            let shown = shown + &render::services::section(kept.as_deref(), moment::now(), paint);
            let takeover = takeover.as_ref().and_then(takeover::sentence);
            shown + &takeover.map(|text| wrap("\ntakeover: ", &text)).unwrap_or_default()
        }
    })?;
    Ok(Exit::Yes)
}
