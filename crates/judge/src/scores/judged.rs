//! A judge made ready.

use super::rule::{Needs, Rule};
use super::sums::{self, Sums};
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use portreeve_model::{By, Judge, Kind, Level, Offence, ServiceName, Tally, Users, escape};

type Words = HashSet<Box<str>, RandomState>;

/// A judge with its sums.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) judge: Judge,
    hears: [Words; 3],
    pub(super) tallies: Vec<Tallied>,
    /// Whether any tally is an account's.
    pub(super) sieges: bool,
}

/// A tally with its sums.
#[derive(Debug)]
pub(super) struct Tallied {
    pub(super) tally: Tally,
    charges: Vec<Charging>,
    /// By level; an account's tally has the first alone.
    pub(super) layers: Vec<Layer>,
}

#[derive(Debug)]
struct Charging {
    kinds: Vec<Kind>,
    users: Who,
    points: u64,
}

#[derive(Debug)]
enum Who {
    Any,
    Invalid,
    ValidBut(Words),
    These(Words),
}

/// Cells of a tally at one level.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) level: Level,
    pub(super) rule: Rule,
    /// IPv4's and IPv6's; none where the level below is as wide. Of accounts: the first alone.
    pub(super) families: [Option<Family>; 2],
}

/// Cells of one family.
#[derive(Debug)]
pub(super) struct Family {
    /// Prefix length.
    pub(super) length: u8,
    /// That of the level below; its own, where there is none.
    pub(super) below: u8,
    pub(super) needs: Needs,
    pub(super) sums: Box<dyn Sums>,
}

fn words(names: &[ServiceName]) -> Words {
    names.iter().map(|name| name.as_str().into()).collect()
}

fn users(names: &[String]) -> Words {
    names.iter().map(|name| escape(name.as_bytes()).into()).collect()
}

impl Judged {
    pub(super) fn new(judge: Judge) -> Self {
        let hears = &judge.hears;
        let detectors = hears.detectors.iter().map(|name| name.as_str().into()).collect();
        Self {
            hears: [words(&hears.services), words(&hears.watches), detectors],
            tallies: judge.tallies.iter().map(|tally| Tallied::new(tally, &judge)).collect(),
            sieges: judge.tallies.iter().any(|tally| tally.by == By::User),
            judge,
        }
    }

    /// Whether it looks at an offence.
    pub(super) fn hears(&self, offence: &Offence) -> bool {
        let said = [
            // A key is the service's name, or that and where it listens.
            offence.service.split('@').next().filter(|service| !service.is_empty()),
            offence.watch.as_deref(),
            offence.detector.as_deref(),
        ];
        let fits = |(words, said): (&Words, Option<&str>)| {
            words.is_empty() || said.is_some_and(|said| words.contains(said))
        };
        self.hears.iter().zip(said).all(fits)
    }
}

impl Tallied {
    fn new(tally: &Tally, judge: &Judge) -> Self {
        let charges = tally.charges.iter().map(|charge| Charging {
            kinds: charge.kinds.clone(),
            users: match &charge.users {
                Users::Any => Who::Any,
                Users::Invalid => Who::Invalid,
                Users::ValidBut(names) => Who::ValidBut(users(names)),
                Users::These(names) => Who::These(users(names)),
            },
            points: charge.points.0.into(),
        });
        let levels = match tally.by {
            By::User => judge.levels.get(..1).unwrap_or_default(),
            By::Network | By::NetworkAndUser => &judge.levels,
        };
        let below = std::iter::once(None).chain(levels.iter().map(Some));
        let layers = levels.iter().zip(below);
        Self {
            charges: charges.collect(),
            layers: layers.map(|(level, below)| Layer::new(tally, judge, level, below)).collect(),
            tally: tally.clone(),
        }
    }

    /// What an offence adds, in thousandths of a point.
    pub(super) fn points(&self, kind: Option<Kind>, offence: &Offence) -> u64 {
        let user = offence.user.as_deref();
        let fits = |charge: &&Charging| {
            let named = kind.is_some_and(|kind| charge.kinds.contains(&kind));
            // A trap's touch has been judged: it counts again only for who names it.
            let of_kind = named || (charge.kinds.is_empty() && kind != Some(Kind::Trap));
            let there = kind != Some(Kind::InvalidUser);
            of_kind
                && match &charge.users {
                    Who::Any => true,
                    Who::Invalid => user.is_none() || !there,
                    Who::ValidBut(left_out) => {
                        there && user.is_some_and(|user| !left_out.contains(user))
                    }
                    Who::These(those) => user.is_some_and(|user| those.contains(user)),
                }
        };
        let points = self.charges.iter().find(fits).map_or(0, |charge| charge.points);
        points.saturating_mul(offence.count.into())
    }
}

impl Layer {
    fn new(tally: &Tally, judge: &Judge, level: &Level, below: Option<&Level>) -> Self {
        let family = |v4: bool| {
            let length_of = |level: &Level| if v4 { level.v4.min(32) } else { level.v6.min(128) };
            let length = length_of(level);
            if below.is_some_and(|below| length_of(below) <= length) {
                return None;
            }
            let keyed = match tally.by {
                By::Network => sums::words(length, v4),
                By::NetworkAndUser => sums::words(length, v4) + 2,
                By::User if v4 => 2,
                By::User => return None,
            };
            let needs = Needs::new(tally, judge.success, below.is_some(), level.offenders);
            Some(Family {
                length,
                below: below.map_or(length, length_of),
                needs,
                sums: sums::of(keyed),
            })
        };
        Self {
            level: *level,
            rule: Rule::new(tally, level),
            families: [family(true), family(false)],
        }
    }
}
