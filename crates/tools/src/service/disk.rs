//! The folder `supervise` of a service: what its supervisor shows, and hears by.
//!
//! Everything is opened relative to the service's folder, held as a descriptor: one supervisor may
//! have thousands, and where it stands itself does not matter.

use super::folder::{because, create};
use crate::reason::reason;
use crate::say;
use crate::trouble::Trouble;
use portreeve_supervise::record::{self, Record};
use portreeve_supervise::state::{self, State};
use portreeve_supervise::status::{SIZE, Status};
use portreeve_sys::clock;
use portreeve_sys::descriptor::raise;
use portreeve_sys::file::{is_remote_at, read_bounded_at};
use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, Stat, flock, fstat, mkdirat, mknodat, openat,
    readlinkat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// Its files, below the service's own folder.
const FOLDER: &str = "supervise";
const LOCK: &str = "supervise/lock";
const CONTROL: &str = "supervise/control";
const OK: &str = "supervise/ok";
const STATUS: &str = "supervise/status";
const NEW_STATUS: &str = "supervise/status.new";
const STATE: &str = "supervise/state";
const NEW_STATE: &str = "supervise/state.new";
const PROCESS: &str = "supervise/process";
const NEW_PROCESS: &str = "supervise/process.new";

/// No file system's clock is so coarse.
const COARSE: Duration = Duration::from_secs(3);

/// As a folder was once: seconds and nanoseconds. Another name in it, or one less, changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    changed: (i64, u64),
    modified: (i64, u64),
}

const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// What makes a process the supervisor of a service, as long as it, or whoever holds them for it,
/// has them open.
#[derive(Debug)]
pub(crate) struct Held {
    /// The service's folder; may be without the right to read (`O_PATH`).
    pub(crate) folder: OwnedFd,
    /// `supervise/lock`, locked.
    pub(crate) lock: OwnedFd,
    /// `supervise/control`, for reading, and for writing too so that it never ends.
    pub(crate) control: OwnedFd,
    /// `supervise/ok`, for reading: whoever can open it for writing knows of a supervisor.
    pub(crate) ok: OwnedFd,
}

/// A service's files.
#[derive(Debug)]
pub(crate) struct Disk {
    /// The service, as it was named.
    name: Box<str>,
    held: Held,
}

impl Disk {
    /// Makes what is not there, and takes the lock. What `first` writes is there before anybody
    /// is told, by `supervise/ok`, that there is a supervisor; gives what it gives.
    pub(super) fn open<T>(
        name: &str,
        folder: OwnedFd,
        first: impl FnOnce(&Files<'_>) -> T,
    ) -> Result<(Self, T), Trouble> {
        let at = folder.as_fd();
        // one that cannot be made is there, or what follows says why not
        if mkdirat(at, FOLDER, Mode::RWXU).is_err() {
            linked_folder(at, name)?;
        }
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NONBLOCK;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let unlocked =
            |error: Errno| Trouble::because(&deed("acquire", name, LOCK), because(error));
        let lock = openat(at, LOCK, flags, PRIVATE).map_err(unlocked)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(unlocked)?;
        let control = fifo(at, CONTROL, OFlags::RDWR).map_err(|error| {
            let what = if fifo(at, CONTROL, OFlags::RDONLY).is_ok() { "write" } else { "read" };
            Trouble::because(&deed(what, name, CONTROL), because(error))
        })?;
        let given = first(&Files { name, folder: at });
        let ok = fifo(at, OK, OFlags::RDONLY)
            .map_err(|error| Trouble::because(&deed("read", name, OK), because(error)))?;
        // out of the way of those that a start gives away: see `sys::spawn`
        let raise = |fd| {
            raise(fd).map_err(|error| Trouble::system(&format!("unable to hold {name}"), &error))
        };
        let (folder, lock) = (raise(folder)?, raise(lock)?);
        let (control, ok) = (raise(control)?, raise(ok)?);
        Ok((Self { name: name.into(), held: Held { folder, lock, control, ok } }, given))
    }

    /// From what another process of this supervisor has opened and locked.
    pub(super) fn resume(name: &str, held: Held) -> Self {
        Self { name: name.into(), held }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn held(&self) -> &Held {
        &self.held
    }

    pub(super) fn files(&self) -> Files<'_> {
        Files { name: &self.name, folder: self.held.folder.as_fd() }
    }

    /// Which process the service is: written before that process becomes the service. A disk that
    /// is full must not keep a service down: trouble is told, and then a supervisor that comes
    /// after this one will not find the process.
    pub(crate) fn record(&self, record: &Record) {
        let text = record.to_text();
        let files = self.files();
        // In its place, which takes half as many calls: nobody reads it but who has the lock, and half
        // of it names no process. The one that it is about goes no further until it is whole.
        if files.write_over(PROCESS, text.as_bytes()).is_ok() {
            return;
        }
        if let Err((_, error)) = files.replace(PROCESS, NEW_PROCESS, text.as_bytes(), 0o600) {
            let (name, why) = (&self.name, reason(&error));
            say(format!("supervise: warning: unable to write {name}/{PROCESS}: {why}\n"));
        }
    }
}

/// The files themselves.
#[derive(Debug)]
pub(super) struct Files<'a> {
    name: &'a str,
    folder: BorrowedFd<'a>,
}

impl Files<'_> {
    /// What the last supervisor wrote.
    pub(super) fn status(&self) -> Option<Status> {
        Status::from_bytes(&self.read(STATUS, SIZE).ok()?)
    }

    /// What it knew beyond that.
    pub(super) fn state(&self) -> Option<State> {
        State::parse(&self.read(STATE, state::MOST).ok()?)
    }

    pub(super) fn name(&self) -> &str {
        self.name
    }

    pub(super) fn folder(&self) -> BorrowedFd<'_> {
        self.folder
    }

    /// Whether there is a file of this name.
    pub(super) fn has(&self, file: &str) -> bool {
        statat(self.folder, file, AtFlags::empty()).is_ok()
    }

    /// Whether there is anything of this name, a link that leads nowhere too.
    pub(super) fn has_name(&self, file: &str) -> bool {
        !matches!(statat(self.folder, file, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT))
    }

    /// As the folder is now, if whoever adds a name to it from now on is sure to change that. Nothing
    /// while it is so new that the next change might get the same time (coarse as file systems'
    /// clocks are), and where times are another host's or another program's. `known` is one that it
    /// had before.
    pub(super) fn stamp(&self, known: Option<Stamp>) -> Option<Stamp> {
        let stat = fstat(self.folder).ok()?;
        let seconds = u64::try_from(stat.st_mtime.max(stat.st_ctime)).ok()?;
        let age = clock::wall().checked_sub(Duration::from_secs(seconds))?;
        let stamp = Stamp {
            changed: (stat.st_ctime, stat.st_ctime_nsec),
            modified: (stat.st_mtime, stat.st_mtime_nsec),
        };
        let ours = || is_remote_at(self.folder).is_ok_and(|remote| !remote);
        (known == Some(stamp) || age > COARSE && ours()).then_some(stamp)
    }

    /// A file, if it is one and holds at most so many bytes.
    pub(super) fn read(&self, file: &str, most: usize) -> io::Result<Vec<u8>> {
        Ok(read_bounded_at(self.folder, Path::new(file), most)?.bytes)
    }

    /// Shows how the service is. Trouble is told, and no reason to end.
    pub(super) fn write(&self, status: Status) {
        self.show(STATUS, NEW_STATUS, &status.to_bytes());
    }

    /// Shows what is beyond that.
    pub(super) fn write_state(&self, state: &State) {
        self.show(STATE, NEW_STATE, state.to_text().as_bytes());
    }

    fn show(&self, path: &str, beside: &str, bytes: &[u8]) {
        let Err((what, error)) = self.replace(path, beside, bytes, 0o644) else { return };
        // a folder that has been removed shows nothing to anybody
        if fstat(self.folder).is_ok_and(|stat| stat.st_nlink == 0) {
            return;
        }
        let (name, error) = (self.name, reason(&error));
        let to = match what {
            "rename" => format!(" to {}", path.strip_prefix("supervise/").unwrap_or(path)),
            _ => String::new(),
        };
        say(format!("supervise: warning: unable to {what} {name}/{beside}{to}: {error}\n"));
    }

    /// The process that the last supervisor started.
    pub(super) fn record(&self) -> Option<Record> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(self.folder, PROCESS, flags, Mode::empty()).ok()?;
        let stat = fstat(&file).ok()?;
        // The folder may be another user's, who then may tell the service anything. But whoever could
        // write this, or put another service's in its place, could have any process taken for the
        // service, and ended.
        if !is_ours(&stat) {
            return None;
        }
        let most = u64::try_from(record::MOST).unwrap_or(u64::MAX).saturating_add(1);
        let mut text = Vec::new();
        File::from(file).take(most).read_to_end(&mut text).ok()?;
        if text.len() > record::MOST { None } else { Record::parse(&text) }
    }

    /// Puts a file into another's place, whole; else what could not be done, and why. Where the disk
    /// is full, what is there is written over, which takes no room.
    fn replace(
        &self,
        path: &str,
        beside: &str,
        bytes: &[u8],
        mode: u32,
    ) -> Result<(), (&'static str, io::Error)> {
        self.replace_whole(path, beside, bytes, mode).or_else(|(what, error)| {
            let full = matches!(Errno::from_io_error(&error), Some(Errno::NOSPC | Errno::DQUOT));
            if full && self.write_over(path, bytes).is_ok() {
                let _ = unlinkat(self.folder, beside, AtFlags::empty()); // the next one empties it
                return Ok(());
            }
            Err((what, error))
        })
    }

    fn write_over(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut file = File::from(openat(self.folder, path, flags, Mode::empty())?);
        let stat = fstat(&file)?;
        if !is_ours(&stat) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        file.write_all(bytes)?;
        let length = u64::try_from(bytes.len()).unwrap_or(0);
        if u64::try_from(stat.st_size).is_ok_and(|size| size <= length) {
            return Ok(());
        }
        file.set_len(length)
    }

    fn replace_whole(
        &self,
        path: &str,
        beside: &str,
        bytes: &[u8],
        mode: u32,
    ) -> Result<(), (&'static str, io::Error)> {
        let file = create(self.folder, beside, mode).map_err(|error| ("open", error.into()))?;
        File::from(file).write_all(bytes).map_err(|error| ("write", error))?;
        renameat(self.folder, beside, self.folder, path).map_err(|error| ("rename", error.into()))
    }
}

/// Whether a file can only be what a supervisor of this user, or root's, has made of it: a regular one,
/// by no second name, that nobody else may write.
fn is_ours(stat: &Stat) -> bool {
    let own = [0, rustix::process::geteuid().as_raw()].contains(&stat.st_uid);
    let others = Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH);
    let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    own && !others && regular && stat.st_nlink == 1
}

/// `supervise` may be a link to a place that does not exist yet (as Debian's supervise has it).
fn linked_folder(folder: BorrowedFd<'_>, name: &str) -> Result<(), Trouble> {
    if !matches!(statat(folder, FOLDER, AtFlags::empty()), Err(Errno::NOENT)) {
        return Ok(());
    }
    match readlinkat(folder, FOLDER, Vec::new()) {
        Ok(target) => {
            let _ = mkdirat(folder, target, Mode::RWXU); // what follows says why not
            Ok(())
        }
        Err(Errno::NOENT | Errno::INVAL) => Ok(()),
        Err(error) => {
            Err(Trouble::because(&format!("unable to readlink {name}/{FOLDER}"), because(error)))
        }
    }
}

/// A pipe with a name, opened without waiting for the other end.
fn fifo(folder: BorrowedFd<'_>, path: &str, access: OFlags) -> Result<OwnedFd, Errno> {
    match mknodat(folder, path, FileType::Fifo, PRIVATE, 0) {
        Ok(()) | Err(Errno::EXIST | Errno::ROFS | Errno::ACCESS) => {}
        Err(error) => return Err(error),
    }
    let flags = access | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = openat(folder, path, flags, Mode::empty())?;
    // anything else would be readable at all times, and never hold a command
    let is_fifo = FileType::from_raw_mode(fstat(&opened)?.st_mode) == FileType::Fifo;
    if is_fifo { Ok(opened) } else { Err(Errno::INVAL) }
}

fn deed(what: &str, name: &str, file: &str) -> String {
    format!("unable to {what} {name}/{file}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_supervise::record::Role;
    use rustix::fs::CWD;
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::path::PathBuf;

    fn place(name: &str) -> (PathBuf, OwnedFd) {
        let path = std::env::temp_dir().join(format!("portreeve-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join(FOLDER)).unwrap();
        let folder = OwnedFd::from(File::open(&path).unwrap());
        (path, folder)
    }

    #[test]
    fn what_has_the_name_of_a_new_file_is_neither_followed_nor_waited_for() {
        let (path, folder) = place("disk-new");
        let others = path.join("others");
        fs::write(&others, "whole").unwrap();
        symlink(&others, path.join(NEW_STATUS)).unwrap();
        fs::hard_link(&others, path.join(NEW_STATE)).unwrap();
        mknodat(CWD, path.join(NEW_PROCESS), FileType::Fifo, PRIVATE, 0).unwrap();
        let files = Files { name: "s", folder: folder.as_fd() };
        for (file, beside) in [(STATUS, NEW_STATUS), (STATE, NEW_STATE), (PROCESS, NEW_PROCESS)] {
            files.replace(file, beside, b"x", 0o600).unwrap();
            let stat = fs::symlink_metadata(path.join(file)).unwrap();
            assert!(stat.is_file() && !stat.file_type().is_fifo(), "{file}");
            assert!(!path.join(beside).exists());
        }
        assert_eq!(files.read("others", 9).unwrap(), b"whole");
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_process_is_adopted_by_a_record_that_only_a_supervisor_can_have_written() {
        let (path, folder) = place("disk-record");
        let files = Files { name: "s", folder: folder.as_fd() };
        let record = Record { boot: "b".into(), pid: 7, start: 8, role: Role::Run(None) };
        let write = || {
            let text = record.to_text();
            files.replace(PROCESS, NEW_PROCESS, text.as_bytes(), 0o600).unwrap();
        };
        write();
        assert_eq!(files.record(), Some(record.clone()));
        let own = path.join(PROCESS);
        fs::set_permissions(&own, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(files.record(), None, "anybody may write it");
        write();
        fs::hard_link(&own, path.join("another")).unwrap();
        assert_eq!(files.record(), None, "another service's");
        fs::remove_file(&own).unwrap();
        symlink(path.join("another"), &own).unwrap();
        assert_eq!(files.record(), None, "likewise");
        if rustix::process::geteuid().is_root() {
            write();
            std::os::unix::fs::chown(&own, Some(1), None).unwrap();
            assert_eq!(files.record(), None, "another user's");
        }
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn nothing_but_a_pipe_is_a_control() {
        let (path, folder) = place("disk-control");
        fs::write(path.join(CONTROL), "").unwrap();
        let opened = fifo(folder.as_fd(), CONTROL, OFlags::RDWR);
        assert_eq!(opened.unwrap_err(), Errno::INVAL);
        fs::remove_file(path.join(CONTROL)).unwrap();
        symlink("/dev/null", path.join(CONTROL)).unwrap();
        assert_eq!(fifo(folder.as_fd(), CONTROL, OFlags::RDWR).unwrap_err(), Errno::LOOP);
        fs::remove_file(path.join(CONTROL)).unwrap();
        fifo(folder.as_fd(), CONTROL, OFlags::RDWR).unwrap();
        fs::remove_dir_all(path).unwrap();
    }
}
