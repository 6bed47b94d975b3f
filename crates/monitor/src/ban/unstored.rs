//! Changes of bans that are not on disk yet.

use crate::control::bans::{Newest, Sources};
use portreeve_wire::clerk::{BanKey, ToClerk};
use std::collections::BTreeMap;

/// So many changes wait for the ledger at most; with a broken disk they must not fill the memory.
const MOST: usize = 100_000;

/// Changes of bans that the ledger has not acknowledged, newest for each ban.
#[derive(Debug, Default)]
pub(crate) struct Unstored {
    all: BTreeMap<BanKey, (u64, ToClerk)>,
    /// The same by their serials.
    serials: BTreeMap<u64, BanKey>,
    next_serial: u64,
    pub(crate) sources: Sources,
    pub(crate) newest: Newest,
    /// Bans that the ledger has told.
    pub(crate) told: usize,
}

impl Unstored {
    /// A change is on disk; a newer one of the same ban is not. Says which ban, if it was lifted.
    pub(crate) fn stored(&mut self, serial: u64) -> Option<BanKey> {
        let key = self.serials.remove(&serial)?;
        let (_, message) = self.all.remove(&key)?;
        matches!(message, ToClerk::Unban { .. }).then_some(key)
    }

    /// For a successor: what waits, and the last serial given.
    pub(crate) fn kept(&self) -> (Vec<(BanKey, u64, ToClerk)>, u64) {
        let all = self.all.iter().map(|(key, (n, message))| (key.clone(), *n, message.clone()));
        (all.collect(), self.next_serial)
    }

    /// A predecessor's.
    pub(crate) fn restore(&mut self, all: Vec<(BanKey, u64, ToClerk)>, last: u64) {
        self.next_serial = self.next_serial.max(last);
        for (key, serial, message) in all {
            self.serials.insert(serial, key.clone());
            self.all.insert(key, (serial, message));
        }
    }

    /// How many changes wait for the ledger.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether a change of this ban waits.
    pub(crate) fn holds(&self, ban: &BanKey) -> bool {
        self.all.contains_key(ban)
    }

    /// The number of the next change.
    pub(crate) fn serial(&mut self) -> u64 {
        self.next_serial = self.next_serial.saturating_add(1);
        self.next_serial
    }

    /// Keeps a change until it is on disk; `false` if there is no room.
    pub(crate) fn keep(&mut self, ban: BanKey, serial: u64, message: ToClerk) -> bool {
        if self.all.len() >= MOST && !self.all.contains_key(&ban) {
            return false;
        }
        if let Some((older, _)) = self.all.insert(ban.clone(), (serial, message)) {
            self.serials.remove(&older);
        }
        self.serials.insert(serial, ban);
        true
    }

    /// For the next clerk.
    pub(crate) fn messages(&self) -> impl Iterator<Item = ToClerk> {
        self.all.values().map(|(_, message)| message.clone())
    }
}
