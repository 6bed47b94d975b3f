//! What a configuration is read from: files and time zones. A trait, so that tests need no host.

use portreeve_diag::Code;
use portreeve_dialect::{DirectoryEntry, Files, ReadFailure};
use portreeve_model::{Ids, Watched, Zone};

/// Why a file or directory was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Stable name of the kind.
    pub code: Code,
    /// Whether there is simply nothing at the path.
    pub absent: bool,
    /// The reason, without the path.
    pub reason: String,
}

impl Unread {
    /// Nothing is at the path.
    #[must_use]
    pub fn absent() -> Self {
        let reason = "no such file or directory".into();
        Self { code: crate::codes::UNREADABLE, absent: true, reason }
    }
}

/// Whose a file may be that is read as a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Root, or the user whose door it is: what it says may have things done in their name.
    Believed,
    /// Anybody, whom the administrator leaves it to by naming it: it says who comes in, no more.
    /// Nobody but the owner may write it, nor put another in its place.
    Anybody,
}

/// What was found where a source's file should be.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its bytes, or why they are not to be had.
    pub bytes: Result<Vec<u8>, Unread>,
    /// Everything on the way to it whose change may change that, as it was before the reading.
    pub watched: Vec<Watched>,
}

/// The files and time zones of a host.
pub trait World {
    /// The bytes of a regular file, bounded, that nobody else could have changed.
    ///
    /// # Errors
    /// [`Unread`] says why not.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, Unread>;

    /// The bytes of a source's file: larger than one of a configuration may be.
    fn read_source(&mut self, path: &str, owner: Owner) -> Found {
        let _ = owner;
        Found { bytes: self.read(path), watched: Vec::new() }
    }

    /// Who a user is: uid, primary group, and every group it belongs to, or with `group` that one in
    /// the primary group's place. `None` when there is no such user or group.
    ///
    /// # Errors
    /// Why nobody can say, as a phrase.
    fn user(&mut self, name: &str, group: Option<&str>) -> Result<Option<Ids>, String> {
        let _ = (name, group);
        Ok(None)
    }

    /// The number of a group, if there is one of this name.
    ///
    /// # Errors
    /// Why nobody can say, as a phrase.
    fn group(&mut self, name: &str) -> Result<Option<u32>, String> {
        let _ = name;
        Ok(None)
    }

    /// The names in a directory, in any order.
    ///
    /// # Errors
    /// [`Unread`] says why not.
    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, Unread>;

    /// The time zone of a name, `local` being the host's own; `None` when there is none.
    fn zone(&mut self, name: &str) -> Option<Zone>;

    /// A variable of the environment, `HOSTNAME` being this host's name whatever the environment says.
    fn variable(&mut self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// Whether everything is to be found that can be said of the files, however long it takes: for
    /// whoever asks to have them checked. A door that waits for its rules does not.
    fn thorough(&self) -> bool {
        false
    }

    /// Whether this host's kernel tells when a connection was last used, which idle limits need.
    ///
    /// # Errors
    /// Why not, as a phrase.
    fn idle_times(&mut self) -> Result<(), String>;
}

/// A world's files, as a dialect reads them.
pub(crate) struct DialectFiles<'a>(pub(crate) &'a mut dyn World);

impl Files for DialectFiles<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadFailure> {
        self.0.read(path).map_err(|unread| ReadFailure { reason: unread.reason })
    }

    fn read_optional(&mut self, path: &str) -> Result<Option<Vec<u8>>, ReadFailure> {
        match self.0.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(unread) if unread.absent => Ok(None),
            Err(unread) => Err(ReadFailure { reason: unread.reason }),
        }
    }

    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, ReadFailure> {
        self.0.list(directory).map_err(|unread| ReadFailure { reason: unread.reason })
    }

    fn variable(&mut self, name: &str) -> Option<String> {
        self.0.variable(name)
    }
}
