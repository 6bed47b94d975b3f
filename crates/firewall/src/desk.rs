//! The desk: carries out what the monitor says, hears what others do to the table, looks after it.

use crate::kernel::{INTERRUPTED, Kernel, Refusal, Told};
use crate::notices::{Notices, hear_all};
use crate::post::Post;
use crate::rebuild::Rebuild;
use crate::sets::Now;
use crate::table::Table;
use portreeve_sys::channel::Channel;
use portreeve_sys::clock;
use portreeve_sys::poll::{Interest, Poller};
use portreeve_wire::firewall::{Counts, FromFirewall, Table as Plan, ToFirewall};
use portreeve_wire::{MAX_PACKET, decode};
use std::io;
use std::time::Duration;

/// How work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The monitor is gone.
    Closed,
    /// The monitor said what makes no sense.
    Nonsense,
}

/// Between two looks at the table.
const LOOK: Duration = Duration::from_secs(15);
/// Messages taken before the kernel's news have their turn.
const TURN: usize = 64;
/// So far may the clock on the wall go from the other one before the timeouts are written anew.
const DRIFT: Duration = Duration::from_secs(2);

/// Tokens of the poller.
const MONITOR: u64 = 0;
const CHANGES: u64 = 1;

/// Said when something did not fit.
const FULL: &str = "a set of the table is full: the bans that did not fit are the door's alone";

/// Works until the monitor is gone.
///
/// # Errors
/// Those of waiting, of the channel and of the socket on which changes are told.
pub(crate) fn work(channel: &Channel, kernel: Kernel, landlock: Option<u32>) -> io::Result<Ending> {
    let mut poller = Poller::new()?;
    poller.add(channel, MONITOR, Interest::READ)?;
    poller.add(kernel.changes_fd(), CHANGES, Interest::READ)?;
    let mut desk = Desk::new(kernel);
    desk.post.tell(FromFirewall::Ready { landlock });
    let mut buffer = vec![0; MAX_PACKET];
    let (mut events, mut waits) = (Vec::new(), false);
    loop {
        // a monitor that is gone is seen by its end of the channel
        let _ = desk.post.flush(channel);
        if waits == desk.post.is_empty() {
            waits = !waits;
            let interest = if waits { Interest::READ_WRITE } else { Interest::READ };
            poller.modify(channel, MONITOR, interest)?;
        }
        let left = desk.next_due().saturating_sub(clock::monotonic());
        poller.wait(&mut events, Some(left))?;
        if let Some(ending) = desk.hear(channel, &mut buffer)? {
            return Ok(ending);
        }
        desk.hear_changes()?;
        desk.tick();
    }
}

struct Desk {
    kernel: Kernel,
    post: Post,
    plan: Option<Plan>,
    table: Option<Table>,
    notices: Notices,
    rebuild: Rebuild,
    troubled: bool,
    look_at: Duration,
    /// What the monitor was told last.
    told: Counts,
    /// Of a table that is gone.
    dropped: Counts,
    /// How far the clock on the wall is from the other.
    offset: Duration,
}

impl Desk {
    fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            post: Post::default(),
            plan: None,
            table: None,
            notices: Notices::default(),
            rebuild: Rebuild::default(),
            troubled: false,
            look_at: clock::monotonic().saturating_add(LOOK),
            told: Counts::default(),
            dropped: Counts::default(),
            offset: offset(),
        }
    }

    fn next_due(&self) -> Duration {
        self.rebuild.next_due().map_or(self.look_at, |due| due.min(self.look_at))
    }

    /// Takes what the monitor has said.
    fn hear(&mut self, channel: &Channel, buffer: &mut [u8]) -> io::Result<Option<Ending>> {
        for _ in 0..TURN {
            let message = match channel.recv(buffer) {
                Ok(Some((length, _))) => {
                    decode::<ToFirewall>(buffer.get(..length).unwrap_or_default())
                }
                Ok(None) => return Ok(Some(Ending::Closed)),
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(why) if why.kind() == io::ErrorKind::ConnectionReset => {
                    return Ok(Some(Ending::Closed));
                }
                Err(why) => return Err(why),
            };
            match message {
                Ok(message) => self.take(message),
                Err(_) => return Ok(Some(Ending::Nonsense)),
            }
            let _ = self.post.flush(channel);
            // what the kernel tells of our own changes must not crowd out what it tells of others'
            self.hear_changes()?;
        }
        Ok(None)
    }

    fn take(&mut self, message: ToFirewall) {
        let now = wall();
        let (kernel, table) = (&mut self.kernel, self.table.as_mut());
        let outcome = match (message, table) {
            (ToFirewall::Configure(plan), _) => self.configure(plan),
            (ToFirewall::Remove, _) => self.remove(),
            (ToFirewall::Begin, Some(table)) => {
                self.offset = offset();
                table.begin(kernel, now)
            }
            (ToFirewall::Page(shuts), Some(table)) => table.fill(kernel, shuts, now),
            (ToFirewall::Done, Some(table)) => match table.finish(kernel, now) {
                Ok(true) => {
                    self.synchronised();
                    Ok(())
                }
                Ok(false) => Ok(()),
                Err(refusal) => Err(refusal),
            },
            (ToFirewall::Changes { serial, changes }, table) => {
                let outcome = table.map_or(Ok(()), |table| table.apply(kernel, changes, now));
                self.post.tell(FromFirewall::Applied(serial));
                self.tell_full();
                outcome
            }
            // all of it is asked for again once there is a table
            (ToFirewall::Begin | ToFirewall::Page(_) | ToFirewall::Done, None) => Ok(()),
        };
        if let Err(refusal) = outcome {
            self.refused(&refusal);
        }
    }

    fn configure(&mut self, plan: Plan) -> Result<(), Refusal> {
        let old = self.plan.replace(plan.clone());
        if let Some(old) = old.filter(|old| old.name != plan.name) {
            self.table = None;
            Table::remove(&mut self.kernel, &old.name)?;
        }
        let Some(table) = self.table.as_mut() else { return self.adopt() };
        let same = Plan { never: plan.never.clone(), ..table.plan.clone() } == plan;
        table.let_by(&mut self.kernel, plan, wall())?;
        if !same {
            self.post.tell(FromFirewall::Synchronise);
        }
        Ok(())
    }

    /// Takes the table as it is, or makes it; then asks for all that is to be in it.
    fn adopt(&mut self) -> Result<(), Refusal> {
        let Some(plan) = self.plan.clone() else { return Ok(()) };
        if let Some(table) = self.table.take() {
            self.dropped = table.counts();
        }
        self.table = Some(Table::adopt(&mut self.kernel, plan, self.dropped, wall())?);
        self.post.tell(FromFirewall::Synchronise);
        Ok(())
    }

    fn remove(&mut self) -> Result<(), Refusal> {
        self.table = None;
        if let Some(plan) = self.plan.take() {
            Table::remove(&mut self.kernel, &plan.name)?;
        }
        self.post.tell(FromFirewall::Removed);
        Ok(())
    }

    fn synchronised(&mut self) {
        self.post.tell(FromFirewall::Synchronised);
        if std::mem::take(&mut self.troubled) {
            self.post.tell(FromFirewall::TroubleOver);
        }
        self.tell_full();
        // what it holds now is worth telling
        self.look_at = clock::monotonic();
    }

    fn tell_full(&mut self) {
        if !self.troubled && self.table.as_ref().is_some_and(|table| table.full) {
            self.troubled = true;
            self.post.tell(FromFirewall::Trouble(FULL.to_owned()));
        }
    }

    /// The kernel refuses: it is told, and all is tried again.
    fn refused(&mut self, refusal: &Refusal) {
        self.troubled = true;
        self.post.tell(FromFirewall::Trouble(refusal.to_string()));
        self.rebuild.want(clock::monotonic());
    }

    /// Hears what others have done.
    fn hear_changes(&mut self) -> io::Result<()> {
        let name = self.plan.as_ref().map_or("", |plan| plan.name.as_str());
        let (foreign, told) = hear_all(&mut self.kernel, &mut self.notices, name)?;
        if let Some(foreign) = foreign.filter(|_| self.table.is_some()) {
            if !foreign.ours {
                let what = foreign.what.to_owned();
                self.post.tell(FromFirewall::Changed { by: foreign.by, what });
            }
            self.rebuild.want(clock::monotonic());
        }
        if told == Told::Lost && self.table.is_some() {
            self.rebuild.want(clock::monotonic());
        }
        Ok(())
    }

    /// What is to be done at its time.
    fn tick(&mut self) {
        let now = clock::monotonic();
        if self.rebuild.take(now)
            && let Err(refusal) = self.adopt()
        {
            self.refused(&refusal);
        }
        if now < self.look_at {
            return;
        }
        self.look_at = now.saturating_add(LOOK);
        let Some(table) = self.table.as_mut() else { return };
        match table.look(&mut self.kernel) {
            Ok(None) => {}
            Ok(Some(what)) => {
                let (by, what) = (String::new(), what.to_owned());
                self.post.tell(FromFirewall::Changed { by, what });
                self.rebuild.want(now);
            }
            // somebody is busy with other tables: the next look tells
            Err(refusal) if refusal.error == INTERRUPTED => return,
            Err(refusal) => return self.refused(&refusal),
        }
        let counts = table.counts();
        if counts != self.told {
            self.told = counts;
            self.post.tell(FromFirewall::Counts(counts));
        }
        if offset().abs_diff(self.offset) > DRIFT {
            self.offset = offset();
            self.post.tell(FromFirewall::Synchronise);
        }
    }
}

/// The time on the wall, for timeouts.
fn wall() -> Now {
    Now(u64::try_from(clock::wall().as_millis()).unwrap_or(u64::MAX))
}

/// How far the clock on the wall is ahead of the one that timeouts run by, which nobody sets.
fn offset() -> Duration {
    clock::wall().saturating_sub(clock::monotonic())
}
