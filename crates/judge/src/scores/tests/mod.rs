//! Worked values, bounds, and what is said of both in `docs/judging.md`.

mod openssh;
mod terms;
mod windows;

use crate::{Bounds, Proposal, Scores};
use portreeve_model::{Dialect, Judge, Kind, Offence, Origin, ServiceName};

/// A judge's name.
fn name() -> ServiceName {
    "ssh".parse().unwrap()
}

const ORIGIN: Origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };

fn scores(judge: Judge) -> Scores {
    Scores::new(vec![judge], Bounds::default())
}

/// An offence at so many seconds.
fn offence(at: u64, kind: Kind, peer: &str, user: &str) -> Offence {
    Offence {
        at: at * 1000,
        kind: kind.word().to_owned(),
        peer: Some(peer.parse().unwrap()),
        port: None,
        service: "ssh".to_owned(),
        user: Some(user.to_owned()).filter(|user| !user.is_empty()),
        source: "journal".to_owned(),
        watch: None,
        detector: None,
        session: None,
        certain: true,
        count: 1,
        why: String::new(),
        sentence: None,
        spared: None,
    }
}

/// Wrong passwords of one address at these seconds, and the second of each proposal.
fn failures(scores: &mut Scores, peer: &str, at: &[u64]) -> Vec<u64> {
    let told =
        at.iter().flat_map(|at| scores.offence(&offence(*at, Kind::AuthFailed, peer, "root")));
    told.map(|proposal: Proposal| proposal.at / 1000).collect()
}
