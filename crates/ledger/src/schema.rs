//! The tables, version by version.

use crate::error::{LedgerError, sql};
use crate::{bans, history, place};
use rusqlite::Connection;
use std::path::Path;

/// One step a version, the first from an empty file. A step once released never changes: what is
/// new is a new step. The comments stay in the file, where `.schema` shows them.
pub(crate) const STEPS: [&str; 4] = [
    "
CREATE TABLE bans (
    network TEXT PRIMARY KEY NOT NULL,            -- 192.0.2.7, 2001:db8::/64
    family  INTEGER NOT NULL CHECK (family IN (4, 6)),
    length  INTEGER NOT NULL,                     -- of the prefix
    since   INTEGER NOT NULL,                     -- seconds since 1970, UTC
    until   INTEGER,                              -- likewise; NULL is for ever
    service TEXT NOT NULL,                        -- at which it happened
    reason  TEXT NOT NULL,                        -- a sentence
    origin  TEXT                                  -- path:line:column of the rule
) STRICT, WITHOUT ROWID;
CREATE TABLE offences (
    id      INTEGER PRIMARY KEY,                  -- in the order they were recorded
    at      INTEGER NOT NULL,                     -- milliseconds since 1970, UTC
    kind    TEXT NOT NULL,                        -- trap: touched one
    peer    TEXT NOT NULL,                        -- address, from the kernel
    port    INTEGER NOT NULL,
    service TEXT NOT NULL,
    seconds INTEGER,                              -- what it cost; 0 is nothing, NULL is for ever
    spared  TEXT                                  -- why there was no ban after all
) STRICT;
",
    "
CREATE TABLE positions (
    source   TEXT NOT NULL,                       -- a path, or what a journal is called
    device   INTEGER NOT NULL,                    -- of the file; 0 of a journal
    inode    INTEGER NOT NULL,                    -- likewise
    offset   INTEGER NOT NULL,                    -- bytes that were read: whole lines
    tail     INTEGER NOT NULL,                    -- so many bytes before it are known
    mark     INTEGER NOT NULL,                    -- by what they hash to
    within   INTEGER NOT NULL,                    -- 1: in a line whose rest is not read
    cursor   TEXT,                                -- of a journal
    lines    INTEGER NOT NULL,                    -- read of this source so far
    offences INTEGER NOT NULL,                    -- found in them
    at       INTEGER NOT NULL,                    -- milliseconds since 1970, UTC: its last write
    PRIMARY KEY (source, device, inode)
) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE offences_2 (
    id       INTEGER PRIMARY KEY,                 -- in the order they were recorded
    at       INTEGER NOT NULL,                    -- milliseconds since 1970, UTC
    kind     TEXT NOT NULL,                       -- auth-failed, crash, trap...: docs/watching.md
    peer     TEXT,                                -- address of who is charged; NULL is nobody
    port     INTEGER,                             -- theirs, where it is known
    service  TEXT NOT NULL,                       -- empty where none is known
    user     TEXT,                                -- the account that was aimed at, escaped
    source   TEXT NOT NULL,                       -- door, pipe, socket, journal, file
    watch    TEXT,                                -- the [watch.NAME] it was seen by
    detector TEXT,                                -- or filter
    session  INTEGER,                             -- the door's own, in which it happened
    certain  INTEGER NOT NULL CHECK (certain IN (0, 1)),
    count    INTEGER NOT NULL,                    -- how many times, when several are one row
    why      TEXT NOT NULL,
    seconds  INTEGER,                             -- what it cost; 0 is nothing, NULL is for ever
    spared   TEXT                                 -- why there was no ban after all
) STRICT;
INSERT INTO offences_2
    SELECT id, at, kind, peer, port, service, NULL, 'door', NULL, NULL, NULL, 1, 1,
           'touched a trap', seconds, spared
    FROM offences;
DROP TABLE offences;
ALTER TABLE offences_2 RENAME TO offences;
",
    "
CREATE TABLE bans_2 (
    network TEXT NOT NULL,                        -- 192.0.2.7, 2001:db8::/64
    only    TEXT NOT NULL,                        -- the service they are shut out of; empty: all
    family  INTEGER NOT NULL CHECK (family IN (4, 6)),
    length  INTEGER NOT NULL,                     -- of the prefix
    since   INTEGER NOT NULL,                     -- seconds since 1970, UTC
    until   INTEGER,                              -- likewise; NULL is for ever
    judge   TEXT NOT NULL,                        -- who asked for it; empty: a trap, or by hand
    service TEXT NOT NULL,                        -- at which it happened
    reason  TEXT NOT NULL,                        -- a sentence
    origin  TEXT,                                 -- path:line:column of the rule
    PRIMARY KEY (network, only)
) STRICT, WITHOUT ROWID;
INSERT INTO bans_2
    SELECT network, '', family, length, since, until, '', service, reason, origin FROM bans;
DROP TABLE bans;
ALTER TABLE bans_2 RENAME TO bans;
ALTER TABLE offences ADD COLUMN place BLOB;       -- of peer, as a key that sorts: 4 or 6, and its bytes
CREATE TABLE history (
    id      INTEGER PRIMARY KEY,                  -- in the order they were made
    network TEXT NOT NULL,                        -- whom a ban shuts out, or did
    place   BLOB NOT NULL,                        -- its first address, as a key
    length  INTEGER NOT NULL,                     -- of the prefix
    only    TEXT NOT NULL,                        -- the service they are shut out of; empty: all
    judge   TEXT NOT NULL,                        -- who asked for it; empty: a trap, or by hand
    since   INTEGER NOT NULL,                     -- seconds since 1970, UTC
    until   INTEGER,                              -- likewise; NULL is for ever
    ended   INTEGER,                              -- when it ended, likewise; NULL: nobody has said so
    how     TEXT,                                 -- expired, lifted, crowded out, replaced
    service TEXT NOT NULL,                        -- at which it happened
    reason  TEXT NOT NULL,                        -- a sentence
    origin  TEXT                                  -- path:line:column of the rule
) STRICT;
CREATE INDEX history_place ON history (place, length);
CREATE TABLE evidence (
    id       INTEGER PRIMARY KEY,
    place    BLOB NOT NULL,                       -- of whose offence was the last straw, as a key
    judge    TEXT NOT NULL,                       -- who asked for a ban
    since    INTEGER NOT NULL,                    -- seconds since 1970, UTC: of the last offence
    time     INTEGER NOT NULL,                    -- which time it was
    offences TEXT NOT NULL                        -- the last of them: JSON
) STRICT;
CREATE INDEX evidence_place ON evidence (place, judge, since);
CREATE TABLE successes (
    place      BLOB NOT NULL,                     -- of peer, as a key
    user       TEXT NOT NULL,                     -- the account, escaped; empty where none is known
    service    TEXT NOT NULL,                     -- its key; empty where none is known
    peer       TEXT NOT NULL,                     -- from where somebody has authenticated
    first      INTEGER NOT NULL,                  -- milliseconds since 1970, UTC
    last       INTEGER NOT NULL,                  -- likewise
    count      INTEGER NOT NULL,                  -- how often
    source     TEXT NOT NULL,                     -- door, pipe, socket, journal, file: of the last
    suspicious INTEGER NOT NULL,                  -- how often after too many failures
    PRIMARY KEY (place, user, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX successes_last ON successes (last);
CREATE TABLE pardons (
    id      INTEGER PRIMARY KEY,
    network TEXT NOT NULL,                        -- whose bans were lifted by hand
    place   BLOB NOT NULL,                        -- its first address, as a key
    length  INTEGER NOT NULL,                     -- of the prefix
    at      INTEGER NOT NULL,                     -- milliseconds since 1970, UTC
    by      INTEGER NOT NULL                      -- user's number
) STRICT;
CREATE INDEX pardons_place ON pardons (place, length);
",
];

/// The version whose rows get their keys by [`key_rows`].
const KEYED: i64 = 4;

/// Gives rows from before their keys, and bans their history; then both can be found by network.
fn key_rows(connection: &Connection) -> rusqlite::Result<()> {
    let mut peers = connection.prepare("SELECT id, peer FROM offences WHERE peer IS NOT NULL")?;
    let mut key = connection.prepare("UPDATE offences SET place = ?2 WHERE id = ?1")?;
    let mut rows = peers.query([])?;
    while let Some(row) = rows.next()? {
        let (id, peer): (i64, String) = (row.get(0)?, row.get(1)?);
        if let Ok(peer) = peer.parse() {
            key.execute((id, place::of(peer)))?;
        }
    }
    connection.execute_batch("CREATE INDEX offences_place ON offences (place)")?;
    bans::each(connection, &mut |ban| {
        let _ = history::begun(connection, &ban); // one odd row must not hide those behind it
    })?;
    Ok(())
}

/// Brings a file from the version it has to the newest; each step whole or not at all.
pub(crate) fn migrate(
    connection: &mut Connection,
    path: &Path,
    steps: &[&str],
) -> Result<(), LedgerError> {
    let deed = "bring the ledger's schema up to date";
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(sql("read the ledger's version"))?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let done = match usize::try_from(found) {
        Ok(done) if found <= known => done,
        _ => return Err(LedgerError::Newer { path: path.into(), found, known }),
    };
    for (step, version) in steps.iter().zip(1_i64..).skip(done) {
        let transaction = connection.transaction().map_err(sql(deed))?;
        transaction.execute_batch(step).map_err(sql(deed))?;
        if version == KEYED {
            key_rows(&transaction).map_err(sql(deed))?;
        }
        transaction.pragma_update(None, "user_version", version).map_err(sql(deed))?;
        transaction.commit().map_err(sql(deed))?;
    }
    Ok(())
}
