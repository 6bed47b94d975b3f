//! Opening, with a damaged file moved aside.

use crate::error::{LedgerError, is_damage, sql};
use crate::offences::MOST_OFFENCES;
use crate::schema::{STEPS, migrate};
use crate::{Ledger, bans, history, positions};
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The ledger's name in its directory.
pub const FILE_NAME: &str = "ledger.sqlite";

/// How long a lock of another process (a clerk that is just ending, a shell) is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the ledger in a directory, or makes one. `now`, in seconds since the epoch, names a
/// damaged file that has to be moved aside; [`Ledger::notice`] then says so.
///
/// # Errors
/// [`LedgerError`]; the file is then as it was.
pub fn open(directory: &Path, now: i64) -> Result<Ledger, LedgerError> {
    let path = directory.join(FILE_NAME);
    let (connection, notice) = match try_open(&path) {
        Ok(connection) => (connection, None),
        Err(error) if error.is_damage() => {
            let aside = move_aside(&path, now)?;
            let mut connection = try_open(&path)?;
            let saved = salvage(&aside, &mut connection).unwrap_or(0);
            let notice = format!(
                "the ledger was damaged ({error}); it is kept as `{}`, {saved} of its bans are in the new one",
                aside.display()
            );
            (connection, Some(notice))
        }
        Err(error) => return Err(error),
    };
    Ok(Ledger { connection, notice, most_offences: MOST_OFFENCES, since_trim: 0 })
}

/// Opens the ledger of a directory for questions alone, beside whoever writes it.
///
/// # Errors
/// [`LedgerError`], also when there is none.
pub fn open_to_read(directory: &Path) -> Result<Ledger, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(directory.join(FILE_NAME), flags)
        .map_err(sql("open the ledger"))?;
    connection.busy_timeout(PATIENCE).map_err(sql("open the ledger"))?;
    for (pragma, value) in [("temp_store", "memory"), ("trusted_schema", "off")] {
        connection.pragma_update(None, pragma, value).map_err(sql("set up the ledger"))?;
    }
    Ok(Ledger { connection, notice: None, most_offences: MOST_OFFENCES, since_trim: 0 })
}

fn try_open(path: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(sql("open the ledger"))?;
    connection.busy_timeout(PATIENCE).map_err(sql("open the ledger"))?;
    for (pragma, value) in [
        ("journal_mode", "wal"),
        ("synchronous", "full"), // a ban that was acknowledged survives a power cut
        ("temp_store", "memory"), // no file outside the directory
        ("journal_size_limit", "16777216"),
        ("trusted_schema", "off"),
        ("cell_size_check", "on"),
    ] {
        connection.pragma_update(None, pragma, value).map_err(sql("set up the ledger"))?;
    }
    check(&connection)?;
    migrate(&mut connection, path, &STEPS)?;
    Ok(connection)
}

/// Reads every page once: seconds at worst, since offences are bounded.
fn check(connection: &Connection) -> Result<(), LedgerError> {
    let deed = "trust the ledger";
    let answer: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sql(deed))?;
    if answer == "ok" {
        return Ok(());
    }
    let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(sql(deed)(rusqlite::Error::SqliteFailure(corrupt, Some(answer))))
}

/// Renames the file and its companions, over nothing that exists.
fn move_aside(path: &Path, now: i64) -> Result<PathBuf, LedgerError> {
    let with = |base: &Path, end: &str| -> PathBuf {
        let mut name: OsString = base.as_os_str().to_owned();
        name.push(end);
        name.into()
    };
    let first = with(path, &format!(".damaged-{now}"));
    let aside = (1..100_u32)
        .map(|n| with(&first, &format!("-{n}")))
        .fold(first.clone(), |free, next| if free.exists() { next } else { free });
    for end in ["-wal", "-shm", ""] {
        match std::fs::rename(with(path, end), with(&aside, end)) {
            Err(error) if end.is_empty() || error.kind() != std::io::ErrorKind::NotFound => {
                return Err(LedgerError::Aside { path: path.into(), source: error });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(aside)
}

/// Copies what can be read of a damaged file's bans; says how many.
fn salvage(damaged: &Path, into: &mut Connection) -> rusqlite::Result<u64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let old = Connection::open_with_flags(damaged, flags)?;
    let transaction = into.transaction()?;
    let mut saved = 0;
    let read = bans::each(&old, &mut |ban| {
        let kept = bans::keep(&transaction, &ban);
        saved += u64::from(kept.and_then(|()| history::begun(&transaction, &ban)).is_ok());
    });
    match read {
        Err(error) if !is_damage(&error) => return Err(error),
        Ok(_) | Err(_) => {} // as far as it went
    }
    // Where they cannot be read, what is watched is read as if it were new.
    for position in positions::each(&old).unwrap_or_default() {
        positions::keep(&transaction, &position)?;
    }
    transaction.commit()?;
    Ok(saved)
}
