//! Who has done how much.

use crate::Proposal;
use portreeve_model::{Judge, Network, Offence};
use std::net::IpAddr;

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Networks of each family, at each level of each judge.
    pub networks: usize,
    /// Accounts that are told apart.
    pub accounts: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { networks: 65_536, accounts: 65_536 }
    }
}

/// The sums of all judges.
#[derive(Debug)]
pub struct Scores {
    judges: Vec<Judge>,
    bounds: Bounds,
}

impl Scores {
    /// Nobody has done anything yet.
    #[must_use]
    pub fn new(judges: Vec<Judge>, bounds: Bounds) -> Self {
        Self { judges, bounds }
    }

    /// An offence was booked. At most one proposal a judge comes of it.
    pub fn offence(&mut self, offence: &Offence) -> Vec<Proposal> {
        let _ = (&self.judges, &self.bounds, offence);
        Vec::new()
    }

    /// Somebody has authenticated there, at a time in milliseconds since the epoch.
    pub fn success(&mut self, peer: IpAddr, user: Option<&str>, at: u64) {
        let _ = (peer, user, at);
    }

    /// Somebody was pardoned by hand: nothing from before counts.
    pub fn pardon(&mut self, network: Network, at: u64) {
        let _ = (network, at);
    }

    /// A ban by a judge that was in force or has been: it counts towards the next one's term.
    pub fn banned(&mut self, network: Network, judge: &str, from: u64, until: Option<u64>) {
        let _ = (network, judge, from, until);
    }
}
