//! Before the first connection: the port, and whom to become.

use super::options::Wanted;
use crate::tcp::{Families, figure};
use crate::trouble::Trouble;
use portreeve_sys::Signal;
use portreeve_sys::privileges::{Identity, become_somebody, is_root};
use portreeve_sys::signals::{Signals, expect_children};
use portreeve_sys::socket::{ListenError, ListenOptions, ListenStep, listen, local_address};
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::stdio::{dup2_stdin, dup2_stdout};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::OwnedFd;

/// What connections come from, and the signals that count.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) socket: OwnedFd,
    pub(super) signals: Signals,
}

/// Binds, gives privileges up, says which port it is, and lets go of standard input and output.
pub(super) fn start(wanted: &Wanted) -> Result<Listening, Trouble> {
    let socket = bound(wanted)?;
    let local = local_address(&socket)
        .map_err(|error| Trouble::system("unable to get local address", &error))?;
    give_up(wanted)?;
    if wanted.print_port {
        let written = std::io::stdout().write_all(format!("{}\n", local.port()).as_bytes());
        written.map_err(|error| Trouble::system("unable to print the port", &error))?;
    }
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    openat(rustix::fs::CWD, "/dev/null", flags, Mode::empty())
        .and_then(|null| dup2_stdin(&null).and_then(|()| dup2_stdout(&null)))
        .map_err(|error| Trouble::system("unable to set up descriptors", &error.into()))?;
    expect_children();
    let signals = Signals::new(&[Signal::Term, Signal::Child])
        .map_err(|error| Trouble::system("unable to take signals", &error))?;
    Ok(Listening { socket, signals })
}

fn bound(wanted: &Wanted) -> Result<OwnedFd, Trouble> {
    let own = figure::is_own(&wanted.host);
    let address: IpAddr = match (own, wanted.families) {
        (true, Families::V4) => Ipv4Addr::UNSPECIFIED.into(),
        (true, _) => Ipv6Addr::UNSPECIFIED.into(),
        (false, families) => {
            let found = figure::addresses(&wanted.host, families)?;
            // never none
            found.first().copied().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
        }
    };
    let at = |address| match address {
        IpAddr::V4(_) => SocketAddr::new(address, wanted.port),
        IpAddr::V6(ip) => SocketAddrV6::new(ip, wanted.port, 0, wanted.interface).into(),
    };
    let options = ListenOptions {
        v6only: Some(!own),
        backlog: wanted.backlog,
        nodelay: wanted.no_delay,
        ..ListenOptions::default()
    };
    let without_ipv6 = |error: &ListenError| {
        let errno = Errno::from_io_error(&error.error);
        matches!(errno, Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL))
    };
    let socket = match listen(at(address), &options) {
        // a host without IPv6
        Err(error) if own && wanted.families == Families::Both && without_ipv6(&error) => {
            listen(at(Ipv4Addr::UNSPECIFIED.into()), &options)
        }
        other => other,
    };
    socket.map_err(|error| {
        let deed = match error.step {
            ListenStep::Socket | ListenStep::Option => "unable to create socket",
            ListenStep::Bind => "unable to bind",
            ListenStep::Listen => "unable to listen",
        };
        Trouble::system(deed, &error.error)
    })
}

/// The group alone first, then the user, and then no way back.
fn give_up(wanted: &Wanted) -> Result<(), Trouble> {
    let failed = |deed| move |error| Trouble::system(deed, &error);
    if let Some(gid) = wanted.gid {
        become_somebody(None, gid, &[gid]).map_err(failed("unable to set gid"))?;
    }
    let Some(uid) = wanted.uid else { return Ok(()) };
    let deed = "unable to set uid";
    let now = Identity::own().map_err(failed(deed))?;
    match wanted.gid {
        Some(gid) => become_somebody(Some(uid), gid, &[gid]).map_err(failed(deed)),
        // nobody else than root comes here, who may only stay who he is
        None if !is_root() && now.uids == [uid; 3] => Ok(()),
        None => Err(Trouble::system(deed, &Errno::PERM.into())),
    }
}
