//! What a successor must know of the counters: live sessions keep their places, totals go on,
//! pauses last, and no ticket is given twice.

use super::slot::{Slot, Window};
use super::sources::Sources;
use super::{Reservation, State, Ticket};
use crate::Reason;
use portreeve_model::ServiceKey;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// The place of a live session, in words that outlive the state it was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The service it counts for.
    pub key: ServiceKey,
    /// Its number.
    pub ticket: Ticket,
    /// The peer it counts for.
    pub peer: IpAddr,
    /// While it counts as a startup: since when, and the end of its grace, if it has one.
    pub startup: Option<(Duration, Option<Duration>)>,
}

/// What is remembered of one service, its sessions aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The service.
    pub key: ServiceKey,
    /// Connections granted since the start.
    pub granted: u64,
    /// Touches of a trap since the start.
    pub sprung: u64,
    /// Connections refused since the start, by the word of the reason; none of zero.
    pub refused: Vec<(String, u64)>,
    /// The window of its rate: since when, and how many.
    pub window: Option<(Duration, u32)>,
    /// Until when it pauses.
    pub pause: Option<Duration>,
}

/// Everything but bans and sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totalled {
    /// The next ticket; each is given once.
    pub next_ticket: u64,
    /// Service by service.
    pub services: Vec<Totals>,
}

impl State {
    /// What to tell a successor of all services.
    #[must_use]
    pub fn totalled(&self) -> Totalled {
        let totals = |slot: &Slot| Totals {
            key: slot.key.clone(),
            granted: slot.granted,
            sprung: slot.sprung,
            refused: slot.refused().map(|(r, n)| (r.word().to_owned(), n)).collect(),
            window: slot.window.map(|window| (window.start, window.count)),
            pause: slot.pause,
        };
        let services = self.slots.iter().flatten().map(totals).collect();
        Totalled { next_ticket: self.next_ticket, services }
    }

    /// What to tell a successor of one live session.
    #[must_use]
    pub fn place_of(&self, reservation: &Reservation) -> Option<Place> {
        let slot = self.slots.get(reservation.slot as usize)?.as_ref()?;
        let ticket = reservation.ticket;
        let began = || slot.startups.get(&ticket).copied().unwrap_or_default();
        Some(Place {
            key: slot.key.clone(),
            ticket,
            peer: reservation.peer,
            startup: reservation.startup.map(|grace| (began(), grace)),
        })
    }

    /// Takes over what a predecessor remembered; before the first tables are adopted. Words of
    /// refusal that are not known any more are left out.
    pub fn remember(&mut self, totalled: Totalled) {
        self.next_ticket = self.next_ticket.max(totalled.next_ticket);
        for totals in totalled.services {
            let number = self.slot_of(&totals.key);
            let Some(slot) = self.slot_at(number) else { continue };
            slot.granted = totals.granted;
            slot.sprung = totals.sprung;
            for (word, count) in totals.refused {
                if let Some(reason) = Reason::ALL.into_iter().find(|r| r.word() == word) {
                    slot.set_refused(reason, count);
                }
            }
            slot.window = totals.window.map(|(start, count)| Window { start, count });
            slot.pause = totals.pause;
            if let Some(end) = totals.pause {
                self.pauses.insert((end, number));
            }
        }
    }

    /// Takes the place of a predecessor's live session: it counts as before, whatever the limits
    /// are now. Before the first tables are adopted.
    pub fn reinstate(&mut self, place: Place) -> Reservation {
        let Place { key, ticket, peer, startup } = place;
        self.next_ticket = self.next_ticket.max(ticket.0.saturating_add(1));
        self.live = self.live.saturating_add(1);
        let number = self.slot_of(&key);
        if let Some(slot) = self.slot_at(number) {
            slot.sessions = slot.sessions.saturating_add(1);
            slot.sources.begin(peer);
            match startup {
                Some((began, _)) => drop(slot.startups.insert(ticket, began)),
                None => slot.sources.end_startup(peer),
            }
        }
        let startup = startup.map(|(_, grace)| grace);
        if let Some(Some(end)) = startup {
            self.graces.insert((end, ticket));
        }
        Reservation { ticket, slot: number, peer, startup }
    }

    /// The slot of a service, made now if there is none: gone until tables with it are adopted.
    fn slot_of(&mut self, key: &ServiceKey) -> u32 {
        if let Some(number) = self.by_key.get(key) {
            return *number;
        }
        let slot = Slot::vanished(key.clone(), Sources::default());
        self.put(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_counted_twice_or_forgotten() {
        let key: ServiceKey = "ssh".parse().unwrap();
        let peer = IpAddr::from([192, 0, 2, 7]);
        let second = Duration::from_secs;
        let mut state = State::new(10, 10);
        let totals = Totals {
            key: key.clone(),
            granted: 7,
            sprung: 0,
            refused: vec![(Reason::ALL[0].word().to_owned(), 3), ("of old".into(), 9)],
            window: Some((second(4), 2)),
            pause: Some(second(90)),
        };
        state.remember(Totalled { next_ticket: 5, services: vec![totals.clone()] });
        let startup = Some((second(3), Some(second(120))));
        let place = |ticket, startup| Place { key: key.clone(), ticket, peer, startup };
        let mut young = state.reinstate(place(Ticket(8), startup));
        let old = state.reinstate(place(Ticket(2), None));
        assert_eq!(state.sessions(), 2);
        assert_eq!(state.place_of(&young), Some(place(Ticket(8), startup)));
        assert_eq!(state.place_of(&old), Some(place(Ticket(2), None)));
        let again = state.totalled();
        assert_eq!(again.next_ticket, 9, "a session's number is never given again");
        let known = Totals { refused: totals.refused[..1].to_vec(), ..totals };
        assert_eq!(again.services, [known]);
        assert_eq!(state.next_grace(), Some(second(120)));
        assert_eq!(state.next_pause_end(), Some(second(90)));
        state.authenticated(&mut young);
        assert_eq!(state.next_grace(), None);
        state.release(young);
        state.release(old);
        assert_eq!(state.sessions(), 0);
    }
}
