//! What passes between monitor and relay.

use crate::accept::pending::{Asked, For};
use crate::door::Door;
use crate::helper::clerk::cut;
use portreeve_model::{ListAnswer, MAX_LIST_TEXT};
use portreeve_wire::event::{Ending, Helper, What};
use portreeve_wire::relay::{FromRelay, IdentReply, MAX_IDENT, MAX_NAMES, NamesAnswer, ToRelay};
use portreeve_wire::{MAX_PACKET, Phase, QuestionId, decode, encode};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// Raised when somebody had to be refused for it; over when the relay is back, or has caught up.
pub(crate) const RELAY_AWAY: &str = "connections were refused while the relay was away or behind";

impl Door {
    /// Sends a message, now or as soon as the relay takes it; `false` when it is away, or so far
    /// behind that no more can wait.
    pub(crate) fn tell_relay(&mut self, message: &ToRelay, fds: &[BorrowedFd<'_>]) -> bool {
        let Some(running) = self.relay.running.as_mut().filter(|r| r.phase == Phase::Working)
        else {
            return false;
        };
        let Ok(bytes) = encode(message, MAX_PACKET) else { return false };
        let sent = running.backlog.send(&running.channel, bytes, fds);
        let waits = !running.backlog.is_empty();
        self.relay.wait_to_write(&self.poller, waits);
        sent
    }

    /// Sends the relay what has been waiting.
    fn flush_relay(&mut self) {
        let Some(running) = self.relay.running.as_mut() else { return };
        if running.backlog.is_empty() {
            return;
        }
        // an error means that it is dying; SIGCHLD tells the rest
        let waits = running.backlog.flush(&running.channel).is_ok() && !running.backlog.is_empty();
        self.relay.wait_to_write(&self.poller, waits);
        if !waits {
            self.alarms.remove(RELAY_AWAY);
        }
    }

    pub(crate) fn on_relay(&mut self) {
        self.flush_relay();
        self.with_packet(Self::hear_relay);
    }

    fn hear_relay(&mut self, buffer: &mut [u8]) {
        for _ in 0..crate::helper::clerk::TURN {
            let Some(running) = self.relay.running.as_ref() else { return };
            let phase = running.phase;
            let message = match running.channel.recv(buffer) {
                Ok(Some((bytes, _))) => {
                    decode::<FromRelay>(buffer.get(..bytes).unwrap_or_default())
                }
                Ok(None) => return self.misbehaved(Helper::Relay, "closed its channel"),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(e) => return self.misbehaved(Helper::Relay, &e.to_string()),
            };
            match message {
                Ok(message) if message.permitted(phase) => self.heard_from_relay(message),
                Ok(_) => return self.misbehaved(Helper::Relay, "spoke out of turn"),
                Err(error) => return self.misbehaved(Helper::Relay, &error.to_string()),
            }
        }
    }

    fn heard_from_relay(&mut self, message: FromRelay) {
        match message {
            FromRelay::Ready { landlock } => {
                let started = self.relay.ready();
                started.into_iter().for_each(|what| self.event(what));
                self.alarms.remove(RELAY_AWAY);
                self.relay.trouble =
                    landlock.is_none().then(|| "no Landlock on this kernel".to_owned());
            }
            FromRelay::Ended(session) => {
                let relayed =
                    self.sessions.get(session.0).is_some_and(|s| s.reference.pid.is_none());
                if relayed {
                    self.session_over(session.0, Ending::Closed);
                }
            }
            FromRelay::Written { question, complete } => self.written(question, complete),
            FromRelay::Names { question, answer } => self.named(question, answer),
            FromRelay::Listed { question, answers } => self.listed(question, answers),
            FromRelay::Ident { question, answer } => self.identified(question, answer),
        }
    }

    pub(crate) fn written(&mut self, question: QuestionId, complete: bool) {
        match self.waiting.take(question, |waiter| matches!(waiter, For::Banner(..))) {
            Some(For::Banner(arrival, reservation)) if complete => {
                let current = Arc::clone(&self.current);
                self.serve(&current, arrival, reservation);
            }
            Some(For::Banner(arrival, reservation)) => self.not_told(arrival, reservation),
            Some(For::Decision(..) | For::Process(..) | For::Record(_)) | None => {}
        }
    }

    fn named(&mut self, question: QuestionId, answer: NamesAnswer) {
        let waits =
            |waiter: &For| matches!(waiter, For::Decision(_, Asked::Names | Asked::ServerNames));
        if let Some(For::Decision(mut arrival, asked)) = self.waiting.take(question, waits) {
            let answer = Some(bounded_names(answer));
            if asked == Asked::ServerNames {
                arrival.known.server_names = answer;
            } else {
                arrival.known.names = answer;
            }
            self.decide(arrival);
        }
    }

    fn listed(&mut self, question: QuestionId, answers: Vec<ListAnswer>) {
        let waits = |waiter: &For| matches!(waiter, For::Decision(_, Asked::DnsLists(_)));
        let waiter = self.waiting.take(question, waits);
        if let Some(For::Decision(mut arrival, Asked::DnsLists(zones))) = waiter {
            // an answer that is missing is one that is not known
            let missing = || ListAnswer::Unknown("the relay did not say".into());
            let answers = answers.into_iter().map(bounded_words);
            let answers = answers.chain(std::iter::repeat_with(missing));
            let listed: Vec<_> = zones.into_iter().zip(answers).collect();
            self.lists_said(&listed);
            arrival.known.listed = Some(listed);
            self.decide(arrival);
        }
    }

    fn identified(&mut self, question: QuestionId, mut answer: IdentReply) {
        match &mut answer {
            IdentReply::User { text, user } => {
                cut(text);
                user.truncate(MAX_IDENT);
                user.retain(|octet| !matches!(octet, 0 | b'\n'));
            }
            IdentReply::Declined(why) | IdentReply::Missing(why) => cut(why),
        }
        let waits =
            |waiter: &For| matches!(waiter, For::Decision(_, Asked::Ident) | For::Record(_));
        match self.waiting.take(question, waits) {
            Some(For::Record(reference)) => {
                let answer = answer.told();
                if let Some(session) = self.sessions.get_mut(reference.session.0) {
                    session.user = answer.as_ref().ok().cloned();
                }
                self.event(What::Identified { session: reference, answer });
            }
            Some(For::Decision(mut arrival, _)) => {
                arrival.known.ident = Some(answer);
                self.decide(arrival);
            }
            Some(For::Process(..) | For::Banner(..)) | None => {}
        }
    }
}

/// Names as the relay may give them; what has none left has failed.
fn bounded_names(mut answer: NamesAnswer) -> NamesAnswer {
    match &mut answer {
        NamesAnswer::Confirmed(names) => {
            names.truncate(MAX_NAMES);
            names.retain(|name| (1..=253).contains(&name.len()));
            if names.is_empty() {
                return NamesAnswer::Failed("the relay named nobody".into());
            }
        }
        NamesAnswer::Failed(why) => cut(why),
        NamesAnswer::None | NamesAnswer::Unconfirmed => {}
    }
    answer
}

/// A list's words as the relay may give them.
fn bounded_words(answer: ListAnswer) -> ListAnswer {
    let plain = |mut words: String| {
        words.retain(|letter| matches!(letter, ' '..='~'));
        words.truncate(MAX_LIST_TEXT);
        words
    };
    match answer {
        ListAnswer::Listed(words) => ListAnswer::Listed(plain(words)),
        ListAnswer::Unknown(why) => ListAnswer::Unknown(plain(why)),
        ListAnswer::NotListed => ListAnswer::NotListed,
    }
}
