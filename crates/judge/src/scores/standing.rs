//! What has been counted of somebody, for whoever asks.

use super::Scores;
use portreeve_model::{By, Network, When, unmapped};
use portreeve_wire::asked::Standing;
use std::net::IpAddr;

impl Scores {
    /// What each judge has counted of somebody, and of the networks around, at a time in milliseconds since
    /// the epoch; sums that are nothing are left out, and so are those of accounts, wherever they are aimed
    /// at from.
    #[must_use]
    pub fn standings(&self, peer: IpAddr, at: u64) -> Vec<Standing> {
        let peer = unmapped(peer);
        let mut all = Vec::new();
        for judged in &self.judges {
            for tallied in judged.tallies.iter().filter(|one| one.tally.by != By::User) {
                for layer in &tallied.layers {
                    let [v4, v6] = &layer.families;
                    let Some(family) = (if peer.is_ipv4() { v4 } else { v6 }) else { continue };
                    let network = Network::around(peer, layer.level.v4, layer.level.v6);
                    let sum = family.sums.highest(network, family.length, at, &layer.rule);
                    if sum == 0 {
                        continue;
                    }
                    let limit = layer.rule.limit;
                    let enough = match layer.rule.when {
                        When::Reached => limit,
                        When::Exceeded => limit.saturating_add(1),
                    };
                    all.push(Standing {
                        judge: judged.judge.name.clone(),
                        tally: tallied.tally.name.clone(),
                        network,
                        sum,
                        limit,
                        missing: enough.saturating_sub(sum),
                    });
                }
            }
        }
        all
    }
}
