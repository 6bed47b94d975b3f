//! Whether fast and slow judge alike.

use super::{Event, Naive, Script};
use crate::{Bounds, Proposal, Scores, Strength};
use std::collections::BTreeSet;

/// Plays what these bytes stand for to both, and says what kinds of things came of it.
///
/// # Errors
/// What they do not agree on.
pub fn agree(bytes: &[u8]) -> Result<BTreeSet<String>, String> {
    let script = Script::of(bytes);
    let mut fast = Scores::new(script.judges.clone(), Bounds::default());
    let mut slow = Naive::new(script.judges.clone());
    let mut kinds = BTreeSet::new();
    for (place, event) in script.events.iter().enumerate() {
        match event {
            Event::Offence(offence, done) => {
                let told = fast.offence(offence);
                let known = slow.offence(offence);
                // Charges that no longer make a difference are let go at once by the lists and by and
                // by otherwise: the evidence may seem worse for them, and never better.
                let plain = |told: &Proposal| Proposal {
                    reason: String::new(),
                    strength: Strength::File,
                    ..told.clone()
                };
                let better =
                    told.iter().zip(&known).any(|(told, known)| told.strength > known.strength);
                let same = told.iter().map(plain).eq(known.iter().map(plain));
                if !same || better {
                    return Err(format!("event {place}: {told:#?}, not {known:#?} of {script:#?}"));
                }
                for told in &told {
                    let network = told.network.length();
                    let (seconds, time) = (told.seconds, told.time.min(3));
                    kinds.insert(format!("{network} {time} {seconds:?} {:?}", told.strength));
                    if *done {
                        let until = seconds.map(|seconds| told.at.saturating_add(seconds * 1000));
                        fast.banned(told.network, &told.judge, told.at, until);
                        slow.banned(told.network, &told.judge, told.at, until);
                    }
                }
            }
            Event::Success(peer, user, at) => {
                fast.success(*peer, *user, *at);
                slow.success(*peer, *user, *at);
            }
            Event::Pardon(network, at) => {
                fast.pardon(*network, *at);
                slow.pardon(*network, *at);
            }
        }
    }
    Ok(kinds)
}
