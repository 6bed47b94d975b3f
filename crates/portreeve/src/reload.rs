//! `portreeve reload`.

use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render;
use crate::standing;
use crate::terminal::{self, Form};
use portreeve_wire::control::{Answer, Request};
use serde_json::json;

/// Has the door read its configuration again; shows what changed and which services do not serve,
/// or why nothing did.
pub(crate) fn run(paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let answered = client::ask(paths, &Request::Reload, Patience::Load)?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other answer is to another question")]
    let (changes, findings, exit) = match client::granted(answered.answer)? {
        Answer::Reloaded { changes, findings } => (changes, findings, Exit::Yes),
        Answer::ReloadRefused { findings } => (Vec::new(), findings, Exit::Configuration),
        _ => return Err(client::unexpected()),
    };
    let reloaded = exit == Exit::Yes;
    let status = if reloaded { standing::ask(paths) } else { None };
    let down = status.map(|status| standing::down(&status)).unwrap_or_default();
    terminal::answer(&match form {
        Form::Json => {
            let down =
                down.iter().map(|(key, reasons)| json!({ "service": key, "reasons": reasons }));
            render::json::text(&json!({
                "reloaded": reloaded,
                "changes": changes,
                "findings": findings,
                "down": down.collect::<Vec<_>>(),
            }))
        }
        Form::Text(paint) if reloaded => {
            render::reload::reloaded(&changes, &down, &findings, paint)
        }
        Form::Text(paint) => render::reload::refused(&findings, paint),
    })?;
    Ok(exit)
}
