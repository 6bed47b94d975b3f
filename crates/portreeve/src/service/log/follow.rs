//! A log's folder: its files, and what is added to them.
//!
//! The writer appends to `current`. When that is full it becomes `previous`, then `@LABEL.s` (at once,
//! or what a processor makes of it does), and there is a new `current`; the oldest are removed. A file
//! is told by its number in the file system, whatever it is called meanwhile.

use super::PIECE;
use super::lines::Lines;
use crate::exit::{Exit, Failure};
use crate::render::text::visible;
use crate::service::tell::refused;
use crate::terminal::{self, Reader};
use portreeve_supervise::label::TEXT;
use portreeve_sys::file::open_regular;
use portreeve_sys::poll::{Interest, Poller};
use portreeve_sys::watch::{Detail, Watcher};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the folder is looked at, whatever is told of it.
const TICK: Duration = Duration::from_secs(1);

/// How often, where it cannot be watched.
const BLIND: Duration = Duration::from_millis(100);

/// Old files that are looked at, at most.
const MOST: usize = 100_000;

/// Which file it is.
type Number = (u64, u64);

/// The file that is followed.
struct Open {
    file: File,
    number: Number,
    /// The newest old file when this one was found, if there was one.
    after: Option<OsString>,
}

/// A log.
pub(super) struct Log {
    folder: PathBuf,
    open: Option<Open>,
}

impl Log {
    /// The log in a folder, without links.
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        let mut log = Self { folder: folder.to_owned(), open: None };
        log.open = log.newest().map_err(|error| log.failure(&error))?;
        Ok(log)
    }

    /// Trouble with its files.
    pub(super) fn failure(&self, error: &io::Error) -> Failure {
        let folder = visible(&self.folder.display().to_string());
        refused(format_args!("read the log in {folder}"), error)
    }

    /// The current file, from its beginning.
    pub(super) fn current(&self) -> io::Result<Option<File>> {
        self.open.as_ref().map(|open| open.file.try_clone()).transpose()
    }

    /// Names of the old files before the current one, the oldest first.
    pub(super) fn older(&self) -> io::Result<Vec<OsString>> {
        let mut names = self.old()?;
        if let Some(open) = &self.open {
            names.retain(|name| open.after.as_ref().is_some_and(|after| name <= after));
        }
        Ok(names)
    }

    /// A file of the folder, if it is there.
    pub(super) fn file(&self, name: &OsStr) -> io::Result<Option<File>> {
        match open_regular(&self.folder.join(name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Names of all old files, the oldest first.
    fn old(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)?.take(MOST) {
            let name = entry?.file_name();
            if name.as_encoded_bytes().starts_with(b"@") && name.len() >= TEXT {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The current file as it is now, and the newest old file before it.
    fn newest(&self) -> io::Result<Option<Open>> {
        let Some(file) = self.file(OsStr::new("current"))? else { return Ok(None) };
        let number = number(&file.metadata()?);
        // it may have become an old one since it was opened
        let old = self.old()?;
        let own = old.iter().position(|name| self.is(name, number)).unwrap_or(old.len());
        let after = own.checked_sub(1).and_then(|before| old.get(before)).cloned();
        Ok(Some(Open { file, number, after }))
    }

    fn is(&self, name: &OsStr, file: Number) -> bool {
        fs::metadata(self.folder.join(name)).is_ok_and(|meta| number(&meta) == file)
    }

    /// Writes what is added, until the reader leaves.
    pub(super) fn follow(mut self, out: &mut Lines<impl Write>) -> Result<Exit, Failure> {
        let mut bell = Bell::new(&self.folder).map_err(|error| self.failure(&error))?;
        loop {
            if self.catch_up(out)? == Reader::Gone {
                return Ok(Exit::Yes);
            }
            match bell.wait() {
                Ok(Reader::There) => {}
                Ok(Reader::Gone) => return Ok(Exit::Yes),
                Err(error) => return Err(Failure::system("wait for the log", &error)),
            }
        }
    }

    /// Writes all that is there and was not written.
    fn catch_up(&mut self, out: &mut Lines<impl Write>) -> Result<Reader, Failure> {
        loop {
            // first which file is current, then the old one to its end: nothing is added to it then
            let newest = self.newest().map_err(|error| self.failure(&error))?;
            if let Some(open) = &self.open
                && self.copy(&open.file, out)? == Reader::Gone
            {
                return Ok(Reader::Gone);
            }
            let Some(newest) = newest else { return Ok(Reader::There) };
            if self.open.as_ref().is_some_and(|open| open.number == newest.number) {
                return Ok(Reader::There);
            }
            for name in self.between(&newest).map_err(|error| self.failure(&error))? {
                let file = self.file(&name).map_err(|error| self.failure(&error))?;
                match file {
                    None => self.lost(),
                    Some(file) if self.copy(&file, out)? == Reader::Gone => {
                        return Ok(Reader::Gone);
                    }
                    Some(_) => {}
                }
            }
            self.open = Some(newest);
        }
    }

    /// Old files that came after the one that was followed and before this one.
    fn between(&self, newest: &Open) -> io::Result<Vec<OsString>> {
        let mut names = self.old()?;
        names.retain(|name| newest.after.as_ref().is_some_and(|after| name <= after));
        let Some(open) = &self.open else { return Ok(Vec::new()) };
        if let Some(own) = names.iter().position(|name| self.is(name, open.number)) {
            return Ok(names.split_off(own + 1));
        }
        if self.is(OsStr::new("previous"), open.number) {
            return Ok(Vec::new());
        }
        // it is gone: a processor made another of it, which is the first after it, or it was the oldest
        let before = open.after.clone();
        let whole = before.as_ref().is_none_or(|before| names.contains(before));
        names.retain(|name| before.as_ref().is_none_or(|before| name > before));
        if whole && !names.is_empty() {
            names.remove(0);
        } else if !whole {
            self.lost();
        }
        Ok(names)
    }

    fn lost(&self) {
        let folder = visible(&self.folder.display().to_string());
        terminal::remark(&format!(
            "portreeve: files of {folder} were removed before they were read: lines are missing here\n"
        ));
    }

    /// Copies a file from where it was read to, to its end.
    fn copy(&self, mut file: &File, out: &mut Lines<impl Write>) -> Result<Reader, Failure> {
        let mut piece = vec![0; PIECE];
        loop {
            let count = match file.read(&mut piece) {
                Ok(0) => return Ok(Reader::There),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.failure(&error)),
            };
            let written = out.push(piece.get(..count).unwrap_or_default());
            match written.map_err(|error| Failure::system("write to standard output", &error))? {
                Reader::There => {}
                Reader::Gone => return Ok(Reader::Gone),
            }
        }
    }
}

fn number(meta: &fs::Metadata) -> Number {
    (meta.dev(), meta.ino())
}

/// Rings when something changes in the folder, or the reader leaves.
struct Bell {
    poller: Poller,
    watcher: Option<Watcher>,
}

impl Bell {
    const FOLDER: u64 = 0;
    const READER: u64 = 1;

    fn new(folder: &Path) -> io::Result<Self> {
        let poller = Poller::new()?;
        let watcher = Watcher::new().ok();
        let watcher = watcher.filter(|watcher| watcher.add(folder, Detail::Files).is_ok());
        if let Some(watcher) = &watcher {
            poller.add(watcher, Self::FOLDER, Interest::READ)?;
        }
        match poller.add(io::stdout(), Self::READER, Interest::HANGUP) {
            // a regular file does not leave
            Err(error) if error.kind() != ErrorKind::PermissionDenied => Err(error),
            _ => Ok(Self { poller, watcher }),
        }
    }

    fn wait(&mut self) -> io::Result<Reader> {
        let mut events = Vec::new();
        let tick = if self.watcher.is_some() { TICK } else { BLIND };
        self.poller.wait(&mut events, Some(tick))?;
        if let Some(watcher) = &mut self.watcher {
            watcher.read();
        }
        let gone = events.iter().any(|event| event.token == Self::READER && event.hangup);
        Ok(if gone { Reader::Gone } else { Reader::There })
    }
}
