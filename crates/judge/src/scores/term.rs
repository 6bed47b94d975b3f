//! How long somebody is shut out.

use super::mix;
use super::net;
use super::rule::millis;
use portreeve_model::{Growth, Network, Term};

/// Times that a factor is applied, at most.
const MOST_TIMES: u32 = 20;

/// Milliseconds of the term that is somebody's this time, from 1; `None` is for ever.
pub(super) fn term(term: &Term, time: u32) -> Option<u64> {
    let first = millis(term.first?);
    let earlier = time.saturating_sub(1);
    if term.patience.is_some_and(|patience| earlier > patience) {
        return None;
    }
    let by = |span: u64, factor: u32| {
        let product = u128::from(span) * u128::from(factor) / 1000;
        u64::try_from(product).unwrap_or(u64::MAX)
    };
    let grown = match &term.growth {
        _ if earlier == 0 => first,
        Growth::None => first,
        Growth::Factor(factor) => {
            (0..earlier.min(MOST_TIMES)).fold(first, |span, _| by(span, *factor))
        }
        Growth::Factors(factors) => {
            let place = usize::try_from(earlier).unwrap_or(usize::MAX);
            by(first, factors.get(place).or(factors.last()).copied().unwrap_or(1000))
        }
    };
    let most = term.most.map_or(u64::MAX, millis).max(first);
    Some(grown.min(most))
}

/// What is added at random: by the network, the judge and the time.
pub(super) fn random(term: &Term, network: Network, judge: &str, at: u64) -> u64 {
    let most = millis(term.random);
    let [early, late] = mix::halves(at);
    let [a, b] = mix::halves(mix::text(judge));
    let [family, w, x, y, z] = net::key(network);
    let drawn = mix::words(&[family, w, x, y, z, a, b, early, late]);
    most.checked_add(1).map_or(drawn, |choices| drawn % choices)
}
