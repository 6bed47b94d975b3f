//! Giving power up, in order, and proving that it is gone. For programs of ours that run alone in
//! their memory; a child of the spawner has its own way.

use std::{ffi::CString, fmt, io, os::fd::RawFd};

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use crate::{
    capability::{Capability, set_of},
    process::check,
};

/// Who a process is: the real, effective and saved ids, and the groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Real, effective, saved.
    pub uids: [u32; 3],
    /// Real, effective, saved.
    pub gids: [u32; 3],
    /// Supplementary groups, as the kernel lists them.
    pub groups: Vec<u32>,
}

impl Identity {
    /// This process's own.
    ///
    /// # Errors
    /// Those of getgroups(2).
    pub fn own() -> io::Result<Self> {
        let mut uids = [0_u32; 3];
        let mut gids = [0_u32; 3];
        let [real, effective, saved] = &mut uids;
        // SAFETY: three integers of ours to be filled.
        check(unsafe { libc::getresuid(real, effective, saved) })?;
        let [real, effective, saved] = &mut gids;
        // SAFETY: three integers of ours to be filled.
        check(unsafe { libc::getresgid(real, effective, saved) })?;
        let groups = rustix::process::getgroups()?.into_iter().map(rustix::fs::Gid::as_raw);
        Ok(Self { uids, gids, groups: groups.collect() })
    }
}

/// Is this process root, by its effective uid?
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// This process's effective uid.
#[must_use]
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// This process's file mode mask. Sets and restores it: for the time before there are children.
#[must_use]
pub fn umask() -> u32 {
    let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    rustix::process::umask(mask);
    mask.as_raw_mode()
}

/// No privileges from set-id files and file capabilities, for this thread and all it starts.
///
/// # Errors
/// Those of prctl(2).
pub fn set_no_new_privs() -> io::Result<()> {
    Ok(rustix::thread::set_no_new_privs(true)?)
}

/// Keeps these of the permitted capabilities, effective too, and gives up every other one: also in
/// the inheritable and ambient sets.
///
/// # Errors
/// `EPERM` when one of them is not permitted now.
pub fn keep_capabilities(keep: &[Capability]) -> io::Result<()> {
    rustix::thread::clear_ambient_capability_set()?;
    let kept = CapabilitySet::from_bits_retain(set_of(keep));
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: none };
    Ok(set_capabilities(None, sets)?)
}

/// Uses these of the permitted capabilities until the next call, and none of the others: what is
/// permitted stays so.
///
/// # Errors
/// `EPERM` when one of them is not permitted.
pub fn use_capabilities(used: &[Capability]) -> io::Result<()> {
    let now = capabilities(None)?;
    let effective = CapabilitySet::from_bits_retain(set_of(used));
    Ok(set_capabilities(None, CapabilitySets { effective, ..now })?)
}

/// Makes this process somebody else's for good: the groups first, then the group, then the user;
/// then looks whether it is so.
///
/// # Errors
/// Those of setgroups(2), setresgid(2) and setresuid(2), `EPERM` without the right to; and
/// `PermissionDenied` when the process is not who it was made.
pub fn become_somebody(uid: Option<u32>, gid: u32, groups: &[u32]) -> io::Result<()> {
    let count = groups.len();
    // SAFETY: the list is ours, and `count` its length.
    check(unsafe { libc::setgroups(count, groups.as_ptr()) })?;
    // SAFETY: integers by value.
    check(unsafe { libc::setresgid(gid, gid, gid) })?;
    if let Some(uid) = uid {
        // SAFETY: integers by value.
        check(unsafe { libc::setresuid(uid, uid, uid) })?;
    }
    let now = Identity::own()?;
    let (mut wanted, mut given) = (groups.to_vec(), now.groups);
    for list in [&mut wanted, &mut given] {
        list.sort_unstable();
        list.dedup();
    }
    let is_so =
        now.gids == [gid; 3] && wanted == given && uid.is_none_or(|uid| now.uids == [uid; 3]);
    if is_so { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// A power that was to be gone and is not.
#[derive(Debug)]
pub enum StillPrivileged {
    /// One of the ids is root's.
    Ids(Identity),
    /// These bits are in the permitted, effective or inheritable set.
    Capabilities(u64),
    /// `no_new_privs` is not set.
    NewPrivs,
    /// It could not be found out.
    Unknown(io::Error),
}

impl fmt::Display for StillPrivileged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ids(ids) => write!(f, "still root: uids {:?}, gids {:?}", ids.uids, ids.gids),
            Self::Capabilities(bits) => write!(f, "capabilities {bits:#x} are left"),
            Self::NewPrivs => f.write_str("set-id programs could still give privileges"),
            Self::Unknown(error) => write!(f, "privileges cannot be looked at: {error}"),
        }
    }
}

impl std::error::Error for StillPrivileged {}

/// The proof: no id is 0, no capability is left, `no_new_privs` is set.
///
/// # Errors
/// The first power found.
pub fn assert_unprivileged() -> Result<(), StillPrivileged> {
    assert_only(&[])
}

/// As [`assert_unprivileged`], for a program that was given the capabilities `allowed`.
///
/// # Errors
/// The first power found.
pub fn assert_only(allowed: &[Capability]) -> Result<(), StillPrivileged> {
    let unknown = |error: rustix::io::Errno| StillPrivileged::Unknown(error.into());
    let identity = Identity::own().map_err(StillPrivileged::Unknown)?;
    let mut ids = identity.uids.iter().chain(&identity.gids).chain(&identity.groups);
    if ids.any(|id| *id == 0) {
        return Err(StillPrivileged::Ids(identity));
    }
    let sets = capabilities(None).map_err(unknown)?;
    let held = sets.permitted.bits() | sets.effective.bits() | sets.inheritable.bits();
    let extra = held & !set_of(allowed);
    if extra != 0 {
        return Err(StillPrivileged::Capabilities(extra));
    }
    if !rustix::thread::no_new_privs().map_err(unknown)? {
        return Err(StillPrivileged::NewPrivs);
    }
    Ok(())
}

/// Closes every descriptor from 3 on but those in `keep`. At the start of a program only, before
/// anything of it has opened one.
///
/// # Errors
/// Those of close_range(2).
pub fn close_all_except(keep: &[RawFd]) -> io::Result<()> {
    let mut kept: Vec<u32> = keep.iter().filter_map(|fd| u32::try_from(*fd).ok()).collect();
    kept.sort_unstable();
    let mut next = 3_u32;
    for number in kept {
        if let Some(last) = number.checked_sub(1).filter(|last| *last >= next) {
            close_range(next, last)?;
        }
        next = next.max(number.saturating_add(1));
    }
    close_range(next, u32::MAX)
}

fn close_range(first: u32, last: u32) -> io::Result<()> {
    // SAFETY: integers by value. Nothing has opened these descriptors yet: the caller calls this
    // first, and the two of std's start are below 3.
    let answer = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0_u32) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The name of this thread as the kernel shows it (`comm`), cut to 15 bytes.
///
/// # Errors
/// `InvalidInput` for a NUL byte.
pub fn set_name(name: &str) -> io::Result<()> {
    let name = CString::new(name)?;
    Ok(rustix::thread::set_name(&name)?)
}

pub use crate::limits::set as set_rlimit;
