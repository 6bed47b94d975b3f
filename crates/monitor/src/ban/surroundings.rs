//! What stands around the door that no ban may hit: this host's own addresses and its gateways by the
//! kernel's answer, its resolvers by the compiler's, and who is inside.

use crate::door::Door;
use crate::door::current::Current;
use portreeve_model::Network;
use portreeve_policy::{Around, Ban, WhyNot};
use portreeve_sys::{gateways, socket};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Own addresses are at most so old.
const OWN_FOR: Duration = Duration::from_secs(1);
/// Gateways are at most so old.
const GATEWAYS_FOR: Duration = Duration::from_secs(60);
/// Said where there are more routes than are looked at.
const MANY_ROUTES: &str = "this host has more routes than are looked at for gateways: write those \
     that must never be shut out into `never`";

/// What the kernel has said, each sorted, with the time on the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    own: Option<(Duration, Vec<IpAddr>)>,
    gateways: Option<(Duration, Vec<IpAddr>)>,
    /// When bans were last compared with it.
    compared: Duration,
}

/// Whether a network holds one of these; they are sorted.
fn holds(addresses: &[IpAddr], network: Network) -> bool {
    let from = addresses.partition_point(|one| *one < network.address());
    addresses.get(from).is_some_and(|one| network.contains(*one))
}

impl Door {
    /// Asks the kernel again what is not fresh any more.
    pub(crate) fn look_around(&mut self) {
        let now = self.now.mono;
        let is_old = |known: &Option<(Duration, Vec<IpAddr>)>, most: Duration| {
            known.as_ref().is_none_or(|(at, _)| now.saturating_sub(*at) >= most)
        };
        if is_old(&self.judging.surroundings.own, OWN_FOR) {
            match socket::local_addresses() {
                Ok(all) => self.judging.surroundings.own = Some((now, all)),
                Err(error) => self.alarm(&format!("this host's addresses cannot be read: {error}")),
            }
        }
        if is_old(&self.judging.surroundings.gateways, GATEWAYS_FOR) {
            match gateways::gateways() {
                Ok(found) => {
                    if found.more {
                        self.alarm(MANY_ROUTES);
                    }
                    self.judging.surroundings.gateways = Some((now, found.addresses));
                }
                Err(error) => self.alarm(&format!("this host's routes cannot be read: {error}")),
            }
        }
    }

    /// Decides with all that no ban may hit; nobody may be banned while it is not known.
    ///
    /// # Errors
    /// What is not known.
    pub(crate) fn with_surroundings<T>(
        &self,
        deed: impl FnOnce(Around<'_>) -> T,
    ) -> Result<T, &'static str> {
        let known = &self.judging.surroundings;
        let (_, own) = known.own.as_ref().ok_or("this host's own addresses are not known")?;
        let (_, gateways) = known.gateways.as_ref().ok_or("this host's gateways are not known")?;
        let resolvers = &self.current.resolved.resolvers;
        Ok(deed(Around {
            host: &|network| holds(own, network),
            gateway: &|network| holds(gateways, network),
            resolver: &|network| resolvers.iter().any(|one| network.contains(*one)),
            session: &|network| self.sessions.is_inside(network),
        }))
    }

    /// Once a minute while there are bans: an address may have become this host's, or a gateway's.
    pub(crate) fn tick_surroundings(&mut self) {
        let now = self.now.mono;
        let since = now.saturating_sub(self.judging.surroundings.compared);
        if since < GATEWAYS_FOR || self.state.bans_len() == 0 {
            return;
        }
        self.judging.surroundings.compared = now;
        self.look_around();
        let known = &self.judging.surroundings;
        let own = known.own.iter().flat_map(|(_, all)| all);
        let gateways = known.gateways.iter().flat_map(|(_, all)| all);
        let resolvers = &self.current.resolved.resolvers;
        let over = |address: &IpAddr| self.state.bans_over(*address).cloned().collect::<Vec<_>>();
        let hit: Vec<Ban> = own.chain(gateways).chain(resolvers).flat_map(over).collect();
        for ban in hit {
            if self.state.unban(ban.network, &ban.source.only).is_some() {
                self.ban_ended(&ban, "lifted", None);
            }
        }
    }

    /// When bans are compared with it next.
    pub(crate) fn surroundings_due(&self) -> Option<Duration> {
        let due = self.judging.surroundings.compared.saturating_add(GATEWAYS_FOR);
        (self.state.bans_len() > 0).then_some(due)
    }

    /// Bans of before a change of the never-ban list, or of whom this host asks for names.
    pub(crate) fn protects_others(old: &Arc<Current>, new: &Arc<Current>) -> bool {
        old.config.settings.never_ban != new.config.settings.never_ban
            || old.resolved.resolvers != new.resolved.resolvers
    }
}

/// Why somebody is not banned, in words.
pub(crate) fn reason(current: &Current, why: WhyNot) -> String {
    match why {
        WhyNot::NeverBan(origin) => {
            format!("the never-ban list protects it ({})", current.show(origin))
        }
        WhyNot::HostItself => "it is this host itself, or holds its address".to_owned(),
        WhyNot::Gateway => "it is a gateway of this host, or holds one".to_owned(),
        WhyNot::Resolver => "this host asks it for names".to_owned(),
        WhyNot::Session => "it has an authenticated session open".to_owned(),
        WhyNot::Elsewhere => "it does not hold who is to be shut out".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_network_is_found_among_many() {
        let mut all: Vec<IpAddr> = ["192.0.2.7", "10.0.0.1", "2001:db8::7", "fe80::1", "192.0.2.9"]
            .map(|one| one.parse().unwrap())
            .to_vec();
        all.sort_unstable();
        for (network, want) in [
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("192.0.2.8/30", true),
            ("192.0.2.0/24", true),
            ("192.0.3.0/24", false),
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("2001:db8::/64", true),
            ("2001:db8:0:1::/64", false),
            ("fe80::/10", true),
            ("ff00::/8", false),
        ] {
            assert_eq!(holds(&all, network.parse().unwrap()), want, "{network}");
        }
        assert!(!holds(&[], "::/0".parse().unwrap()));
    }
}
