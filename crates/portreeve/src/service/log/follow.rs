//! A log's folder: its files, and what is added to them.
//!
//! The writer appends to `current`. When that is full it becomes `previous`, then `@LABEL.s` (at once,
//! by way of `@LABEL.u`, or what a processor makes of it does), and there is a new `current`; the oldest
//! are removed. A file is told by its number in the file system, whatever it is called meanwhile.

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
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the folder is looked at, whatever is told of it.
const TICK: Duration = Duration::from_secs(1);

/// How often, where it cannot be watched.
const BLIND: Duration = Duration::from_millis(100);

/// How often a log is looked at that has no current file, and the pause between.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// Old files that are looked at, at most.
const MOST: usize = 100_000;

/// How often the names of a folder are read.
const READINGS: usize = 3;

/// Ends of the names of old files, in the order in which they are tried.
const KINDS: [&str; 3] = [".s", ".u", ".s"];

/// Which file it is.
type Number = (u64, u64);

/// The file that is followed.
struct Open {
    file: File,
    number: Number,
    /// The newest old file when this one was found, if there was one.
    after: Option<OsString>,
    /// There was a `previous` besides, which had not become an old one.
    pending: bool,
}

/// A log's files at a moment, from the newest to the oldest as they were found: a file only ever goes
/// from `current` to `previous` to an old one, so that none slips by.
struct Shot {
    open: Open,
    /// It has become an old one meanwhile.
    archived: bool,
    previous: Option<(File, Number)>,
    /// Those before both, the oldest first.
    old: Vec<(OsString, Option<Number>)>,
}

/// A log.
pub(super) struct Log {
    folder: PathBuf,
    open: Option<Open>,
    /// What was before the current file when the log was opened.
    previous: Option<File>,
    older: Vec<OsString>,
}

impl Log {
    /// The log in a folder, without links.
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        let folder = folder.to_owned();
        let mut log = Self { folder, open: None, previous: None, older: Vec::new() };
        log.look().map_err(|error| log.failure(&error))?;
        Ok(log)
    }

    fn look(&mut self) -> io::Result<()> {
        for _ in 0..TRIES {
            if let Some(shot) = self.shot()? {
                self.older = shot.old.into_iter().map(|(name, _)| name).collect();
                self.previous = shot.previous.map(|(file, _)| file);
                self.open = Some(shot.open);
                return Ok(());
            }
            // between two files there is no current one for a moment
            if self.file(OsStr::new("previous"))?.is_none() {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        self.older = self.old()?;
        self.previous = self.file(OsStr::new("previous"))?;
        Ok(())
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

    /// The file before it, where that had not become an old one.
    pub(super) fn previous(&self) -> io::Result<Option<File>> {
        self.previous.as_ref().map(File::try_clone).transpose()
    }

    /// Labels of the old files before both, the oldest first.
    pub(super) fn older(&self) -> Vec<OsString> {
        self.older.clone()
    }

    /// A file of the folder, if it is there.
    pub(super) fn file(&self, name: &OsStr) -> io::Result<Option<File>> {
        match open_regular(&self.folder.join(name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An old file by its label, if it is there. It is `@LABEL.u` until it is on the disk, and then
    /// `@LABEL.s`: it may become so while it is looked for.
    pub(super) fn archived(&self, label: &OsStr) -> io::Result<Option<File>> {
        for kind in KINDS {
            if let Some(file) = self.file(&named(label, kind))? {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// Labels of all old files, the oldest first. A name that changes while names are read may not be
    /// seen at all: they are read more than once.
    fn old(&self) -> io::Result<Vec<OsString>> {
        let mut labels = BTreeSet::new();
        for _ in 0..READINGS {
            for entry in fs::read_dir(&self.folder)?.take(MOST) {
                labels.extend(label(&entry?.file_name()));
            }
        }
        Ok(labels.into_iter().collect())
    }

    /// All files as they are now; nothing while there is no current one, or files come and go faster
    /// than they can be named.
    fn shot(&self) -> io::Result<Option<Shot>> {
        for _ in 0..TRIES {
            let Some(shot) = self.try_shot()? else { return Ok(None) };
            // what was current is still there, or has become an old one and is among them
            let there = ["current", "previous"];
            let there =
                there.iter().any(|name| self.number(OsStr::new(name)) == Some(shot.open.number));
            if there || shot.archived {
                return Ok(Some(shot));
            }
        }
        Ok(None)
    }

    fn try_shot(&self) -> io::Result<Option<Shot>> {
        let Some(file) = self.file(OsStr::new("current"))? else { return Ok(None) };
        let number = number(&file.metadata()?);
        let previous = self.file(OsStr::new("previous"))?;
        let names = self.old()?.into_iter().map(|label| {
            let number = KINDS.iter().find_map(|kind| self.number(&named(&label, kind)));
            (label, number)
        });
        let mut old: Vec<_> = names.collect();
        let is =
            |wanted: Number| move |(_, found): &(OsString, Option<Number>)| *found == Some(wanted);
        // it may have become an old one since it was opened; so may have what came after it
        let own = old.iter().position(is(number));
        let previous = match previous.filter(|_| own.is_none()) {
            None => None,
            Some(file) => Some((self::number(&file.metadata()?), file)),
        };
        let previous = previous.filter(|(it, _)| *it != number && !old.iter().any(is(*it)));
        old.truncate(own.unwrap_or(old.len()));
        let after = old.last().map(|(name, _)| name.clone());
        let open = Open { file, number, after, pending: previous.is_some() };
        let previous = previous.map(|(it, file)| (file, it));
        Ok(Some(Shot { open, archived: own.is_some(), previous, old }))
    }

    fn number(&self, name: &OsStr) -> Option<Number> {
        fs::metadata(self.folder.join(name)).ok().map(|meta| number(&meta))
    }

    /// Writes what is added, until the reader leaves or the folder is removed. Another folder in its
    /// place is followed on.
    pub(super) fn follow(mut self, out: &mut Lines<impl Write>) -> Result<Exit, Failure> {
        let mut watched = self.number(OsStr::new("."));
        let mut bell = Bell::new(&self.folder).map_err(|error| self.failure(&error))?;
        loop {
            // looked at before its files: what was written until it went is still read
            let place = self.number(OsStr::new("."));
            if self.catch_up(out)? == Reader::Gone {
                return Ok(Exit::Yes);
            }
            if place.is_none() {
                let folder = visible(&self.folder.display().to_string());
                terminal::remark(&format!("portreeve: {folder} is gone: nothing follows\n"));
                return Ok(Exit::Yes);
            }
            if place != watched {
                watched = place;
                bell = Bell::new(&self.folder).map_err(|error| self.failure(&error))?;
                continue;
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
            let current = self.number(OsStr::new("current"));
            if let Some(open) = &self.open
                && self.copy(&open.file, out)? == Reader::Gone
            {
                return Ok(Reader::Gone);
            }
            if current.is_none() || current == self.open.as_ref().map(|open| open.number) {
                return Ok(Reader::There);
            }
            let shot = self.shot().map_err(|error| self.failure(&error))?;
            let Some(shot) = shot else { return Ok(Reader::There) };
            for name in self.between(&shot) {
                let file = self.archived(&name).map_err(|error| self.failure(&error))?;
                match file {
                    None => self.lost(),
                    Some(file) if self.copy(&file, out)? == Reader::Gone => {
                        return Ok(Reader::Gone);
                    }
                    Some(_) => {}
                }
            }
            let own = self.open.as_ref().map(|open| open.number);
            if let Some((file, number)) = &shot.previous
                && own.is_some_and(|own| own != *number)
                && self.copy(file, out)? == Reader::Gone
            {
                return Ok(Reader::Gone);
            }
            self.open = Some(shot.open);
        }
    }

    /// Old files that came after the one that was followed and before the current one.
    fn between(&self, shot: &Shot) -> Vec<OsString> {
        let Some(open) = &self.open else { return Vec::new() };
        let mut names: Vec<_> = shot.old.iter().map(|(name, _)| name.clone()).collect();
        let own = shot.old.iter().position(|(_, number)| *number == Some(open.number));
        if let Some(own) = own {
            return names.split_off(own + 1);
        }
        if shot.previous.as_ref().is_some_and(|(_, number)| *number == open.number) {
            return Vec::new();
        }
        // it is gone: a processor made another of it, and of the one before it where that was pending;
        // or it was the oldest, and is removed
        let made = if open.pending { 2 } else { 1 };
        let whole = match &open.after {
            Some(before) => names.contains(before),
            None => names.len() <= made,
        };
        names.retain(|name| open.after.as_ref().is_none_or(|before| name > before));
        if whole {
            return names.split_off(made.min(names.len()));
        }
        self.lost();
        names
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

/// The label of an old file's name.
fn label(name: &OsStr) -> Option<OsString> {
    let (label, kind) = name.as_bytes().split_at_checked(TEXT)?;
    let old = label.first() == Some(&b'@') && matches!(kind, b".s" | b".u");
    old.then(|| OsStr::from_bytes(label).to_owned())
}

fn named(label: &OsStr, kind: &str) -> OsString {
    let mut name = label.to_owned();
    name.push(kind);
    name
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
