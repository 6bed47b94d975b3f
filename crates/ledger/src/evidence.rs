//! What a ban is for: the last offences of whoever a judge asks to shut out, written in the commit of
//! the one that decided.

use crate::bans::{MOST_NAME, start};
use crate::offences;
use crate::place::of;
use portreeve_wire::clerk::Proposal;
use rusqlite::{Connection, params};

/// Rows that are kept; the oldest go.
const MOST: i64 = 50_000;

/// Offences of one ban.
const MOST_OFFENCES: u32 = 10;

/// Bytes of their JSON text.
const MOST_BYTES: usize = 8192;

/// Writes down what a judge's proposal rests on.
pub(crate) fn keep(connection: &Connection, proposal: &Proposal) -> rusqlite::Result<()> {
    let mut rows = offences::last_of(connection, proposal, MOST_OFFENCES)?;
    let text = loop {
        let text = serde_json::to_string(&rows).unwrap_or_default();
        if text.len() <= MOST_BYTES || rows.is_empty() {
            break text;
        }
        rows.remove(0);
    };
    let since = i64::try_from(proposal.at / 1000).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "INSERT INTO evidence (place, judge, since, time, offences) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            of(proposal.peer),
            start(&proposal.judge, MOST_NAME),
            since,
            proposal.time,
            text
        ])?;
    Ok(())
}

/// Lets the oldest go past the bound.
pub(crate) fn trim(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM evidence WHERE id <= (SELECT max(id) FROM evidence) - ?1")?
        .execute([MOST])?;
    Ok(())
}
