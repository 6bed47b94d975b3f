//! From an address to names, and back again: only what comes back counts.
//!
//! Whoever owns a peer's reverse zone may write any name into it, so a name is taken for the
//! peer's only if it resolves to the peer's address in turn.

use super::HostName;
use super::hosts::Hosts;
use crate::dns::{Failure, Found};
use portreeve_wire::relay::MAX_NAMES;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What a reverse zone says of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The names that may be a host's.
    pub(crate) names: Vec<HostName>,
    /// Whether it gives names that may not: none of them can lead back, but they are names.
    pub(crate) others: bool,
}

/// What names an address has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// These lead back to it: at least one.
    Confirmed(Vec<HostName>),
    /// None.
    None,
    /// Some, and none that was looked at leads back to it.
    Unconfirmed,
}

/// The DNS, or a test's stand-in.
pub(crate) trait Directory: 'static {
    /// The names that `peer`'s reverse zone gives it.
    async fn names_of(&self, peer: IpAddr) -> Result<Found<Claim>, Failure>;

    /// Whether `name` has the address `peer`.
    async fn has(&self, name: &HostName, peer: IpAddr) -> Result<Found<bool>, Failure>;
}

/// The names of `peer` that resolve back to it: at most [`MAX_NAMES`], in the order given, so that
/// who has none is told from who claims one that is not theirs.
///
/// The hosts file goes before the DNS. A peer it lists has the names it gives, which are confirmed
/// by being there; a name it lists belongs to the addresses it gives, whatever the DNS says.
///
/// # Errors
/// If the reverse look-up or that of any name failed: which names the peer has is unknown then,
/// and a rule that would refuse one of them must not be got past by a broken server.
pub(crate) async fn confirm<D: Directory>(
    directory: &Rc<D>,
    hosts: &Hosts,
    peer: IpAddr,
) -> Result<Found<Known>, Failure> {
    let listed = hosts.names_of(peer);
    if !listed.is_empty() {
        return Ok(Found { what: Known::Confirmed(listed.to_vec()), life: Duration::ZERO });
    }
    let Found { what: Claim { names: mut claimed, others }, mut life } =
        directory.names_of(peer).await?;
    let named = others || !claimed.is_empty();
    claimed.truncate(MAX_NAMES);
    let mut kept = vec![false; claimed.len()];
    let mut asked = JoinSet::new();
    for (place, name) in claimed.iter().enumerate() {
        if !hosts.decides(name, peer) {
            let (directory, name) = (directory.clone(), name.clone());
            asked.spawn_local(async move { (place, directory.has(&name, peer).await) });
        }
    }
    while let Some(answer) = asked.join_next().await {
        let (place, found) = answer.map_err(|_| Failure::Server("internal fault".to_owned()))?;
        let found = found?;
        life = life.min(found.life);
        if let Some(kept) = kept.get_mut(place) {
            *kept = found.what;
        }
    }
    let mut kept = kept.into_iter();
    claimed.retain(|_| kept.next() == Some(true));
    let what = match claimed.is_empty() {
        false => Known::Confirmed(claimed),
        true if named => Known::Unconfirmed,
        true => Known::None,
    };
    Ok(Found { what, life })
}

#[cfg(test)]
mod tests;
