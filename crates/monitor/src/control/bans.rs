//! Bans as their owner sees and changes them.

use crate::ban::surroundings::reason;
use crate::door::{Door, Stage};
use portreeve_model::{Network, SourceWidth};
use portreeve_policy::{Ban, BanSource, State};
use portreeve_wire::clerk::{BanKey, BanRecord};
use portreeve_wire::control::{Answer, MAX_REASON, PAGE};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Places of the table that are looked at for one answer, so that a search for a few among a million
/// does not hold up the door.
const MOST_LOOKED_AT: u32 = 20_000;
/// Bans wider than one peer's network, at most. With [`WIDEST`] this bounds what a ledger that
/// somebody else wrote could shut out: a sixtieth part of IPv4.
const MOST_WIDE: usize = 1000;
/// The widest network that is banned.
const WIDEST: SourceWidth = SourceWidth { v4: 16, v6: 32 };
/// Sources of bans that are shared, at most.
const MOST_SOURCES: usize = 4096;
/// So many changes may wait for the ledger before bans are lifted by hand.
pub(super) const MOST_WAITING: usize = 8 * PAGE;

/// Where bans come from: a few places of the configuration, shared by all their bans.
#[derive(Debug, Default)]
pub(crate) struct Sources(BTreeSet<Arc<BanSource>>);

impl Sources {
    /// The ban of a record, whose times are the wall's; `skew` is what the clock of bans is ahead.
    pub(crate) fn ban(&mut self, record: &BanRecord, skew: i64) -> Ban {
        let source = BanSource {
            service: record.service.as_str().into(),
            origin: record.origin.as_deref().map(Into::into),
            only: record.only.as_str().into(),
            judge: record.judge.as_str().into(),
        };
        let source = match self.0.get(&source) {
            Some(known) => Arc::clone(known),
            None => {
                if self.0.len() >= MOST_SOURCES {
                    self.0.clear(); // those in use live on with their bans
                }
                let new = Arc::new(source);
                self.0.insert(Arc::clone(&new));
                new
            }
        };
        let BanRecord { network, since, until, ref reason, .. } = *record;
        let (since, until) =
            (since.saturating_add(skew), until.map(|until| until.saturating_add(skew)));
        Ban { network, since, until, reason: reason.as_str().into(), source }
    }
}

/// The bans that were made last.
#[derive(Debug, Default)]
pub(crate) struct Newest(Vec<(i64, BanKey)>);

impl Newest {
    /// So many are known.
    const MOST: usize = 5;

    /// A ban was made at that time.
    pub(crate) fn note(&mut self, since: i64, ban: BanKey) {
        self.0.retain(|(_, known)| *known != ban);
        let at = self.0.partition_point(|(known, _)| *known > since);
        if at < Self::MOST {
            self.0.insert(at, (since, ban));
            self.0.truncate(Self::MOST);
        }
    }
}

/// The record of a ban, by the clock on the wall; `skew` is what the clock of bans is ahead.
pub(crate) fn record(ban: &Ban, skew: i64) -> BanRecord {
    BanRecord {
        network: ban.network,
        since: ban.since.saturating_sub(skew),
        until: ban.until.map(|until| until.saturating_sub(skew)),
        service: ban.source.service.to_string(),
        reason: ban.reason.to_string(),
        origin: ban.source.origin.as_deref().map(str::to_owned),
        only: ban.source.only.to_string(),
        judge: ban.source.judge.to_string(),
    }
}

fn width(network: Network, widths: SourceWidth) -> u8 {
    if network.address().is_ipv4() { widths.v4 } else { widths.v6 }
}

/// Whether it is no wider than what one touch of a trap may cost: an address, or an IPv6 /64.
fn is_narrow(network: Network) -> bool {
    network.length() >= width(network, SourceWidth::DEFAULT)
}

impl Door {
    /// The newest bans in force, newest first.
    pub(crate) fn newest_bans(&self) -> Vec<BanRecord> {
        let (now, skew) = (self.state.ban_time(self.now.unix()), self.state.ban_skew());
        let newest = self.unstored.newest.0.iter();
        let bans = newest.filter_map(|(_, ban)| self.state.ban_of(ban.network, &ban.only));
        bans.filter(|ban| ban.holds(now)).map(|ban| record(ban, skew)).collect()
    }

    /// A page of the bans.
    pub(crate) fn list_bans(&self, from: u32, network: Option<Network>) -> Answer {
        let end = from.saturating_add(MOST_LOOKED_AT);
        let (now, skew) = (self.state.ban_time(self.now.unix()), self.state.ban_skew());
        let mut bans = Vec::new();
        for (place, ban) in self.state.bans_from(from) {
            if place >= end || bans.len() >= PAGE {
                return Answer::Bans { bans, next: Some(place) };
            }
            if ban.holds(now) && network.is_none_or(|network| network.overlaps(ban.network)) {
                bans.push(record(ban, skew));
            }
        }
        Answer::Bans { bans, next: None }
    }

    /// Shuts a network out, as an asker wants it.
    pub(crate) fn ban_by_hand(
        &mut self,
        BanKey { network, only }: BanKey,
        seconds: Option<u64>,
        mut reason: String,
        uid: u32,
    ) -> Answer {
        let known = |s: &portreeve_model::Service| s.name.as_str() == only;
        if !only.is_empty() && !self.current.config.services.iter().any(known) {
            return Answer::NotBanned(format!("there is no service `{}`", only.escape_debug()));
        }
        if let Err(why) = self.judge_by_hand(network) {
            return Answer::NotBanned(why);
        }
        reason.truncate(reason.floor_char_boundary(MAX_REASON));
        let now = self.now.unix();
        let seconds = seconds.map(|s| i64::try_from(s).unwrap_or(i64::MAX));
        let ban = BanRecord {
            network,
            since: now,
            until: seconds.map(|seconds| now.saturating_add(seconds)),
            service: String::new(),
            reason,
            origin: Some(format!("by hand, uid {uid}")),
            only: only.clone(),
            judge: String::new(),
        };
        let new = self.ban(ban, Some(uid));
        let skew = self.state.ban_skew();
        let ban = self.state.ban_of(network, &only).map(|ban| record(ban, skew));
        let Some(ban) = ban else {
            return Answer::NotBanned("the table of bans is full of bans that last longer".into());
        };
        let inside = self.sessions.of_network(network, None).count();
        Answer::Banned { ban, new, sessions: u32::try_from(inside).unwrap_or(u32::MAX) }
    }

    /// Whether an owner may shut a network out: an authenticated session does not protect it, since
    /// it may be what the ban is about, and it goes on.
    pub(super) fn judge_by_hand(&mut self, network: Network) -> Result<(), String> {
        self.look_around();
        let current = Arc::clone(&self.current);
        let judged = self.with_surroundings(|around| {
            State::judge_network(&current.tables, network, around.whoever_is_inside())
        })?;
        judged.map_err(|why| reason(&current, why))?;
        let widest = width(network, WIDEST);
        if network.length() < widest {
            return Err(format!(
                "it is wider than a /{widest}: write a `deny` into the configuration instead"
            ));
        }
        if self.may_be_so_wide(network) || self.state.bans_of(network).next().is_some() {
            return Ok(());
        }
        Err(format!("there are {MOST_WIDE} bans of whole networks, and that is the most"))
    }

    /// Whether a network is narrow, or wide and one of a few.
    pub(crate) fn may_be_so_wide(&self, network: Network) -> bool {
        let SourceWidth { v4, v6 } = SourceWidth::DEFAULT;
        is_narrow(network)
            || network.length() >= width(network, WIDEST)
                && self.state.bans_wider(v4, v6) < MOST_WIDE
    }

    /// Lifts bans for an asker, as many as the ledger can be told of now.
    pub(crate) fn unban_by_hand(
        &mut self,
        networks: &[Network],
        only: Option<&str>,
        uid: u32,
    ) -> Answer {
        if matches!(self.stage, Stage::Waiting(_)) {
            let why = "the bans of before are not all known: try again in some seconds";
            return Answer::Failed(why.to_owned());
        }
        let mut lifted = Vec::new();
        for (done, network) in networks.iter().enumerate() {
            if self.unstored.len() >= MOST_WAITING || self.outbox.len() >= MOST_WAITING {
                let left = networks.len().saturating_sub(done);
                let left = u32::try_from(left).unwrap_or(u32::MAX);
                return Answer::Unbanned { lifted, left };
            }
            let fits = |ban: &&Ban| only.is_none_or(|only| *ban.source.only == *only);
            let bans: Vec<Ban> = self.state.bans_of(*network).filter(fits).cloned().collect();
            for ban in bans {
                self.state.unban(ban.network, &ban.source.only);
                self.ban_ended(&ban, "lifted", Some(uid));
                let only = ban.source.only.to_string();
                lifted.push(BanKey { network: ban.network, only });
            }
        }
        Answer::Unbanned { lifted, left: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_few_are_known_newest_first_and_each_once() {
        let mut newest = Newest::default();
        let net = |n: u8| {
            let network = Network::host(std::net::IpAddr::from([192, 0, 2, n]));
            BanKey { network, only: String::new() }
        };
        for n in [3, 1, 9, 5, 7, 2, 8] {
            newest.note(i64::from(n), net(n));
        }
        newest.note(20, net(5));
        let known: Vec<_> = newest.0.iter().map(|(since, _)| *since).collect();
        assert_eq!(known, [20, 9, 8, 7, 3]);
    }
}
