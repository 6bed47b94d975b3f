//! The name of an address: what it leads to, if that leads back.

use super::asker::NETGROUP;
use portreeve_dialect::wrappers::{Asked, Host, Proof, Resolver, proven};
use portreeve_policy::wrappers::Name;
use portreeve_sys::resolver::{Answer, addresses_of, name_of, netgroup_has_members};
use std::net::IpAddr;
use std::time::Duration;

/// How long one question to the host's resolver may take: as long as glibc's own three tries.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// The host's resolver.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfHost;

impl Resolver for OfHost {
    fn addresses(&self, name: &[u8]) -> Asked<Host> {
        match addresses_of(name, LIMIT) {
            Answer::Found(host) => {
                Asked::Found(Host { canonical: host.canonical, addresses: host.addresses })
            }
            Answer::Absent => Asked::Absent,
            Answer::Failed => Asked::Failed,
        }
    }

    fn name(&self, address: IpAddr) -> Asked<Vec<u8>> {
        match name_of(address, LIMIT) {
            Answer::Found(name) => Asked::Found(name),
            Answer::Absent => Asked::Absent,
            Answer::Failed => Asked::Failed,
        }
    }

    fn has_members(&self, group: &[u8]) -> Option<bool> {
        netgroup_has_members(group, NETGROUP)
    }
}

/// Looks a name up and proves it.
pub(super) fn name(address: IpAddr, warn: &mut dyn FnMut(&str)) -> Name {
    match proven(address, &OfHost) {
        Proof::Known(name) => Name::Known(name),
        Proof::Unknown => Name::Unknown,
        Proof::Failed => {
            warn(&format!("the name of {address} could not be looked up"));
            Name::Failed
        }
        Proof::Paranoid(why) => {
            warn(&why);
            Name::Paranoid
        }
    }
}
