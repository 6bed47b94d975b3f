//! A log: a folder with a current file and a bounded number of old ones.

use super::full::{FINISHED, Full, named};
use super::insist;
use super::processor;
use crate::options::shown;
use crate::trouble::Trouble;
use portreeve_supervise::label::{Label, TEXT};
use portreeve_supervise::script::Log;
use portreeve_sys::clock::wall;
use rustix::fs::{
    AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, fchmod, flock, fstat, fsync, mkdir, openat,
    renameat, statat, unlinkat,
};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// A file is full this many bytes before its size, where a line ends.
const SPARE: u64 = 2000;

/// Bytes that are held before they are written: a whole read, labels included, where its lines are
/// of the usual length.
const BUFFER: usize = 128 << 10;

/// Room for what comes on top of them.
const ROOM: usize = 4 << 10;

/// A file being written.
const OPEN: Mode = Mode::from_raw_mode(0o644);

/// One log.
pub(super) struct Folder {
    name: String,
    log: Log,
    folder: OwnedFd,
    _lock: OwnedFd,
    current: File,
    /// Bytes of the current file, those in the buffer included.
    bytes: u64,
    buffer: Vec<u8>,
    full: Full,
}

impl Folder {
    /// Opens it, takes its lock, and puts in order what an end without warning has left.
    pub(super) fn open(log: &Log) -> Result<Self, Trouble> {
        let path = OsStr::from_bytes(&log.folder);
        let name = shown(path);
        let trouble =
            |deed: String| move |error: Errno| Trouble::system(&deed, &io::Error::from(error));
        let _ = mkdir(path, Mode::RWXU); // it is there, or what follows says why not
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, path, flags, Mode::empty())
            .map_err(trouble(format!("unable to open directory {name}")))?;
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC;
        let busy = format!("unable to lock directory {name}");
        let lock = openat(&folder, "lock", flags | OFlags::NONBLOCK, Mode::RUSR | Mode::WUSR)
            .map_err(trouble(busy.clone()))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(trouble(busy))?;
        let left = match statat(&folder, "current", AtFlags::empty()) {
            Ok(stat) => stat.st_mode & 0o100 != 0,
            Err(Errno::NOENT) => false,
            Err(error) => return Err(trouble(format!("unable to stat {name}/current"))(error)),
        };
        let place = Place { folder: &folder, name: &name };
        if !left {
            place.recover(log)?;
        }
        let current =
            place.open_current().map_err(trouble(format!("unable to append to {name}/current")))?;
        fchmod(&current, OPEN).map_err(trouble(format!("unable to set mode of {name}/current")))?;
        let stat = fstat(&current).map_err(trouble(format!("unable to stat {name}/current")))?;
        let bytes = u64::try_from(stat.st_size).unwrap_or(0);
        let (log, buffer) = (log.clone(), Vec::with_capacity(BUFFER.saturating_add(ROOM)));
        let (current, full) = (File::from(current), Full::default());
        Ok(Self { name, log, folder, _lock: lock, current, bytes, buffer, full })
    }

    /// Takes bytes; a file that reaches its size is finished there, in the middle of a line too.
    pub(super) fn append(&mut self, mut bytes: &[u8]) {
        loop {
            let room = self.log.size.saturating_sub(self.bytes);
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, b""));
            self.buffer.extend_from_slice(now);
            self.bytes = self.bytes.saturating_add(u64::try_from(now.len()).unwrap_or(0));
            if self.buffer.len() >= BUFFER {
                self.write_out();
            }
            if self.bytes >= self.log.size {
                self.rotate();
            }
            if later.is_empty() {
                return;
            }
            bytes = later;
        }
    }

    /// Takes a whole line, its end included, behind a label where there is one.
    pub(super) fn line(&mut self, label: &[u8], line: &[u8]) {
        let length = u64::try_from(label.len().saturating_add(line.len())).unwrap_or(u64::MAX);
        let bytes = self.bytes.saturating_add(length);
        if bytes < self.log.size.saturating_sub(SPARE) && self.buffer.len() < BUFFER {
            self.buffer.extend_from_slice(label);
            self.buffer.extend_from_slice(line);
            self.bytes = bytes;
        } else {
            self.append(label);
            self.append(line);
            self.end_line();
        }
    }

    /// A line has ended.
    pub(super) fn end_line(&mut self) {
        if self.bytes >= self.log.size.saturating_sub(SPARE) {
            self.rotate();
        }
    }

    /// Writes what is held; comes back when it is written.
    pub(super) fn write_out(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        let mut written = 0;
        while let Some(rest) = self.buffer.get(written..).filter(|rest| !rest.is_empty()) {
            let name = &self.name;
            let count = insist(
                || format!("unable to write to {name}/current"),
                || match self.current.write(rest) {
                    Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                    other => other,
                },
            );
            written = written.saturating_add(count);
        }
        self.buffer.clear();
    }

    /// A new file at once, unless the current one is empty.
    pub(super) fn rotate_now(&mut self) {
        if self.bytes > 0 {
            self.rotate();
        }
    }

    fn rotate(&mut self) {
        self.write_out();
        match self.log.processor.clone() {
            Some(command) => self.process(&command),
            None => self.set_aside(),
        }
    }

    /// The full file becomes an old one, and goes to the disk with the next ones if more is coming.
    fn set_aside(&mut self) {
        let (name, place) = (&self.name, Place { folder: &self.folder, name: &self.name });
        self.full.make_way(&self.folder, name);
        insist(
            || format!("unable to rename current to previous in directory {name}"),
            || Ok(renameat(&self.folder, "current", &self.folder, "previous")?),
        );
        let fresh = place.open_current();
        if fresh.is_err() {
            // where descriptors are few, those that wait are the first to do without
            self.full.finish(&self.folder, name);
        }
        let fresh = fresh.map_or_else(|_| place.fresh(), |fresh| place.opened(fresh));
        let bytes = std::mem::take(&mut self.bytes);
        let full = std::mem::replace(&mut self.current, fresh);
        let enough = self.full.take(full, place.label(), bytes);
        // the previous one is not among those that are counted there
        place.prune(self.log.files.saturating_sub(1));
        if enough {
            self.finish();
        }
    }

    /// Nothing more is coming for now: what is full goes to the disk.
    pub(super) fn finish(&mut self) {
        self.full.finish(&self.folder, &self.name);
    }

    /// Whether something full is not on the disk yet.
    pub(super) fn unfinished(&self) -> bool {
        self.full.wait()
    }

    /// The full file passes through a command before it becomes an old one.
    fn process(&mut self, command: &[u8]) {
        let (name, place) = (&self.name, Place { folder: &self.folder, name: &self.name });
        insist(|| format!("unable to write {name}/current to disk"), || Ok(fsync(&self.current)?));
        insist(
            || format!("unable to rename current to previous in directory {name}"),
            || Ok(renameat(&self.folder, "current", &self.folder, "previous")?),
        );
        let full = std::mem::replace(&mut self.current, place.fresh());
        insist(
            || format!("unable to set mode of {name}/previous"),
            || Ok(fchmod(&full, FINISHED)?),
        );
        drop(full);
        self.bytes = 0;
        processor::run(command, &self.folder, name);
        // first what has been processed: one that is killed in between must not keep both
        place.remove("previous");
        place.archive("processed", 's', self.log.files);
        insist(
            || format!("unable to rename newstate to state in directory {name}"),
            || Ok(renameat(&self.folder, "newstate", &self.folder, "state")?),
        );
    }

    /// Everything is on the disk, and the file says so.
    pub(super) fn close(&mut self) {
        self.write_out();
        self.finish();
        let name = &self.name;
        insist(|| format!("unable to write {name}/current to disk"), || Ok(fsync(&self.current)?));
        insist(
            || format!("unable to set mode of {name}/current"),
            || Ok(fchmod(&self.current, FINISHED)?),
        );
    }
}

/// A folder's files, by name.
struct Place<'f> {
    folder: &'f OwnedFd,
    name: &'f str,
}

impl Place<'_> {
    fn open_current(&self) -> Result<OwnedFd, Errno> {
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NONBLOCK;
        openat(self.folder, "current", flags | OFlags::CLOEXEC, OPEN)
    }

    /// A new current file.
    fn fresh(&self) -> File {
        let name = self.name;
        let deed = || format!("unable to create {name}/current");
        self.opened(insist(deed, || Ok(self.open_current()?)))
    }

    /// The same, once it is open.
    fn opened(&self, fresh: OwnedFd) -> File {
        let deed = || format!("unable to set mode of {}/current", self.name);
        insist(deed, || Ok(fchmod(&fresh, OPEN)?));
        File::from(fresh)
    }

    /// The label of this moment; of two in one moment, the next microsecond is as good.
    fn label(&self) -> [u8; TEXT] {
        insist(
            || format!("unable to stat old files in directory {}", self.name),
            || {
                let label = Label::at(wall()).to_text();
                let taken = self.there(&named(&label, 'u'))? || self.there(&named(&label, 's'))?;
                if taken { Err(io::ErrorKind::Interrupted.into()) } else { Ok(label) }
            },
        )
    }

    /// Whether there is something of this name.
    fn there(&self, file: &str) -> io::Result<bool> {
        match statat(self.folder, file, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// What a multilog that was killed left: nothing that was written is thrown away.
    fn recover(&self, log: &Log) -> Result<(), Trouble> {
        for old in ["state", "newstate"] {
            self.remove(old);
        }
        let finished = match statat(self.folder, "processed", AtFlags::empty()) {
            Ok(stat) => stat.st_mode & 0o100 != 0,
            Err(_) => false,
        };
        if finished {
            self.remove("previous");
            self.archive("processed", 's', log.files);
        } else {
            self.remove("processed");
            self.archive("previous", 'u', log.files);
        }
        self.archive("current", 'u', log.files);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let state = openat(self.folder, "state", flags, OPEN);
        state.map(drop).map_err(|error| {
            Trouble::system(&format!("unable to write to {}/state", self.name), &error.into())
        })
    }

    fn remove(&self, file: &str) {
        insist(
            || format!("unable to remove {}/{file}", self.name),
            || match unlinkat(self.folder, file, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(error) => Err(error.into()),
            },
        );
    }

    /// A file, if it is there, becomes an old one; the oldest go. It has one name at any moment: who is
    /// killed here leaves nothing that would be taken for two.
    fn archive(&self, file: &str, kind: char, files: u32) {
        if !insist(|| format!("unable to stat {}/{file}", self.name), || self.there(file)) {
            return;
        }
        // the ancestor's has two names for a moment
        if insist(|| format!("unable to read directory {}", self.name), || self.is_old(file)) {
            return self.remove(file);
        }
        let old = named(&self.label(), kind);
        insist(
            || format!("unable to rename {}/{file} to {old}", self.name),
            || Ok(renameat(self.folder, file, self.folder, &old)?),
        );
        self.prune(files);
    }

    /// As long as there are too many, the oldest goes; names that are longer than a label count by
    /// their beginning.
    fn prune(&self, files: u32) {
        let most = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(1);
        let mut old = insist(|| format!("unable to read directory {}", self.name), || self.old());
        old.sort_by(|a, b| a.get(..TEXT).cmp(&b.get(..TEXT)));
        let too_many = old.len().saturating_sub(most);
        for name in old.iter().take(too_many) {
            let name = OsStr::from_bytes(name);
            insist(
                || format!("unable to remove {}/{}", self.name, shown(name)),
                || match unlinkat(self.folder, name, AtFlags::empty()) {
                    Ok(()) | Err(Errno::NOENT) => Ok(()),
                    Err(error) => Err(error.into()),
                },
            );
        }
    }

    /// Whether a file is an old one already, by another name.
    fn is_old(&self, file: &str) -> io::Result<bool> {
        let stat = statat(self.folder, file, AtFlags::SYMLINK_NOFOLLOW)?;
        let same = |name: &Vec<u8>| {
            let other = statat(self.folder, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW);
            other.is_ok_and(|it| (it.st_dev, it.st_ino) == (stat.st_dev, stat.st_ino))
        };
        Ok(stat.st_nlink > 1 && self.old()?.iter().any(same))
    }

    fn old(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(self.folder.as_fd())? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name.first() == Some(&b'@') && name.len() >= TEXT {
                names.push(name.to_vec());
            }
        }
        Ok(names)
    }
}
