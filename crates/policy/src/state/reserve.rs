//! Taking a place, and giving it back.

use super::State;
use crate::tables::ServiceTable;
use crate::{Facts, ServiceIndex};
use portreeve_model::unmapped;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// The number of a reservation: never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket(pub u64);

/// A place that was taken when a connection was granted. It counts until it is given back with
/// [`State::release`], whatever happens to the session in between; dropped, it would count for ever.
#[must_use]
#[derive(Debug, PartialEq)]
pub struct Reservation {
    pub(super) ticket: Ticket,
    pub(super) slot: u32,
    pub(super) peer: IpAddr,
    /// While it counts as a startup: the end of its grace, if it has one.
    pub(super) startup: Option<Option<Duration>>,
}

impl Reservation {
    /// Its number.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// The peer it counts for.
    #[must_use]
    pub fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Whether it counts as a startup.
    #[must_use]
    pub fn is_startup(&self) -> bool {
        self.startup.is_some()
    }

    /// The end of its grace on the monotonic clock, while it counts as a startup and has one.
    #[must_use]
    pub fn grace_end(&self) -> Option<Duration> {
        self.startup.flatten()
    }
}

impl State {
    /// Takes a place; the decision was made before.
    pub(crate) fn reserve(
        &mut self,
        service: ServiceIndex,
        table: &ServiceTable,
        facts: &Facts<'_>,
    ) -> Reservation {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket = self.next_ticket.saturating_add(1);
        self.live = self.live.saturating_add(1);
        let peer = unmapped(facts.peer);
        let number = self.ensure(service, table);
        if let Some(slot) = self.slot_at(number) {
            slot.sessions = slot.sessions.saturating_add(1);
            slot.granted = slot.granted.saturating_add(1);
            slot.sources.begin(peer);
            slot.startups.insert(ticket, facts.now);
        }
        let grace = table.grace.map(|grace| facts.now.saturating_add(grace));
        if let Some(end) = grace {
            self.graces.insert((end, ticket));
        }
        Reservation { ticket, slot: number, peer, startup: Some(grace) }
    }

    /// The session has ended, or never began: its place is free again.
    pub fn release(&mut self, mut reservation: Reservation) {
        self.end_startup(&mut reservation);
        self.live = self.live.saturating_sub(1);
        let Reservation { slot: number, peer, .. } = reservation;
        if let Some(slot) = self.slot_at(number) {
            slot.sessions = slot.sessions.saturating_sub(1);
            slot.sources.end(peer);
        }
        self.free_if_idle(number);
    }

    /// The session has authenticated: it is a startup no more. Saying so twice changes nothing.
    pub fn authenticated(&mut self, reservation: &mut Reservation) {
        self.end_startup(reservation);
    }

    /// Grace has passed on a service that cannot say that a session has authenticated: the session
    /// leaves the startup count, and goes on.
    pub fn grace_passed(&mut self, reservation: &mut Reservation) {
        self.end_startup(reservation);
    }

    /// Moves the end of a startup's grace, for time in which nobody could have seen it authenticate.
    pub fn postpone_grace(&mut self, reservation: &mut Reservation, end: Duration) {
        if let Some(old) = reservation.grace_end() {
            self.graces.remove(&(old, reservation.ticket));
            self.graces.insert((end, reservation.ticket));
            reservation.startup = Some(Some(end));
        }
    }

    /// When the next grace ends.
    #[must_use]
    pub fn next_grace(&self) -> Option<Duration> {
        self.graces.first().map(|(end, _)| *end)
    }

    /// A startup whose grace has ended, each once; `None` when there is no more. Under `none` it is
    /// then to be told to [`State::grace_passed`]; under `notify` and `watch` the session is ended.
    pub fn take_grace(&mut self, now: Duration) -> Option<Ticket> {
        let first = self.graces.first().copied().filter(|(end, _)| *end <= now)?;
        self.graces.remove(&first);
        Some(first.1)
    }

    fn end_startup(&mut self, reservation: &mut Reservation) {
        let Some(grace) = reservation.startup.take() else { return };
        if let Some(end) = grace {
            self.graces.remove(&(end, reservation.ticket));
        }
        let (ticket, peer) = (reservation.ticket, reservation.peer);
        if let Some(slot) = self.slot_at(reservation.slot) {
            slot.startups.remove(&ticket);
            slot.sources.end_startup(peer);
        }
    }
}
