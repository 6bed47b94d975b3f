//! Connections that wait: for names, for ident, or for a long banner to be written, by the relay; for
//! what a process answers.
//! Bounded in number, in number for one source, and in time.

use portreeve_model::{DnsZone, ListAnswer, Network, SourceWidth};
use portreeve_policy::{Answered, Effects, Errand, IdentAnswer, Names, Reservation};
use portreeve_wire::event::SessionRef;
use portreeve_wire::relay::{IdentReply, NamesAnswer};
use portreeve_wire::{End, QuestionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// So many wait at most.
const MOST: usize = 1024;
/// So many of one source network: a slow name server of theirs must not use up the table.
const MOST_OF_ONE: usize = 16;

/// An accepted connection on its way to a decision.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) service: u32,
    pub(crate) socket: OwnedFd,
    pub(crate) peer: End,
    pub(crate) local: End,
    /// Its listener takes both families on one socket.
    pub(crate) dual: bool,
    pub(crate) since: Duration,
    pub(crate) known: Known,
}

/// What look-ups have said of a connection so far; `None`: nobody has asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// The peer's names.
    pub(crate) names: Option<NamesAnswer>,
    /// Those of this end's address.
    pub(crate) server_names: Option<NamesAnswer>,
    /// What DNS lists say of the peer.
    pub(crate) listed: Option<Vec<(DnsZone, ListAnswer)>>,
    /// What the peer's ident server said.
    pub(crate) ident: Option<IdentReply>,
    /// What processes have answered.
    pub(crate) answered: Vec<Answered>,
    /// What is to be done about it: it was granted.
    pub(crate) effects: Effects,
}

impl Known {
    /// The peer's names, as a decision sees them.
    pub(crate) fn names(&self) -> Names<'_> {
        named(self.names.as_ref())
    }

    /// This end's names, as a decision sees them.
    pub(crate) fn server_names(&self) -> Names<'_> {
        named(self.server_names.as_ref())
    }

    /// What the ident server said, as a decision sees it.
    pub(crate) fn ident(&self) -> IdentAnswer<'_> {
        match &self.ident {
            None => IdentAnswer::NotAsked,
            Some(IdentReply::User { user, .. }) => IdentAnswer::Answered(user),
            Some(IdentReply::Declined(_)) => IdentAnswer::Declined,
            Some(IdentReply::Missing(_)) => IdentAnswer::Missing,
        }
    }

    /// What was asked will not be answered: it has failed.
    pub(crate) fn fail(&mut self, asked: Asked, why: &str) {
        let why = why.to_owned();
        match asked {
            Asked::Names => self.names = Some(NamesAnswer::Failed(why)),
            Asked::ServerNames => self.server_names = Some(NamesAnswer::Failed(why)),
            Asked::DnsLists(zones) => {
                let unknown = |zone| (zone, ListAnswer::Unknown(why.clone()));
                self.listed = Some(zones.into_iter().map(unknown).collect());
            }
            Asked::Ident => self.ident = Some(IdentReply::Missing(why)),
        }
    }
}

fn named(answer: Option<&NamesAnswer>) -> Names<'_> {
    match answer {
        None => Names::NotAsked,
        Some(NamesAnswer::Confirmed(names)) => Names::Confirmed(names),
        Some(NamesAnswer::None) => Names::None,
        Some(NamesAnswer::Unconfirmed) => Names::Unconfirmed,
        Some(NamesAnswer::Failed(_)) => Names::Failed,
    }
}

/// What was asked for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The peer's names.
    Names,
    /// Those of this end's address.
    ServerNames,
    /// These DNS lists.
    DnsLists(Vec<DnsZone>),
    /// The peer's ident server.
    Ident,
}

/// What somebody waits for.
#[derive(Debug)]
pub(crate) enum For {
    /// The decision needs this.
    Decision(Arrival, Asked),
    /// The decision needs what a process answers.
    Process(Arrival, Errand),
    /// Granted; the banner is being written.
    Banner(Arrival, Reservation),
    /// Nobody waits: the ident answer of a running session goes to its record.
    Record(SessionRef),
}

/// All that wait, by question; numbers grow, so the first waits longest.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    all: BTreeMap<u64, (For, Duration)>,
    next: u64,
}

impl Waiting {
    /// Whether one more of this peer may wait.
    pub(crate) fn has_room(&self, peer: End) -> bool {
        let SourceWidth { v4, v6 } = SourceWidth::DEFAULT;
        let source = Network::around(peer.address, v4, v6);
        let same = |(waiter, _): &&(For, Duration)| match waiter {
            For::Decision(a, _) | For::Process(a, _) | For::Banner(a, _) => {
                source.contains(a.peer.address)
            }
            For::Record(s) => source.contains(s.peer.address),
        };
        self.all.len() < MOST && self.all.values().filter(same).count() < MOST_OF_ONE
    }

    /// Whether one more record may wait: decisions have the other half of the table.
    pub(crate) fn has_room_for_record(&self, peer: End) -> bool {
        let records = self.all.values().filter(|(waiter, _)| matches!(waiter, For::Record(_)));
        records.count() < MOST / 2 && self.has_room(peer)
    }

    pub(crate) fn question(&mut self) -> QuestionId {
        self.next = self.next.saturating_add(1);
        QuestionId(self.next)
    }

    pub(crate) fn add(&mut self, question: QuestionId, waiter: For, deadline: Duration) {
        self.all.insert(question.0, (waiter, deadline));
    }

    /// Takes who waits for this question, if it is of the kind that was answered.
    pub(crate) fn take(&mut self, question: QuestionId, fits: fn(&For) -> bool) -> Option<For> {
        let (waiter, _) = self.all.get(&question.0)?;
        if !fits(waiter) {
            return None; // its deadline frees it
        }
        self.all.remove(&question.0).map(|(waiter, _)| waiter)
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.all.values().map(|(_, due)| *due).min()
    }

    pub(crate) fn take_overdue(&mut self, now: Duration) -> Vec<(QuestionId, For)> {
        let due = self.all.iter().filter(|(_, (_, due))| *due <= now);
        let due: Vec<u64> = due.map(|(number, _)| *number).collect();
        due.into_iter()
            .filter_map(|n| self.all.remove(&n).map(|(waiter, _)| (QuestionId(n), waiter)))
            .collect()
    }

    /// Everybody who waits for the relay, when it has died: no answer will come.
    pub(crate) fn take_all(&mut self) -> Vec<For> {
        let relay = |waiter: &For| !matches!(waiter, For::Process(..));
        let waits = self.all.iter().filter(|(_, (waiter, _))| relay(waiter));
        let numbers: Vec<u64> = waits.map(|(number, _)| *number).collect();
        let take = |number| self.all.remove(&number).map(|(waiter, _)| waiter);
        numbers.into_iter().filter_map(take).collect()
    }

    /// After a reload services have other indices; connections to services that are gone come back.
    pub(crate) fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) -> Vec<For> {
        let mut gone = Vec::new();
        for (number, (mut waiter, due)) in std::mem::take(&mut self.all) {
            let fits = match &mut waiter {
                For::Decision(a, _) | For::Process(a, _) | For::Banner(a, _) => {
                    match new(a.service) {
                        Some(index) => {
                            a.service = index;
                            true
                        }
                        None => false,
                    }
                }
                For::Record(_) => true,
            };
            if fits {
                self.all.insert(number, (waiter, due));
            } else {
                gone.push(waiter);
            }
        }
        gone
    }

    /// The number of the last question.
    pub(crate) fn last_question(&self) -> u64 {
        self.next
    }

    /// Questions have later numbers than this.
    pub(crate) fn go_on_from(&mut self, last: u64) {
        self.next = self.next.max(last);
    }

    /// All that wait, with question and deadline.
    pub(crate) fn arrivals(&self) -> impl Iterator<Item = (u64, &For, Duration)> {
        self.all.iter().map(|(number, (waiter, due))| (*number, waiter, *due))
    }

    /// Whether no connection waits.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.values().all(|(waiter, _)| matches!(waiter, For::Record(_)))
    }
}
