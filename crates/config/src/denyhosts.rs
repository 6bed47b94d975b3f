//! A denyhosts.cfg as a watch, a judge, and what becomes of its bans.

use crate::check::{self, Check};
use crate::codes;
use crate::native::fixed_zone;
use crate::world::{DialectFiles, World};
use portreeve_diag::Span;
use portreeve_dialect::denyhosts::{
    Allowed, EmailMethod, Reading, Settings, iptables_rule, of_ipv6, private, read, restricted,
    tell_door,
};
use portreeve_model::preset::DenyHosts as Preset;
use portreeve_model::{
    BanCommand, BanMail, Dialect, Family, HostsDeny, Judge, MailBy, MailLogin, Network, Origin,
    Pattern, Rule, ServiceName, Settings as ModelSettings, Sited, Start, Watch, WatchFile, Watcher,
    Zone,
};
use std::time::Duration;

/// What `[import]` says of DenyHosts.
#[derive(Clone, Debug)]
pub(crate) struct DenyHosts {
    /// Its configuration.
    pub(crate) file: String,
    /// Where that is written.
    pub(crate) at: Span,
    /// How `[x-y]` in allowed-hosts is read.
    pub(crate) reading: Reading,
    /// Whether addresses that only a local network has are denied too.
    pub(crate) private: bool,
    /// The services that its bans are of; empty: all.
    pub(crate) services: Vec<ServiceName>,
    /// As whom plug-ins run.
    pub(crate) user: String,
}

impl DenyHosts {
    /// As a path alone has it.
    pub(crate) fn plain(file: String, at: Span) -> Self {
        let (reading, user) = (Reading::default(), "root".to_owned());
        Self { file, at, reading, private: false, services: Vec::new(), user }
    }
}

/// What comes of it.
#[derive(Debug)]
pub(crate) struct Imported {
    /// What it reads.
    pub(crate) watch: Watch,
    /// How it counts.
    pub(crate) judge: Judge,
    /// Whom it never denies.
    pub(crate) never: Vec<Rule>,
    /// Files it keeps.
    pub(crate) hosts_deny: Vec<HostsDeny>,
    /// Programs it runs.
    pub(crate) commands: Vec<BanCommand>,
    /// Where its reports go.
    pub(crate) mail: Option<BanMail>,
}

impl Imported {
    /// Beside what else is configured. A mail of `[ban]` stays what it is.
    pub(crate) fn join(
        self,
        settings: &mut ModelSettings,
        watches: &mut Vec<Watch>,
        judges: &mut Vec<Judge>,
    ) {
        watches.push(self.watch);
        judges.push(self.judge);
        settings.never_ban.extend(self.never);
        settings.ban.hosts_deny.extend(self.hosts_deny);
        settings.ban.commands.extend(self.commands);
        settings.ban.mail = settings.ban.mail.take().or(self.mail);
    }
}

/// Entries of a file of ours, at most.
const MOST_ENTRIES: u32 = 100_000;
/// What `find` would take for a stuck plug-in: DenyHosts waits for ever.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reads what is to be imported; nothing where there is an error, which is among the findings.
pub(crate) fn import(
    check: &mut Check,
    world: &mut dyn World,
    import: &DenyHosts,
) -> Option<Imported> {
    let DenyHosts { file, at, .. } = import;
    let base = file.rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned();
    let mut files = DialectFiles(world);
    let (sources, found) = (&mut check.sources, &mut check.found);
    let settings = read(file, Some(*at), &base, &mut files, sources, found)?;
    tell_door(&settings, &mut check.found);
    let work_dir = settings.at("WORK_DIR").or(Some(*at));
    let etc_dir = settings.at("ETC_DIR").or(Some(*at));
    let mut files = DialectFiles(world);
    let (sources, found) = (&mut check.sources, &mut check.found);
    let reading = import.reading;
    let allowed = Allowed::read(&settings.work_dir, work_dir, reading, &mut files, sources, found);
    let accounts = restricted(&settings.etc_dir, etc_dir, &mut files, found);
    if accounts.len() >= Judge::MOST_ENTRIES {
        let message = format!("more than {} restricted accounts", Judge::MOST_ENTRIES - 1);
        check.say(check::error(codes::TOO_LARGE, etc_dir.unwrap_or(*at), message));
        return None;
    }
    let maker = Maker { check, settings: &settings, import };
    let never = allowed.entries.iter().map(|entry| Rule {
        pattern: match entry.range.first() == entry.range.last() {
            true => Pattern::Network(Network::host(entry.range.first())),
            false => Pattern::Range(entry.range),
        },
        text: entry.text.clone(),
        origin: maker.origin(entry.at),
    });
    Some(Imported {
        watch: maker.watch(world.zone("local").unwrap_or_else(|| fixed_zone(0)))?,
        judge: maker.judge(accounts.into_iter().collect())?,
        never: never.collect(),
        hosts_deny: maker.hosts_deny(),
        commands: maker.commands(),
        mail: maker.mail(),
    })
}

/// What the model's values are made of.
struct Maker<'a> {
    check: &'a Check,
    settings: &'a Settings,
    import: &'a DenyHosts,
}

impl Maker<'_> {
    fn origin(&self, at: Span) -> Origin {
        Origin { dialect: Dialect::DenyHosts, ..self.check.origin(at) }
    }

    /// Where a key stands, or the import.
    fn of(&self, key: &str) -> Origin {
        self.origin(self.settings.at(key).unwrap_or(self.import.at))
    }

    fn watch(&self, zone: Zone) -> Option<Watch> {
        let dovecot = self.settings.dovecot.then_some(Watcher::Dovecot);
        let file = WatchFile {
            path: self.settings.secure_log.clone(),
            // what it has read before is another's to know; lines of long ago are passed over
            start: Start::Beginning,
            origin: self.of("SECURE_LOG"),
        };
        let userdef = self.settings.userdef.iter();
        Some(Watch {
            name: "denyhosts".parse().ok()?,
            files: vec![file],
            journal: None,
            detectors: [Some(Watcher::Sshd), dovecot].into_iter().flatten().collect(),
            filters: Vec::new(),
            userdef: userdef.map(|(text, at)| Sited::new(text.clone(), self.origin(*at))).collect(),
            service: "sshd".parse().ok()?,
            zone,
            origin: Sited::new((), self.of("SECURE_LOG")),
        })
    }

    fn judge(&self, restricted_users: Vec<String>) -> Option<Judge> {
        let time = |seconds: Option<u64>| seconds.map(Duration::from_secs);
        let Settings { thresholds, resets, .. } = self.settings;
        let preset = Preset {
            invalid: thresholds.invalid,
            valid: thresholds.valid,
            root: thresholds.root,
            restricted: thresholds.restricted,
            reset_invalid: time(resets.invalid),
            reset_valid: time(resets.valid),
            reset_root: time(resets.root),
            reset_restricted: time(resets.restricted),
            reset_on_success: self.settings.reset_on_success,
            purge: time(self.settings.purge_deny),
            purge_threshold: self.settings.purge_threshold,
            restricted_users,
        };
        let mut judge = preset.judge("denyhosts".parse().ok()?, self.of("DENY_THRESHOLD_INVALID"));
        // a session of the door's own is told of in no log's name
        judge.hears.detectors.push(Watcher::Sshd.word().to_owned());
        if self.settings.dovecot {
            judge.hears.detectors.push(Watcher::Dovecot.word().to_owned());
        }
        if !self.settings.userdef.is_empty() {
            judge.hears.detectors.push(USERDEF.to_owned());
        }
        if !self.import.private {
            judge.spares = private().to_vec();
        }
        judge.only.clone_from(&self.import.services);
        Some(judge)
    }

    fn hosts_deny(&self) -> Vec<HostsDeny> {
        let own = HostsDeny {
            path: self.settings.hosts_deny.clone(),
            daemon: self.settings.block_service.clone(),
            markers: self.settings.purge_deny.is_some(),
            most: MOST_ENTRIES,
            origin: Sited::new((), self.of("HOSTS_DENY")),
        };
        let table = self.settings.pf_table_file.as_ref().map(|path| HostsDeny {
            path: path.clone(),
            daemon: None,
            markers: false,
            most: MOST_ENTRIES,
            origin: Sited::new((), self.of("PF_TABLE_FILE")),
        });
        [Some(own), table].into_iter().flatten().collect()
    }

    fn commands(&self) -> Vec<BanCommand> {
        let mut commands = Vec::new();
        let mut add = |name: &str, key: &str, family, ban: Vec<String>, unban: Vec<String>| {
            let user = if key.starts_with("PLUGIN") { self.import.user.as_str() } else { "root" };
            let Ok(name) = name.parse() else { return };
            let origin = self.of(key);
            commands.push(BanCommand {
                name,
                family,
                ban,
                unban,
                start: Vec::new(),
                user: Sited::new(user.to_owned(), origin),
                timeout: TIMEOUT,
                // one after another, as DenyHosts does
                at_once: 1,
                restored: false,
                origin: Sited::new((), origin),
            });
        };
        if let Some(iptables) = &self.settings.iptables {
            for (name, program, family) in [
                ("iptables", iptables.clone(), Family::V4),
                ("ip6tables", of_ipv6(iptables), Family::V6),
            ] {
                let rule = |deed| self.rule(&program, deed);
                add(name, "IPTABLES", family, rule("-I"), rule("-D"));
            }
        }
        if let Some((pfctl, table)) = &self.settings.pf {
            let words = [pfctl, "-t", table, "-T", "add", "{address}"];
            add("pf", "PFCTL_PATH", Family::Dual, words.map(str::to_owned).into(), Vec::new());
        }
        for (at, plugin) in self.settings.plugin_deny.iter().enumerate() {
            let name = format!("plugin-deny-{}", at + 1);
            add(&name, "PLUGIN_DENY", Family::Dual, with_address(plugin), Vec::new());
        }
        if let Some(plugin) = &self.settings.plugin_purge {
            add("plugin-purge", "PLUGIN_PURGE", Family::Dual, Vec::new(), with_address(plugin));
        }
        commands
    }

    fn rule(&self, program: &str, deed: &str) -> Vec<String> {
        iptables_rule(program, deed, self.settings.block_port.as_deref(), "{address}")
    }

    fn mail(&self) -> Option<BanMail> {
        let smtp = &self.settings.smtp;
        if self.settings.admin_email.is_empty() {
            return None;
        }
        let by = match (&smtp.host, self.settings.email_method) {
            (Some(host), EmailMethod::Smtp) => MailBy::Smtp {
                host: host.clone(),
                port: smtp.port,
                tls: smtp.ssl,
                login: smtp.login.clone().map(|(user, password)| MailLogin {
                    user,
                    password,
                    file: None,
                }),
            },
            _ => MailBy::Program(
                ["/usr/sbin/sendmail", "-t", "-i"].map(str::to_owned).into_iter().collect(),
            ),
        };
        let origin = self.of("ADMIN_EMAIL");
        Some(BanMail {
            to: self.settings.admin_email.clone(),
            from: smtp.from.clone().unwrap_or_else(|| "DenyHosts <nobody@localhost>".to_owned()),
            subject: smtp.subject.clone().unwrap_or_else(|| "DenyHosts Report".to_owned()),
            by,
            every: Duration::from_secs(self.settings.daemon_sleep.max(30)),
            user: Sited::new("nobody".to_owned(), origin),
            origin: Sited::new((), origin),
        })
    }
}

/// What the detector of `USERDEF_FAILED_ENTRY_REGEX` is called.
const USERDEF: &str = "userdef-failed-entry-regex";

fn with_address(program: &[String]) -> Vec<String> {
    program.iter().cloned().chain(["{address}".to_owned()]).collect()
}
