//! Bans that were lifted by hand a moment ago. The clerk may have asked for one again before it heard
//! of the pardon; what it asks for because of what was done before is refused.

use portreeve_wire::clerk::BanKey;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// So long after the clerk has heard of a pardon nothing of its own is under way that has not.
const HOLDS: Duration = Duration::from_secs(60);
/// A clerk that has not confirmed a pardon for so long may ask again for what was done since: its disk
/// may be full.
const UNHEARD: Duration = Duration::from_secs(10);
/// Pardons that are remembered.
const MOST: usize = 100_000;

/// A pardon: when, in milliseconds since the epoch, and on the monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Pardon {
    at: u64,
    since: Duration,
    heard: bool,
}

/// The newest of each ban.
#[derive(Debug, Default)]
pub(crate) struct Pardons {
    all: BTreeMap<BanKey, Pardon>,
    oldest: VecDeque<(Duration, BanKey)>,
}

impl Pardons {
    /// A ban was lifted by hand.
    pub(crate) fn note(&mut self, ban: BanKey, at: u64, now: Duration) {
        let over = |pardon: &Pardon| pardon.heard && now.saturating_sub(pardon.since) >= HOLDS;
        while let Some((since, old)) = self.oldest.front() {
            let known = self.all.get(old).filter(|pardon| pardon.since == *since);
            if known.is_some_and(|pardon| !over(pardon)) && self.oldest.len() < MOST {
                break;
            }
            if known.is_some() {
                self.all.remove(old);
            }
            self.oldest.pop_front();
        }
        self.oldest.push_back((now, ban.clone()));
        self.all.insert(ban, Pardon { at, since: now, heard: false });
    }

    /// The clerk has heard of it.
    pub(crate) fn heard(&mut self, ban: &BanKey) {
        if let Some(pardon) = self.all.get_mut(ban) {
            pardon.heard = true;
        }
    }

    /// Whether what was done at that time, in milliseconds since the epoch, is pardoned.
    pub(crate) fn covers(&self, ban: &BanKey, at: u64, now: Duration) -> bool {
        let Some(pardon) = self.all.get(ban) else { return false };
        let age = now.saturating_sub(pardon.since);
        match pardon.heard {
            true => at <= pardon.at && age < HOLDS,
            false => at <= pardon.at || age < UNHEARD,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(last: u32) -> BanKey {
        let network = portreeve_model::Network::host(std::net::Ipv4Addr::from(last).into());
        BanKey { network, only: String::new() }
    }

    #[test]
    fn a_proposal_does_not_overtake_a_pardon() {
        let second = Duration::from_secs;
        let mut pardons = Pardons::default();
        pardons.note(ban(1), 5_000, second(100));
        assert!(pardons.covers(&ban(1), 4_999, second(100)));
        assert!(pardons.covers(&ban(1), 5_001, second(101)), "it may rest on what was before");
        assert!(!pardons.covers(&ban(1), 5_001, second(110)), "a clerk that cannot confirm it");
        assert!(pardons.covers(&ban(1), 5_000, second(9_000)), "told to the next clerk");
        assert!(!pardons.covers(&ban(2), 1, second(100)));
        pardons.heard(&ban(1));
        assert!(!pardons.covers(&ban(1), 5_001, second(101)), "done after it");
        assert!(pardons.covers(&ban(1), 5_000, second(101)), "was on its way");
        assert!(!pardons.covers(&ban(1), 4_000, second(200)), "the clock may have been set back");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut pardons = Pardons::default();
        for n in 0..u32::try_from(MOST).unwrap() + 10 {
            pardons.note(ban(n), 1, Duration::from_secs(1));
        }
        assert!(pardons.all.len() <= MOST && pardons.oldest.len() <= MOST);
        assert!(!pardons.covers(&ban(0), 0, Duration::from_secs(1)));
        assert!(pardons.covers(&ban(20), 0, Duration::from_secs(1)));
        for n in 0..100 {
            pardons.note(ban(7), n, Duration::from_secs(2 + n));
            pardons.heard(&ban(7));
        }
        assert!(pardons.covers(&ban(7), 99, Duration::from_secs(101)));
    }
}
