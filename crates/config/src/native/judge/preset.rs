//! Judges as others judge.

use super::{account, entries, time, time_or};
use crate::check::Check;
use crate::keys::{self, Scope};
use crate::native::Fields;
use crate::native::item::Item;
use crate::words::duration;
use portreeve_model::preset::{DenyHosts, Fail2ban, Increment, OpenSsh};
use portreeve_model::{Judge, Origin, ServiceName};
use std::time::Duration;

/// As whom a judge judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preset {
    Portreeve,
    Fail2ban,
    DenyHosts,
    OpenSsh,
}

const PRESETS: [(&str, Preset); 4] = [
    ("portreeve", Preset::Portreeve),
    ("fail2ban", Preset::Fail2ban),
    ("denyhosts", Preset::DenyHosts),
    ("openssh", Preset::OpenSsh),
];

impl Preset {
    /// The preset that a judge names.
    pub(super) fn of(check: &mut Check, item: Item<'_>) -> Option<Self> {
        let table = item.raw_table(check)?;
        let Some(member) = table.get("preset") else { return Some(Self::Portreeve) };
        Item::of(keys::key(Scope::Judge, "preset")?, member).one_of(check, &PRESETS)
    }

    /// The keys that such a judge has.
    pub(super) fn scope(self) -> Scope {
        match self {
            Self::Portreeve => Scope::Judge,
            Self::Fail2ban => Scope::JudgeFail2ban,
            Self::DenyHosts => Scope::JudgeDenyHosts,
            Self::OpenSsh => Scope::JudgeOpenSsh,
        }
    }
}

/// What its own keys say of a judge.
pub(super) fn read(
    check: &mut Check,
    preset: Preset,
    fields: Fields<'_>,
    name: ServiceName,
    origin: Origin,
) -> Option<Judge> {
    match preset {
        Preset::Fail2ban => Some(fail2ban(check, fields)?.judge(name, origin)),
        Preset::DenyHosts => Some(denyhosts(check, fields).judge(name, origin)),
        Preset::OpenSsh => Some(openssh(check, fields)?.judge(name, origin)),
        Preset::Portreeve => {
            native(check, fields, portreeve_model::preset::portreeve(name, origin))
        }
    }
}

fn native(check: &mut Check, fields: Fields<'_>, mut judge: Judge) -> Option<Judge> {
    let words = super::term::SUCCESS;
    let success = fields.get("on-success").and_then(|item| item.one_of(check, &words));
    let term = fields.get("term").map(|item| super::term::read(check, item));
    let tallies = fields.get("tallies").map(|item| super::tally::read(check, item));
    judge.success = success.unwrap_or(judge.success);
    if let Some(term) = term {
        judge.term = term?;
    }
    if let Some(tallies) = tallies {
        judge.tallies = tallies?;
    }
    Some(judge)
}

fn fail2ban(check: &mut Check, fields: Fields<'_>) -> Option<Fail2ban> {
    let mut jail = Fail2ban::default();
    if let Some(number) = fields.get("maxretry").and_then(|item| item.count(check, 1..=4000)) {
        jail.maxretry = number;
    }
    if let Some(findtime) = fields.get("findtime").and_then(|item| time(check, item)) {
        jail.findtime = findtime;
    }
    if let Some(bantime) = fields.get("bantime").and_then(|item| time_or(check, item, "forever")) {
        jail.bantime = bantime;
    }
    let increment = fields.get("increment").and_then(|item| item.boolean(check)).unwrap_or(false);
    let how = self::increment(check, fields);
    const GROWTH: [&str; 6] =
        ["factor", "multipliers", "maxtime", "rndtime", "overalljails", "dbpurgeage"];
    for name in GROWTH {
        if let (false, Some(item)) = (increment, fields.get(name)) {
            super::term::without_growth(check, item, "increment = true");
        }
    }
    if increment {
        jail.increment = Some(how);
    }
    Some(jail)
}

fn increment(check: &mut Check, fields: Fields<'_>) -> Increment {
    let mut how = Increment::default();
    let most = 1_000_000_000;
    if let Some(factor) = fields.get("factor").and_then(|item| item.thousandths(check, 1..=most)) {
        how.factor = factor;
    }
    if let Some(item) = fields.get("multipliers") {
        let entries = item.entries(check).unwrap_or_default();
        if !(1..=64).contains(&entries.len()) && item.is_list() {
            item.refuse(check, "not from 1 to 64 numbers");
        }
        let numbers = entries.iter().filter_map(|entry| entry.count(check, 1..=1_000_000));
        how.multipliers = numbers.collect();
    }
    how.maxtime = fields.get("maxtime").and_then(|item| time(check, item));
    if let Some(random) = fields.get("rndtime").and_then(|i| i.parsed(check, duration::parse)) {
        how.rndtime = random;
    }
    if let Some(overall) = fields.get("overalljails").and_then(|item| item.boolean(check)) {
        how.overalljails = overall;
    }
    if let Some(age) = fields.get("dbpurgeage").and_then(|item| time(check, item)) {
        how.dbpurgeage = age;
    }
    how
}

fn denyhosts(check: &mut Check, fields: Fields<'_>) -> DenyHosts {
    let mut rules = DenyHosts::default();
    for (name, threshold) in [
        ("deny-threshold-invalid", &mut rules.invalid),
        ("deny-threshold-valid", &mut rules.valid),
        ("deny-threshold-root", &mut rules.root),
        ("deny-threshold-restricted", &mut rules.restricted),
    ] {
        if let Some(number) = fields.get(name).and_then(|item| item.count(check, 0..=10_000)) {
            *threshold = number;
        }
    }
    for (name, age) in [
        ("age-reset-invalid", &mut rules.reset_invalid),
        ("age-reset-valid", &mut rules.reset_valid),
        ("age-reset-root", &mut rules.reset_root),
        ("age-reset-restricted", &mut rules.reset_restricted),
        ("purge-deny", &mut rules.purge),
    ] {
        if let Some(time) = fields.get(name).and_then(|item| time_or(check, item, "never")) {
            *age = time;
        }
    }
    if let Some(reset) = fields.get("reset-on-success").and_then(|item| item.boolean(check)) {
        rules.reset_on_success = reset;
    }
    let times = fields.get("purge-threshold").and_then(|item| item.count(check, 0..=1_000_000));
    rules.purge_threshold = times.filter(|times| *times > 0);
    if let Some(item) = fields.get("restricted-users") {
        rules.restricted_users = entries(check, item, account);
    }
    rules
}

fn openssh(check: &mut Check, fields: Fields<'_>) -> Option<OpenSsh> {
    let version = fields.get("version").map(|item| {
        item.parsed(check, |text| {
            OpenSsh::of_version(text).ok_or_else(|| {
                format!("`{text}` is no version of OpenSSH that has penalties: 9.8 was the first")
            })
        })
    });
    let mut penalties = version.unwrap_or(Some(OpenSsh::V10_3))?;
    let most = Duration::from_secs(1_000_000);
    for (name, penalty) in [
        ("crash", &mut penalties.crash),
        ("authfail", &mut penalties.authfail),
        ("invaliduser", &mut penalties.invaliduser),
        ("noauth", &mut penalties.noauth),
        ("grace-exceeded", &mut penalties.grace_exceeded),
        ("refuseconnection", &mut penalties.refuseconnection),
        ("min", &mut penalties.min),
        ("max", &mut penalties.max),
    ] {
        let Some(item) = fields.get(name) else { continue };
        let read = item.parsed(check, |text| match duration::parse(text)? {
            time if time > most => Err("more than a million seconds".into()),
            time => Ok(time),
        });
        *penalty = read.unwrap_or(*penalty);
    }
    if penalties.max <= penalties.min {
        let item = fields.get("max").or_else(|| fields.get("min"))?;
        item.refuse(check, "penalties that grow no further than `min` shut nobody out");
    }
    Some(penalties)
}
