//! Finishing what another left: a takeover whose guard is gone is put back by whoever comes next.

use super::deeds::Worker;
use super::guard::UNDO;
use super::state::{Phase, Place};
use super::{confirm, follow, voice};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::terminal::{self, Form};
use std::fs::File;

fn failed(error: &std::io::Error) -> Failure {
    Failure::system("look at the last takeover", error)
}

/// The lock, when nobody works on a takeover; what a dead guard left is put back first.
///
/// # Errors
/// A takeover is under way; or what was left cannot be put back.
pub(super) fn first(place: &Place, paths: &Paths) -> Result<File, Failure> {
    place.make().map_err(|error| failed(&error))?;
    let Some(lock) = place.lock().map_err(|error| failed(&error))? else {
        return Err(under_way(place));
    };
    let left = place.load().map_err(|error| failed(&error))?;
    let Some(state) = left.filter(|state| !state.phase.is_over()) else { return Ok(lock) };
    if state.begun == 0 && !state.claimed {
        return Ok(lock);
    }
    terminal::remark(&format!(
        "portreeve: a takeover of {} was left half done; it is put back first\n",
        state.names()
    ));
    let mut worker = Worker { state, place: place.clone(), paths, lock };
    if worker.undo("its guard was gone") == Phase::Undone {
        return Ok(worker.lock);
    }
    Err(stuck(worker.state.log.last()))
}

fn under_way(place: &Place) -> Failure {
    let state = place.load().ok().flatten();
    let text = match state.filter(|state| !state.phase.is_over()) {
        Some(state) if state.phase == Phase::Trial => {
            format!("a takeover of {} is on trial for another {} s", state.names(), state.left())
        }
        Some(state) => format!("a takeover of {} is under way", state.names()),
        None => "another takeover is under way".to_owned(),
    };
    Failure::new(Exit::Unavailable, text)
        .help("confirm it, wait until it is over, or end it with `portreeve takeover --undo`")
}

pub(super) fn stuck(last: Option<&String>) -> Failure {
    let text = last.cloned().unwrap_or_else(|| "not everything could be put back".into());
    Failure::new(Exit::System, crate::render::text::visible(&text))
        .help("do the rest by hand, or try again with `portreeve takeover --undo`")
}

/// `takeover --undo`: ends a trial, finishes what was left, or takes back the last takeover.
pub(super) fn run(paths: &Paths, form: Form) -> Result<Exit, Failure> {
    if !portreeve_sys::privileges::is_root() {
        return Err(Failure::new(
            Exit::NotPermitted,
            "putting a takeover back needs root's rights",
        ));
    }
    let place = Place::new(paths);
    place.make().map_err(|error| failed(&error))?;
    let state = place.load().map_err(|error| failed(&error))?;
    let Some(state) = state.filter(|state| state.phase != Phase::Undone) else {
        voice::say(form, "No takeover is there to be put back.", None)?;
        return Ok(Exit::Yes);
    };
    let id = state.id.clone();
    let Some(lock) = place.lock().map_err(|error| failed(&error))? else {
        confirm::ask_guard(&place, UNDO)?;
        let ended = follow::follow(&id, &place, paths, form)?;
        return Ok(if ended == Exit::No { Exit::Yes } else { ended });
    };
    let shown = state.log.len();
    let mut worker = Worker { state, place, paths, lock };
    worker.undo("it was asked for");
    voice::progress(form, paths, &worker.state, shown)?;
    voice::over(form, &worker.state)?;
    if worker.state.phase == Phase::Undone {
        return Ok(Exit::Yes);
    }
    Err(stuck(worker.state.log.last()))
}
