//! What DenyHosts counts, as it counts it: four counters of each host, and what was aimed at.

use super::{Civil, Counter, Counters, Four, Settings};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Everything that is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// Failures of each host.
    pub hosts: Four<Counters>,
    /// Users that do not exist, by how often somebody tried to be them.
    pub users_invalid: Counters,
    /// Users that do, likewise.
    pub users_valid: Counters,
    /// `USER - HOST`, of users that do.
    pub users_hosts: Counters,
    /// `USER - HOST`: logins after too many failures.
    pub suspicious: Counters,
}

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Failed to be a user that does not exist, or none.
    Invalid,
    /// Failed to be a user that does.
    Valid,
    /// Logged in.
    Success,
}

/// The files of a store: a name, which part of it, and whether its key begins with the user.
type Part = (&'static str, fn(&mut Store) -> &mut Counters, Keyed);

/// Where the host stands in a key, if it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keyed {
    Host,
    User,
    UserHost,
}

impl Store {
    const PARTS: [Part; 8] = [
        ("hosts", |store| &mut store.hosts.invalid, Keyed::Host),
        ("hosts-valid", |store| &mut store.hosts.valid, Keyed::Host),
        ("hosts-root", |store| &mut store.hosts.root, Keyed::Host),
        ("hosts-restricted", |store| &mut store.hosts.restricted, Keyed::Host),
        ("users-invalid", |store| &mut store.users_invalid, Keyed::User),
        ("users-valid", |store| &mut store.users_valid, Keyed::User),
        ("users-hosts", |store| &mut store.users_hosts, Keyed::UserHost),
        ("suspicious-logins", |store| &mut store.suspicious, Keyed::UserHost),
    ];

    /// What stands behind the name of a file for addresses of IPv6: DenyHosts would take the first
    /// piece of such an address for a host and the next one for its count.
    pub const IPV6: &str = ".ipv6";

    /// The names of its files in a work directory; those of IPv6 are called the same with
    /// [`Store::IPV6`] behind them, where there are any.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::PARTS.iter().map(|(name, ..)| *name)
    }

    /// Takes up what stands in a file.
    pub fn fill(&mut self, name: &str, read: Counters) {
        let part = Self::PARTS.iter().find(|(known, ..)| *known == name);
        if let Some((_, of, _)) = part {
            of(self).0.extend(read.0);
        }
    }

    /// What is to stand in its files: a name, and the text.
    #[must_use]
    pub fn print(mut self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for (name, of, keyed) in Self::PARTS {
            let all = std::mem::take(of(&mut self));
            let of_ipv6 = |key: &String, _: &mut Counter| match keyed {
                Keyed::User => false,
                Keyed::Host => key.contains(':'),
                Keyed::UserHost => key.rsplit(" - ").next().unwrap_or_default().contains(':'),
            };
            let mut plain = all.0;
            let v6: std::collections::BTreeMap<_, _> = plain.extract_if(.., of_ipv6).collect();
            files.push((name.to_owned(), Counters(plain).print()));
            files.push((format!("{name}{}", Self::IPV6), Counters(v6).print()));
        }
        files
    }

    /// Somebody did something. `idle` says for how many seconds a counter was left alone.
    /// Gives whether it was a login after too many failures.
    pub fn count(
        &mut self,
        (host, user, deed): (IpAddr, &str, Deed),
        settings: &Settings,
        restricted: &BTreeSet<String>,
        now: Civil,
        idle: impl Fn(Civil) -> i64,
    ) -> bool {
        let host = host.to_string();
        // DenyHosts divides lines at colons
        let user = user.replace(':', "\\x3a").replace('\n', "\\n");
        let both = format!("{user} - {host}");
        for (counters, reset) in [
            (&mut self.hosts.invalid, settings.resets.invalid),
            (&mut self.hosts.valid, settings.resets.valid),
            (&mut self.hosts.root, settings.resets.root),
            (&mut self.hosts.restricted, settings.resets.restricted),
        ] {
            let Some(reset) = reset.and_then(|reset| i64::try_from(reset).ok()) else { continue };
            if let Some(counter) = counters.0.get_mut(&host)
                && counter.at.is_some_and(|at| idle(at) > reset)
            {
                counter.count = 0;
            }
        }
        if deed == Deed::Success {
            if settings.reset_on_success {
                for counters in
                    [&mut self.hosts.invalid, &mut self.hosts.valid, &mut self.hosts.root]
                {
                    if let Some(counter) = counters.0.get_mut(&host) {
                        counter.count = 0;
                    }
                }
            }
            let late = self.hosts.invalid.count(&host) > settings.thresholds.invalid;
            if late {
                self.suspicious.add(&both, now);
            }
            return late;
        }
        let is_restricted = restricted.contains(&user);
        if is_restricted {
            self.hosts.restricted.add(&host, now);
        }
        if deed == Deed::Invalid {
            self.hosts.invalid.add(&host, now);
            self.users_invalid.add(&user, now);
            return false;
        }
        self.users_valid.add(&user, now);
        self.users_hosts.add(&both, now);
        match user.as_str() {
            "root" => self.hosts.root.add(&host, now),
            _ if is_restricted => {}
            _ => self.hosts.valid.add(&host, now),
        }
        false
    }

    /// The hosts that have done too much, in the order of their addresses; keys that are no address
    /// are passed over.
    #[must_use]
    pub fn too_many(&self, thresholds: Four<u32>) -> BTreeSet<IpAddr> {
        let of = |counters: &Counters, most: u32| -> Vec<IpAddr> {
            let over = counters.0.iter().filter(|(_, counter)| counter.count > most);
            over.filter_map(|(key, _)| key.parse().ok()).collect()
        };
        let Four { invalid, valid, root, restricted } = &self.hosts;
        let all = [
            of(invalid, thresholds.invalid),
            of(valid, thresholds.valid),
            of(root, thresholds.root),
            of(restricted, thresholds.restricted),
        ];
        all.into_iter().flatten().collect()
    }

    /// Forgets the failures of a host.
    pub fn forget(&mut self, host: &str) {
        for (_, of, keyed) in Self::PARTS {
            if keyed == Keyed::Host {
                of(self).0.remove(host);
            }
        }
    }
}

#[cfg(test)]
mod tests;
