//! What is watched, on the clerk's desk: messages about it, and what was found.

use super::{Desk, MISCOUNTED, wall_ms};
use crate::entry::{Entry, convert};
use crate::follow::{Clerk, Follows, Spot};
use crate::log::Reader;
use crate::store::Order;
use portreeve_judge::{Booked, Heard, Proposal};
use portreeve_model::{Offence, Success};
use portreeve_wire::clerk::ToClerk;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::sync::mpsc;

/// Lines of the event log that are looked through for offences of which the ledger may not know: more
/// than a clerk has under way.
const LOOKED_THROUGH: u32 = 16_384;

/// So old are offences at most that the ledger may not have, milliseconds.
const LATELY: u64 = 600_000;

/// In the lines that tell of offences.
const OFFENCE: &str = "\"event\":\"offence\"";

impl Desk {
    pub(super) fn follow(self: &Rc<Self>, orders: mpsc::Sender<Order>) {
        let clerk: Rc<dyn Clerk> = Rc::<Self>::clone(self);
        let follows = Follows::new(clerk, Rc::clone(&self.link), orders, self.zone.clone());
        let _ = self.follows.set(follows); // called once
    }

    pub(super) fn stop_following(&self) {
        if let Some(follows) = self.follows.get() {
            follows.part();
        }
    }

    /// Has a message about what is watched looked after.
    pub(super) fn watching(
        &self,
        message: ToClerk,
        fd: Option<OwnedFd>,
    ) -> Result<(), &'static str> {
        let Some(follows) = self.follows.get() else { return Ok(()) };
        match (message, fd) {
            (ToClerk::Watches, Some(memory)) => {
                if let (Some(past), true) =
                    (self.targets.borrow().past(LOOKED_THROUGH), follows.is_new())
                {
                    let mut reader = Reader::new(past);
                    let lines = std::iter::from_fn(|| reader.next()).flatten();
                    lines.for_each(|line| follows.was_told(&line));
                }
                follows.set(memory)?;
            }
            (ToClerk::Growth, Some(fd)) => follows.grow(fd),
            (ToClerk::Follow(of), Some(fd)) => follows.follow(of, fd),
            (ToClerk::Beside(number), Some(fd)) => follows.beside(number, fd),
            (ToClerk::Journal { watch, number }, Some(fd)) => follows.journal(watch, number, fd),
            (ToClerk::Rotated(number), None) => follows.rotated(number),
            (ToClerk::BesideDone(number), None) => follows.beside_done(number),
            (ToClerk::Looked(patterns), None) => follows.looked(patterns),
            _ => return Err(MISCOUNTED),
        }
        Ok(())
    }
}

impl Desk {
    /// What the event log tells of offences of sessions and of the door's, of the last minutes: an earlier
    /// clerk may have been killed before the ledger had them. (What was read of files and journals is read
    /// again.)
    pub(super) fn told_lately(&self) -> Vec<Offence> {
        let Some(past) = self.targets.borrow().past(LOOKED_THROUGH) else { return Vec::new() };
        let since = wall_ms().saturating_sub(LATELY);
        let mut reader = Reader::new(past);
        let lines = std::iter::from_fn(|| reader.next()).flatten();
        let offences = lines.filter(|line| line.contains(OFFENCE));
        let offences = offences.filter_map(|line| serde_json::from_str::<Offence>(&line).ok());
        let own = |of: &Offence| matches!(&*of.source, "pipe" | "socket" | "door");
        offences.filter(|of| of.at >= since && of.peer.is_some() && own(of)).collect()
    }
}

impl Clerk for Desk {
    fn hear(&self, heard: &Heard<'_>) -> Booked {
        self.book.borrow_mut().hear(heard)
    }

    fn judge(&self, offence: &Offence) -> Vec<Proposal> {
        self.judge(offence)
    }

    fn succeeded(&self, success: Success) {
        self.succeeded(success);
    }

    fn tell(&self, offence: &Offence, spot: &Spot<'_>) {
        self.asking.publish(offence);
        let mut dated = convert::offence(offence);
        if let Entry::Offence { file, inode: number, offset: at, cursor: entry, .. } =
            &mut dated.entry
        {
            match spot {
                Spot::File { path, inode, offset } => {
                    *file = Some(convert::clean(path));
                    (*number, *at) = (Some(*inode), Some(*offset));
                }
                Spot::Entry { cursor } => *entry = Some((*cursor).to_owned()),
            }
        }
        self.write(&dated);
    }

    fn alarm(&self, text: &str, on: bool) {
        self.alarms.set(text, on);
    }
}
