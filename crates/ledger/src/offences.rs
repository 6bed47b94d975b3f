//! The table of offences: the newest are kept, a bounded number.

use crate::bans::start;
use crate::error::{LedgerError, sql};
use crate::{Change, Ledger};
use portreeve_model::{Offence, Sentence};
use rusqlite::{Connection, params};

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
        self.apply(&[Change::Record(Box::new(offence.clone()))])
    }

    /// The newest offences, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn offences(&self, most: u32) -> Result<Vec<OffenceRow>, LedgerError> {
        newest(&self.connection, most).map_err(sql("read the offences"))
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

pub(crate) fn record(connection: &Connection, offence: &Offence) -> rusqlite::Result<()> {
    let seconds = match offence.sentence {
        Some(Sentence::For(time)) => Some(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)),
        Some(Sentence::Forever) => None,
        Some(Sentence::Never) | None => Some(0),
    };
    let mut statement = connection.prepare_cached(
        "INSERT INTO offences (at, kind, peer, port, service, user, source, watch, detector, session,
                               certain, count, why, seconds, spared)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
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
