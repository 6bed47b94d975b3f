//! The counters, for people.

use super::{Slot, State};
use crate::{Reason, ServiceIndex, Tables};
use portreeve_model::ServiceKey;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Startups by age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartupAges {
    /// Younger than ten seconds.
    pub under_10s: u32,
    /// Younger than a minute.
    pub under_1m: u32,
    /// Younger than ten minutes.
    pub under_10m: u32,
    /// Older.
    pub older: u32,
}

/// The counters of one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// The service.
    pub key: ServiceKey,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it has left the configuration, and is here for its live sessions.
    pub vanished: bool,
    /// Live sessions.
    pub sessions: u32,
    /// Of those, startups.
    pub startups: u32,
    /// Startups by age.
    pub startup_ages: StartupAges,
    /// Addresses that hold a session.
    pub sources: u64,
    /// Connections in the window of the rate.
    pub window: u32,
    /// How long it still pauses, if it does.
    pub pause_left: Option<Duration>,
    /// Connections granted since the start.
    pub granted: u64,
    /// Touches of a trap since the start.
    pub sprung: u64,
    /// Connections refused since the start, by reason; none of zero.
    pub refused: Vec<(Reason, u64)>,
}

impl State {
    /// The counters of a service.
    #[must_use]
    pub fn status(
        &self,
        tables: &Tables,
        service: ServiceIndex,
        now: Duration,
    ) -> Option<ServiceStatus> {
        let table = tables.get(service)?;
        let per = table.rate.map(|rate| rate.value.per);
        self.slot(service, table).map(|slot| slot.status(now, per))
    }

    /// The counters of services that have left the configuration and still have sessions.
    pub fn vanished(&self, now: Duration) -> impl Iterator<Item = ServiceStatus> {
        let vanished = self.slots.iter().flatten().filter(|slot| slot.vanished);
        vanished.map(move |slot| slot.status(now, None))
    }

    /// Counts a refusal that was not made here: the monitor's own.
    pub fn count_refusal(&mut self, tables: &Tables, service: ServiceIndex, reason: Reason) {
        let table = tables.get(service);
        if let Some(slot) = table.and_then(|table| self.slot_mut(service, table)) {
            slot.count_refusal(reason);
        }
    }
}

impl Slot {
    fn status(&self, now: Duration, per: Option<Duration>) -> ServiceStatus {
        let window = self.window.filter(|w| per.is_some_and(|per| w.is_open(now, per)));
        ServiceStatus {
            key: self.key.clone(),
            disabled: self.disabled,
            vanished: self.vanished,
            sessions: self.sessions,
            startups: self.startup_count(),
            startup_ages: self.ages(now),
            sources: self.sources.len() as u64,
            window: window.map_or(0, |window| window.count),
            pause_left: self.pause.and_then(|end| end.checked_sub(now)).filter(|d| !d.is_zero()),
            granted: self.granted,
            sprung: self.sprung,
            refused: self.refused().collect(),
        }
    }

    fn ages(&self, now: Duration) -> StartupAges {
        let mut ages = StartupAges::default();
        for begun in self.startups.values() {
            let age = now.saturating_sub(*begun).as_secs();
            let bin = match age {
                0..10 => &mut ages.under_10s,
                10..60 => &mut ages.under_1m,
                60..600 => &mut ages.under_10m,
                _ => &mut ages.older,
            };
            *bin = bin.saturating_add(1);
        }
        ages
    }
}
