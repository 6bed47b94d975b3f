//! The two ends of a connection: what is found out about them, and what a program is told.

use super::Ask;
use super::text::{host, info};
use crate::chain::Program;
use crate::wrappers::ident_answer;
use portreeve_sys::resolver::{Answer, addresses_of, name_of};
use portreeve_sys::socket::unmapped;
use portreeve_ucspi::environment::{Connection, NAMES, variables};
use rustix::net::netdevice::index_to_name;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

/// How long one question to the host's resolver may take: as long as the ancestor's own tries.
const LOOK_UP: Duration = Duration::from_secs(60);

/// The variable of the interface that the other end's address belongs to; the IPv6 build's.
const INTERFACE: &str = "TCP6INTERFACE";

/// Both ends, and what is known of them.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) local: (IpAddr, u16),
    /// As it is given or looked up.
    pub(super) local_host: Option<Vec<u8>>,
    pub(super) remote: (IpAddr, u16),
    pub(super) remote_host: Option<String>,
    pub(super) remote_info: Option<Vec<u8>>,
}

impl Ends {
    /// Finds out what is to be found out: this takes as long as resolvers and ident servers do.
    pub(super) fn find(ask: &Ask, local: (IpAddr, u16), remote: (IpAddr, u16)) -> Self {
        let local_host = match &ask.local {
            Some(given) => Some(given.clone()),
            None => name(unmapped(local.0), false).map(String::into_bytes),
        };
        let remote_host = ask.remote.then(|| name(unmapped(remote.0), ask.paranoid)).flatten();
        let here = SocketAddr::new(unmapped(local.0), local.1);
        let there = SocketAddr::new(unmapped(remote.0), remote.1);
        let answer = ask.ident.and_then(|limit| ident_answer(here, there, limit).ok());
        let remote_info = answer.and_then(|answer| info(&answer));
        Self { local, local_host, remote, remote_host, remote_info }
    }

    /// Tells the program all of it, and nothing of what this process was told of another connection.
    pub(super) fn tell(&self, program: &mut Program) {
        forget(program);
        for (name, value) in self.variables() {
            program.set(name.as_bytes(), &value);
        }
    }

    /// What a program is told.
    pub(super) fn variables(&self) -> Vec<(&'static str, Vec<u8>)> {
        let connection = Connection {
            local: self.local,
            local_host: None,
            remote: self.remote,
            remote_host: self.remote_host.as_deref(),
            remote_info: self.remote_info.as_deref(),
        };
        let mut all = variables(&connection);
        if let Some(host) = &self.local_host {
            all.extend(["TCPLOCALHOST", "TCP6LOCALHOST"].map(|name| (name, host.clone())));
        }
        all
    }
}

/// Takes the variables of another connection away.
pub(super) fn forget(program: &mut Program) {
    for name in NAMES.into_iter().chain([INTERFACE]) {
        program.put(name.into());
    }
}

/// Through which interface a link-local address was reached: the variable that tells it.
pub(super) fn interface(socket: impl AsFd, peer: SocketAddr) -> Option<(&'static str, Vec<u8>)> {
    let SocketAddr::V6(peer) = peer else { return None };
    let number = Some(peer.scope_id()).filter(|number| *number != 0)?;
    Some((INTERFACE, index_to_name(socket, number).ok()?.into_bytes()))
}

/// The name of an address; a paranoid caller takes none that does not lead back.
fn name(address: IpAddr, paranoid: bool) -> Option<String> {
    let Answer::Found(name) = name_of(address, LOOK_UP) else { return None };
    if paranoid {
        let Answer::Found(found) = addresses_of(&name, LOOK_UP) else { return None };
        found.addresses.iter().find(|other| unmapped(**other) == address)?;
    }
    Some(host(&name))
}
