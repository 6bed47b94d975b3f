//! What became of bans: each that was ever kept, how it ended, and what it was for.

use crate::Ledger;
use crate::bans::{MOST_NAME, MOST_REASON, start};
use crate::error::{LedgerError, sql};
use crate::place::{around, ends, of};
use portreeve_model::{Network, Offence};
use portreeve_wire::asked::PastBan;
use portreeve_wire::clerk::{BanEnd, BanRecord};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Rows that are kept; the oldest go.
pub(crate) const MOST: i64 = 1_000_000;

/// A ban was made. One that is told once more is in it already; one of before is replaced.
pub(crate) fn begun(connection: &Connection, ban: &BanRecord) -> rusqlite::Result<()> {
    let place = of(ban.network.address());
    let known = connection
        .prepare_cached(
            "SELECT 1 FROM history WHERE place = ?1 AND length = ?2 AND only = ?3 AND judge = ?4
             AND since = ?5 AND until IS ?6 AND ended IS NULL",
        )?
        .exists(params![place, ban.network.length(), ban.only, ban.judge, ban.since, ban.until])?;
    if known {
        return Ok(());
    }
    end(connection, (ban.network, &ban.only), ban.since, "replaced")?;
    connection
        .prepare_cached(
            "INSERT INTO history (network, place, length, only, judge, since, until, service,
                                  reason, origin)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            ban.network.to_string(),
            place,
            ban.network.length(),
            start(&ban.only, MOST_NAME),
            start(&ban.judge, MOST_NAME),
            ban.since,
            ban.until,
            start(&ban.service, MOST_NAME),
            start(&ban.reason, MOST_REASON),
            ban.origin.as_deref().map(|origin| start(origin, MOST_NAME)),
        ])?;
    Ok(())
}

/// A ban is over.
pub(crate) fn ended(connection: &Connection, of: &BanEnd) -> rusqlite::Result<()> {
    let at = i64::try_from(of.at / 1000).unwrap_or(i64::MAX);
    end(connection, (of.ban.network, &of.ban.only), at, start(&of.how, MOST_NAME))
}

fn end(
    connection: &Connection,
    (network, only): (Network, &str),
    at: i64,
    how: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE history SET ended = ?4, how = ?5
             WHERE place = ?1 AND length = ?2 AND only = ?3 AND ended IS NULL",
        )?
        .execute(params![
            of(network.address()),
            network.length(),
            start(only, MOST_NAME),
            at,
            how
        ])?;
    Ok(())
}

/// Lets the oldest go past the bound, and what they were for.
pub(crate) fn trim(connection: &Connection, most: i64) -> rusqlite::Result<()> {
    let gone = connection
        .prepare_cached("DELETE FROM history WHERE id <= (SELECT max(id) FROM history) - ?1")?
        .execute([most])?;
    if gone > 0 {
        let first = "SELECT since FROM history ORDER BY id LIMIT 1";
        connection.execute(&format!("DELETE FROM evidence WHERE since < ({first})"), [])?;
    }
    Ok(())
}

/// Whether somebody there was shut out at a judge's word at that time (seconds) or later.
pub(crate) fn was_banned(
    connection: &Connection,
    network: Network,
    judge: &str,
    since: i64,
) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM history WHERE place = ?1 AND length = ?2 AND judge = ?3 AND since >= ?4",
    )?;
    for wider in around(network) {
        let key = of(wider.address());
        if statement.exists(params![key, wider.length(), judge, since])? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Ledger {
    /// Whether somebody there was shut out at a judge's word at that time (seconds) or later.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn was_banned(
        &self,
        network: Network,
        judge: &str,
        since: i64,
    ) -> Result<bool, LedgerError> {
        was_banned(&self.connection, network, judge, since).map_err(sql("read the history of bans"))
    }

    /// Some bans at judges' words that were in force at a time (seconds) or later, in the order they were
    /// made: those behind the number `after`, as far as `last`. Gives the number of the last one
    /// looked at; `None` when there are no more.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn judged_bans(
        &self,
        (after, last): (i64, i64),
        since: i64,
        some: u32,
        into: &mut Vec<PastBan>,
    ) -> Result<Option<i64>, LedgerError> {
        let mut all = || -> rusqlite::Result<Option<i64>> {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM history WHERE id > ?1 AND id <= ?2 AND judge != ''
                 AND coalesce(ended, until, ?3) >= ?3 ORDER BY id LIMIT ?4"
            ))?;
            let mut rows = statement.query(params![after, last, since, some])?;
            let mut seen = None;
            while let Some(row) = rows.next()? {
                seen = Some(row.get(0)?);
                into.extend(read(row)?.map(|(_, ban)| ban));
            }
            Ok(seen)
        };
        all().map_err(sql("read the history of bans"))
    }

    /// The number of the newest ban; 0 if there was none.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn newest_ban(&self) -> Result<i64, LedgerError> {
        let newest = "SELECT coalesce(max(id), 0) FROM history";
        let row = self.connection.query_row(newest, [], |row| row.get(0));
        row.map_err(sql("read the history of bans"))
    }

    /// Bans, past and present, that share an address with a network: the newest, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn history(&self, network: Network, most: u32) -> Result<Vec<PastBan>, LedgerError> {
        overlapping(&self.connection, network, most).map_err(sql("read the history of bans"))
    }
}

const COLUMNS: &str =
    "id, network, only, judge, since, until, ended, how, service, reason, origin, place";

fn overlapping(
    connection: &Connection,
    network: Network,
    most: u32,
) -> rusqlite::Result<Vec<PastBan>> {
    let (first, last) = ends(network);
    let mut found = Vec::new();
    let inside = format!(
        "SELECT {COLUMNS} FROM history WHERE place BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3"
    );
    let mut inside = connection.prepare_cached(&inside)?;
    let mut rows = inside.query(params![first, last, most])?;
    while let Some(row) = rows.next()? {
        found.extend(read(row)?);
    }
    let wider = format!(
        "SELECT {COLUMNS} FROM history WHERE place = ?1 AND length = ?2 ORDER BY id DESC LIMIT ?3"
    );
    let mut wider = connection.prepare_cached(&wider)?;
    for around in around(network).skip(1) {
        let mut rows = wider.query(params![of(around.address()), around.length(), most])?;
        while let Some(row) = rows.next()? {
            found.extend(read(row)?);
        }
    }
    found.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    found.dedup_by_key(|(id, _)| *id);
    found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    found.into_iter().map(|(_, ban)| with_evidence(connection, ban)).collect()
}

/// `None` for a row that somebody wrote with a shell.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<(i64, PastBan)>> {
    let network: String = row.get(1)?;
    let Ok(network) = network.parse() else { return Ok(None) };
    let ms = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(1000);
    let ban = PastBan {
        network,
        only: row.get(2)?,
        judge: row.get(3)?,
        since: ms(row.get(4)?),
        until: row.get::<_, Option<i64>>(5)?.map(ms),
        ended: row.get::<_, Option<i64>>(6)?.map(ms),
        how: row.get(7)?,
        service: row.get(8)?,
        reason: row.get(9)?,
        origin: row.get(10)?,
        time: None,
        evidence: Vec::new(),
    };
    Ok(Some((row.get(0)?, ban)))
}

/// What a judge's ban was for: what was written with the offence that decided.
fn with_evidence(connection: &Connection, mut ban: PastBan) -> rusqlite::Result<PastBan> {
    if ban.judge.is_empty() {
        return Ok(ban);
    }
    let (first, last) = ends(ban.network);
    let since = i64::try_from(ban.since / 1000).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT time, offences FROM evidence
         WHERE place BETWEEN ?1 AND ?2 AND judge = ?3 AND since <= ?4
         ORDER BY since DESC LIMIT 1",
    )?;
    let found: Option<(u32, String)> = statement
        .query_row(params![first, last, ban.judge, since], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((time, offences)) = found {
        ban.time = Some(time);
        ban.evidence = serde_json::from_str::<Vec<Offence>>(&offences).unwrap_or_default();
    }
    Ok(ban)
}
