//! Databases of other programs: read, never written.
//!
//! They are opened for reading alone, with the locks of SQLite, so that a program that runs may go on
//! writing. What only a writer could put right (a journal that a crash has left, a database in WAL mode
//! in a directory that this user may not write to) is put right in a copy, in a directory of its own
//! that is removed again.

mod copy;
mod fail2ban;

pub use fail2ban::{Fail2ban, JailBan, Seen};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a lock of the program that owns it is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why another program's database cannot be read.
#[derive(Debug)]
pub enum ForeignError {
    /// The system or SQLite refuses.
    Sql(PathBuf, rusqlite::Error),
    /// It could not be copied, to be put right.
    Copy(PathBuf, io::Error),
    /// It is damaged: what SQLite says.
    Damaged(PathBuf, String),
    /// It is no database of that program, or of a version that is not known: why.
    Other(PathBuf, String),
}

impl ForeignError {
    /// Whether this user may not read it.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        match self {
            Self::Copy(_, error) => error.kind() == io::ErrorKind::PermissionDenied,
            Self::Sql(path, _) => {
                let kind = std::fs::File::open(path).map_err(|error| error.kind());
                kind.is_err_and(|kind| kind == io::ErrorKind::PermissionDenied)
            }
            Self::Damaged(..) | Self::Other(..) => false,
        }
    }
}

impl fmt::Display for ForeignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(path, error) => write!(f, "{}: it cannot be read: {error}", path.display()),
            Self::Copy(path, error) => {
                write!(f, "{}: it needs a copy, which cannot be made: {error}", path.display())
            }
            Self::Damaged(path, why) => write!(f, "{}: it is damaged: {why}", path.display()),
            Self::Other(path, why) => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl std::error::Error for ForeignError {}

/// A connection, and the copy that it is to, if it is.
#[derive(Debug)]
struct Opened {
    connection: Connection,
    _copy: Option<copy::Copy>,
}

/// Opens a database, and reads every page of it once.
fn open(path: &Path) -> Result<Opened, ForeignError> {
    match connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Ok(connection) => Ok(Opened { connection, _copy: None }),
        Err(error) if wants_a_writer(&error) && path.is_file() => {
            let failed = |error| ForeignError::Copy(path.into(), error);
            let copy = copy::Copy::of(path).map_err(failed)?;
            let connection = connect(copy.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)
                .map_err(|error| told(path, error))?;
            Ok(Opened { connection, _copy: Some(copy) })
        }
        Err(error) => Err(told(path, error)),
    }
}

fn connect(path: &Path, how: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, how | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    for (pragma, value) in
        [("trusted_schema", "off"), ("cell_size_check", "on"), ("temp_store", "memory")]
    {
        connection.pragma_update(None, pragma, value)?;
    }
    let answer: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if answer == "ok" {
        return Ok(connection);
    }
    let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(corrupt, Some(answer)))
}

fn wants_a_writer(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen))
}

fn told(path: &Path, error: rusqlite::Error) -> ForeignError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            ForeignError::Other(path.into(), "it is no SQLite database".to_owned())
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            let why = error.to_string();
            ForeignError::Damaged(path.into(), why)
        }
        _ => ForeignError::Sql(path.into(), error),
    }
}
