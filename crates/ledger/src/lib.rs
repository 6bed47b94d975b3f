//! The durable record of offences, of bans and what became of them, of who has authenticated, and of how
//! far what is watched has been read, in SQLite.
//!
//! One file, `ledger.sqlite`, in WAL mode and readable with the sqlite3 shell while it is in use.
//! What [`Ledger::apply`] has returned for is on disk. A damaged file is moved aside, never
//! deleted, and what can still be read of its bans goes into the new one; a file of a newer
//! portreeve is left alone. Nothing here decides anything: who is banned and until when is the
//! monitor's business.
#![forbid(unsafe_code)]

mod bans;
mod change;
mod error;
mod evidence;
pub mod foreign;
mod history;
mod offences;
mod open;
mod pardons;
mod place;
mod positions;
mod schema;
mod successes;

pub use change::Change;
pub use error::LedgerError;
pub use offences::OffenceRow;
pub use open::{FILE_NAME, open, open_to_read};
pub use positions::Position;

use rusqlite::Connection;

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
    notice: Option<String>,
    most_offences: u64,
    since_trim: u64,
}

impl Ledger {
    /// What the owner must be told about how it was opened: that a damaged one was moved aside.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }
}

#[cfg(test)]
mod tests;
