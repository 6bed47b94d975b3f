//! Fast and slow judge alike, whatever happens.
#![forbid(unsafe_code)]

use portreeve_judge::naive::{Event, Script, agree};
use portreeve_judge::{Bounds, Scores};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_is_proposed_as_by_lists(bytes in vec(any::<u8>(), 40..600)) {
        prop_assert_eq!(agree(&bytes).err(), None);
    }

    #[test]
    fn no_bound_is_passed_and_no_seed_matters(bytes in vec(any::<u8>(), 40..900), few in 1..5_usize) {
        let script = Script::of(&bytes);
        let bounds = Bounds { networks: few, accounts: few, bans: few, memory: few * 400 };
        let mut scores = [(); 2].map(|()| Scores::new(script.judges.clone(), bounds));
        let most = script.judges.iter().map(|judge| judge.tallies.len()).sum::<usize>() * 8 * few;
        for event in &script.events {
            let told = scores.each_mut().map(|scores| match event {
                Event::Offence(offence, done) => {
                    let told = scores.offence(offence);
                    for told in told.iter().filter(|_| *done) {
                        scores.banned(told.network, &told.judge, told.at, Some(told.at + 1));
                    }
                    told
                }
                Event::Success(peer, user, at) => {
                    scores.success(*peer, *user, *at);
                    Vec::new()
                }
                Event::Pardon(network, at) => {
                    scores.pardon(*network, *at);
                    Vec::new()
                }
            });
            prop_assert_eq!(&told[0], &told[1]);
            let held = scores.each_ref().map(Scores::held);
            prop_assert_eq!(held[0], held[1]);
            prop_assert!(held[0].cells <= most, "{:?}", held[0]);
            prop_assert!(held[0].sums <= bounds.memory, "{:?}", held[0]);
        }
    }
}
