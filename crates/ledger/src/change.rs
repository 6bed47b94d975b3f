//! What is written, several changes at a time: one commit, one wait for the disk.

use crate::error::{LedgerError, sql};
use crate::{Ledger, Position, bans, offences, positions};
use portreeve_model::Offence;
use portreeve_wire::clerk::{BanKey, BanRecord};
use rusqlite::TransactionBehavior::Immediate;

/// One change of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Keep a ban; one of the same key is replaced.
    Keep(BanRecord),
    /// Forget exactly this ban.
    Forget(BanKey),
    /// Record an offence.
    Record(Box<Offence>),
    /// Something watched was read up to a position: what was found before it, and the position.
    Read {
        /// What was found since the position before.
        offences: Vec<Offence>,
        /// How far it was read.
        position: Box<Position>,
    },
}

impl Change {
    /// Rows that it writes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Keep(_) | Self::Forget(_) | Self::Record(_) => 1,
            Self::Read { offences, .. } => offences.len().saturating_add(1),
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
        let mut recorded = 0_u64;
        for change in changes {
            match change {
                Change::Keep(ban) => bans::keep(&transaction, ban),
                Change::Forget(ban) => bans::forget(&transaction, ban),
                Change::Record(offence) => {
                    recorded = recorded.saturating_add(1);
                    offences::record(&transaction, offence)
                }
                Change::Read { offences, position } => {
                    recorded = recorded.saturating_add(change.weight() as u64);
                    let recorded =
                        offences.iter().try_for_each(|one| offences::record(&transaction, one));
                    recorded.and_then(|()| positions::keep(&transaction, position))
                }
            }
            .map_err(sql(deed))?;
        }
        let since = self.since_trim.saturating_add(recorded);
        let due = since >= offences::TRIM_EVERY;
        if due {
            offences::trim(&transaction, self.most_offences).map_err(sql(deed))?;
            positions::trim(&transaction).map_err(sql(deed))?;
        }
        transaction.commit().map_err(sql(deed))?;
        self.since_trim = if due { 0 } else { since };
        Ok(())
    }
}
