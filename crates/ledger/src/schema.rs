//! The tables, version by version.

use crate::error::{LedgerError, sql};
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
",
];

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
        transaction.pragma_update(None, "user_version", version).map_err(sql(deed))?;
        transaction.commit().map_err(sql(deed))?;
    }
    Ok(())
}
