//! A refused connection: its words, its event, its end.

use crate::current::Current;
use crate::door::Door;
use crate::pending::Arrival;
use portreeve_policy::{Detail, Refusal, refusal_sentence};
use portreeve_sys::socket;
use portreeve_wire::event::{Refused, What};
use portreeve_wire::relay::Then;
use std::sync::Arc;

/// What the monitor itself sends without waiting; longer texts are the relay's.
const SHORT: usize = 4096;

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
            self.event(What::Refused(single));
        }
        self.turn_away(current, arrival);
    }

    /// Tells the refusals that were being counted together, before their second is over.
    pub(crate) fn tell_gathered(&mut self) {
        for refused in self.gather.drain() {
            self.event(What::Refused(refused));
        }
    }

    /// Says what there is to say and closes, without ever waiting for the peer.
    pub(crate) fn turn_away(&mut self, current: &Arc<Current>, arrival: Arrival) {
        let Some(facts) = current.facts(arrival.service) else { return };
        let (first, then) = (&facts.banners.always, &facts.banners.failure);
        if first.is_empty() && then.is_empty() {
            return; // dropping the socket closes it
        }
        let words = [first.as_slice(), then].concat();
        let sent = match words.get(..SHORT.min(words.len())) {
            Some(short) => socket::send_once(&arrival.socket, short).unwrap_or(0),
            None => 0,
        };
        match words.get(sent..) {
            Some(rest) if !rest.is_empty() => {
                let question = self.waiting.question();
                self.write_by_relay(question, &arrival.socket, rest, Then::Close);
            }
            _ => {
                if socket::shutdown_write(&arrival.socket).is_ok() {
                    self.farewells.add(&self.poller, arrival.socket, self.now.mono);
                }
            }
        }
    }
}
