//! What the command says about a takeover.

use super::state::{Phase, State};
use crate::exit::Failure;
use crate::paths::Paths;
use crate::render::json;
use crate::render::text::{visible, wrap};
use crate::terminal::{self, Form};
use serde_json::{Value, json};

/// One sentence; as JSON with whether something was confirmed.
pub(super) fn say(form: Form, text: &str, confirmed: Option<bool>) -> Result<(), Failure> {
    terminal::answer(&match form {
        Form::Json => json::text(&json!({ "confirmed": confirmed, "text": text })),
        Form::Text(_) => wrap("", text),
    })
}

/// A takeover as JSON.
pub(crate) fn value(state: &State) -> Value {
    let lines = |from: usize, to: usize| -> Vec<String> {
        let steps = state.steps.get(from..to).unwrap_or_default();
        steps.iter().map(|step| step.deed.to_string()).collect()
    };
    json!({
        "services": state.services,
        "phase": state.phase,
        "holders": state.holders,
        "steps": lines(0, state.before_trial),
        "steps-when-confirmed": lines(state.before_trial, state.steps.len()),
        "notes": state.notes,
        "seconds-left": (state.phase == Phase::Trial).then(|| state.left()),
        "log": state.log,
    })
}

/// How a takeover stands that is under way, or that could not be put back.
pub(crate) fn sentence(state: &State) -> Option<String> {
    let names = visible(&state.names());
    let last = visible(state.log.last().map(String::as_str).unwrap_or_default());
    match state.phase {
        Phase::Trial => Some(format!(
            "{names} is on trial: everything is put back in {} s, unless `portreeve confirm` is \
             run from a new connection",
            state.left()
        )),
        Phase::Stuck => Some(format!("{names}: {last}; see `portreeve takeover --undo`")),
        Phase::Planned | Phase::Stopping | Phase::Opening | Phase::Keeping | Phase::Undoing => {
            Some(format!("{names} is under way: {last}"))
        }
        Phase::Confirmed | Phase::Undone => None,
    }
}

/// What is going to be done. As JSON only where nothing else follows.
pub(super) fn plan(form: Form, state: &State, dry: bool) -> Result<(), Failure> {
    match form {
        Form::Json if dry => terminal::answer(&json::text(&value(state))),
        Form::Json => Ok(()),
        Form::Text(_) => terminal::answer(&plan_text(state, dry)),
    }
}

fn plan_text(state: &State, dry: bool) -> String {
    let names = visible(&state.names());
    let mut out = format!("Takeover of {names}\n");
    for holder in &state.holders {
        out.push_str(&wrap("  held by         ", &visible(holder)));
    }
    for (index, step) in state.steps.iter().enumerate() {
        let word = match index {
            0 => "at once",
            n if n == state.before_trial => "when confirmed",
            _ => "",
        };
        // lines to copy are not broken
        out.push_str(&format!("  {word:<16}{}\n", visible(&step.deed.to_string())));
        if index + 1 == state.before_trial {
            out.push_str(&format!("  {:<16}the door listens for {names}\n", ""));
        }
    }
    for note in &state.notes {
        out.push_str(&wrap("  mind            ", &visible(note)));
    }
    if dry {
        out.push_str("Nothing was done.\n");
    } else {
        out.push('\n');
    }
    out
}

/// What happened since `shown` lines were shown; so many are now.
pub(super) fn progress(
    form: Form,
    paths: &Paths,
    state: &State,
    shown: usize,
) -> Result<usize, Failure> {
    let Form::Text(_) = form else { return Ok(state.log.len()) };
    for text in state.log.get(shown..).unwrap_or_default() {
        terminal::answer(&format!("- {}\n", visible(text)))?;
    }
    let count = state.log.len();
    if state.phase == Phase::Trial && count > shown {
        terminal::answer(&on_trial(paths, state))?;
    }
    Ok(count)
}

fn on_trial(paths: &Paths, state: &State) -> String {
    format!(
        "\nKeep this shell. From another, log in anew and within {} s run\n\n    ssh -t this-host \
         {}\n\nElse everything is put back, also when this shell ends.\n",
        state.left(),
        visible(&paths.confirm_line())
    )
}

/// How it ended.
pub(super) fn over(form: Form, state: &State) -> Result<(), Failure> {
    terminal::answer(&match form {
        Form::Json => json::text(&value(state)),
        Form::Text(_) => match state.phase {
            Phase::Confirmed => format!("\n{} stays with the door.\n", visible(&state.names())),
            Phase::Undone
            | Phase::Stuck
            | Phase::Planned
            | Phase::Stopping
            | Phase::Opening
            | Phase::Trial
            | Phase::Keeping
            | Phase::Undoing => String::new(),
        },
    })
}
