//! What can go wrong, and on what.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A deed that failed.
#[derive(Debug)]
pub enum LedgerError {
    /// SQLite refused.
    Sql {
        /// What was attempted, such as `open the ledger`.
        deed: &'static str,
        /// Its words.
        source: rusqlite::Error,
    },
    /// The file was written by a newer portreeve.
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// A damaged file could not be moved aside.
    Aside {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl LedgerError {
    /// Whether the file itself is damaged, so that opening the ledger again would mend it.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Sql { source, .. } => is_damage(source),
            Self::Newer { .. } | Self::Aside { .. } => false,
        }
    }
}

/// Whether SQLite says that the file's content is wrong, rather than the disk, a lock or a right.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// Names the deed that failed.
pub(crate) fn sql(deed: &'static str) -> impl Fn(rusqlite::Error) -> LedgerError {
    move |source| LedgerError::Sql { deed, source }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql { deed, source } => write!(f, "cannot {deed}: {source}"),
            Self::Newer { path, found, known } => write!(
                f,
                "`{}` has schema {found}, this program knows up to {known}: it was written by a newer portreeve",
                path.display()
            ),
            Self::Aside { path, source } => {
                write!(f, "cannot move the damaged `{}` aside: {source}", path.display())
            }
        }
    }
}

impl std::error::Error for LedgerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sql { source, .. } => Some(source),
            Self::Newer { .. } => None,
            Self::Aside { source, .. } => Some(source),
        }
    }
}
