//! The directories in which watched files may come and go.

use portreeve_sys::watch::{Change, Detail, Watch, Watcher};
use portreeve_wire::watched::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

/// The directories, each with how the names begin that matter.
#[derive(Debug, Default)]
pub(super) struct Places {
    watcher: Option<Watcher>,
    /// It has not been asked for.
    made: bool,
    set: BTreeMap<Watch, BTreeSet<Vec<u8>>>,
    /// Those that the look at hand has found.
    seen: BTreeMap<Watch, BTreeSet<Vec<u8>>>,
    /// Why not all of them are watched.
    pub(super) trouble: Option<String>,
}

impl Places {
    /// A look begins.
    pub(super) fn begin(&mut self) {
        (self.seen, self.trouble) = (BTreeMap::new(), None);
    }

    /// The look has found a directory: it is watched from now on.
    pub(super) fn see(&mut self, place: &Place, directory: impl AsFd) {
        if self.watcher.is_none() {
            match Watcher::new() {
                Ok(watcher) => (self.watcher, self.made) = (Some(watcher), true),
                Err(error) => self.trouble = Some(error.to_string()),
            }
        }
        let Some(watcher) = &self.watcher else { return };
        match watcher.add_open(directory, Detail::Names) {
            Ok(watch) => {
                for all in [&mut self.set, &mut self.seen] {
                    all.entry(watch).or_default().insert(place.name.clone());
                }
            }
            // gone meanwhile: the directory above tells
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.trouble = Some(format!("`{}`: {error}", place.path)),
        }
    }

    /// The look is over. If it was whole, directories that it has not found are left.
    pub(super) fn end(&mut self, whole: bool) {
        let seen = std::mem::take(&mut self.seen);
        if !whole {
            return;
        }
        for (watch, _) in std::mem::replace(&mut self.set, seen) {
            if !self.set.contains_key(&watch) {
                self.watcher.iter().for_each(|watcher| watcher.remove(watch));
            }
        }
    }

    /// What becomes readable, if it is new since this was last asked.
    pub(super) fn new_fd(&mut self) -> Option<BorrowedFd<'_>> {
        std::mem::take(&mut self.made).then_some(self.watcher.as_ref()?.as_fd())
    }

    /// Whether anything has come or gone that matters.
    pub(super) fn read(&mut self) -> bool {
        let (mut matters, mut gone) = (false, Vec::new());
        for seen in self.watcher.as_mut().map(Watcher::read).unwrap_or_default() {
            let names = seen.watch.and_then(|watch| self.set.get(&watch));
            matters |= match (seen.change, &seen.name) {
                (Change::Lost | Change::Gone, _) | (_, None) => true,
                (Change::Name | Change::Written | Change::Closed, Some(name)) => {
                    names.into_iter().flatten().any(|begin| name.as_bytes().starts_with(begin))
                }
            };
            if seen.change == Change::Gone {
                gone.extend(seen.watch);
            }
        }
        for watch in gone {
            self.set.remove(&watch);
            self.watcher.iter().for_each(|watcher| watcher.remove(watch));
        }
        matters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_sys::file::open_place;
    use std::fs;
    use std::path::Path;

    #[test]
    fn only_names_that_matter_are_heard_of() {
        let name = format!("portreeve-places-{}", std::process::id());
        let root = std::env::temp_dir().canonicalize().unwrap().join(name);
        fs::create_dir_all(root.join("in")).unwrap();
        let see = |places: &mut Places, path: &Path, name: &str| {
            let name = name.as_bytes().to_vec();
            let place = Place { path: path.to_str().unwrap().to_owned(), name };
            places.see(&place, open_place(path).unwrap().fd);
        };
        let mut places = Places::default();
        places.begin();
        see(&mut places, &root, "auth");
        see(&mut places, &root.join("in"), "");
        places.end(true);
        assert!(places.new_fd().is_some() && places.new_fd().is_none());
        assert_eq!((places.trouble.clone(), places.read()), (None, false));
        fs::write(root.join("other"), "").unwrap();
        assert!(!places.read());
        fs::write(root.join("auth.log"), "").unwrap();
        assert!(places.read() && !places.read());
        fs::write(root.join("in/any"), "").unwrap();
        assert!(places.read());
        fs::remove_dir_all(root.join("in")).unwrap();
        assert!(places.read(), "a directory that goes");
        // a look that did not get to its end leaves no directory
        places.begin();
        places.end(false);
        fs::write(root.join("auth.1"), "").unwrap();
        assert!(places.read());
        places.begin();
        see(&mut places, &root, "other");
        places.end(true);
        fs::write(root.join("auth.2"), "").unwrap();
        assert!(!places.read());
        fs::remove_dir_all(root).unwrap();
    }
}
