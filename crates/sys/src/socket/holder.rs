//! Who has a port that could not be bound: for the message, never for a decision.

use std::{
    ffi::OsStr,
    fs,
    io::Read,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
};

use crate::process::Pid;

/// Bounds: sockets looked at, processes looked at, descriptors of one process.
const MOST_BYTES: u64 = 4 << 20;
const MOST_PROCESSES: usize = 20_000;
const MOST_DESCRIPTORS: usize = 20_000;

/// The process that listens where we wanted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its pid when it was seen.
    pub pid: Pid,
    /// Its name as the kernel keeps it (at most 15 bytes); escaped, since it chose it itself.
    pub program: String,
}

/// The process that holds the TCP listener in the way of `address`, as far as `/proc` shows it to
/// this user. A wildcard listener of either family is in the way too.
#[must_use]
pub fn port_holder(address: SocketAddr) -> Option<Holder> {
    let inode = [("/proc/net/tcp", false), ("/proc/net/tcp6", true)]
        .into_iter()
        .find_map(|(table, v6)| listener_inode(&read_table(table)?, v6, address))?;
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.take(MOST_PROCESSES);
    processes.filter_map(Result::ok).find_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let mut descriptors = fs::read_dir(entry.path().join("fd")).ok()?.take(MOST_DESCRIPTORS);
        let holds = descriptors.any(|fd| {
            let target = fd.and_then(|fd| fs::read_link(fd.path())).unwrap_or_default();
            target.as_os_str() == OsStr::from_bytes(wanted.as_bytes())
        });
        holds.then(|| Holder { pid, program: program_name(&entry.path()) })
    })
}

fn program_name(process: &std::path::Path) -> String {
    let path: PathBuf = process.join("comm");
    let mut name = Vec::new();
    let opened = fs::File::open(path);
    let _ended_meanwhile = opened.and_then(|file| file.take(64).read_to_end(&mut name));
    name.trim_ascii_end().escape_ascii().to_string()
}

fn read_table(path: &str) -> Option<String> {
    let mut text = String::new();
    fs::File::open(path).ok()?.take(MOST_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The inode of the listening row (state 0A) of a `/proc/net/tcp` table that clashes with `wanted`.
fn listener_inode(table: &str, v6: bool, wanted: SocketAddr) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        let (ip, port) = columns.nth(1)?.split_once(':')?;
        if columns.nth(1)? != "0A" || u16::from_str_radix(port, 16).ok()? != wanted.port() {
            return None;
        }
        let ip = if v6 { ipv6(ip)? } else { ipv4(ip)? };
        let wanted = wanted.ip();
        let clash = ip == super::unmapped(wanted) || ip.is_unspecified() || wanted.is_unspecified();
        clash.then(|| columns.nth(5)?.parse().ok())?
    })
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
        let holder = port_holder(address).unwrap();
        assert_eq!(holder.pid, Pid::own());
        assert!(!holder.program.is_empty());
    }
}
