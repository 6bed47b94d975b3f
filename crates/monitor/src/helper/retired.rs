//! A predecessor's relays: they serve the sessions they have, and end with the last of them.

use crate::accept::pending::For;
use crate::door::Door;
use portreeve_sys::channel::Channel;
use portreeve_sys::poll::Interest;
use portreeve_wire::event::Ending;
use portreeve_wire::relay::FromRelay;
use portreeve_wire::{Phase, decode};

/// One of them. When its channel is closed it ends by itself, its last session served.
#[derive(Debug)]
pub(crate) struct Retired {
    pub(crate) channel: Channel,
    /// Questions up to this one may be its to answer.
    pub(crate) last_question: u64,
}

impl Door {
    /// Takes one over.
    pub(crate) fn retire(&mut self, pid: u32, relay: Retired) {
        let token = crate::door::token::Token::Retired(u64::from(pid)).bits();
        if self.poller.add(&relay.channel, token, Interest::READ).is_ok() {
            self.retired.insert(pid, relay);
        }
    }

    pub(crate) fn on_retired(&mut self, pid: u32) {
        self.with_packet(|door, buffer| door.hear_retired(pid, buffer));
    }

    fn hear_retired(&mut self, pid: u32, buffer: &mut [u8]) {
        for _ in 0..crate::helper::clerk::TURN {
            let Some(relay) = self.retired.get(&pid) else { return };
            let message = match relay.channel.recv(buffer) {
                Ok(Some((bytes, _))) => {
                    decode::<FromRelay>(buffer.get(..bytes).unwrap_or_default()).ok()
                }
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => break,
                Ok(None) | Err(_) => None,
            };
            match message.filter(|message| message.permitted(Phase::Working)) {
                Some(FromRelay::Ended(session)) => {
                    let its = self.sessions.get(session.0).is_some_and(|s| s.relay == Some(pid));
                    if its {
                        self.session_over(session.0, Ending::Closed);
                    }
                }
                Some(FromRelay::Written { question, complete }) => {
                    let asked = self.retired.get(&pid).map_or(0, |relay| relay.last_question);
                    if question.0 <= asked {
                        self.written(question, complete);
                    }
                }
                // asked again of its successor
                Some(
                    FromRelay::Names { .. } | FromRelay::Listed { .. } | FromRelay::Ident { .. },
                ) => {}
                // gone, or not what it should be: its sessions end with the channel
                Some(FromRelay::Ready { .. }) | None => return self.retired_gone(pid),
            }
        }
        self.retired_without_work();
    }

    /// One has ended: its sessions with it.
    pub(crate) fn retired_gone(&mut self, pid: u32) {
        if self.retired.remove(&pid).is_none() {
            return;
        }
        for number in self.sessions.relayed(pid) {
            self.session_over(number, Ending::Lost);
        }
    }

    /// Lets those go that have nothing to do any more.
    pub(crate) fn retired_without_work(&mut self) {
        let busy: Vec<u32> = self.relays_at_work().map(|(pid, _)| pid).collect();
        self.retired.retain(|pid, _| busy.contains(pid));
    }

    /// Every relay that serves a session or writes a banner, with its channel.
    pub(crate) fn relays_at_work(&self) -> impl Iterator<Item = (u32, &Channel)> {
        let own = self.relay.running.as_ref().filter(|_| self.relay.is_working());
        let own = own.and_then(|r| Some((u32::try_from(r.pid.as_raw()).ok()?, &r.channel)));
        let own = own.map(|(pid, channel)| (pid, channel, u64::MAX));
        let retired =
            self.retired.iter().map(|(pid, relay)| (*pid, &relay.channel, relay.last_question));
        let banner = |last: u64| {
            let mut waiters = self.waiting.arrivals();
            waiters.any(|(n, waiter, _)| n <= last && matches!(waiter, For::Banner(..)))
        };
        let all = own.into_iter().chain(retired);
        all.filter(move |(pid, _, last)| {
            banner(*last) || self.sessions.iter().any(|s| s.relay == Some(*pid))
        })
        .map(|(pid, channel, _)| (pid, channel))
    }
}
