//! Bans: who may be shut out, what is kept of it, and what follows from it.
//!
//! A trap's touch ([`crate::control::trap`]), an owner's word ([`crate::control::bans`]) and a judge's
//! proposal ([`proposals`]) all end in [`set`]. What a judge asks for is judged again, by root's own
//! configuration and by what the kernel says of this host, not by what the clerk believes.

pub(crate) mod breaker;
pub(crate) mod clock;
pub(crate) mod ends;
pub(crate) mod pardons;
pub(crate) mod proposals;
pub(crate) mod refusals;
pub(crate) mod set;
pub(crate) mod surroundings;
pub(crate) mod unstored;

use clock::BanClock;
use ends::Endings;
use pardons::Pardons;
use portreeve_policy::{BreakerState, KnownGood};
use refusals::Refusals;
use std::time::Duration;
use surroundings::Surroundings;

/// What judging proposals remembers, but for the bans themselves.
#[derive(Debug, Default)]
pub(crate) struct Judging {
    /// What no ban may hit.
    pub(crate) surroundings: Surroundings,
    /// Where somebody has authenticated from of late.
    pub(crate) known_good: KnownGood,
    /// Whether judges have banned too much.
    pub(crate) breaker: BreakerState,
    /// Proposals that were refused.
    pub(crate) refusals: Refusals,
    /// Bans that were lifted by hand a moment ago.
    pub(crate) pardons: Pardons,
    /// Sessions that are to end since their network is banned.
    pub(crate) endings: Endings,
    /// The time that bans go by.
    pub(crate) clock: BanClock,
    /// Bans that judges have brought about, since this process began.
    pub(crate) banned: u64,
}

impl Judging {
    /// When something is due; `now` on the monotonic clock.
    pub(crate) fn next_due(&self, now: Duration) -> Option<Duration> {
        let ends = (!self.endings.is_empty()).then_some(now);
        let all = [ends, self.breaker.next_due(), self.refusals.next_due()];
        all.into_iter().flatten().min()
    }
}
