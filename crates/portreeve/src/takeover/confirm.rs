//! `portreeve confirm`: keeps what is on trial, if it is run by somebody who came in since.

use super::guard::{CONFIRM, DONE, REFUSED};
use super::proof::login_age;
use super::state::{Phase, Place};
use super::voice;
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::host::process::ancestors;
use crate::paths::Paths;
use crate::render::text::visible;
use crate::terminal::Form;
use portreeve_sys::channel::control_connect;
use portreeve_sys::clock::since_boot;
use portreeve_wire::control::{Answer, MOST_ANCESTORS, Request};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long the guard may take: it makes the takeover permanent before it answers.
const PATIENCE: Duration = Duration::from_secs(300);

/// The most of its answer.
const MOST_ANSWER: u64 = 64 << 10;

/// Confirms the takeover on trial, else the configuration on trial.
pub(crate) fn run(paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let place = Place::new(paths);
    let state = place.load().ok().flatten();
    if state.is_some_and(|state| matches!(state.phase, Phase::Trial | Phase::Keeping)) {
        let answer = ask_guard(&place, CONFIRM)?;
        return told(&answer, paths, form);
    }
    let request = Request::Confirm { ancestors: own_ancestors(), login: own_login() };
    let answered = client::ask(paths, &request, Patience::Glance)?;
    let answer = client::granted(answered.answer)?;
    if answer == Answer::Confirmed {
        voice::say(form, "Confirmed: the configuration stays.", Some(true))?;
        return Ok(Exit::Yes);
    }
    let Answer::NotConfirmed(why) = answer else { return Err(client::unexpected()) };
    Err(not_confirmed(&why, paths))
}

fn own_ancestors() -> Vec<u32> {
    ancestors(std::process::id(), MOST_ANCESTORS).iter().map(|process| process.pid).collect()
}

fn own_login() -> Option<u64> {
    login_age(&ancestors(std::process::id(), MOST_ANCESTORS), since_boot())
}

fn not_confirmed(why: &str, paths: &Paths) -> Failure {
    let failure = Failure::new(Exit::No, format!("not confirmed: {}", visible(why)));
    match why.starts_with("no ") {
        true => failure,
        false => {
            let line = visible(&paths.confirm_line());
            failure.help(format!("log in anew and confirm there: `ssh -t this-host {line}`"))
        }
    }
}

fn told(answer: &str, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    if let Some(text) = answer.strip_prefix(DONE) {
        voice::say(form, &format!("Confirmed: {}.", visible(text.trim_end())), Some(true))?;
        return Ok(Exit::Yes);
    }
    match answer.strip_prefix(REFUSED) {
        Some(why) => Err(not_confirmed(why.trim_end(), paths)),
        None => Err(Failure::new(Exit::Unavailable, "the guard of the takeover gave no answer")
            .help("`portreeve status` tells how it stands")),
    }
}

/// Asks the guard of the takeover under way.
pub(super) fn ask_guard(place: &Place, words: &[u8]) -> Result<String, Failure> {
    let path = place.socket();
    let asking = |error: std::io::Error| {
        // the last two: it dies while it is asked
        let gone = [
            ErrorKind::NotFound,
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionReset,
            ErrorKind::BrokenPipe,
        ];
        if gone.contains(&error.kind()) {
            return Failure::new(Exit::Unavailable, "the guard of the takeover is gone")
                .help("`portreeve takeover --undo` puts everything back");
        }
        let failure = Failure::system(format_args!("ask on {}", path.display()), &error);
        match failure.exit == Exit::NotPermitted {
            true => failure.help("be root or a member of the group `portreeve-admin`"),
            false => failure,
        }
    };
    let mut stream = UnixStream::from(control_connect(&path).map_err(asking)?);
    stream.set_read_timeout(Some(PATIENCE)).map_err(asking)?;
    stream.write_all(words).map_err(asking)?;
    let mut answer = String::new();
    stream.take(MOST_ANSWER).read_to_string(&mut answer).map_err(asking)?;
    Ok(answer)
}
