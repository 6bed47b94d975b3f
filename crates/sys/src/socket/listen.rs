//! Listening sockets.

use std::{
    fmt, io,
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

/// How to listen. Options are set once here; accepted connections inherit them (tcp(7)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenOptions {
    /// Whether an IPv6 listener takes IPv6 only; `None` leaves the system's default.
    pub v6only: Option<bool>,
    /// Connections the kernel holds until accepted; it cuts this to `net.core.somaxconn`.
    pub backlog: i32,
    /// Whether silent peers are probed.
    pub keepalive: KeepAlive,
    /// Send small writes at once (`TCP_NODELAY`).
    pub nodelay: bool,
}

/// TCP keep-alives (tcp(7)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepAlive {
    /// None.
    #[default]
    Off,
    /// With the system's times.
    System,
    /// A probe after `every` of silence and then again, until `tries` had no answer; what is sent
    /// and not acknowledged within `every` times `tries` gives the connection up as well
    /// (`TCP_USER_TIMEOUT`).
    Probes {
        /// Whole seconds, 1 to 32,767.
        every: Duration,
        /// 1 to 127; `every` times `tries` is at most 24 days.
        tries: u32,
    },
}

/// Which deed of [`listen`] failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenStep {
    /// `socket`.
    Socket,
    /// `setsockopt`.
    Option,
    /// `bind`.
    Bind,
    /// `listen`.
    Listen,
}

/// Why there is no listener.
#[derive(Debug)]
pub struct ListenError {
    /// Where it would have been.
    pub address: SocketAddr,
    /// What was attempted.
    pub step: ListenStep,
    /// What the kernel said.
    pub error: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deed = match self.step {
            ListenStep::Socket => "make a socket for",
            ListenStep::Option => "set socket options for",
            ListenStep::Bind => "bind",
            ListenStep::Listen => "listen on",
        };
        write!(f, "cannot {deed} {}: {}", self.address, self.error)
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A TCP listener on `address`: non-blocking, close-on-exec, `SO_REUSEADDR`.
///
/// # Errors
/// The step that failed: `Socket` with `EAFNOSUPPORT` where IPv6 is off, `Bind` with `EADDRINUSE`
/// (see [`super::port_holder`]), `EACCES` or `EADDRNOTAVAIL`.
pub fn listen(address: SocketAddr, options: &ListenOptions) -> Result<OwnedFd, ListenError> {
    let at =
        |step| move |error: rustix::io::Errno| ListenError { address, step, error: error.into() };
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(family, SocketType::STREAM, flags, None)
        .map_err(at(ListenStep::Socket))?;
    set_options(&fd, address, options).map_err(at(ListenStep::Option))?;
    rustix::net::bind(&fd, &address).map_err(at(ListenStep::Bind))?;
    rustix::net::listen(&fd, options.backlog.max(1)).map_err(at(ListenStep::Listen))?;
    Ok(fd)
}

/// Whether `address` could be bound as [`listen`] would, asked by binding to it for a moment without
/// listening, which is in nobody's way.
///
/// # Errors
/// `AddrInUse` when another socket listens there or in its way, `PermissionDenied` when this user
/// may not bind there, `AddrNotAvailable`, and those of socket(2).
pub fn try_bind(address: SocketAddr) -> io::Result<()> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let fd = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&fd, true)?;
    Ok(rustix::net::bind(&fd, &address)?)
}

/// Gives a listener that exists other options: what may change while it listens (queue length,
/// keep-alive, no-delay). Connections already queued keep what they inherited.
///
/// # Errors
/// Those of setsockopt(2) and listen(2).
pub fn reconfigure(listener: impl AsFd, options: &ListenOptions) -> io::Result<()> {
    let fd = listener.as_fd();
    if options.keepalive == KeepAlive::System {
        as_the_system(fd)?;
    }
    if !matches!(options.keepalive, KeepAlive::Probes { .. }) {
        sockopt::set_tcp_user_timeout(fd, 0)?;
    }
    sockopt::set_socket_keepalive(fd, options.keepalive != KeepAlive::Off)?;
    keep_alive(fd, options.keepalive)?;
    sockopt::set_tcp_nodelay(fd, options.nodelay)?;
    Ok(rustix::net::listen(fd, options.backlog.max(1))?)
}

fn set_options(
    fd: impl AsFd,
    address: SocketAddr,
    options: &ListenOptions,
) -> rustix::io::Result<()> {
    let fd = fd.as_fd();
    sockopt::set_socket_reuseaddr(fd, true)?;
    if let (SocketAddr::V6(_), Some(only)) = (address, options.v6only) {
        sockopt::set_ipv6_v6only(fd, only)?;
    }
    if options.keepalive != KeepAlive::Off {
        keep_alive(fd, options.keepalive)?;
        sockopt::set_socket_keepalive(fd, true)?;
    }
    if options.nodelay {
        sockopt::set_tcp_nodelay(fd, true)?;
    }
    Ok(())
}

fn keep_alive(fd: impl AsFd, wanted: KeepAlive) -> rustix::io::Result<()> {
    let KeepAlive::Probes { every, tries } = wanted else { return Ok(()) };
    let fd = fd.as_fd();
    let patience = every.saturating_mul(tries).as_millis();
    sockopt::set_tcp_keepidle(fd, every)?;
    sockopt::set_tcp_keepintvl(fd, every)?;
    sockopt::set_tcp_keepcnt(fd, tries)?;
    sockopt::set_tcp_user_timeout(fd, u32::try_from(patience).unwrap_or(u32::MAX))
}

/// Gives a listener that had times of its own those of a socket that never had any.
fn as_the_system(fd: impl AsFd) -> io::Result<()> {
    let fd = fd.as_fd();
    let family = rustix::net::sockopt::socket_domain(fd)?;
    let fresh = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_tcp_keepidle(fd, sockopt::tcp_keepidle(&fresh)?)?;
    sockopt::set_tcp_keepintvl(fd, sockopt::tcp_keepintvl(&fresh)?)?;
    Ok(sockopt::set_tcp_keepcnt(fd, sockopt::tcp_keepcnt(&fresh)?)?)
}
