//! Reload: the counters go over to the new tables.

use super::State;
use crate::{ServiceIndex, Tables};

impl State {
    /// Goes over from one configuration to the next: counters, windows and pauses stay with the
    /// service of the same key, and so does being switched off. A pause stays unless the service
    /// has no rate any more. Sessions of a service that is gone keep counting towards the global
    /// maximum, and for the service itself should it come back; its pause is forgotten.
    ///
    /// A new state adopts its first tables in the same way.
    pub fn adopt(&mut self, new: &Tables) {
        self.max_sessions = new.max_sessions;
        let all: Vec<u32> = self.by_key.values().copied().collect();
        for number in &all {
            if let Some(slot) = self.slot_at(*number) {
                slot.vanished = true;
            }
        }
        let mut index = Vec::with_capacity(new.services.len());
        for (service, table) in (0..).map(ServiceIndex).zip(new.services.iter()) {
            let number = self.ensure(service, table);
            if let Some(slot) = self.slot_at(number) {
                slot.vanished = false;
                slot.sources.adopt(table);
            }
            if table.rate.is_none() {
                self.forget_rate(number);
            }
            index.push(number);
        }
        self.index = index;
        for number in all {
            if let Some(slot) = self.slot_at(number).filter(|slot| slot.vanished) {
                slot.disabled = false;
                self.forget_rate(number);
                self.free_if_idle(number);
            }
        }
    }
}
