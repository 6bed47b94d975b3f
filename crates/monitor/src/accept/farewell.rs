//! Orderly refusals: the words are sent, then what the peer says is discarded unread for a moment,
//! so that its kernel does not throw our words away on a reset.

use crate::door::token::Token;
use portreeve_sys::poll::{Interest, Poller};
use portreeve_sys::socket::{Discard, discard};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// How long a refused peer may take to read and close.
const LINGER: Duration = Duration::from_secs(1);
/// So many at once; the oldest goes first.
const MOST: usize = 1024;

/// Connections that have been told no.
#[derive(Debug, Default)]
pub(crate) struct Farewells {
    all: BTreeMap<u64, (OwnedFd, Duration)>,
    next: u64,
}

impl Farewells {
    /// Takes a connection whose writing side is shut down.
    pub(crate) fn add(&mut self, poller: &Poller, socket: OwnedFd, now: Duration) {
        if self.all.len() >= MOST {
            self.all.pop_first();
        }
        let number = self.next;
        self.next = self.next.saturating_add(1);
        if poller.add(&socket, Token::Farewell(number).bits(), Interest::READ).is_ok() {
            self.all.insert(number, (socket, now.saturating_add(LINGER)));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn on_readable(&mut self, number: u64) {
        let Some((socket, _)) = self.all.get(&number) else { return };
        match discard(socket) {
            Ok(Discard::Data(_) | Discard::WouldBlock) => {}
            Ok(Discard::End) | Err(_) => drop(self.all.remove(&number)),
        }
    }

    /// Those that are still being let go.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = &OwnedFd> {
        self.all.values().map(|(socket, _)| socket)
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        // numbers grow with time, so the first is the oldest
        self.all.first_key_value().map(|(_, (_, until))| *until)
    }

    pub(crate) fn tick(&mut self, now: Duration) {
        while self.next_due().is_some_and(|due| due <= now) {
            self.all.pop_first();
        }
    }
}
