//! Where this host sends packets that are for others: the gateways of its routes, by the kernel's own
//! answer (rtnetlink(7)). A dump is answered within the system calls that read it: nothing here waits
//! for anybody, and what is read is bounded.

use std::{
    io::{self, ErrorKind},
    net::IpAddr,
    os::fd::OwnedFd,
};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::socket::unmapped;

/// `RTM_NEWROUTE` and `RTM_GETROUTE` of linux/rtnetlink.h.
const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;
/// `NLMSG_ERROR` and `NLMSG_DONE` of linux/netlink.h.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
/// Bytes of a netlink header, of the `rtmsg` behind it, and of an `rtnexthop`.
const HEADER: usize = 16;
const ROUTE: usize = 12;
const HOP: usize = 8;
/// `RTN_UNICAST`, at its place in an `rtmsg`.
const UNICAST: u8 = 1;
const KIND: usize = 7;
/// `RTA_GATEWAY`, `RTA_MULTIPATH` and `RTA_VIA`.
const GATEWAY: u16 = 5;
const MULTIPATH: u16 = 9;
const VIA: u16 = 18;
/// Bytes of one reading; the kernel fills at most as many.
const BUFFER: usize = 32 * 1024;
/// Readings of one family at most: some 8,000 routes. A host with more is a router of the great
/// networks, whose own default route comes first.
const READINGS: usize = 24;
/// Gateways at most.
const MOST: usize = 1024;

/// The gateways of this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateways {
    /// Their addresses, unmapped, sorted, each once.
    pub addresses: Vec<IpAddr>,
    /// Whether there are more routes than were read.
    pub more: bool,
}

/// Asks for the gateways of all routes of both families.
///
/// # Errors
/// Those of socket(2), and what the kernel says; `InvalidData` for an answer that makes no sense.
pub fn gateways() -> io::Result<Gateways> {
    let mut found = Gateways::default();
    for family in [libc::AF_INET, libc::AF_INET6] {
        match dump(family, &mut found) {
            // a kernel without IPv6 has no routes of it
            Err(error) if family == libc::AF_INET6 && is_unknown(&error) => {}
            other => other?,
        }
    }
    found.addresses.sort_unstable();
    found.addresses.dedup();
    found.more |= found.addresses.len() > MOST;
    found.addresses.truncate(MOST);
    Ok(found)
}

fn is_unknown(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EAFNOSUPPORT))
}

fn dump(family: i32, found: &mut Gateways) -> io::Result<()> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    // NETLINK_ROUTE is protocol 0
    let fd = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    let mut message = Vec::with_capacity(HEADER.saturating_add(ROUTE));
    let length = u32::try_from(HEADER.saturating_add(ROUTE)).unwrap_or(u32::MAX);
    message.extend_from_slice(&length.to_ne_bytes());
    message.extend_from_slice(&GET_ROUTE.to_ne_bytes());
    message.extend_from_slice(&DUMP.to_ne_bytes());
    message.extend_from_slice(&[0; 8]); // the only question there is; the kernel fills in who asks
    message.push(u8::try_from(family).unwrap_or(0));
    message.resize(HEADER.saturating_add(ROUTE), 0);
    rustix::net::send(&fd, &message, SendFlags::DONTWAIT)?;
    let mut buffer = vec![0; BUFFER];
    for _ in 0..READINGS {
        if read(&fd, &mut buffer, &mut found.addresses)? == Progress::Done {
            return Ok(());
        }
        found.addresses.sort_unstable();
        found.addresses.dedup();
    }
    found.more = true;
    Ok(())
}

/// Whether more is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

fn read(fd: &OwnedFd, buffer: &mut [u8], found: &mut Vec<IpAddr>) -> io::Result<Progress> {
    let (length, _) = rustix::net::recv(fd, &mut *buffer, RecvFlags::DONTWAIT)?;
    messages(buffer.get(..length).unwrap_or_default(), found)
}

/// Takes the gateways out of what was read at once.
fn messages(mut rest: &[u8], found: &mut Vec<IpAddr>) -> io::Result<Progress> {
    while !rest.is_empty() {
        let (kind, body, after) = split(rest).ok_or_else(senseless)?;
        match kind {
            NEW_ROUTE => route(body, found),
            DONE => return Ok(Progress::Done),
            ERROR => {
                let code = body.get(..4).and_then(|code| code.try_into().ok());
                let code = i32::from_ne_bytes(code.ok_or_else(senseless)?);
                return Err(io::Error::from_raw_os_error(code.saturating_neg()));
            }
            _ => {}
        }
        rest = after;
    }
    Ok(Progress::More)
}

/// Kind and body of the first message, and what is behind it.
fn split(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?);
    let length = usize::try_from(length).ok()?;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let body = bytes.get(HEADER..length)?;
    let next = length.checked_next_multiple_of(4)?.min(bytes.len());
    Some((kind, body, bytes.get(next..)?))
}

/// The gateways of one route.
fn route(body: &[u8], found: &mut Vec<IpAddr>) {
    if body.get(KIND) == Some(&UNICAST) {
        hops(body.get(ROUTE..).unwrap_or_default(), found);
    }
}

/// The gateways among attributes of a route, or of one of its next hops.
fn hops(attributes: &[u8], found: &mut Vec<IpAddr>) {
    for (kind, value) in Attributes(attributes) {
        match kind {
            GATEWAY => found.extend(address(value)),
            // a family in front of the address, which may be another than the route's
            VIA => found.extend(value.get(2..).and_then(address)),
            MULTIPATH => {
                let mut rest = value;
                while let Some(length) = rest.get(..2).and_then(|length| length.try_into().ok()) {
                    let length = usize::from(u16::from_ne_bytes(length));
                    let Some(hop) = rest.get(HOP..length) else { break };
                    for (kind, value) in Attributes(hop) {
                        match kind {
                            GATEWAY => found.extend(address(value)),
                            VIA => found.extend(value.get(2..).and_then(address)),
                            _ => {}
                        }
                    }
                    let Some(next) = length.checked_next_multiple_of(4) else { break };
                    rest = rest.get(next..).unwrap_or_default();
                }
            }
            _ => {}
        }
    }
}

/// Attributes of a message: kind and value, as far as they make sense.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let half = |at: usize| {
            let bytes = self.0.get(at..at.saturating_add(2))?;
            Some(u16::from_ne_bytes(bytes.try_into().ok()?))
        };
        let (length, kind) = (usize::from(half(0)?), half(2)?);
        let value = self.0.get(4..length)?;
        let next = length.checked_next_multiple_of(4)?;
        self.0 = self.0.get(next..).unwrap_or_default();
        // two bits of a kind are flags
        Some((kind & 0x3fff, value))
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let address = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => unmapped(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => return None,
    };
    (!address.is_unspecified()).then_some(address)
}

fn senseless() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the kernel's answer makes no sense")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], body].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn of_kind(kind: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![0; ROUTE];
        body[KIND] = kind;
        body.extend(attributes.concat());
        message(NEW_ROUTE, &body)
    }

    /// One route by each way of writing a gateway, and one that has none.
    fn example() -> Vec<u8> {
        let hop = |last: u8| {
            let gateway = attribute(GATEWAY, &[192, 0, 2, last]);
            let length = u16::try_from(HOP + gateway.len()).unwrap();
            [&length.to_ne_bytes()[..], &[0; 6], &gateway].concat()
        };
        let via = [&10_u16.to_ne_bytes()[..], &[0xfe, 0x80], &[0; 13], &[9]].concat();
        [
            of_kind(UNICAST, &[attribute(15, &[0; 4]), attribute(GATEWAY, &[192, 0, 2, 1])]),
            of_kind(2, &[attribute(GATEWAY, &[192, 0, 2, 99])]), // one of this host's own
            of_kind(UNICAST, &[attribute(4, &[1, 0, 0, 0])]),
            of_kind(UNICAST, &[attribute(MULTIPATH, &[hop(2), hop(3)].concat())]),
            of_kind(UNICAST, &[attribute(VIA, &via)]),
            message(DONE, &[0; 4]),
        ]
        .concat()
    }

    #[test]
    fn gateways_are_found_however_they_are_written() {
        let mut found = Vec::new();
        assert_eq!(messages(&example(), &mut found).unwrap(), Progress::Done);
        let want = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "fe80::9"];
        assert_eq!(found, want.map(|address| address.parse::<IpAddr>().unwrap()));
    }

    #[test]
    fn what_makes_no_sense_is_an_error_or_nothing() {
        let whole = example();
        for end in 0..whole.len() {
            let mut found = Vec::new();
            let _ = messages(&whole[..end], &mut found);
            assert!(found.len() <= 4);
        }
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut odd = whole.clone();
                odd[at] = byte;
                let _ = messages(&odd, &mut Vec::new());
            }
        }
        let refused = message(ERROR, &(-libc::EPERM).to_ne_bytes());
        let error = messages(&refused, &mut Vec::new()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EPERM));
    }

    #[test]
    fn this_host_answers() {
        assert!(!gateways().unwrap().more);
    }
}
