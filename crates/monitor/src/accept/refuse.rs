//! A refused connection: its words, its event, its end.

use crate::accept::pending::Arrival;
use crate::door::Door;
use crate::door::current::Current;
use crate::errand::deeds;
use portreeve_model::Refuse;
use portreeve_policy::{Detail, Refusal, refusal_sentence};
use portreeve_sys::{descriptor, socket};
use portreeve_wire::event::{Refused, What};
use portreeve_wire::relay::Then;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// What the monitor itself sends without waiting; longer texts are the relay's.
const SHORT: usize = 4096;
/// So many delayed peers are closed without their words when descriptors run short.
const GIVEN_UP: usize = 64;

impl Door {
    pub(crate) fn refuse(&mut self, current: &Arc<Current>, arrival: Arrival, refusal: &Refusal) {
        let Some(service) = current.service(arrival.service) else { return };
        self.tally.refused(service.key.as_str(), self.now.mono);
        if let Detail::Rate { rate, .. } = &refusal.detail {
            let seconds = u32::try_from(rate.pause.as_secs()).unwrap_or(u32::MAX);
            let key = service.key.to_string();
            self.event(What::Paused { key, service: arrival.service, seconds });
        }
        let kind = (arrival.service, arrival.peer.address, refusal.reason.word());
        let single = self.gather.take(kind, self.now.mono, || Refused {
            service: arrival.service,
            key: service.key.to_string(),
            peer: arrival.peer,
            class: refusal.reason.class().into(),
            reason: refusal.reason.word().into(),
            xinetd: refusal.reason.xinetd_word().into(),
            text: refusal_sentence(refusal, arrival.peer.address, &current.config.files),
            origin: refusal.origin.map(|origin| current.show(origin)),
            count: 1,
        });
        if let Some(single) = single {
            let level = deeds::level(&refusal.effects);
            self.outbox.leveled_event(self.now, What::Refused(single), level);
        }
        self.do_deeds(current, &arrival, &refusal.effects);
        self.turn_away_saying(current, arrival, &refusal.effects.banner());
    }

    /// Tells the refusals that were being counted together, before their second is over.
    pub(crate) fn tell_gathered(&mut self) {
        for refused in self.gather.drain() {
            self.event(What::Refused(refused));
        }
        for one in self.teller.drain() {
            self.event(What::RuleCommand(one));
        }
    }

    /// Ends a refused connection as its service wants it, without ever waiting for the peer.
    pub(crate) fn turn_away(&mut self, current: &Arc<Current>, arrival: Arrival) {
        self.turn_away_saying(current, arrival, &[]);
    }

    /// As [`Self::turn_away`]; the service's own words come after these.
    fn turn_away_saying(&mut self, current: &Arc<Current>, arrival: Arrival, first: &[u8]) {
        let Some(service) = current.service(arrival.service) else { return };
        let words = match first {
            [] => current.words(arrival.service),
            first => [first, &current.words(arrival.service)].concat().into(),
        };
        match service.refusals.refuse {
            Refuse::Close if words.is_empty() => {} // dropping the socket closes it
            Refuse::Close => self.farewell(arrival.socket, &words),
            Refuse::Reset => {
                // where it fails the peer is gone already
                let _ = socket::reset_on_close(&arrival.socket);
            }
            Refuse::Delay(delay) => {
                let Ok(socket) = descriptor::raise(arrival.socket) else {
                    self.tarpit.crowded = self.tarpit.crowded.saturating_add(1);
                    return self.give_up_delayed();
                };
                let due = self.now.mono.saturating_add(delay);
                let bounds = self.current.config.settings.delayed;
                let (poller, peer) = (&self.poller, (arrival.peer.address, socket));
                let kept = self.tarpit.add(poller, peer, Arc::clone(&words), due, bounds);
                if let Err(socket) = kept {
                    self.farewell(socket, &words);
                }
            }
        }
    }

    /// Says what there is to say and closes in order.
    fn farewell(&mut self, socket: OwnedFd, words: &[u8]) {
        let sent = match words.get(..SHORT.min(words.len())) {
            Some(short) if !short.is_empty() => socket::send_once(&socket, short).unwrap_or(0),
            Some(_) | None => 0,
        };
        match words.get(sent..) {
            Some(rest) if !rest.is_empty() => {
                let question = self.waiting.question();
                self.write_by_relay(question, &socket, rest, Then::Close);
            }
            _ => {
                if socket::shutdown_write(&socket).is_ok() {
                    self.farewells.add(&self.poller, socket, self.now.mono);
                }
            }
        }
    }

    /// A connection that was kept open has gone, or will send no more: its place is free.
    pub(crate) fn on_delayed(&mut self, number: u64) {
        if let Some(kept) = self.tarpit.take(&self.poller, number) {
            self.farewell(kept.socket, &kept.words);
        }
    }

    /// Ends the delays that are over.
    pub(crate) fn tick_delayed(&mut self) {
        for kept in self.tarpit.take_due(&self.poller, self.now.mono) {
            self.farewell(kept.socket, &kept.words);
        }
    }

    /// Descriptors are short: who is only kept waiting gives theirs back first.
    pub(crate) fn give_up_delayed(&mut self) {
        drop(self.tarpit.take_oldest(&self.poller, GIVEN_UP));
    }
}
