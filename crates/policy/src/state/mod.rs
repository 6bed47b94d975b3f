//! The one admission state: what is counted, what pauses, who is shut out.
//!
//! Counters of live sessions are never dropped: a global maximum of sessions bounds them, and each
//! is removed when it falls to zero. A refused connection leaves nothing behind but a number.

mod adopt;
mod bans;
mod estate;
mod pauses;
mod reserve;
mod slot;
mod sources;
mod status;
#[cfg(test)]
mod tests;

pub use estate::{Place, Totalled, Totals};
pub use reserve::{Reservation, Ticket};
pub use status::{ServiceStatus, StartupAges};

use crate::ban::BanSet;
use crate::tables::ServiceTable;
use crate::{ServiceIndex, Tables};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use portreeve_model::ServiceKey;
pub(crate) use slot::Slot;
pub(crate) use sources::What;
use std::collections::BTreeSet;
use std::time::Duration;

/// Everything admission remembers between connections.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) max_sessions: u32,
    pub(crate) live: u32,
    next_ticket: u64,
    /// Services that have live sessions or are in the tables. A slot keeps its number while it
    /// lives, over reloads too: reservations name it.
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_key: HashMap<ServiceKey, u32, RandomState>,
    /// By service index of the adopted tables.
    index: Vec<u32>,
    /// Pauses, by their end.
    pauses: BTreeSet<(Duration, u32)>,
    /// Startups whose grace runs, by its end.
    graces: BTreeSet<(Duration, Ticket)>,
    pub(crate) bans: BanSet,
    /// What the clock of bans is ahead of the one on the wall, in seconds.
    ban_skew: i64,
}

impl State {
    /// An empty state: at most so many live sessions of all services together, and so many bans.
    #[must_use]
    pub fn new(max_sessions: u32, bans_max: usize) -> Self {
        Self {
            max_sessions,
            live: 0,
            next_ticket: 0,
            slots: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::default(),
            index: Vec::new(),
            pauses: BTreeSet::new(),
            graces: BTreeSet::new(),
            bans: BanSet::new(bans_max),
            ban_skew: 0,
        }
    }

    /// Live sessions of all services, vanished ones too.
    #[must_use]
    pub fn sessions(&self) -> u32 {
        self.live
    }

    /// Live sessions at most.
    #[must_use]
    pub fn max_sessions(&self) -> u32 {
        self.max_sessions
    }

    /// What is counted for a service, if anything is yet.
    pub(crate) fn slot(&self, service: ServiceIndex, table: &ServiceTable) -> Option<&Slot> {
        self.slots.get(self.slot_number(service, table)? as usize)?.as_ref()
    }

    pub(crate) fn slot_mut(
        &mut self,
        service: ServiceIndex,
        table: &ServiceTable,
    ) -> Option<&mut Slot> {
        let number = self.ensure(service, table);
        self.slot_at(number)
    }

    fn slot_at(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.get_mut(number as usize)?.as_mut()
    }

    /// The slot of a service: by index where these are the adopted tables, else by key.
    fn slot_number(&self, service: ServiceIndex, table: &ServiceTable) -> Option<u32> {
        let number = self.index.get(service.0 as usize).copied();
        let fits = |number: &u32| {
            let slot = self.slots.get(*number as usize).and_then(Option::as_ref);
            slot.is_some_and(|slot| slot.key == table.key)
        };
        number.filter(fits).or_else(|| self.by_key.get(&table.key).copied())
    }

    /// The slot of a service, made now if there is none.
    fn ensure(&mut self, service: ServiceIndex, table: &ServiceTable) -> u32 {
        self.slot_number(service, table).unwrap_or_else(|| self.make(table))
    }

    fn make(&mut self, table: &ServiceTable) -> u32 {
        self.put(Slot::new(table))
    }

    fn put(&mut self, slot: Slot) -> u32 {
        let key = slot.key.clone();
        let slot = Some(slot);
        let number = match self.free.pop() {
            Some(number) => number,
            None => u32::try_from(self.slots.len()).unwrap_or(u32::MAX),
        };
        match self.slots.get_mut(number as usize) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
        self.by_key.insert(key, number);
        number
    }

    /// Frees the slot of a service that is gone with its last session.
    fn free_if_idle(&mut self, number: u32) {
        let idle = |slot: &Slot| slot.vanished && slot.sessions == 0;
        let Some(place) = self.slots.get_mut(number as usize) else { return };
        if let Some(slot) = place.take_if(|slot| idle(slot)) {
            self.by_key.remove(&slot.key);
            self.free.push(number);
        }
    }

    /// Switches a service off or on: off, every connection is refused as disabled. For services
    /// that are down, and for a door that is closing.
    pub fn set_enabled(&mut self, tables: &Tables, service: ServiceIndex, enabled: bool) {
        let table = tables.get(service);
        if let Some(slot) = table.and_then(|table| self.slot_mut(service, table)) {
            slot.disabled = !enabled;
        }
    }
}
