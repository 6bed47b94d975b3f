//! Reading one pipe.

use crate::entry::Entry;
use crate::entry::convert::session;
use crate::evidence::ears::Ears;
use crate::evidence::{Pipes, Place, Source};
use crate::text::lines::{Line, Splitter, Start};
use crate::text::pace::Pace;
use crate::text::sshd;
use portreeve_judge::Heard;
use portreeve_model::escape;
use portreeve_sys::clock;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::unix::pipe::Receiver;
use tokio::time::sleep;

/// Bytes of one read: at least a packet, or its end would be lost.
const CHUNK: usize = 16 << 10;

/// Bytes a second that are taken from one session. Past it, the service waits for its own words to
/// be read, and nobody else does.
const PER_SECOND: usize = 1 << 20;

/// Reads before others have their turn.
pub(super) const TURN: usize = 16;

/// Who hears what the pipes say.
pub(crate) trait Listener {
    /// A line, or that lines were dropped.
    fn said(&self, entry: Entry);
    /// A finding.
    fn heard(&self, heard: &Heard<'_>);
    /// A message for the host's log, or the start of one.
    fn pass_on(&self, message: &[u8], cut: bool);
}

/// The read end of a session's pipe, which blocks nobody from here on.
///
/// # Errors
/// `InvalidInput` unless it is the read end of a pipe.
pub(crate) fn open(fd: OwnedFd) -> io::Result<Receiver> {
    Receiver::from_owned_fd(fd)
}

/// Reads until the end of the pipe, or until it is time to leave.
pub(crate) async fn read(
    pipe: Receiver,
    source: Source,
    pipes: Rc<Pipes>,
    place: Place,
    to: Rc<impl Listener>,
) {
    let mut teller = Teller::new(source);
    let mut taken = Taken::default();
    loop {
        let now = clock::monotonic();
        let due = teller.pace.due();
        if due.is_some_and(|due| now >= due) {
            teller.tell_dropped(&*to);
            continue;
        }
        // A round is not put off: a pipe holds no more than the kernel lets it.
        if place.is_behind() {
            match take_all(&pipe, &mut teller, &mut taken, &*to).await {
                Took::End => break,
                Took::More | Took::Nothing => place.was_read(),
            }
            continue;
        }
        if taken.pause(now) && !pipes.is_leaving() {
            tokio::select! {
                () = pipes.call.notified() => {}
                () = sleep(taken.until_next_second(now)) => {}
            }
            continue;
        }
        let wait = due.map(|due| due.saturating_sub(now));
        let leaving = pipes.is_leaving();
        if !leaving {
            tokio::select! {
                ready = pipe.readable() => if ready.is_err() { break },
                () = pipes.call.notified() => continue,
                () = sleep(wait.unwrap_or_default()), if wait.is_some() => continue,
            }
        }
        match take_turn(&pipe, leaving, &mut teller, &mut taken, &*to) {
            Took::More => tokio::task::yield_now().await,
            Took::Nothing if leaving => break,
            Took::Nothing => {}
            Took::End => break,
        }
    }
    teller.finish(&*to);
    // Only now: whoever waits for this pipe waits for its last words too.
    drop(place);
}

enum Took {
    More,
    Nothing,
    End,
}

/// Takes what the pipe holds now, and its end if that is what follows.
async fn take_all(
    pipe: &Receiver,
    teller: &mut Teller,
    taken: &mut Taken,
    to: &impl Listener,
) -> Took {
    let Ok(held) = rustix::io::ioctl_fionread(pipe) else { return Took::End };
    let held = usize::try_from(held).unwrap_or(usize::MAX);
    let before = taken.bytes;
    loop {
        match take_turn(pipe, true, teller, taken, to) {
            Took::More if taken.bytes.saturating_sub(before) <= held => {
                tokio::task::yield_now().await;
            }
            took @ (Took::More | Took::Nothing | Took::End) => return took,
        }
    }
}

/// `at_once` asks the pipe itself: the runtime may not have heard of what is there.
fn take_turn(
    pipe: &Receiver,
    at_once: bool,
    teller: &mut Teller,
    taken: &mut Taken,
    to: &impl Listener,
) -> Took {
    let mut chunk = [0; CHUNK];
    for _ in 0..TURN {
        let now = |chunk: &mut [u8]| Ok(rustix::io::read(pipe, chunk)?);
        let read = if at_once { now(&mut chunk) } else { pipe.try_read(&mut chunk) };
        match read {
            Ok(0) => return Took::End,
            Ok(length) => {
                taken.add(length);
                teller.feed(chunk.get(..length).unwrap_or_default(), to);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Took::Nothing,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Took::End,
        }
    }
    Took::More
}

/// Bytes taken in the current second.
#[derive(Debug, Default)]
pub(super) struct Taken {
    second: u64,
    bytes: usize,
}

impl Taken {
    /// So many more.
    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether it is enough for this second.
    pub(super) fn pause(&mut self, now: Duration) -> bool {
        if now.as_secs() != self.second {
            *self = Self { second: now.as_secs(), bytes: 0 };
        }
        self.bytes >= PER_SECOND
    }

    pub(super) fn until_next_second(&self, now: Duration) -> Duration {
        Duration::from_secs(self.second.saturating_add(1)).saturating_sub(now)
    }
}

/// From bytes to entries.
#[derive(Debug)]
struct Teller {
    source: Source,
    splitter: Splitter,
    pace: Pace,
    ears: Ears,
    first: bool,
}

impl Teller {
    fn new(source: Source) -> Self {
        let line = usize::try_from(source.bounds.line).unwrap_or(usize::MAX);
        let keep = if source.watch.is_some() { line.max(sshd::ENOUGH) } else { line };
        Self {
            splitter: Splitter::new(keep, source.reads, source.resumed),
            pace: Pace::new(source.bounds.lines_per_second),
            ears: Ears::new(source.watch),
            first: true,
            source,
        }
    }

    fn feed(&mut self, bytes: &[u8], to: &impl Listener) {
        let Self { source, splitter, pace, ears, first } = self;
        splitter.feed(bytes, &mut |line| hear(line, source, (pace, ears), first, to));
    }

    /// The pipe is over: what is left is told.
    fn finish(&mut self, to: &impl Listener) {
        let Self { source, splitter, pace, ears, first } = self;
        splitter.finish(&mut |line| hear(line, source, (pace, ears), first, to));
        self.tell_dropped(to);
    }

    fn tell_dropped(&mut self, to: &impl Listener) {
        let lines = self.pace.take_dropped();
        if lines > 0 {
            to.said(Entry::EvidenceDropped { session: session(&self.source.session), lines });
        }
    }
}

fn hear(
    line: Line<'_>,
    source: &Source,
    (pace, ears): (&mut Pace, &mut Ears),
    first: &mut bool,
    to: &impl Listener,
) {
    ears.line(line, source, to);
    // Only the first line can be one that began with an earlier clerk.
    let resumed = std::mem::take(first) && source.resumed && line.start != Start::Newline;
    if pace.admit(clock::monotonic()) {
        let most = usize::try_from(source.bounds.line).unwrap_or(usize::MAX);
        let shown = line.bytes.get(..most).unwrap_or(line.bytes);
        to.said(Entry::Evidence {
            session: session(&source.session),
            text: escape(shown),
            cut: line.cut || shown.len() < line.bytes.len(),
            resumed,
            sender_pid: None,
            sender_uid: None,
        });
    }
}
