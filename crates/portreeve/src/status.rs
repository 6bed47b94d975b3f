//! `portreeve status`.

use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render;
use crate::terminal::{self, Form};
use portreeve_wire::control::{Answer, Request};

/// Shows how things are. A service that is down is shown, not a failure: the answer is the door's.
pub(crate) fn run(paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let answered = client::ask(paths, &Request::Status, Patience::Glance)?;
    let Answer::Status(status) = client::granted(answered.answer)? else {
        return Err(client::unexpected());
    };
    terminal::answer(&match form {
        Form::Json => render::json::text(&render::json::status(&status)),
        Form::Text(paint) => render::status::status(&status, paint),
    })?;
    Ok(Exit::Yes)
}
