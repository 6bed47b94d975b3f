//! `portreeve takeover`: has the door take over what another program of the host listens on, and
//! puts everything back unless somebody who comes in anew confirms it.
//!
//! The command plans, shows and follows; a guard of its own session does the deeds and keeps the
//! time, so that neither the terminal nor the connection nor the command need last. What was begun
//! stands in a file below the run directory before it is done, so that whoever comes next can undo
//! it when the guard is gone. During the trial nothing persistent is changed: a reboot is a way back.

mod confirm;
mod deeds;
mod follow;
mod guard;
mod prepare;
mod proof;
mod state;
mod undo;
mod voice;

use crate::args::TakeoverArgs;
use crate::exit::{Exit, Failure};
use crate::host::command;
use crate::host::words::line;
use crate::paths::Paths;
use crate::terminal::{self, Form};
use prepare::Prepared;
use state::{Place, State};

pub(crate) use confirm::run as confirm;
pub(crate) use guard::main as guard;
pub(crate) use prepare::trial_seconds;
pub(crate) use state::read as state;
pub(crate) use voice::{sentence, value};

/// Runs the command.
pub(crate) fn run(args: &TakeoverArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    if args.undo {
        return undo::run(paths, form);
    }
    if !args.dry_run && !portreeve_sys::privileges::is_root() {
        return Err(Failure::new(Exit::NotPermitted, "a takeover needs root's rights")
            .help("`--dry-run` shows what it would do"));
    }
    let place = Place::new(paths);
    let lock = if args.dry_run { None } else { Some(undo::first(&place, paths)?) };
    let state = match prepare::prepare(args, paths)? {
        Prepared::Nothing(text) => {
            voice::say(form, &text, None)?;
            return Ok(Exit::Yes);
        }
        Prepared::Plan(state) => *state,
    };
    voice::plan(form, &state, args.dry_run)?;
    let Some(lock) = lock else { return Ok(Exit::Yes) };
    place.save(&state).map_err(|error| Failure::system("write down the takeover", &error))?;
    drop(lock); // the guard takes it
    start_guard(&state, paths, &place)?;
    follow::follow(&state.id, &place, paths, form)
}

/// Starts the guard. Under systemd it is a unit of its own: what ends with the caller's login, or
/// with the unit that is stopped, does not end it.
fn start_guard(state: &State, paths: &Paths, place: &Place) -> Result<(), Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::system("find the path of this program", &error))?;
    let own = own.to_str().ok_or_else(|| {
        Failure::new(Exit::System, format!("the path {} is not UTF-8", own.display()))
    })?;
    let mut words = vec![own.to_owned(), "guard".into(), state.id.clone()];
    if let Some(root) = paths.own_root() {
        let whole = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        words.extend(["--root".to_owned(), whole.display().to_string()]);
    }
    if crate::host::runs_systemd() {
        let unit = ["systemd-run", "--quiet", "--collect", "--unit=portreeve-takeover"];
        let property = ["--property=KillMode=process", "--"];
        let wrapped = unit.iter().chain(&property).map(|word| (*word).to_owned());
        let wrapped: Vec<String> = wrapped.chain(words.iter().cloned()).collect();
        let never = command::Lasting::Never;
        match command::run(&wrapped, deeds::PATIENCE, never, &place.said()) {
            Ok(()) => return Ok(()),
            Err(why) => terminal::remark(&format!(
                "portreeve: {why}; the guard is started in a session of its own instead\n"
            )),
        }
    }
    command::leave(&words)
        .map_err(|error| Failure::system(format_args!("run `{}`", line(&words)), &error))
}
