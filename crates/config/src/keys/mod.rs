//! Every key of the native language, once: parser, suggestions and documentation read it here.

mod ban;
mod door;
mod inner;
mod judge;
mod kept;
mod service;
mod watch;

use std::fmt::Write as _;

/// A table in which keys may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The top of a file.
    Top,
    /// `[portreeve]`.
    Door,
    /// `[portreeve]`, `log = { … }`.
    EventLog,
    /// `[portreeve]`, `evidence = { … }`.
    Evidence,
    /// `[portreeve]`, `on-stop = { … }`.
    OnStop,
    /// `[import]`.
    Import,
    /// `[import]`, `hosts-access = { … }`.
    HostsAccess,
    /// `[import]`, `fail2ban = { … }`.
    Fail2ban,
    /// `[import]`, `denyhosts = { … }`.
    DenyHosts,
    /// `[ban]`.
    Ban,
    /// `[ban]`, `breaker = { … }`.
    Breaker,
    /// `[ban.nftables]`.
    Nftables,
    /// `[ban.hosts-deny]`.
    HostsDeny,
    /// `[ban.command.NAME]`.
    BanCommand,
    /// `[ban.mail]`.
    BanMail,
    /// `[ban.mail]`, `smtp = { … }`.
    Smtp,
    /// `login = { … }` of `smtp`.
    SmtpLogin,
    /// `[defaults]`.
    Defaults,
    /// `[service.NAME]`.
    Service,
    /// `[service.NAME]` with `keep = true`.
    Kept,
    /// `[trap.NAME]`.
    Trap,
    /// `[watch.NAME]`.
    Watch,
    /// An entry of `files` of a watch.
    WatchFile,
    /// `journal = { … }` of a watch.
    Journal,
    /// An entry of `filters` of a watch.
    Filter,
    /// `[judge.NAME]`, as portreeve judges or with tallies of its own.
    Judge,
    /// `[judge.NAME]` with `preset = "fail2ban"`.
    JudgeFail2ban,
    /// `[judge.NAME]` with `preset = "denyhosts"`.
    JudgeDenyHosts,
    /// `[judge.NAME]` with `preset = "openssh"`.
    JudgeOpenSsh,
    /// An entry of `tallies` of a judge.
    Tally,
    /// An entry of `charges` of a tally.
    Charge,
    /// `users = { … }` of a charge.
    ChargeUsers,
    /// An entry of `levels` of a judge.
    Level,
    /// `term = { … }` of a judge.
    Term,
    /// An entry of `listen`.
    Listen,
    /// An entry of `access`.
    Access,
    /// An entry of `deny-listed` or `except-listed`.
    DnsList,
    /// `rules = { … }`.
    Rules,
    /// `rate = { … }`.
    Rate,
    /// `per-source = { … }` and `per-source-startups = { … }`.
    PerSource,
    /// `limits = { … }`.
    Limits,
    /// One of the limits.
    Limit,
    /// `environment = { … }`.
    Environment,
    /// `log = { … }` of a service.
    Log,
    /// `restart = { … }` of a kept service.
    Restart,
    /// `log = { … }` of a kept service.
    KeptLog,
    /// `refuse = { … }`.
    Refuse,
    /// `keep-alive = { … }`.
    KeepAlive,
    /// `[portreeve]`, `delayed = { … }`.
    Delayed,
}

impl Scope {
    /// Every scope, in the order of the documentation.
    pub const ALL: [Self; 49] = [
        Self::Top,
        Self::Door,
        Self::EventLog,
        Self::Evidence,
        Self::Delayed,
        Self::OnStop,
        Self::Import,
        Self::HostsAccess,
        Self::Fail2ban,
        Self::DenyHosts,
        Self::Ban,
        Self::Breaker,
        Self::Nftables,
        Self::HostsDeny,
        Self::BanCommand,
        Self::BanMail,
        Self::Smtp,
        Self::SmtpLogin,
        Self::Service,
        Self::Trap,
        Self::Defaults,
        Self::Kept,
        Self::Restart,
        Self::KeptLog,
        Self::Watch,
        Self::WatchFile,
        Self::Journal,
        Self::Filter,
        Self::Judge,
        Self::Tally,
        Self::Charge,
        Self::ChargeUsers,
        Self::Level,
        Self::Term,
        Self::JudgeFail2ban,
        Self::JudgeDenyHosts,
        Self::JudgeOpenSsh,
        Self::Listen,
        Self::Access,
        Self::DnsList,
        Self::Rules,
        Self::Rate,
        Self::PerSource,
        Self::Limits,
        Self::Limit,
        Self::Environment,
        Self::Log,
        Self::Refuse,
        Self::KeepAlive,
    ];

    /// How people name it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Top => "the top of a file",
            Self::Door => "[portreeve]",
            Self::EventLog => "log of [portreeve]",
            Self::Evidence => "evidence of [portreeve]",
            Self::OnStop => "on-stop of [portreeve]",
            Self::Import => "[import]",
            Self::HostsAccess => "hosts-access of [import]",
            Self::Fail2ban => "fail2ban of [import]",
            Self::DenyHosts => "denyhosts of [import]",
            Self::Ban => "[ban]",
            Self::Breaker => "breaker of [ban]",
            Self::Nftables => "[ban.nftables]",
            Self::HostsDeny => "[ban.hosts-deny]",
            Self::BanCommand => "[ban.command.NAME]",
            Self::BanMail => "[ban.mail]",
            Self::Smtp => "smtp of [ban.mail]",
            Self::SmtpLogin => "login of smtp",
            Self::Defaults => "[defaults]",
            Self::Service => "[service.NAME]",
            Self::Kept => "a service with keep = true",
            Self::Restart => "restart of a kept service",
            Self::KeptLog => "log of a kept service",
            Self::Trap => "[trap.NAME]",
            Self::Watch => "[watch.NAME]",
            Self::WatchFile => "an entry of files of a watch",
            Self::Journal => "journal of a watch",
            Self::Filter => "an entry of filters of a watch",
            Self::Judge => "[judge.NAME]",
            Self::JudgeFail2ban => "a judge with preset = \"fail2ban\"",
            Self::JudgeDenyHosts => "a judge with preset = \"denyhosts\"",
            Self::JudgeOpenSsh => "a judge with preset = \"openssh\"",
            Self::Tally => "an entry of tallies of a judge",
            Self::Charge => "an entry of charges of a tally",
            Self::ChargeUsers => "users of a charge",
            Self::Level => "an entry of levels of a judge",
            Self::Term => "term of a judge",
            Self::Listen => "an entry of listen",
            Self::Access => "an entry of access",
            Self::DnsList => "an entry of deny-listed or except-listed",
            Self::Rules => "rules",
            Self::Rate => "rate",
            Self::PerSource => "per-source and per-source-startups",
            Self::Limits => "limits",
            Self::Limit => "one of limits",
            Self::Environment => "environment",
            Self::Log => "log of a service",
            Self::Refuse => "refuse",
            Self::KeepAlive => "keep-alive",
            Self::Delayed => "delayed of [portreeve]",
        }
    }
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Where it may stand.
    pub scopes: &'static [Scope],
    /// What it takes, to complete the sentence "it takes …".
    pub form: &'static str,
    /// What applies without it: TOML where TOML can say it, else words.
    pub default: Fallback,
    /// A value, in TOML.
    pub example: &'static str,
    /// What it does, in a sentence without its full stop.
    pub prose: &'static str,
}

/// What applies where a key is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// This value, in TOML: writing it changes nothing.
    Is(&'static str),
    /// What these words say.
    Means(&'static str),
    /// Nothing: the key must be written.
    Required,
}

/// Every key.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    let outer = door::KEYS.iter().chain(service::KEYS).chain(kept::KEYS).chain(watch::KEYS);
    outer.chain(judge::KEYS).chain(ban::KEYS).chain(inner::KEYS)
}

/// The keys that may stand in a scope, in the order of the registry.
pub fn keys_of(scope: Scope) -> impl Iterator<Item = &'static Key> {
    keys().filter(move |key| key.scopes.contains(&scope))
}

/// The key of this name in a scope.
#[must_use]
pub fn key(scope: Scope, name: &str) -> Option<&'static Key> {
    keys_of(scope).find(|key| key.name == name)
}

/// Whether a table that does not write a key takes its value from `[defaults]`. A trap is for
/// strangers: whom services let in, when and how many must not shelter anybody from it. What is said
/// of sessions means nothing to a service that is kept up.
pub(crate) fn inherited(scope: Scope, name: &str) -> bool {
    let known = |scope| key(scope, name).is_some();
    // these mean sessions there, and a kept service itself
    let of_sessions = ["kill-after", "log"].contains(&name);
    let stranger = scope == Scope::Trap && !TRAPS_TAKE.contains(&name);
    let other = scope == Scope::Kept && of_sessions;
    known(scope) && known(Scope::Defaults) && !stranger && !other
}

/// What traps take from `[defaults]`.
const TRAPS_TAKE: [&str; 9] = [
    "ban",
    "banner",
    "banner-success",
    "banner-refused",
    "refuse",
    "backlog",
    "keep-alive",
    "no-delay",
    "log",
];

/// The words for keys in other tools, with what they are called here.
pub(crate) const FOREIGN: [(&str, &str); 28] = [
    ("access_times", "hours"),
    ("args", "run"),
    ("banner_fail", "banner-refused"),
    ("bind", "listen"),
    ("ClientAliveInterval", "keep-alive"),
    ("cps", "rate"),
    ("cwd", "directory"),
    ("deny_time", "ban"),
    ("disable", "disabled"),
    ("enabled", "disabled"),
    ("env", "environment"),
    ("interface", "listen"),
    ("keepalive", "keep-alive"),
    ("libwrap", "hosts-access"),
    ("log_on_failure", "log"),
    ("log_on_success", "log"),
    ("log_type", "log"),
    ("LoginGraceTime", "grace"),
    ("MaxStartups", "startups"),
    ("no_access", "deny"),
    ("only_from", "allow"),
    ("passenv", "environment"),
    ("PerSourceMaxStartups", "per-source-startups"),
    ("PerSourceNetBlockSize", "source-width"),
    ("port", "listen"),
    ("server", "run"),
    ("server_args", "run"),
    ("tcprules", "rules"),
];

/// The tables of the documentation, in Markdown, from the registry alone. Services, traps and
/// `[defaults]` share one.
#[must_use]
pub fn markdown() -> String {
    const SHARED: [Scope; 3] = [Scope::Service, Scope::Trap, Scope::Defaults];
    let mut out = String::new();
    for scope in Scope::ALL {
        if scope == Scope::Trap || scope == Scope::Defaults {
            continue;
        }
        if scope == Scope::Service {
            out.push_str("### `[service.NAME]`, `[trap.NAME]` and `[defaults]`\n\n");
            out.push_str("| key | in | takes | without it | meaning |\n|---|---|---|---|---|\n");
            let shared = |key: &&Key| SHARED.iter().any(|scope| key.scopes.contains(scope));
            keys().filter(shared).for_each(|key| row(&mut out, key, Some(&places(key))));
        } else {
            let _ = writeln!(out, "### {}\n", title_in_markdown(scope));
            out.push_str("| key | takes | without it | meaning |\n|---|---|---|---|\n");
            keys_of(scope).for_each(|key| row(&mut out, key, None));
        }
        out.push('\n');
    }
    out
}

/// The places of a key that services, traps and `[defaults]` share.
fn places(key: &Key) -> String {
    let names = [(Scope::Service, "service"), (Scope::Trap, "trap"), (Scope::Defaults, "defaults")];
    let named = names.iter().filter(|(scope, _)| key.scopes.contains(scope));
    named.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

fn row(out: &mut String, key: &Key, places: Option<&str>) {
    let Key { name, form, example, prose, .. } = key;
    let default = match key.default {
        Fallback::Is(toml) => format!("`{toml}`"),
        Fallback::Means(words) => words.to_owned(),
        Fallback::Required => "must be written".to_owned(),
    };
    let places = places.map(|places| format!("{places} | ")).unwrap_or_default();
    let _ = writeln!(out, "| `{name}` | {places}{form}: `{example}` | {default} | {prose}. |");
}

fn title_in_markdown(scope: Scope) -> String {
    let title = scope.title();
    if title.starts_with('[') { format!("`{title}`") } else { title.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_thing_in_one_scope() {
        for scope in Scope::ALL {
            let names: Vec<_> = keys_of(scope).map(|key| key.name).collect();
            assert!(!names.is_empty(), "{scope:?}");
            for name in &names {
                assert_eq!(names.iter().filter(|n| *n == name).count(), 1, "{scope:?} {name}");
                let kebab = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                assert!(name.bytes().all(kebab), "{name}");
            }
        }
    }

    #[test]
    fn prose_is_one_cell_of_a_table() {
        for key in keys() {
            for text in [key.form, key.prose, key.example] {
                assert!(!text.contains('|') && !text.contains('\n'), "{}: {text}", key.name);
            }
            assert!(!key.prose.ends_with('.'), "{}", key.name);
        }
    }

    #[test]
    fn foreign_words_lead_to_keys() {
        for (_, ours) in FOREIGN {
            let known = key(Scope::Service, ours).or_else(|| key(Scope::Trap, ours));
            assert!(known.is_some(), "{ours}");
        }
    }
}
