//! Making services' processes: children of the holder, each noted before it is a service.

use super::line::Line;
use crate::say;
use crate::service::{Child, Order as Making, Parent, boot, failed};
use portreeve_supervise::holder::{Begun, Order, Slot};
use portreeve_supervise::machine::NOTE;
use portreeve_sys::clock::monotonic;
use portreeve_sys::descriptor::{duplicate, inherited};
use portreeve_sys::limits::{self, Limit};
use portreeve_sys::spawn::{Connection, Plan, Program, Room, SpawnError, Spawner, Started};
use portreeve_sys::{Pid, Resource, pipe};
use rustix::io::{Errno, write};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// Starts under way at a time.
const MOST: usize = 64;

/// While there is no room for one more: a look so often.
const NAP: Duration = Duration::from_millis(1);

/// The exit code of a process that could not become the service.
const NO_SERVICE: i32 = 111;

/// See the module.
#[derive(Debug)]
pub(super) struct Starts {
    spawner: Spawner,
    /// The holder.
    parent: Pid,
    boot: Option<String>,
    /// Standard input, output and error: whatever the holder was started with.
    standard: [Arc<OwnedFd>; 3],
    /// On open files, as the holder was started with it.
    limit: Limit,
    /// The last one, laid out: most services are started alike.
    program: Option<Arc<Program>>,
    /// Those under way, and the names of their services.
    names: Vec<(Pid, Box<str>)>,
}

/// What differs from one unit to another.
#[derive(Debug)]
pub(super) struct Starter<'a> {
    pub(super) starts: &'a mut Starts,
    pub(super) line: &'a Line,
    pub(super) slot: Slot,
    /// Another standard input or output than the keeper's: its log's pipe.
    pub(super) pipe: Option<(BorrowedFd<'a>, i32)>,
}

impl Starts {
    /// For children of `parent`, with this soft limit on open files.
    pub(super) fn new(parent: Pid, soft: u64) -> io::Result<Self> {
        let standard = |number| inherited(number).map(Arc::new);
        let hard = limits::get(Resource::OpenFiles).hard;
        let soft = Some(soft).filter(|soft| *soft != u64::MAX);
        Ok(Self {
            spawner: Spawner::new(MOST)?.failing_with(NO_SERVICE),
            parent,
            boot: boot(),
            standard: [standard(0)?, standard(1)?, standard(2)?],
            limit: Limit { soft, hard },
            program: None,
            names: Vec::new(),
        })
    }

    /// How many descriptors this process has open, about.
    pub(super) fn descriptors_open(&mut self, about: usize) {
        self.spawner.descriptors_open(about);
    }

    /// Tells what became of starts, where that is not what it should be.
    pub(super) fn collect(&mut self) {
        for outcome in self.spawner.collect(monotonic()) {
            let at = self.names.iter().position(|(pid, _)| *pid == outcome.pid);
            let name = at.map(|at| self.names.swap_remove(at).1).unwrap_or_default();
            let (step, errno) = match outcome.result {
                Started::Executed | Started::Killed { .. } => continue,
                Started::Failed { step, errno } => (step, Errno::from_raw_os_error(errno)),
                Started::TimedOut { step } => (step, Errno::TIMEDOUT),
            };
            say(failed(&name, outcome.program.path(), step, &errno.into()));
        }
    }

    /// How soon [`Self::collect`] is worth it.
    pub(super) fn wait_hint(&self) -> Option<Duration> {
        self.spawner.wait_hint()
    }

    /// A plan laid out for children.
    fn program(&mut self, plan: &Plan) -> io::Result<Arc<Program>> {
        let mut plan = plan.clone();
        if !plan.limits.iter().any(|(resource, _)| *resource == Resource::OpenFiles) {
            plan.limits.push((Resource::OpenFiles, self.limit));
        }
        if let Some(program) = self.program.as_ref().filter(|program| *program.plan() == plan) {
            return Ok(Arc::clone(program));
        }
        let program = plan.prepare().map_err(|_| Errno::INVAL)?;
        Ok(Arc::clone(self.program.insert(Arc::new(program))))
    }

    /// Waits a moment for those that are under way, should they be many.
    fn make_room(&mut self, program: &Program) -> io::Result<()> {
        loop {
            match self.spawner.has_room(program) {
                Room::Yes => return Ok(()),
                Room::Wait => std::thread::sleep(NAP),
                Room::No => return Err(Errno::BUSY.into()),
            }
            self.collect();
        }
    }
}

impl Starter<'_> {
    fn connection(&self, making: &Making<'_>, gate: OwnedFd) -> io::Result<Connection> {
        let folder = duplicate(&making.disk.held().folder)?;
        let mut connection = Connection::new().folder(folder).gate(gate);
        for (fd, number) in &making.passed {
            connection = connection.give(duplicate(fd)?, &[*number]);
        }
        let taken = |number| making.passed.iter().any(|(_, it)| *it == number);
        let pipe = self.pipe.filter(|(_, number)| !taken(*number));
        // its standard error where its standard output goes
        let both = making.stderr_to_stdout && !taken(1) && !taken(2);
        let numbers = |number: i32| match number {
            1 if both => vec![1, 2],
            2 if both => Vec::new(),
            number => vec![number],
        };
        if let Some((fd, number)) = pipe {
            connection = connection.give(duplicate(fd)?, &numbers(number));
        }
        for (number, fd) in (0..).zip(&self.starts.standard) {
            let numbers = numbers(number);
            if !numbers.is_empty() && !taken(number) && pipe.is_none_or(|(_, it)| it != number) {
                connection = connection.share(fd, &numbers);
            }
        }
        Ok(connection)
    }
}

impl Parent for Starter<'_> {
    /// The holder knows the process, and its record is written, before it may go on: a worker that
    /// dies in between leaves one that ends by itself.
    fn start(&mut self, making: &Making<'_>) -> io::Result<Child> {
        let program = self.starts.program(&making.plan)?;
        self.starts.make_room(&program)?;
        let (gate, leave) = pipe::pipe()?;
        let connection = self.connection(making, gate)?;
        let parent = self.starts.parent;
        let spawned = self.starts.spawner.spawn_sibling(parent, &program, connection);
        let (pid, handle) = spawned.map_err(|error| match error {
            SpawnError::NoSlot => Errno::BUSY.into(),
            SpawnError::Connection(_) => Errno::INVAL.into(),
            SpawnError::Os(error) => error,
        })?;
        let number = u32::try_from(pid.as_raw()).unwrap_or(0);
        let begun = Begun { pid: number, since: making.since.to_bytes() };
        self.line.tell(Order::Started(self.slot, begun, &making.note), &[handle.as_fd()]);
        drop(handle);
        let child = Child::told(pid);
        if let Some(boot) = self.starts.boot.as_ref().filter(|_| child.began() != 0) {
            making.record(boot, pid, child.began());
        }
        let _ = write(&leave, b"!"); // it has been killed: its parent tells
        self.starts.names.push((pid, making.disk.name().into()));
        Ok(child)
    }

    fn remember(&mut self, note: &[u8; NOTE], running: u32) {
        self.line.tell(Order::Note(self.slot, running, note), &[]);
    }
}
