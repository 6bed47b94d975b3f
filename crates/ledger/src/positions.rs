//! How far what is watched has been read. A position is written in the commit of the offences that
//! were found before it: whoever goes on from there finds none of them again, and misses none.

use crate::Ledger;
use crate::error::{LedgerError, sql};
use rusqlite::{Connection, Row, params};

/// Positions in files that are kept; past it the oldest go. Those of journals, and what says that a
/// pattern has been looked for, are the configuration's: names that come and go push none of them out.
const MOST_POSITIONS: i64 = 4096;

/// How far a file or a journal has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// What is read: a path, or what a journal is called.
    pub source: String,
    /// The file system's number of a file; 0 of a journal.
    pub device: u64,
    /// The file's number there.
    pub inode: u64,
    /// Bytes of the file that need not be read again: whole lines.
    pub offset: u64,
    /// So many bytes before the offset are known by `mark`.
    pub tail: u32,
    /// What they hash to.
    pub mark: u64,
    /// Whether the offset lies within a line of which the rest is not read.
    pub within: bool,
    /// Where to go on in a journal.
    pub cursor: Option<String>,
    /// Lines that were read of this source, over all its files.
    pub lines: u64,
    /// Offences that were found in them.
    pub offences: u64,
    /// When what was read was written last, milliseconds since the epoch.
    pub at: i64,
}

impl Ledger {
    /// Every position: those of journals and patterns, then those in files, the newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn positions(&self) -> Result<Vec<Position>, LedgerError> {
        each(&self.connection).map_err(sql("read the positions"))
    }
}

pub(crate) fn each(connection: &Connection) -> rusqlite::Result<Vec<Position>> {
    let mut statement = connection.prepare(
        "SELECT source, device, inode, offset, tail, mark, within, cursor, lines, offences, at
         FROM positions ORDER BY substr(source, 1, 1) = '/', at DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([MOST_POSITIONS.saturating_mul(2)], read)?;
    rows.collect()
}

/// Numbers have 64 bits, of which SQLite sees the first as a sign.
fn read(row: &Row<'_>) -> rusqlite::Result<Position> {
    let number = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
    Ok(Position {
        source: row.get(0)?,
        device: number(1)?,
        inode: number(2)?,
        offset: number(3)?,
        tail: u32::try_from(number(4)?).unwrap_or(0),
        mark: number(5)?,
        within: row.get(6)?,
        cursor: row.get(7)?,
        lines: number(8)?,
        offences: number(9)?,
        at: row.get(10)?,
    })
}

pub(crate) fn keep(connection: &Connection, position: &Position) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO positions
         (source, device, inode, offset, tail, mark, within, cursor, lines, offences, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    statement.execute(params![
        position.source,
        position.device.cast_signed(),
        position.inode.cast_signed(),
        position.offset.cast_signed(),
        position.tail,
        position.mark.cast_signed(),
        position.within,
        position.cursor,
        position.lines.cast_signed(),
        position.offences.cast_signed(),
        position.at,
    ])?;
    Ok(())
}

/// Lets the oldest go past the bound.
pub(crate) fn trim(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM positions WHERE (source, device, inode) IN
         (SELECT source, device, inode FROM positions WHERE substr(source, 1, 1) = '/'
          ORDER BY at DESC LIMIT -1 OFFSET ?1)",
        [MOST_POSITIONS],
    )?;
    Ok(())
}
