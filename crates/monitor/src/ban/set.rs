//! The set of bans: every change of it is in force at once, told as an event, handed to the enforcers,
//! and repeated to the clerk until it is on disk.

use crate::control::bans::record;
use crate::door::Door;
use crate::enforce::Made;
use portreeve_policy::{Ban, BanOutcome, State};
use portreeve_wire::clerk::{BanEnd, BanKey, BanRecord, ToClerk};
use portreeve_wire::event::{Helper, What};
use std::sync::Arc;

/// So many bans at most does a ledger tell, those told again after a read error included.
const MOST_TOLD: usize = 4_000_000;

impl Door {
    /// Shuts a network out now, and has it kept; `by` is who did it by hand. Says whether this ban
    /// is in force now: no older one that lasts longer, and no full table.
    pub(crate) fn ban(&mut self, record: BanRecord, by: Option<u32>) -> bool {
        let ban = self.unstored.sources.ban(&record, self.state.ban_skew());
        let outcome = self.state.ban(ban);
        let made = if outcome == BanOutcome::Lengthened { Made::Longer } else { Made::Now };
        match outcome {
            BanOutcome::Added | BanOutcome::Lengthened => {}
            BanOutcome::Replaced(gone) => self.ban_ended(&gone, "crowded out", None),
            BanOutcome::AlreadyLonger => return false,
            BanOutcome::Full => {
                self.alarm("the table of bans is full: a new ban was not taken");
                return false;
            }
        }
        let key = record.key();
        self.enforcers.added(&record, made);
        if by.is_none() {
            self.end_banned(&key); // an owner is told who is inside, and ends whom he likes
        }
        let BanRecord { network, since, until, service, reason, only, judge, .. } = record.clone();
        self.unstored.newest.note(since, key.clone());
        self.event(What::Banned { network, until, key: service, reason, only, judge, by });
        let serial = self.unstored.serial();
        self.keep(key, serial, ToClerk::Ban { serial, ban: record });
        true
    }

    /// A ban is out of the set: everybody who has it is told. `by` is who lifted it by hand, which is a
    /// pardon.
    pub(crate) fn ban_ended(&mut self, ban: &Ban, why: &str, by: Option<u32>) {
        let record = record(ban, self.state.ban_skew());
        self.enforcers.ended(&record);
        let ban = record.key();
        self.forget_ban(ban.clone(), why, by);
        self.event(What::BanEnded {
            network: ban.network,
            only: ban.only,
            why: why.to_owned(),
            by,
        });
    }

    /// The ledger is to forget a ban, and to note how it ended.
    fn forget_ban(&mut self, ban: BanKey, how: &str, by: Option<u32>) {
        let serial = self.unstored.serial();
        let at = u64::try_from(self.now.wall.as_millis()).unwrap_or(u64::MAX);
        if by.is_some() {
            self.judging.pardons.note(ban.clone(), at, self.now.mono);
        }
        let end = BanEnd { ban: ban.clone(), at, how: how.to_owned(), by };
        self.keep(ban, serial, ToClerk::Unban { serial, end });
    }

    fn keep(&mut self, ban: BanKey, serial: u64, message: ToClerk) {
        if !self.unstored.keep(ban, serial, message.clone()) {
            return self.alarm("the ledger keeps up with bans no more: later ones are not on disk");
        }
        if self.clerk.is_working() {
            self.outbox.message(message, None);
        }
    }

    /// A change is on disk.
    pub(crate) fn ban_stored(&mut self, serial: u64) {
        if let Some(lifted) = self.unstored.stored(serial) {
            self.judging.pardons.heard(&lifted);
        }
    }

    /// Bans that the ledger kept from before, judged again: the configuration may have changed.
    pub(crate) fn restore(&mut self, records: Vec<BanRecord>) {
        self.look_around();
        self.unstored.told = self.unstored.told.saturating_add(records.len());
        if self.unstored.told > MOST_TOLD {
            return self.misbehaved(Helper::Clerk, "told more bans than the table holds");
        }
        let now = self.now.unix();
        for record in records {
            if self.unstored.holds(&record.key()) {
                continue; // it has changed since: we know better than the ledger
            }
            let record = in_our_time(record, now);
            let why = match record.until {
                Some(until) if until <= now => Some("expired"),
                _ if !self.may_be_kept(&record) => Some("lifted"),
                _ => None,
            };
            match why {
                Some(why) => {
                    let BanKey { network, only } = record.key();
                    self.forget_ban(record.key(), why, None);
                    self.enforcers.ended(&record);
                    let (why, by) = (why.to_owned(), None);
                    self.event(What::BanEnded { network, only, why, by });
                }
                None => self.put_back(&record),
            }
        }
    }

    /// Whether a ban of before may still be. A ledger cannot widen what a touch, a judge's or an owner's
    /// word may cost. Who is inside protects nobody from it: they came in beside it.
    fn may_be_kept(&self, record: &BanRecord) -> bool {
        let judged = self.with_surroundings(|around| {
            let around = around.whoever_is_inside();
            State::judge_network(&self.current.tables, record.network, around).is_ok()
        });
        // while nothing is known of this host, nobody has moved here either
        judged.unwrap_or(true) && self.may_be_so_wide(record.network)
    }

    fn put_back(&mut self, record: &BanRecord) {
        let ban = self.unstored.sources.ban(record, self.state.ban_skew());
        match self.state.ban(ban) {
            BanOutcome::Full => {
                self.alarm("the table of bans is full: kept bans were not taken");
            }
            BanOutcome::AlreadyLonger => {}
            outcome @ (BanOutcome::Added | BanOutcome::Lengthened | BanOutcome::Replaced(_)) => {
                if let BanOutcome::Replaced(gone) = outcome {
                    self.ban_ended(&gone, "crowded out", None);
                }
                self.enforcers.added(record, Made::Before);
                self.unstored.newest.note(record.since, record.key());
            }
        }
    }

    /// A new never-ban list, or another resolver, frees whom it protects.
    pub(crate) fn judge_bans_again(&mut self) {
        self.look_around();
        let current = Arc::clone(&self.current);
        let freed = self.with_surroundings(|around| {
            let around = around.whoever_is_inside();
            let freed =
                |ban: &&Ban| State::judge_network(&current.tables, ban.network, around).is_err();
            self.state.bans().filter(freed).cloned().collect::<Vec<Ban>>()
        });
        for ban in freed.unwrap_or_default() {
            self.state.unban(ban.network, &ban.source.only);
            self.ban_ended(&ban, "lifted", None);
        }
    }

    /// Ends the bans whose time is over.
    pub(crate) fn tick_bans(&mut self) {
        for ban in self.state.expire(self.now.unix()) {
            self.ban_ended(&ban, "expired", None);
        }
        for key in self.state.end_pauses(self.now.mono) {
            let at = self.current.config.services.iter().position(|s| s.key == key);
            let service = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX);
            self.event(What::Resumed { key: key.to_string(), service });
        }
        self.tick_breaker();
        self.tick_refusals();
        self.tick_endings();
        self.tick_surroundings();
    }
}

/// A ban that was made in the future was made before the clock was set back, or is about to be set
/// right: it lasts as long as it was meant to from now on, and no longer.
fn in_our_time(record: BanRecord, now: i64) -> BanRecord {
    let ahead = record.since.saturating_sub(now).max(0);
    let until = record.until.map(|until| until.saturating_sub(ahead));
    BanRecord { since: record.since.saturating_sub(ahead), until, ..record }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_of_the_future_lasts_as_long_as_it_was_meant_to() {
        let ban = |since, until| BanRecord {
            network: "192.0.2.7".parse().unwrap(),
            since,
            until,
            service: String::new(),
            reason: String::new(),
            origin: None,
            only: String::new(),
            judge: String::new(),
        };
        for (since, until, want) in [
            (900, Some(1500), (900, Some(1500))),
            (1000, Some(1500), (1000, Some(1500))),
            (5000, Some(5600), (1000, Some(1600))),
            (5000, None, (1000, None)),
            (i64::MAX, Some(i64::MAX), (1000, Some(1000))),
        ] {
            let BanRecord { since, until, .. } = in_our_time(ban(since, until), 1000);
            assert_eq!((since, until), want);
        }
    }
}
