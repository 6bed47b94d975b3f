//! Finding the log files that are watched: patterns are expanded, each file is opened, and what may
//! not be read is told with the reason.
//!
//! A file is opened with the reader's own rights. Only where those do not suffice, and the process may
//! read everything, it is opened with root's, which follow no link and take nothing that anybody but
//! root could have put there. Nothing here reads a byte of a file.

mod glob;

use portreeve_sys::Capability;
use portreeve_sys::file::{
    Foreign, ForeignError, names_as_reader, names_as_root, open_as_reader, open_as_root, open_place,
};
use portreeve_sys::privileges::use_capabilities;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Files at a time, over all patterns.
pub const MOST_FILES: usize = 512;
/// Files that must not be read and are told of, over all patterns: whoever makes more of them is told
/// of no more.
const MOST_REFUSED: usize = 256;
/// Directories of one pattern in which a change is told, and of all: files that come to others are found
/// at the next look.
const MOST_DIRECTORIES: usize = 256;
const MOST_DIRECTORIES_IN_ALL: usize = 2048;
/// Beginnings of names of one directory that are told; past it, every name matters.
const MOST_BEGINNINGS: usize = 64;
/// Names of one directory that are looked at.
const MOST_NAMES: usize = 10_000;
/// Older files beside one that are looked at.
const MOST_BESIDE: usize = 8;

/// How the names of compressed files end: their bytes are no lines.
const COMPRESSED: [&str; 8] = [".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzma", ".Z", ".zip"];

/// With which rights files are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// The process's own.
    Own,
    /// The process's own without its one capability; where they do not suffice, with it, from root's
    /// places alone.
    OwnThenRoot,
}

/// What is done, and what comes of it. Whoever waits for it knows, should nothing more come, where it
/// waits.
#[derive(Debug)]
pub enum Sighting {
    /// This pattern is looked at from now on.
    Pattern(usize),
    /// All patterns have been looked at; the files beside paths are from now on.
    Neighbours,
    /// A file of a pattern.
    File {
        /// Which pattern.
        pattern: usize,
        /// Where it lies.
        path: PathBuf,
        /// The file.
        file: Foreign,
    },
    /// A file beside a path: what the file at that path may have been renamed or copied to.
    Beside {
        /// Which of the paths that were asked for.
        asked: usize,
        /// The file.
        file: Foreign,
    },
    /// A file that must not be read.
    Refused {
        /// Which pattern.
        pattern: usize,
        /// Where it lies.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// In this directory a file of the patterns may come or go. One directory is told several times
    /// when names matter that begin otherwise.
    Directory {
        /// By what way it was found.
        path: PathBuf,
        /// The directory itself (`O_PATH`), which is on no network's and no program's file system:
        /// whatever is put at its path meanwhile, nobody has to wait for this one.
        directory: OwnedFd,
        /// How the names begin that matter there; empty: every name.
        name: OsString,
    },
}

/// Finds the files of `patterns`, in their order, and then those beside each of `beside`. A pattern
/// without a match gives nothing but the directories in which one could come.
pub fn find(
    patterns: &[PathBuf],
    beside: &[PathBuf],
    rights: Rights,
    each: &mut dyn FnMut(Sighting),
) {
    let mut finder = Finder { rights, directories: BTreeMap::new(), files: 0, refused: 0, told: 0 };
    for (pattern, path) in patterns.iter().enumerate() {
        finder.told = 0;
        each(Sighting::Pattern(pattern));
        for path in finder.expand(path, each) {
            match finder.open(&path) {
                Ok(file) if finder.files < MOST_FILES => {
                    finder.files += 1;
                    each(Sighting::File { pattern, path, file });
                }
                Ok(_) => {
                    let why = format!("there are more than {MOST_FILES} files to be watched");
                    each(Sighting::Refused { pattern, path, why });
                    break;
                }
                Err(error) if error.is_absent() || finder.refused >= MOST_REFUSED => {}
                Err(error) => {
                    finder.refused += 1;
                    let why = finder.explain(&error);
                    each(Sighting::Refused { pattern, path, why });
                }
            }
        }
    }
    each(Sighting::Neighbours);
    for (asked, path) in beside.iter().enumerate() {
        for file in finder.beside(path) {
            each(Sighting::Beside { asked, file });
        }
    }
}

/// Whether a path is a pattern. What is asked for goes by this: whoever makes many files that match
/// one takes the place of no path that is named.
#[must_use]
pub fn is_wild(path: &Path) -> bool {
    glob::is_pattern(path.as_os_str().as_bytes())
}

struct Finder {
    rights: Rights,
    /// By device and inode: how the names begin that were told.
    directories: BTreeMap<(u64, u64), BTreeSet<OsString>>,
    files: usize,
    refused: usize,
    /// Directories of the pattern at hand.
    told: usize,
}

impl Finder {
    /// The paths of a pattern, in order. A path without a pattern is there whether or not a file is.
    fn expand(&mut self, pattern: &Path, each: &mut dyn FnMut(Sighting)) -> Vec<PathBuf> {
        let mut paths = vec![PathBuf::from("/")];
        for part in pattern.components().skip(1) {
            let part = part.as_os_str();
            let literal = OsStr::from_bytes(glob::literal(part.as_bytes())).to_owned();
            let mut next = Vec::new();
            for path in paths {
                self.tell(&path, &literal, each);
                if !glob::is_pattern(part.as_bytes()) {
                    next.push(path.join(part));
                    continue;
                }
                let mut names = self.names(&path).unwrap_or_default();
                names.retain(|name| glob::matches(part.as_bytes(), name.as_bytes()));
                names.retain(|name| !is_compressed(name));
                names.sort();
                next.extend(names.into_iter().map(|name| path.join(&*name)));
            }
            next.truncate(MOST_NAMES);
            paths = next;
        }
        paths
    }

    /// A change of names that begin so matters in a directory, if that is there.
    fn tell(&mut self, path: &Path, literal: &OsStr, each: &mut dyn FnMut(Sighting)) {
        if self.told >= MOST_DIRECTORIES {
            return;
        }
        let place = match open_place(path) {
            Err(error) if error.is_denied() && self.rights == Rights::OwnThenRoot => {
                as_root(|| open_place(path))
            }
            other => other,
        };
        let Ok(place) = place else { return };
        self.told += 1;
        let many = self.directories.len() >= MOST_DIRECTORIES_IN_ALL;
        let id = (place.device, place.inode);
        if many && !self.directories.contains_key(&id) {
            return;
        }
        let names = self.directories.entry(id).or_default();
        let name = if names.len() < MOST_BEGINNINGS { literal } else { OsStr::new("") };
        if !names.contains(OsStr::new("")) && names.insert(name.to_owned()) {
            let (path, name) = (path.to_owned(), name.to_owned());
            each(Sighting::Directory { path, directory: place.fd, name });
        }
    }

    fn names(&self, path: &Path) -> Result<Vec<Box<OsStr>>, ForeignError> {
        match names_as_reader(path, MOST_NAMES) {
            Err(error) if error.is_denied() && self.rights == Rights::OwnThenRoot => {
                as_root(|| names_as_root(path, MOST_NAMES))
            }
            other => other,
        }
    }

    fn open(&self, path: &Path) -> Result<Foreign, ForeignError> {
        match open_as_reader(path) {
            Err(error) if error.is_denied() && self.rights == Rights::OwnThenRoot => {
                as_root(|| open_as_root(path))
            }
            other => other,
        }
    }

    /// The youngest files whose names are a path's with what a rotation adds.
    fn beside(&self, path: &Path) -> Vec<Foreign> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Vec::new();
        };
        let mut names = self.names(directory).unwrap_or_default();
        names.retain(|other| {
            let rest = other.as_bytes().strip_prefix(name.as_bytes());
            rest.is_some_and(is_of_rotation)
        });
        let mut files: Vec<Foreign> =
            names.iter().filter_map(|name| self.open(&directory.join(&**name)).ok()).collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.modified));
        files.truncate(MOST_BESIDE);
        files
    }

    fn explain(&self, error: &ForeignError) -> String {
        match (error, self.rights) {
            (ForeignError::Os(os), _) if os.kind() == ErrorKind::PermissionDenied => {
                "the clerk's user may not read it: give that user a group that may".to_owned()
            }
            (
                ForeignError::Link(_)
                | ForeignError::DirectoryOwner(..)
                | ForeignError::DirectoryWritable(_)
                | ForeignError::HardLinks(_),
                _,
            ) => format!(
                "the clerk's user may not read it, and root does not open it: {error}; give that \
                 user a group that may read it"
            ),
            _ => error.to_string(),
        }
    }
}

/// Does something with the right to read everything.
fn as_root<T>(deed: impl FnOnce() -> Result<T, ForeignError>) -> Result<T, ForeignError> {
    use_capabilities(&[Capability::DacReadSearch]).map_err(ForeignError::Os)?;
    let done = deed();
    use_capabilities(&[]).map_err(ForeignError::Os)?;
    done
}

/// Whether a name ends as one that a rotation gives: `.1`, `-20261122`, `.2026-11-22_10:00`, `.old`.
fn is_of_rotation(rest: &[u8]) -> bool {
    let digits = |byte: &u8| byte.is_ascii_digit() || b".-_:T".contains(byte);
    rest == b".old" || (rest.len() > 1 && rest.iter().all(digits))
}

fn is_compressed(name: &OsStr) -> bool {
    COMPRESSED.iter().any(|end| name.as_bytes().ends_with(end.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::fd::AsRawFd;

    type Found = (Vec<(usize, String)>, Vec<String>, Vec<(String, Vec<String>)>);

    fn found(root: &Path, patterns: &[&str], beside: &[&str]) -> Found {
        let below = |all: &[&str]| all.iter().map(|one| root.join(one)).collect::<Vec<_>>();
        let short = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
        let (mut files, mut refused) = (Vec::new(), Vec::new());
        let mut directories: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut each = |sighting: Sighting| match sighting {
            Sighting::Pattern(_) | Sighting::Neighbours => {}
            Sighting::File { pattern, path, .. } => files.push((pattern, short(&path))),
            Sighting::Beside { asked, .. } => files.push((asked + 100, String::new())),
            Sighting::Refused { path, why, .. } => {
                refused.push(format!("{}: {why}", short(&path)));
            }
            Sighting::Directory { path, name, directory } => {
                let link = format!("/proc/self/fd/{}", directory.as_raw_fd());
                assert_eq!(fs::read_link(link).unwrap(), path.canonicalize().unwrap());
                if path.starts_with(root) {
                    let name = name.to_str().unwrap().to_owned();
                    directories.entry(short(&path)).or_default().insert(name);
                }
            }
        };
        find(&below(patterns), &below(beside), Rights::Own, &mut each);
        let directories = directories.into_iter().map(|(at, all)| (at, Vec::from_iter(all)));
        (files, refused, directories.collect())
    }

    #[test]
    fn files_are_found_by_their_patterns_and_what_may_come_is_known() {
        let name = format!("portreeve-watched-{}", std::process::id());
        let root = std::env::temp_dir().canonicalize().unwrap().join(name);
        let _ = fs::remove_dir_all(&root);
        for folder in ["a", "b", "a/odd.log"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["a/x.log", "a/x.log.1", "a/x.log.2.gz", "a/y.log", "b/x.log", "b/z"] {
            fs::write(root.join(file), "").unwrap();
        }
        fs::write(root.join("a/x.log.bak"), "").unwrap();
        let (files, refused, directories) =
            found(&root, &["*/?.log", "none/at/all", "a/x.log*"], &["a/x.log", "b/z"]);
        let file = |pattern, path: &str| (pattern, path.to_owned());
        let beside = file(100, "");
        let want = [
            file(0, "a/x.log"),
            file(0, "a/y.log"),
            file(0, "b/x.log"),
            file(2, "a/x.log"),
            file(2, "a/x.log.1"),
            file(2, "a/x.log.bak"),
            beside,
        ];
        assert_eq!(files, want);
        assert_eq!(refused, [] as [String; 0]);
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let want = [
            (String::new(), all(&[""])), // every name: others need not be told
            ("a".to_owned(), all(&[""])),
            ("b".to_owned(), all(&[""])),
        ];
        assert_eq!(directories, want);
        let (_, refused, _) = found(&root, &["a/*.log"], &[]);
        assert_eq!(refused, ["a/odd.log: it is no regular file"]);
        for number in 0..2 * MOST_REFUSED {
            fs::create_dir(root.join(format!("b/{number}.odd"))).unwrap();
        }
        let (files, refused, _) = found(&root, &["b/*.odd", "b/x.log"], &[]);
        assert_eq!((files.len(), refused.len()), (1, MOST_REFUSED));
        // nobody's many files or directories take the place of a path that is named
        fs::create_dir(root.join("c")).unwrap();
        for number in 0..=MOST_FILES {
            fs::write(root.join(format!("c/{number}.many")), "").unwrap();
        }
        let (files, _, directories) = found(&root, &["b/x.log", "c/*.many", "b/*/x"], &[]);
        assert_eq!((files.len(), files[0].1.as_str()), (MOST_FILES, "b/x.log"));
        assert!(directories.len() <= MOST_DIRECTORIES + 4, "{}", directories.len());
        fs::remove_dir_all(root).unwrap();
    }
}
