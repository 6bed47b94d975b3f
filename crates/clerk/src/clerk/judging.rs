//! Judgement, on the clerk's desk: what was booked is given to the judges, and what they ask for goes
//! to the monitor at once.
//!
//! A clerk that begins, or learns of other judges, first has the ledger tell what they must know; what
//! is booked meanwhile waits, so that they hear everything in its order.

use super::{Desk, MISCOUNTED, wall_ms};
use crate::entry::convert;
use crate::store::{Order, Past, Recall};
use portreeve_judge::{Bounds, Proposal, Scores};
use portreeve_ledger::Change;
use portreeve_model::{Judge, Network, Offence, Success};
use portreeve_sys::file;
use portreeve_wire::asked::Standing;
use portreeve_wire::clerk::{BanEnd, BanRecord, FromClerk};
use portreeve_wire::compile::MAX_ANSWER;
use portreeve_wire::{decode, split_frame};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// What may wait while the past is told; what comes then is judged without it.
const MOST_HELD: usize = 100_000;

/// Proposals of the past that are remembered until it is all told.
const MOST_PAST: usize = 10_000;

/// Whom judges wanted shut out, as far as it is remembered for suspicious logins.
const MOST_GUILTY: usize = 4096;

/// A network that had done enough to be shut out.
#[derive(Debug)]
struct Guilty {
    network: Network,
    judge: String,
    /// When its term is over, in milliseconds since the epoch.
    until: u64,
    /// A login from there was told of.
    told: bool,
}

/// The judges and their sums.
#[derive(Debug)]
pub(super) struct Judging {
    judges: Vec<Judge>,
    scores: Scores,
    /// What waits for the past to be told, while it is.
    held: Option<VecDeque<Held>>,
    /// What judges asked for in the past and is not over.
    past: VecDeque<Proposal>,
    /// Whoever has authenticated from there all the same may have guessed right.
    guilty: VecDeque<Guilty>,
    /// Whether any judges were told of.
    begun: bool,
}

#[derive(Debug)]
enum Held {
    Offence(Offence),
    Success(Success),
    Pardon(Network, u64),
}

impl Default for Judging {
    fn default() -> Self {
        Self {
            judges: Vec::new(),
            scores: Scores::new(Vec::new(), Bounds::default()),
            held: None,
            past: VecDeque::new(),
            guilty: VecDeque::new(),
            begun: false,
        }
    }
}

impl Judging {
    /// Keeps something until the past is told; gives it back if nothing has to wait.
    fn hold(&mut self, one: Held) -> Option<Held> {
        match &mut self.held {
            Some(held) if held.len() < MOST_HELD => {
                held.push_back(one);
                None
            }
            Some(_) | None => Some(one),
        }
    }

    fn judge(&mut self, one: Held, now: u64) -> Vec<Proposal> {
        match one {
            Held::Offence(offence) => {
                let mut proposals = self.scores.offence(&offence);
                // of a line that was written long ago
                proposals.retain(|proposal| is_ahead(proposal, now));
                proposals.iter().for_each(|proposal| self.remember(proposal));
                return proposals;
            }
            Held::Success(Success { peer, user, at, .. }) => {
                self.scores.success(peer, user.as_deref(), at);
            }
            Held::Pardon(network, at) => self.scores.pardon(network, at),
        }
        Vec::new()
    }

    fn remember(&mut self, proposal: &Proposal) {
        let (network, judge) = (proposal.network, proposal.judge.clone());
        let term = proposal.seconds.map(|seconds| seconds.saturating_mul(1000));
        let until = term.map_or(u64::MAX, |term| proposal.at.saturating_add(term));
        self.guilty.retain(|one| one.network != network || one.judge != judge);
        if self.guilty.len() >= MOST_GUILTY {
            self.guilty.pop_front();
        }
        self.guilty.push_back(Guilty { network, judge, until, told: false });
    }

    /// Whether somebody has authenticated from where judges wanted nobody to; and which judge, the first
    /// time.
    fn suspects(&mut self, success: &Success) -> (bool, Option<String>) {
        let of_them =
            |one: &&mut Guilty| one.until > success.at && one.network.contains(success.peer);
        let mut all = self.guilty.iter_mut().filter(of_them).peekable();
        let suspicious = all.peek().is_some();
        let new = all.find(|one| !one.told).map(|one| {
            one.told = true;
            one.judge.clone()
        });
        (suspicious, new)
    }

    fn recall(&mut self, past: Past, now: u64) {
        match past {
            Past::Ban { network, judge, since, until } => {
                self.scores.banned(network, &judge, since, until);
            }
            Past::Offence(offence) => {
                let proposals = self.judge(Held::Offence(*offence), now);
                self.past.extend(proposals);
                while self.past.len() > MOST_PAST {
                    self.past.pop_front();
                }
            }
            Past::Success { peer, user, at } => self.scores.success(peer, user.as_deref(), at),
            Past::Pardon { network, at } => {
                self.scores.pardon(network, at);
                self.past.retain(|proposal| !network.contains(proposal.peer));
            }
        }
    }
}

impl Desk {
    /// Who judges from now on. The same as before keep their sums. Gives what the ledger is asked.
    ///
    /// # Errors
    /// What makes no sense about it.
    pub(super) fn judged_by(&self, fds: &[OwnedFd]) -> Result<Vec<Order>, &'static str> {
        let [memory] = fds else { return Err(MISCOUNTED) };
        let bytes = file::read_memfd(memory, MAX_ANSWER + 4);
        let bytes = bytes.map_err(|_| "judges that cannot be read")?;
        let Ok(Some((body, _))) = split_frame(&bytes, MAX_ANSWER) else {
            return Err("judges that are not whole");
        };
        let judges: Vec<Judge> = decode(body).map_err(|_| "judges that make no sense")?;
        let mut judging = self.judging.borrow_mut();
        if judging.begun && judging.judges == judges {
            return Ok(Vec::new());
        }
        let told = if judging.begun { Vec::new() } else { self.told_lately() };
        let now = wall_ms();
        let ago = |time: Option<Duration>| {
            time.map_or(0, |time| {
                now.saturating_sub(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
            })
        };
        let wish = Recall {
            since: judges.iter().map(|judge| ago(judge.reach())).min().unwrap_or(now),
            bans_since: judges.iter().map(|j| ago(j.term.remembered)).min().unwrap_or(now),
            told,
        };
        let held = judging.held.take().unwrap_or_default();
        let scores = Scores::new(judges.clone(), Bounds::default());
        let (past, guilty) = (VecDeque::new(), std::mem::take(&mut judging.guilty));
        *judging = Judging { judges, scores, held: Some(held), past, guilty, begun: true };
        drop(judging);
        // What was booked for the judges of before is stored first: it belongs to the past.
        Ok(vec![Order::Recall(wish)])
    }

    /// Gives an offence to the judges; what they ask for is on its way to the monitor.
    pub(super) fn judge(&self, offence: &Offence) -> Vec<Proposal> {
        if offence.peer.is_none() {
            return Vec::new();
        }
        self.judge_one(|| Held::Offence(offence.clone()))
    }

    fn judge_one(&self, one: impl FnOnce() -> Held) -> Vec<Proposal> {
        let mut judging = self.judging.borrow_mut();
        if judging.judges.is_empty() && judging.held.is_none() {
            return Vec::new();
        }
        let Some(one) = judging.hold(one()) else { return Vec::new() };
        let proposals = judging.judge(one, wall_ms());
        drop(judging);
        self.propose(&proposals);
        proposals
    }

    fn propose(&self, proposals: &[Proposal]) {
        for proposal in proposals {
            self.link.send(&FromClerk::Propose(Box::new(proposal.clone())));
        }
    }

    /// Somebody has shown who they are.
    pub(super) fn succeeded(&self, success: Success) {
        self.judge_one(|| Held::Success(success.clone()));
        let (suspicious, new) = self.judging.borrow_mut().suspects(&success);
        if let Some(judge) = new {
            self.report.borrow_mut().suspected(&success, &judge, wall_ms());
            self.write(&convert::suspicious_login(&success, &judge));
        }
        self.keep(Change::Succeed { success: Box::new(success), suspicious });
    }

    /// A ban is in force: it counts towards its judge's next term.
    pub(super) fn banned(&self, serial: u64, ban: BanRecord) -> Order {
        if !ban.judge.is_empty() {
            let ms = |at: i64| u64::try_from(at).unwrap_or(0).saturating_mul(1000);
            let scores = &mut self.judging.borrow_mut().scores;
            scores.banned(ban.network, &ban.judge, ms(ban.since), ban.until.map(ms));
        }
        Order::Write(Change::Keep(ban), Some(serial))
    }

    /// A ban is over: by hand, then nothing from before counts any more.
    pub(super) fn unbanned(&self, serial: u64, end: BanEnd) -> Order {
        if end.by.is_some() {
            self.judge_one(|| Held::Pardon(end.ban.network, end.at));
        }
        Order::Write(Change::Forget(end), Some(serial))
    }

    /// What each judge has counted of somebody.
    pub(super) fn standings(&self, peer: IpAddr) -> Vec<Standing> {
        self.judging.borrow().scores.standings(peer, wall_ms())
    }

    /// The ledger tells of the past. Once that is all, what has waited is judged.
    pub(super) fn recalled(&self, past: Vec<Past>, last: bool) {
        let now = wall_ms();
        let mut judging = self.judging.borrow_mut();
        past.into_iter().for_each(|one| judging.recall(one, now));
        if !last {
            return;
        }
        let mut proposals = Vec::new();
        for one in judging.held.take().unwrap_or_default() {
            if let Held::Pardon(network, _) = &one {
                judging.past.retain(|proposal| !network.contains(proposal.peer));
            }
            proposals.extend(judging.judge(one, now));
        }
        let past: Vec<Proposal> = judging.past.drain(..).collect();
        drop(judging);
        self.propose(&proposals);
        if !proposals.is_empty() {
            self.keep(Change::Propose(proposals));
        }
        if !past.is_empty() {
            self.order(Order::Unheeded(past));
        }
    }

    /// What judges asked for in the past and nobody has heeded is asked for again.
    pub(super) fn ask_again(&self, mut proposals: Vec<Proposal>) {
        let now = wall_ms();
        proposals.retain(|proposal| is_ahead(proposal, now));
        self.propose(&proposals);
    }
}

/// Whether what a proposal asks for is not over.
fn is_ahead(proposal: &Proposal, now: u64) -> bool {
    proposal
        .seconds
        .is_none_or(|seconds| proposal.at.saturating_add(seconds.saturating_mul(1000)) > now)
}
