//! `portreeve stop`.

use crate::args::StopArgs;
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::json;
use crate::render::text::count;
use crate::terminal::{self, Form};
use portreeve_model::{OnStop, Parting};
use portreeve_wire::control::{Answer, Request};
use serde_json::json;

/// Has the door stop accepting; its sessions are waited for, ended or left.
pub(crate) fn run(args: StopArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let answered = client::ask(paths, &Request::Stop(choice(args)), Patience::Glance)?;
    let Answer::Stopping { sessions, parting } = client::granted(answered.answer)? else {
        return Err(client::unexpected());
    };
    terminal::answer(&match form {
        Form::Json => json::text(&json!({
            "stopping": true, "sessions": sessions, "parting": parting.word(),
        })),
        Form::Text(_) => sentence(sessions, parting),
    })?;
    Ok(Exit::Yes)
}

fn choice(args: StopArgs) -> Option<OnStop> {
    let sessions = match args {
        StopArgs { end: true, .. } => Parting::End,
        StopArgs { leave: true, .. } => Parting::Leave,
        StopArgs { wait: true, .. } => Parting::Wait,
        StopArgs { .. } => return None,
    };
    Some(OnStop { sessions, within: args.within })
}

fn sentence(sessions: u32, parting: Parting) -> String {
    let (one, many) = match parting {
        Parting::Wait => ("goes on", "go on"),
        Parting::End => ("is ended", "are ended"),
        Parting::Leave => ("is left", "are left"),
    };
    match sessions {
        0 => "The door is closed; no session was open.\n".into(),
        1 => format!("The door is closed; 1 session {one}.\n"),
        n => format!("The door is closed; {} {many}.\n", count(n, "session")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_becomes_of_sessions_is_said() {
        assert_eq!(sentence(1, Parting::Wait), "The door is closed; 1 session goes on.\n");
        assert_eq!(sentence(12, Parting::End), "The door is closed; 12 sessions are ended.\n");
        assert_eq!(sentence(0, Parting::Leave), "The door is closed; no session was open.\n");
    }

    #[test]
    fn without_a_word_the_configuration_chooses() {
        assert_eq!(choice(StopArgs::default()), None);
        let within = Some(Duration::from_secs(3));
        let asked = choice(StopArgs { end: true, within, ..StopArgs::default() });
        assert_eq!(asked, Some(OnStop { sessions: Parting::End, within }));
    }
}
