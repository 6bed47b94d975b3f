//! Services that stay up, while everything that keeps them is killed: a bounded cut of what
//! `cargo xtask soak` does for minutes.
#![forbid(unsafe_code)]

use portreeve_tests::figures;
use portreeve_tests::upkeep::{Plan, Under, storm};

fn bounded(under: Under, seed: u64) {
    let plan = Plan { seconds: 15, seed, services: 5, under };
    match storm(&plan) {
        Ok(told) => figures(&format!("{under:?}: {told}")),
        Err(why) => figures(&format!("{under:?} cannot be shown here: {why}")),
    }
}

#[test]
fn each_service_runs_once_whoever_was_killed_by_hand() {
    bounded(Under::Hand, 1);
}

#[test]
fn each_service_runs_once_whoever_was_killed_under_the_units() {
    bounded(Under::Units, 2);
}
