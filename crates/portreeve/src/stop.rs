//! `portreeve stop`.

use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::json;
use crate::render::text::count;
use crate::terminal::{self, Form};
use portreeve_wire::control::{Answer, Request};
use serde_json::json;

/// Has the door stop accepting.
pub(crate) fn run(paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let answered = client::ask(paths, &Request::Stop, Patience::Glance)?;
    let Answer::Stopping { sessions } = client::granted(answered.answer)? else {
        return Err(client::unexpected());
    };
    terminal::answer(&match form {
        Form::Json => json::text(&json!({ "stopping": true, "sessions": sessions })),
        Form::Text(_) => sentence(sessions),
    })?;
    Ok(Exit::Yes)
}

fn sentence(sessions: u32) -> String {
    match sessions {
        0 => "The door is closed; no session was open.\n".into(),
        1 => "The door is closed; 1 session goes on.\n".into(),
        n => format!("The door is closed; {} go on.\n", count(n, "session")),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_goes_on_is_counted() {
        assert_eq!(super::sentence(1), "The door is closed; 1 session goes on.\n");
        assert_eq!(super::sentence(12), "The door is closed; 12 sessions go on.\n");
    }
}
