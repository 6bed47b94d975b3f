//! One place of the pool: a stack, an order, and what the child under way reads and holds.

use std::{
    ffi::c_char,
    io, mem,
    os::fd::{FromRawFd, OwnedFd},
    ptr,
    sync::Arc,
    time::Duration,
};

use super::{
    Connection, Outcome, Program, Started, Step, child,
    connection::Source,
    helper::Reply,
    order::{Become, Order, Report, Table},
    raw::{self, CloneArgs},
    stack::Stack,
};
use crate::process::{Pid, Signal, kill};

/// From the first look at it, a child has this long until it must have executed its program.
const DEADLINE: Duration = Duration::from_secs(5);
/// A child not through by then is told to go on, in case its user has stopped it; then again.
const NUDGE: Duration = Duration::from_millis(20);
/// A start that takes longer is stuck, unless others of its kind come through.
const STUCK: Duration = Duration::from_millis(100);

/// A start under way.
#[derive(Debug)]
struct Running {
    pid: Pid,
    /// What was asked for: `executed`, or what the helper is to execute.
    program: Arc<Program>,
    /// The child reads its strings, and shares its descriptors until it has a table of its own.
    connection: Connection,
    /// The child reads it.
    #[expect(dead_code, reason = "held, not read")]
    executed: Arc<Program>,
    /// When it was first looked at.
    since: Option<Duration>,
    nudged: Duration,
    killed: bool,
    /// The helper's answer, where one is used.
    reply: Option<Reply>,
}

/// How a child is made, as the spawner found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Make {
    /// `clone3` with `CLONE_CLEAR_SIGHAND`.
    Clone3,
    /// `clone`, all signals blocked meanwhile; the child resets every disposition.
    Clone,
}

/// A place for one start at a time.
#[derive(Debug)]
pub(super) struct Slot {
    /// `None` only while being dropped.
    stack: mem::ManuallyDrop<Stack>,
    /// From `Box::into_raw`: the child has a reference to it, so no `&mut` may exist meanwhile.
    order: *mut Order,
    argv: Vec<*const c_char>,
    envp: Vec<*const c_char>,
    running: Option<Running>,
    /// The last start here that came through, unless it had to be killed: whose, and when.
    last: Option<(u32, Duration)>,
}

/// What is to be known about a start besides its program and connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) make: Make,
    pub(super) become_: Become,
    pub(super) table: Table,
    /// The child is to be this process's, our own parent; else ours.
    pub(super) parent: Option<Pid>,
    pub(super) failed: i32,
    pub(super) reset_signals: u64,
}

impl Slot {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            stack: mem::ManuallyDrop::new(Stack::new()?),
            order: Box::into_raw(Box::new(Order::empty())),
            argv: Vec::new(),
            envp: Vec::new(),
            running: None,
            last: None,
        })
    }

    fn report(&self) -> &Report {
        // SAFETY: `order` is a live box; shared references to it may exist at any time, here and in
        // the child. The only exclusive one is made in `start`, while there is no child.
        let order = unsafe { &*self.order };
        &order.report
    }

    /// Whose start is under way (see [`Program::group`]).
    pub(super) fn group(&self) -> Option<u32> {
        Some(self.running.as_ref()?.program.group())
    }

    /// Has a start of this group, or of any, begun or come through here of late?
    pub(super) fn gets_on(&self, group: Option<u32>, now: Duration) -> bool {
        let running = self.running.as_ref();
        let begun = running.map(|it| (it.program.group(), it.since.unwrap_or(now)));
        let of_late = |(of, since): (u32, Duration)| {
            group.is_none_or(|group| group == of) && now.saturating_sub(since) < STUCK
        };
        begun.into_iter().chain(self.last).any(of_late)
    }

    /// Makes the child, which executes `executed` for the sake of `program`. The slot must be free;
    /// gives the connection back on failure by dropping it.
    pub(super) fn start(
        &mut self,
        program: &Arc<Program>,
        executed: &Arc<Program>,
        connection: Connection,
        how: How,
        reply: Option<Reply>,
    ) -> io::Result<(Pid, Option<OwnedFd>)> {
        if self.running.is_some() {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        self.lay_out(executed, &connection);
        let strings = (self.argv.as_ptr(), self.envp.as_ptr());
        // SAFETY: a live box. No child uses it: `running` is none, which it becomes only when the
        // kernel has said that the child left our memory, or when none was made.
        let order = unsafe { &mut *self.order };
        order.write(&connection, Arc::as_ptr(executed), how, strings);
        let (pid, handle) = self.clone_child(how)?;
        self.running = Some(Running {
            pid,
            program: Arc::clone(program),
            connection,
            executed: Arc::clone(executed),
            since: None,
            nudged: Duration::ZERO,
            killed: false,
            reply,
        });
        Ok((pid, handle))
    }

    /// Fills the arrays of `execve`. The strings belong to the program and the connection, both of
    /// which live as long as the child may read them.
    fn lay_out(&mut self, program: &Program, connection: &Connection) {
        let plan = program.plan();
        let argv = connection.argv.as_ref().unwrap_or(&plan.argv);
        self.argv.clear();
        self.argv.extend(argv.iter().map(|text| text.as_ptr()));
        self.argv.push(ptr::null());
        self.envp.clear();
        self.envp.extend(connection.environment(plan).map(|text| text.as_ptr()));
        self.envp.push(ptr::null());
    }

    /// The child, and for our parent's a descriptor of it.
    fn clone_child(&self, how: How) -> io::Result<(Pid, Option<OwnedFd>)> {
        let table = match how.table {
            Table::Shared => libc::CLONE_FILES,
            Table::Copied => 0,
        };
        let shared = libc::CLONE_VM | table | libc::CLONE_CHILD_CLEARTID;
        let mut args = CloneArgs {
            flags: u64::from(shared.cast_unsigned()),
            exit_signal: u64::from(libc::SIGCHLD.cast_unsigned()),
            child_tid: self.report().alive_word(),
            ..CloneArgs::default()
        };
        (args.stack, args.stack_size) = self.stack.span();
        let mut handle: i32 = -1;
        if how.parent.is_some() {
            // It tells its parent of its end as we would: the kernel wants no signal named here.
            args.flags |= u64::from((libc::CLONE_PARENT | libc::CLONE_PIDFD).cast_unsigned());
            args.exit_signal = 0;
            let place = u64::try_from((&raw mut handle).expose_provenance()).unwrap_or(0);
            // one call has a place of its own for it, the older one shares
            match how.make {
                Make::Clone3 => args.pidfd = place,
                Make::Clone => args.parent_tid = place,
            }
        }
        let order = self.order.cast_const();
        let answer = match how.make {
            Make::Clone3 => {
                args.flags |= CLEAR_SIGHAND;
                // SAFETY: the stack is this slot's and no other child uses it. `enter` is written
                // to run beside us; the order is complete and stays until `left`.
                unsafe { raw::clone3(&args, child::enter, order) }
            }
            Make::Clone => crate::signals::with_all_blocked(|| {
                // SAFETY: as above.
                unsafe { raw::clone(&args, child::enter, order) }
            })?,
        };
        let errno = i32::try_from(answer.wrapping_neg()).unwrap_or(libc::EINVAL);
        let pid = i32::try_from(answer).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::from_raw_os_error(errno))?;
        // SAFETY: a fresh descriptor from the kernel that nothing else owns.
        let handle = (handle >= 0).then(|| unsafe { OwnedFd::from_raw_fd(handle) });
        Ok((pid, handle))
    }

    /// Does this process still hold descriptors for the child? If the child has its own by now,
    /// those that nobody else keeps are to be closed.
    pub(super) fn settle(&mut self, to_close: &mut Vec<OwnedFd>) -> Held {
        let unshared = self.report().unshared();
        match &mut self.running {
            Some(running) if !running.connection.sources.is_empty() => {
                if !unshared {
                    return Held::Yes;
                }
                let sources = running.connection.sources.drain(..);
                to_close.extend(sources.filter_map(Source::into_last));
                Held::No
            }
            _ => Held::No,
        }
    }

    /// Looks at a start under way. `Some` ends it: the slot is free again (but for a time-out,
    /// which is told once, while the killed child still has the slot).
    pub(super) fn look(&mut self, now: Duration, to_close: &mut Vec<OwnedFd>) -> Option<Outcome> {
        self.settle(to_close);
        let (left, step, errno) =
            (self.report().left(), self.report().step(), self.report().errno());
        let running = self.running.as_mut()?;
        let end = if left { running.end(step, errno) } else { None };
        if let Some(result) = end {
            let Running { pid, program, killed, .. } = self.running.take()?;
            if killed {
                return None;
            }
            self.last = Some((program.group(), now));
            return Some(Outcome { pid, program, result });
        }
        let result = running.urge(now, step)?;
        Some(Outcome { pid: running.pid, program: Arc::clone(&running.program), result })
    }

    pub(super) fn is_free(&self) -> bool {
        self.running.is_none()
    }
}

/// Clears signal handlers in the child (linux/sched.h).
const CLEAR_SIGHAND: u64 = 0x1_0000_0000;

/// Whether descriptors meant for a child are still open here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Yes,
    No,
}

impl Running {
    /// The child has left our memory: how?
    fn end(&mut self, step: Step, errno: i32) -> Option<Started> {
        Some(match (errno, step, &mut self.reply) {
            (0, Step::Exec, Some(reply)) => return reply.read(),
            (0, Step::Exec, None) => Started::Executed,
            (0, step, _) => Started::Killed { step },
            (errno, step, None) => Started::Failed { step, errno },
            (errno, _, Some(_)) => Started::Failed { step: Step::Helper, errno },
        })
    }

    /// Not through yet: tells it to go on, and after the deadline kills it. Its pid is still its
    /// own: it has not ended, so nobody can have reaped it.
    fn urge(&mut self, now: Duration, step: Step) -> Option<Started> {
        let since = *self.since.get_or_insert(now);
        let waited = now.saturating_sub(since);
        if waited >= DEADLINE && !self.killed {
            self.killed = true;
            let _gone_already = kill(self.pid, Signal::Kill);
            return Some(Started::TimedOut { step });
        }
        if waited >= NUDGE && now.saturating_sub(self.nudged) >= NUDGE {
            self.nudged = now;
            let _gone_already = kill(self.pid, Signal::Continue);
        }
        None
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.is_free() && !self.report().left() {
            // The child still reads the order, the strings and the program, and stands on the
            // stack: all of it is left behind. Only this process's end frees them.
            mem::forget(self.running.take());
            mem::forget(mem::take(&mut self.argv));
            mem::forget(mem::take(&mut self.envp));
            return;
        }
        // SAFETY: dropped once, here, and no child stands on it.
        unsafe { mem::ManuallyDrop::drop(&mut self.stack) };
        // SAFETY: from `Box::into_raw`, freed once, and no child reads it.
        drop(unsafe { Box::from_raw(self.order) });
    }
}
