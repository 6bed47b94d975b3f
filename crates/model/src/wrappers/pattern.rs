//! What a token of a list means.

use crate::Network;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A token of a daemon list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DaemonPattern {
    /// The name of the process.
    Name(Word),
    /// The port that the client came to: a token of digits is never a name.
    Port(u16),
    /// `name@host`: also the address or name that the client came to.
    At(Word, HostPattern),
    /// `port@host`.
    PortAt(u16, HostPattern),
}

/// A token of a client list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientPattern {
    /// Any user at the host.
    Host(HostPattern),
    /// `user@host`; the host is looked at first.
    User(Word, HostPattern),
}

/// Whom a token is about, of the hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostPattern {
    /// `@group`: the host's name is a member of the netgroup.
    Netgroup(Vec<u8>),
    /// `/path`: a pattern in that file matches.
    File(Vec<u8>),
    /// `KNOWN`: address and name are known.
    Known,
    /// `LOCAL`: a known name without a dot.
    Local,
    /// `net/mask` with any mask; bits of the net outside it are cleared.
    Masked {
        /// What the address must be under the mask.
        net: Ipv4Addr,
        /// Which bits count.
        mask: Ipv4Addr,
    },
    /// `net/length`.
    Network(Network),
    /// Anything else: the address matches, or else the name.
    Word(Word),
    /// What can match nobody.
    Never(Never),
    /// What cannot be read.
    Broken(Broken),
}

/// A text that another is compared with, in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// With `*` or `?`.
    Glob(Vec<u8>),
    /// `.tail`: the other is longer and ends so.
    Tail(Vec<u8>),
    /// `head.`: the other begins so.
    Head(Vec<u8>),
    /// `ALL`.
    All,
    /// `KNOWN`: anything but `unknown`.
    Known,
    /// `[address]`: the same address however it is written, the scope only where one is given.
    V6(Ipv6Addr, Option<Vec<u8>>),
    /// The same text. `UNKNOWN` and `PARANOID` are such texts: a name or address that is not known
    /// stands as `unknown`, a name that does not lead back to its address as `paranoid`.
    Same(Vec<u8>),
}

impl Word {
    /// Reads a token.
    #[must_use]
    pub fn parse(token: &[u8]) -> Self {
        let bracketed = token.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
        if token.iter().any(|byte| matches!(byte, b'*' | b'?')) {
            return Self::Glob(token.into());
        }
        match token {
            [b'.', ..] => Self::Tail(token.into()),
            _ if token.eq_ignore_ascii_case(b"ALL") => Self::All,
            _ if token.eq_ignore_ascii_case(b"KNOWN") => Self::Known,
            [.., b'.'] => Self::Head(token.into()),
            _ => match bracketed.and_then(v6) {
                Some((address, scope)) => Self::V6(address, scope),
                None => Self::Same(token.into()),
            },
        }
    }

    /// Whether it is made of digits, dots and slashes alone, or is an IPv6 address in brackets: such
    /// a token is never a host's name, and none is looked up for it.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        match self {
            Self::Glob(text) | Self::Tail(text) | Self::Head(text) | Self::Same(text) => {
                text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/'))
            }
            Self::V6(..) => true,
            Self::All | Self::Known => false,
        }
    }
}

impl Word {
    /// Whether a name or an address, as text, is what this means.
    #[must_use]
    pub fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Glob(pattern) => glob(pattern, text),
            Self::Tail(tail) => {
                let from = text.len().checked_sub(tail.len()).filter(|from| *from > 0);
                from.and_then(|from| text.get(from..))
                    .is_some_and(|it| it.eq_ignore_ascii_case(tail))
            }
            Self::Head(head) => {
                text.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
            }
            Self::All => true,
            Self::Known => !text.eq_ignore_ascii_case(b"unknown"),
            Self::V6(address, scope) => v6(text).is_some_and(|(other, its)| {
                other == *address && scope.as_ref().is_none_or(|scope| its.as_ref() == Some(scope))
            }),
            Self::Same(word) => text.eq_ignore_ascii_case(word),
        }
    }
}

/// `*` is any text, `?` any character. Only the last star is tried again, so that the work is at
/// most the product of the lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0_usize, 0_usize);
    let mut star: Option<(usize, usize)> = None;
    while let Some(here) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p.saturating_add(1), t));
                p = p.saturating_add(1);
            }
            Some(c) if *c == b'?' || c.eq_ignore_ascii_case(here) => {
                p = p.saturating_add(1);
                t = t.saturating_add(1);
            }
            Some(_) | None => match star {
                Some((after, from)) => {
                    star = Some((after, from.saturating_add(1)));
                    p = after;
                    t = from.saturating_add(1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == b'*')
}

/// An IPv6 address, perhaps with a scope behind `%`.
fn v6(text: &[u8]) -> Option<(Ipv6Addr, Option<Vec<u8>>)> {
    let text = std::str::from_utf8(text).ok()?;
    let (address, scope) = match text.split_once('%') {
        Some((address, scope)) => (address, Some(scope.as_bytes().to_vec())),
        None => (text, None),
    };
    Some((address.parse().ok()?, scope))
}

/// Why a pattern can match nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {
    /// A net with fewer or more than four octets, or one above 255.
    Net,
    /// Nothing stands behind `@`.
    Empty,
}

/// Why a pattern cannot be read, and whom it may have been about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Broken {
    /// A prefix length or mask that is none: `/33`, `/24x`, `]/abc`, `/255.255.0`.
    Length(Concerns),
    /// An IPv6 address outside brackets.
    Bare(Network),
    /// A `[` without its `]`: what stands behind it is divided otherwise than it looks.
    Bracket,
    /// A rule so long that it was not read.
    Long,
}

/// Of which family a client must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Concerns {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_as_the_library_compares() {
        for (word, text, want) in [
            ("sshd", "SSHD", true),
            ("all", "anything", true),
            ("KNOWN", "unknown", false),
            ("known", "sshd", true),
            ("UNKNOWN", "unknown", true),
            (".2.10", "192.0.2.10", true),
            (".example.com", "example.com", false),
            (".example.com", ".EXAMPLE.com", false),
            (".example.com", "a.Example.com", true),
            ("192.0.2.", "192.0.2.10", true),
            ("192.0.2", "192.0.2.10", false),
            ("host1.", "HOST1.example.com", true),
            ("192.0.2.*", "192.0.2.10", true),
            ("*", "unknown", true),
            ("*", "", true),
            ("s?hd", "sshd", true),
            ("?", "", false),
            ("*x*", "sshd", false),
            (".foo*", ".foobar", true),
            ("[2001:db8::1]", "2001:DB8:0::1", true),
            ("[2001:db8::1]", "2001:db8::2", false),
            ("[fe80::1]", "fe80::1%eth0", true),
            ("[fe80::1%eth0]", "fe80::1%eth0", true),
            ("[fe80::1%eth1]", "fe80::1%eth0", false),
            ("[192.0.2.1]", "192.0.2.1", false),
        ] {
            assert_eq!(
                Word::parse(word.as_bytes()).matches(text.as_bytes()),
                want,
                "{word} {text}"
            );
        }
    }
}
