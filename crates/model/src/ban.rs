//! What becomes of bans: whom they may never hit, how many there may be at once, and who is told.

use crate::{Family, ServiceName, Sited};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// `[ban]`, but for `never`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanPolicy {
    /// Which sessions of a network end when it is banned.
    pub ends: EndOnBan,
    /// When new bans are stopped.
    pub breaker: Breaker,
    /// The kernel's packet filter, if it enforces.
    pub nftables: Option<Nftables>,
    /// Files in the format of hosts.deny, if they are kept.
    pub hosts_deny: Vec<HostsDeny>,
    /// Programs that are run.
    pub commands: Vec<BanCommand>,
    /// Reports by mail, if wanted.
    pub mail: Option<BanMail>,
}

/// Which live sessions of a network end when it is banned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndOnBan {
    /// Those that have not authenticated, of services that can say so (the native default).
    #[default]
    Startups,
    /// All.
    All,
    /// None.
    None,
}

/// When new bans by judges are stopped, since something must be wrong. Bans by hand and by traps are
/// not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// New bans a minute by evidence from sessions of the door's own, whose peers have completed a
    /// handshake.
    pub per_minute: u32,
    /// New bans a minute by evidence from the journal and from files.
    pub per_minute_logs: u32,
    /// Thousandths of the IPv4 address space, and of 2^64 IPv6 networks of /64, that may be shut out.
    pub share: u16,
    /// Networks from which somebody has authenticated in the last 30 days, of which so many may be
    /// banned within an hour.
    pub known_good: u32,
    /// How long it stays open.
    pub pause: Duration,
}

/// `[ban.nftables]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nftables {
    /// Its own table, of family `inet`.
    pub table: String,
    /// Priority of its chain at the hook `prerouting`.
    pub priority: i32,
    /// Elements of each set, at most.
    pub most: u32,
}

/// `[ban.hosts-deny]`, or DenyHosts' `HOSTS_DENY`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostsDeny {
    /// The file, absolute.
    pub path: String,
    /// What stands before the address: a daemon's name or `ALL`; `None`: the bare address.
    pub daemon: Option<String>,
    /// Whether marker lines are written, by which DenyHosts knows an entry's age.
    pub markers: bool,
    /// Entries of ours, at most.
    pub most: u32,
    /// Where it was written.
    pub origin: Sited<()>,
}

/// `[ban.command.NAME]`, or DenyHosts' `PLUGIN_DENY`, `PLUGIN_PURGE`, `IPTABLES`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanCommand {
    /// Its name.
    pub name: ServiceName,
    /// Bans of this family alone are told to it: `iptables` takes no address of IPv6.
    pub family: Family,
    /// Run for each ban, if anything is: a program and its arguments, in which `{address}`, `{network}`,
    /// `{family}`, `{seconds}`, `{service}`, `{judge}` stand for what they say.
    pub ban: Vec<String>,
    /// Run for each ban that ends, likewise.
    pub unban: Vec<String>,
    /// Run when bans are given to it anew: at the door's start, likewise without an address.
    pub start: Vec<String>,
    /// As whom.
    pub user: Sited<String>,
    /// It is killed after so long.
    pub timeout: Duration,
    /// So many at once.
    pub at_once: u32,
    /// Whether bans that were there before the door's start are told to it again.
    pub restored: bool,
    /// Where it was written.
    pub origin: Sited<()>,
}

/// `[ban.mail]`, or DenyHosts' `ADMIN_EMAIL` and `SMTP_*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanMail {
    /// To whom; not empty.
    pub to: Vec<String>,
    /// From whom.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// By what means.
    pub by: MailBy,
    /// Between two mails, at least.
    pub every: Duration,
    /// As whom the sender runs.
    pub user: Sited<String>,
    /// Where it was written.
    pub origin: Sited<()>,
}

/// How a mail leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailBy {
    /// A program reads it, such as `["/usr/sbin/sendmail", "-t", "-i"]`.
    Program(Vec<String>),
    /// A server takes it by SMTP.
    Smtp {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// Whether TLS begins with the first byte; else STARTTLS is used where it is offered.
        tls: bool,
        /// Name and password, or a file that holds the password.
        login: Option<MailLogin>,
    },
}

/// A login at a mail server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailLogin {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
    /// The file that it was read from; `None`: it stands in the configuration.
    pub file: Option<String>,
}

/// Without the password.
impl fmt::Debug for MailLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, password: _, file } = self;
        f.debug_struct("MailLogin").field("user", user).field("file", file).finish_non_exhaustive()
    }
}

impl BanCommand {
    /// What a placeholder in an argument may stand for.
    pub const PLACEHOLDERS: [&str; 7] =
        ["address", "network", "family", "seconds", "service", "judge", "only"];
    /// Commands, at most.
    pub const MOST: usize = 16;
    /// At once, at most.
    pub const MOST_AT_ONCE: u32 = 64;
    /// The longest time limit.
    pub const LONGEST: Duration = Duration::from_secs(3600);
}

impl HostsDeny {
    /// Files, at most.
    pub const MOST: usize = 8;
    /// The usual file.
    pub const FILE: &'static str = "/etc/hosts.deny";
}

impl BanMail {
    /// Recipients, at most.
    pub const MOST: usize = 32;
    /// Who sends where nobody is named.
    pub const USER: &'static str = "nobody";
}

/// Its own table, before connection tracking.
impl Default for Nftables {
    fn default() -> Self {
        Self { table: "portreeve".into(), priority: -300, most: 1_000_000 }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            per_minute: 6000,
            per_minute_logs: 600,
            share: 10,
            known_good: 3,
            pause: Duration::from_secs(600),
        }
    }
}
