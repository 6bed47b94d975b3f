//! The first of a host's addresses that answers.

use super::Wanted;
use crate::reason::reason;
use crate::say;
use crate::tcp::{Families, Tells, counted, figure};
use crate::trouble::Trouble;
use portreeve_sys::clock::monotonic;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// How long an address may take: in the first round, and in a second one of those that took longer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    first: Duration,
    second: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { first: Duration::from_secs(2), second: Duration::from_secs(58) }
    }
}

impl Patience {
    /// Of `A` or `A+B`, in seconds.
    pub(super) fn of(text: &[u8]) -> Result<Self, Trouble> {
        let mut parts = text.splitn(2, |byte| *byte == b'+');
        let mut next = |missing| match parts.next() {
            Some(part) => counted('T', part, 0, u32::MAX),
            None => Ok(missing),
        };
        let (first, second) = (next(0)?, next(0)?);
        let seconds = |count| Duration::from_secs(u64::from(count));
        Ok(Self { first: seconds(first), second: seconds(second) })
    }
}

/// A server.
#[derive(Debug)]
pub(super) struct To {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) port: u16,
}

impl To {
    /// The host, `0` being this one, and the port or service of these words.
    pub(super) fn of(wanted: &Wanted, host: &OsStr, port: &OsStr) -> Result<Self, Trouble> {
        let port = figure::port(port)?;
        let mut addresses = match (figure::is_own(host), wanted.families) {
            (true, Families::V6) => vec![Ipv6Addr::LOCALHOST.into()],
            (true, _) => vec![Ipv4Addr::LOCALHOST.into()],
            (false, families) => figure::addresses(host, families)?,
        };
        if let Some(from) = wanted.from.0 {
            addresses.retain(|address| address.is_ipv4() == from.is_ipv4());
        }
        if addresses.is_empty() {
            let host = host.to_string_lossy();
            return Err(Trouble::System(format!("no IP address for {host}")));
        }
        Ok(Self { addresses, port })
    }
}

/// Connects; each address that does not answer is told of, and none is left where nothing comes
/// back.
pub(super) fn connect(wanted: &Wanted, to: &To) -> Result<Option<(OwnedFd, IpAddr)>, Trouble> {
    let Patience { first, second } = wanted.patience;
    let rounds = match to.addresses.as_slice() {
        [_] => [first.saturating_add(second), Duration::ZERO],
        _ => [first, second],
    };
    let mut left = to.addresses.clone();
    for (round, limit) in rounds.into_iter().enumerate() {
        if limit.is_zero() {
            continue;
        }
        let again = round == 0 && rounds.get(1).is_some_and(|second| !second.is_zero());
        let mut slow = Vec::new();
        for address in left {
            match attempt(wanted, address, to.port, limit)? {
                Ok(socket) => {
                    if wanted.tells == Tells::All {
                        say(format!("tcpclient: connected to {address} port {}\n", to.port));
                    }
                    return Ok(Some((socket, address)));
                }
                Err(Errno::TIMEDOUT) if again => slow.push(address),
                Err(error) if wanted.tells >= Tells::Errors => say(format!(
                    "tcpclient: unable to connect to {address} port {}: {}\n",
                    to.port,
                    reason(&error.into())
                )),
                Err(_) => {}
            }
        }
        left = slow;
    }
    Ok(None)
}

/// One address; the inner error is what it answers.
fn attempt(
    wanted: &Wanted,
    address: IpAddr,
    port: u16,
    limit: Duration,
) -> Result<Result<OwnedFd, Errno>, Trouble> {
    let trouble = |deed: &'static str| move |error: Errno| Trouble::system(deed, &error.into());
    let (family, any): (_, IpAddr) = match address {
        IpAddr::V4(_) => (AddressFamily::INET, Ipv4Addr::UNSPECIFIED.into()),
        IpAddr::V6(_) => (AddressFamily::INET6, Ipv6Addr::UNSPECIFIED.into()),
    };
    let scoped = |address, port| match address {
        IpAddr::V4(_) => SocketAddr::new(address, port),
        IpAddr::V6(ip) => SocketAddrV6::new(ip, port, 0, wanted.interface).into(),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)
        .map_err(trouble("unable to create socket"))?;
    if wanted.from != (None, 0) {
        let from = scoped(wanted.from.0.unwrap_or(any), wanted.from.1);
        rustix::net::bind(&socket, &from).map_err(trouble("unable to bind socket"))?;
    }
    let connected = match rustix::net::connect(&socket, &scoped(address, port)) {
        Err(Errno::INPROGRESS) => answered(&socket, limit),
        other => other,
    };
    if let Err(error) = connected {
        return Ok(Err(error));
    }
    if wanted.no_delay {
        sockopt::set_tcp_nodelay(&socket, true).map_err(trouble("unable to set up socket"))?;
    }
    fcntl_setfl(&socket, OFlags::empty()).map_err(trouble("unable to set up socket"))?;
    Ok(Ok(socket))
}

fn answered(socket: &OwnedFd, limit: Duration) -> Result<(), Errno> {
    let end = monotonic().saturating_add(limit);
    loop {
        let left = end.saturating_sub(monotonic());
        let left = Timespec::try_from(left).map_err(|_| Errno::INVAL)?;
        let mut fds = [PollFd::new(socket, PollFlags::OUT)];
        match poll(&mut fds, Some(&left)) {
            Ok(0) => return Err(Errno::TIMEDOUT),
            Ok(_) => return sockopt::socket_error(socket)?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_of_one_round_or_two() {
        let seconds = |text: &str| {
            let patience = Patience::of(text.as_bytes()).ok()?;
            Some((patience.first.as_secs(), patience.second.as_secs()))
        };
        assert_eq!([seconds("3"), seconds("3+0")], [Some((3, 0)); 2]);
        assert_eq!(seconds("1+2"), Some((1, 2)));
        assert_eq!([seconds(""), seconds("x"), seconds("1+"), seconds("1+2+3")], [None; 4]);
    }
}
