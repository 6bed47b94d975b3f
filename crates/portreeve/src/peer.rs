//! The peer of `explain`, as it is typed.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// An address, with a port where one was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeerArg {
    /// The address; IPv4-mapped ones as the IPv4 address they stand for, as the door sees them.
    pub(crate) address: IpAddr,
    /// The port.
    pub(crate) port: Option<u16>,
}

/// Why a text names no peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadPeer {
    /// It is no address.
    Address,
    /// It has a scope (`%eth0`), which no rule can see.
    Scope,
    /// The port is not 1 to 65535.
    Port,
}

impl fmt::Display for BadPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => {
                "not an address; write 192.0.2.7, 192.0.2.7:4711, 2001:db8::7 or [2001:db8::7]:4711"
            }
            Self::Scope => "leave `%` and what follows out: rules compare the address alone",
            Self::Port => "the port must be 1 to 65535",
        })
    }
}

impl std::error::Error for BadPeer {}

impl FromStr for PeerArg {
    type Err = BadPeer;

    fn from_str(text: &str) -> Result<Self, BadPeer> {
        if text.contains('%') {
            return Err(BadPeer::Scope);
        }
        let (address, port) = split(text)?;
        let port = match port {
            None => None,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                Some(digits.parse().ok().filter(|port| *port != 0).ok_or(BadPeer::Port)?)
            }
            Some(_) => return Err(BadPeer::Port),
        };
        Ok(Self { address: portreeve_model::unmapped(address), port })
    }
}

/// Address and port part. Without brackets a text that is an IPv6 address as a whole is one: its
/// last group is never taken for a port.
fn split(text: &str) -> Result<(IpAddr, Option<&str>), BadPeer> {
    if let Some(inner) = text.strip_prefix('[') {
        let (address, rest) = inner.split_once(']').ok_or(BadPeer::Address)?;
        let address: Ipv6Addr = address.parse().map_err(|_| BadPeer::Address)?;
        return match (rest, rest.strip_prefix(':')) {
            ("", _) => Ok((address.into(), None)),
            (_, Some(port)) => Ok((address.into(), Some(port))),
            (_, None) => Err(BadPeer::Address),
        };
    }
    if let Ok(address) = text.parse() {
        return Ok((address, None));
    }
    let (address, port) = text.split_once(':').ok_or(BadPeer::Address)?;
    let address: IpAddr = address.parse().map_err(|_| BadPeer::Address)?;
    Ok((address, Some(port)))
}

impl fmt::Display for PeerArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => self.address.fmt(f),
            Some(port) => SocketAddr::new(self.address, port).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_brackets_and_ports() {
        for (text, want) in [
            ("192.0.2.7", Ok("192.0.2.7")),
            ("192.0.2.7:4711", Ok("192.0.2.7:4711")),
            ("2001:db8::7", Ok("2001:db8::7")),
            ("2001:db8::7:4711", Ok("2001:db8::7:4711")), // an address, not a port
            ("[2001:db8::7]", Ok("2001:db8::7")),
            ("[2001:db8::7]:4711", Ok("[2001:db8::7]:4711")),
            ("::ffff:192.0.2.7", Ok("192.0.2.7")),
            ("[::ffff:192.0.2.7]:22", Ok("192.0.2.7:22")),
            ("", Err(BadPeer::Address)),
            ("host.example", Err(BadPeer::Address)),
            ("192.0.2", Err(BadPeer::Address)),
            ("[192.0.2.7]:22", Err(BadPeer::Address)),
            ("[2001:db8::7]4711", Err(BadPeer::Address)),
            ("[2001:db8::7", Err(BadPeer::Address)),
            ("192.0.2.7:0", Err(BadPeer::Port)),
            ("192.0.2.7:", Err(BadPeer::Port)),
            ("192.0.2.7:+22", Err(BadPeer::Port)),
            ("192.0.2.7:65536", Err(BadPeer::Port)),
            ("fe80::1%eth0", Err(BadPeer::Scope)),
        ] {
            let got = text.parse::<PeerArg>().map(|p| p.to_string());
            assert_eq!(got, want.map(str::to_owned), "{text}");
        }
    }
}
