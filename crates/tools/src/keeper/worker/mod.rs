//! The worker: finds services, keeps them, and makes their processes.
//!
//! It is woken by what happens, and by nothing else: by the holder (an end), by control pipes
//! (commands), by folders that change, by the time at which a start is due. Only trouble, and file
//! systems that others may change, are looked at every few seconds.

mod folders;
mod heap;
mod line;
mod pipes;
mod roots;
mod scan;
mod starts;
mod units;

use super::name::WORKER;
use super::starting::CHANNEL;
use crate::applet::Call;
use crate::service::{Source, Stay};
use crate::trouble::Trouble;
use folders::{Folder, Identity, Unit};
use heap::Heap;
use line::Line;
use portreeve_supervise::end::End;
use portreeve_supervise::holder::{MOST, Slot, Word};
use portreeve_sys::channel::Channel;
use portreeve_sys::clock::monotonic;
use portreeve_sys::descriptor::{inherited, raise};
use portreeve_sys::poll::{Event, Interest, Poller};
use portreeve_sys::privileges::set_name;
use portreeve_sys::{Pid, signals};
use roots::Roots;
use starts::Starts;
use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

/// Tokens beside those of units, which are a slot and a source.
const LINE: u64 = u64::MAX;
const WATCHER: u64 = u64::MAX - 1;

/// Where something is wrong with a folder: another look after so long.
const TROUBLE: Duration = Duration::from_secs(5);

/// `svscan-worker DIR…`: of the holder's making.
pub(crate) fn worker(call: &Call) -> Result<ExitCode, Trouble> {
    let channel = inherited(CHANNEL).and_then(raise).and_then(Channel::from_fd);
    let Ok(channel) = channel else { return Err(Trouble::Wrong("svscan starts me".into())) };
    let parent = rustix::process::getppid().and_then(|pid| Pid::from_raw(pid.as_raw_pid()));
    let parent = parent.ok_or_else(|| Trouble::because("unable to begin", "no such process"))?;
    let _ = set_name(WORKER); // for people
    let begun = signals::normalise().and_then(|()| Worker::begin(Line::new(channel), parent, call));
    let begun = begun.map_err(|error| Trouble::system("unable to begin", &error))?;
    match begun {
        Some(worker) => worker.run(),
        None => Ok(ExitCode::SUCCESS), // the holder is gone
    }
}

/// See the module.
struct Worker {
    line: Line,
    poller: Poller,
    starts: Starts,
    roots: Roots,
    folders: BTreeMap<Identity, Folder>,
    units: Vec<Option<Unit>>,
    free: Vec<Slot>,
    heap: Heap,
    /// When all names are looked at, and how long that took last.
    scan_at: Option<Duration>,
    scan_took: Duration,
}

impl Worker {
    /// Takes over what an earlier worker has left. Nothing when the holder is gone.
    fn begin(line: Line, parent: Pid, call: &Call) -> io::Result<Option<Self>> {
        let mut buffer = [0; MOST];
        let mut soft = None;
        let mut left = Vec::new();
        // all of it first: what is done with one of them may hang on the others
        loop {
            let (length, fds) = match line.hear(&mut buffer) {
                Ok(heard) => heard,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    line.wait();
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error),
            };
            let bytes = buffer.get(..length).unwrap_or_default();
            match Word::decode(bytes) {
                Some(Word::Hello(limit)) => soft = Some(limit),
                Some(Word::Ready) => break,
                Some(_) => left.push((bytes.to_vec(), raised(fds)?)),
                None => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        let soft = soft.ok_or(io::ErrorKind::InvalidData)?;
        let mut worker = Self {
            starts: Starts::new(parent, soft)?,
            poller: Poller::new()?,
            roots: Roots::new(&call.arguments),
            line,
            folders: BTreeMap::new(),
            units: Vec::new(),
            free: Vec::new(),
            heap: Heap::default(),
            scan_at: Some(Duration::ZERO),
            scan_took: Duration::ZERO,
        };
        worker.poller.add(&worker.line, LINE, Interest::READ)?;
        if let Some(watcher) = worker.roots.watcher() {
            worker.poller.add(&*watcher, WATCHER, Interest::READ)?;
        }
        worker.resume(left);
        Ok(Some(worker))
    }

    fn run(mut self) -> Result<ExitCode, Trouble> {
        let mut events = Vec::new();
        loop {
            self.due();
            let clock = monotonic();
            let due = [self.heap.next(), self.scan_at].into_iter().flatten().min();
            let due = due.map(|due| due.saturating_sub(clock));
            let wait = [due, self.starts.wait_hint()].into_iter().flatten().min();
            let waited = self.poller.wait(&mut events, wait);
            waited.map_err(|error| Trouble::system("unable to wait", &error))?;
            self.starts.collect();
            // an end first: a command that follows it means the next process
            if events.iter().any(|event| event.token == LINE) && !self.listen() {
                return Ok(ExitCode::SUCCESS);
            }
            for pass in [Source::Process, Source::Ready, Source::Control] {
                events.iter().for_each(|event| self.seen(*event, pass));
            }
        }
    }

    fn seen(&mut self, event: Event, pass: Source) {
        match event.token {
            LINE => {}
            WATCHER if pass == Source::Control => self.changed(),
            WATCHER => {}
            token => {
                let Some((slot, source)) = units::from_token(token) else { return };
                if source == pass {
                    self.with(slot, |kept, now, parent| kept.wake(source, now, parent));
                }
            }
        }
    }

    /// Everything whose time has come.
    fn due(&mut self) {
        let clock = monotonic();
        for (at, slot) in self.heap.take_due(clock) {
            let Some(unit) = self.unit_mut(slot) else { continue };
            if unit.queued != Some(at) {
                continue; // it was another time since
            }
            unit.queued = None;
            if unit.again.take_if(|again| *again <= clock).is_some() {
                self.scan_at = Some(clock); // the scan takes it over again
                continue;
            }
            self.with(slot, |_, _, _| Stay::On);
        }
        if self.scan_at.is_some_and(|at| at <= clock) {
            self.scan();
        }
    }

    /// Hears the holder out; whether it is still there.
    fn listen(&mut self) -> bool {
        let mut buffer = [0; MOST];
        loop {
            let (length, _) = match self.line.hear(&mut buffer) {
                Ok(heard) => heard,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            };
            if let Some(Word::Ended(slot, pid, end)) = buffer.get(..length).and_then(Word::decode) {
                self.ended(slot, pid, end);
            }
        }
    }

    fn ended(&mut self, slot: Slot, pid: u32, end: End) {
        let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
        self.refit(slot);
        self.with(slot, |kept, now, parent| kept.ended(pid, end, now, parent));
    }

    /// Names have changed: a look at all of them, unless that was just done and takes its time.
    fn changed(&mut self) {
        if let Some(watcher) = self.roots.watcher() {
            let _ = watcher.read(); // whatever it is, all are looked at
        }
        let now = monotonic();
        let after = now.saturating_add(self.scan_took);
        self.scan_at = Some(self.scan_at.map_or(after, |at| at.min(after)));
    }

    fn unit_mut(&mut self, slot: Slot) -> Option<&mut Unit> {
        self.units.get_mut(usize::try_from(slot).ok()?)?.as_mut()
    }

    fn unit(&self, slot: Slot) -> Option<&Unit> {
        self.units.get(usize::try_from(slot).ok()?)?.as_ref()
    }
}

/// Out of the way of what a start gives away.
fn raised(fds: Vec<std::os::fd::OwnedFd>) -> io::Result<Vec<std::os::fd::OwnedFd>> {
    fds.into_iter().map(raise).collect()
}
