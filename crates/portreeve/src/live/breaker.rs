//! `portreeve breaker`.

use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::json;
use crate::render::text::{visible, wrap};
use crate::terminal::{self, Form};
use portreeve_wire::control::{Answer, Request};
use serde_json::json;

/// Lets judges shut out again, and says why they could not.
pub(crate) fn close(paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let answered = client::ask(paths, &Request::CloseBreaker, Patience::Glance)?;
    let Answer::BreakerClosed(why) = client::granted(answered.answer)? else {
        return Err(client::unexpected());
    };
    terminal::answer(&match (form, &why) {
        (Form::Json, _) => json::text(&json!({ "was-open": why.is_some(), "why": why })),
        (Form::Text(_), None) => "The breaker was not open.\n".to_owned(),
        (Form::Text(_), Some(why)) => {
            wrap("", &format!("Judges shut out again. The breaker was open: {}.", visible(why)))
        }
    })?;
    Ok(if why.is_some() { Exit::Yes } else { Exit::No })
}
