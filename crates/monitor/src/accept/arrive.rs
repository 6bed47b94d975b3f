//! A connection arrives: accepted in bounded batches, decided, asked about, or turned away.

use crate::accept::pending::{Arrival, Asked, For, Known};
use crate::convert::end;
use crate::door::Door;
use crate::door::current::Current;
use crate::sources::CROWDED;
use crate::succession::inherit::MOST_UNDECIDED;
use portreeve_model::{Load, Offer};
use portreeve_policy::{
    Facts, Need, NoTrace, Own, Reason, Refusal, Said, ServiceIndex, Verdict, admit,
};
use portreeve_sys::socket::{self, AcceptError};
use portreeve_sys::spawn::Room;
use portreeve_wire::event::What;
use portreeve_wire::relay::ToRelay;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

/// While starts of its program are under way, a listener is left alone for so long.
const MOMENT: Duration = Duration::from_millis(2);
/// While the first relay gets ready, listeners that need it are left alone for so long.
const RELAY_MOMENT: Duration = Duration::from_millis(10);
/// Deadlines for the relay's answers; its own are shorter.
const NAMES_WITHIN: Duration = Duration::from_secs(8);
/// The ancestor gives an ident server thirty seconds.
pub(crate) const IDENT_SECONDS: u32 = 30;

impl Door {
    pub(crate) fn on_listener(&mut self, number: u64) {
        for taken in 0..self.listeners.next_batch(number) {
            if !self.is_accepting() {
                return;
            }
            let Some(listener) = self.listeners.get(number) else { return };
            let Some(fd) = listener.socket.as_ref() else { return };
            let (service, own) = (listener.want.service, listener.want.address);
            if let Some(program) = self.current.program(service)
                && self.spawner.has_room(program) == Room::Wait
            {
                // the kernel's queue is the place to wait in
                return self.listeners.hold(number, self.now.mono.saturating_add(MOMENT));
            }
            let offer = self.current.service(service).map(|service| &service.offer);
            if matches!(offer, Some(Offer::Internal(_))) && self.relay_is_coming() {
                return self.listeners.hold(number, self.now.mono.saturating_add(RELAY_MOMENT));
            }
            if self.is_crowded(service) {
                return self.listeners.hold(number, self.now.mono.saturating_add(CROWDED));
            }
            let dual = listener.want.dual;
            match socket::accept(fd) {
                Ok(Some(accepted)) => {
                    let local = match own.ip().is_unspecified() {
                        true => socket::local_address(&accepted.fd).unwrap_or(own),
                        false => own,
                    };
                    self.arrived(Arrival {
                        service,
                        socket: accepted.fd,
                        peer: end(accepted.peer),
                        local: end(local),
                        dual,
                        since: self.now.mono,
                        known: Known::default(),
                    });
                    self.plenty();
                }
                Ok(None) => return self.listeners.emptied(number, taken),
                Err(AcceptError::Transient(_)) => {}
                Err(AcceptError::Exhausted(error)) => {
                    let memory = error.kind() == std::io::ErrorKind::OutOfMemory;
                    let what = if memory { "memory" } else { "descriptors" };
                    self.short_of(&format!("{what}: {error}"));
                    self.give_up_delayed();
                    return;
                }
                Err(AcceptError::Fatal(error)) => {
                    let change = self.listeners.broken(
                        &self.poller,
                        number,
                        error.to_string(),
                        self.now.mono,
                    );
                    self.tell(change.into_iter().collect());
                    return;
                }
            }
        }
    }

    /// Decides about a connection with what is known, or asks for what is not.
    pub(crate) fn decide(&mut self, mut arrival: Arrival) {
        let current = Arc::clone(&self.current);
        let index = ServiceIndex(arrival.service);
        if current.tables.needs_load(index) {
            self.read_load();
        }
        let facts = Facts {
            peer: arrival.peer.address,
            port: arrival.peer.port,
            now: self.now.mono,
            wall: self.now.unix(),
            load: self.load.value,
            dice: self.dice.hundred(),
            names: arrival.known.names(),
            server_names: arrival.known.server_names(),
            own: Own {
                address: Some(arrival.local.address),
                port: arrival.local.port,
                process: std::process::id(),
            },
            answered: &arrival.known.answered,
            listed: arrival.known.listed.as_deref(),
            ident: arrival.known.ident(),
        };
        let verdict = admit(&current.tables, index, &mut self.state, &facts, &mut NoTrace);
        match verdict {
            Verdict::Grant(reservation, effects) => {
                arrival.known.effects = effects;
                self.granted(&current, arrival, reservation);
            }
            Verdict::Run(errand) => self.ask_process(&current, arrival, errand),
            Verdict::Need(need) => self.ask(&current, arrival, need),
            Verdict::Refuse(refusal) => self.refuse(&current, arrival, &refusal),
            Verdict::Sprung(sprung) => {
                self.sprung(&current, arrival, sprung.sentence, sprung.origin)
            }
        }
    }

    fn ask(&mut self, current: &Arc<Current>, mut arrival: Arrival, need: Need) {
        if !self.waiting.has_room(arrival.peer) {
            let refusal = Refusal::plain(Reason::Overloaded);
            self.state.count_refusal(
                &current.tables,
                ServiceIndex(arrival.service),
                refusal.reason,
            );
            return self.refuse(current, arrival, &refusal);
        }
        if self.relay_is_coming() && self.undecided.len() < MOST_UNDECIDED {
            return self.undecided.push(arrival);
        }
        let question = self.waiting.question();
        let (peer, local) = (arrival.peer, arrival.local);
        let (asked, sent, within) = match need {
            Need::Names => {
                let ask = ToRelay::Names { question, peer: peer.address };
                (Asked::Names, self.tell_relay(&ask, &[]), NAMES_WITHIN)
            }
            Need::ServerNames => {
                let ask = ToRelay::Names { question, peer: local.address };
                (Asked::ServerNames, self.tell_relay(&ask, &[]), NAMES_WITHIN)
            }
            Need::DnsLists => {
                let zones = current.tables.dns_zones(ServiceIndex(arrival.service));
                let peer = peer.address;
                let ask = ToRelay::Listed { question, peer, zones: zones.clone() };
                (Asked::DnsLists(zones), self.tell_relay(&ask, &[]), NAMES_WITHIN)
            }
            Need::Ident | Need::User(_) => {
                let seconds = match need {
                    Need::User(seconds) => seconds.clamp(1, IDENT_SECONDS),
                    Need::Names | Need::ServerNames | Need::DnsLists | Need::Ident => IDENT_SECONDS,
                };
                let within = Duration::from_secs(u64::from(seconds) + 2);
                (Asked::Ident, self.ask_ident(question, peer, local, seconds), within)
            }
        };
        if sent {
            let deadline = self.now.mono.saturating_add(within);
            return self.waiting.add(question, For::Decision(arrival, asked), deadline);
        }
        // without the relay nothing can be known: decided as if the look-up had failed
        arrival.known.fail(asked, "the relay is away");
        self.decide(arrival);
    }

    /// Answers that did not come in time count as failed.
    pub(crate) fn tick_waiting(&mut self) {
        for (question, waiter) in self.waiting.take_overdue(self.now.mono) {
            self.tell_relay(&ToRelay::Forget(question), &[]);
            self.unanswered(waiter);
        }
    }

    /// No answer will come.
    pub(crate) fn unanswered(&mut self, waiter: For) {
        match waiter {
            For::Decision(mut arrival, asked) => {
                arrival.known.fail(asked, "no answer in time");
                self.decide(arrival);
            }
            For::Process(arrival, errand) => self.process_said(arrival, errand, Said::Nothing),
            For::Banner(arrival, reservation) => self.not_told(arrival, reservation),
            For::Record(session) => {
                self.event(What::Identified { session, answer: Err("no answer".into()) });
            }
        }
    }

    fn read_load(&mut self) {
        let fresh = |at: Duration| self.now.mono.saturating_sub(at) < Duration::from_secs(1);
        if self.load.at.is_some_and(fresh) {
            return;
        }
        self.load.at = Some(self.now.mono);
        self.load.value = socket::load_average().map(|load| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a load average in hundredths, clamped to what fits"
            )]
            let hundredths = (load * 100.0).clamp(0.0, f64::from(u32::MAX)) as u32;
            Load(hundredths)
        });
    }

    /// Asks the peer's ident server, from the address the peer connected to.
    pub(crate) fn ask_ident(
        &mut self,
        question: portreeve_wire::QuestionId,
        peer: portreeve_wire::End,
        local: portreeve_wire::End,
        seconds: u32,
    ) -> bool {
        match socket::stream_from(local.address) {
            Ok(bound) => {
                let ask = ToRelay::Ident { question, peer, local, seconds };
                self.tell_relay(&ask, &[bound.as_fd()])
            }
            Err(_) => false,
        }
    }
}
