//! Where in sshd's sentences the peer stands.
//!
//! A login name may hold anything but a colon (and what `-e` lets through), so what stands before it
//! is read from the left, what stands behind it from the right, and where strangers' text stands on
//! both sides of the address every reading is taken, and they have to agree.

use std::net::IpAddr;
use std::sync::LazyLock;

use memchr::memmem::{Finder, FinderRev};

use crate::{Named, address};

/// More readings than that are no honest line.
const READINGS: usize = 16;

// Made once: a line is read in less time than it takes to make them.
static FROM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" from "));
static LAST_FROM: LazyLock<FinderRev<'static>> = LazyLock::new(|| FinderRev::new(b" from "));
static SSH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" ssh"));

/// Whom a sentence names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// The sentence has no place for a peer.
    Unsaid,
    /// The one whom all readings name.
    One(Named),
    /// Readings differ: these addresses.
    Several(Vec<IpAddr>),
}

/// The peer, its port, and the account's name.
pub(super) type Parts<'m> = (Peer, Option<u16>, Option<&'m [u8]>);

/// A peer that has no place for a name beside it.
pub(super) fn alone<'m>(named: Named, port: Option<u16>) -> Parts<'m> {
    (Peer::One(named), port, None)
}

/// `NAME from A`, `NAME from A port P`: the right-most ` from ` counts.
pub(super) fn from_right(text: &[u8]) -> Parts<'_> {
    let text = text.trim_ascii_end();
    if let Some(name) = text.strip_suffix(b" from") {
        return (Peer::One(Named::Nobody), None, Some(name));
    }
    let Some(at) = LAST_FROM.rfind(text) else {
        return (Peer::One(Named::Nobody), None, None);
    };
    let (name, tail) = (slice(text, 0, at), slice(text, at + 6, text.len()));
    let (named, port) = whole(tail).unwrap_or((Named::Nobody, None));
    (Peer::One(named), port, Some(name))
}

/// `A` or `A port P`, and nothing more.
pub(super) fn whole(text: &[u8]) -> Option<(Named, Option<u16>)> {
    let (host, port) = match with_port(text) {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    (!host.contains(&b' ')).then(|| (address::named(host), port))
}

/// `NAME from A port P ssh2` with or without `: MORE` behind it, of which anything may be text of
/// strangers (a certificate's name): every place where that can be read.
pub(super) fn from_between(text: &[u8]) -> Parts<'_> {
    let text = text.trim_ascii_end();
    let mut readings = Readings::default();
    if text.ends_with(b" from") {
        readings.add(Named::Nobody, None, text.strip_suffix(b" from"));
    }
    for at in FROM.find_iter(text) {
        let tail = slice(text, at + 6, text.len());
        if let Some((named, port)) = before_ssh(tail) {
            readings.add(named, port, Some(slice(text, 0, at)));
        }
    }
    readings.parts()
}

/// `A`, `A port P`, `A port P ssh2`, `A port P ssh2: MORE`.
fn before_ssh(tail: &[u8]) -> Option<(Named, Option<u16>)> {
    let end = SSH.find(tail).filter(|end| {
        let behind = slice(tail, end + 4, tail.len());
        let version = behind.strip_prefix(b"1").or_else(|| behind.strip_prefix(b"2"));
        version.is_some_and(|rest| rest.is_empty() || rest.starts_with(b": "))
    });
    whole(end.map_or(tail, |end| slice(tail, 0, end)))
}

/// `A port P`, `invalid user NAME A port P`, `authenticating user NAME A port P`, `user NAME A port P`
/// or `A`: the right end counts.
pub(super) fn introduced(text: &[u8]) -> Parts<'_> {
    let text = text.trim_ascii_end();
    let Some((_, named)) = introduction(text) else {
        let (named, port) = whole(text).unwrap_or((Named::Nobody, None));
        return (Peer::One(named), port, None);
    };
    match name_then_peer(named) {
        Some((named, port, name)) => (Peer::One(named), Some(port), Some(name)),
        None => (Peer::One(Named::Nobody), None, None),
    }
}

/// [`introduced`] with `: MORE` behind it, of which anything may be text of strangers. Without a name
/// the peer stands first.
pub(super) fn introduced_then(text: &[u8]) -> Parts<'_> {
    let Some((_, named)) = introduction(text) else { return leading(text, b":") };
    let mut readings = Readings::default();
    for at in memchr::memchr_iter(b':', named) {
        if let Some((named, port, name)) = name_then_peer(slice(named, 0, at)) {
            readings.add(named, Some(port), Some(name));
        }
    }
    readings.parts()
}

/// How sshd introduces a peer that has named an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Introduction {
    /// One that does not exist.
    Invalid,
    /// One that may exist.
    Authenticating,
    /// It has authenticated.
    Authenticated,
}

/// The introduction at the start, and what is behind it.
pub(super) fn introduction(text: &[u8]) -> Option<(Introduction, &[u8])> {
    let of = |word: &[u8], which| text.strip_prefix(word).map(|rest| (which, rest));
    of(b"invalid user ", Introduction::Invalid)
        .or_else(|| of(b"authenticating user ", Introduction::Authenticating))
        .or_else(|| of(b"user ", Introduction::Authenticated))
}

/// `NAME A port P`; the name may be empty.
fn name_then_peer(text: &[u8]) -> Option<(Named, u16, &[u8])> {
    let (head, port) = with_port(text)?;
    let blank = memchr::memrchr(b' ', head)?;
    Some((address::named(slice(head, blank + 1, head.len())), port, slice(head, 0, blank)))
}

/// `X port P`: X and the port.
fn with_port(text: &[u8]) -> Option<(&[u8], u16)> {
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=5).contains(&digits) {
        return None;
    }
    let (head, number) = text.split_at_checked(text.len().checked_sub(digits)?)?;
    Some((head.strip_suffix(b" port ")?, address::port(number)?))
}

/// `A port P` or `A` at the start, and behind it `end`.
pub(super) fn leading<'m>(text: &'m [u8], end: &[u8]) -> Parts<'m> {
    let (named, rest) = address::named_start(text);
    let (port, rest) = match rest.strip_prefix(b" port ") {
        None => (None, rest),
        Some(digits) => {
            let count = digits.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
            (address::port(slice(digits, 0, count)), slice(digits, count, digits.len()))
        }
    };
    // An address may end in a colon: only the blank behind another shows where it ends.
    let bare = port.is_some() || end != b":" || rest.starts_with(b": ");
    let whole = rest.starts_with(end) && bare;
    (Peer::One(if whole { named } else { Named::Nobody }), port, None)
}

/// What the places that were tried have in common.
#[derive(Debug, Default)]
struct Readings<'m> {
    found: Vec<(Named, Option<u16>)>,
    name: Option<&'m [u8]>,
    overflow: bool,
}

impl<'m> Readings<'m> {
    fn add(&mut self, named: Named, port: Option<u16>, name: Option<&'m [u8]>) {
        // The right-most: a name may hold everything that stands before it.
        self.name = name;
        if !self.found.iter().any(|(known, _)| *known == named) {
            self.overflow |= self.found.len() >= READINGS;
            if !self.overflow {
                self.found.push((named, port));
            }
        }
    }

    fn parts(mut self) -> Parts<'m> {
        if self.overflow {
            return (Peer::Several(Vec::new()), None, self.name);
        }
        match self.found.len() {
            0 => (Peer::One(Named::Nobody), None, self.name),
            1 => {
                let (named, port) = self.found.swap_remove(0);
                (Peer::One(named), port, self.name)
            }
            _ => {
                let addresses = self.found.iter().filter_map(|(named, _)| named.address());
                (Peer::Several(addresses.collect()), None, self.name)
            }
        }
    }
}

/// A part of a text, as far as there is one.
pub(super) fn slice(text: &[u8], from: usize, to: usize) -> &[u8] {
    text.get(from..to).unwrap_or_default()
}
