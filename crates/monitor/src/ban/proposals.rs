//! What judges ask for, judged again. The clerk reads what strangers write, so its word is taken for
//! nothing but this: that a judge of the configuration wants a network shut out, for what a peer in
//! it did at some time. Whether there is such a judge, how wide and out of what it may shut out, whom that would
//! hit, and whether too many are hit, is decided here.

use crate::ban::surroundings::reason;
use crate::door::Door;
use portreeve_model::{Judge, Network, ServiceName};
use portreeve_policy::{Evidence, NewBan, Shut, State};
use portreeve_wire::clerk::{BanKey, BanRecord, KnownGood, MOST_KNOWN_GOOD, Proposal, Strength};
use portreeve_wire::event::BanRefused;
use std::net::IpAddr;
use std::sync::Arc;

/// An offence's time is not believed to be longer ago, in seconds: two years.
const LONGEST_AGO: i64 = 2 * 366 * 86_400;
/// Bytes of a reason, and of a name, that are kept.
const MOST_REASON: usize = 1024;
const MOST_NAME: usize = 256;

/// Why a proposal is refused: its word in events and counters, and a sentence.
type Refusal = (&'static str, String);

/// What is to become of a proposal.
#[derive(Debug)]
struct Judged {
    network: Network,
    since: i64,
    until: Option<i64>,
    /// Out of which services, by name; empty: out of all.
    only: Vec<ServiceName>,
}

impl Door {
    /// The ledger tells who is known to be good.
    pub(crate) fn good_ones_told(&mut self, told: &[KnownGood]) {
        let now = self.now.unix();
        for KnownGood { network, at } in told.iter().take(MOST_KNOWN_GOOD) {
            self.judging.known_good.note(network.address(), (*at).min(now));
        }
    }

    /// A judge asks for a ban.
    pub(crate) fn proposed(&mut self, mut proposal: Proposal) {
        cut(&mut proposal.reason, MOST_REASON);
        cut(&mut proposal.judge, MOST_NAME);
        cut(&mut proposal.service, MOST_NAME);
        let made = self.judge_proposal(&proposal).and_then(|judged| self.take(&proposal, judged));
        if let Err((class, why)) = made {
            let (network, judge) = (proposal.network, proposal.judge);
            let refused = BanRefused { network, judge, class: class.to_owned(), why, count: 1 };
            self.ban_refused(class, refused);
        }
    }

    /// Whether, and as what, a proposal may be taken; but for what the breaker says to it.
    fn judge_proposal(&mut self, proposal: &Proposal) -> Result<Judged, Refusal> {
        let current = Arc::clone(&self.current);
        let judge = current.config.judges.iter().find(|one| one.name.as_str() == proposal.judge);
        let judge = judge.ok_or_else(|| {
            let name = proposal.judge.escape_debug();
            ("unknown", format!("the configuration in force has no judge `{name}`"))
        })?;
        if let Some(why) = self.judging.breaker.stops(evidence(proposal.strength)) {
            return Err(("breaker", format!("the breaker is open: {}", why.sentence())));
        }
        if !has_level(judge, proposal.network) {
            let why = format!("`{}` shuts out no networks as wide as that", judge.name.as_str());
            return Err(("width", why));
        }
        let (since, until) = self.times(proposal);
        if until.is_some_and(|until| until <= self.now.unix()) {
            return Err(("over", "its time would be over already".to_owned()));
        }
        self.look_around();
        let judged = self.with_surroundings(|around| {
            State::judge_proposal(&current.tables, proposal.network, proposal.peer, around)
        });
        let judged = judged.map_err(|why| ("unknown", why.to_owned()))?;
        let network = judged.map_err(|why| (why.word(), reason(&current, why)))?;
        let network = spare(judge, network, proposal.peer)
            .ok_or_else(|| ("never-ban", "the judge spares it".to_owned()))?;
        if !self.may_be_so_wide(network) && self.state.bans_of(network).next().is_none() {
            return Err(("width", "there are too many bans of whole networks".to_owned()));
        }
        Ok(Judged { network, since, until, only: judge.only.clone() })
    }

    /// From when to when, by the clock on the wall. An offence's time is the clerk's word: it is not in
    /// the future, and not too long ago to be meant.
    fn times(&self, proposal: &Proposal) -> (i64, Option<i64>) {
        let now = self.now.unix();
        let at = i64::try_from(proposal.at / 1000).unwrap_or(i64::MAX);
        let since = at.clamp(now.saturating_sub(LONGEST_AGO), now);
        let seconds = proposal.seconds.map(|s| i64::try_from(s).unwrap_or(i64::MAX));
        (since, seconds.map(|seconds| since.saturating_add(seconds)))
    }

    /// Makes the bans, unless the breaker opens or they were lifted by hand since.
    fn take(&mut self, proposal: &Proposal, judged: Judged) -> Result<(), Refusal> {
        let Judged { network, since, until, only } = judged;
        let all = [String::new()];
        let scopes: Vec<String> = match only.as_slice() {
            [] => all.to_vec(),
            some => some.iter().map(|name| name.as_str().to_owned()).collect(),
        };
        for only in scopes {
            let key = BanKey { network, only };
            if self.judging.pardons.covers(&key, proposal.at, self.now.mono) {
                return Err(("pardoned", "it has been lifted by hand since".to_owned()));
            }
            if self.state.ban_of(network, &key.only).is_none() {
                self.ask_breaker(proposal, network)?;
            }
            let record = BanRecord {
                network,
                since,
                until,
                service: proposal.service.clone(),
                reason: proposal.reason.clone(),
                origin: None,
                only: key.only,
                judge: proposal.judge.clone(),
            };
            if self.ban(record, None) {
                self.judging.banned = self.judging.banned.saturating_add(1);
            }
        }
        Ok(())
    }

    fn ask_breaker(&mut self, proposal: &Proposal, network: Network) -> Result<(), Refusal> {
        let rule = self.current.config.settings.ban.breaker;
        let new = NewBan {
            evidence: evidence(proposal.strength),
            shut: self.state.shut_by_judges().and(Shut::of(network)),
            good: self.judging.known_good.hit_by(network, self.now.unix()),
        };
        let taken = self.judging.breaker.take(&rule, self.now.mono, new);
        taken.map_err(|why| {
            self.breaker_opened(why);
            ("breaker", format!("the breaker has opened: {}", why.sentence()))
        })
    }
}

fn evidence(strength: Strength) -> Evidence {
    match strength {
        Strength::Session => Evidence::Sessions,
        Strength::Journal | Strength::File => Evidence::Logs,
    }
}

/// Whether a judge shuts out networks of this width: one of its levels is as wide.
fn has_level(judge: &Judge, network: Network) -> bool {
    let v4 = network.address().is_ipv4();
    judge.levels.iter().any(|level| network.length() == if v4 { level.v4 } else { level.v6 })
}

/// What of a network its judge may shut out: all, or the peer alone where somebody else in it is
/// spared, or nobody.
fn spare(judge: &Judge, network: Network, peer: IpAddr) -> Option<Network> {
    let spared = |network: Network| judge.spares.iter().any(|one| one.overlaps(network));
    [network, Network::host(peer)].into_iter().find(|one| !spared(*one))
}

fn cut(text: &mut String, most: usize) {
    text.truncate(text.floor_char_boundary(most));
}
