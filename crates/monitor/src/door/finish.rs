//! From the closed door to the exit.

use crate::door::{Door, Now};
use portreeve_sys::poll::{Interest, Poller};
use portreeve_wire::clerk::ToClerk;
use std::fs;
use std::time::Duration;

/// The clerk has so long to write what is left when the door is closed.
const LAST_WORDS: Duration = Duration::from_secs(3);

impl Door {
    /// The last words: what is queued is written, the clerk ends, the socket goes.
    pub(crate) fn finish(&mut self) {
        let until = self.now.mono.saturating_add(LAST_WORDS);
        self.tell_gathered();
        self.outbox.message(ToClerk::Finish, None);
        if let Ok(poller) = Poller::new() {
            self.last_words(poller, until);
        }
        self.leave_with_manager();
        let _ = fs::remove_file(&self.paths.control);
        let _ = self.lock.unlock();
    }

    fn last_words(&mut self, mut poller: Poller, until: Duration) {
        let mut events = Vec::new();
        let clerk = self.clerk.running.as_ref().map(|r| poller.add(&r.channel, 0, Interest::READ));
        if !matches!(clerk, Some(Ok(()))) || poller.add(&self.signals, 1, Interest::READ).is_err() {
            return;
        }
        // one that is starting still becomes ready; one that is at work ends when it has written
        while self.clerk.running.is_some() && Now::read().mono < until {
            self.flush_clerk();
            if poller.wait(&mut events, Some(Duration::from_millis(20))).is_err() {
                return;
            }
            for event in &events {
                if event.token == 0 {
                    self.on_clerk();
                } else {
                    let _ = self.signals.read();
                    self.reap();
                }
            }
        }
    }
}
