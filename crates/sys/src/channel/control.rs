//! The control socket: a UNIX listener at a path, and its clients.

use std::{
    fmt, io,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode},
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType},
};

/// Connections the kernel holds until accepted.
const BACKLOG: i32 = 64;

/// Why there is no control socket.
#[derive(Debug)]
pub enum ControlError {
    /// Somebody answers there.
    InUse(PathBuf),
    /// Something that is not a socket has the path; it is left alone.
    NotASocket(PathBuf),
    /// A system call failed: what was attempted, and the answer.
    Os(PathBuf, &'static str, io::Error),
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(path) => write!(f, "`{}` is answered by another process", path.display()),
            Self::NotASocket(path) => write!(f, "`{}` exists and is no socket", path.display()),
            Self::Os(path, deed, error) => write!(f, "cannot {deed} `{}`: {error}", path.display()),
        }
    }
}

impl std::error::Error for ControlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InUse(_) | Self::NotASocket(_) => None,
            Self::Os(_, _, error) => Some(error),
        }
    }
}

/// A stream listener at `path` (non-blocking, close-on-exec) with the permission bits `mode` and,
/// if given, group `gid`. A stale socket is removed first, but only if nothing answers there.
///
/// The directory must be one that only its owner writes to: the mode is set after the bind.
///
/// # Errors
/// See [`ControlError`].
pub fn control_listen(path: &Path, mode: u32, gid: Option<u32>) -> Result<OwnedFd, ControlError> {
    let at = |deed| move |error: Errno| ControlError::Os(path.into(), deed, error.into());
    let address = SocketAddrUnix::new(path).map_err(at("name a socket"))?;
    remove_stale(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(at("make a socket for"))?;
    rustix::net::bind(&fd, &address).map_err(at("bind"))?;
    if let Some(gid) = gid {
        let group = Some(rustix::fs::Gid::from_raw(gid));
        rustix::fs::chownat(CWD, path, None, group, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(at("give a group to"))?;
    }
    // After the group: a chown would clear set-id bits, and nobody connects before `listen`.
    rustix::fs::chmod(path, Mode::from_raw_mode(mode)).map_err(at("set the mode of"))?;
    rustix::net::listen(&fd, BACKLOG).map_err(at("listen on"))?;
    Ok(fd)
}

fn remove_stale(path: &Path) -> Result<(), ControlError> {
    let at = |deed| move |error: Errno| ControlError::Os(path.into(), deed, error.into());
    let stat = match rustix::fs::lstat(path) {
        Err(Errno::NOENT) => return Ok(()),
        other => other.map_err(at("look at"))?,
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        return Err(ControlError::NotASocket(path.into()));
    }
    match connect(path) {
        Err(Errno::CONNREFUSED) => rustix::fs::unlink(path).map_err(at("remove the stale")),
        Err(Errno::NOENT) => Ok(()),
        Ok(_) | Err(Errno::AGAIN) => Err(ControlError::InUse(path.into())),
        Err(error) => Err(at("try")(error)),
    }
}

fn connect(path: &Path) -> rustix::io::Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&fd, &address)?;
    Ok(fd)
}

/// Connects to a control socket: a blocking stream, close-on-exec.
///
/// # Errors
/// `NotFound` and `ConnectionRefused` when the daemon is away, `WouldBlock` when its queue is full,
/// `PermissionDenied` when this user may not.
pub fn control_connect(path: &Path) -> io::Result<OwnedFd> {
    let fd = connect(path)?;
    crate::pipe::set_nonblocking(&fd, false)?;
    Ok(fd)
}

/// Takes the next client of a control socket; `None` when none waits. Its stream is non-blocking
/// and close-on-exec.
///
/// # Errors
/// Those of accept(2) but `EAGAIN`, `EINTR` and `ECONNABORTED`.
pub fn control_accept(listener: impl AsFd) -> io::Result<Option<OwnedFd>> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    match rustix::net::accept_with(listener, flags) {
        Ok(fd) => Ok(Some(fd)),
        Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
