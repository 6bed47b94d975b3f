//! A log socket of a session's own, in the place of the host's.
//!
//! Programs write to the system's log by a datagram socket at a fixed path, `/dev/log`. A session that
//! is to have one of its own gets a mount namespace in which another socket lies over that path (see
//! [`crate::spawn::Connection::private_log`]). So whatever comes through it was written by a process
//! of that session, or by one that may do to its processes as it likes.
//!
//! Nothing of it is seen outside: the socket's own name is in a directory that nobody else may enter,
//! and gone once it is mounted (the kernel attaches nothing that has no name); and in the namespace
//! the one mount that holds the host's socket receives the host's mounts and gives none
//! back. All other mounts are shared with the host as they were.

use std::{
    ffi::{CString, OsString},
    fs, io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::{
            ffi::{OsStrExt, OsStringExt},
            fs::{FileTypeExt, MetadataExt, PermissionsExt},
        },
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx},
    mount::{OpenTreeFlags, open_tree},
    net::{
        AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType, bind, shutdown,
        socket_with, sockopt::set_socket_passcred,
    },
    thread::CapabilitySet,
};

use crate::{channel::Credentials, process::Pid};

/// Where programs look for the log.
const LOG: &str = "/dev/log";

/// Where the host's log socket is, as this process sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// The socket itself, without links on the way.
    pub(crate) socket: CString,
    /// The root of the mount it is in.
    pub(crate) mount: CString,
}

impl LogPlace {
    /// Where it is now: a log daemon that is replaced by another moves it.
    ///
    /// # Errors
    /// `NotFound` when there is none, or nothing that is a socket; those of realpath(3), statx(2).
    pub fn find() -> io::Result<Self> {
        Self::at(Path::new(LOG))
    }

    /// As [`Self::find`], of another path.
    ///
    /// # Errors
    /// As there.
    pub fn at(path: &Path) -> io::Result<Self> {
        let socket = fs::canonicalize(path)?;
        if !fs::symlink_metadata(&socket)?.file_type().is_socket() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut mount = None;
        for above in socket.ancestors() {
            if is_mount(above)? {
                mount = Some(above);
                break;
            }
        }
        let mount = mount.unwrap_or(Path::new("/"));
        Ok(Self { mount: text(mount)?, socket: text(&socket)? })
    }

    /// The socket's path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        OsString::from_vec(self.socket.to_bytes().to_vec()).into()
    }
}

/// Is this the root of a mount?
fn is_mount(path: &Path) -> io::Result<bool> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let found = statx(CWD, path, flags, StatxFlags::TYPE)?;
    if !found.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn text(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// A new log socket.
#[derive(Debug)]
pub struct LogSocket {
    /// Its end here: datagrams with their senders' credentials; never blocks.
    pub socket: OwnedFd,
    /// Its place in a file system, to be mounted once.
    pub mount: OwnedFd,
}

impl LogSocket {
    /// Makes one under this name, which the caller removes once the mount is in its place, or is not
    /// wanted any more: neither socket nor mount need it then.
    ///
    /// # Errors
    /// `EPERM` without the right to mount; `EADDRINUSE` when the name is taken; those of bind(2). No
    /// name is left then.
    pub fn new(name: &Path) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
        set_socket_passcred(&socket, true)?;
        bind(&socket, &SocketAddrUnix::new(name)?)?;
        let mount = placed(name).inspect_err(|_| drop(fs::remove_file(name)))?;
        Ok(Self { socket, mount })
    }
}

fn placed(name: &Path) -> io::Result<OwnedFd> {
    // Whoever sees it, in the session alone, may write to it: as to the host's.
    fs::set_permissions(name, fs::Permissions::from_mode(0o666))?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    Ok(open_tree(CWD, name, flags)?)
}

/// The mount namespace of a process that is ours: for [`crate::spawn::Connection::leaving_log`].
///
/// # Errors
/// `NotFound` when it has ended, or has none of its own: it never came to making one, or its number is
/// another process's by now, and nothing may be taken away where that one sees it. Those of open(2).
pub fn namespace(pid: Pid) -> io::Result<OwnedFd> {
    let theirs = fs::File::open(format!("/proc/{pid}/ns/mnt"))?;
    let ours = fs::metadata("/proc/self/ns/mnt")?;
    let found = theirs.metadata()?;
    if (found.dev(), found.ino()) == (ours.dev(), ours.ino()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(theirs.into())
}

/// A message of a log socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Bytes of it that fit.
    pub length: usize,
    /// Whether there was more.
    pub cut: bool,
    /// Who sent it.
    pub sender: Option<Credentials>,
}

/// Receives one message; descriptors that come with it are not taken.
///
/// # Errors
/// `WouldBlock` when nothing waits; those of recvmsg(2).
pub fn receive(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<Message> {
    // Room for the credentials and no more: descriptors find none, and stay where they are.
    let mut control = [0_u64; CONTROL];
    let mut place = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: plain data, for which zeros are valid.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut place;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control);
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    let length = loop {
        // SAFETY: the header names a buffer and control words of ours, of the sizes told.
        let answer = unsafe { libc::recvmsg(socket.as_fd().as_raw_fd(), &raw mut header, flags) };
        match usize::try_from(answer) {
            Ok(length) => break length,
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    };
    let cut = header.msg_flags & libc::MSG_TRUNC != 0;
    Ok(Message { length, cut, sender: sender(control, header.msg_controllen) })
}

/// Words of a control message with credentials: its header (length, level and kind), pid, uid, gid.
const CONTROL: usize = 4;

fn sender(control: [u64; CONTROL], length: usize) -> Option<Credentials> {
    let [size, kind, first, last] = control;
    let low = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or(0);
    let parts = |word: u64| (low(word), low(word.wrapping_shr(32)));
    // Both machines are little-endian, with words of 64 bits.
    let expected = (libc::SOL_SOCKET.cast_unsigned(), libc::SCM_CREDENTIALS.cast_unsigned());
    let whole = length >= 28 && size == 28 && parts(kind) == expected;
    let ((pid, uid), (gid, _)) = (parts(first), parts(last));
    whole.then_some(Credentials { pid: pid.cast_signed(), uid, gid })
}

/// Takes no more messages: whoever sends one from here on learns of it, and what came before can
/// still be received.
///
/// # Errors
/// Those of shutdown(2).
pub fn refuse_more(socket: impl AsFd) -> io::Result<()> {
    Ok(shutdown(socket, Shutdown::Read)?)
}

/// Is this a datagram socket of the UNIX domain, as [`LogSocket`] makes them?
///
/// # Errors
/// Those of getsockopt(2).
pub fn is_log_socket(socket: impl AsFd) -> io::Result<bool> {
    let kind = rustix::net::sockopt::socket_type(&socket)?;
    let family = rustix::net::sockopt::socket_domain(&socket)?;
    Ok(kind == SocketType::DGRAM && family == AddressFamily::UNIX)
}

/// May this process make mount namespaces and mount in them, as far as it can be told beforehand?
#[must_use]
pub fn may_mount() -> bool {
    let sets = rustix::thread::capabilities(None);
    sets.is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_s_namespace_is_taken_for_a_session_s_that_is_this_process_s_too() {
        let own = Pid::from_raw(std::process::id().cast_signed()).unwrap();
        assert_eq!(namespace(own).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
