//! The folder of a built-in log, which whoever writes the log owns.

use crate::reason::reason;
use portreeve_supervise::plan::User;
use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, Uid, fchown, fstat, mkdirat, openat, renameat, statat,
};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Makes the folder if it is not there, and gives it to the user: whole, or not at all. One that is
/// there is left as it is. Folders above it are root's, and made so.
///
/// # Errors
/// As it is to be said.
pub(super) fn make(folder: &[u8], user: Option<&User>) -> Result<(), String> {
    let folder = Path::new(OsStr::from_bytes(folder));
    // multilog itself makes it where nobody is to be given anything
    let Some(user) = user.filter(|_| rustix::process::geteuid().is_root()) else { return Ok(()) };
    let failed = |error: Errno| {
        let why = reason(&error.into());
        format!("unable to make the log's folder {}: {why}", folder.display())
    };
    if statat(CWD, folder, AtFlags::empty()).is_ok() {
        return Ok(());
    }
    let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(failed(Errno::INVAL));
    };
    let above = own_folder(above).map_err(failed)?;
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(".new");
    // what a supervisor that has died left behind is taken
    match mkdirat(&above, &beside, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(failed(error)),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = openat(&above, &beside, flags, Mode::empty()).map_err(failed)?;
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    fchown(&made, Some(uid), Some(gid)).map_err(failed)?;
    rustix::fs::fchmod(&made, Mode::from_raw_mode(0o750)).map_err(failed)?;
    renameat(&above, &beside, &above, name).map_err(failed)
}

/// A folder that root alone writes to, made if it is not there.
fn own_folder(path: &Path) -> Result<OwnedFd, Errno> {
    let mut at = step(CWD, OsStr::new("/"))?;
    for part in path.components() {
        let std::path::Component::Normal(part) = part else { continue };
        match mkdirat(&at, part, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
        at = step(&at, part)?;
        if !is_roots(&at, Mode::SVTX)? {
            return Err(Errno::PERM);
        }
    }
    if is_roots(&at, Mode::empty())? { Ok(at) } else { Err(Errno::PERM) }
}

/// Whether root alone can put another thing into the place of one that is in this folder: nobody
/// else writes to it, or one of these bits is set.
fn is_roots(folder: &OwnedFd, but: Mode) -> Result<bool, Errno> {
    let stat = fstat(folder)?;
    let mode = Mode::from_raw_mode(stat.st_mode);
    let others = mode.intersects(Mode::WGRP | Mode::WOTH) && !mode.intersects(but);
    Ok(stat.st_uid == 0 && !others)
}

fn step(at: impl AsFd, part: &OsStr) -> Result<OwnedFd, Errno> {
    openat(at, part, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}
