//! Who has a port that could not be bound: for the message, never for a decision.

use std::{
    ffi::OsStr,
    fs,
    io::Read,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::ffi::OsStrExt,
    path::Path,
    time::Duration,
};

use crate::{clock, process::Pid};

/// The most of a table of sockets that is looked at; its listeners come first.
const MOST_BYTES: u64 = 4 << 20;
/// A read of it.
const CHUNK: u64 = 64 << 10;
/// The most processes and descriptors looked at, together.
const MOST_LINKS: usize = 20_000;
/// The most time for it all.
const MOST_TIME: Duration = Duration::from_millis(100);

/// The most time for a list of all listeners, which nobody's loop waits for.
const MOST_LISTING: Duration = Duration::from_secs(3);

/// The process that listens where we wanted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its pid when it was seen.
    pub pid: Pid,
    /// Its name as the kernel keeps it (at most 15 bytes); escaped, since it chose it itself.
    pub program: String,
}

/// What the search may still cost. Anybody can have many processes with many descriptors each, and
/// the search is made in the loop that everybody waits for.
#[derive(Debug)]
struct Budget {
    links: usize,
    until: Duration,
}

impl Budget {
    fn new() -> Self {
        Self { links: MOST_LINKS, until: clock::monotonic().saturating_add(MOST_TIME) }
    }

    fn in_time(&self) -> bool {
        clock::monotonic() < self.until
    }

    /// Takes one look, if there is one left.
    fn take(&mut self) -> Option<()> {
        self.links = self.links.checked_sub(1)?;
        self.in_time().then_some(())
    }
}

/// The process that holds the TCP listener in the way of `address`, as far as `/proc` shows it to
/// this user. A wildcard listener of either family is in the way too. `None` as well when it was
/// not found among the first 20,000 processes and descriptors, or in 100 ms.
#[must_use]
pub fn port_holder(address: SocketAddr) -> Option<Holder> {
    holder_within(address, &mut Budget::new())
}

fn holder_within(address: SocketAddr, budget: &mut Budget) -> Option<Holder> {
    let inode = [("/proc/net/tcp", false), ("/proc/net/tcp6", true)]
        .into_iter()
        .find_map(|(table, v6)| listener_inode(&read_table(table, budget)?, v6, address))?;
    search(Path::new("/proc"), inode, budget)
}

/// The process below `root` with a descriptor of this socket, unless the budget ends before.
fn search(root: &Path, inode: u64, budget: &mut Budget) -> Option<Holder> {
    let wanted = format!("socket:[{inode}]");
    for entry in fs::read_dir(root).ok()? {
        budget.take()?;
        let Ok(entry) = entry else { continue };
        let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw) else { continue };
        let Ok(descriptors) = fs::read_dir(entry.path().join("fd")) else { continue };
        for fd in descriptors {
            budget.take()?;
            let target = fd.and_then(|fd| fs::read_link(fd.path())).unwrap_or_default();
            if target.as_os_str() == OsStr::from_bytes(wanted.as_bytes()) {
                return Some(Holder { pid, program: program_name(&entry.path()) });
            }
        }
    }
    None
}

fn program_name(process: &Path) -> String {
    let mut name = Vec::new();
    let opened = fs::File::open(process.join("comm"));
    let _ended_meanwhile = opened.and_then(|file| file.take(64).read_to_end(&mut name));
    name.trim_ascii_end().escape_ascii().to_string()
}

/// As much of a table as there is time for, in whole lines.
fn read_table(path: &str, budget: &Budget) -> Option<String> {
    let mut table = fs::File::open(path).ok()?.take(MOST_BYTES);
    let mut text = Vec::new();
    while budget.in_time() && table.by_ref().take(CHUNK).read_to_end(&mut text).ok()? > 0 {}
    text.truncate(text.iter().rposition(|byte| *byte == b'\n')?);
    String::from_utf8(text).ok()
}

/// A TCP socket that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListeningSocket {
    /// Where; IPv4-mapped is IPv4. `[::]` may take IPv4 too: the table does not say.
    pub address: SocketAddr,
    /// The number by which `/proc/PID/fd` names it.
    pub inode: u64,
}

/// Every listening TCP socket of this network, of any user, as far as the first 4 MiB of each table
/// reach (listeners come first in it).
#[must_use]
pub fn listening_sockets() -> Vec<ListeningSocket> {
    let budget = Budget { links: 0, until: clock::monotonic().saturating_add(MOST_LISTING) };
    let tables = [("/proc/net/tcp", false), ("/proc/net/tcp6", true)];
    let read = tables.map(|(path, v6)| (read_table(path, &budget).unwrap_or_default(), v6));
    read.iter().flat_map(|(table, v6)| listening_rows(table, *v6)).collect()
}

/// The listening rows (state 0A) of a `/proc/net/tcp` table.
fn listening_rows(table: &str, v6: bool) -> impl Iterator<Item = ListeningSocket> {
    table.lines().skip(1).filter_map(move |line| {
        let mut columns = line.split_ascii_whitespace();
        let (ip, port) = columns.nth(1)?.split_once(':')?;
        if columns.nth(1)? != "0A" {
            return None;
        }
        let port = u16::from_str_radix(port, 16).ok()?;
        let ip = if v6 { ipv6(ip)? } else { ipv4(ip)? };
        let inode = columns.nth(5)?.parse().ok()?;
        Some(ListeningSocket { address: SocketAddr::new(ip, port), inode })
    })
}

/// The inode of the listening row that clashes with `wanted`.
fn listener_inode(table: &str, v6: bool, wanted: SocketAddr) -> Option<u64> {
    let mut rows = listening_rows(table, v6).filter(|row| row.address.port() == wanted.port());
    let (wanted, any) = (super::unmapped(wanted.ip()), wanted.ip().is_unspecified());
    let clashes = |ip: IpAddr| ip == wanted || ip.is_unspecified() || any;
    rows.find(|row| clashes(row.address.ip())).map(|row| row.inode)
}

/// Eight hexadecimal digits: the address's four bytes as one number of the host's byte order.
fn ipv4(hex: &str) -> Option<IpAddr> {
    let bytes = u32::from_str_radix(hex, 16).ok()?.to_ne_bytes();
    Some(IpAddr::V4(Ipv4Addr::from(bytes)))
}

/// Four such numbers.
fn ipv6(hex: &str) -> Option<IpAddr> {
    let mut bytes = [0_u8; 16];
    for (index, four) in bytes.chunks_exact_mut(4).enumerate() {
        let start = index.checked_mul(8)?;
        let digits = hex.get(start..start.checked_add(8)?)?;
        four.copy_from_slice(&u32::from_str_radix(digits, 16).ok()?.to_ne_bytes());
    }
    Some(super::unmapped(IpAddr::V6(Ipv6Addr::from(bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4343 1 0000000000000000 100 0 0 10 0
";

    #[test]
    fn only_listening_rows_of_the_port_count() {
        for (wanted, inode) in [
            ("127.0.0.1:8080", Some(4242)),
            ("[::ffff:127.0.0.1]:8080", Some(4242)),
            ("0.0.0.0:8080", Some(4242)),
            ("127.0.0.2:8080", None),
            ("127.0.0.1:8081", None),
        ] {
            assert_eq!(listener_inode(TABLE, false, wanted.parse().unwrap()), inode, "{wanted}");
        }
    }

    #[test]
    fn our_own_listener_is_found() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let fd = super::super::listen(any, &super::super::ListenOptions::default()).unwrap();
        let address = super::super::local_address(&fd).unwrap();
        // On a busy host 20 ms may pass while nothing is done here, and others have descriptors too.
        let until = clock::monotonic() + Duration::from_secs(60);
        let mut minute = Budget { links: usize::MAX, until };
        let holder = holder_within(address, &mut minute).unwrap();
        assert_eq!(holder.pid, Pid::own());
        assert!(!holder.program.is_empty());
    }

    #[test]
    fn a_crowd_of_processes_and_descriptors_ends_the_search() {
        let root = std::env::temp_dir().join(format!("portreeve-holder-{}", Pid::own()));
        for pid in 1..=8 {
            let fds = root.join(pid.to_string()).join("fd");
            fs::create_dir_all(&fds).unwrap();
            for fd in 0..50 {
                let link = format!("socket:[{}]", pid * 1000 + fd);
                std::os::unix::fs::symlink(link, fds.join(fd.to_string())).unwrap();
            }
        }
        fs::write(root.join("8/comm"), "crowd\n").unwrap();
        let budget = |links, more| Budget { links, until: clock::monotonic() + more };
        let minute = Duration::from_secs(60);
        let found = search(&root, 8049, &mut budget(8 + 8 * 50, minute)).unwrap();
        assert_eq!((found.pid.as_raw(), found.program.as_str()), (8, "crowd"));
        let mut few = budget(100, minute);
        assert_eq!((search(&root, 4, &mut few), few.links), (None, 0));
        let mut late = budget(5000, Duration::ZERO);
        assert_eq!((search(&root, 8049, &mut late), late.links), (None, 4999));
        fs::remove_dir_all(&root).unwrap();
    }
}
