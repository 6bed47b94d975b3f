//! Bans that were lifted by hand: whoever did that wants nothing from before to count.

use crate::Ledger;
use crate::error::{LedgerError, sql};
use crate::place::{around, ends, of};
use portreeve_model::Network;
use portreeve_wire::asked::Pardon;
use portreeve_wire::clerk::BanEnd;
use rusqlite::{Connection, Row, params};

/// Rows that are kept; the oldest go.
const MOST: i64 = 100_000;

/// A ban was lifted, by hand if anybody is named.
pub(crate) fn keep(connection: &Connection, of_whom: &BanEnd) -> rusqlite::Result<()> {
    let Some(by) = of_whom.by else { return Ok(()) };
    let network = of_whom.ban.network;
    connection
        .prepare_cached(
            "INSERT INTO pardons (network, place, length, at, by) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            network.to_string(),
            of(network.address()),
            network.length(),
            i64::try_from(of_whom.at).unwrap_or(i64::MAX),
            by
        ])?;
    Ok(())
}

/// Lets the oldest go past the bound.
pub(crate) fn trim(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM pardons WHERE id <= (SELECT max(id) FROM pardons) - ?1")?
        .execute([MOST])?;
    Ok(())
}

impl Ledger {
    /// Pardons of networks that share an address with one, the newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn pardons(&self, network: Network, most: u32) -> Result<Vec<Pardon>, LedgerError> {
        let (first, last) = ends(network);
        let all = || -> rusqlite::Result<Vec<Pardon>> {
            let mut inside = self.connection.prepare_cached(
                "SELECT network, at, by FROM pardons WHERE place BETWEEN ?1 AND ?2
                 ORDER BY id DESC LIMIT ?3",
            )?;
            let rows = inside.query_map(params![first, last, most], read)?;
            let mut found: Vec<_> = rows.collect::<Result<_, _>>()?;
            let mut wider = self.connection.prepare_cached(
                "SELECT network, at, by FROM pardons WHERE place = ?1 AND length = ?2
                 ORDER BY id DESC LIMIT ?3",
            )?;
            for network in around(network).skip(1) {
                let key = of(network.address());
                let rows = wider.query_map(params![key, network.length(), most], read)?;
                for row in rows {
                    found.push(row?);
                }
            }
            let mut found: Vec<Pardon> = found.into_iter().flatten().collect();
            found.sort_by_key(|pardon| std::cmp::Reverse(pardon.at));
            found.dedup();
            Ok(found)
        };
        all().map_err(sql("read the pardons"))
    }

    /// Every pardon of that time (milliseconds) or later, in that order.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn pardons_since(&self, since: u64) -> Result<Vec<Pardon>, LedgerError> {
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        let all = || -> rusqlite::Result<Vec<Pardon>> {
            let mut statement = self
                .connection
                .prepare_cached("SELECT network, at, by FROM pardons WHERE at >= ?1 ORDER BY at")?;
            let rows = statement.query_map([since], read)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        };
        all().map_err(sql("read the pardons"))
    }
}

/// `None` for a row that somebody wrote with a shell.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<Pardon>> {
    let network: String = row.get(0)?;
    let Ok(network) = network.parse() else { return Ok(None) };
    let at: i64 = row.get(1)?;
    Ok(Some(Pardon { network, at: u64::try_from(at).unwrap_or(0), by: row.get(2)? }))
}
