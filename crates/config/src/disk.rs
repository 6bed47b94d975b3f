//! The host's own files, read with bounds, and only where nobody else could have changed them.

use crate::codes;
use crate::way::walk;
use crate::world::{Found, Owner, Unread, World};
use crate::zones;
use portreeve_dialect::{DirectoryEntry, EntryKind};
use portreeve_model::{Ids, Watched, Zone};
use portreeve_sys::diag::Diag;
use portreeve_sys::file::read_bounded;
use portreeve_sys::user::{group_list, lookup_group, lookup_user};
use std::collections::HashSet;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Bytes of one file.
const FILE: usize = 8 << 20;
/// Bytes of all files together.
const TOTAL: usize = 64 << 20;
/// Bytes of one file of a source: three million lines, or a database of a million rules.
const SOURCE: usize = 128 << 20;
/// Bytes of all files of sources together.
const SOURCES: usize = 512 << 20;
/// Names of one directory.
const NAMES: usize = 10_000;

/// Whose files are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Root's alone: the door acts as root on what they say.
    Root,
    /// Root's and those of this user, who runs the door.
    User(u32),
    /// Everybody's: for files that are looked at and not acted on.
    Anybody,
}

impl Trust {
    fn owner(self, uid: u32) -> bool {
        match self {
            Self::Root => uid == 0,
            Self::User(own) => uid == 0 || uid == own,
            Self::Anybody => true,
        }
    }
}

/// The host's files and time zones.
#[derive(Debug)]
pub struct Disk {
    trust: Trust,
    total: usize,
    of_sources: usize,
    safe: HashSet<PathBuf>,
    idle_times: Option<Result<(), String>>,
    thorough: bool,
}

impl Disk {
    /// The host's files, of which those are believed that `trust` says.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        let safe = HashSet::new();
        Self { trust, total: 0, of_sources: 0, safe, idle_times: None, thorough: false }
    }

    /// With everything found that can be said of the files, however long it takes.
    #[must_use]
    pub fn thorough(self) -> Self {
        Self { thorough: true, ..self }
    }

    /// Whether nobody else can put another file in this one's place: every directory on the way, as
    /// written and as it really is, is safe.
    fn way_is_safe(&mut self, path: &Path) -> Result<(), Unread> {
        let real = path.canonicalize().map_err(|error| unread(&error, FILE))?;
        let absolute = std::path::absolute(path).map_err(|error| unread(&error, FILE))?;
        [absolute, real]
            .iter()
            .filter_map(|path| path.parent())
            .try_for_each(|d| self.safe(d, None))
    }

    /// Whether a directory and all above belong to a believed owner and are not for others to
    /// write (unless sticky, like `/tmp`: there nobody replaces what is another's).
    /// So does whom the file in it is left to.
    fn safe(&mut self, directory: &Path, left_to: Option<u32>) -> Result<(), Unread> {
        for directory in directory.ancestors() {
            if self.safe.contains(directory) {
                continue;
            }
            let found = directory.metadata().map_err(|error| unread(&error, FILE))?;
            let sticky = found.mode() & 0o1000 != 0;
            let mode = if sticky { 0 } else { found.mode() };
            self.owned(directory, found.uid(), mode, left_to)?;
            if left_to.is_none() {
                self.safe.insert(directory.to_owned());
            }
        }
        Ok(())
    }

    fn owned(&self, path: &Path, uid: u32, mode: u32, left_to: Option<u32>) -> Result<(), Unread> {
        if self.trust == Trust::Anybody {
            return Ok(());
        }
        let path = path.display();
        let untrusted = |reason| Unread { code: codes::UNTRUSTED, absent: false, reason };
        if !self.trust.owner(uid) && left_to != Some(uid) {
            let who = match self.trust {
                Trust::Root => "not root".to_owned(),
                Trust::User(own) => format!("neither root nor uid {own}"),
                Trust::Anybody => "nobody".to_owned(),
            };
            let help = format!("`{path}` belongs to uid {uid}, {who}: chown it");
            return Err(untrusted(help));
        }
        if mode & 0o022 != 0 {
            let who = if mode & 0o002 != 0 { "anybody" } else { "its group" };
            return Err(untrusted(format!("{who} may write `{path}`: chmod go-w it")));
        }
        Ok(())
    }

    fn read_trusted(&mut self, path: &Path) -> Result<Vec<u8>, Unread> {
        self.way_is_safe(path)?;
        let content = read_bounded(path, FILE).map_err(|error| unread(&error, FILE))?;
        self.owned(path, content.uid, content.mode, None)?;
        self.total = self.total.saturating_add(content.bytes.len());
        if self.total > TOTAL {
            let reason = format!("the files together are over {} MiB", TOTAL >> 20);
            return Err(Unread { code: codes::TOO_LARGE, absent: false, reason });
        }
        Ok(content.bytes)
    }

    /// The bytes of a source's file, if all that was met on the way to it is its owner's to change.
    fn read_owned(
        &mut self,
        path: &Path,
        owner: Owner,
        met: &[Watched],
    ) -> Result<Vec<u8>, Unread> {
        let content = read_bounded(path, SOURCE).map_err(|error| unread(&error, SOURCE))?;
        // a file of root's is believed only where all of the way is: else it could be led to secrets
        let left_to = match owner {
            Owner::Believed => None,
            Owner::Anybody => Some(content.uid).filter(|uid| !self.trust.owner(*uid)),
        };
        for directory in met.iter().filter_map(|one| Path::new(&one.path).parent()) {
            self.safe(directory, left_to)?;
        }
        self.owned(path, content.uid, content.mode, left_to)?;
        self.of_sources = self.of_sources.saturating_add(content.bytes.len());
        if self.of_sources > SOURCES {
            let reason = format!("the lists together are over {} MiB", SOURCES >> 20);
            return Err(Unread { code: codes::TOO_LARGE, absent: false, reason });
        }
        Ok(content.bytes)
    }
}

impl World for Disk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, Unread> {
        self.read_trusted(Path::new(path))
    }

    fn read_source(&mut self, path: &str, owner: Owner) -> Found {
        let path = Path::new(path);
        match walk(path) {
            Ok(watched) => Found { bytes: self.read_owned(path, owner, &watched), watched },
            Err(error) => Found { bytes: Err(unread(&error, SOURCE)), watched: Vec::new() },
        }
    }

    fn user(&mut self, name: &str, group: Option<&str>) -> Result<Option<Ids>, String> {
        let said = |error: std::io::Error| lower(&error.to_string());
        let Some(user) = lookup_user(name).map_err(said)? else { return Ok(None) };
        let gid = match group {
            Some(group) => match self.group(group)? {
                Some(gid) => gid,
                None => return Ok(None),
            },
            None => user.gid,
        };
        let groups = group_list(&user.name, gid).map_err(said)?;
        Ok(Some(Ids { uid: user.uid, gid, groups }))
    }

    fn group(&mut self, name: &str) -> Result<Option<u32>, String> {
        let found = lookup_group(name).map_err(|error| lower(&error.to_string()))?;
        Ok(found.map(|group| group.gid))
    }

    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, Unread> {
        let path = Path::new(directory);
        let absolute = std::path::absolute(path).map_err(|error| unread(&error, FILE))?;
        let real = path.canonicalize().map_err(|error| unread(&error, FILE))?;
        self.safe(&absolute, None)?;
        self.safe(&real, None)?;
        let mut names = Vec::new();
        for entry in path.read_dir().map_err(|error| unread(&error, FILE))? {
            let entry = entry.map_err(|error| unread(&error, FILE))?;
            if names.len() >= NAMES {
                let reason = format!("the directory has more than {NAMES} names");
                return Err(Unread { code: codes::TOO_LARGE, absent: false, reason });
            }
            let kind = match entry.path().metadata() {
                Ok(found) if found.is_file() => EntryKind::File,
                Ok(_) => EntryKind::Other,
                Err(_) => EntryKind::Dangling,
            };
            names.push(DirectoryEntry { name: entry.file_name().to_string_lossy().into(), kind });
        }
        Ok(names)
    }

    fn zone(&mut self, name: &str) -> Option<Zone> {
        zones::find(name)
    }

    #[expect(clippy::disallowed_methods, reason = "the environment is what is asked for")]
    fn variable(&mut self, name: &str) -> Option<String> {
        if name != "HOSTNAME" {
            return std::env::var(name).ok();
        }
        let content = read_bounded(Path::new("/proc/sys/kernel/hostname"), 4096).ok()?;
        String::from_utf8(content.bytes).ok().map(|name| name.trim_end().to_owned())
    }

    fn thorough(&self) -> bool {
        self.thorough
    }

    fn idle_times(&mut self) -> Result<(), String> {
        let probe = || Diag::open()?.probe();
        let ask = || probe().map_err(|error| lower(&error.to_string()));
        self.idle_times.get_or_insert_with(ask).clone()
    }
}

fn unread(error: &std::io::Error, most: usize) -> Unread {
    let is = |kind| error.kind() == kind;
    if is(ErrorKind::NotFound) {
        return Unread::absent();
    }
    let (code, reason) = if is(ErrorKind::FileTooLarge) {
        (codes::TOO_LARGE, format!("it is over {} MiB", most >> 20))
    } else if is(ErrorKind::InvalidInput) {
        (codes::UNREADABLE, "it is no regular file".to_owned())
    } else {
        (codes::UNREADABLE, lower(&error.to_string()))
    };
    Unread { code, absent: false, reason }
}

/// An error of the system as a phrase: `Permission denied (os error 13)` without the number.
fn lower(text: &str) -> String {
    let phrase = text.split(" (os error").next().unwrap_or(text);
    let mut letters = phrase.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
