//! One configuration's rules, at work on lines of the past: the code of the clerk, and then the second
//! judgement of the monitor's.

use super::evidence::{Deed, Evidence, Place};
use portreeve_detect::Record;
use portreeve_judge::readers::{From, Now, Reader, Readers};
use portreeve_judge::{Book, Booked, Bounds, Proposal, Scores};
use portreeve_model::{Authentication, Config, Network, Offence, Success, Watch, Zone};
use portreeve_policy::{Around, Ban, BanOutcome, BanSource, State, Tables, WhyNot};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

/// Bans that are told of.
const MOST_BANS: usize = 500_000;
/// So many of them with what they rest on.
const MOST_WITH_EVIDENCE: usize = 100_000;
/// Bans in force at a time, as the door has it.
const MOST_IN_FORCE: usize = 2_000_000;
/// Peers who have authenticated that are known.
const MOST_GOOD: usize = 262_144;
/// Reasons for which bans are refused, by network.
const MOST_REFUSED: usize = 10_000;
/// Accounts of a good peer that are named.
const MOST_USERS: usize = 4;

/// A ban that would have been.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// Who.
    pub(super) network: Network,
    /// Since when, seconds since the epoch.
    pub(super) since: i64,
    /// Until when; `None` for ever.
    pub(super) until: Option<i64>,
    /// By which judge.
    pub(super) judge: String,
    /// The how many-th time it is.
    pub(super) time: u32,
    /// Out of which services; empty: all.
    pub(super) only: Vec<String>,
    /// Why, in words.
    pub(super) reason: String,
    /// Whether the network was shut out already, for a shorter time.
    pub(super) lengthened: bool,
    /// What it rests on.
    pub(super) evidence: Vec<Deed>,
}

/// Somebody who has authenticated.
#[derive(Clone, Debug)]
pub(super) struct Good {
    /// As whom, a few.
    pub(super) users: Vec<String>,
    /// How often.
    pub(super) times: u64,
    /// When last, milliseconds since the epoch.
    pub(super) last: u64,
    /// The line that told of it last.
    pub(super) place: Place,
}

/// What was heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) lines: u64,
    pub(super) offences: u64,
    pub(super) charged: u64,
    pub(super) successes: u64,
    /// Bans that are not told of, past the bound.
    pub(super) untold: u64,
}

/// A configuration at work.
pub(super) struct Court {
    readers: Readers,
    book: Book,
    scores: Scores,
    tables: Tables,
    state: State,
    /// This host's own addresses.
    own: Vec<IpAddr>,
    evidence: Evidence,
    explained: Option<IpAddr>,
    pub(super) bans: Vec<Told>,
    pub(super) refused: BTreeMap<(Network, String), u64>,
    pub(super) good: HashMap<IpAddr, Good>,
    pub(super) deeds: Vec<Deed>,
    pub(super) counts: Counts,
    /// What cannot be looked for.
    pub(super) trouble: Vec<String>,
}

/// All that reads lines: the configuration's watches, and what listens to services' own sessions, as if
/// it watched a log.
pub(super) fn watches(config: &Config) -> Vec<Watch> {
    let mut all = config.watches.clone();
    for service in &config.services {
        let Authentication::Watch(watcher) = service.admission.authentication else { continue };
        let alike =
            |watch: &Watch| watch.service == service.name && watch.detectors.contains(&watcher);
        if !all.iter().any(alike) {
            all.push(Watch {
                name: service.name.clone(),
                files: Vec::new(),
                journal: None,
                detectors: vec![watcher],
                filters: Vec::new(),
                userdef: Vec::new(),
                service: service.name.clone(),
                zone: Zone { name: "local".into(), ..Zone::utc() },
                origin: service.origin,
            });
        }
    }
    all
}

impl Court {
    /// Nobody has done anything so far.
    pub(super) fn new(
        config: &Config,
        watches: Vec<Watch>,
        own: Vec<IpAddr>,
        explained: Option<IpAddr>,
    ) -> Self {
        let mut trouble = Vec::new();
        let readers = watches.into_iter().map(|watch| {
            let name = watch.name.to_string();
            let (reader, wrong) = Reader::new(watch);
            trouble.extend(wrong.into_iter().map(|why| format!("watch {name}: {why}")));
            reader
        });
        let readers = Readers::new(readers.collect());
        Self {
            readers,
            book: Book::default(),
            scores: Scores::new(config.judges.clone(), Bounds::default()),
            tables: Tables::compile(config),
            state: State::new(config.settings.max_sessions, MOST_IN_FORCE),
            own,
            evidence: Evidence::default(),
            explained,
            bans: Vec::new(),
            refused: BTreeMap::new(),
            good: HashMap::new(),
            deeds: Vec::new(),
            counts: Counts::default(),
            trouble,
        }
    }

    /// A line of a log that lies, or lay, at a path.
    pub(super) fn line(
        &mut self,
        watches: &[u32],
        record: &Record<'_>,
        path: &str,
        now: Now<'_>,
        place: Place,
    ) {
        self.counts.lines += 1;
        let book = &mut self.book;
        let mut hear = |heard: &portreeve_judge::Heard<'_>| book.hear(heard);
        match self.readers.read(watches, record, From::File(path), now, &mut hear) {
            Booked::Offence(offence) => self.offence(&offence, place),
            Booked::Success { success, .. } => self.success(&success, place),
            Booked::Nothing => {}
        }
    }

    /// Somebody has authenticated.
    fn success(&mut self, success: &Success, place: Place) {
        let Success { at, peer, user, .. } = success;
        self.counts.successes += 1;
        self.scores.success(*peer, user.as_deref(), *at);
        if self.good.len() < MOST_GOOD || self.good.contains_key(peer) {
            let new = || Good { users: Vec::new(), times: 0, last: 0, place };
            let good = self.good.entry(*peer).or_insert_with(new);
            good.times += 1;
            if *at >= good.last {
                (good.last, good.place) = (*at, place);
            }
            if let Some(user) = user
                && good.users.len() < MOST_USERS
                && !good.users.contains(user)
            {
                good.users.push(user.clone());
            }
        }
        self.explain(*peer, *at, "login", 1, user.as_ref(), place);
    }

    /// Something was done.
    fn offence(&mut self, offence: &Offence, place: Place) {
        self.counts.offences += 1;
        let Some(peer) = offence.peer else { return };
        self.counts.charged += 1;
        let (kind, count, user) = (offence.kind.clone(), offence.count, offence.user.clone());
        self.explain(peer, offence.at, &kind, count, user.as_ref(), place);
        self.evidence.add(Deed { at: offence.at, peer, kind, count, user, place });
        for proposal in self.scores.offence(offence) {
            self.propose(proposal);
        }
    }

    fn explain(
        &mut self,
        peer: IpAddr,
        at: u64,
        kind: &str,
        count: u32,
        user: Option<&String>,
        place: Place,
    ) {
        if self.explained == Some(peer) && self.deeds.len() < MOST_REFUSED {
            let (kind, user) = (kind.to_owned(), user.cloned());
            self.deeds.push(Deed { at, peer, kind, count, user, place });
        }
    }

    /// A judge asks for a ban, which is judged again.
    fn propose(&mut self, proposal: Proposal) {
        let network = match self.judge(&proposal) {
            Ok(network) => network,
            Err(why) => {
                let key = (proposal.network, why);
                if self.refused.len() < MOST_REFUSED || self.refused.contains_key(&key) {
                    *self.refused.entry(key).or_default() += 1;
                }
                return;
            }
        };
        let since = i64::try_from(proposal.at / 1000).unwrap_or(i64::MAX);
        let length = proposal.seconds.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
        let until = length.map(|length| since.saturating_add(length));
        while !self.state.expire(since).is_empty() {}
        let everywhere = [String::new()];
        let only = if proposal.only.is_empty() { &everywhere[..] } else { &proposal.only };
        let mut outcome = None;
        for service in only {
            let source = BanSource {
                service: proposal.service.as_str().into(),
                origin: None,
                only: service.as_str().into(),
                judge: proposal.judge.as_str().into(),
            };
            let reason = Arc::from(proposal.reason.as_str());
            let ban = Ban { network, since, until, reason, source: Arc::new(source) };
            match self.state.ban(ban) {
                BanOutcome::Added | BanOutcome::Replaced(_) => outcome = Some(false),
                BanOutcome::Lengthened => outcome = outcome.or(Some(true)),
                BanOutcome::AlreadyLonger | BanOutcome::Full => {}
            }
        }
        let Some(lengthened) = outcome else { return };
        let millis = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(1000);
        self.scores.banned(network, &proposal.judge, millis(since), until.map(millis));
        if self.bans.len() >= MOST_BANS {
            self.counts.untold += 1;
            return;
        }
        let evidence = match self.bans.len() < MOST_WITH_EVIDENCE {
            true => self.evidence.of(network),
            false => Vec::new(),
        };
        let Proposal { judge, time, only, reason, .. } = proposal;
        let told = Told { network, since, until, judge, time, only, reason, lengthened, evidence };
        self.bans.push(told);
    }

    /// The second judgement, as far as the past can tell: who was inside, and who the gateways and resolvers
    /// were, is not known.
    fn judge(&self, proposal: &Proposal) -> Result<Network, String> {
        let own = |network: Network| self.own.iter().any(|own| network.contains(*own));
        let nobody = |_: Network| false;
        let around = Around { host: &own, gateway: &nobody, resolver: &nobody, session: &nobody };
        let (network, peer) = (proposal.network, proposal.peer);
        let judged = State::judge_proposal(&self.tables, network, peer, around);
        judged.map_err(|why| match why {
            WhyNot::NeverBan(_) => "it is on the never-ban list".to_owned(),
            WhyNot::HostItself => "it is this host itself".to_owned(),
            WhyNot::Gateway | WhyNot::Resolver | WhyNot::Session | WhyNot::Elsewhere => {
                why.word().to_owned()
            }
        })
    }

    /// How many sums were let go for want of room.
    pub(super) fn evicted(&self) -> u64 {
        self.scores.held().evicted
    }
}
