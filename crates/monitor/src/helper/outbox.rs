//! The queue to the clerk: events, pipes and messages in order, bounded, sent in batches.
//!
//! What happens hundreds of times a second waits a moment for more of its kind: each packet wakes
//! the clerk. Whatever else is told leaves at the end of the turn, and takes along what waits.

use crate::door::Now;
use crate::session::evidence::Pipe;
use portreeve_sys::channel::{Channel, MAX_DESCRIPTORS};
use portreeve_wire::clerk::{Item, ToClerk};
use portreeve_wire::event::{Event, Level, SessionRef, What};
use portreeve_wire::{FrameError, MAX_PACKET, decode, encode};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// Events kept while the clerk does not take them; past it they are counted.
const MOST_EVENTS: usize = 65_536;
/// Events and pipes in one packet.
const BATCH: usize = MAX_DESCRIPTORS;
/// So many that wait leave at once.
const ENOUGH: usize = 32;
/// An event waits for others no longer than this.
const PATIENCE: Duration = Duration::from_millis(20);

/// What waits to be sent.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// One of a batch; the read end if it is evidence.
    Item(Item, Option<Arc<OwnedFd>>),
    /// A message of its own, with a descriptor that is closed here once it is sent.
    Message(ToClerk, Option<OwnedFd>),
}

impl Outgoing {
    /// A session's pipe, or its log socket.
    pub(crate) fn pipe(session: SessionRef, state: State, pipe: &Pipe) -> Self {
        let State { resumed, authenticated, over } = state;
        let item = Item::Evidence { session, resumed, form: pipe.form, authenticated, over };
        Self::Item(item, Some(Arc::clone(&pipe.fd)))
    }

    fn is_pipe(&self) -> bool {
        matches!(self, Self::Item(Item::Evidence { .. }, _))
    }
}

/// What a clerk is told of a session together with its pipe.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    /// An earlier clerk may have read a part.
    pub(crate) resumed: bool,
    /// It has said that it has authenticated.
    pub(crate) authenticated: bool,
    /// It has ended, and no event tells of it.
    pub(crate) over: bool,
}

/// Whether an event may wait for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Haste {
    AtOnce,
    MayWait,
}

impl Haste {
    fn of(what: &What) -> Self {
        let may_wait = matches!(
            what,
            What::SessionStarted(_)
                | What::SessionEnded { .. }
                | What::Authenticated(_)
                | What::Identified { .. }
                | What::Refused(_)
        );
        if may_wait { Self::MayWait } else { Self::AtOnce }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Outgoing>,
    events: usize,
    pipes: usize,
    lost: u64,
    unreported: u64,
    /// Since when the first of those that may wait has been waiting.
    since: Option<Duration>,
    /// Something waits that may not.
    at_once: bool,
    /// When the last pipe came.
    last_pipe: Option<Duration>,
    /// To be closed at the end of the turn, neighbours in one call.
    spent: Vec<OwnedFd>,
}

impl Outbox {
    /// Adds an event.
    pub(crate) fn event(&mut self, now: Now, what: What) {
        self.leveled_event(now, what, None);
    }

    /// Adds an event that is logged as a rule says.
    pub(crate) fn leveled_event(&mut self, now: Now, what: What, level: Option<Level>) {
        let at = u64::try_from(now.wall.as_millis()).unwrap_or(u64::MAX);
        if self.events >= MOST_EVENTS {
            self.lost = self.lost.saturating_add(1);
            self.unreported = self.unreported.saturating_add(1);
            return;
        }
        match Haste::of(&what) {
            Haste::AtOnce => self.at_once = true,
            Haste::MayWait => _ = self.since.get_or_insert(now.mono),
        }
        if self.unreported > 0 {
            let what = What::EventsLost { count: std::mem::take(&mut self.unreported) };
            let lost = Event { at, level: None, what };
            self.queue.push_back(Outgoing::Item(Item::Event(lost), None));
            self.events = self.events.saturating_add(1);
        }
        self.queue.push_back(Outgoing::Item(Item::Event(Event { at, level, what }), None));
        self.events = self.events.saturating_add(1);
    }

    /// Adds a message, with a descriptor that is closed here once it is sent.
    pub(crate) fn message(&mut self, message: ToClerk, fd: Option<OwnedFd>) {
        self.at_once = true;
        self.queue.push_back(Outgoing::Message(message, fd));
    }

    /// Adds messages, in their order.
    pub(crate) fn append(&mut self, all: Vec<Outgoing>) {
        self.at_once = true;
        self.queue.extend(all);
    }

    /// Adds a new session's pipe.
    pub(crate) fn pipe(&mut self, now: Now, session: SessionRef, pipe: &Pipe) {
        self.since.get_or_insert(now.mono);
        // what a guesser's session says is wanted at once; only where many come do they wait for others
        let alone = |last: Duration| now.mono.saturating_sub(last) >= PATIENCE;
        if self.last_pipe.replace(now.mono).is_none_or(alone) {
            self.at_once = true;
        }
        self.pipes = self.pipes.saturating_add(1);
        self.queue.push_back(Outgoing::pipe(session, State::default(), pipe));
    }

    /// A session's pipe is not kept any longer. It is closed when it has been sent too.
    pub(crate) fn spend(&mut self, pipe: Pipe) {
        self.spent.extend(Arc::into_inner(pipe.fd));
    }

    /// What is to be closed now.
    pub(crate) fn take_spent(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.spent)
    }

    /// Evidence pipes that wait.
    pub(crate) fn pipes(&self) -> usize {
        self.pipes
    }

    /// Descriptors of messages that wait. Takes time in proportion to the queue.
    pub(crate) fn descriptors(&self) -> usize {
        self.queue.iter().filter(|one| matches!(one, Outgoing::Message(_, Some(_)))).count()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Puts these before everything that waits, in their order.
    pub(crate) fn lead(&mut self, all: Vec<Outgoing>) {
        self.at_once = true;
        self.pipes = self.pipes.saturating_add(all.iter().filter(|it| it.is_pipe()).count());
        self.put_back(all);
    }

    /// The events that wait.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.queue.iter().filter_map(|one| match one {
            Outgoing::Item(Item::Event(event), _) => Some(event),
            Outgoing::Item(Item::Evidence { .. }, _) | Outgoing::Message(..) => None,
        })
    }

    /// Events lost of which no event tells.
    pub(crate) fn unreported(&self) -> u64 {
        self.unreported
    }

    /// A predecessor's events, before any of ours.
    pub(crate) fn restore(&mut self, events: Vec<Event>, lost: u64, unreported: u64) {
        self.events = self.events.saturating_add(events.len());
        self.at_once = true;
        let items = events.into_iter().map(|event| Outgoing::Item(Item::Event(event), None));
        self.put_back(items.collect());
        self.lost = self.lost.saturating_add(lost);
        self.unreported = self.unreported.saturating_add(unreported);
    }

    /// Events lost since the start.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether it is time to send.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        let late = |since| now.saturating_sub(since) >= PATIENCE;
        self.at_once || self.queue.len() >= ENOUGH || self.since.is_some_and(late)
    }

    /// When it is time to send what waits.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.since.map(|since| since.saturating_add(PATIENCE))
    }

    /// The channel failed: it is tried again after a moment.
    pub(crate) fn put_off(&mut self, now: Duration) {
        (self.since, self.at_once) = (Some(now), false);
    }

    /// Sends what the channel takes. `Ok(true)` when nothing is left.
    pub(crate) fn flush(&mut self, channel: &Channel) -> io::Result<bool> {
        while let Some(next) = self.queue.pop_front() {
            let sent = match next {
                Outgoing::Item(item, fd) => self.send_batch(channel, item, fd),
                Outgoing::Message(message, fd) => self.send_message(channel, message, fd),
            };
            match sent {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        (self.since, self.at_once) = (None, false);
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
        if sent.is_err() {
            self.queue.push_front(Outgoing::Message(message, fd));
        }
        sent
    }

    fn send_batch(
        &mut self,
        channel: &Channel,
        first: Item,
        pipe: Option<Arc<OwnedFd>>,
    ) -> io::Result<()> {
        let (mut items, mut pipes) = (vec![first], Vec::from_iter(pipe));
        while items.len() < BATCH
            && let Some(Outgoing::Item(..)) = self.queue.front()
            && let Some(Outgoing::Item(item, pipe)) = self.queue.pop_front()
        {
            items.push(item);
            pipes.extend(pipe);
        }
        loop {
            let message = ToClerk::Batch(items);
            let encoded = encode(&message, MAX_PACKET);
            let ToClerk::Batch(back) = message else { return Ok(()) };
            items = back;
            let sent = match encoded {
                Ok(bytes) => {
                    let fds: Vec<_> = pipes.iter().map(AsFd::as_fd).collect();
                    channel.send(&bytes, &fds)
                }
                Err(FrameError::TooLong { .. }) if items.len() > 1 => {
                    let rest = items.split_off(items.len() / 2);
                    let theirs = rest.iter().filter(|item| is_pipe(item)).count();
                    let rest_pipes = pipes.split_off(pipes.len().saturating_sub(theirs));
                    self.put_back(together(rest, rest_pipes));
                    continue;
                }
                Err(_) => {
                    // one event over the packet's size: nothing the clerk could write
                    self.lost = self.lost.saturating_add(1);
                    self.unreported = self.unreported.saturating_add(1);
                    Ok(())
                }
            };
            if sent.is_ok() {
                let events = items.len().saturating_sub(pipes.len());
                self.events = self.events.saturating_sub(events);
                self.pipes = self.pipes.saturating_sub(pipes.len());
                self.spent.extend(pipes.into_iter().filter_map(Arc::into_inner));
            } else {
                self.put_back(together(items, pipes));
            }
            return sent;
        }
    }

    fn put_back(&mut self, all: Vec<Outgoing>) {
        for one in all.into_iter().rev() {
            self.queue.push_front(one);
        }
    }

    /// After the clerk died: events that it never received go to the head of the queue again, pipes
    /// come back to the caller; its other messages are made anew for the next clerk.
    pub(crate) fn recover(&mut self, theirs: &Channel) -> Vec<(SessionRef, Pipe)> {
        let mut buffer = vec![0; MAX_PACKET];
        let (mut unread, mut pipes) = (Vec::new(), Vec::new());
        let mut sort = |item: Item, fd: Option<Arc<OwnedFd>>| match (item, fd) {
            (Item::Evidence { session, form, .. }, Some(fd)) => {
                pipes.push((session, Pipe { fd, form }));
                None
            }
            (Item::Evidence { .. }, None) => None,
            (event @ Item::Event(_), _) => Some(Outgoing::Item(event, None)),
        };
        while let Ok(Some((bytes, fds))) = theirs.recv(&mut buffer) {
            match buffer.get(..bytes).map(decode::<ToClerk>) {
                Some(Ok(ToClerk::Batch(items))) => {
                    let fds = fds.into_iter().map(Arc::new).collect();
                    for one in together(items, fds) {
                        if let Outgoing::Item(item, fd) = one {
                            unread.extend(sort(item, fd));
                        }
                    }
                }
                Some(Ok(_) | Err(_)) => {}
                None => break,
            }
        }
        for one in std::mem::take(&mut self.queue) {
            match one {
                Outgoing::Item(item, fd) => self.queue.extend(sort(item, fd)),
                Outgoing::Message(ToClerk::Subscribe { .. }, _) => self.queue.push_back(one),
                Outgoing::Message(..) => {}
            }
        }
        self.pipes = 0;
        self.events = self.events.saturating_add(unread.len());
        self.at_once = true;
        self.put_back(unread);
        pipes
    }
}

fn is_pipe(item: &Item) -> bool {
    matches!(item, Item::Evidence { .. })
}

/// Gives each pipe its descriptor again.
fn together(items: Vec<Item>, pipes: Vec<Arc<OwnedFd>>) -> Vec<Outgoing> {
    let mut pipes = pipes.into_iter();
    let with = |item: Item| {
        let pipe = if is_pipe(&item) { pipes.next() } else { None };
        Outgoing::Item(item, pipe)
    };
    items.into_iter().map(with).collect()
}

fn too_long(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_sys::channel;
    use portreeve_wire::clerk::Form;

    fn what(n: u64) -> What {
        What::EventsLost { count: n }
    }

    fn at(ms: u64) -> Now {
        Now { mono: Duration::from_millis(ms), wall: Duration::from_millis(ms) }
    }

    fn session(number: u64) -> SessionRef {
        let end = portreeve_wire::End { address: [192, 0, 2, 1].into(), port: 1 };
        SessionRef {
            session: portreeve_wire::SessionId(number),
            service: 0,
            key: "ssh".into(),
            peer: end,
            local: end,
            pid: None,
        }
    }

    fn form(number: u64) -> Form {
        if number.is_multiple_of(2) { Form::Packets } else { Form::Log }
    }

    fn take(channel: &Channel, buffer: &mut [u8]) -> Option<(Vec<Item>, Vec<OwnedFd>)> {
        let (bytes, fds) = channel.recv(buffer).ok()??;
        let Ok(ToClerk::Batch(items)) = decode(&buffer[..bytes]) else { panic!("a batch") };
        Some((items, fds))
    }

    #[test]
    fn what_a_dead_clerk_never_read_is_sent_again_in_order() {
        let (ours, theirs) = channel::pair().unwrap();
        let mut outbox = Outbox::default();
        for n in 0..200 {
            outbox.event(at(n), what(n));
        }
        assert!(outbox.flush(&ours).unwrap());
        let mut buffer = vec![0; MAX_PACKET];
        let (mut seen, _) = take(&theirs, &mut buffer).unwrap();
        outbox.event(at(0), what(200));
        assert!(outbox.recover(&theirs).is_empty());
        assert!(outbox.flush(&ours).unwrap());
        while let Some((more, _)) = take(&theirs, &mut buffer) {
            seen.extend(more);
        }
        let counts = seen.into_iter().map(|item| match item {
            Item::Event(event) => event.what,
            Item::Evidence { .. } => panic!("no pipe was sent"),
        });
        let counts: Vec<_> = counts.collect();
        assert_eq!(counts, (0..=200).map(what).collect::<Vec<_>>());
    }

    #[test]
    fn a_stopped_clerk_costs_bounded_memory_and_the_loss_is_counted() {
        let mut outbox = Outbox::default();
        for n in 0..(MOST_EVENTS as u64 + 10) {
            outbox.event(at(0), what(n));
        }
        assert_eq!((outbox.queue.len(), outbox.lost()), (MOST_EVENTS, 10));
    }

    #[test]
    fn sessions_wait_for_others_and_anything_else_takes_them_along() {
        let (ours, _theirs) = channel::pair().unwrap();
        let mut outbox = Outbox::default();
        let started = || What::SessionStarted(session(1));
        outbox.event(at(100), started());
        outbox.event(at(110), started());
        assert!(!outbox.is_due(at(119).mono));
        assert_eq!(outbox.next_due(), Some(at(120).mono), "twenty milliseconds after the first");
        assert!(outbox.is_due(at(120).mono));
        assert!(outbox.flush(&ours).unwrap());
        assert_eq!((outbox.next_due(), outbox.is_due(at(500).mono)), (None, false));
        (0..ENOUGH).for_each(|_| outbox.event(at(500), started()));
        assert!(outbox.is_due(at(500).mono), "enough of them do not wait");
        assert!(outbox.flush(&ours).unwrap());
        outbox.event(at(600), started());
        outbox.event(at(600), What::Alarm { text: "a disk is full".into() });
        assert!(outbox.is_due(at(600).mono));
    }

    #[test]
    fn pipes_travel_among_the_events_and_each_with_its_own_session() {
        let (ours, theirs) = channel::pair().unwrap();
        let mut outbox = Outbox::default();
        let mut writers = Vec::new();
        for number in 0..100 {
            let (read, write) = portreeve_sys::pipe::pipe().unwrap();
            let pipe = Pipe { fd: Arc::new(read), form: form(number) };
            outbox.event(at(0), What::SessionStarted(session(number)));
            outbox.pipe(at(0), session(number), &pipe);
            writers.push(std::fs::File::from(write));
        }
        assert_eq!(outbox.pipes(), 100);
        assert!(outbox.flush(&ours).unwrap());
        assert_eq!((outbox.pipes(), outbox.is_empty()), (0, true));
        let mut buffer = vec![0; MAX_PACKET];
        let (items, fds) = take(&theirs, &mut buffer).unwrap();
        assert_eq!((items.len(), fds.len()), (BATCH, BATCH / 2));
        let rest = outbox.recover(&theirs);
        assert_eq!((rest.len(), outbox.events), (100 - BATCH / 2, 100 - BATCH / 2));
        for (number, (of, pipe)) in (BATCH as u64 / 2..).zip(&rest) {
            assert_eq!((of, pipe.form), (&session(number), form(number)));
            let text = format!("session {number}");
            let mut heard = vec![0; text.len()];
            use std::io::{Read, Write};
            writers[usize::try_from(number).unwrap()].write_all(text.as_bytes()).unwrap();
            let read = pipe.fd.try_clone().unwrap();
            std::fs::File::from(read).read_exact(&mut heard).unwrap();
            assert_eq!(String::from_utf8(heard).unwrap(), text);
        }
    }
}
