//! Rates: windows, and the pauses that one connection too many begins.

use super::State;
use super::slot::Window;
use crate::tables::ServiceTable;
use crate::{ServiceIndex, Tables};
use portreeve_model::{Rate, ServiceKey};
use std::time::Duration;

impl State {
    /// Counts a connection in the window of its service's rate; one too many starts the pause. The
    /// window goes on during a pause, so that none ever holds more than the rate allows.
    pub(crate) fn arrived(
        &mut self,
        service: ServiceIndex,
        table: &ServiceTable,
        rate: Rate,
        now: Duration,
        tripped: bool,
    ) {
        let number = self.ensure(service, table);
        let Some(slot) = self.slot_at(number) else { return };
        if tripped {
            let end = now.saturating_add(rate.pause);
            if let Some(old) = slot.pause.replace(end) {
                self.pauses.remove(&(old, number));
            }
            self.pauses.insert((end, number));
            return;
        }
        let open = slot.window.filter(|window| window.is_open(now, rate.per));
        let Window { start, count } = open.unwrap_or(Window { start: now, count: 0 });
        slot.window = Some(Window { start, count: count.saturating_add(1) });
    }

    /// Until when a service pauses, if it does.
    #[must_use]
    pub fn paused_until(
        &self,
        tables: &Tables,
        service: ServiceIndex,
        now: Duration,
    ) -> Option<Duration> {
        let slot = self.slot(service, tables.get(service)?)?;
        slot.pause.filter(|until| now < *until)
    }

    /// When the next pause ends. Pauses end by themselves; this is for whoever wants to tell.
    #[must_use]
    pub fn next_pause_end(&self) -> Option<Duration> {
        self.pauses.first().map(|(end, _)| *end)
    }

    /// Forgets the pauses that are over, and names their services.
    pub fn end_pauses(&mut self, now: Duration) -> Vec<ServiceKey> {
        let mut over = Vec::new();
        while let Some((end, number)) = self.pauses.first().copied().filter(|(end, _)| *end <= now)
        {
            self.pauses.remove(&(end, number));
            if let Some(slot) = self.slot_at(number) {
                slot.pause = None;
                over.push(slot.key.clone());
            }
        }
        over
    }

    /// Forgets the window and the pause of a service.
    pub(super) fn forget_rate(&mut self, number: u32) {
        let Some(slot) = self.slot_at(number) else { return };
        slot.window = None;
        if let Some(end) = slot.pause.take() {
            self.pauses.remove(&(end, number));
        }
    }
}
