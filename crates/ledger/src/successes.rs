//! From where somebody has authenticated, as whom, how often.

use crate::Ledger;
use crate::bans::{MOST_NAME, start};
use crate::error::{LedgerError, sql};
use crate::place::{ends, of};
use portreeve_model::{Network, Success};
use portreeve_wire::asked::PastSuccess;
use rusqlite::{Connection, Row, params};

/// Rows that are kept; those that succeeded last stay.
const MOST: i64 = 100_000;

const COLUMNS: &str = "peer, user, service, first, last, count, source, suspicious";

/// Counts a success.
pub(crate) fn keep(
    connection: &Connection,
    success: &Success,
    suspicious: bool,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO successes (place, user, service, peer, first, last, count, source, suspicious)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1, ?6, ?7)
             ON CONFLICT DO UPDATE SET last = max(last, excluded.last), count = count + 1,
                 source = excluded.source, suspicious = suspicious + excluded.suspicious",
        )?
        .execute(params![
            of(success.peer),
            start(success.user.as_deref().unwrap_or_default(), MOST_NAME),
            start(&success.service, MOST_NAME),
            success.peer.to_string(),
            i64::try_from(success.at).unwrap_or(i64::MAX),
            success.source,
            i64::from(suspicious),
        ])?;
    Ok(())
}

/// Lets those go that succeeded longest ago, past the bound.
pub(crate) fn trim(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM successes WHERE (place, user, service) IN
         (SELECT place, user, service FROM successes ORDER BY last DESC LIMIT -1 OFFSET ?1)",
        [MOST],
    )?;
    Ok(())
}

impl Ledger {
    /// Who has authenticated from a network, the last first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn successes(&self, network: Network, most: u32) -> Result<Vec<PastSuccess>, LedgerError> {
        let (first, last) = ends(network);
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM successes WHERE place BETWEEN ?1 AND ?2
                 ORDER BY last DESC LIMIT ?3"
            ))?;
            let rows = statement.query_map(params![first, last, most], read)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        };
        read().map_err(sql("read who has authenticated"))
    }

    /// Everybody who has authenticated at that time (milliseconds) or later, in that order.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn successes_since(&self, since: u64) -> Result<Vec<PastSuccess>, LedgerError> {
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM successes WHERE last >= ?1 ORDER BY last"
            ))?;
            let rows = statement.query_map([since], read)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        };
        read().map_err(sql("read who has authenticated"))
    }
}

/// `None` for a row that somebody wrote with a shell.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<PastSuccess>> {
    let peer: String = row.get(0)?;
    let Ok(peer) = peer.parse() else { return Ok(None) };
    let number = |at: usize| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
    Ok(Some(PastSuccess {
        peer,
        user: Some(row.get(1)?).filter(|user: &String| !user.is_empty()),
        service: row.get(2)?,
        first: number(3)?,
        last: number(4)?,
        count: number(5)?,
        source: row.get(6)?,
        suspicious: number(7)?,
    }))
}
