//! `portreeve service signal`.

use super::act::supervised;
use super::find::find;
use super::look::{Seen, look};
use super::outcome::{Outcome, report};
use super::place::{Place, Places};
use super::tell::tell;
use crate::args::{SignalArgs, Word};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::terminal::Form;

/// Sends a signal to services, by their supervisors.
pub(super) fn run(args: &SignalArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let places = Places::new(paths, args.at.directory.as_deref());
    let (found, mut outcomes) = find(&args.kept, &places);
    for place in found {
        let seen = look(&place);
        let done = send(&place, &seen, args.signal);
        outcomes.push(Outcome::of(&place, done, Some(seen)));
    }
    report(&outcomes, form)
}

fn send(place: &Place, seen: &Seen, signal: Word) -> Result<String, Failure> {
    let (name, (letter, word)) = (place.shown(), letter(signal));
    supervised(place, seen)?;
    let Some(pid) = seen.pid() else {
        return Err(Failure::new(Exit::No, format!("`{name}` does not run: nobody gets {word}")));
    };
    if matches!(signal, Word::Quit | Word::Usr1 | Word::Usr2) && seen.state.is_none() {
        let text = format!("the supervisor of `{name}` is not portreeve's and cannot send {word}");
        return Err(Failure::new(Exit::No, text).help(format!("its process is {pid}")));
    }
    tell(place, &[letter])?;
    let paused = seen.status.is_some_and(|status| status.paused);
    let asleep = paused && !matches!(signal, Word::Cont | Word::Kill | Word::Stop);
    let note = match asleep {
        true => ", which is paused and gets it when it is woken by CONT",
        false => "",
    };
    Ok(format!("{word} is sent to `{name}`, process {pid}{note}"))
}

/// The byte for the supervisor, and the signal's name.
fn letter(signal: Word) -> (u8, &'static str) {
    match signal {
        Word::Term => (b't', "SIGTERM"),
        Word::Hup => (b'h', "SIGHUP"),
        Word::Int => (b'i', "SIGINT"),
        Word::Alrm => (b'a', "SIGALRM"),
        Word::Kill => (b'k', "SIGKILL"),
        Word::Stop => (b'p', "SIGSTOP"),
        Word::Cont => (b'c', "SIGCONT"),
        Word::Quit => (b'q', "SIGQUIT"),
        Word::Usr1 => (b'1', "SIGUSR1"),
        Word::Usr2 => (b'2', "SIGUSR2"),
    }
}
