//! What is written, several changes at a time: one commit, one wait for the disk.

use crate::error::{LedgerError, sql};
use crate::{Ledger, Position, bans, evidence, history, offences, pardons, positions, successes};
use portreeve_model::{Offence, Success};
use portreeve_wire::clerk::{BanEnd, BanRecord, Proposal};
use rusqlite::TransactionBehavior::Immediate;
use rusqlite::{Connection, Transaction};

/// One change of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Keep a ban; one of the same key is replaced.
    Keep(BanRecord),
    /// Forget exactly this ban.
    Forget(BanEnd),
    /// Record an offence.
    Record {
        /// The offence.
        offence: Box<Offence>,
        /// What judges have asked for because of it: what that rests on is written down.
        proposals: Vec<Proposal>,
    },
    /// Something watched was read up to a position: what was found before it, and the position.
    Read {
        /// What was found since the position before.
        offences: Vec<Offence>,
        /// What judges have asked for because of them.
        proposals: Vec<Proposal>,
        /// How far it was read.
        position: Box<Position>,
    },
    /// What judges have asked for because of offences that are recorded.
    Propose(Vec<Proposal>),
    /// Somebody has authenticated.
    Succeed {
        /// Who.
        success: Box<Success>,
        /// Whether after too many failures from there.
        suspicious: bool,
    },
}

impl Change {
    /// An offence that nobody asks anything for.
    #[must_use]
    pub fn record(offence: Offence) -> Self {
        Self::Record { offence: Box::new(offence), proposals: Vec::new() }
    }

    /// Rows that it writes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Keep(_) | Self::Forget(_) | Self::Succeed { .. } => 1,
            Self::Record { proposals, .. } => proposals.len().saturating_add(1),
            Self::Read { offences, proposals, .. } => {
                offences.len().saturating_add(proposals.len()).saturating_add(1)
            }
            Self::Propose(proposals) => proposals.len(),
        }
    }

    fn make(&self, connection: &Connection) -> rusqlite::Result<()> {
        match self {
            Self::Keep(ban) => {
                history::begun(connection, ban)?;
                bans::keep(connection, ban)
            }
            Self::Forget(end) => {
                history::ended(connection, end)?;
                pardons::keep(connection, end)?;
                bans::forget(connection, &end.ban)
            }
            Self::Record { offence, proposals } => {
                offences::record(connection, offence)?;
                proposals.iter().try_for_each(|one| evidence::keep(connection, one))
            }
            Self::Read { offences, proposals, position } => {
                offences.iter().try_for_each(|one| offences::record(connection, one))?;
                proposals.iter().try_for_each(|one| evidence::keep(connection, one))?;
                positions::keep(connection, position)
            }
            Self::Propose(proposals) => {
                proposals.iter().try_for_each(|one| evidence::keep(connection, one))
            }
            Self::Succeed { success, suspicious } => {
                successes::keep(connection, success, *suspicious)
            }
        }
    }
}

impl Ledger {
    /// Makes the changes in their order, all or none. When it returns, they are on disk.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed.
    pub fn apply<'a>(
        &mut self,
        changes: impl IntoIterator<Item = &'a Change>,
    ) -> Result<(), LedgerError> {
        let deed = "write to the ledger";
        let transaction =
            self.connection.transaction_with_behavior(Immediate).map_err(sql(deed))?;
        let mut written = 0_usize;
        for change in changes {
            written = written.saturating_add(change.weight());
            change.make(&transaction).map_err(sql(deed))?;
        }
        let since = self.since_trim.saturating_add(written as u64);
        let due = since >= offences::TRIM_EVERY;
        if due {
            trim(&transaction, self.most_offences).map_err(sql(deed))?;
        }
        transaction.commit().map_err(sql(deed))?;
        self.since_trim = if due { 0 } else { since };
        Ok(())
    }
}

/// Lets the oldest rows of each table go past its bound.
fn trim(transaction: &Transaction<'_>, most_offences: u64) -> rusqlite::Result<()> {
    offences::trim(transaction, most_offences)?;
    positions::trim(transaction)?;
    history::trim(transaction, history::MOST)?;
    evidence::trim(transaction)?;
    successes::trim(transaction)?;
    pardons::trim(transaction)
}
