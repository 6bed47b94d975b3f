//! The table of bans.

use crate::error::{LedgerError, sql};
use crate::{Change, Ledger};
use portreeve_wire::clerk::{BanEnd, BanKey, BanRecord};
use rusqlite::{Connection, Row, params};

/// Bytes of a reason that are kept.
pub(crate) const MOST_REASON: usize = 1024;

/// Bytes of a service's key or an origin that are kept.
pub(crate) const MOST_NAME: usize = 4096;

impl Ledger {
    /// Every ban that is kept, network by network; gives the number of rows that are no bans
    /// (somebody wrote them with a shell).
    ///
    /// # Errors
    /// [`LedgerError`]; `each` has then seen those before.
    pub fn bans(&self, mut each: impl FnMut(BanRecord)) -> Result<u64, LedgerError> {
        self::each(&self.connection, &mut each).map_err(sql("read the bans"))
    }

    /// Keeps a ban; one of the same key is replaced.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed.
    pub fn keep(&mut self, ban: &BanRecord) -> Result<(), LedgerError> {
        self.apply(&[Change::Keep(ban.clone())])
    }

    /// Forgets exactly this ban, if there is one, and notes how it ended.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed.
    pub fn forget(&mut self, end: BanEnd) -> Result<(), LedgerError> {
        self.apply(&[Change::Forget(end)])
    }

    /// Removes bans that were over at `now`, in seconds since the epoch; says how many.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed.
    pub fn expire(&mut self, now: i64) -> Result<usize, LedgerError> {
        self.connection
            .execute("DELETE FROM bans WHERE until <= ?1", [now])
            .map_err(sql("remove bans that are over"))
    }
}

pub(crate) fn each(
    connection: &Connection,
    give: &mut dyn FnMut(BanRecord),
) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare(
        "SELECT network, since, until, service, reason, origin, only, judge
         FROM bans ORDER BY network, only",
    )?;
    let mut rows = statement.query([])?;
    let mut unreadable = 0_u64;
    while let Some(row) = rows.next()? {
        match read(row) {
            Ok(Some(ban)) => give(ban),
            Ok(None) => unreadable = unreadable.saturating_add(1),
            // One odd row must not hide those behind it.
            Err(error) if is_content(&error) => unreadable = unreadable.saturating_add(1),
            Err(error) => return Err(error),
        }
    }
    Ok(unreadable)
}

/// Whether the trouble is what a row says, rather than getting at it.
fn is_content(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..)
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<BanRecord>> {
    let network: String = row.get(0)?;
    let Ok(network) = network.parse() else { return Ok(None) };
    Ok(Some(BanRecord {
        network,
        since: row.get(1)?,
        until: row.get(2)?,
        service: row.get(3)?,
        reason: row.get(4)?,
        origin: row.get(5)?,
        only: row.get(6)?,
        judge: row.get(7)?,
    }))
}

pub(crate) fn keep(connection: &Connection, ban: &BanRecord) -> rusqlite::Result<()> {
    let family = if ban.network.address().is_ipv4() { 4 } else { 6 };
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO bans (network, family, length, since, until, service, reason, origin,
                                      only, judge)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    statement.execute(params![
        ban.network.to_string(),
        family,
        ban.network.length(),
        ban.since,
        ban.until,
        start(&ban.service, MOST_NAME),
        start(&ban.reason, MOST_REASON),
        ban.origin.as_deref().map(|origin| start(origin, MOST_NAME)),
        start(&ban.only, MOST_NAME),
        start(&ban.judge, MOST_NAME),
    ])?;
    Ok(())
}

pub(crate) fn forget(connection: &Connection, ban: &BanKey) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("DELETE FROM bans WHERE network = ?1 AND only = ?2")?;
    statement.execute([ban.network.to_string().as_str(), start(&ban.only, MOST_NAME)])?;
    Ok(())
}

/// The start of a text, in whole characters.
pub(crate) fn start(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
