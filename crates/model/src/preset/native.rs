//! The native judge.

use super::judge;
use crate::{
    By, Charge, Decay, Growth, Judge, Kind, Level, OnSuccess, Origin, Points, ServiceName, Tally,
    Term, Users, When,
};
use std::time::Duration;

/// Bursts within ten minutes and what is slower within a day; connections without a try weigh a fifth
/// of one, since monitors and scanners make them. An account at which 60 tries have failed within an hour,
/// from wherever, is under siege: then each further failure is enough, but where its owner has been in
/// from. Ten minutes the first time, twice as long each further time, a week at most.
#[must_use]
pub fn portreeve(name: ServiceName, origin: Origin) -> Judge {
    let tallies = vec![tally("burst", 600, 5), tally("slow", 86_400, 20), siege()];
    let term = Term {
        first: Some(Duration::from_secs(600)),
        growth: Growth::Factor(2000),
        most: Some(Duration::from_secs(7 * 86_400)),
        random: Duration::from_secs(60),
        remembered: Some(Duration::from_secs(7 * 86_400)),
        overall: false,
        patience: None,
    };
    let levels = vec![
        Level::SINGLE,
        Level { v4: 32, v6: 64, share: 1000, offenders: 2 },
        Level { v4: 24, v6: 56, share: 250, offenders: 4 },
    ];
    Judge { levels, success: OnSuccess::ForgetsAccount, ..judge(name, origin, tallies, term) }
}

fn tally(name: &str, window: u64, limit: u32) -> Tally {
    let charge = |kinds: &[Kind], points: u32| Charge {
        kinds: kinds.to_vec(),
        users: Users::Any,
        points: Points(points),
    };
    Tally {
        name: name.to_owned(),
        charges: vec![
            charge(&[Kind::NoAuth, Kind::Grace, Kind::Protocol], 200),
            // a rule has refused them already, a trap has its own sentence
            charge(&[Kind::Refused, Kind::Trap], 0),
            charge(&[Kind::Crash], 2500),
            charge(&[], 1000),
        ],
        by: By::Network,
        decay: Decay::Window(Duration::from_secs(window)),
        limit: Points::whole(limit),
        when: When::Reached,
        most: None,
        lasting: false,
    }
}

/// Tries at one account, that is not known not to be there.
fn siege() -> Tally {
    let failed = Charge {
        kinds: vec![Kind::AuthFailed],
        users: Users::ValidBut(Vec::new()),
        points: Points::ONE,
    };
    Tally { by: By::User, charges: vec![failed], ..tally("siege", 3600, 60) }
}
