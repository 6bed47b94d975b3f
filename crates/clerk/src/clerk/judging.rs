//! Judgement, on the clerk's desk: what was booked is given to the judges, and what they ask for goes
//! to the monitor at once.

use super::{Desk, wall_ms};
use portreeve_judge::{Bounds, Proposal, Scores};
use portreeve_model::{Judge, Offence, Success};
use portreeve_sys::file;
use portreeve_wire::clerk::FromClerk;
use portreeve_wire::compile::MAX_ANSWER;
use portreeve_wire::{decode, split_frame};
use std::os::fd::OwnedFd;

/// The judges and their sums.
#[derive(Debug)]
pub(super) struct Judging {
    judges: Vec<Judge>,
    scores: Scores,
}

impl Default for Judging {
    fn default() -> Self {
        Self { judges: Vec::new(), scores: Scores::new(Vec::new(), Bounds::default()) }
    }
}

impl Desk {
    /// Who judges from now on. The same as before keep their sums.
    ///
    /// # Errors
    /// What makes no sense about it.
    pub(super) fn judged_by(&self, memory: &OwnedFd) -> Result<(), &'static str> {
        let bytes = file::read_memfd(memory, MAX_ANSWER + 4);
        let bytes = bytes.map_err(|_| "judges that cannot be read")?;
        let Ok(Some((body, _))) = split_frame(&bytes, MAX_ANSWER) else {
            return Err("judges that are not whole");
        };
        let judges: Vec<Judge> = decode(body).map_err(|_| "judges that make no sense")?;
        let mut judging = self.judging.borrow_mut();
        if judging.judges != judges {
            let scores = Scores::new(judges.clone(), Bounds::default());
            *judging = Judging { judges, scores };
        }
        Ok(())
    }

    /// Gives an offence to the judges; what they ask for is on its way to the monitor.
    pub(super) fn judge(&self, offence: &Offence) -> Vec<Proposal> {
        let now = wall_ms();
        let mut proposals = self.judging.borrow_mut().scores.offence(offence);
        // of a line that was written long ago
        proposals.retain(|proposal| is_ahead(proposal, now));
        for proposal in &proposals {
            self.link.send(&FromClerk::Propose(Box::new(proposal.clone())));
        }
        proposals
    }

    /// Somebody has shown who they are.
    pub(super) fn succeeded(&self, success: &Success) {
        let Success { peer, user, at, .. } = success;
        self.judging.borrow_mut().scores.success(*peer, user.as_deref(), *at);
    }
}

/// Whether what a proposal asks for is not over.
fn is_ahead(proposal: &Proposal, now: u64) -> bool {
    proposal
        .seconds
        .is_none_or(|seconds| proposal.at.saturating_add(seconds.saturating_mul(1000)) > now)
}
