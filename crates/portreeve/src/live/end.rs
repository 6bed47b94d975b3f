//! `portreeve end`.

use super::{all_sessions, known_service, own};
use crate::args::EndArgs;
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::json;
use crate::render::text::{count, wrap};
use crate::terminal::{self, Form};
use portreeve_wire::SessionId;
use portreeve_wire::control::{Answer, PAGE, Request, SessionStage, SessionStatus};
use serde_json::json;
use std::collections::BTreeSet;

/// What became of the sessions.
#[derive(Debug, Default)]
struct Outcome {
    ending: Vec<u64>,
    spared: Vec<u64>,
    over: Vec<u64>,
}

/// Ends sessions, but not the one this command runs in, unless that is said to be meant.
pub(crate) fn run(args: &EndArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let named = !args.numbers.is_empty();
    let all = match named {
        true => all_sessions(paths, None, None)?,
        false => all_sessions(paths, args.service.as_deref(), args.peer)?,
    };
    let chosen: BTreeSet<u64> = match named {
        true => args.numbers.iter().copied().collect(),
        false => {
            all.iter().filter(|one| fits(one, args)).map(|one| one.session.session.0).collect()
        }
    };
    if chosen.is_empty() {
        known_service(paths, args.service.as_deref())?;
    }
    let own: Vec<u64> = own::sessions(&all).intersection(&chosen).copied().collect();
    if !own.is_empty() && !args.yes {
        let verb = if own.len() == 1 { "is the one" } else { "are those" };
        return Err(Failure::new(
            Exit::No,
            format!("{} {verb} this command runs in: nothing was ended", listed(&own)),
        )
        .help("add `--yes` to end it as well, or name the others"));
    }
    let outcome = ask(paths, &chosen.into_iter().collect::<Vec<_>>(), args.startups)?;
    let exit = match outcome.ending.is_empty() || named && !outcome.over.is_empty() {
        true => Exit::No,
        false => Exit::Yes,
    };
    terminal::answer(&match form {
        Form::Json => json::text(&json!({
            "ending": outcome.ending,
            "spared": outcome.spared,
            "over": outcome.over,
        })),
        Form::Text(_) => told(&outcome),
    })?;
    Ok(exit)
}

fn fits(one: &SessionStatus, args: &EndArgs) -> bool {
    !args.startups || matches!(one.stage, SessionStage::Startup | SessionStage::ByAge)
}

fn ask(paths: &Paths, chosen: &[u64], startups: bool) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    for page in chosen.chunks(PAGE) {
        let sessions = page.iter().copied().map(SessionId).collect();
        let answered = client::ask(paths, &Request::End { sessions, startups }, Patience::Glance)?;
        let Answer::Ended { ending, spared, over } = client::granted(answered.answer)? else {
            return Err(client::unexpected());
        };
        for (to, from) in [
            (&mut outcome.ending, ending),
            (&mut outcome.spared, spared),
            (&mut outcome.over, over),
        ] {
            to.extend(from.into_iter().map(|number| number.0));
        }
    }
    Ok(outcome)
}

fn told(outcome: &Outcome) -> String {
    let mut out = String::new();
    let mut say = |numbers: &[u64], one: &str, many: &str| {
        if !numbers.is_empty() {
            let text = if numbers.len() == 1 { one } else { many };
            out.push_str(&wrap("", &format!("{} {text}", capital(&listed(numbers)))));
        }
    };
    say(
        &outcome.ending,
        "is told to end, and killed if it does not.",
        "are told to end, and killed if they do not.",
    );
    say(&outcome.spared, "has authenticated and goes on.", "have authenticated and go on.");
    say(&outcome.over, "is not there, or not any more.", "are not there, or not any more.");
    if out.is_empty() { "No such session is open.\n".to_owned() } else { out }
}

/// `session 7`, `sessions 7, 8 and 9`, `20 sessions`.
fn listed(numbers: &[u64]) -> String {
    const MOST: usize = 12;
    let words: Vec<_> = numbers.iter().map(u64::to_string).collect();
    match words.split_last() {
        Some((one, [])) => format!("session {one}"),
        Some((last, others)) if words.len() <= MOST => {
            format!("sessions {} and {last}", others.join(", "))
        }
        _ => count(u64::try_from(numbers.len()).unwrap_or(u64::MAX), "session"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_sessions_is_told() {
        let outcome = Outcome { ending: vec![7], spared: vec![8, 9, 10], over: vec![] };
        assert_eq!(
            told(&outcome),
            "Session 7 is told to end, and killed if it does not.\n\
             Sessions 8, 9 and 10 have authenticated and go on.\n"
        );
        assert_eq!(told(&Outcome::default()), "No such session is open.\n");
        assert_eq!(listed(&(0..20).collect::<Vec<_>>()), "20 sessions");
    }
}
