//! Reload: the counters go over to the new tables.

use super::State;
use crate::{ServiceIndex, Tables};

impl State {
    /// Goes over from one configuration to the next: counters, windows and pauses stay with the
    /// service of the same key. Sessions of a service that is gone keep counting towards the global
    /// maximum. A pause stays unless the service has no rate any more.
    ///
    /// To begin with, `old` is `Tables::default()`.
    pub fn adopt(&mut self, old: &Tables, new: &Tables) {
        self.max_sessions = new.max_sessions;
        let gone = old.services.iter().filter_map(|table| self.by_key.get(&table.key).copied());
        let kept = self.by_key.values().copied();
        let mut all: Vec<u32> = gone.chain(kept).collect();
        all.sort_unstable();
        all.dedup();
        for number in &all {
            if let Some(slot) = self.slot_at(*number) {
                slot.vanished = true;
            }
        }
        let mut index = Vec::with_capacity(new.services.len());
        for (service, table) in (0..).map(ServiceIndex).zip(&new.services) {
            let number = self.ensure(service, table);
            if let Some(slot) = self.slot_at(number) {
                slot.vanished = false;
                slot.sources.adopt(table);
                if table.rate.is_none() {
                    slot.window = None;
                    slot.pause = None;
                }
            }
            index.push(number);
        }
        self.index = index;
        for number in all {
            self.free_if_idle(number);
        }
    }
}
