//! The holder: parent of all services, keeper of what must outlive the worker.
//!
//! It reads no file of a service and decides nothing about one. It starts the worker, again when that
//! ends; holds for each slot what the worker gave it; and tells the worker of ends. An end is
//! remembered until a worker has taken note of it, so none is lost when a worker dies.
//!
//! A signal that ends it, `SIGTERM` as any, leaves the services running: the worker dies with it, and
//! the next `svscan` finds them by their records. `SIGHUP` is for [`super::handover`].

use super::handover::{self, Setup};
use super::slots::{Held, Process, Slots, borrowed};
use super::starting::{Employed, employ};
use crate::reason::reason;
use crate::say;
use crate::service::end;
use crate::trouble::Trouble;
use portreeve_supervise::end::End;
use portreeve_supervise::holder::{MOST, Order, Slot, Word};
use portreeve_sys::clock::monotonic;
use portreeve_sys::poll::{Event, Interest, Poller};
use portreeve_sys::process::{any_ended, kill, reap_child};
use portreeve_sys::signals::Signals;
use portreeve_sys::{Pid, Signal};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::time::Duration;

/// Tokens beside the numbers of slots.
const CHANNEL: u64 = 1 << 32;
const WORKER: u64 = CHANNEL + 1;
const SIGNALS: u64 = CHANNEL + 2;

/// Messages of the worker's that are read before anything else is looked at.
const MESSAGES: usize = 256;

/// From one worker's death to the next one's start, where workers keep dying: the first time, and at
/// most. One that lived for longer than the latter is followed at once.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// After children have ended, others than services' processes are looked for so much later, and at
/// most that often: the kernel walks the list of all.
const SWEEP: Duration = Duration::from_millis(10);

/// And so many at a time.
const SWEPT: usize = 64;

/// When the kernel takes no message, though there may be room for it.
const AGAIN: Duration = Duration::from_millis(10);

/// What the worker is yet to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    Hello,
    Slot(Slot),
    Pipe(Slot),
    Ready,
    Ended(Slot),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Holder {
    setup: Setup,
    slots: Slots,
    poller: Poller,
    signals: Signals,
    worker: Option<Employed>,
    telling: VecDeque<Telling>,
    /// Whether the channel is watched for room.
    full: bool,
    /// When the last worker was started, and how long after its end the next one is.
    employed: Duration,
    delay: Duration,
    /// Times at which something is due.
    employ_at: Option<Duration>,
    sweep_at: Option<Duration>,
    tell_at: Option<Duration>,
    /// The worker has been ended for the sake of a new program.
    making_way: bool,
}

impl Holder {
    /// Holds these slots, with whatever they have.
    pub(super) fn new(setup: Setup, slots: Slots) -> io::Result<Self> {
        let signals = Signals::new(&[Signal::Hup, Signal::Child])?;
        let poller = Poller::new()?;
        poller.add(&signals, SIGNALS, Interest::READ)?;
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let holder = Self {
            setup,
            slots,
            poller,
            signals,
            worker: None,
            telling: VecDeque::new(),
            full: false,
            employed: Duration::ZERO,
            delay: Duration::ZERO,
            employ_at: Some(Duration::ZERO),
            // some may have ended before anybody looked
            sweep_at: Some(Duration::ZERO),
            tell_at: None,
            making_way: false,
        };
        for (slot, held) in &holder.slots {
            if let Some(Process { handle: Some(handle), .. }) = &held.process {
                holder.watch(*slot, handle);
            }
        }
        Ok(holder)
    }

    /// Works until it is killed, or cannot.
    pub(super) fn run(mut self) -> Result<ExitCode, Trouble> {
        let mut events = Vec::new();
        loop {
            self.due();
            let due = [self.employ_at, self.sweep_at, self.tell_at].into_iter().flatten().min();
            let wait = due.map(|due| due.saturating_sub(monotonic()));
            let waited = self.poller.wait(&mut events, wait);
            waited.map_err(|error| Trouble::system("unable to wait", &error))?;
            events.iter().for_each(|event| self.seen(*event));
        }
    }

    fn seen(&mut self, event: Event) {
        match event.token {
            CHANNEL if event.writable && self.full => self.tell(),
            CHANNEL => self.listen(MESSAGES),
            WORKER => self.bereaved(),
            SIGNALS => self.signalled(),
            slot => {
                if let Ok(slot) = Slot::try_from(slot) {
                    self.over(slot);
                }
            }
        }
    }

    fn due(&mut self) {
        let now = monotonic();
        let mut is_due = |at: fn(&mut Self) -> &mut Option<Duration>| {
            at(self).take_if(|at| *at <= now).is_some()
        };
        let (employ, sweep) = (is_due(|it| &mut it.employ_at), is_due(|it| &mut it.sweep_at));
        let tell = is_due(|it| &mut it.tell_at);
        if sweep {
            self.sweep();
        }
        if employ {
            self.employ(now);
        }
        if tell {
            self.tell();
        }
    }

    fn signalled(&mut self) {
        for caught in self.signals.read().unwrap_or_default() {
            if caught.signal == Signal::Hup {
                self.make_way();
            } else {
                self.sweep_at.get_or_insert(monotonic().saturating_add(SWEEP));
            }
        }
    }

    /// Starts a worker, who is told all there is.
    fn employ(&mut self, now: Duration) {
        self.employed = now;
        match employ(&self.setup) {
            Ok(worker) => {
                let watched = self.poller.add(&worker.channel, CHANNEL, Interest::READ);
                let watched = watched.and(self.poller.add(&worker.handle, WORKER, Interest::READ));
                if let Err(error) = watched {
                    // it is told nothing, and gets another chance
                    self.trouble("unable to watch my worker", &error);
                    worker.end();
                    return;
                }
                self.worker = Some(worker);
                self.telling.clear();
                self.telling.push_back(Telling::Hello);
                for (slot, held) in &self.slots {
                    self.telling.push_back(Telling::Slot(*slot));
                    if !held.pipe.is_empty() {
                        self.telling.push_back(Telling::Pipe(*slot));
                    }
                }
                self.telling.push_back(Telling::Ready);
                self.tell();
            }
            Err(error) => self.trouble("unable to start my worker", &error),
        }
    }

    /// No worker now: another one later.
    fn trouble(&mut self, what: &str, error: &io::Error) {
        say(format!("svscan: warning: {what}: {}\n", reason(error)));
        self.delay = self.delay.saturating_mul(2).clamp(FIRST_DELAY, LONGEST_DELAY);
        self.employ_at = Some(monotonic().saturating_add(self.delay));
    }

    /// The worker has ended: what it has said counts, and another one goes on. A process that waits
    /// for its leave, and was not told of yet, finds nobody to tell: it goes no further.
    fn bereaved(&mut self) {
        let Some(worker) = &self.worker else { return };
        let exit = match reap_child(worker.pid) {
            Ok(None) => return,
            Ok(Some(exit)) => end(exit),
            Err(_) => End::Unknown,
        };
        let _ = rustix::net::shutdown(&worker.channel, rustix::net::Shutdown::Read); // else it ends here
        self.listen(usize::MAX);
        self.worker = None;
        self.telling.clear();
        (self.full, self.tell_at) = (false, None);
        if self.making_way {
            self.making_way = false;
            let error = handover::hand_over(&self.setup, &self.slots);
            say(format!("svscan: warning: unable to become the new program: {}\n", reason(&error)));
            self.employ_at = Some(Duration::ZERO);
            return;
        }
        let now = monotonic();
        self.delay = match now.saturating_sub(self.employed) > LONGEST_DELAY {
            true => Duration::ZERO,
            false => self.delay.saturating_mul(2).min(LONGEST_DELAY),
        };
        say(format!("svscan: warning: my worker has ended ({exit}), the next one goes on\n"));
        self.employ_at = Some(now.saturating_add(self.delay));
        self.delay = self.delay.max(FIRST_DELAY);
    }

    /// Obeys the worker: so many messages at a time.
    fn listen(&mut self, most: usize) {
        let mut buffer = [0; MOST];
        for _ in 0..most {
            let Some(worker) = &self.worker else { return };
            match worker.channel.recv(&mut buffer) {
                Ok(Some((length, fds))) => {
                    let order = buffer.get(..length).and_then(Order::decode);
                    match order {
                        Some(order) => self.obey(order, fds),
                        None => say("svscan: warning: my worker speaks another language\n"),
                    }
                }
                // what it takes for held is not: the next one, a while later, knows better
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    say("svscan: warning: unable to hold all descriptors\n");
                    let _ = kill(worker.pid, Signal::Kill); // it has ended already
                }
                Ok(None) => {
                    let _ = self.poller.remove(&worker.channel); // it has ended: that is seen next
                    return;
                }
                Err(_) => return,
            }
        }
    }

    fn obey(&mut self, order: Order<'_>, fds: Vec<OwnedFd>) {
        let (Order::Keep(slot, _)
        | Order::Pipe(slot)
        | Order::Started(slot, ..)
        | Order::Note(slot, ..)
        | Order::Forget(slot)) = order;
        match order {
            Order::Keep(_, label) => {
                self.slots.insert(slot, Held::new(label, fds));
                return;
            }
            Order::Forget(_) => {
                self.slots.remove(&slot);
                return;
            }
            Order::Pipe(_) | Order::Started(..) | Order::Note(..) => {}
        }
        let Some(held) = self.slots.get_mut(&slot) else { return };
        match order {
            Order::Pipe(_) => held.set_pipe(fds),
            Order::Started(_, begun, note) => {
                if !note.is_empty() {
                    held.note = note.into();
                }
                let handle = fds.into_iter().next();
                held.process = Some(Process { begun, handle, end: None });
                self.watch_process(slot);
            }
            Order::Note(_, running, note) => {
                held.note = note.into();
                let noted = |it: &mut Process| it.end.is_some() && it.begun.pid != running;
                held.process.take_if(noted);
            }
            Order::Keep(..) | Order::Forget(_) => {}
        }
    }

    fn watch_process(&self, slot: Slot) {
        let process = self.slots.get(&slot).and_then(|held| held.process.as_ref());
        if let Some(handle) = process.and_then(|process| process.handle.as_ref()) {
            self.watch(slot, handle);
        }
    }

    fn watch(&self, slot: Slot, handle: &OwnedFd) {
        // where the kernel has no memory for it, the end is seen by the next sweep
        let _ = self.poller.add(handle, slot.into(), Interest::READ);
    }

    /// A slot's process has ended: it is reaped, and how it ended remembered until it is noted.
    fn over(&mut self, slot: Slot) {
        let Some(held) = self.slots.get_mut(&slot) else { return };
        let Some(process) = &mut held.process else { return };
        let Some(handle) = &process.handle else { return };
        let pid = i32::try_from(process.begun.pid).ok().and_then(Pid::from_raw);
        // nobody else reaps: until then the number is its own
        let end = match pid.map(reap_child) {
            Some(Ok(None)) if !has_ended(handle) => return,
            Some(Ok(Some(exit))) => end(exit),
            _ => End::Unknown,
        };
        let handle = process.handle.take();
        process.end = Some(end);
        self.telling.push_back(Telling::Ended(slot));
        // first of all: the worker has something to do
        self.tell();
        if let Some(handle) = handle {
            let _ = self.poller.remove(&handle); // it leaves the set with its last descriptor, else
        }
    }

    /// Reaps the orphans of services, and services' processes that no descriptor has told of.
    fn sweep(&mut self) {
        for _ in 0..SWEPT {
            let Some(pid) = any_ended() else { return };
            if self.worker.as_ref().is_some_and(|worker| worker.pid == pid) {
                self.bereaved();
                continue;
            }
            // it may be one that the worker has just told of
            self.listen(usize::MAX);
            let number = u32::try_from(pid.as_raw()).unwrap_or(0);
            let of = |held: &Held| {
                held.process
                    .as_ref()
                    .is_some_and(|it| it.begun.pid == number && it.handle.is_some())
            };
            match self.slots.iter().find(|(_, held)| of(held)).map(|(slot, _)| *slot) {
                Some(slot) => self.over(slot),
                None => {
                    let _ = reap_child(pid); // nobody asks for it
                }
            }
        }
        // those whose descriptors tell of them come first
        self.sweep_at = Some(monotonic());
    }

    /// Tells the worker what it does not know, as far as it listens.
    fn tell(&mut self) {
        let Some(worker) = &self.worker else {
            self.telling.clear();
            return;
        };
        while let Some(next) = self.telling.front() {
            let sent = say_to(worker, *next, &self.slots, self.setup.limit);
            match sent {
                Ok(()) => {
                    self.telling.pop_front();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.full = true;
                    let _ = self.poller.modify(&worker.channel, CHANNEL, Interest::READ_WRITE);
                    return;
                }
                // it has died: it will be told of
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return,
                Err(_) => {
                    self.tell_at = Some(monotonic().saturating_add(AGAIN));
                    return;
                }
            }
        }
        if std::mem::take(&mut self.full) {
            let _ = self.poller.modify(&worker.channel, CHANNEL, Interest::READ);
        }
    }

    /// Ends the worker for the sake of another program in this process, if that one is fit.
    fn make_way(&mut self) {
        if let Err(error) = handover::rehearse(&self.setup) {
            let why = reason(&error);
            say(format!(
                "svscan: warning: the new program does not run, the old one goes on: {why}\n"
            ));
            return;
        }
        self.making_way = true;
        match &self.worker {
            Some(worker) => {
                let _ = kill(worker.pid, Signal::Kill); // it has ended already: that is seen next
            }
            None => {
                let error = handover::hand_over(&self.setup, &self.slots);
                self.making_way = false;
                self.trouble("unable to become the new program", &error);
            }
        }
    }
}

/// Whether a process of which nobody knows more has ended.
fn has_ended(handle: &OwnedFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::new(handle, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
}

/// One message to the worker; what has become needless is as good as said.
fn say_to(worker: &Employed, next: Telling, slots: &Slots, limit: u64) -> io::Result<()> {
    let send = |word: Word<'_>, fds: &[OwnedFd]| {
        worker.channel.send(word.encode().bytes(), &borrowed(fds))
    };
    let held = |slot| slots.get(&slot);
    match next {
        Telling::Hello => send(Word::Hello(limit), &[]),
        Telling::Ready => send(Word::Ready, &[]),
        Telling::Slot(slot) => held(slot).map_or(Ok(()), |it| send(it.word(slot), &it.files)),
        Telling::Pipe(slot) => held(slot).map_or(Ok(()), |it| send(Word::Pipe(slot), &it.pipe)),
        Telling::Ended(slot) => {
            let process = held(slot).and_then(|held| held.process.as_ref());
            match process.and_then(|process| Some((process.begun.pid, process.end?))) {
                Some((pid, end)) => send(Word::Ended(slot, pid, end), &[]),
                None => Ok(()),
            }
        }
    }
}
