//! `portreeve sessions`.

use super::{all_sessions, known_service};
use crate::args::SessionsArgs;
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render;
use crate::terminal::{self, Form};
use serde_json::json;

/// Lists who is inside.
pub(crate) fn run(args: &SessionsArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let all = all_sessions(paths, args.service.as_deref(), args.peer)?;
    if all.is_empty() {
        known_service(paths, args.service.as_deref())?;
    }
    let filtered = args.service.is_some() || args.peer.is_some();
    terminal::answer(&match form {
        Form::Json => {
            let all: Vec<_> = all.iter().map(render::sessions::json).collect();
            render::json::text(&json!({ "sessions": all }))
        }
        Form::Text(_) if all.is_empty() && filtered => "No such session is open.\n".to_owned(),
        Form::Text(_) if all.is_empty() => "No session is open.\n".to_owned(),
        Form::Text(paint) => render::sessions::sessions(&all, terminal::columns(), paint),
    })?;
    Ok(Exit::Yes)
}
