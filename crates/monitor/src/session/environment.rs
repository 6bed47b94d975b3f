//! What a program is told of its connection by the variables of its environment.

use crate::accept::pending::Arrival;
use crate::session::serving::Manner;
use portreeve_model::unmapped;
use portreeve_policy::{IdentAnswer, Names};
use portreeve_ucspi::environment::{Connection, info, variables};

/// The variables of one connection, but for those that a rule sets itself: they stay as it says.
pub(crate) fn of(manner: &Manner, arrival: &Arrival) -> Vec<(&'static str, Vec<u8>)> {
    let (peer, local) = (arrival.peer, arrival.local);
    let mut all = vec![("REMOTE_HOST", peer.address.to_string().into_bytes())];
    if manner.local_and_port {
        all.push(("REMOTE_PORT", peer.port.to_string().into_bytes()));
        all.push(("LOCAL_HOST", local.address.to_string().into_bytes()));
        all.push(("LOCAL_PORT", local.port.to_string().into_bytes()));
    }
    if manner.tcp {
        let user = match arrival.known.ident() {
            IdentAnswer::Answered(user) => Some(info(user)),
            // the ancestor takes an answer that names nobody for a user without a name
            IdentAnswer::Declined => Some(Vec::new()),
            IdentAnswer::NotAsked | IdentAnswer::Missing => None,
        };
        all.extend(variables(&Connection {
            local: (unmapped(local.address), local.port),
            local_host: first(arrival.known.server_names()),
            remote: (unmapped(peer.address), peer.port),
            remote_host: first(arrival.known.names()),
            remote_info: user.as_deref(),
        }));
    }
    all.retain(|(name, _)| !manner.is_set(name));
    all
}

/// The name that is told of several: the ancestor knows one.
fn first(names: Names<'_>) -> Option<&str> {
    match names {
        Names::Confirmed(names) => names.first().map(String::as_str),
        Names::NotAsked | Names::None | Names::Unconfirmed | Names::Failed => None,
    }
}
