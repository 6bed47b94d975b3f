//! Directories of our own.

use std::{io, path::Path};

use rustix::{
    fs::{CWD, Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, mkdirat, openat},
    io::Errno,
};

/// Makes sure that `path` is a directory with the permission bits `mode` and, if given, owner and
/// group. Missing parents are made with mode 0755.
///
/// # Errors
/// `ELOOP` or `ENOTDIR` when something else, a symbolic link too, has the name; `EPERM` when the
/// directory belongs to a stranger (neither `owner`, nor this user, nor root).
pub fn make_state_dir(path: &Path, mode: u32, owner: Option<(u32, u32)>) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    match mkdirat(CWD, path, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = openat(CWD, path, flags, Mode::empty())?;
    let stat = fstat(&fd)?;
    let own = rustix::process::geteuid().as_raw();
    let wanted = owner.map_or(own, |(uid, _)| uid);
    if ![0, own, wanted].contains(&stat.st_uid) {
        return Err(Errno::PERM.into());
    }
    if let Some((uid, gid)) = owner
        && (stat.st_uid, stat.st_gid) != (uid, gid)
    {
        fchown(&fd, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    }
    if stat.st_mode & 0o7777 != mode {
        fchmod(&fd, Mode::from_raw_mode(mode))?;
    }
    Ok(())
}
