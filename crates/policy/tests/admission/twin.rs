//! Random lives of a door, beside a naive twin that remembers everything in lists.

use crate::common::*;
use crate::generate::{NAMES, network, peer, random_config};
use portreeve_model::{Config, Load, Network, Origin};
use portreeve_policy::{
    Answer, Ban, BanOutcome, Facts, IdentAnswer, Names, Need, Own, Question, Reason, Reservation,
    ServiceIndex, State, StepRecord, Tables, Verdict, admit, consider, follow,
};
use portreeve_testkit::naive::{NaiveBan, NaiveCounts, NaiveNames, Opinion, decide};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

const BANS: usize = 6;

struct Live {
    key: String,
    peer: IpAddr,
    startup: bool,
    since: Duration,
    grace_end: Option<Duration>,
    reservation: Reservation,
}

struct Life {
    random: Random,
    now: Duration,
    wall: i64,
    config: Config,
    tables: Tables,
    state: State,
    live: Vec<Live>,
    windows: BTreeMap<String, (Duration, u32)>,
    pauses: BTreeMap<String, Duration>,
    disabled: BTreeSet<String>,
    bans: Vec<NaiveBan>,
    seen: BTreeMap<&'static str, u32>,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let config = random_config(&mut random);
        let tables = Tables::compile(&config);
        let mut state = State::new(0, BANS);
        state.adopt(&tables);
        Self {
            random,
            now: secs(1000),
            wall: MIDDAY,
            config,
            tables,
            state,
            live: Vec::new(),
            windows: BTreeMap::new(),
            pauses: BTreeMap::new(),
            disabled: BTreeSet::new(),
            bans: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(self.random.below(400));
        self.wall += self.random.below(90) as i64;
        match self.random.below(100) {
            0..62 => self.arrive(),
            62..80 => self.release(),
            80..87 => self.authenticate(),
            87..90 => self.grace(),
            90..94 => self.ban(),
            94 => self.unban(),
            95 => self.expire(),
            96 | 97 => self.switch(),
            98 => self.pauses_end(),
            _ => self.reload(),
        }
    }

    fn arrive(&mut self) {
        if self.config.services.is_empty() {
            return;
        }
        let index = self.random.below(self.config.services.len() as u64) as usize;
        let (peer, random) = (peer(&mut self.random), &mut self.random);
        let names: Vec<String> =
            NAMES.iter().filter(|_| random.chance(25)).map(|name| (*name).into()).collect();
        let (names, naive_names) = match random.below(8) {
            0 | 1 => (Names::NotAsked, NaiveNames::NotAsked),
            2 | 3 => (Names::Failed, NaiveNames::Failed),
            4 => (Names::None, NaiveNames::None),
            5 => (Names::Unconfirmed, NaiveNames::Unconfirmed),
            _ => (Names::Confirmed(&names), NaiveNames::Confirmed(names.clone())),
        };
        let (ident, naive_ident) = *random.pick(&[
            (IdentAnswer::NotAsked, None),
            (IdentAnswer::Missing, Some(false)),
            (IdentAnswer::Declined, Some(false)),
            (IdentAnswer::Answered(b" joe"), Some(true)),
        ]);
        let (listed, naive_listed) = crate::generate::listed(random);
        let load = random.chance(90).then(|| random.below(1000) as u32);
        let dice = random.below(100) as u32;
        let facts = Facts {
            peer,
            port: 1,
            now: self.now,
            wall: self.wall,
            load: load.map(Load),
            dice,
            names,
            server_names: Names::NotAsked,
            own: Own::default(),
            answered: &[],
            listed: Some(&listed),
            ident,
        };
        let service = &self.config.services[index];
        let (key, rate) = (service.key.to_string(), service.admission.rate);
        let window = self
            .windows
            .get(&key)
            .filter(|(start, _)| rate.is_some_and(|rate| self.now - *start < rate.value.per));
        let counts = NaiveCounts {
            disabled: self.disabled.contains(&key),
            all_sessions: self.live.len() as u32,
            pausing: self.pauses.get(&key).is_some_and(|end| self.now < *end),
            load,
            in_window: window.map_or(0, |(_, count)| *count),
            live: self.of(&key).map(|live| (live.peer, live.startup)).collect(),
            dice,
            ident: naive_ident,
            listed: naive_listed,
        };
        let want = decide(&self.config, &key, peer, self.wall, &naive_names, &counts, &self.bans);

        let service = ServiceIndex(index as u32);
        let mut steps: Vec<StepRecord> = Vec::new();
        let asked = consider(&self.tables, service, &self.state, &facts, &mut steps);
        let mut whole: Vec<StepRecord> = Vec::new();
        let followed = follow(&self.tables, service, &self.state, &facts, &mut whole);
        assert_eq!(followed, asked, "to follow is to consider");
        assert_eq!(whole.iter().take_while(|step| !step.after).count(), steps.len());
        assert_eq!(whole.get(..steps.len()), Some(steps.as_slice()));
        assert!(whole.iter().skip(steps.len()).all(|step| step.after), "{whole:#?}");
        let last = whole.last().map(|step| step.question);
        assert_eq!(last, Some(Question::PerSourceStartups), "every question is asked");
        let mut again: Vec<StepRecord> = Vec::new();
        let verdict = admit(&self.tables, service, &mut self.state, &facts, &mut again);
        assert_eq!(steps, again, "to consider is to admit");
        assert_eq!(shown(&asked), shown(&verdict));
        let got = opinion(&verdict, &steps);
        assert_eq!(got, want, "{key} {facts:?} {counts:?}\n{steps:#?}");
        *self
            .seen
            .entry(match &verdict {
                Verdict::Refuse(refusal) => refusal.reason.word(),
                _ => want.1,
            })
            .or_default() += 1;
        self.remember(&key, peer, index, counts.in_window, verdict);
    }

    /// Bookkeeping of the twin after an arrival.
    fn remember(&mut self, key: &str, peer: IpAddr, index: usize, window: u32, verdict: Verdict) {
        let admission = &self.config.services[index].admission;
        let came_to_room = match &verdict {
            Verdict::Grant(..) => true,
            Verdict::Refuse(refusal) => refusal.reason.class() == "full",
            _ => false,
        };
        if let (true, Some(rate)) = (came_to_room, admission.rate) {
            if matches!(&verdict, Verdict::Refuse(refusal) if refusal.reason == Reason::Rate) {
                self.pauses.insert(key.into(), self.now + rate.value.pause);
            } else if window == 0 {
                self.windows.insert(key.into(), (self.now, 1));
            } else {
                self.windows.get_mut(key).unwrap().1 += 1;
            }
        }
        if let Verdict::Grant(reservation, _) = verdict {
            let grace_end = admission.grace.map(|grace| self.now + grace.value);
            assert_eq!(reservation.grace_end(), grace_end);
            self.live.push(Live {
                key: key.into(),
                peer,
                startup: true,
                since: self.now,
                grace_end,
                reservation,
            });
        }
    }

    fn of(&self, key: &str) -> impl Iterator<Item = &Live> {
        self.live.iter().filter(move |live| live.key == key)
    }

    fn release(&mut self) {
        if !self.live.is_empty() {
            let at = self.random.below(self.live.len() as u64) as usize;
            self.state.release(self.live.swap_remove(at).reservation);
        }
    }

    fn authenticate(&mut self) {
        if !self.live.is_empty() {
            let at = self.random.below(self.live.len() as u64) as usize;
            let live = &mut self.live[at];
            live.startup = false;
            live.grace_end = None;
            self.state.authenticated(&mut live.reservation);
        }
    }

    fn grace(&mut self) {
        let soonest = self.live.iter().filter_map(|live| live.grace_end).min();
        assert_eq!(self.state.next_grace(), soonest);
        while let Some(ticket) = self.state.take_grace(self.now) {
            let live =
                self.live.iter_mut().find(|live| live.reservation.ticket() == ticket).unwrap();
            assert!(live.grace_end.take().unwrap() <= self.now);
            live.startup = false;
            self.state.grace_passed(&mut live.reservation);
        }
        assert!(self.live.iter().all(|live| live.grace_end.is_none_or(|end| end > self.now)));
    }

    fn ban(&mut self) {
        let network = network(&mut self.random);
        if network.length() < 22 && self.random.chance(90) {
            return; // else nearly everybody is banned nearly always
        }
        let until = self.random.chance(85).then(|| self.wall + self.random.below(2000) as i64);
        let ban =
            Ban { since: 0, network, until, reason: "test".into(), source: Default::default() };
        let longer = |a: Option<i64>, b: Option<i64>| a.unwrap_or(i64::MAX) > b.unwrap_or(i64::MAX);
        let soonest = self.bans.iter().filter_map(|ban| ban.until).min();
        let evicted = self.state.bans_evicted();
        let outcome = self.state.ban(ban);
        let old = self.bans.iter().position(|old| old.network == network);
        match (&outcome, old) {
            (BanOutcome::Lengthened, Some(at)) => {
                assert!(longer(until, self.bans[at].until));
                self.bans[at].until = until;
            }
            (BanOutcome::AlreadyLonger, Some(at)) => assert!(!longer(until, self.bans[at].until)),
            (BanOutcome::Added, None) => {
                assert!(self.bans.len() < BANS);
                self.bans.push(NaiveBan { network, until });
            }
            (BanOutcome::Replaced(gone), None) => {
                assert!(gone.until == soonest && longer(until, soonest) && self.bans.len() == BANS);
                self.bans.retain(|ban| ban.network != gone.network);
                self.bans.push(NaiveBan { network, until });
            }
            (BanOutcome::Full, None) => {
                assert!(soonest.is_none_or(|end| !longer(until, Some(end))));
                assert_eq!(self.bans.len(), BANS);
            }
            wrong => panic!("{wrong:?}"),
        }
        let full = matches!(outcome, BanOutcome::Replaced(_) | BanOutcome::Full);
        assert_eq!(self.state.bans_evicted() - evicted, u64::from(full));
    }

    fn unban(&mut self) {
        if let Some(ban) = self.bans.pop() {
            assert_eq!(self.state.unban(ban.network, "").map(|b| b.until), Some(ban.until));
            assert_eq!(self.state.unban(ban.network, ""), None);
        }
    }

    fn expire(&mut self) {
        let ended: BTreeSet<Network> =
            self.state.expire(self.wall).into_iter().map(|ban| ban.network).collect();
        let over = |ban: &NaiveBan| ban.until.is_some_and(|until| until <= self.wall);
        let want: BTreeSet<Network> =
            self.bans.iter().filter(|ban| over(ban)).map(|ban| ban.network).collect();
        assert_eq!(ended, want);
        self.bans.retain(|ban| !want.contains(&ban.network));
    }

    fn switch(&mut self) {
        if self.config.services.is_empty() {
            return;
        }
        let index = self.random.below(self.config.services.len() as u64) as usize;
        let key = self.config.services[index].key.to_string();
        let enabled = self.random.chance(70);
        match enabled {
            true => self.disabled.remove(&key),
            false => self.disabled.insert(key),
        };
        self.state.set_enabled(&self.tables, ServiceIndex(index as u32), enabled);
    }

    fn pauses_end(&mut self) {
        let soonest = self.pauses.values().min().copied();
        assert_eq!(self.state.next_pause_end(), soonest);
        let told: BTreeSet<String> =
            self.state.end_pauses(self.now).into_iter().map(String::from).collect();
        let over = self.pauses.iter().filter(|(_, end)| **end <= self.now);
        assert_eq!(told, over.map(|(key, _)| key.clone()).collect());
        self.pauses.retain(|key, _| !told.contains(key));
    }

    fn reload(&mut self) {
        if self.random.chance(30) {
            self.config = random_config(&mut self.random);
        } else {
            // The same services with other limits: what a reload mostly is.
            let other = random_config(&mut self.random);
            for service in &mut self.config.services {
                if let Some(new) = other.services.iter().find(|new| new.key == service.key) {
                    *service = new.clone();
                }
            }
        }
        self.tables = Tables::compile(&self.config);
        self.state.adopt(&self.tables);
        let services = &self.config.services;
        let there = |key: &str| services.iter().find(|service| service.key.as_str() == key);
        let rated = |key: &str| there(key).is_some_and(|service| service.admission.rate.is_some());
        self.windows.retain(|key, _| rated(key));
        self.pauses.retain(|key, _| rated(key));
        self.disabled.retain(|key| there(key).is_some());
    }

    /// What both show.
    fn compare(&self) {
        assert_eq!(self.state.sessions() as usize, self.live.len());
        for (index, key) in self.tables.services() {
            let status = self.state.status(&self.tables, index, self.now).unwrap();
            let ages = status.startup_ages;
            let startups: Vec<_> = self.of(key.as_str()).filter(|live| live.startup).collect();
            let young = startups.iter().filter(|live| self.now - live.since < secs(10)).count();
            let sources: BTreeSet<_> =
                self.of(key.as_str()).map(|live| portreeve_model::unmapped(live.peer)).collect();
            assert_eq!(status.sessions as usize, self.of(key.as_str()).count(), "{key}");
            assert_eq!(status.startups as usize, startups.len(), "{key}");
            assert_eq!(ages.under_10s as usize, young, "{key}");
            assert_eq!(status.sources as usize, sources.len(), "{key}");
            let pause = self.pauses.get(key.as_str()).copied().filter(|end| *end > self.now);
            assert_eq!(self.state.paused_until(&self.tables, index, self.now), pause, "{key}");
        }
        let vanished: u32 = self.state.vanished(self.now).map(|status| status.sessions).sum();
        let gone = |live: &&Live| self.tables.find(&live.key.parse().unwrap()).is_none();
        assert_eq!(vanished as usize, self.live.iter().filter(gone).count());
        let bans: BTreeSet<_> = self.state.bans().map(|ban| (ban.network, ban.until)).collect();
        let want: BTreeSet<_> = self.bans.iter().map(|ban| (ban.network, ban.until)).collect();
        assert_eq!(bans, want);
        assert_eq!(self.state.bans_len(), want.len());
    }
}

/// A verdict in the naive twin's words.
fn opinion(verdict: &Verdict, steps: &[StepRecord]) -> Opinion {
    // a list that has something asked lets the others speak: they did not refuse
    let asks = steps.iter().find(|step| matches!(step.answer, Answer::Need(_)));
    let asks = asks.filter(|_| matches!(verdict, Verdict::Need(_)));
    let last = asks.or(steps.last()).unwrap();
    let refused = |word, origin: Option<Origin>| (false, word, origin);
    match (verdict, last.answer) {
        (Verdict::Grant(..), Answer::Pass) => (true, "granted", None),
        (Verdict::Need(Need::Names), Answer::Need(Need::Names)) => refused("names", last.origin),
        (Verdict::Need(Need::DnsLists), Answer::Need(Need::DnsLists)) => {
            refused("dns-lists", last.origin)
        }
        (Verdict::Need(Need::Ident), Answer::Need(Need::Ident)) => refused("ident", last.origin),
        (Verdict::Sprung(sprung), Answer::Sprung) => refused("trap", Some(sprung.origin)),
        (Verdict::Refuse(refusal), Answer::Refuse(reason)) => {
            assert_eq!((refusal.reason, refusal.origin), (reason, last.origin));
            assert_eq!(refusal.detail, last.detail);
            refused(refusal.reason.class(), refusal.origin)
        }
        wrong => panic!("{wrong:?}"),
    }
}

#[test]
fn a_door_and_its_naive_twin_live_the_same_life() {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..60 {
        let mut life = Life::new(seed);
        for _ in 0..1500 {
            life.step();
            life.compare();
        }
        while !life.live.is_empty() {
            life.release();
        }
        life.compare();
        for (word, count) in life.seen {
            *seen.entry(word).or_default() += count;
        }
    }
    // the monitor's own, and those that have tests of their own
    let own = [Reason::Descriptors, Reason::Processes, Reason::HostsAccess, Reason::Unreadable];
    for reason in Reason::ALL.into_iter().filter(|reason| !own.contains(reason)) {
        assert!(seen.get(reason.word()).is_some_and(|n| *n >= 20), "{reason:?}: {seen:?}");
    }
    for word in ["granted", "names", "dns-lists", "ident", "trap"] {
        assert!(seen.get(word).is_some_and(|n| *n >= 100), "{word}: {seen:?}");
    }
}
