//! Who is at the other end of a UNIX socket, as the kernel noted at connect.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

use crate::process::check;

/// The most groups a process can be in (`NGROUPS_MAX`).
const MOST_GROUPS: usize = 65_536;

/// The peer's process, user and group when it connected (`SO_PEERCRED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Its pid in our namespace; 0 when it is outside. Not proof of anything: it may be reused.
    pub pid: i32,
    /// Its effective uid.
    pub uid: u32,
    /// Its effective gid.
    pub gid: u32,
}

/// The credentials of the peer of a connected UNIX socket.
///
/// # Errors
/// Those of getsockopt(2).
pub fn peer_credentials(fd: impl AsFd) -> io::Result<Credentials> {
    let mut cred = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = libc::socklen_t::try_from(size_of_val(&cred)).unwrap_or(0);
    let raw = fd.as_fd().as_raw_fd();
    let (to, length) = ((&raw mut cred).cast(), &raw mut size);
    // SAFETY: both pointers are to memory of ours, of the size told. Not rustix's call: its pid
    // type forbids the 0 of a peer from another namespace.
    check(unsafe { libc::getsockopt(raw, libc::SOL_SOCKET, libc::SO_PEERCRED, to, length) })?;
    Ok(Credentials { pid: cred.pid, uid: cred.uid, gid: cred.gid })
}

/// Was the peer in group `gid` when it connected: by its gid or a supplementary one
/// (`SO_PEERGROUPS`)?
///
/// # Errors
/// Those of getsockopt(2).
pub fn peer_in_group(fd: impl AsFd, gid: u32) -> io::Result<bool> {
    let fd = fd.as_fd();
    if peer_credentials(fd)?.gid == gid {
        return Ok(true);
    }
    let mut groups = vec![0_u32; 64];
    loop {
        let mut size = libc::socklen_t::try_from(size_of_val(groups.as_slice())).unwrap_or(0);
        let (to, length) = (groups.as_mut_ptr().cast(), &raw mut size);
        // SAFETY: both pointers are to memory of ours, of the size told.
        let answer = check(unsafe {
            libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERGROUPS, to, length)
        });
        let count = usize::try_from(size).unwrap_or(0).div_euclid(size_of::<u32>());
        match answer {
            Ok(()) => return Ok(groups.iter().take(count).any(|group| *group == gid)),
            Err(error) if error.raw_os_error() == Some(libc::ERANGE) && count <= MOST_GROUPS => {
                groups.resize(count.max(groups.len()), 0);
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_end_of_a_pair_is_ourselves() {
        let (a, _b) = super::super::pair().unwrap();
        let found = peer_credentials(&a).unwrap();
        assert_eq!(found.uid, rustix::process::geteuid().as_raw());
        assert!(peer_in_group(&a, found.gid).unwrap());
        assert!(!peer_in_group(&a, 4_000_000_000).unwrap());
    }
}
