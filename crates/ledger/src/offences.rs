//! The table of offences: the newest are kept, a bounded number.

use crate::bans::start;
use crate::error::{LedgerError, sql};
use crate::place::{ends, of};
use crate::{Change, Ledger};
use portreeve_model::{Offence, Sentence};
use portreeve_wire::asked::Offences;
use portreeve_wire::clerk::Proposal;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::ops::ControlFlow;

/// So many are kept.
pub(crate) const MOST_OFFENCES: u64 = 1_000_000;

/// How many are recorded before old ones are looked for: the table may be over its bound by so
/// many.
pub(crate) const TRIM_EVERY: u64 = 1000;

/// Bytes of each text that are kept.
const MOST_TEXT: usize = 4096;

/// An offence as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffenceRow {
    /// Its number, growing.
    pub id: i64,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// What.
    pub kind: String,
    /// The peer's address, if somebody is charged.
    pub peer: Option<String>,
    /// Key of the service.
    pub service: String,
    /// Where it was seen.
    pub source: String,
    /// The account that was aimed at.
    pub user: Option<String>,
    /// What it cost; 0 is nothing, `None` for ever.
    pub seconds: Option<i64>,
}

impl Ledger {
    /// Records an offence.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed.
    pub fn record_offence(&mut self, offence: &Offence) -> Result<(), LedgerError> {
        self.apply(&[Change::record(offence.clone())])
    }

    /// The newest offences, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn offences(&self, most: u32) -> Result<Vec<OffenceRow>, LedgerError> {
        newest(&self.connection, most).map_err(sql("read the offences"))
    }

    /// Offences as they are asked for, the oldest first, with their numbers, of those with a number
    /// from `from` on; `each` says whether to go on.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn find_offences(
        &self,
        wanted: &Offences,
        each: &mut dyn FnMut(i64, Offence) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        find(&self.connection, wanted, each).map_err(sql("read the offences"))
    }

    /// The number of the newest offence; 0 if there is none.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn newest_offence(&self) -> Result<i64, LedgerError> {
        let newest = "SELECT coalesce(max(id), 0) FROM offences";
        let row = self.connection.query_row(newest, [], |row| row.get(0));
        row.map_err(sql("read the offences"))
    }

    /// Some offences of a time (milliseconds) or later, in the order they were recorded: those behind
    /// the number `after`, as far as `last`. Gives the number of the last one looked at; `None` when
    /// there are no more.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn offences_between(
        &self,
        (after, last): (i64, i64),
        since: u64,
        some: u32,
        into: &mut Vec<Offence>,
    ) -> Result<Option<i64>, LedgerError> {
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        let mut read = || -> rusqlite::Result<Option<i64>> {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM offences WHERE id > ?1 AND id <= ?2 AND at >= ?3
                 AND place IS NOT NULL ORDER BY id LIMIT ?4"
            ))?;
            let mut rows = statement.query(params![after, last, since, some])?;
            let mut seen = None;
            while let Some(row) = rows.next()? {
                seen = Some(row.get(0)?);
                into.extend(read(row)?);
            }
            Ok(seen)
        };
        read().map_err(sql("read the offences"))
    }

    /// How many rows tell of such an offence of a session's.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn rows_of(&self, offence: &Offence) -> Result<usize, LedgerError> {
        let count = || -> rusqlite::Result<i64> {
            let mut statement = self.connection.prepare_cached(
                "SELECT count(*) FROM offences WHERE place IS ?1 AND at = ?2 AND kind = ?3
                 AND port IS ?4 AND session IS ?5",
            )?;
            statement.query_row(
                params![
                    offence.peer.map(of),
                    i64::try_from(offence.at).unwrap_or(i64::MAX),
                    offence.kind,
                    offence.port,
                    offence.session.map(|session| i64::try_from(session).unwrap_or(i64::MAX)),
                ],
                |row| row.get(0),
            )
        };
        let count = count().map_err(sql("read the offences"))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// How many offences are kept from here on.
    #[must_use]
    pub fn keeping_offences(mut self, most: u64) -> Self {
        self.most_offences = most;
        self
    }
}

fn newest(connection: &Connection, most: u32) -> rusqlite::Result<Vec<OffenceRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, at, kind, peer, service, source, user, seconds
         FROM offences ORDER BY id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([most], |row| {
        Ok(OffenceRow {
            id: row.get(0)?,
            at: row.get(1)?,
            kind: row.get(2)?,
            peer: row.get(3)?,
            service: row.get(4)?,
            source: row.get(5)?,
            user: row.get(6)?,
            seconds: row.get(7)?,
        })
    })?;
    rows.collect()
}

const COLUMNS: &str = "id, at, kind, peer, port, service, user, source, watch, detector, session,
    certain, count, why, spared";

/// `None` for a row that somebody wrote with a shell.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<Offence>> {
    let peer: Option<String> = row.get(3)?;
    let Ok(peer) = peer.map(|peer| peer.parse()).transpose() else { return Ok(None) };
    Ok(Some(Offence {
        at: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
        kind: row.get(2)?,
        peer,
        port: row.get(4)?,
        service: row.get(5)?,
        user: row.get(6)?,
        source: row.get(7)?,
        watch: row.get(8)?,
        detector: row.get(9)?,
        session: row.get::<_, Option<i64>>(10)?.and_then(|number| u64::try_from(number).ok()),
        certain: row.get(11)?,
        count: row.get(12)?,
        why: row.get(13)?,
        sentence: None,
        spared: row.get(14)?,
    }))
}

/// Rows from the end that are looked through for offences of a network of several addresses.
const LOOKED_THROUGH: i64 = 10_000;

/// The last offences that a proposal rests on, the oldest first.
pub(crate) fn last_of(
    connection: &Connection,
    proposal: &Proposal,
    most: u32,
) -> rusqlite::Result<Vec<Offence>> {
    let (first, last) = ends(proposal.network);
    let mut statement = match first == last {
        true => connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM offences WHERE place = ?1 AND place = ?2 AND ?3 > 0
             ORDER BY id DESC LIMIT ?4"
        ))?,
        // The index has them by place: those of a wide network would all be sorted.
        false => connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM offences WHERE +place BETWEEN ?1 AND ?2
             AND id > (SELECT max(id) FROM offences) - ?3 ORDER BY id DESC LIMIT ?4"
        ))?,
    };
    let rows = statement.query_map(params![first, last, LOOKED_THROUGH, most], read)?;
    let mut found: Vec<Offence> = rows.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    found.reverse();
    Ok(found)
}

/// Where the offences begin of which so many are wanted from the end, and then those.
fn find(
    connection: &Connection,
    wanted: &Offences,
    each: &mut dyn FnMut(i64, Offence) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    const WANTED: &str = "(?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR kind = ?2)
        AND (?3 IS NULL OR service = ?3 OR substr(service, 1, length(?3) + 1) = ?3 || '@')";
    let place = match wanted.peer {
        Some(_) => "AND place BETWEEN ?4 AND ?5",
        None => "AND ?4 IS NULL AND ?5 IS NULL",
    };
    let (first, last) = wanted.peer.map(ends).unzip();
    let since = wanted.since.map(|since| i64::try_from(since).unwrap_or(i64::MAX));
    let kind = wanted.kind.map(portreeve_model::Kind::word);
    let skipped = wanted.last.saturating_sub(1);
    let begin: Option<i64> = connection
        .prepare_cached(&format!(
            "SELECT id FROM offences WHERE {WANTED} {place} ORDER BY id DESC LIMIT 1 OFFSET ?6"
        ))?
        .query_row(params![since, kind, wanted.service, first, last, skipped], |row| row.get(0))
        .optional()?;
    let begin = begin.unwrap_or(0);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM offences WHERE id >= ?6 AND {WANTED} {place} ORDER BY id"
    ))?;
    let mut rows = statement.query(params![since, kind, wanted.service, first, last, begin])?;
    while let Some(row) = rows.next()? {
        if let Some(offence) = read(row)?
            && each(row.get(0)?, offence).is_break()
        {
            break;
        }
    }
    Ok(())
}

pub(crate) fn record(connection: &Connection, offence: &Offence) -> rusqlite::Result<()> {
    let seconds = match offence.sentence {
        Some(Sentence::For(time)) => Some(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)),
        Some(Sentence::Forever) => None,
        Some(Sentence::Never) | None => Some(0),
    };
    let mut statement = connection.prepare_cached(
        "INSERT INTO offences (at, kind, peer, port, service, user, source, watch, detector, session,
                               certain, count, why, seconds, spared, place)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    statement.execute(params![
        i64::try_from(offence.at).unwrap_or(i64::MAX),
        offence.kind,
        offence.peer.map(|peer| peer.to_string()),
        offence.port,
        start(&offence.service, MOST_TEXT),
        offence.user.as_deref().map(|user| start(user, MOST_TEXT)),
        offence.source,
        offence.watch.as_deref().map(|watch| start(watch, MOST_TEXT)),
        offence.detector.as_deref().map(|detector| start(detector, MOST_TEXT)),
        offence.session.map(|session| i64::try_from(session).unwrap_or(i64::MAX)),
        offence.certain,
        offence.count,
        start(&offence.why, MOST_TEXT),
        seconds,
        offence.spared,
        offence.peer.map(of),
    ])?;
    Ok(())
}

/// Numbers only grow and only old ones go, so the bound is a subtraction.
pub(crate) fn trim(connection: &Connection, most: u64) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare_cached("DELETE FROM offences WHERE id <= (SELECT max(id) FROM offences) - ?1")?;
    statement.execute([i64::try_from(most).unwrap_or(i64::MAX)])?;
    Ok(())
}
