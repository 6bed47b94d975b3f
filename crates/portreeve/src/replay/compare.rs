//! What changes from one set of rules to another.

use super::court::Told;
use portreeve_model::Network;
use std::collections::{BTreeMap, VecDeque};

/// A ban that both make, at another time or for longer.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    /// By the new rules.
    pub(super) new: Told,
    /// By today's.
    pub(super) today: Told,
}

impl Changed {
    /// So many seconds later; less than 0 is earlier.
    pub(super) fn later(&self) -> i64 {
        self.new.since.saturating_sub(self.today.since)
    }
}

/// All that changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    /// Bans that only the new rules make.
    pub(super) only_new: Vec<Told>,
    /// Bans that only today's make.
    pub(super) only_today: Vec<Told>,
    /// Those of both that differ.
    pub(super) changed: Vec<Changed>,
    /// How many are the same.
    pub(super) same: u64,
}

/// What each network is shut out for by both, in the order of the times. Bans of one network that run into
/// each other are one, from the first's beginning to the last's end.
pub(super) fn compare(new: &[Told], today: &[Told]) -> Changes {
    let mut sides: BTreeMap<(Network, Vec<String>), [Vec<Told>; 2]> = BTreeMap::new();
    for (side, bans) in [new, today].into_iter().enumerate() {
        for ban in bans {
            let both = sides.entry((ban.network, ban.only.clone())).or_default();
            let Some(own) = both.get_mut(side) else { continue };
            match own.last_mut().filter(|last| runs_into(last, ban)) {
                Some(last) => last.until = longer(last.until, ban.until),
                None => own.push(ban.clone()),
            }
        }
    }
    let mut changes = Changes::default();
    for [new, today] in sides.into_values() {
        let (mut new, mut today) = (VecDeque::from(new), VecDeque::from(today));
        loop {
            match (new.pop_front(), today.pop_front()) {
                (None, None) => break,
                (Some(one), None) => changes.only_new.push(one),
                (None, Some(one)) => changes.only_today.push(one),
                (Some(a), Some(b)) if (a.since, a.until) == (b.since, b.until) => changes.same += 1,
                (Some(a), Some(b)) if runs_into(&a, &b) && runs_into(&b, &a) => {
                    changes.changed.push(Changed { new: a, today: b });
                }
                (Some(a), Some(b)) if a.since < b.since => {
                    changes.only_new.push(a);
                    today.push_front(b);
                }
                (Some(a), Some(b)) => {
                    changes.only_today.push(b);
                    new.push_front(a);
                }
            }
        }
    }
    let time = |ban: &Told| (ban.since, ban.network);
    changes.only_new.sort_by_key(time);
    changes.only_today.sort_by_key(time);
    changes.changed.sort_by_key(|both| time(&both.new));
    changes
}

/// Whether the second begins before the first is over.
fn runs_into(first: &Told, second: &Told) -> bool {
    first.until.is_none_or(|until| second.since < until)
}

fn longer(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    Some(one?.max(other?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(network: &str, since: i64, until: i64) -> Told {
        Told {
            network: network.parse().unwrap(),
            since,
            until: Some(until),
            judge: "ssh".into(),
            time: 1,
            only: Vec::new(),
            reason: String::new(),
            lengthened: false,
            evidence: Vec::new(),
        }
    }

    #[test]
    fn bans_of_one_network_are_compared_in_their_order() {
        let new = [
            ban("192.0.2.7", 10, 20),
            ban("192.0.2.7", 30, 35),
            ban("192.0.2.7", 50, 60),
            ban("192.0.2.7", 55, 70),
            ban("192.0.2.8", 5, 9),
        ];
        let today = [ban("192.0.2.7", 10, 20), ban("192.0.2.7", 55, 65), ban("192.0.2.9", 1, 2)];
        let changes = compare(&new, &today);
        assert_eq!(changes.same, 1);
        assert_eq!(changes.changed.iter().map(Changed::later).collect::<Vec<_>>(), [-5]);
        let networks = |some: &[Told]| -> Vec<String> {
            some.iter().map(|ban| ban.network.to_string()).collect()
        };
        let until = changes.changed.iter().map(|both| both.new.until).collect::<Vec<_>>();
        assert_eq!(until, [Some(70)]);
        assert_eq!(networks(&changes.only_new), ["192.0.2.8", "192.0.2.7"]);
        assert_eq!(networks(&changes.only_today), ["192.0.2.9"]);
    }
}
