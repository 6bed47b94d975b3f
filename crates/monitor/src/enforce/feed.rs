//! What the firewall is to be told: changes in order, and pages of a synchronisation among them.

use portreeve_policy::Ban;
use portreeve_wire::firewall::{Change, FIREWALL_PAGE, Shut, ToFirewall};
use std::collections::VecDeque;

/// Changes that wait, at most; with more of them everything is told anew instead.
const MOST: usize = 65_536;
/// Places of the table that are looked at for one page.
const LOOKED_AT: u32 = 20_000;

/// How far a synchronisation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sync {
    /// None is wanted.
    #[default]
    No,
    /// One is to begin.
    Wanted,
    /// It is told from this place of the table on.
    At(u32),
    /// All has been told but that it was all.
    Ending,
}

/// The queue to the firewall.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    changes: VecDeque<Change>,
    sync: Sync,
    serial: u64,
    applied: u64,
}

/// Bans by their places in the table; [`portreeve_policy::State::bans_from`], for the feed.
pub(crate) trait Places {
    /// Those whose place is `from` or after it.
    fn from(&self, from: u32) -> Box<dyn Iterator<Item = (u32, &Ban)> + '_>;

    /// How far the clock of bans is ahead of the one on the wall, in seconds.
    fn skew(&self) -> i64;
}

impl Feed {
    /// A change, for a firewall at work.
    pub(crate) fn change(&mut self, change: Change) {
        if self.changes.len() >= MOST {
            return self.synchronise();
        }
        self.changes.push_back(change);
    }

    /// Everything is to be told anew.
    pub(crate) fn synchronise(&mut self) {
        self.sync = Sync::Wanted;
        self.changes.clear();
    }

    /// Changes up to this number are in force.
    pub(crate) fn applied(&mut self, serial: u64) {
        self.applied = self.applied.max(serial).min(self.serial);
    }

    /// Messages of changes that are not in force yet.
    pub(crate) fn waiting(&self) -> u64 {
        let queued = u64::from(!self.changes.is_empty());
        self.serial.saturating_sub(self.applied).saturating_add(queued)
    }

    /// Whether there is a next message.
    pub(crate) fn has_more(&self, may_begin: bool) -> bool {
        !self.changes.is_empty()
            || match self.sync {
                Sync::No => false,
                Sync::Wanted => may_begin,
                Sync::At(_) | Sync::Ending => true,
            }
    }

    /// The next message; `None` when all is told. A synchronisation begins only when `may_begin`:
    /// before all bans are known it would take out those that the kernel has from before.
    pub(crate) fn next(&mut self, bans: &dyn Places, may_begin: bool) -> Option<ToFirewall> {
        if self.sync == Sync::Wanted && may_begin {
            self.sync = Sync::At(0);
            // what waits is told with all the others
            self.changes.clear();
            return Some(ToFirewall::Begin);
        }
        if !self.changes.is_empty() {
            let count = self.changes.len().min(FIREWALL_PAGE);
            let changes = self.changes.drain(..count).collect();
            self.serial = self.serial.saturating_add(1);
            return Some(ToFirewall::Changes { serial: self.serial, changes });
        }
        let from = match self.sync {
            Sync::At(from) => from,
            Sync::Ending => {
                self.sync = Sync::No;
                return Some(ToFirewall::Done);
            }
            Sync::No | Sync::Wanted => return None,
        };
        let end = from.saturating_add(LOOKED_AT);
        let mut page = Vec::new();
        for (place, ban) in bans.from(from) {
            if place >= end || page.len() >= FIREWALL_PAGE {
                self.sync = Sync::At(place);
                return Some(ToFirewall::Page(page));
            }
            if is_everywhere(ban) {
                let until = ban.until.map(|until| until.saturating_sub(bans.skew()));
                page.push(Shut { network: ban.network, until });
            }
        }
        self.sync = Sync::Ending;
        Some(ToFirewall::Page(page))
    }
}

/// Whether a ban shuts out of every service: the kernel knows no services, and one that is about a
/// single one is the door's alone.
fn is_everywhere(ban: &Ban) -> bool {
    ban.source.only.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::Network;
    use portreeve_policy::BanSource;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    struct Bans(Vec<Ban>);

    impl Places for Bans {
        fn from(&self, from: u32) -> Box<dyn Iterator<Item = (u32, &Ban)> + '_> {
            let all = (0..).zip(&self.0);
            Box::new(all.filter(move |(place, _)| *place >= from))
        }

        fn skew(&self) -> i64 {
            0
        }
    }

    fn net(n: u32) -> Network {
        Network::host(IpAddr::from(Ipv4Addr::from(n)))
    }

    fn ban(n: u32, only: &str) -> Ban {
        let source = BanSource { only: only.into(), ..BanSource::default() };
        let reason = "".into();
        Ban { network: net(n), since: 0, until: None, reason, source: Arc::new(source) }
    }

    fn told(feed: &mut Feed, bans: &Bans) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(message) = feed.next(bans, true) {
            told.push(match message {
                ToFirewall::Begin => "begin".to_owned(),
                ToFirewall::Page(page) => format!("{} bans", page.len()),
                ToFirewall::Done => "done".to_owned(),
                ToFirewall::Changes { serial, changes } => format!("{}: {}", serial, changes.len()),
                other @ (ToFirewall::Configure(_) | ToFirewall::Remove) => format!("{other:?}"),
            });
        }
        told
    }

    #[test]
    fn a_synchronisation_tells_all_that_are_about_every_service() {
        let bans = Bans((0..7000).map(|n| ban(n, if n % 7 == 0 { "ssh" } else { "" })).collect());
        let mut feed = Feed::default();
        assert_eq!(told(&mut feed, &bans), [""; 0]);
        feed.synchronise();
        feed.change(Change::Free(net(1)));
        let first = Some(ToFirewall::Changes { serial: 1, changes: vec![Change::Free(net(1))] });
        assert_eq!(feed.next(&bans, false), first);
        assert_eq!(feed.next(&bans, false), None, "not before all are known");
        feed.applied(1);
        feed.change(Change::Free(net(1)));
        assert_eq!(told(&mut feed, &bans), ["begin", "3000 bans", "3000 bans", "done"]);
        assert_eq!(feed.waiting(), 0, "the change was told with the others");
        feed.synchronise();
        assert_eq!(told(&mut feed, &Bans(Vec::new())), ["begin", "0 bans", "done"]);
    }

    #[test]
    fn changes_come_between_the_pages_in_their_order() {
        let bans = Bans((0..6500).map(|n| ban(n, "")).collect());
        let mut feed = Feed::default();
        feed.synchronise();
        assert_eq!(feed.next(&bans, true), Some(ToFirewall::Begin));
        assert!(matches!(feed.next(&bans, true), Some(ToFirewall::Page(_))));
        let shut = Change::Shut(Shut { network: net(9), until: None });
        feed.change(shut);
        feed.change(Change::Free(net(10)));
        let changes = vec![shut, Change::Free(net(10))];
        assert_eq!(feed.next(&bans, true), Some(ToFirewall::Changes { serial: 1, changes }));
        assert_eq!(feed.waiting(), 1);
        feed.applied(7);
        assert_eq!(feed.waiting(), 0);
        assert_eq!(told(&mut feed, &bans), ["3000 bans", "500 bans", "done"]);
    }

    #[test]
    fn too_many_changes_become_a_synchronisation() {
        let mut feed = Feed::default();
        for n in 0..=MOST {
            feed.change(Change::Free(net(u32::try_from(n).unwrap())));
        }
        assert_eq!(told(&mut feed, &Bans(Vec::new())), ["begin", "0 bans", "done"]);
    }
}
