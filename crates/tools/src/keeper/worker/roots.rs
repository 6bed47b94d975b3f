//! The folders whose names are services: what stands in them, and hearing that it changes.

use super::folders::Identity;
use crate::options::shown;
use crate::say;
use crate::service::because;
use portreeve_supervise::native;
use portreeve_sys::descriptor::raise;
use portreeve_sys::file::is_remote;
use portreeve_sys::watch::{Detail, Watch, Watcher};
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, fstat, openat, readlinkat};
use rustix::io::Errno;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Links to more folders stand here, in any folder that is scanned by its name.
const LINKS: &str = native::DIRECTORIES;

/// Links that are followed, in one folder, and folders in all.
const MOST_LINKS: usize = 1024;

/// One folder of services.
#[derive(Debug)]
pub(super) struct Root {
    /// Where it is, as it was told.
    path: OsString,
    /// In front of its services' names, in messages.
    prefix: String,
    open: Option<(OwnedFd, Identity)>,
    watch: Option<Watch>,
    /// Whether all in it has been seen once: what is new is given a moment to become whole.
    pub(super) scanned: bool,
    /// Found through a link, by this root.
    through: Option<Identity>,
    /// Seen in the scan that is under way.
    seen: bool,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Roots {
    all: Vec<Root>,
    watcher: Option<Watcher>,
}

/// A name in a root.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) root: usize,
    pub(super) name: CString,
    /// For messages.
    pub(super) shown: String,
    /// The door has taken it away, and has put it where it is to be ended.
    pub(super) removed: bool,
}

impl Roots {
    /// The current folder and others by their paths.
    pub(super) fn new(paths: &[OsString]) -> Self {
        let root = |(index, path): (usize, &OsString)| match index {
            0 => Root::new(".".into(), String::new(), None),
            _ => Root::new(path.clone(), format!("{}/", shown(path)), None),
        };
        let watcher = Watcher::new().inspect_err(|error| {
            let why = crate::reason::reason(error);
            say(format!("svscan: warning: unable to watch directories: {why}\n"));
        });
        Self { all: paths.iter().enumerate().map(root).collect(), watcher: watcher.ok() }
    }

    /// Readable when something has changed; forgets what.
    pub(super) fn watcher(&mut self) -> Option<&mut Watcher> {
        self.watcher.as_mut()
    }

    /// A watch for a folder's own end, where one can be had.
    pub(super) fn watch_itself(&self, folder: BorrowedFd<'_>) -> Option<Watch> {
        self.watcher.as_ref()?.add_open(folder, Detail::Itself).ok()
    }

    pub(super) fn unwatch(&self, watch: Watch) {
        if let Some(watcher) = &self.watcher {
            watcher.remove(watch);
        }
    }

    pub(super) fn folder(&self, index: usize) -> Option<BorrowedFd<'_>> {
        Some(self.all.get(index)?.open.as_ref()?.0.as_fd())
    }

    /// Removes a service's folder that the door has put aside, if it is still that one there. It is first
    /// given another name, so that the door takes it back whole or not at all.
    pub(super) fn clear(&self, index: usize, name: &CStr, of: Identity) -> std::io::Result<()> {
        let Some(root) = self.all.get(index) else { return Ok(()) };
        let path = Path::new(&root.path).join(OsStr::from_bytes(name.to_bytes()));
        let Some(last) = path.file_name() else { return Ok(()) };
        let is_it = |path: &Path| rustix::fs::lstat(path).is_ok_and(|it| Identity::of(&it) == of);
        if !is_it(&path) {
            return Ok(());
        }
        let mut aside = OsString::from(".");
        aside.push(last);
        let aside = path.with_file_name(aside);
        if aside.exists() {
            std::fs::remove_dir_all(&aside)?; // what a keeper that has died left of it
        }
        match std::fs::rename(&path, &aside) {
            Ok(()) if is_it(&aside) => std::fs::remove_dir_all(aside),
            Ok(()) => std::fs::rename(aside, path), // another one, put there just now
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()), // taken back
            Err(error) => Err(error),
        }
    }

    pub(super) fn scanned(&self, index: usize) -> bool {
        self.all.get(index).is_some_and(|root| root.scanned)
    }

    /// All names of services now, and whether all could be seen and will be told of when they change.
    pub(super) fn scan(&mut self) -> (Vec<Found>, bool) {
        let mut found = Vec::new();
        let mut fine = self.follow_links();
        for (index, root) in self.all.iter_mut().enumerate() {
            fine &= root.ready(self.watcher.as_ref());
            fine &= root.list(index, &mut found);
            root.list_removed(index, &mut found);
        }
        (found, fine)
    }

    /// All of them have been scanned.
    pub(super) fn mark_scanned(&mut self) {
        self.all.iter_mut().for_each(|root| root.scanned |= root.open.is_some());
    }

    /// Takes in the folders that links lead to, and lets go of those that none leads to any more.
    fn follow_links(&mut self) -> bool {
        let mut fine = true;
        self.all.iter_mut().for_each(|root| root.seen = root.through.is_none());
        let own: Vec<usize> = (0..self.all.len()).collect();
        for index in own {
            let Some(root) = self.all.get_mut(index).filter(|root| root.through.is_none()) else {
                continue;
            };
            fine &= root.ready(self.watcher.as_ref());
            let Some((folder, identity)) = &root.open else { continue };
            let identity = *identity;
            let links = match openat(folder, LINKS, FOLDER, Mode::empty()) {
                Ok(links) => links,
                Err(Errno::NOENT) => continue,
                Err(error) => {
                    let why = because(error);
                    say(format!("svscan: warning: unable to open {LINKS}: {why}\n"));
                    fine = false;
                    continue;
                }
            };
            let watched = self.watcher.as_ref().map(|it| it.add_open(&links, Detail::Names));
            fine &= watched.is_some_and(|watched| watched.is_ok());
            for path in targets(&links) {
                let room = self.all.len() < MOST_LINKS;
                let have = |root: &&mut Root| root.path == path && root.through.is_some();
                match self.all.iter_mut().find(have) {
                    Some(root) => root.seen = true,
                    None if room => {
                        let prefix = format!("{}/", shown(&path));
                        self.all.push(Root::new(path, prefix, Some(identity)));
                    }
                    None => {}
                }
            }
        }
        let watcher = &self.watcher;
        self.all.retain(|root| {
            if let Some((watcher, watch)) = watcher.as_ref().zip(root.watch).filter(|_| !root.seen)
            {
                watcher.remove(watch);
            }
            root.seen
        });
        fine
    }
}

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// Where the links of a folder lead.
fn targets(links: &OwnedFd) -> Vec<OsString> {
    let Ok(names) = Dir::read_from(links) else { return Vec::new() };
    let names = names.filter_map(Result::ok).take(MOST_LINKS);
    let names = names.filter(|entry| !entry.file_name().to_bytes().starts_with(b"."));
    let target = |name: &CStr| readlinkat(links, name, Vec::new()).ok();
    let targets = names.filter_map(|entry| target(entry.file_name()));
    let targets = targets.map(|target| OsString::from_vec(target.into_bytes()));
    // one that is relative would begin in a place that nobody thinks of
    targets.filter(|target| Path::new(target).is_absolute()).collect()
}

impl Root {
    fn new(path: OsString, prefix: String, through: Option<Identity>) -> Self {
        Self { path, prefix, open: None, watch: None, scanned: false, through, seen: true }
    }

    fn warn(&self, what: &str, error: Errno) {
        let (path, why) = (shown(&self.path), because(error));
        let of = if path == "." { "directory".into() } else { format!("directory {path}") };
        say(format!("svscan: warning: unable to {what} {of}: {why}\n"));
    }

    /// Opens and watches it; whether it can be relied on to tell of changes.
    fn ready(&mut self, watcher: Option<&Watcher>) -> bool {
        // one that was removed may have come back at its place
        let gone = |fd: &OwnedFd| fstat(fd).is_ok_and(|stat| stat.st_nlink == 0);
        if self.open.take_if(|(fd, _)| gone(fd)).is_some() {
            self.watch = None;
        }
        if self.open.is_none() {
            let opened = openat(CWD, &self.path, FOLDER, Mode::empty()).and_then(|fd| {
                let identity = Identity::of(&fstat(&fd)?);
                Ok((raise(fd).map_err(|_| Errno::MFILE)?, identity))
            });
            match opened {
                Ok(opened) => self.open = Some(opened),
                Err(error) => {
                    self.warn("read", error);
                    return false;
                }
            }
        }
        let Some((fd, _)) = &self.open else { return false };
        if self.watch.is_none() {
            self.watch = watcher.and_then(|it| it.add_open(fd, Detail::Names).ok());
        }
        let local = Path::new(OsStr::from_bytes(self.path.as_bytes()));
        self.watch.is_some() && !is_remote(local).unwrap_or(true)
    }

    /// Adds the names in it; whether all could be read.
    fn list(&self, index: usize, found: &mut Vec<Found>) -> bool {
        let Some((fd, _)) = &self.open else { return false };
        let names = match Dir::read_from(fd) {
            Ok(names) => names,
            Err(error) => {
                self.warn("read", error);
                return false;
            }
        };
        for entry in names {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.warn("read", error);
                    return false;
                }
            };
            let name = entry.file_name();
            if !name.to_bytes().starts_with(b".") {
                let shown = format!("{}{}", self.prefix, name.to_string_lossy());
                found.push(Found { root: index, name: name.into(), shown, removed: false });
            }
        }
        true
    }

    /// Adds the names of services that are to be ended.
    fn list_removed(&self, index: usize, found: &mut Vec<Found>) {
        let Some((fd, _)) = self.open.as_ref().filter(|_| self.through.is_none()) else { return };
        let Ok(removed) = openat(fd, native::REMOVED, FOLDER, Mode::empty()) else { return };
        let names = Dir::read_from(&removed).into_iter().flatten().filter_map(Result::ok);
        for entry in names.filter(|it| !it.file_name().to_bytes().starts_with(b".")) {
            let shown = format!("{}{}", self.prefix, entry.file_name().to_string_lossy());
            let path = [native::REMOVED.as_bytes(), b"/", entry.file_name().to_bytes()].concat();
            if let Ok(name) = CString::new(path) {
                found.push(Found { root: index, name, shown, removed: true });
            }
        }
    }
}

/// What a name stands for, through links.
pub(super) fn look(root: BorrowedFd<'_>, name: &CStr) -> Result<rustix::fs::Stat, Errno> {
    rustix::fs::statat(root, name, AtFlags::empty())
}

/// Whether a name is a link itself.
pub(super) fn is_link(root: BorrowedFd<'_>, name: &CStr) -> bool {
    readlinkat(root, name, Vec::new()).is_ok()
}
