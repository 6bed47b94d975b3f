//! `portreeve upgrade`.

use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::json;
use crate::render::text::count;
use crate::terminal::{self, Form};
use portreeve_wire::control::{Answer, Request};
use serde_json::json;

/// Has the door become the program that lies at its path now. If that one is not fit, nothing
/// changes, and the reason is told.
pub(crate) fn run(paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let answered = client::ask(paths, &Request::Upgrade, Patience::Load)?;
    let Answer::Upgraded { from, version, sessions, lost } = client::granted(answered.answer)?
    else {
        return Err(client::unexpected());
    };
    terminal::answer(&match form {
        Form::Json => json::text(&json!({
            "from": from, "version": version, "sessions": sessions, "lost": lost,
        })),
        Form::Text(_) => sentence(&from, &version, sessions, &lost),
    })?;
    Ok(if lost.is_empty() { Exit::Yes } else { Exit::No })
}

fn sentence(from: &str, version: &str, sessions: u32, lost: &[String]) -> String {
    let what = if from == version {
        format!("The door is portreeve {version} again")
    } else {
        format!("The door is portreeve {version}, after {from}")
    };
    let open = match sessions {
        0 => "no session was open".to_owned(),
        1 => "1 session goes on".to_owned(),
        n => format!("{} go on", count(n, "session")),
    };
    let lost: Vec<String> = lost.iter().map(|what| format!("lost: {what}\n")).collect();
    format!("{what}; {open}.\n{}", lost.concat())
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn what_changed_and_what_was_lost_is_said() {
        assert_eq!(
            sentence("0.1.0", "0.2.0", 1, &[]),
            "The door is portreeve 0.2.0, after 0.1.0; 1 session goes on.\n"
        );
        assert_eq!(
            sentence("0.1.0", "0.1.0", 0, &["its end".to_owned()]),
            "The door is portreeve 0.1.0 again; no session was open.\nlost: its end\n"
        );
    }
}
