//! The watches of the sources: set where the plan says, read, and backed by looking now and then.

use crate::sources::images::Held;
use crate::sources::plan::{Plan, Told};
use portreeve_model::{Mark, Reach, Watched};
use portreeve_sys::watch::{Change, Detail, Stamp, Watch, Watcher, look};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// A file that had changed so many seconds before it was read may have changed again unseen: clocks
/// of file systems are coarse.
const COARSE: i64 = 1;

/// All watches.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    watcher: Option<Watcher>,
    plan: Plan,
    set: BTreeMap<Watch, BTreeSet<PathBuf>>,
    /// Why not everything is watched.
    pub(crate) trouble: Option<String>,
}

impl Watches {
    /// What becomes readable when something has changed.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.watcher.as_ref().map(AsFd::as_fd)
    }

    /// Watches for these, and no others. Gives the sources whose directories were not watched
    /// before, and whether there is a watcher that was not there before.
    pub(crate) fn fit(&mut self, held: &[Held]) -> (BTreeSet<usize>, bool) {
        self.plan = Plan::of(held);
        self.trouble = None;
        let mut made = false;
        if self.watcher.is_none() && self.plan.directories().next().is_some() {
            match Watcher::new() {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(error) => self.trouble = Some(error.to_string()),
            }
            made = self.watcher.is_some();
        }
        let mut new = BTreeSet::new();
        let mut set: BTreeMap<Watch, BTreeSet<PathBuf>> = BTreeMap::new();
        for (path, detail) in self.plan.directories() {
            let Some(watcher) = &self.watcher else { break };
            match watcher.add(path, detail) {
                Ok(watch) => {
                    if set.contains_key(&watch) {
                        // the same directory by another path: whatever either wants is told
                        let _ = watcher.add(path, Detail::Files);
                    }
                    if !self.set.get(&watch).is_some_and(|paths| paths.contains(path)) {
                        new.extend(self.plan.sources_in(path));
                    }
                    set.entry(watch).or_default().insert(path.to_owned());
                }
                // the directory above tells when it comes
                Err(error) if is_absent(&error) => {}
                Err(error) => self.trouble = Some(error.to_string()),
            }
        }
        for (watch, _) in std::mem::replace(&mut self.set, set) {
            if let (false, Some(watcher)) = (self.set.contains_key(&watch), &self.watcher) {
                watcher.remove(watch);
            }
        }
        (new, made)
    }

    /// What has happened since this was asked last; `None` when all may have changed.
    pub(crate) fn read(&mut self) -> Option<Vec<Told>> {
        let (mut told, mut gone) = (Vec::new(), Vec::new());
        for seen in self.watcher.as_mut().map(Watcher::read).unwrap_or_default() {
            if seen.change == Change::Lost {
                return None;
            }
            let paths = seen.watch.and_then(|watch| self.set.get(&watch)).into_iter().flatten();
            let name = seen.name.as_deref();
            told.extend(paths.flat_map(|path| self.plan.told(path, name, seen.change)));
            if seen.change == Change::Gone {
                gone.extend(seen.watch); // it tells nothing any more of where it was
            }
        }
        for watch in gone {
            self.set.remove(&watch);
            self.watcher.iter().for_each(|watcher| watcher.remove(watch));
        }
        told.dedup();
        Some(told)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
        || error.raw_os_error() == Some(40) // ELOOP: a link where a directory was
}

/// Whether a source is not what it was when it was read. Nothing is asked of other hosts.
pub(crate) fn has_changed(held: &Held) -> bool {
    let local = held.watched.iter().filter(|watched| watched.reach == Reach::Local);
    local.into_iter().any(|watched| look_at(&watched.path) != Some(watched.mark))
}

/// What is at a path; `None` when that cannot be known.
fn look_at(path: &str) -> Option<Mark> {
    let found = look(Path::new(path)).ok()?;
    Some(found.map_or(Mark::Absent, |Stamp { device, inode, size, modified, changed }| {
        Mark::There { device, inode, size, modified, changed }
    }))
}

/// Whether a source may have changed again, unseen, when it was read at this time.
pub(crate) fn is_doubtful(held: &Held, read: i64) -> bool {
    let young = |watched: &Watched| match watched.mark {
        Mark::Absent => false,
        Mark::There { changed: (second, _), .. } => second.saturating_add(COARSE) >= read,
    };
    held.watched.iter().any(young)
}

/// Whether others may change a source unseen.
pub(crate) fn is_remote(held: &Held) -> bool {
    held.watched.iter().any(|watched| watched.reach == Reach::Remote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn watched(path: &Path) -> Watched {
        let path = path.to_str().unwrap().to_owned();
        let mark = look_at(&path).unwrap();
        Watched { path, mark, reach: Reach::Local }
    }

    fn held(paths: &[PathBuf]) -> Held {
        Held { watched: paths.iter().map(|path| watched(path)).collect(), ..Held::default() }
    }

    #[test]
    fn a_directory_that_comes_later_goes_and_is_replaced_is_followed() {
        let name = format!("portreeve-watches-{}", std::process::id());
        let root = std::env::temp_dir().canonicalize().unwrap().join(name);
        fs::create_dir(&root).unwrap();
        let (lists, path) = (root.join("lists"), root.join("lists/deny"));
        let mut watches = Watches::default();
        let fit = |watches: &mut Watches| watches.fit(&[held(std::slice::from_ref(&path))]);
        assert_eq!(fit(&mut watches), (BTreeSet::new(), true));
        assert_eq!(watches.trouble, None);
        let changed = Some(vec![Told::Changed(0)]);
        fs::create_dir(&lists).unwrap();
        assert_eq!(watches.read(), changed);
        assert_eq!(fit(&mut watches), (BTreeSet::from([0]), false));
        fs::write(&path, "").unwrap();
        assert_eq!(watches.read(), changed);
        fit(&mut watches);
        fs::rename(&lists, root.join("old")).unwrap();
        fs::create_dir(&lists).unwrap();
        assert_eq!(watches.read(), changed);
        fs::write(root.join("old/deny"), "").unwrap();
        assert_eq!(watches.read(), Some(vec![]), "the old one is nobody's any more");
        fit(&mut watches);
        fs::write(root.join("old/deny"), "").unwrap();
        assert_eq!(watches.read(), Some(vec![]));
        fs::write(&path, "").unwrap();
        assert_eq!(watches.read(), changed);
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(watches.read(), changed);
        watches.fit(&[]);
        assert!(watches.set.is_empty());
    }

    #[test]
    fn a_source_has_changed_when_anything_on_the_way_has() {
        let name = format!("portreeve-marks-{}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir(&root).unwrap();
        let paths = [root.join("a"), root.join("b")];
        fs::write(&paths[0], "1").unwrap();
        let before = held(&paths);
        assert!(!has_changed(&before));
        fs::write(&paths[1], "1").unwrap();
        assert!(has_changed(&before));
        let before = held(&paths);
        fs::write(&paths[0], "12").unwrap();
        assert!(has_changed(&before));
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_file_that_was_young_when_it_was_read_is_in_doubt() {
        let mark = Mark::There {
            device: 1,
            inode: 1,
            size: 1,
            modified: (1, 0),
            changed: (100, 999_999_999),
        };
        let watched = Watched { path: "/a".into(), mark, reach: Reach::Local };
        let held = Held { watched: vec![watched], ..Held::default() };
        for (read, doubtful) in [(99, true), (100, true), (101, true), (102, false)] {
            assert_eq!(is_doubtful(&held, read), doubtful, "{read}");
        }
    }
}
