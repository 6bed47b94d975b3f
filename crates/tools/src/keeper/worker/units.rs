//! One unit at a time: taken over, gone on with, let go.

use super::folders::{Folder, Identity, Label, Origin, Role, Unit};
use super::pipes;
use super::roots::look;
use super::scan::open;
use super::starts::Starter;
use super::{TROUBLE, Worker};
use crate::say;
use crate::service::Parent;
use crate::service::{Held, Kept, Source, Stay, boot, not_at_once, now};
use crate::trouble::Trouble;
use portreeve_supervise::holder::{Order, Slot, Word};
use portreeve_supervise::label::Label as Since;
use portreeve_supervise::machine::Now;
use portreeve_supervise::native::PLAN;
use portreeve_sys::Pid;
use portreeve_sys::clock::monotonic;
use portreeve_sys::poll::Interest;
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// One that could not be taken over is tried again, first after so long: its last supervisor may be
/// just dying. What is wrong for longer is told.
const FIRST: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_millis(800);

/// One that was told to leave while its name is there is taken over again after so long: time to
/// remove the name.
const UNDONE: Duration = Duration::from_secs(4);

/// A unit's tokens: one for each source.
const SOURCES: u64 = 3;

fn token(slot: Slot, source: Source) -> u64 {
    let source = match source {
        Source::Control => 0,
        Source::Ready => 1,
        Source::Process => 2,
    };
    u64::from(slot).wrapping_mul(SOURCES).wrapping_add(source)
}

pub(super) fn from_token(token: u64) -> Option<(Slot, Source)> {
    let source = match token.checked_rem(SOURCES)? {
        0 => Source::Control,
        1 => Source::Ready,
        _ => Source::Process,
    };
    Some((Slot::try_from(token.checked_div(SOURCES)?).ok()?, source))
}

impl Worker {
    /// Does something with a unit that is kept, and what follows from it.
    pub(super) fn with(
        &mut self,
        slot: Slot,
        deed: impl FnOnce(&mut Kept, Now, &mut dyn Parent) -> Stay,
    ) {
        let now = now();
        let Some(unit) = usize::try_from(slot).ok().and_then(|at| self.units.get_mut(at)) else {
            return;
        };
        let Some(unit) = unit.as_mut() else { return };
        let pipe = self.folders.get(&unit.of).and_then(|folder| folder.pipe.as_ref());
        let pipe = pipe.map(|(read, write)| match unit.role {
            Role::Service => (write.as_fd(), 1),
            Role::Log => (read.as_fd(), 0),
        });
        let (starts, line) = (&mut self.starts, &self.line);
        let mut starter = Starter { starts, line, slot, pipe };
        if let Some(kept) = unit.kept.as_mut() {
            let mut stay = deed(kept, now, &mut starter);
            if stay == Stay::On {
                stay = kept.due(now, &mut starter);
            }
            match stay {
                Stay::On => self.wait_for(slot),
                Stay::Over => self.left(slot, now.clock),
            }
        }
        self.schedule(slot, now.clock);
    }

    /// Waits for what a unit waits for.
    fn wait_for(&mut self, slot: Slot) {
        let Some(kept) = self.unit(slot).and_then(|unit| unit.kept.as_ref()) else { return };
        for (source, fd) in kept.polled().filter(|(source, _)| *source != Source::Control) {
            // most often it is watched already
            let _ = self.poller.add(fd, token(slot, source), Interest::READ);
        }
    }

    /// A unit was told to leave, and its process is gone.
    fn left(&mut self, slot: Slot, clock: Duration) {
        let Some(unit) = self.unit_mut(slot) else { return };
        unit.kept = None;
        unit.again = Some(clock.saturating_add(UNDONE));
        unit.delay = Duration::ZERO;
        let (of, role) = (unit.of, unit.role);
        self.line.tell(Order::Forget(slot), &[]);
        let Some(folder) = self.folders.get_mut(&of) else { return };
        if folder.retired && role == Role::Service {
            // its log reads what is left, and comes to the end
            self.end_log(of);
        }
        let Some(folder) = self.folders.get_mut(&of) else { return };
        if folder.log_ends && role == Role::Log {
            (folder.log, folder.log_ends) = (None, false);
            self.free_place(slot);
        }
        self.forget_if_over(of);
    }

    /// Lets a log come to its end: it reads what is left.
    fn end_log(&mut self, of: Identity) {
        let Some(folder) = self.folders.get_mut(&of) else { return };
        folder.pipe = None;
        let (service, log) = (folder.service, folder.log);
        let Some(log) = log else { return };
        self.line.tell(Order::Pipe(service), &[]);
        let runs = |unit: &Unit| unit.kept.as_ref().is_some_and(|it| it.child().is_some());
        let letters = if self.unit(log).is_some_and(runs) { b"ox" } else { b"dx" };
        self.command(log, letters);
    }

    /// A native service has ended, and is to be started again perhaps: with a log that it did not
    /// have, or without the one that it had.
    pub(super) fn refit(&mut self, slot: Slot) {
        let Some(unit) = self.unit(slot).filter(|unit| unit.role == Role::Service) else { return };
        let (of, kept) = (unit.of, unit.kept.as_ref());
        let Some(folder) = self.folders.get(&of).filter(|it| it.origin == Origin::Native) else {
            return;
        };
        let (had, shown) = (folder.log, format!("{}/log", folder.shown));
        let Some(opened) = kept.map(|kept| open_log(kept.held().folder.as_fd())) else { return };
        match (had, opened) {
            (None, Some(opened)) => {
                let log = self.place(Unit::new(of, Role::Log));
                if let Some(folder) = self.folders.get_mut(&of) {
                    folder.log = Some(log);
                }
                self.take_over(log, &shown, opened);
                self.connect(of);
                self.with(log, |_, _, _| Stay::On);
            }
            (Some(_), None) => {
                if let Some(folder) = self.folders.get_mut(&of) {
                    folder.log_ends = true;
                }
                self.end_log(of);
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
    }

    fn free_place(&mut self, slot: Slot) {
        if let Some(place) = usize::try_from(slot).ok().and_then(|at| self.units.get_mut(at)) {
            *place = None;
            self.free.push(slot);
        }
    }

    /// Lets go of a folder that has no name any more and no unit that is kept.
    pub(super) fn forget_if_over(&mut self, of: Identity) {
        let Some(folder) = self.folders.get(&of) else { return };
        let slots = [Some(folder.service), folder.log];
        // whose it is that nobody could take over is not to be removed
        let foreign = |unit: &Unit| folder.removed.is_some() && !unit.delay.is_zero();
        let busy = |unit: &Unit| unit.kept.is_some() || foreign(unit);
        if folder.named || slots.into_iter().flatten().any(|slot| self.unit(slot).is_some_and(busy))
        {
            return;
        }
        if let Some(folder) = self.folders.remove(&of) {
            if let Some(watch) = folder.watch {
                self.roots.unwatch(watch);
            }
            for slot in slots.into_iter().flatten() {
                self.free_place(slot);
            }
            // its name may be waited for
            self.scan_at = Some(Duration::ZERO);
            if let Some((root, name)) = &folder.removed
                && let Err(error) = self.roots.clear(*root, name, of)
            {
                let (why, shown) = (crate::reason::reason(&error), &folder.shown);
                say(format!("svscan: warning: unable to remove {shown}: {why}\n"));
                self.scan_at = Some(monotonic().saturating_add(TROUBLE));
            }
        }
    }

    /// Says something through a unit's control pipe, as anybody might.
    pub(super) fn command(&self, slot: Slot, letters: &[u8]) {
        if let Some(kept) = self.unit(slot).and_then(|unit| unit.kept.as_ref()) {
            let _ = rustix::io::write(&kept.held().control, letters); // a full one says enough
        }
    }

    /// Puts a unit's next time into the heap, after all was done that was due by then.
    fn schedule(&mut self, slot: Slot, done: Duration) {
        let Some(unit) = usize::try_from(slot).ok().and_then(|at| self.units.get_mut(at)) else {
            return;
        };
        let Some(unit) = unit.as_mut() else { return };
        let due = match &unit.kept {
            Some(kept) => kept.next_due(),
            None => unit.again,
        };
        let due = due.map(|due| not_at_once(due, done));
        if let Some(due) = due.filter(|due| unit.queued != Some(*due)) {
            self.heap.push(due, slot);
        }
        unit.queued = due;
    }

    /// A number for a unit.
    pub(super) fn place(&mut self, unit: Unit) -> Slot {
        let fresh = Slot::try_from(self.units.len()).unwrap_or(Slot::MAX);
        let slot = self.free.pop().unwrap_or(fresh);
        self.place_at(slot, unit);
        slot
    }

    fn place_at(&mut self, slot: Slot, unit: Unit) {
        let Ok(at) = usize::try_from(slot) else { return };
        while self.units.len() <= at {
            self.units.push(None);
        }
        if let Some(place) = self.units.get_mut(at) {
            *place = Some(unit);
        }
    }

    /// Takes a unit over, in its folder. Nothing is started yet.
    pub(super) fn take_over(&mut self, slot: Slot, shown: &str, folder: OwnedFd) {
        let now = now();
        match Kept::open(shown, folder, now) {
            Ok(kept) => {
                self.hold(slot, &kept);
                // one that runs already was not started by this worker
                if let Some(child) = kept.child() {
                    self.line.tell(Order::Note(slot, child.number(), &kept.to_note()), &[]);
                }
                if let Some(unit) = self.unit_mut(slot) {
                    (unit.again, unit.delay) = (None, Duration::ZERO);
                    unit.kept = Some(kept);
                }
            }
            Err(trouble) => self.not_taken_over(slot, &trouble, now.clock),
        }
    }

    /// Later again.
    pub(super) fn not_taken_over(&mut self, slot: Slot, trouble: &Trouble, clock: Duration) {
        let Some(unit) = self.unit_mut(slot) else { return };
        unit.delay = (unit.delay.saturating_mul(2)).clamp(FIRST, TROUBLE);
        unit.again = Some(clock.saturating_add(unit.delay));
        if unit.delay >= PATIENCE
            && let Trouble::System(text) = trouble
        {
            say(format!("supervise: fatal: {text}\n"));
        }
        self.schedule(slot, clock);
    }

    /// Gives the holder what it is to hold, and listens to commands.
    fn hold(&mut self, slot: Slot, kept: &Kept) {
        let Some(unit) = self.unit(slot) else { return };
        let Some(folder) = self.folders.get(&unit.of) else { return };
        let (of, role, origin) = (unit.of, unit.role, folder.origin);
        let label = Label { of, role, origin, name: folder.name.to_bytes().to_vec() };
        let Held { folder, lock, control, ok } = kept.held();
        let fds = [folder, lock, control, ok].map(AsFd::as_fd);
        self.line.tell(Order::Keep(slot, &label.encode()), &fds);
        self.listen_to(slot, kept);
    }

    fn listen_to(&self, slot: Slot, kept: &Kept) {
        if let Err(error) =
            self.poller.add(&kept.held().control, token(slot, Source::Control), Interest::READ)
        {
            let why = crate::reason::reason(&error);
            say(format!("svscan: warning: unable to hear commands for {}: {why}\n", kept.name()));
        }
    }

    /// Makes or finds the pipe of a folder, and gives it to the holder.
    pub(super) fn connect(&mut self, of: Identity) {
        let Some(folder) = self.folders.get(&of) else { return };
        let Some(log) = folder.log else { return };
        let service = self.unit(folder.service).and_then(|unit| unit.kept.as_ref());
        if folder.pipe.is_none() {
            let child = service.and_then(Kept::child);
            let reader = self.unit(log).and_then(|unit| unit.kept.as_ref()).and_then(Kept::child);
            let boot = boot().unwrap_or_default();
            let at = service.map(|kept| kept.held().folder.as_fd());
            let old = at.and_then(|at| pipes::recover(at, &boot, child, reader));
            let pipe = match old.map_or_else(pipes::new_pipe, Ok) {
                Ok(pipe) => pipe,
                Err(error) => {
                    let (why, shown) = (crate::reason::reason(&error), &folder.shown);
                    say(format!("svscan: warning: unable to create pipe for {shown}: {why}\n"));
                    return;
                }
            };
            if let Some(at) = at {
                let _ = pipes::record(at, &boot, &pipe.0); // then it cannot be found again
            }
            if let Some(folder) = self.folders.get_mut(&of) {
                folder.pipe = Some(pipe);
            }
        }
        let Some(folder) = self.folders.get(&of) else { return };
        if let (Some((read, write)), true) = (&folder.pipe, service_is_kept(self, folder)) {
            self.line.tell(Order::Pipe(folder.service), &[read.as_fd(), write.as_fd()]);
        }
    }

    /// Goes on with what an earlier worker has left, as the holder told it.
    pub(super) fn resume(&mut self, left: Vec<(Vec<u8>, Vec<OwnedFd>)>) {
        let mut ended = Vec::new();
        for (bytes, fds) in left {
            match Word::decode(&bytes) {
                Some(Word::Slot { slot, process, end, label, note }) => {
                    let pid = process.and_then(|it| Pid::from_raw(i32::try_from(it.pid).ok()?));
                    ended.extend(pid.zip(end).map(|(pid, end)| (slot, pid, end)));
                    let since = process.map(|it| Since::from_bytes(it.since));
                    match Label::decode(label) {
                        Some(label) => self.resume_unit(slot, label, pid.zip(since), note, fds),
                        None => self.line.tell(Order::Forget(slot), &[]),
                    }
                }
                Some(Word::Pipe(slot)) => {
                    let of = self.unit(slot).map(|unit| unit.of);
                    let folder = of.and_then(|of| self.folders.get_mut(&of));
                    let mut ends = fds.into_iter();
                    if let Some(folder) = folder {
                        folder.pipe = ends.next().zip(ends.next());
                    }
                }
                _ => {}
            }
        }
        // what is not in the list is free
        let count = Slot::try_from(self.units.len()).unwrap_or(Slot::MAX);
        self.free = (0..count).filter(|slot| self.unit(*slot).is_none()).collect();
        self.complete();
        for (slot, pid, end) in ended {
            self.with(slot, |kept, now, parent| kept.ended(pid, end, now, parent));
        }
        self.wake();
    }

    fn resume_unit(
        &mut self,
        slot: Slot,
        label: Label,
        running: Option<(Pid, Since)>,
        note: &[u8],
        fds: Vec<OwnedFd>,
    ) {
        let mut fds = fds.into_iter();
        let held = fds.next().zip(fds.next()).zip(fds.next().zip(fds.next()));
        let (Some(((folder, lock), (control, ok))), Ok(name)) =
            (held, CString::new(label.name.clone()))
        else {
            // the holder could not hold it: it is found again by its name, and its process by its record
            self.line.tell(Order::Forget(slot), &[]);
            return;
        };
        let shown = String::from_utf8_lossy(&label.name).into_owned();
        let entry = self.folders.entry(label.of).or_insert_with(|| Folder {
            shown: shown.clone().into(),
            name,
            origin: label.origin,
            named: false,
            service: Slot::MAX,
            log: None,
            pipe: None,
            watch: None,
            removed: None,
            log_ends: false,
            retired: false,
        });
        let shown = match label.role {
            Role::Service => {
                entry.service = slot;
                shown
            }
            Role::Log => {
                entry.log = Some(slot);
                format!("{shown}/log")
            }
        };
        let held = Held { folder, lock, control, ok };
        let kept = Kept::resume(&shown, held, running, note, now());
        self.listen_to(slot, &kept);
        let mut unit = Unit::new(label.of, label.role);
        unit.kept = Some(kept);
        self.place_at(slot, unit);
    }

    /// Gives each folder that lacks one of its two what is missing, and lets all go on.
    fn complete(&mut self) {
        let lacking: Vec<Identity> = self
            .folders
            .iter()
            .filter(|(_, it)| it.service == Slot::MAX)
            .map(|(of, _)| *of)
            .collect();
        for of in lacking {
            let slot = self.place(Unit::new(of, Role::Service)); // the scan takes it over
            if let Some(folder) = self.folders.get_mut(&of) {
                folder.service = slot;
            }
        }
    }

    /// Lets all that are kept go on.
    fn wake(&mut self) {
        for slot in 0..Slot::try_from(self.units.len()).unwrap_or(0) {
            self.with(slot, |_, _, _| Stay::On);
        }
    }
}

fn service_is_kept(worker: &Worker, folder: &Folder) -> bool {
    worker.unit(folder.service).is_some_and(|unit| unit.kept.is_some())
}

/// The folder of a native service's log, if it is to have one.
pub(super) fn open_log(folder: BorrowedFd<'_>) -> Option<OwnedFd> {
    let opened = open(folder, c"log").ok()?;
    look(opened.as_fd(), &CString::new(PLAN).ok()?).is_ok().then_some(opened)
}

/// Which of both kinds a folder is: where there is `run`, that is what is started, whatever file has the
/// name of a plan.
pub(super) fn origin(folder: impl AsFd) -> Origin {
    let has = |name, flags| rustix::fs::statat(folder.as_fd(), name, flags).is_ok();
    let planned = has(PLAN, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
    match planned && !has("run", rustix::fs::AtFlags::empty()) {
        true => Origin::Native,
        false => Origin::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_with_a_run_is_not_the_doors() {
        let path = std::env::temp_dir().join(format!("portreeve-origin-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        let folder = fs::File::open(&path).unwrap();
        assert_eq!(origin(&folder), Origin::Foreign);
        fs::write(path.join(PLAN), "of somebody's").unwrap();
        assert_eq!(origin(&folder), Origin::Native);
        fs::write(path.join("run"), "").unwrap();
        assert_eq!(origin(&folder), Origin::Foreign);
        fs::remove_dir_all(path).unwrap();
    }
}
