//! The queue to the clerk: events and messages in order, bounded, sent in batches.

use portreeve_sys::channel::Channel;
use portreeve_wire::clerk::ToClerk;
use portreeve_wire::event::{Event, SessionRef, What};
use portreeve_wire::{FrameError, MAX_PACKET, decode, encode};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Events kept while the clerk does not take them; past it they are counted.
const MOST_EVENTS: usize = 65_536;
/// Events in one packet.
const BATCH: usize = 64;

#[derive(Debug)]
enum Outgoing {
    Event(Event),
    Message(ToClerk, Option<OwnedFd>),
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Outgoing>,
    events: usize,
    pipes: usize,
    lost: u64,
    unreported: u64,
}

impl Outbox {
    /// Adds an event.
    pub(crate) fn event(&mut self, wall: Duration, what: What) {
        let at = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
        if self.events >= MOST_EVENTS {
            self.lost = self.lost.saturating_add(1);
            self.unreported = self.unreported.saturating_add(1);
            return;
        }
        if self.unreported > 0 {
            let what = What::EventsLost { count: std::mem::take(&mut self.unreported) };
            self.queue.push_back(Outgoing::Event(Event { at, what }));
            self.events = self.events.saturating_add(1);
        }
        self.queue.push_back(Outgoing::Event(Event { at, what }));
        self.events = self.events.saturating_add(1);
    }

    /// Adds a message, with a descriptor that is closed here once it is sent.
    pub(crate) fn message(&mut self, message: ToClerk, fd: Option<OwnedFd>) {
        self.count_pipe(&message, true);
        self.queue.push_back(Outgoing::Message(message, fd));
    }

    /// Evidence pipes that wait.
    pub(crate) fn pipes(&self) -> usize {
        self.pipes
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    fn count_pipe(&mut self, message: &ToClerk, more: bool) {
        if matches!(message, ToClerk::Evidence { .. }) {
            let change = if more { usize::saturating_add } else { usize::saturating_sub };
            self.pipes = change(self.pipes, 1);
        }
    }

    /// Puts messages before everything that waits, in their order.
    pub(crate) fn lead(&mut self, messages: Vec<(ToClerk, Option<OwnedFd>)>) {
        for (message, fd) in messages.into_iter().rev() {
            self.count_pipe(&message, true);
            self.queue.push_front(Outgoing::Message(message, fd));
        }
    }

    /// Events lost since the start.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Sends what the channel takes. `Ok(true)` when nothing is left.
    pub(crate) fn flush(&mut self, channel: &Channel) -> io::Result<bool> {
        while let Some(next) = self.queue.pop_front() {
            let sent = match next {
                Outgoing::Event(event) => self.send_events(channel, event),
                Outgoing::Message(message, fd) => self.send_message(channel, message, fd),
            };
            match sent {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn send_message(
        &mut self,
        channel: &Channel,
        message: ToClerk,
        fd: Option<OwnedFd>,
    ) -> io::Result<()> {
        let bytes = encode(&message, MAX_PACKET).map_err(too_long)?;
        let fds: Vec<_> = fd.iter().map(AsFd::as_fd).collect();
        let sent = channel.send(&bytes, &fds);
        match &sent {
            Ok(()) => self.count_pipe(&message, false),
            Err(_) => self.queue.push_front(Outgoing::Message(message, fd)),
        }
        sent
    }

    fn send_events(&mut self, channel: &Channel, first: Event) -> io::Result<()> {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Some(Outgoing::Event(_)) = self.queue.front()
            && let Some(Outgoing::Event(event)) = self.queue.pop_front()
        {
            batch.push(event);
        }
        loop {
            let message = ToClerk::Events(batch);
            let encoded = encode(&message, MAX_PACKET);
            let ToClerk::Events(events) = message else { return Ok(()) };
            batch = events;
            let sent = match encoded {
                Ok(bytes) => channel.send(&bytes, &[]),
                Err(FrameError::TooLong { .. }) if batch.len() > 1 => {
                    let rest = batch.split_off(batch.len() / 2);
                    self.put_back(rest);
                    continue;
                }
                Err(_) => {
                    // one event over the packet's size: nothing the clerk could write
                    self.lost = self.lost.saturating_add(1);
                    Ok(())
                }
            };
            return match sent {
                Ok(()) => {
                    self.events = self.events.saturating_sub(batch.len());
                    Ok(())
                }
                Err(error) => {
                    self.put_back(batch);
                    Err(error)
                }
            };
        }
    }

    fn put_back(&mut self, events: Vec<Event>) {
        for event in events.into_iter().rev() {
            self.queue.push_front(Outgoing::Event(event));
        }
    }

    /// After the clerk died: events that it never received go to the head of the queue again, pipes
    /// come back to the caller; its other messages are made anew for the next clerk.
    pub(crate) fn recover(&mut self, theirs: &Channel) -> Vec<(SessionRef, OwnedFd)> {
        let mut buffer = vec![0; MAX_PACKET];
        let (mut unread, mut pipes) = (Vec::new(), Vec::new());
        while let Ok(Some((bytes, fds))) = theirs.recv(&mut buffer) {
            match buffer.get(..bytes).map(decode::<ToClerk>) {
                Some(Ok(ToClerk::Events(events))) => unread.extend(events),
                Some(Ok(ToClerk::Evidence { session, .. })) => {
                    pipes.extend(fds.into_iter().map(|fd| (session.clone(), fd)));
                }
                Some(Ok(_) | Err(_)) => {}
                None => break,
            }
        }
        for item in std::mem::take(&mut self.queue) {
            match item {
                Outgoing::Message(ToClerk::Evidence { session, .. }, Some(fd)) => {
                    pipes.push((session, fd));
                }
                Outgoing::Event(_) | Outgoing::Message(ToClerk::Subscribe { .. }, _) => {
                    self.queue.push_back(item);
                }
                Outgoing::Message(..) => {}
            }
        }
        self.pipes = 0;
        self.events = self.events.saturating_add(unread.len());
        self.put_back(unread);
        pipes
    }
}

fn too_long(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_sys::channel;

    fn what(n: u64) -> What {
        What::EventsLost { count: n }
    }

    #[test]
    fn what_a_dead_clerk_never_read_is_sent_again_in_order() {
        let (ours, theirs) = channel::pair().unwrap();
        let mut outbox = Outbox::default();
        for n in 0..200 {
            outbox.event(Duration::from_millis(n), what(n));
        }
        assert!(outbox.flush(&ours).unwrap());
        let mut buffer = vec![0; MAX_PACKET];
        let (bytes, _) = theirs.recv(&mut buffer).unwrap().unwrap();
        let Ok(ToClerk::Events(first)) = decode(&buffer[..bytes]) else { panic!("events") };
        outbox.event(Duration::ZERO, what(200));
        assert!(outbox.recover(&theirs).is_empty());
        assert!(outbox.flush(&ours).unwrap());
        let mut seen = first;
        while let Ok(Some((bytes, _))) = theirs.recv(&mut buffer) {
            let Ok(ToClerk::Events(more)) = decode(&buffer[..bytes]) else { panic!("events") };
            seen.extend(more);
        }
        let counts: Vec<_> = seen.iter().map(|e| e.what.clone()).collect();
        assert_eq!(counts, (0..=200).map(what).collect::<Vec<_>>());
    }

    #[test]
    fn a_stopped_clerk_costs_bounded_memory_and_the_loss_is_counted() {
        let mut outbox = Outbox::default();
        for n in 0..(MOST_EVENTS as u64 + 10) {
            outbox.event(Duration::ZERO, what(n));
        }
        assert_eq!((outbox.queue.len(), outbox.lost()), (MOST_EVENTS, 10));
    }
}
