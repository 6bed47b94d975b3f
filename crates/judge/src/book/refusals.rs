//! Refusals by a rule, gathered: knocking at a closed door is one offence a minute, with a count.
//!
//! Only what a rule or a list refuses says something of the peer. A service that is full, paused or
//! closed at this hour is nobody's fault, and who is banned has been dealt with.

use portreeve_wire::event::Refused;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// Peers that are gathered at a time; the oldest are told of early.
const MOST: usize = 4096;
/// How long refusals are gathered, milliseconds.
const MINUTE: u64 = 60_000;

/// What was gathered of one peer at one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gathered {
    /// When the first was, milliseconds since the epoch.
    pub(super) at: u64,
    pub(super) peer: IpAddr,
    pub(super) service: String,
    pub(super) count: u32,
    /// Why the first was refused.
    pub(super) why: String,
}

/// The peers that were refused in the last minute.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    all: HashMap<(IpAddr, String), Gathered>,
    /// When each is told of.
    due: VecDeque<(u64, (IpAddr, String))>,
}

impl Refusals {
    /// Somebody was refused.
    pub(super) fn add(&mut self, refused: &Refused, at: u64, now: u64) {
        if refused.class != "rule" {
            return;
        }
        let key = (refused.peer.address, refused.key.clone());
        if let Some(gathered) = self.all.get_mut(&key) {
            gathered.count = gathered.count.saturating_add(refused.count);
            return;
        }
        let gathered = Gathered {
            at,
            peer: refused.peer.address,
            service: refused.key.clone(),
            count: refused.count.max(1),
            why: refused.text.clone(),
        };
        self.due.push_back((now.saturating_add(MINUTE), key.clone()));
        self.all.insert(key, gathered);
    }

    /// What is to be told of now. `all`: do not wait any longer.
    pub(super) fn take(&mut self, now: u64, all: bool) -> Vec<Gathered> {
        let mut told = Vec::new();
        while let Some((due, _)) = self.due.front()
            && (all || *due <= now || *due > now.saturating_add(MINUTE) || self.due.len() > MOST)
            && let Some((_, key)) = self.due.pop_front()
        {
            told.extend(self.all.remove(&key));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_wire::End;

    fn refused(last: u8, class: &str, count: u32) -> Refused {
        Refused {
            service: 0,
            key: "ssh".into(),
            peer: End { address: [192, 0, 2, last].into(), port: 4 },
            class: class.into(),
            reason: class.into(),
            xinetd: "address".into(),
            text: "refused: not allowed".into(),
            origin: None,
            count,
        }
    }

    #[test]
    fn a_peers_refusals_of_a_minute_are_one_with_a_count() {
        let mut refusals = Refusals::default();
        for count in [1, 1, 40] {
            refusals.add(&refused(7, "rule", count), 5, 1000);
        }
        for class in ["full", "paused", "hours", "banned", "trap"] {
            refusals.add(&refused(8, class, 1), 5, 1000);
        }
        assert_eq!(refusals.take(1000 + MINUTE - 1, false), []);
        let told = refusals.take(1000 + MINUTE, false);
        let counts: Vec<_> = told.iter().map(|told| (told.peer, told.count, told.at)).collect();
        assert_eq!(counts, [([192, 0, 2, 7].into(), 42, 5)]);
        assert_eq!(refusals.take(u64::MAX, true), []);
    }

    #[test]
    fn many_peers_cost_bounded_memory() {
        let mut refusals = Refusals::default();
        let mut told = 0;
        for n in 0..3 * u32::try_from(MOST).unwrap() {
            let mut one = refused(0, "rule", 1);
            one.peer.address = std::net::Ipv4Addr::from(n).into();
            refusals.add(&one, 5, 1000);
            told += refusals.take(1000, false).len();
        }
        assert_eq!((refusals.all.len(), refusals.due.len(), told), (MOST, MOST, 2 * MOST));
    }
}
