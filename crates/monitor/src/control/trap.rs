//! Traps and bans: who touches one is shut out, unless that would hit the wrong one.

use crate::accept::pending::Arrival;
use crate::control::bans::{Newest, Sources, record};
use crate::door::Door;
use crate::door::current::Current;
use crate::enforce::Made;
use portreeve_model::{Network, Origin, Sentence};
use portreeve_policy::{Ban, BanOutcome, State, WhyNot};
use portreeve_sys::socket;
use portreeve_wire::clerk::{
    BanEnd, BanKey, BanRecord, KnownGood as Good, MOST_KNOWN_GOOD, Proposal, ToClerk,
};
use portreeve_wire::event::{Helper, Refused, What};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// So many changes wait for the ledger at most; with a broken disk they must not fill the memory.
const MOST_UNSTORED: usize = 100_000;
/// So many bans at most does a ledger tell, those told again after a read error included.
const MOST_TOLD: usize = 4_000_000;

/// Changes of bans that the ledger has not acknowledged, newest for each ban.
#[derive(Debug, Default)]
pub(crate) struct Unstored {
    all: BTreeMap<BanKey, (u64, ToClerk)>,
    /// The same by their serials.
    serials: BTreeMap<u64, BanKey>,
    next_serial: u64,
    pub(crate) sources: Sources,
    pub(crate) newest: Newest,
    /// Bans that the ledger has told.
    told: usize,
    pub(crate) locals: Option<(Duration, Vec<IpAddr>)>,
}

impl Unstored {
    /// A change is on disk; a newer one of the same ban is not.
    pub(crate) fn stored(&mut self, serial: u64) {
        if let Some(key) = self.serials.remove(&serial) {
            self.all.remove(&key);
        }
    }

    /// For a successor: what waits, and the last serial given.
    pub(crate) fn kept(&self) -> (Vec<(BanKey, u64, ToClerk)>, u64) {
        let all = self.all.iter().map(|(key, (n, message))| (key.clone(), *n, message.clone()));
        (all.collect(), self.next_serial)
    }

    /// A predecessor's.
    pub(crate) fn restore(&mut self, all: Vec<(BanKey, u64, ToClerk)>, last: u64) {
        self.next_serial = self.next_serial.max(last);
        for (key, serial, message) in all {
            self.serials.insert(serial, key.clone());
            self.all.insert(key, (serial, message));
        }
    }

    /// How many changes wait for the ledger.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    fn serial(&mut self) -> u64 {
        self.next_serial = self.next_serial.saturating_add(1);
        self.next_serial
    }

    /// For the next clerk.
    pub(crate) fn messages(&self) -> impl Iterator<Item = ToClerk> {
        self.all.values().map(|(_, message)| message.clone())
    }
}

impl Door {
    pub(crate) fn sprung(
        &mut self,
        current: &Arc<Current>,
        arrival: Arrival,
        sentence: Sentence,
        origin: Origin,
    ) {
        let Some(service) = current.service(arrival.service) else { return };
        let key = service.key.to_string();
        self.tally.refused(&key, self.now.mono);
        let (peer, now) = (arrival.peer, self.now.unix());
        let until = match sentence {
            Sentence::For(time) => {
                Some(now.saturating_add(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)))
            }
            Sentence::Forever | Sentence::Never => None,
        };
        let judged = match sentence {
            Sentence::Never => Err("the trap only records".to_owned()),
            Sentence::For(_) | Sentence::Forever => self.judge(current, peer.address),
        };
        let spared = judged.as_ref().err().cloned();
        if let Some(why) = &spared
            && !self.gets_own_event(&arrival, &key, why)
        {
            return self.turn_away(current, arrival);
        }
        self.event(What::TrapTouched {
            service: arrival.service,
            key: key.clone(),
            peer,
            sentence,
            spared,
            origin: Some(current.show(origin)),
        });
        if let Ok(network) = judged {
            let reason = format!("touched the trap {key} from port {}", peer.port);
            let origin = Some(current.show(origin));
            let (only, judge) = (String::new(), String::new());
            let ban =
                BanRecord { network, since: now, until, service: key, reason, origin, only, judge };
            self.ban(ban, None);
        }
        self.turn_away(current, arrival);
    }

    /// The ledger tells who is known to be good.
    pub(crate) fn good_ones_told(&mut self, told: &[Good]) {
        let now = self.now.unix();
        for Good { network, at } in told.iter().take(MOST_KNOWN_GOOD) {
            self.known_good.note(network.address(), (*at).min(now));
        }
    }

    /// A judge asks for a ban.
    pub(crate) fn proposed(&mut self, proposal: Proposal) {
        let current = Arc::clone(&self.current);
        let Ok(network) = self.judge(&current, proposal.peer) else { return };
        let since = i64::try_from(proposal.at / 1000).unwrap_or(i64::MAX);
        let seconds = proposal.seconds.map(|s| i64::try_from(s).unwrap_or(i64::MAX));
        let ban = BanRecord {
            network,
            since,
            until: seconds.map(|seconds| since.saturating_add(seconds)),
            service: proposal.service,
            reason: proposal.reason,
            origin: None,
            only: String::new(),
            judge: proposal.judge,
        };
        self.ban(ban, None);
    }

    /// Whether a peer may be banned, and how widely.
    fn judge(&mut self, current: &Current, peer: IpAddr) -> Result<Network, String> {
        self.read_local_addresses();
        let Some((_, locals)) = &self.unstored.locals else {
            return Err("this host's own addresses are not known".to_owned());
        };
        let holds = |network: Network| locals.iter().any(|a| network.contains(*a));
        let network = State::judge_ban(&current.tables, peer, &holds).map_err(|why| match why {
            WhyNot::NeverBan(origin) => {
                format!("it is on the never-ban list ({})", current.show(origin))
            }
            WhyNot::HostItself => "it is this host itself".to_owned(),
        })?;
        let inside = |network: Network| {
            let mut inside = self.sessions.authenticated.iter();
            inside.any(|number| {
                let session = self.sessions.get(*number);
                session.is_some_and(|s| network.contains(s.reference.peer.address))
            })
        };
        match (inside(network), Network::host(peer)) {
            (false, _) => Ok(network),
            // somebody else in its network is logged in: it is shut out alone
            (true, alone) if alone != network && !inside(alone) => Ok(alone),
            (true, _) => Err("it has an authenticated session open".to_owned()),
        }
    }

    /// The host's own addresses, at most a second old.
    pub(crate) fn read_local_addresses(&mut self) {
        let now = self.now.mono;
        let fresh = |at: Duration| now.saturating_sub(at) < Duration::from_secs(1);
        if self.unstored.locals.as_ref().is_none_or(|(at, _)| !fresh(*at)) {
            match socket::local_addresses() {
                Ok(all) => self.unstored.locals = Some((now, all)),
                Err(error) => self.alarm(&format!("this host's addresses cannot be read: {error}")),
            }
        }
    }

    /// Shuts a network out now, and has it kept; `by` is who did it by hand. Says whether this ban
    /// is in force now: no older one that lasts longer, and no full table.
    pub(crate) fn ban(&mut self, record: BanRecord, by: Option<u32>) -> bool {
        let ban = self.unstored.sources.ban(&record, self.state.ban_skew());
        let outcome = self.state.ban(ban);
        let longer = outcome == BanOutcome::Lengthened;
        match outcome {
            BanOutcome::Added | BanOutcome::Lengthened => {}
            BanOutcome::Replaced(gone) => self.ban_ended(&gone, "crowded out", None),
            BanOutcome::AlreadyLonger => return false,
            BanOutcome::Full => {
                self.alarm("the table of bans is full: a new ban was not taken");
                return false;
            }
        }
        self.enforcers.added(&record, if longer { Made::Longer } else { Made::Now });
        let BanRecord { network, since, until, service, reason, only, judge, .. } = record.clone();
        self.unstored.newest.note(since, record.key());
        self.event(What::Banned { network, until, key: service, reason, only, judge, by });
        let serial = self.unstored.serial();
        self.keep(record.key(), serial, ToClerk::Ban { serial, ban: record });
        true
    }

    /// A ban is out of the set: everybody who has it is told. `by` is who lifted it by hand, which is a
    /// pardon.
    pub(crate) fn ban_ended(&mut self, ban: &Ban, why: &str, by: Option<u32>) {
        let record = record(ban, self.state.ban_skew());
        self.enforcers.ended(&record);
        let ban = record.key();
        self.forget_ban(ban.clone(), why, by);
        self.event(What::BanEnded {
            network: ban.network,
            only: ban.only,
            why: why.to_owned(),
            by,
        });
    }

    /// The ledger is to forget a ban, and to note how it ended.
    fn forget_ban(&mut self, ban: BanKey, how: &str, by: Option<u32>) {
        let serial = self.unstored.serial();
        let at = u64::try_from(self.now.wall.as_millis()).unwrap_or(u64::MAX);
        let end = BanEnd { ban: ban.clone(), at, how: how.to_owned(), by };
        self.keep(ban, serial, ToClerk::Unban { serial, end });
    }

    fn keep(&mut self, key: BanKey, serial: u64, message: ToClerk) {
        if self.unstored.all.len() >= MOST_UNSTORED && !self.unstored.all.contains_key(&key) {
            return self.alarm("the ledger keeps up with bans no more: later ones are not on disk");
        }
        if self.clerk.is_working() {
            self.outbox.message(message.clone(), None);
        }
        if let Some((older, _)) = self.unstored.all.insert(key.clone(), (serial, message)) {
            self.unstored.serials.remove(&older);
        }
        self.unstored.serials.insert(serial, key);
    }

    /// Whether a touch that bans nobody gets an event of its own; a flood is counted instead.
    fn gets_own_event(&mut self, arrival: &Arrival, key: &str, why: &str) -> bool {
        let kind = (arrival.service, arrival.peer.address, "trap");
        let touched = || Refused {
            service: arrival.service,
            key: key.to_owned(),
            peer: arrival.peer,
            class: "trap".into(),
            reason: "trap".into(),
            xinetd: "address".into(),
            text: format!("touched the trap; not banned, since {why}"),
            origin: None,
            count: 1,
        };
        self.gather.take(kind, self.now.mono, touched).is_some()
    }

    /// Bans that the ledger kept from before, judged again: the configuration may have changed.
    pub(crate) fn restore(&mut self, records: Vec<BanRecord>) {
        self.read_local_addresses();
        let current = Arc::clone(&self.current);
        self.unstored.told = self.unstored.told.saturating_add(records.len());
        if self.unstored.told > MOST_TOLD {
            return self.misbehaved(Helper::Clerk, "told more bans than the table holds");
        }
        for record in records {
            if self.unstored.all.contains_key(&record.key()) {
                continue; // it has changed since: we know better than the ledger
            }
            let gone = |why: &str| What::BanEnded {
                network: record.network,
                only: record.only.clone(),
                why: why.to_owned(),
                by: None,
            };
            if record.until.is_some_and(|until| until <= self.now.unix()) {
                self.forget_ban(record.key(), "expired", None);
                self.enforcers.ended(&record);
                self.event(gone("expired"));
                continue;
            }
            let locals = self.unstored.locals.as_ref().map_or(&[][..], |(_, all)| all);
            let holds = |network: Network| locals.iter().any(|a| network.contains(*a));
            match State::judge_network(&current.tables, record.network, &holds) {
                // a ledger cannot widen what a touch or an owner's word may cost
                Ok(network) if self.may_be_so_wide(network) => {
                    let ban = self.unstored.sources.ban(&record, self.state.ban_skew());
                    let outcome = self.state.ban(ban);
                    self.unstored.newest.note(record.since, record.key());
                    match outcome {
                        BanOutcome::Full => {
                            self.alarm("the table of bans is full: kept bans were not taken");
                        }
                        BanOutcome::Replaced(gone) => self.ban_ended(&gone, "crowded out", None),
                        BanOutcome::AlreadyLonger => {}
                        BanOutcome::Added | BanOutcome::Lengthened => {
                            self.enforcers.added(&record, Made::Before);
                        }
                    }
                }
                Ok(_) | Err(_) => {
                    self.forget_ban(record.key(), "lifted", None);
                    self.enforcers.ended(&record);
                    self.event(gone("lifted"));
                }
            }
        }
    }

    /// A new never-ban list frees whom it names.
    pub(crate) fn judge_bans_again(&mut self) {
        self.read_local_addresses();
        let current = Arc::clone(&self.current);
        let locals = self.unstored.locals.as_ref().map_or(&[][..], |(_, all)| all);
        let holds = |network: Network| locals.iter().any(|a| network.contains(*a));
        let freed =
            |ban: &&Ban| State::judge_network(&current.tables, ban.network, &holds).is_err();
        let freed: Vec<Ban> = self.state.bans().filter(freed).cloned().collect();
        for ban in freed {
            self.state.unban(ban.network, &ban.source.only);
            self.ban_ended(&ban, "lifted", None);
        }
    }

    /// Ends the bans whose time is over.
    pub(crate) fn tick_bans(&mut self) {
        for ban in self.state.expire(self.now.unix()) {
            self.ban_ended(&ban, "expired", None);
        }
        for key in self.state.end_pauses(self.now.mono) {
            let at = self.current.config.services.iter().position(|s| s.key == key);
            let service = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX);
            self.event(What::Resumed { key: key.to_string(), service });
        }
    }
}
