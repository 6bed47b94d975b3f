//! What became of each service that a line names.

use super::look::Seen;
use super::place::Place;
use crate::exit::{Exit, Failure};
use crate::render::services::word;
use crate::render::{json, text};
use crate::terminal::{self, Form};
use serde_json::{Value, json};
use std::ffi::OsStr;

/// What became of one.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// As it was typed.
    name: String,
    /// What was done, or why it was not.
    done: Result<String, Failure>,
    /// How it is now, if that is known.
    seen: Option<Seen>,
}

impl Outcome {
    /// A word that names no service.
    pub(super) fn unknown(word: &OsStr, failure: Failure) -> Self {
        Self { name: text::visible(&word.to_string_lossy()), done: Err(failure), seen: None }
    }

    /// Of a service: a sentence without its stop, or a failure.
    pub(super) fn of(place: &Place, done: Result<String, Failure>, seen: Option<Seen>) -> Self {
        Self { name: place.shown(), done, seen }
    }

    fn exit(&self) -> Exit {
        self.done.as_ref().err().map_or(Exit::Yes, |failure| failure.exit)
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let failure = self.done.as_ref().err();
        json!({
            "name": self.name,
            "done": failure.is_none(),
            "text": self.done.as_ref().ok(),
            "error": failure.map(|failure| &failure.message),
            "help": failure.map(|failure| &failure.help),
            "exit": self.exit().status(),
            "state": self.seen.as_ref().map(word),
            "pid": self.seen.as_ref().and_then(Seen::pid),
        })
    }
}

/// Says what became of all, and gives their exit status.
pub(super) fn report(outcomes: &[Outcome], form: Form) -> Result<Exit, Failure> {
    match form {
        Form::Json => {
            let each: Vec<_> = outcomes.iter().map(Outcome::json).collect();
            terminal::answer(&json::text(&json!({ "services": each })))?;
        }
        Form::Text(_) => {
            let done = outcomes.iter().filter_map(|outcome| outcome.done.as_ref().ok());
            terminal::answer(&done.map(|sentence| format!("{sentence}.\n")).collect::<String>())?;
            complain(outcomes);
        }
    }
    Ok(exit(outcomes))
}

/// Says on standard error what went wrong.
pub(super) fn complain(outcomes: &[Outcome]) {
    let failures = outcomes.iter().filter_map(|outcome| outcome.done.as_ref().err());
    terminal::remark(&failures.map(|one| format!("portreeve: {one}\n")).collect::<String>());
}

/// That of the first that failed.
pub(super) fn exit(outcomes: &[Outcome]) -> Exit {
    let failed = outcomes.iter().map(Outcome::exit).find(|exit| *exit != Exit::Yes);
    failed.unwrap_or(Exit::Yes)
}
