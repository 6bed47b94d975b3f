//! The facts of this host about the ports that services want.

use super::keeper::{Holder, Keeper, Unit};
use super::{cgroup, inetd, init, process, systemd};
use portreeve_model::{Config, Family, Resolved};
use portreeve_sys::file::read_bounded;
use portreeve_sys::privileges::is_root;
use portreeve_sys::socket::{ListeningSocket, listening_sockets, try_bind};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

/// The file that keeps Debian's sshd from starting: its unit and its script look for it.
pub(crate) const NOT_TO_BE_RUN: &str = "/etc/ssh/sshd_not_to_be_run";

/// An address that a service wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    /// Where.
    pub(crate) address: SocketAddr,
    /// Whether IPv4 is to come in on `[::]` too.
    pub(crate) dual: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Whoever is in the way, the door itself among them.
    pub(crate) holders: Vec<Holder>,
    /// The units that keep them, and those that start or are started by these.
    pub(crate) units: Vec<Unit>,
    /// Whether the caller is root and sees everything.
    pub(crate) root: bool,
    /// Whether this host's sshd heeds [`NOT_TO_BE_RUN`], and it is not there.
    pub(crate) heeds_not_to_be_run: bool,
    /// Whether Debian's `update-rc.d` is there.
    pub(crate) has_update_rc: bool,
    /// Other ports of the same holders that no service of the door asked about.
    pub(crate) other_ports: Vec<u16>,
}

/// The addresses of one service of a configuration.
pub(crate) fn wanted_of(config: &Config, host: &Resolved, index: usize) -> Vec<Wanted> {
    let service = config.services.get(index);
    let listens = service.map(|service| service.listen.as_slice()).unwrap_or_default();
    let addresses = host.services.get(index).map(|facts| facts.addresses.as_slice());
    let pairs = listens.iter().zip(addresses.unwrap_or_default());
    let wanted = pairs.flat_map(|(listen, addresses)| {
        let dual = listen.family == Family::Dual;
        addresses.iter().map(move |address| Wanted {
            address: SocketAddr::new(*address, listen.port),
            dual: dual && address.is_ipv6(),
        })
    });
    wanted.collect()
}

/// What listens on this host at one moment, and whose it is.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    rows: Vec<ListeningSocket>,
    owners: BTreeMap<u64, Vec<u32>>,
    sockets: Vec<(SocketAddr, String)>,
}

impl Snapshot {
    /// Looks; further than at the kernel's table only if anything is in the way of `wanted`.
    pub(crate) fn of(wanted: &[Wanted]) -> Self {
        let rows = listening_sockets();
        if in_way(wanted, &rows).is_empty() {
            return Self { rows, ..Self::default() };
        }
        let inodes: BTreeSet<u64> = rows.iter().map(|row| row.inode).collect();
        let sockets = if systemd::runs() { systemd::sockets() } else { Vec::new() };
        Self { owners: process::owners(&inodes), sockets, rows }
    }

    /// Who is in the way of some of these addresses. `door` is the process of the running door.
    pub(crate) fn look(&self, wanted: &[Wanted], door: Option<u32>) -> Facts {
        let mut facts = Facts { root: is_root(), ..Facts::default() };
        let in_way = in_way(wanted, &self.rows);
        for row in &in_way {
            let takes_ipv4 = row.address.ip().is_ipv6() && is_dual(row, &self.rows);
            let pids = self.owners.get(&row.inode).map(Vec::as_slice).unwrap_or_default();
            holders(row, takes_ipv4, pids, &self.sockets, door, &mut facts.holders);
        }
        facts.other_ports = other_ports(&in_way, &self.rows, &self.owners, door);
        let units: BTreeSet<String> = facts.holders.iter().filter_map(unit_of).collect();
        if !units.is_empty() {
            facts.units = systemd::units(&units);
        }
        let heeds = heeds_not_to_be_run(&facts);
        facts.heeds_not_to_be_run = heeds && !Path::new(NOT_TO_BE_RUN).exists();
        facts.has_update_rc = Path::new("/usr/sbin/update-rc.d").exists();
        facts
    }
}

/// Who is in the way of these addresses. `door` is the process of the running door.
pub(crate) fn look(wanted: &[Wanted], door: Option<u32>) -> Facts {
    Snapshot::of(wanted).look(wanted, door)
}

/// Who listens on one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// Nobody.
    Nobody,
    /// A door.
    Door,
    /// Another program.
    Other,
}

/// Who listens on exactly this address.
pub(crate) fn listener(address: SocketAddr) -> Listener {
    let rows = listening_sockets();
    let mine = rows.iter().filter(|row| row.address == address);
    let inodes: BTreeSet<u64> = mine.map(|row| row.inode).collect();
    let owners = process::owners(&inodes);
    // a door that is being started anew leaves its sockets with the service manager meanwhile
    let left = || !systemd::sockets().iter().any(|(listed, _)| *listed == address);
    let doors = |inode: &u64| {
        let pids = owners.get(inode).map(Vec::as_slice).unwrap_or_default();
        let kept = || pids == [1] && systemd::runs() && left();
        let mut others = pids.iter().filter(|pid| **pid != 1).peekable();
        kept() || others.peek().is_some() && others.all(|pid| is_door(*pid))
    };
    match inodes.len() {
        0 => Listener::Nobody,
        _ if inodes.iter().all(doors) => Listener::Door,
        _ => Listener::Other,
    }
}

fn is_door(pid: u32) -> bool {
    process::executable(pid).is_some_and(|path| path.ends_with("portreeved"))
        || process::process(pid).is_some_and(|seen| seen.program == "portreeved")
}

fn in_way(wanted: &[Wanted], rows: &[ListeningSocket]) -> Vec<ListeningSocket> {
    let clash = |row: &&ListeningSocket| wanted.iter().any(|one| clashes(one, row, rows));
    rows.iter().filter(clash).copied().collect()
}

fn unit_of(holder: &Holder) -> Option<String> {
    match &holder.keeper {
        Keeper::Unit(unit) => Some(unit.clone()),
        Keeper::Door
        | Keeper::OtherDoor
        | Keeper::UserUnit(_)
        | Keeper::Init(_)
        | Keeper::Login(_)
        | Keeper::Container
        | Keeper::Unknown => None,
    }
}

/// Whether a listener is in the way of a wanted address.
fn clashes(wanted: &Wanted, row: &ListeningSocket, all: &[ListeningSocket]) -> bool {
    let (want, has) = (wanted.address, row.address);
    if want.port() != has.port() {
        return false;
    }
    let same = want.ip() == has.ip();
    match (want.ip(), has.ip()) {
        (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => {
            same || want.ip().is_unspecified() || has.ip().is_unspecified()
        }
        (IpAddr::V6(want), IpAddr::V4(_)) => wanted.dual && want.is_unspecified(),
        (IpAddr::V4(_), IpAddr::V6(has)) => has.is_unspecified() && is_dual(row, all),
    }
}

/// Whether a listener on `[::]` takes IPv4 too. The kernel's table does not say; another listener
/// on all of IPv4 beside it says that it does not, and else whether IPv4 could be bound.
fn is_dual(row: &ListeningSocket, all: &[ListeningSocket]) -> bool {
    let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), row.address.port());
    if !row.address.ip().is_unspecified() || all.iter().any(|other| other.address == any) {
        return false;
    }
    // who may not bind there cannot know; programs that ask for nothing else get both
    !matches!(
        try_bind(any).map_err(|error| error.kind()),
        Ok(()) | Err(ErrorKind::AddrNotAvailable)
    )
}

/// The programs of one listener: the socket unit that has it, if there is one, and the processes.
fn holders(
    row: &ListeningSocket,
    takes_ipv4: bool,
    pids: &[u32],
    sockets: &[(SocketAddr, String)],
    door: Option<u32>,
    found: &mut Vec<Holder>,
) {
    let blank = Holder {
        address: row.address,
        takes_ipv4,
        pid: None,
        program: String::new(),
        user: None,
        keeper: Keeper::Unknown,
        entry: None,
    };
    let mut add = |holder: Holder| {
        let same =
            |other: &Holder| other.address == holder.address && other.keeper == holder.keeper;
        if !found.iter().any(same) {
            found.push(holder);
        }
    };
    // the door's own socket unit is the door
    let is_other = |unit: &str| !unit.starts_with("portreeve");
    let unit = sockets.iter().find(|(address, unit)| *address == row.address && is_other(unit));
    if let Some((_, unit)) = unit {
        add(Holder { keeper: Keeper::Unit(unit.clone()), ..blank.clone() });
    }
    for pid in pids.iter().copied().filter(|pid| *pid != 1 || pids.len() == 1) {
        // the service manager keeps copies of what it hands to others
        let Some(seen) = process::process(pid) else { continue };
        let keeper = keeper(pid, &seen.program, door);
        if unit.is_some() && (pid == 1 || keeper == Keeper::Unknown) {
            continue; // the service manager itself, already named by its unit
        }
        add(Holder {
            pid: Some(pid),
            keeper,
            entry: inetd::entry(&seen.program, row.address.port()),
            user: process::user(pid),
            program: seen.program,
            ..blank.clone()
        });
    }
    if pids.is_empty() && unit.is_none() {
        add(blank);
    }
}

fn keeper(pid: u32, program: &str, door: Option<u32>) -> Keeper {
    if Some(pid) == door {
        return Keeper::Door;
    }
    if is_door(pid) {
        return Keeper::OtherDoor;
    }
    if matches!(program, "docker-proxy" | "rootlessport" | "conmon") {
        return Keeper::Container;
    }
    let found = cgroup::keeper(&process::cgroup(pid));
    match found {
        Keeper::Unit(_) | Keeper::UserUnit(_) | Keeper::Container if systemd::runs() => found,
        Keeper::Login(_)
        | Keeper::Unknown
        | Keeper::Unit(_)
        | Keeper::UserUnit(_)
        | Keeper::Door
        | Keeper::OtherDoor
        | Keeper::Init(_)
        | Keeper::Container => match (init::script_of(pid), found) {
            (Some(script), _) => Keeper::Init(script),
            (None, Keeper::Login(scope)) => Keeper::Login(scope),
            (None, _) => Keeper::Unknown,
        },
    }
}

/// Ports that stop with the holders though nobody asked for them.
fn other_ports(
    in_way: &[ListeningSocket],
    rows: &[ListeningSocket],
    owners: &BTreeMap<u64, Vec<u32>>,
    door: Option<u32>,
) -> Vec<u16> {
    let of = |row: &ListeningSocket| owners.get(&row.inode).map(Vec::as_slice).unwrap_or_default();
    let holders: BTreeSet<u32> = in_way.iter().flat_map(of).copied().collect();
    let asked: BTreeSet<u16> = in_way.iter().map(|row| row.address.port()).collect();
    let also = rows.iter().filter(|row| {
        of(row).iter().any(|pid| holders.contains(pid) && *pid > 1 && Some(*pid) != door)
    });
    let ports: BTreeSet<u16> = also.map(|row| row.address.port()).collect();
    ports.difference(&asked).copied().collect()
}

fn heeds_not_to_be_run(facts: &Facts) -> bool {
    let says = |path: &str| {
        let content = read_bounded(Path::new(path), 256 << 10);
        content.is_ok_and(|c| String::from_utf8_lossy(&c.bytes).contains(NOT_TO_BE_RUN))
    };
    let scripts = facts.holders.iter().filter_map(|holder| match &holder.keeper {
        Keeper::Init(script) => Some(script.as_str()),
        Keeper::Door
        | Keeper::OtherDoor
        | Keeper::Unit(_)
        | Keeper::UserUnit(_)
        | Keeper::Login(_)
        | Keeper::Container
        | Keeper::Unknown => None,
    });
    let files = facts.units.iter().map(|unit| unit.file.as_str());
    scripts.chain(files).any(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_either_family_are_in_the_way() {
        let row = |address: &str| ListeningSocket { address: address.parse().unwrap(), inode: 1 };
        let both = [row("[::]:22"), row("0.0.0.0:22")];
        for (wanted, dual, has, want) in [
            ("192.0.2.1:22", false, "192.0.2.1:22", true),
            ("192.0.2.1:22", false, "0.0.0.0:22", true),
            ("192.0.2.1:22", false, "192.0.2.2:22", false),
            ("192.0.2.1:22", false, "192.0.2.1:23", false),
            ("0.0.0.0:22", false, "192.0.2.2:22", true),
            ("[::]:22", true, "192.0.2.2:22", true),
            ("[::]:22", false, "192.0.2.2:22", false),
            ("[::1]:22", false, "[::]:22", true),
            ("192.0.2.1:22", false, "[::1]:22", false),
            ("192.0.2.1:22", false, "[::]:22", false), // beside 0.0.0.0 it takes IPv6 alone
        ] {
            let wanted = Wanted { address: wanted.parse().unwrap(), dual };
            assert_eq!(clashes(&wanted, &row(has), &both), want, "{wanted:?} {has}");
        }
    }

    #[test]
    fn a_listener_of_this_test_is_found_and_a_dual_one_is_in_the_way_of_ipv4() {
        let Ok(socket) = std::net::TcpListener::bind("[::]:0") else { return };
        let port = socket.local_addr().unwrap().port();
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let facts = look(&[Wanted { address, dual: false }], None);
        let [holder] = facts.holders.as_slice() else { panic!("{facts:?}") };
        assert_eq!(holder.pid, Some(std::process::id()), "{holder}");
        assert!(holder.takes_ipv4, "{holder}");
        let again = look(&[Wanted { address, dual: false }], Some(std::process::id()));
        assert_eq!(again.holders.first().map(|h| h.keeper.clone()), Some(Keeper::Door));
    }
}
