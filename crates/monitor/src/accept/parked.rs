//! Connections that wait until what decides about them has been read again: it changed before they
//! came. Bounded in number, and in time.

use crate::accept::pending::Arrival;
use crate::sources::book::Moment;
use std::time::Duration;

/// So many wait at most; more are left in the kernel's queue.
const MOST: usize = 1024;

/// One of them.
#[derive(Debug)]
struct Waiter {
    arrival: Arrival,
    /// What had changed when it came.
    came: Moment,
    until: Duration,
}

/// All of them, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Parked(Vec<Waiter>);

impl Parked {
    /// Whether one more may wait.
    pub(crate) fn has_room(&self) -> bool {
        self.0.len() < MOST
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn add(&mut self, arrival: Arrival, came: Moment, until: Duration) {
        self.0.push(Waiter { arrival, came, until });
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.0.iter().map(|waiter| waiter.until).min()
    }

    /// Takes those that can be decided: `fresh` says whether what decides about a service is new
    /// enough for whoever came at a moment.
    pub(crate) fn take_ready(&mut self, fresh: impl Fn(u32, Moment) -> bool) -> Vec<Arrival> {
        let ready = |waiter: &mut Waiter| fresh(waiter.arrival.service, waiter.came);
        self.0.extract_if(.., ready).map(|waiter| waiter.arrival).collect()
    }

    /// Takes those that have waited long enough.
    pub(crate) fn take_overdue(&mut self, now: Duration) -> Vec<Arrival> {
        self.0.extract_if(.., |waiter| waiter.until <= now).map(|waiter| waiter.arrival).collect()
    }

    /// All of them, as they stand.
    pub(crate) fn arrivals(&self) -> impl Iterator<Item = &Arrival> {
        self.0.iter().map(|waiter| &waiter.arrival)
    }

    /// After a reload services have other indices; connections to services that are gone come back.
    pub(crate) fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) -> Vec<Arrival> {
        let mut gone = Vec::new();
        for mut waiter in std::mem::take(&mut self.0) {
            match new(waiter.arrival.service) {
                Some(service) => {
                    waiter.arrival.service = service;
                    self.0.push(waiter);
                }
                None => gone.push(waiter.arrival),
            }
        }
        gone
    }
}
