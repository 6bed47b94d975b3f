//! Following the guard from the command: what it says, until it is over. The command may end at any
//! moment; should the guard do so, the command puts everything back in its place.

use super::deeds::Worker;
use super::state::{Phase, Place, State};
use super::{undo, voice};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::terminal::Form;
use portreeve_sys::clock::monotonic;
use std::thread;
use std::time::Duration;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the guard may need to appear.
const APPEARING: Duration = Duration::from_secs(20);

/// Shows how it goes.
///
/// # Errors
/// Not everything could be put back; or another takeover has begun meanwhile.
pub(super) fn follow(id: &str, place: &Place, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let appears = monotonic() + APPEARING;
    let mut shown = 0;
    loop {
        let state = load(id, place)?;
        shown = voice::progress(form, paths, &state, shown)?;
        if state.phase.is_over() {
            return ended(&state, form);
        }
        let lonely = state.guard.is_some() || monotonic() >= appears;
        if lonely && let Ok(Some(lock)) = place.lock() {
            // it may have ended between the two looks
            let state = load(id, place)?;
            if state.phase.is_over() {
                drop(lock);
                continue;
            }
            let mut worker = Worker { state, place: place.clone(), paths, lock };
            worker.undo("its guard is gone");
            voice::progress(form, paths, &worker.state, shown)?;
            return ended(&worker.state, form);
        }
        thread::sleep(PAUSE);
    }
}

fn load(id: &str, place: &Place) -> Result<State, Failure> {
    let state = place.load().map_err(|error| Failure::system("follow the takeover", &error))?;
    state
        .filter(|state| state.id == id)
        .ok_or_else(|| Failure::new(Exit::Unavailable, "another takeover has begun meanwhile"))
}

fn ended(state: &State, form: Form) -> Result<Exit, Failure> {
    voice::over(form, state)?;
    match state.phase {
        Phase::Confirmed => Ok(Exit::Yes),
        Phase::Stuck => Err(undo::stuck(state.log.last())),
        Phase::Undone
        | Phase::Planned
        | Phase::Stopping
        | Phase::Opening
        | Phase::Trial
        | Phase::Keeping
        | Phase::Undoing => Ok(Exit::No),
    }
}
