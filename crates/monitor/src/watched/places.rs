//! The directories in which watched files may come and go.

use portreeve_sys::watch::{Change, Detail, Watch, Watcher};
use portreeve_wire::watched::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The directories, each with how the names begin that matter.
#[derive(Debug, Default)]
pub(super) struct Places {
    watcher: Option<Watcher>,
    set: BTreeMap<Watch, BTreeSet<Vec<u8>>>,
    /// Why not all of them are watched.
    pub(super) trouble: Option<String>,
}

impl Places {
    /// What becomes readable when something has come or gone.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.watcher.as_ref().map(AsFd::as_fd)
    }

    /// Watches these and no others. Says whether there is a watcher that was not there before.
    pub(super) fn fit(&mut self, places: &[Place]) -> bool {
        self.trouble = None;
        let mut made = false;
        if self.watcher.is_none() && !places.is_empty() {
            match Watcher::new() {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(error) => self.trouble = Some(error.to_string()),
            }
            made = self.watcher.is_some();
        }
        let Some(watcher) = &self.watcher else { return made };
        let mut set: BTreeMap<Watch, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for place in places {
            match watcher.add(Path::new(&place.path), Detail::Names) {
                Ok(watch) => set.entry(watch).or_default().extend(place.names.iter().cloned()),
                // gone meanwhile: the directory above tells
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => self.trouble = Some(format!("`{}`: {error}", place.path)),
            }
        }
        for (watch, _) in std::mem::replace(&mut self.set, set) {
            if !self.set.contains_key(&watch) {
                watcher.remove(watch);
            }
        }
        made
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
    use std::fs;

    #[test]
    fn only_names_that_matter_are_heard_of() {
        let name = format!("portreeve-places-{}", std::process::id());
        let root = std::env::temp_dir().canonicalize().unwrap().join(name);
        fs::create_dir_all(root.join("in")).unwrap();
        let place = |path: &Path, name: &str| Place {
            path: path.to_str().unwrap().to_owned(),
            names: vec![name.as_bytes().to_vec()],
        };
        let mut places = Places::default();
        assert!(places.fit(&[place(&root, "auth"), place(&root.join("in"), "")]));
        assert_eq!((places.trouble.clone(), places.read()), (None, false));
        fs::write(root.join("other"), "").unwrap();
        assert!(!places.read());
        fs::write(root.join("auth.log"), "").unwrap();
        assert!(places.read() && !places.read());
        fs::write(root.join("in/any"), "").unwrap();
        assert!(places.read());
        fs::remove_dir_all(root.join("in")).unwrap();
        assert!(places.read(), "a directory that goes");
        assert!(!places.fit(&[place(&root, "auth"), place(&root.join("in"), "")]));
        assert_eq!(places.trouble, None, "one that is not there is none to complain of");
        fs::remove_dir_all(root).unwrap();
    }
}
