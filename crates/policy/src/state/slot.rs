//! What is counted for one service.

use super::Ticket;
use super::sources::Sources;
use crate::Reason;
use crate::tables::ServiceTable;
use portreeve_model::ServiceKey;
use std::collections::BTreeMap;
use std::time::Duration;

/// Counters of one service.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) key: ServiceKey,
    /// Not in the adopted tables any more: here for its live sessions alone.
    pub(crate) vanished: bool,
    pub(crate) disabled: bool,
    pub(crate) sessions: u32,
    pub(crate) sources: Sources,
    /// Startups with the moment each began, in that order.
    pub(crate) startups: BTreeMap<Ticket, Duration>,
    pub(crate) window: Option<Window>,
    pub(crate) pause: Option<Duration>,
    pub(crate) granted: u64,
    pub(crate) sprung: u64,
    refused: [u64; Reason::ALL.len()],
}

/// A window of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Duration,
    pub(crate) count: u32,
}

impl Window {
    /// Whether the window is open still.
    pub(crate) fn is_open(self, now: Duration, per: Duration) -> bool {
        now.saturating_sub(self.start) < per
    }
}

impl Slot {
    pub(crate) fn new(table: &ServiceTable) -> Self {
        let mut sources = Sources::default();
        sources.adopt(table);
        Self { vanished: false, ..Self::vanished(table.key.clone(), sources) }
    }

    /// The slot of a service that is in no tables.
    pub(crate) fn vanished(key: ServiceKey, sources: Sources) -> Self {
        Self {
            key,
            vanished: true,
            disabled: false,
            sessions: 0,
            sources,
            startups: BTreeMap::new(),
            window: None,
            pause: None,
            granted: 0,
            sprung: 0,
            refused: [0; Reason::ALL.len()],
        }
    }

    pub(crate) fn startup_count(&self) -> u32 {
        u32::try_from(self.startups.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn count_refusal(&mut self, reason: Reason) {
        if let Some(count) = self.refused.get_mut(reason as usize) {
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn set_refused(&mut self, reason: Reason, count: u64) {
        if let Some(kept) = self.refused.get_mut(reason as usize) {
            *kept = count;
        }
    }

    pub(crate) fn refused(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.refused).filter(|(_, count)| *count > 0)
    }
}
