//! The table of offences: the newest are kept, a bounded number.

use crate::error::{LedgerError, sql};
use crate::{Change, Ledger};
use portreeve_model::Sentence;
use portreeve_wire::End;
use rusqlite::{Connection, params};

/// So many are kept.
pub(crate) const MOST_OFFENCES: u64 = 1_000_000;

/// How many are recorded before old ones are looked for: the table may be over its bound by so
/// many.
pub(crate) const TRIM_EVERY: u64 = 1000;

/// Somebody did something they are not to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence {
    /// When, in milliseconds since the epoch.
    pub at: u64,
    /// Who, as the kernel named them.
    pub peer: End,
    /// Key of the trap that was touched.
    pub service: String,
    /// What it costs.
    pub sentence: Sentence,
    /// Why there is no ban after all.
    pub spared: Option<String>,
}

/// An offence as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffenceRow {
    /// Its number, growing.
    pub id: i64,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// The peer's address.
    pub peer: String,
    /// Key of the service.
    pub service: String,
    /// What it cost; 0 is nothing, `None` for ever.
    pub seconds: Option<i64>,
}

impl Ledger {
    /// Records an offence.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed.
    pub fn record_offence(&mut self, offence: &Offence) -> Result<(), LedgerError> {
        self.apply(&[Change::Record(offence.clone())])
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
        "SELECT id, at, peer, service, seconds FROM offences ORDER BY id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([most], |row| {
        Ok(OffenceRow {
            id: row.get(0)?,
            at: row.get(1)?,
            peer: row.get(2)?,
            service: row.get(3)?,
            seconds: row.get(4)?,
        })
    })?;
    rows.collect()
}

pub(crate) fn record(connection: &Connection, offence: &Offence) -> rusqlite::Result<()> {
    let seconds = match offence.sentence {
        Sentence::For(time) => Some(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)),
        Sentence::Forever => None,
        Sentence::Never => Some(0),
    };
    let mut statement = connection.prepare_cached(
        "INSERT INTO offences (at, kind, peer, port, service, seconds, spared)
         VALUES (?1, 'trap', ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.execute(params![
        i64::try_from(offence.at).unwrap_or(i64::MAX),
        offence.peer.address.to_string(),
        offence.peer.port,
        offence.service,
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
