//! The host's own files, read with bounds, and only where nobody else could have changed them.

use crate::codes;
use crate::world::{Unread, World};
use crate::zones;
use portreeve_dialect::{DirectoryEntry, EntryKind};
use portreeve_model::Zone;
use portreeve_sys::diag::Diag;
use portreeve_sys::file::read_bounded;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Bytes of one file.
const FILE: usize = 8 << 20;
/// Bytes of all files together.
const TOTAL: usize = 64 << 20;
/// Names of one directory.
const NAMES: usize = 10_000;

/// Whose files are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Root's alone: the door acts as root on what they say.
    Root,
    /// Root's and those of this user, who runs the door.
    User(u32),
}

impl Trust {
    fn owner(self, uid: u32) -> bool {
        match self {
            Self::Root => uid == 0,
            Self::User(own) => uid == 0 || uid == own,
        }
    }
}

/// The host's files and time zones.
#[derive(Debug)]
pub struct Disk {
    trust: Trust,
    total: usize,
    safe: HashSet<PathBuf>,
    idle_times: Option<Result<(), String>>,
}

impl Disk {
    /// The host's files, of which those are believed that `trust` says.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self { trust, total: 0, safe: HashSet::new(), idle_times: None }
    }

    /// Whether nobody else can put another file in this one's place: every directory on the way, as
    /// written and as it really is, is safe.
    fn way_is_safe(&mut self, path: &Path) -> Result<(), Unread> {
        let real = path.canonicalize().map_err(|error| unread(&error))?;
        let absolute = std::path::absolute(path).map_err(|error| unread(&error))?;
        [absolute, real].iter().filter_map(|path| path.parent()).try_for_each(|d| self.safe(d))
    }

    /// Whether a directory and all above belong to a believed owner and are not for others to
    /// write (unless sticky, like `/tmp`: there nobody replaces what is another's).
    fn safe(&mut self, directory: &Path) -> Result<(), Unread> {
        for directory in directory.ancestors() {
            if self.safe.contains(directory) {
                continue;
            }
            let found = directory.metadata().map_err(|error| unread(&error))?;
            let sticky = found.mode() & 0o1000 != 0;
            self.owned(directory, found.uid(), if sticky { 0 } else { found.mode() })?;
            self.safe.insert(directory.to_owned());
        }
        Ok(())
    }

    fn owned(&self, path: &Path, uid: u32, mode: u32) -> Result<(), Unread> {
        let path = path.display();
        let untrusted = |reason| Unread { code: codes::UNTRUSTED, absent: false, reason };
        if !self.trust.owner(uid) {
            let who = match self.trust {
                Trust::Root => "not root".to_owned(),
                Trust::User(own) => format!("neither root nor uid {own}"),
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
        let content = read_bounded(path, FILE).map_err(|error| unread(&error))?;
        self.owned(path, content.uid, content.mode)?;
        self.total = self.total.saturating_add(content.bytes.len());
        if self.total > TOTAL {
            let reason = format!("the files together are over {} MiB", TOTAL >> 20);
            return Err(Unread { code: codes::TOO_LARGE, absent: false, reason });
        }
        Ok(content.bytes)
    }
}

impl World for Disk {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, Unread> {
        self.read_trusted(Path::new(path))
    }

    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, Unread> {
        let path = Path::new(directory);
        let absolute = std::path::absolute(path).map_err(|error| unread(&error))?;
        let real = path.canonicalize().map_err(|error| unread(&error))?;
        self.safe(&absolute)?;
        self.safe(&real)?;
        let mut names = Vec::new();
        for entry in path.read_dir().map_err(|error| unread(&error))? {
            let entry = entry.map_err(|error| unread(&error))?;
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

    fn idle_times(&mut self) -> Result<(), String> {
        let probe = || Diag::open()?.probe();
        let ask = || probe().map_err(|error| lower(&error.to_string()));
        self.idle_times.get_or_insert_with(ask).clone()
    }
}

fn unread(error: &std::io::Error) -> Unread {
    let is = |kind| error.kind() == kind;
    if is(ErrorKind::NotFound) {
        return Unread::absent();
    }
    let (code, reason) = if is(ErrorKind::FileTooLarge) {
        (codes::TOO_LARGE, format!("it is over {} MiB", FILE >> 20))
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
