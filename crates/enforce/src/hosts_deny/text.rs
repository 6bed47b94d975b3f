//! A hosts.deny as text: which lines are ours, and what it is to hold.
//!
//! Ours stand between two lines of ours. Whatever stands outside them is others' and stays byte for
//! byte; a line inside that has not the shape of an entry is others' too, and moves behind.

use portreeve_model::Network;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;

/// The line before our entries.
pub(crate) const BEGIN: &str =
    "# portreeve: begin: bans, as portreeved keeps them; lines of others belong outside";
/// The line behind them.
pub(crate) const END: &str = "# portreeve: end";
/// How a marker of DenyHosts' begins.
const MARKER: &[u8] = b"# DenyHosts: ";

/// What our part of the file is to hold.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'w> {
    /// What stands before each address.
    pub(crate) daemon: Option<&'w str>,
    /// The networks, each with the time of its marker, if there are markers.
    pub(crate) entries: Vec<(Network, Option<String>)>,
}

/// What was made of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    /// All of it.
    pub(crate) text: Vec<u8>,
    /// Entries of ours that were not there.
    pub(crate) added: usize,
    /// Entries of ours that were, and are no longer wanted.
    pub(crate) removed: usize,
}

/// An address or network as libwrap reads it (hosts_access(5)): IPv6 in brackets, an IPv4 network with
/// its mask.
pub(crate) fn pattern(network: Network) -> String {
    let (address, length) = (network.address(), network.length());
    match address {
        IpAddr::V4(v4) if length >= 32 => v4.to_string(),
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length.into())).unwrap_or(0);
            format!("{v4}/{}", std::net::Ipv4Addr::from(mask))
        }
        IpAddr::V6(v6) if length >= 128 => format!("[{v6}]"),
        IpAddr::V6(v6) => format!("[{v6}]/{length}"),
    }
}

/// The line of an entry, without its end.
fn entry(daemon: Option<&str>, network: Network) -> String {
    match daemon {
        Some(daemon) => format!("{daemon}: {}", pattern(network)),
        None => pattern(network),
    }
}

/// Whether a line within our part can be one of ours: an entry of whatever daemon, since the
/// configuration may have named another when it was written.
fn is_entry(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let address = match line.split_once(": ") {
        Some((daemon, address)) if !daemon.is_empty() && !daemon.contains(char::is_whitespace) => {
            address
        }
        Some(_) => return false,
        None => line,
    };
    let (address, rest) = match address.strip_prefix('[') {
        Some(inside) => match inside.split_once(']') {
            Some((address, rest)) => (address, rest),
            None => return false,
        },
        None => match address.find('/') {
            Some(at) => address.split_at(at),
            None => (address, ""),
        },
    };
    let mask = rest.strip_prefix('/');
    match address.parse() {
        Ok(IpAddr::V4(_)) => {
            rest.is_empty() || mask.is_some_and(|mask| mask.parse::<std::net::Ipv4Addr>().is_ok())
        }
        Ok(IpAddr::V6(_)) => rest.is_empty() || mask.is_some_and(|mask| mask.parse::<u8>().is_ok()),
        Err(_) => false,
    }
}

/// The lines of a text without their ends, each with where it begins and where the next one does.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

fn content(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// A file taken apart: what stands before our part, our entries, what stands behind it.
#[derive(Debug, Default)]
struct Parts<'t> {
    before: Vec<&'t [u8]>,
    ours: BTreeSet<&'t [u8]>,
    after: Vec<&'t [u8]>,
    /// Whether there is such a part.
    found: bool,
}

/// Takes a file apart. Where one of our two lines is missing, since somebody has removed it, ours are
/// the lines next to the other that have the shape of entries.
fn apart(text: &[u8]) -> Parts<'_> {
    let all: Vec<&[u8]> = lines(text).collect();
    let mut parts = Parts::default();
    let is = |at: usize, wanted: &str| {
        all.get(at).is_some_and(|line| content(line) == wanted.as_bytes())
    };
    let shaped = |at: usize| {
        all.get(at).is_some_and(|line| is_entry(content(line)) || line.starts_with(MARKER))
    };
    let mut ours = vec![false; all.len()];
    let mut mark = |at: usize| {
        if let Some(place) = ours.get_mut(at) {
            *place = true;
        }
    };
    let mut at = 0;
    let mut open = None;
    while at < all.len() {
        if is(at, BEGIN) {
            mark(at);
            // an older part that was never ended
            if let Some(begin) = open.replace(at) {
                (begin + 1..at).take_while(|at| shaped(*at)).for_each(&mut mark);
            }
        } else if is(at, END) {
            mark(at);
            match open.take() {
                Some(begin) => (begin + 1..at).filter(|at| shaped(*at)).for_each(&mut mark),
                None => (0..at).rev().take_while(|at| shaped(*at)).for_each(&mut mark),
            }
        }
        at += 1;
    }
    if let Some(begin) = open {
        (begin + 1..all.len()).take_while(|at| shaped(*at)).for_each(&mut mark);
    }
    for (line, is_ours) in all.iter().zip(&ours) {
        match (*is_ours, parts.found) {
            (true, _) => {
                parts.found = true;
                if is_entry(content(line)) {
                    parts.ours.insert(content(line));
                }
            }
            (false, false) => parts.before.push(line),
            (false, true) => parts.after.push(line),
        }
    }
    parts
}

/// Makes of a file what it is to be.
pub(crate) fn merge(text: &[u8], wanted: &Wanted<'_>) -> Merged {
    let parts = apart(text);
    let mut block = String::new();
    let mut new = BTreeSet::new();
    for (network, time) in &wanted.entries {
        let line = entry(wanted.daemon, *network);
        if let Some(time) = time {
            let _ = writeln!(block, "# DenyHosts: {time} | {line}");
        }
        let _ = writeln!(block, "{line}");
        new.insert(line.into_bytes());
    }
    let added = new.iter().filter(|line| !parts.ours.contains(line.as_slice())).count();
    let removed = parts.ours.iter().filter(|line| !new.contains(**line)).count();
    let mut out = parts.before.concat();
    if !wanted.entries.is_empty() {
        if out.last().is_some_and(|last| *last != b'\n') {
            out.push(b'\n');
        }
        // libwrap would take our first line for the end of theirs
        if out.ends_with(b"\\\n") {
            out.push(b'\n');
        }
        out.extend_from_slice(BEGIN.as_bytes());
        out.push(b'\n');
        out.extend_from_slice(block.as_bytes());
        out.extend_from_slice(END.as_bytes());
        out.push(b'\n');
    }
    for line in parts.after {
        if out.last().is_some_and(|last| *last != b'\n') {
            out.push(b'\n');
        }
        out.extend_from_slice(line);
    }
    Merged { text: out, added, removed }
}

#[cfg(test)]
mod tests;
