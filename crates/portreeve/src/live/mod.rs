//! What the running door holds: who is inside, who is shut out. Lists come in pages, each a
//! question of its own, so that the door never has a long turn.

mod asked;
pub(crate) mod ban;
pub(crate) mod bans;
pub(crate) mod breaker;
pub(crate) mod end;
pub(crate) mod names;
pub(crate) mod offences;
mod own;
pub(crate) mod sessions;
pub(crate) mod unban;
pub(crate) mod who;

use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::text::visible;
use crate::standing;
use portreeve_model::Network;
use portreeve_wire::clerk::BanRecord;
use portreeve_wire::control::{Answer, Request, SessionStatus};
use std::collections::BTreeMap;

/// Live sessions in the order of their numbers, those that fit.
pub(crate) fn all_sessions(
    paths: &Paths,
    service: Option<&str>,
    peer: Option<Network>,
) -> Result<Vec<SessionStatus>, Failure> {
    let mut all: Vec<SessionStatus> = Vec::new();
    loop {
        let after = all.last().map(|last| last.session.session);
        let request = Request::Sessions { after, service: service.map(str::to_owned), peer };
        let answered = client::ask(paths, &request, Patience::Glance)?;
        let Answer::Sessions { sessions, more } = client::granted(answered.answer)? else {
            return Err(client::unexpected());
        };
        let grew = sessions.last().is_some_and(|last| Some(last.session.session) > after);
        all.extend(sessions);
        if !more || !grew {
            return Ok(all);
        }
    }
}

/// Bans that share an address with a network, or all, in the order of their networks.
pub(crate) fn all_bans(paths: &Paths, network: Option<Network>) -> Result<Vec<BanRecord>, Failure> {
    let mut all = BTreeMap::new();
    let mut from = 0;
    loop {
        let answered = client::ask(paths, &Request::Bans { from, network }, Patience::Glance)?;
        let Answer::Bans { bans, next } = client::granted(answered.answer)? else {
            return Err(client::unexpected());
        };
        // one that was lengthened meanwhile comes twice, the newer later
        all.extend(bans.into_iter().map(|ban| (ban.key(), ban)));
        match next.filter(|next| *next > from) {
            Some(next) => from = next,
            None => return Ok(all.into_values().collect()),
        }
    }
}

/// Fails if the door has no service of that name or key.
pub(crate) fn known_service(paths: &Paths, service: Option<&str>) -> Result<(), Failure> {
    let (Some(service), Some(status)) = (service, standing::ask(paths)) else { return Ok(()) };
    match status.services.iter().any(|one| one.key == service || one.name == service) {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::Usage,
            format!("the running door has no service `{}`", visible(service)),
        )
        .help("`portreeve status` names them")),
    }
}
