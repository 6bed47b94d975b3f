//! What services write on their sessions' pipes: thousands of pipes at once, each belonging to one
//! session and no other.

mod ears;
mod log;
mod pipe;

use crate::text::lines::Reads;
use portreeve_model::{EvidenceBounds, Watcher};
use portreeve_sys::clock;
use portreeve_wire::SessionId;
use portreeve_wire::event::SessionRef;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub(crate) use log::{open as open_log, read as read_log};
pub(crate) use pipe::{Listener, open, read};

/// What there is to know of one pipe.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) session: SessionRef,
    pub(crate) watch: Option<Watcher>,
    /// The service's user.
    pub(crate) uid: Option<u32>,
    pub(crate) bounds: EvidenceBounds,
    pub(crate) reads: Reads,
    /// An earlier clerk has read a part.
    pub(crate) resumed: bool,
}

#[derive(Debug)]
struct Open {
    task: Option<AbortHandle>,
    serial: u64,
    /// The last round it has taken part in.
    round: u64,
    /// The session is over; somebody it started still has the pipe.
    orphan: bool,
    /// Who reads a log socket is told so: it has no end of its own.
    over: Rc<Over>,
}

/// The end of a session.
#[derive(Debug, Default)]
pub(crate) struct Over {
    since: Cell<Option<Duration>>,
    told: Notify,
}

impl Over {
    /// It is over from now on, unless it was before.
    fn end(&self) {
        if self.since.get().is_none() {
            self.since.set(Some(clock::monotonic()));
        }
        self.told.notify_one();
    }

    /// Since when, on the monotonic clock.
    pub(crate) fn since(&self) -> Option<Duration> {
        self.since.get()
    }

    /// Waits until somebody says that it is over.
    pub(crate) async fn ended(&self) {
        self.told.notified().await;
    }
}

/// What of a session's is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Of {
    /// Its standard error.
    Pipe(SessionId),
    /// Its own log socket.
    Log(SessionId),
}

/// The pipes being read.
#[derive(Debug)]
pub(crate) struct Pipes {
    open: RefCell<HashMap<Of, Open>>,
    most: usize,
    serial: Cell<u64>,
    leaving: Cell<bool>,
    /// Rounds asked for so far.
    round: Cell<u64>,
    /// Pipes that have not been read in this round yet.
    behind: Cell<usize>,
    /// The round is complete.
    complete: Notify,
    /// It is time to leave, or to take part in a round.
    pub(crate) call: Notify,
}

/// One pipe's place among them; free again when this ends.
#[derive(Debug)]
pub(crate) struct Place {
    pipes: Rc<Pipes>,
    session: Of,
    serial: u64,
}

impl Pipes {
    /// At most so many.
    pub(crate) fn new(most: usize) -> Rc<Self> {
        let (open, serial, leaving) = (RefCell::default(), Cell::new(0), Cell::new(false));
        let (round, behind) = (Cell::new(0), Cell::new(0));
        let (complete, call) = (Notify::new(), Notify::new());
        Rc::new(Self { open, most, serial, leaving, round, behind, complete, call })
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.open.borrow().len()
    }

    /// Whether there is room for no more.
    pub(crate) fn is_full(&self) -> bool {
        self.count() >= self.most
    }

    /// A place for a session's pipe. One it had before is left. When all are taken, that of a
    /// session that is over is left; `None` if there is none such.
    pub(crate) fn place(self: &Rc<Self>, session: Of) -> Option<(Place, Rc<Over>)> {
        let mut open = self.open.borrow_mut();
        let full = open.len() >= self.most;
        if full && !open.contains_key(&session) {
            let orphans = open.iter().filter(|(_, pipe)| pipe.orphan);
            let oldest = orphans.map(|(session, _)| *session).min()?;
            self.leave(open.remove(&oldest));
        }
        let serial = self.serial.get().wrapping_add(1);
        self.serial.set(serial);
        let round = self.round.get();
        let over = Rc::new(Over::default());
        let new = Open { task: None, serial, round, orphan: false, over: Rc::clone(&over) };
        self.leave(open.insert(session, new));
        Some((Place { pipes: Rc::clone(self), session, serial }, over))
    }

    /// Remembers who reads a session's pipe.
    pub(crate) fn read_by(&self, session: Of, task: AbortHandle) {
        if let Some(pipe) = self.open.borrow_mut().get_mut(&session) {
            pipe.task = Some(task);
        }
    }

    /// The session is over. Its pipe is read on: what it started may still speak.
    pub(crate) fn session_over(&self, session: SessionId) {
        let mut open = self.open.borrow_mut();
        for of in [Of::Pipe(session), Of::Log(session)] {
            if let Some(pipe) = open.get_mut(&of) {
                pipe.orphan = true;
                pipe.over.end();
            }
        }
    }

    /// Asks every reader to take what is there now and leave.
    pub(crate) fn leave_all(&self) {
        self.leaving.set(true);
        self.call.notify_waiters();
    }

    /// Has every pipe read, and what it held told, before this ends. It is bounded by what the
    /// pipes hold now: what is written meanwhile may wait.
    pub(crate) async fn read_round(&self) {
        self.round.set(self.round.get().wrapping_add(1));
        self.behind.set(self.count());
        self.call.notify_waiters();
        while self.behind.get() > 0 {
            self.complete.notified().await;
        }
    }

    /// A pipe has taken part in the round.
    fn was_read(&self, pipe: &mut Open) {
        if std::mem::replace(&mut pipe.round, self.round.get()) != self.round.get() {
            self.behind.set(self.behind.get().saturating_sub(1));
            if self.behind.get() == 0 {
                self.complete.notify_one();
            }
        }
    }

    fn leave(&self, pipe: Option<Open>) {
        let Some(mut pipe) = pipe else { return };
        self.was_read(&mut pipe);
        if let Some(task) = pipe.task {
            task.abort();
        }
    }

    /// Whether it is time to leave.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.get()
    }
}

impl Place {
    /// Whether a round waits for this pipe.
    pub(crate) fn is_behind(&self) -> bool {
        let (pipes, round) = (&self.pipes, self.pipes.round.get());
        let behind = |pipe: &Open| pipe.serial == self.serial && pipe.round != round;
        pipes.behind.get() > 0 && pipes.open.borrow().get(&self.session).is_some_and(behind)
    }

    /// The pipe has taken part in the round.
    pub(crate) fn was_read(&self) {
        let mut open = self.pipes.open.borrow_mut();
        if let Some(pipe) = open.get_mut(&self.session).filter(|pipe| pipe.serial == self.serial) {
            self.pipes.was_read(pipe);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.was_read();
        let mut open = self.pipes.open.borrow_mut();
        if open.get(&self.session).is_some_and(|pipe| pipe.serial == self.serial) {
            open.remove(&self.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_makes_room_by_leaving_a_session_that_is_over() {
        let pipes = Pipes::new(2);
        let place = |number| Some(pipes.place(Of::Pipe(SessionId(number)))?.0);
        let (first, second) = (place(1).unwrap(), place(2).unwrap());
        assert!(place(3).is_none() && pipes.is_full());
        pipes.session_over(SessionId(2));
        let third = place(3).unwrap();
        assert_eq!(pipes.count(), 2);
        drop(second); // its place is another's by now
        assert_eq!(pipes.count(), 2);
        let again = place(1).unwrap();
        drop(first);
        assert_eq!(pipes.count(), 2, "the pipe that was handed over again is read on");
        drop((third, again));
        assert_eq!(pipes.count(), 0);
    }
}
