//! The pool of starts under way.

use std::{io, os::fd::OwnedFd, sync::Arc, time::Duration};

use super::{
    Connection, Ids, Outcome, Program, Room, SpawnError, child,
    helper::{self, Reply},
    here,
    order::{Become, Table},
    raw,
    slot::{Held, How, Make, Slot},
};
use crate::{clock, descriptor, process::Pid, signals};

/// The most slots kept for [`super::Plan::reserved`] programs; a small pool keeps fewer.
const RESERVED: usize = 4;
/// One slot in so many is kept.
const RESERVED_SHARE: usize = 16;

/// With so many descriptors open a child is no more given a copy of all.
const FEW: usize = 256;

/// Where children that change their user are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    /// In our memory, all the way to `execve`.
    Direct,
    /// Through the exec helper, in its own memory.
    Helper,
}

/// Starts programs, and learns later what became of them. It belongs to one thread.
///
/// A child shares this process's memory (nothing is copied, however big the process is) and, for
/// its first microseconds, its descriptor table; nobody waits for it. So that a start costs the same
/// with ten thousand descriptors open as with ten, those it gives away should have low numbers: keep
/// long-lived ones at [`crate::descriptor::FLOOR`] and above.
///
/// Blocked signals of this thread are unblocked in the child; dispositions are the default there,
/// those ignored when the spawner was made included.
#[derive(Debug)]
pub struct Spawner {
    /// Those made so far.
    slots: Vec<Slot>,
    /// So many at most.
    most: usize,
    free: Vec<usize>,
    /// Slots whose start is under way.
    busy: Vec<usize>,
    /// Of those, the ones whose descriptors are still open here.
    held: Vec<usize>,
    /// Outcomes found while looking for a free slot.
    found: Vec<Outcome>,
    make: Make,
    table: Table,
    route: Route,
    ignored: u64,
    own: Own,
    /// Whose children are made.
    parent: Option<Pid>,
    failed: i32,
}

/// Who we are.
#[derive(Clone, Copy, Debug)]
struct Own {
    uid: u32,
    gid: u32,
}

impl Spawner {
    /// A pool for `slots` starts under way at a time (at least one). Each is made when it is first
    /// needed: 68 KiB of address space in two mappings, and two pages of memory; those used last are
    /// used first. 256 of them were measured as 17 MiB of address space and 1.4 MiB of memory.
    ///
    /// One slot of 16, at most 4, is for [`super::Plan::reserved`] programs alone.
    ///
    /// Where `fs.suid_dumpable` is 1, or cannot be read, programs with a user of their own are
    /// started by way of [`super::exec_helper_main`], which this executable must call: see there.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(slots: usize) -> io::Result<Self> {
        let route = if helper::needed() { Route::Helper } else { Route::Direct };
        Self::with_route(slots, route)
    }

    /// As where `clone3` is not allowed.
    #[cfg(test)]
    pub(super) fn with_old_clone(slots: usize) -> io::Result<Self> {
        Ok(Self { make: Make::Clone, ..Self::with_route(slots, Route::Direct)? })
    }

    /// As for a door that is not root.
    #[cfg(test)]
    pub(super) fn of(uid: u32, gid: u32) -> io::Result<Self> {
        Ok(Self { own: Own { uid, gid }, ..Self::with_route(1, Route::Direct)? })
    }

    /// As above, with room for more.
    #[cfg(test)]
    pub(super) fn of_many(slots: usize, uid: u32) -> io::Result<Self> {
        Ok(Self { own: Own { uid, gid: uid }, ..Self::with_route(slots, Route::Direct)? })
    }

    /// As [`Self::new`], with the exec helper for every program with a user of its own.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn with_helper(slots: usize) -> io::Result<Self> {
        Self::with_route(slots, Route::Helper)
    }

    fn with_route(slots: usize, route: Route) -> io::Result<Self> {
        Ok(Self {
            slots: vec![Slot::new()?],
            most: slots.max(1),
            free: vec![0],
            busy: Vec::new(),
            held: Vec::new(),
            found: Vec::new(),
            make: if raw::clone3_is_allowed() { Make::Clone3 } else { Make::Clone },
            table: Table::Shared,
            route,
            ignored: signals::ignored(),
            own: Own {
                uid: rustix::process::geteuid().as_raw(),
                gid: rustix::process::getegid().as_raw(),
            },
            parent: None,
            failed: child::FAILED,
        })
    }

    /// From now on a child that cannot execute its program ends with this code; it was 127.
    #[must_use]
    pub fn failing_with(mut self, code: i32) -> Self {
        self.failed = code;
        self
    }

    /// How many descriptors this process has open, about. While they are few a child is made with a
    /// copy of all of them, and what is given away can be closed here at once; with many that copy
    /// would be what a start costs.
    pub fn descriptors_open(&mut self, about: usize) {
        self.table = if about < FEW { Table::Copied } else { Table::Shared };
    }

    /// Starts `program` for `connection`; never waits for its `execve`, whose outcome
    /// [`Self::collect`] tells. The connection's own descriptors are closed here, by this function
    /// or `collect`, as soon as the child has them.
    ///
    /// That is not looked for in a loop: a child takes 20 µs to its own table on an idle processor
    /// and milliseconds on a busy one, where spinning only took the time from it.
    ///
    /// # Errors
    /// [`SpawnError::NoSlot`] when all slots are busy (those reserved aside), or half of them with
    /// starts for this uid, root and this process's own user counting as one: a user who stops
    /// every process of his takes no more. Ask [`Self::has_room`] first. Nothing is left open on
    /// failure.
    pub fn spawn(
        &mut self,
        program: &Arc<Program>,
        connection: Connection,
    ) -> Result<Pid, SpawnError> {
        self.spawn_for(None, program, connection).map(|(pid, _)| pid)
    }

    /// As [`Self::spawn`], but the child is `parent`'s: of this process's own parent, which alone is
    /// told of its end, and reaps it. Gives a descriptor of the process too (`CLONE_PIDFD`), since
    /// its number may be somebody else's as soon as the parent has reaped it.
    ///
    /// A child at its gate ([`Connection::gate`]) dies with the parent.
    ///
    /// # Errors
    /// As of [`Self::spawn`]; `EINVAL` when this process is the first of its pid namespace.
    pub fn spawn_sibling(
        &mut self,
        parent: Pid,
        program: &Arc<Program>,
        connection: Connection,
    ) -> Result<(Pid, OwnedFd), SpawnError> {
        let (pid, handle) = self.spawn_for(Some(parent), program, connection)?;
        let handle = handle.ok_or_else(|| SpawnError::Os(io::ErrorKind::Unsupported.into()))?;
        Ok((pid, handle))
    }

    fn spawn_for(
        &mut self,
        parent: Option<Pid>,
        program: &Arc<Program>,
        connection: Connection,
    ) -> Result<(Pid, Option<OwnedFd>), SpawnError> {
        if let Some(fault) = connection.fault {
            return Err(SpawnError::Connection(fault));
        }
        self.settle();
        let index = self.take_slot(program)?;
        self.parent = parent;
        let result = self.start(index, program, connection);
        match result {
            Ok(_) => {
                self.busy.push(index);
                self.held.push(index);
            }
            Err(_) => self.free.push(index),
        }
        result
    }

    fn start(
        &mut self,
        index: usize,
        program: &Arc<Program>,
        connection: Connection,
    ) -> Result<(Pid, Option<OwnedFd>), SpawnError> {
        let ids = program.plan().ids.as_ref();
        let mut how = How {
            make: self.make,
            become_: self.identity(ids),
            table: self.table,
            parent: self.parent,
            failed: self.failed,
            reset_signals: self.ignored,
        };
        if how.become_ == Become::Ids && self.route == Route::Helper {
            let (helper, connection, reply) = helper::wrap(program, connection, self.ignored)?;
            how.become_ = Become::Same;
            return self.make_child(index, [program, &helper], connection, how, Some(reply));
        }
        self.make_child(index, [program, program], connection, how, None)
    }

    fn make_child(
        &mut self,
        index: usize,
        [program, executed]: [&Arc<Program>; 2],
        connection: Connection,
        mut how: How,
        reply: Option<Reply>,
    ) -> Result<(Pid, Option<OwnedFd>), SpawnError> {
        if how.make == Make::Clone {
            how.reset_signals = u64::MAX;
        }
        let slot = self.slots.get_mut(index).ok_or(SpawnError::NoSlot)?;
        slot.start(program, executed, connection, how, reply).map_err(SpawnError::Os)
    }

    /// Who the child is to become, and may it?
    fn identity(&self, ids: Option<&Ids>) -> Become {
        here::identity(ids, (self.own.uid, self.own.gid))
    }

    /// Would [`Self::spawn`] find a slot for this program now, and if not, is it worth a moment's
    /// wait? Looks at what is under way if need be; outcomes found are kept for [`Self::collect`].
    pub fn has_room(&mut self, program: &Program) -> Room {
        if self.fits(program) { Room::Yes } else { self.room_at(program, clock::monotonic()) }
    }

    /// As [`Self::has_room`], at this time of the monotonic clock.
    pub(super) fn room_at(&mut self, program: &Program, now: Duration) -> Room {
        self.look(now);
        if self.fits(program) {
            return Room::Yes;
        }
        // In the way are those of its user, or, where they are not too many, all.
        let group = self.crowded(program).then(|| program.group());
        let get_on = self.slots.iter().any(|slot| slot.gets_on(group, now));
        if get_on { Room::Wait } else { Room::No }
    }

    fn take_slot(&mut self, program: &Program) -> Result<usize, SpawnError> {
        if !self.fits(program) {
            self.look(clock::monotonic());
        }
        if !self.fits(program) {
            return Err(SpawnError::NoSlot);
        }
        if let Some(index) = self.free.pop() {
            return Ok(index);
        }
        self.slots.push(Slot::new().map_err(SpawnError::Os)?);
        Ok(self.slots.len().saturating_sub(1))
    }

    /// Slots for further starts, those not made yet included.
    fn room(&self) -> usize {
        self.most.saturating_sub(self.slots.len()).saturating_add(self.free.len())
    }

    /// Is there a slot that this program may have?
    pub(super) fn fits(&self, program: &Program) -> bool {
        if program.plan().reserved {
            return self.room() > 0;
        }
        let kept = RESERVED.min(self.most.div_euclid(RESERVED_SHARE));
        self.room() > kept && !self.crowded(program)
    }

    /// Do starts of this program's group have half of the slots?
    fn crowded(&self, program: &Program) -> bool {
        let most = self.most.div_ceil(2);
        if program.plan().reserved || self.busy.len() < most {
            return false;
        }
        let group = program.group();
        let busy = self.busy.iter().filter_map(|index| self.slots.get(*index));
        busy.filter(|slot| slot.group() == Some(group)).count() >= most
    }

    /// Closes what the children have by now.
    fn settle(&mut self) {
        let (slots, mut to_close) = (&mut self.slots, Vec::new());
        self.held.retain(|index| {
            let slot = slots.get_mut(*index);
            slot.is_some_and(|slot| slot.settle(&mut to_close) == Held::Yes)
        });
        descriptor::close_all(to_close);
    }

    /// What has become of starts since the last call, in no order: at most one outcome a start and
    /// a time-out before it. `now` is the monotonic clock.
    ///
    /// Reap first, then collect, then handle both: whoever was reaped has its outcome here.
    pub fn collect(&mut self, now: Duration) -> Vec<Outcome> {
        self.settle();
        self.look(now);
        std::mem::take(&mut self.found)
    }

    fn look(&mut self, now: Duration) {
        let (slots, found, free) = (&mut self.slots, &mut self.found, &mut self.free);
        let mut to_close = Vec::new();
        self.busy.retain(|index| {
            let Some(slot) = slots.get_mut(*index) else { return false };
            found.extend(slot.look(now, &mut to_close));
            if slot.is_free() {
                free.push(*index);
            }
            !slot.is_free()
        });
        descriptor::close_all(to_close);
        self.settle();
    }

    /// Starts whose outcome is not known yet.
    #[must_use]
    pub fn starting(&self) -> usize {
        self.busy.len()
    }

    /// How long the loop may wait until it collects again; `None` when there is nothing to collect.
    /// A millisecond while descriptors of starts are still open here: a service that closes its
    /// socket at once would not end the connection until they are closed.
    #[must_use]
    pub fn wait_hint(&self) -> Option<Duration> {
        if !self.held.is_empty() {
            return Some(Duration::from_millis(1));
        }
        let known = self.busy.is_empty() && self.found.is_empty();
        if known { None } else { Some(Duration::from_millis(25)) }
    }

    /// Looks at the system again: a reload may follow a change of `fs.suid_dumpable`.
    pub fn refresh(&mut self) {
        if helper::needed() {
            self.route = Route::Helper;
        }
    }
}
