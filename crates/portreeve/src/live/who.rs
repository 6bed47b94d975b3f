//! `portreeve who`.

use super::{all_bans, all_sessions, asked};
use crate::args::WhoArgs;
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::{self, who};
use crate::terminal::{self, Form};
use jiff::tz::TimeZone;
use portreeve_model::Network;
use portreeve_wire::asked::{Line, Question};
use portreeve_wire::control::{Answer, Request};

/// Everything that is known of a network: who is inside from there, what they did, what it cost them,
/// and what is missing to a ban.
pub(crate) fn run(args: &WhoArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let network = args.network;
    let mut known = who::Known::new(network);
    known.sessions = all_sessions(paths, None, Some(network))?;
    known.bans = all_bans(paths, Some(network))?;
    known.protected = protected(paths, network)?;
    let mut lines = asked::ask(paths, Question::Who(network))?;
    let mut ended = false;
    while let Some(line) = lines.next()? {
        match line {
            Line::Offence(offence) => known.offences.push(*offence),
            Line::Ban(ban) => known.history.push(*ban),
            Line::Success(success) => known.successes.push(success),
            Line::Pardon(pardon) => known.pardons.push(pardon),
            Line::Standing(standing) => known.standings.push(standing),
            Line::Cut(why) => known.missing = Some(why),
            Line::End => ended = true,
        }
    }
    if !ended && known.missing.is_none() {
        known.missing = Some("the clerk has gone: ask again".to_owned());
    }
    terminal::answer(&match form {
        Form::Json => render::json::text(&known.json()),
        Form::Text(paint) => known.text(paint, terminal::columns(), &TimeZone::system()),
    })?;
    Ok(if known.is_nothing() { Exit::No } else { Exit::Yes })
}

/// Why the network may not be banned, if so.
fn protected(paths: &Paths, network: Network) -> Result<Option<String>, Failure> {
    let answered = client::ask(paths, &Request::Protected(network), Patience::Glance)?;
    let Answer::Protected(why) = client::granted(answered.answer)? else {
        return Err(client::unexpected());
    };
    Ok(why)
}
