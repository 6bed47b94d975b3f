//! Random early drop against OpenSSH's closed formula, over the whole of its range: no chance, each
//! face of the dice once.

use crate::common::*;
use portreeve_model::{Admission, Startups};
use portreeve_policy::{Reservation, Verdict};

/// Faces of the dice.
const FACES: u32 = 100;

/// `should_drop_connection` of OpenSSH's sshd.c, written from its manual and in whole numbers:
/// whether a connection is refused at a throw of 0 to 99.
fn openssh_drops(limit: Startups, startups: u32, throw: u32) -> bool {
    let [n, begin, rate, full] = [startups, limit.start, limit.rate, limit.full].map(i128::from);
    if n < begin {
        return false;
    }
    if n >= full || rate == 100 {
        return true;
    }
    i128::from(throw) < (100 - rate) * (n - begin) / (full - begin) + rate
}

/// A door with so many startups in it.
struct Held {
    door: Door,
    startups: Vec<Reservation>,
}

impl Held {
    fn new(limit: Startups) -> Self {
        let admission = Admission { startups: sited(limit, 43), ..Admission::default() };
        Self { door: Door::new(admission), startups: Vec::new() }
    }

    /// One more, whatever the dice would say: the limit is out of the way for a moment.
    fn grow(&mut self, limit: Startups) {
        for limit in [startups(u32::MAX, 1, u32::MAX), limit] {
            self.door.config.services[0].admission.startups = sited(limit, 43);
            self.door.reload(self.door.config.clone());
            if limit.start == u32::MAX {
                let verdict = self.door.ask(&facts("192.0.2.1"));
                self.startups.push(granted(verdict));
            }
        }
    }

    /// Whether an arrival at this throw is refused; an admitted one leaves again.
    fn refuses(&mut self, throw: u32) -> bool {
        let mut facts = facts("198.51.100.1");
        facts.dice = throw;
        match self.door.ask(&facts) {
            Verdict::Grant(reservation, _) => {
                self.door.state.release(reservation);
                false
            }
            refused => {
                assert_eq!(shown(&refused), "startups 43");
                true
            }
        }
    }
}

/// 101 counts of startups, at each of them every throw there is: 10 100 arrivals for each limit.
#[test]
fn ten_thousand_arrivals_are_refused_exactly_as_the_closed_formula_says() {
    for limit in [
        startups(10, 30, 100), // OpenSSH's own default
        startups(10, 30, 60),
        startups(0, 1, 100),
        startups(3, 99, 97),
        startups(50, 100, 50), // `MaxStartups 50`
        startups(20, 100, 80),
        startups(99, 7, 100),
    ] {
        let mut held = Held::new(limit);
        let (mut arrivals, mut refused) = (0, 0);
        for count in 0..=100 {
            let mut here = 0;
            for throw in 0..FACES {
                let want = openssh_drops(limit, count, throw);
                assert_eq!(held.refuses(throw), want, "{limit:?}, {count} startups, throw {throw}");
                here += u32::from(want);
            }
            let known = if count < limit.start {
                Some(0)
            } else if count >= limit.full {
                Some(FACES)
            } else {
                (count == limit.start).then_some(limit.rate)
            };
            assert!(known.is_none_or(|known| known == here), "{limit:?}: {here} at {count}");
            arrivals += FACES;
            refused += here;
            held.grow(limit);
        }
        assert_eq!(arrivals, 10_100);
        let status =
            held.door.state.status(&held.door.tables, portreeve_policy::ServiceIndex(0), secs(0));
        let told: u64 = status.unwrap().refused.iter().map(|(_, count)| *count).sum();
        assert_eq!(told, u64::from(refused), "{limit:?}: every refusal is counted");
    }
}

/// Ten thousand arrivals who come and go as they like, one in three of the admitted authenticating:
/// the refusals are as many as the formula expects, over the counts they really met.
#[test]
fn ten_thousand_arrivals_who_come_and_go_are_refused_as_often_as_the_formula_expects() {
    let limit = startups(10, 30, 60);
    let mut held = Held::new(limit);
    let mut random = Random(20_261_122);
    let (mut expected, mut variance, mut refused) = (0.0, 0.0, 0_u32);
    let mut logins = Vec::new();
    for arrival in 0..10_000 {
        let count = held.startups.len() as u32;
        let chance =
            (0..FACES).filter(|throw| openssh_drops(limit, count, *throw)).count() as f64 / 100.0;
        expected += chance;
        variance += chance * (1.0 - chance);
        let mut facts = facts("198.51.100.1");
        facts.dice = random.below(u64::from(FACES)) as u32;
        match held.door.ask(&facts) {
            Verdict::Grant(reservation, _) => held.startups.push(reservation),
            _ => refused += 1,
        }
        if random.chance(8) && !held.startups.is_empty() {
            let at = random.below(held.startups.len() as u64) as usize;
            let mut leaves = held.startups.swap_remove(at);
            if random.chance(33) {
                held.door.state.authenticated(&mut leaves);
                logins.push(leaves); // stays, and is no startup
            } else {
                held.door.state.release(leaves);
            }
        }
        assert!(held.startups.len() <= 60, "never above full: arrival {arrival}");
    }
    assert!(logins.len() > 100 && refused > 5_000, "{} logins, {refused} refused", logins.len());
    let off = (f64::from(refused) - expected).abs() / variance.sqrt();
    assert!(off < 4.0, "{refused} refused, {expected:.1} expected: {off:.2} standard deviations");
}
