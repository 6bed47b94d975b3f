//! Which addresses, port and interface the words of a call mean.

use super::Families;
use crate::options::shown;
use crate::trouble::Trouble;
use portreeve_sys::resolver::{Answer, addresses_here, port_of};
use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt;

/// The port of a number or of a service's name.
pub(super) fn port(word: &OsStr) -> Result<u16, Trouble> {
    let bytes = word.as_bytes();
    let found = match bytes.iter().all(u8::is_ascii_digit) {
        true if bytes.is_empty() => Some(0),
        true => std::str::from_utf8(bytes).ok().and_then(|digits| digits.parse().ok()),
        false => port_of(bytes),
    };
    let deed = || format!("unable to figure out port number for {}", shown(word));
    found.ok_or_else(|| Trouble::System(deed()))
}

/// Whether a host's word stands for the host itself: nothing, or `0`.
pub(super) fn is_own(word: &OsStr) -> bool {
    matches!(word.as_bytes(), b"" | b"0")
}

/// The addresses of a host, in the resolver's order; never none.
pub(super) fn addresses(word: &OsStr, families: Families) -> Result<Vec<IpAddr>, Trouble> {
    let mut found = match literal(word.as_bytes()) {
        Some(address) => vec![address],
        None => match addresses_here(word.as_bytes()) {
            Answer::Found(host) => host.addresses,
            Answer::Absent => Vec::new(),
            Answer::Failed => {
                let deed = "temporarily unable to figure out IP address for ";
                return Err(Trouble::because(&format!("{deed}{}", shown(word)), "no answer"));
            }
        },
    };
    match families {
        Families::Both => {}
        Families::V4 => found.retain(IpAddr::is_ipv4),
        // stable: the others stay in their order behind them
        Families::V6 => found.sort_by_key(IpAddr::is_ipv4),
    }
    if found.is_empty() {
        return Err(Trouble::System(format!("no IP address for {}", shown(word))));
    }
    Ok(found)
}

/// An address as it is written: dotted quad with leading zeros, in brackets too, or IPv6.
pub(super) fn literal(text: &[u8]) -> Option<IpAddr> {
    let inner = text.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(text);
    let text = std::str::from_utf8(inner).ok()?;
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some(portreeve_sys::socket::unmapped(address.into()));
    }
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *octet = part.parse().ok()?; // no digits are no number
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets).into())
}

/// The number of a network interface.
pub(super) fn interface(name: &[u8]) -> Result<u32, Trouble> {
    let text = shown(OsStr::from_bytes(name));
    let flags = SocketFlags::CLOEXEC;
    let number = socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)
        .and_then(|socket| netdevice::name_to_index(socket, &text));
    let deed = || format!("unable to figure out interface {text}");
    number.map_err(|error| Trouble::system(&deed(), &error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for (text, want) in [
            ("127.0.0.1", Some("127.0.0.1")),
            ("[127.0.0.1]", Some("127.0.0.1")),
            ("127.000.000.010", Some("127.0.0.10")),
            ("::1", Some("::1")),
            ("[::1]", Some("::1")),
            ("::ffff:10.0.0.1", Some("10.0.0.1")),
            ("127.1", None),
            ("127.0.0.1.", None),
            ("127.0.0.256", None),
            ("127.0.0.+1", None),
            ("", None),
        ] {
            let found = literal(text.as_bytes()).map(|address| address.to_string());
            assert_eq!(found.as_deref(), want, "{text}");
        }
    }

    #[test]
    fn ports_have_bounds() {
        let port = |text: &str| port(OsStr::new(text)).ok();
        assert_eq!([port("0"), port(""), port("65535")], [Some(0), Some(0), Some(65535)]);
        assert_eq!([port("65536"), port("+25"), port("99999999999999999999")], [None; 3]);
        assert_eq!([port("smtp"), port("no-such-service")], [Some(25), None]);
    }
}
