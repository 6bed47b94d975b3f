//! Where this command runs: inside which sessions of the door, and reached from which address.

use portreeve_model::{Network, unmapped};
use portreeve_sys::file::read_bounded;
use portreeve_wire::End;
use portreeve_wire::control::SessionStatus;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

/// Ancestors of a process that are looked at, at most.
const MOST_ANCESTORS: usize = 256;

/// Numbers of the sessions this command runs in: those whose process is one of its ancestors, and
/// those that `SSH_CONNECTION` names, which outlives a terminal multiplexer's change of parents.
pub(crate) fn sessions(all: &[SessionStatus]) -> BTreeSet<u64> {
    among(all, &ancestors(std::process::id()), connection())
}

fn among(
    all: &[SessionStatus],
    processes: &BTreeSet<u32>,
    connection: Option<(End, End)>,
) -> BTreeSet<u64> {
    let own = all.iter().map(|one| &one.session).filter(|session| {
        session.pid.is_some_and(|pid| processes.contains(&pid))
            || connection == Some((session.peer, session.local))
    });
    own.map(|session| session.session.0).collect()
}

/// An address inside a network from which this command's user is connected.
pub(crate) fn address_in(network: Network, all: &[SessionStatus]) -> Option<IpAddr> {
    let own = sessions(all);
    let peers = all.iter().filter(|one| own.contains(&one.session.session.0));
    let peers = peers.map(|one| one.session.peer.address);
    let connected = connection().map(|(peer, _)| peer.address);
    connected.into_iter().chain(peers).find(|address| network.contains(*address))
}

/// The process and those it descends from, as far as they may be seen.
fn ancestors(process: u32) -> BTreeSet<u32> {
    let mut all = BTreeSet::from([process]);
    let mut next = process;
    while all.len() < MOST_ANCESTORS {
        let Some(parent) = parent(next).filter(|parent| *parent > 1) else { break };
        if !all.insert(parent) {
            break;
        }
        next = parent;
    }
    all
}

fn parent(process: u32) -> Option<u32> {
    let stat = read_bounded(Path::new(&format!("/proc/{process}/stat")), 4096).ok()?;
    parent_in(&String::from_utf8_lossy(&stat.bytes))
}

/// The fourth field of proc_pid_stat(5); the second is a name that may hold blanks and brackets.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// The two ends of the ssh connection this command was reached by: the peer's and ours.
fn connection() -> Option<(End, End)> {
    connection_in(std::env::var_os("SSH_CONNECTION")?.to_str()?)
}

fn connection_in(text: &str) -> Option<(End, End)> {
    let mut words = text.split(' ');
    let mut end = || -> Option<End> {
        let address: IpAddr = words.next()?.parse().ok()?;
        Some(End { address: unmapped(address), port: words.next()?.parse().ok()? })
    };
    Some((end()?, end()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sessions::tests::sample;
    use portreeve_wire::control::SessionStage;

    #[test]
    fn ones_own_session_is_found_by_its_process_or_its_connection() {
        let mut all = [
            sample(7, "192.0.2.7", SessionStage::Authenticated),
            sample(8, "192.0.2.8", SessionStage::Authenticated),
        ];
        all[1].session.pid = None;
        let none = BTreeSet::new();
        assert_eq!(among(&all, &none, None), none_of());
        assert_eq!(among(&all, &BTreeSet::from([1234, 2]), None), BTreeSet::from([7]));
        let connection = connection_in("::ffff:192.0.2.8 40000 ::ffff:192.0.2.1 22");
        assert_eq!(among(&all, &none, connection), BTreeSet::from([8]));
        let another_port = connection_in("192.0.2.8 40001 192.0.2.1 22");
        assert_eq!(among(&all, &none, another_port), none_of());
        for bad in ["", "192.0.2.8", "x 1 y 2", "192.0.2.8 1 192.0.2.1 99999"] {
            assert_eq!(connection_in(bad), None, "{bad}");
        }
    }

    fn none_of() -> BTreeSet<u64> {
        BTreeSet::new()
    }

    #[test]
    fn ancestors_are_read_whatever_processes_call_themselves() {
        assert_eq!(parent_in("7 (a) b) (c)) S 42 7 7"), Some(42));
        assert_eq!(parent_in("7 a"), None);
        let own = std::process::id();
        assert!(ancestors(own).contains(&parent(own).unwrap()));
    }
}
