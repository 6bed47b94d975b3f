//! What the host said about a configuration: users, files, names. Unlike the configuration it may
//! change while the door runs, so it is asked again while a service is down for want of something.

use crate::{Config, Origin};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Numeric identity of a service's process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// Why a service cannot run on this host at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable word: `user`, `group`, `server`, `banner`, `bind`, `chroot`, `directory`; of a service
    /// that is kept up `finish`, `environment-directory` and `log` too.
    pub what: String,
    /// The whole reason, such as ``user `nobdy` does not exist``.
    pub reason: String,
    /// Where the configuration asks for it.
    pub origin: Origin,
}

/// Banner bytes, as read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BannerBytes {
    /// To everybody.
    pub always: Vec<u8>,
    /// To those served.
    pub success: Vec<u8>,
    /// To those refused.
    pub failure: Vec<u8>,
}

/// What the host said about one service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFacts {
    /// Why it cannot run; empty when it can.
    pub problems: Vec<Problem>,
    /// Identity of its process; `None` for the daemon's own or without a program.
    pub ids: Option<Ids>,
    /// Addresses of each listening address, in the service's order (a host name may have several).
    pub addresses: Vec<Vec<IpAddr>>,
    /// Banners.
    pub banners: BannerBytes,
}

/// What the host said about a service that is kept up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFacts {
    /// Why it cannot run; empty when it can.
    pub problems: Vec<Problem>,
    /// Identity of its process; `None` for the keeper's own.
    pub ids: Option<Ids>,
    /// Identity of its log's writer, likewise.
    pub log: Option<Ids>,
}

/// As whom a program of the door's own errands runs: `None` as the door itself; or why it cannot.
pub type Identity = Result<Option<Ids>, String>;

/// What the host said about a configuration, service by service in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// For each service.
    pub services: Vec<ServiceFacts>,
    /// For each service that is kept up.
    pub kept: Vec<KeptFacts>,
    /// What stands against the door as a whole, such as a clerk's user that does not exist.
    pub problems: Vec<String>,
    /// The clerk's identity; `None` when its user does not exist or the monitor is not root.
    pub clerk: Option<Ids>,
    /// The relay's identity, likewise.
    pub relay: Option<Ids>,
    /// The firewall's; `None` when the host has no user for it.
    pub firewall: Option<Ids>,
    /// The control group's number, if it exists.
    pub control_group: Option<u32>,
    /// Groups with which watched log files are opened: those of the clerk's user, and `adm` and
    /// `systemd-journal` where they exist.
    pub log_groups: Vec<u32>,
    /// Whom this host asks for names, by `/etc/resolv.conf`.
    pub resolvers: Vec<IpAddr>,
    /// The number of `systemd-journal`, which may read the journal.
    pub journal_group: Option<u32>,
    /// As whom each command of bans runs.
    pub ban_commands: Vec<Identity>,
    /// As whom mail is sent; `None` where none is.
    pub ban_mail: Option<Identity>,
}

impl Resolved {
    /// Whether it is about so many services as a configuration has.
    #[must_use]
    pub fn is_of(&self, config: &Config) -> bool {
        let ban = &config.settings.ban;
        self.services.len() == config.services.len()
            && self.kept.len() == config.kept.len()
            && self.ban_commands.len() == ban.commands.len()
            && self.ban_mail.is_some() == ban.mail.is_some()
    }
}
