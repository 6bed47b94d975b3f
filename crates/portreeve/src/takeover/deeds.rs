//! Doing what was planned, and undoing it.

use super::state::{Phase, Place, State};
use crate::client::{self, Patience};
use crate::host::command::{self, Lasting};
use crate::host::plan::Deed;
use crate::host::{Listener, listener};
use crate::paths::Paths;
use portreeve_sys::clock::monotonic;
use portreeve_wire::control::{Answer, ListenerStatus, Request};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

/// How long one deed may take: a unit that is stopped has a minute and a half by default.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// How long a program may go on in the foreground before it counts as started.
const FOREGROUND: Duration = Duration::from_secs(5);

/// How long the door may need to get the addresses, once they are free.
const OPENING: Duration = Duration::from_secs(15);

/// How long the old holder may need until it listens again, and how often it is tried.
const LISTENING: Duration = Duration::from_secs(15);
const ROUNDS: u32 = 3;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// The most lines of the log.
const MOST_LINES: usize = 400;

/// Whoever works on a takeover: it holds the lock.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    pub(super) state: State,
    pub(super) place: Place,
    pub(super) paths: &'a Paths,
    pub(super) lock: File,
}

impl Worker<'_> {
    /// Writes down how far it is, with a line for people.
    pub(super) fn note(&mut self, phase: Phase, text: impl Into<String>) -> Result<(), String> {
        self.state.phase = phase;
        if self.state.log.len() < MOST_LINES {
            self.state.log.push(text.into());
        }
        self.save()
    }

    pub(super) fn save(&self) -> Result<(), String> {
        self.place
            .save(&self.state)
            .map_err(|e| format!("the takeover cannot be written down: {e}"))
    }

    /// Does steps from the one that is next up to `end`; each is written down before it is begun.
    pub(super) fn steps(&mut self, phase: Phase, end: usize) -> Result<(), String> {
        while let Some(step) =
            self.state.steps.get(self.state.begun).filter(|_| self.state.begun < end)
        {
            let deed = step.deed.clone();
            self.state.begun += 1;
            self.note(phase, deed.to_string())?;
            self.act(&deed)?;
        }
        Ok(())
    }

    fn act(&self, deed: &Deed) -> Result<(), String> {
        let said = self.place.said();
        match deed {
            Deed::Run(words) => command::run(words, PATIENCE, Lasting::Never, &said),
            Deed::Start(words) => command::run(words, FOREGROUND, Lasting::Allowed, &said),
            Deed::Touch(path) => File::options()
                .create(true)
                .append(true)
                .open(path)
                .map(drop)
                .map_err(|e| format!("cannot make `{path}`: {e}")),
            Deed::Remove(path) => match fs::remove_file(path) {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    Err(format!("cannot remove `{path}`: {e}"))
                }
                Ok(()) | Err(_) => Ok(()),
            },
        }
    }

    /// Has the door listen on every address of the services.
    pub(super) fn open(&mut self) -> Result<(), String> {
        self.state.claimed = true;
        self.note(
            Phase::Opening,
            format!("the door is asked to listen for {}", self.state.names()),
        )?;
        let deadline = monotonic() + OPENING;
        loop {
            let missing = self.claim();
            match missing {
                Ok(()) => return Ok(()),
                Err(why) if monotonic() >= deadline => return Err(why),
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    fn claim(&self) -> Result<(), String> {
        for service in &self.state.services {
            let listeners = self.move_service(Request::Claim { service: service.clone() })?;
            let down = listeners.iter().find_map(|l| Some((l, l.down.as_deref()?)));
            match (down, listeners.as_slice()) {
                (Some((listener, why)), _) => {
                    return Err(format!("the door cannot listen on {}: {why}", listener.address));
                }
                (None, []) => return Err(format!("the door has no address for {service}")),
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn move_service(&self, request: Request) -> Result<Vec<ListenerStatus>, String> {
        let answered = client::ask(self.paths, &request, Patience::Moment);
        let answer = answered.and_then(|a| client::granted(a.answer)).map_err(|f| f.to_string())?;
        let Answer::Listening(all) = answer else { return Err(client::unexpected().to_string()) };
        Ok(all.into_iter().map(|(_, listener)| listener).collect())
    }

    /// Puts everything back as it was, and makes sure that the old holder listens.
    pub(super) fn undo(&mut self, reason: &str) -> Phase {
        let mut trouble =
            self.note(Phase::Undoing, format!("everything is put back: {reason}")).err();
        for _ in 0..ROUNDS {
            trouble = self.undo_once();
            if trouble.is_none() {
                break;
            }
        }
        let (phase, text) = match trouble {
            None => (Phase::Undone, "everything is as it was before".to_owned()),
            Some(why) => (Phase::Stuck, format!("not everything could be put back: {why}")),
        };
        let _nobody_to_tell = self.note(phase, text);
        phase
    }

    fn undo_once(&mut self) -> Option<String> {
        let mut trouble = Vec::new();
        if self.state.claimed {
            trouble.extend(self.give_back().err());
        }
        let begun = self.state.steps.get(..self.state.begun).unwrap_or_default();
        let deeds: Vec<Deed> = begun.iter().rev().flat_map(|step| step.undo.clone()).collect();
        for deed in &deeds {
            trouble.extend(self.note(Phase::Undoing, deed.to_string()).err());
            trouble.extend(self.act(deed).err());
        }
        if self.state.begun > 0 {
            trouble.extend(self.await_holders().err());
        }
        (!trouble.is_empty()).then(|| trouble.join("; "))
    }

    /// Waits until the old holders listen again.
    fn await_holders(&self) -> Result<(), String> {
        let deadline = monotonic() + LISTENING;
        let back = |address: &&SocketAddr| listener(**address) == Listener::Other;
        loop {
            match self.state.addresses.iter().find(|address| !back(address)) {
                None => return Ok(()),
                Some(missing) if monotonic() >= deadline => {
                    return Err(format!("its old holder does not listen on {missing}"));
                }
                Some(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// Has the door close the addresses; a door that is away has none.
    fn give_back(&mut self) -> Result<(), String> {
        let held = || self.state.addresses.iter().any(|one| listener(*one) == Listener::Door);
        for service in &self.state.services {
            let request = Request::GiveBack { service: service.clone() };
            if let Err(why) = self.move_service(request)
                && held()
            {
                return Err(why);
            }
        }
        Ok(())
    }
}
