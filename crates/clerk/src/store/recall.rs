//! What judges must know of the past: told by the ledger's thread in pieces, between which it writes.

use portreeve_judge::Proposal;
use portreeve_ledger::{Change, Ledger, LedgerError};
use portreeve_model::{Network, Offence};
use portreeve_wire::clerk::{KNOWN_GOOD_DAYS, KnownGood, MOST_KNOWN_GOOD};
use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;

/// Rows of one piece.
const PIECE: u32 = 1000;

/// What of the past is wanted.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    /// Offences, successes and pardons of that time or later, milliseconds since the epoch.
    pub(crate) since: u64,
    /// Bans that were in force at that time or later, likewise.
    pub(crate) bans_since: u64,
    /// Offences of sessions and of the door's that the event log tells of: an earlier clerk may have been
    /// killed before the ledger had them.
    pub(crate) told: Vec<Offence>,
}

/// A piece of the past.
#[derive(Debug)]
pub(crate) enum Past {
    /// A judge's ban.
    Ban { network: Network, judge: String, since: u64, until: Option<u64> },
    /// An offence that charges somebody.
    Offence(Box<Offence>),
    /// Somebody has authenticated.
    Success { peer: IpAddr, user: Option<String>, at: u64 },
    /// A ban was lifted by hand.
    Pardon { network: Network, at: u64 },
}

/// What a change that is not in the ledger will be.
pub(crate) fn of(change: &Change) -> Vec<Past> {
    let offence = |offence: &Offence| {
        offence.peer.is_some().then(|| Past::Offence(Box::new(offence.clone())))
    };
    match change {
        Change::Record { offence: one, .. } => offence(one).into_iter().collect(),
        Change::Read { offences, .. } => offences.iter().filter_map(offence).collect(),
        Change::Succeed { success, .. } => {
            vec![Past::Success { peer: success.peer, user: success.user.clone(), at: success.at }]
        }
        Change::Keep(_) | Change::Forget(_) | Change::Propose(_) => Vec::new(),
    }
}

/// Those of which no ban has come since; all, where that cannot be read: the monitor judges them again.
pub(crate) fn unheeded(ledger: Option<&Ledger>, mut proposals: Vec<Proposal>) -> Vec<Proposal> {
    proposals.retain(|proposal| {
        let since = i64::try_from(proposal.at / 1000).unwrap_or(i64::MAX);
        let peer = Network::host(proposal.peer);
        let was_banned =
            |ledger: &Ledger| ledger.was_banned(peer, &proposal.judge, since).unwrap_or(false);
        !ledger.is_some_and(was_banned)
    });
    proposals
}

/// Networks that somebody has authenticated from lately, those of the latest first; none, where that
/// cannot be read: whoever is protected by it is protected by live sessions still.
pub(crate) fn known_good(ledger: &Ledger, now: i64) -> Vec<KnownGood> {
    let since = now.saturating_sub(i64::from(KNOWN_GOOD_DAYS).saturating_mul(86_400));
    let since = u64::try_from(since).unwrap_or(0).saturating_mul(1000);
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for success in ledger.successes_since(since).unwrap_or_default().into_iter().rev() {
        let network = Network::around(success.peer, 32, 64);
        if seen.insert(network) {
            let at = i64::try_from(success.last / 1000).unwrap_or(i64::MAX);
            all.push(KnownGood { network, at });
        }
        if all.len() >= MOST_KNOWN_GOOD {
            break;
        }
    }
    all
}

/// How far the telling is.
#[derive(Debug, Default)]
pub(crate) struct Memory(Option<Telling>);

#[derive(Debug)]
struct Telling {
    since: u64,
    bans_since: u64,
    /// What was not in the ledger when it began, and belongs to what is told.
    tail: Vec<Past>,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// Bans: behind this number, as far as that one; and offences as far as the third.
    Bans(i64, i64, i64),
    /// Offences likewise, and what lies between them, in the order of time.
    Offences(i64, i64, VecDeque<(u64, Past)>),
}

impl Memory {
    /// Whether there is more to tell.
    pub(crate) fn is_busy(&self) -> bool {
        self.0.is_some()
    }

    /// Begins anew: what is in the ledger now is the past.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing is told.
    pub(crate) fn begin(
        &mut self,
        wish: Recall,
        tail: Vec<Past>,
        ledger: Option<&mut Ledger>,
    ) -> Result<(), LedgerError> {
        self.0 = None;
        let step = match ledger {
            Some(ledger) => {
                record_missing(ledger, wish.told)?;
                Step::Bans(0, ledger.newest_ban()?, ledger.newest_offence()?)
            }
            None => Step::Bans(0, 0, 0),
        };
        self.0 = Some(Telling { since: wish.since, bans_since: wish.bans_since, tail, step });
        Ok(())
    }

    /// The next piece, and whether it is the last; `None` when nobody has asked.
    pub(crate) fn some(
        &mut self,
        ledger: Option<&Ledger>,
    ) -> Option<Result<(Vec<Past>, bool), LedgerError>> {
        let mut telling = self.0.take()?;
        let Some(ledger) = ledger else {
            // Without a ledger nobody knows more; judging cannot wait for it.
            return Some(Ok((telling.tail, true)));
        };
        let mut past = Vec::new();
        match telling.some(ledger, &mut past) {
            Ok(true) => {
                past.append(&mut telling.tail);
                Some(Ok((past, true)))
            }
            Ok(false) => {
                self.0 = Some(telling);
                Some(Ok((past, false)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

impl Telling {
    /// Says whether that was all.
    fn some(&mut self, ledger: &Ledger, past: &mut Vec<Past>) -> Result<bool, LedgerError> {
        match &mut self.step {
            Step::Bans(after, last, offences) => {
                let since = i64::try_from(self.bans_since / 1000).unwrap_or(i64::MAX);
                let mut bans = Vec::new();
                if let Some(seen) = ledger.judged_bans((*after, *last), since, PIECE, &mut bans)? {
                    *after = seen;
                    past.extend(bans.into_iter().map(|ban| Past::Ban {
                        network: ban.network,
                        judge: ban.judge,
                        since: ban.since,
                        until: ban.until,
                    }));
                    return Ok(false);
                }
                let between = between(ledger, self.since)?;
                self.step = Step::Offences(0, *offences, between);
                Ok(false)
            }
            Step::Offences(after, last, between) => {
                let mut offences = Vec::new();
                let range = (*after, *last);
                let seen = ledger.offences_between(range, self.since, PIECE, &mut offences)?;
                for offence in offences {
                    while let Some((_, one)) = between.pop_front_if(|(at, _)| *at <= offence.at) {
                        past.push(one);
                    }
                    past.push(Past::Offence(Box::new(offence)));
                }
                match seen {
                    Some(seen) => *after = seen,
                    None => past.extend(between.drain(..).map(|(_, one)| one)),
                }
                Ok(seen.is_none())
            }
        }
    }
}

/// Successes and pardons, in the order of their times.
fn between(ledger: &Ledger, since: u64) -> Result<VecDeque<(u64, Past)>, LedgerError> {
    let successes = ledger.successes_since(since)?.into_iter().map(|success| {
        let past = Past::Success { peer: success.peer, user: success.user, at: success.last };
        (success.last, past)
    });
    let pardons = ledger.pardons_since(since)?.into_iter();
    let pardons = pardons.map(|of| (of.at, Past::Pardon { network: of.network, at: of.at }));
    let mut all: Vec<_> = successes.chain(pardons).collect();
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into())
}

/// What the event log tells of and the ledger does not know. Of several that are alike, as many as are
/// missing.
fn record_missing(ledger: &mut Ledger, told: Vec<Offence>) -> Result<(), LedgerError> {
    let key = |of: &Offence| (of.at, of.peer, of.port, of.session, of.kind.clone());
    let mut known = HashMap::new();
    let mut missing = Vec::new();
    for offence in told {
        let rows = match known.get_mut(&key(&offence)) {
            Some(rows) => rows,
            None => known.entry(key(&offence)).or_insert(ledger.rows_of(&offence)?),
        };
        match rows.checked_sub(1) {
            Some(left) => *rows = left,
            None => missing.push(Change::record(offence)),
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => ledger.apply(&missing),
    }
}
