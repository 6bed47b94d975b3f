//! Who comes in, how many, how fast.

use super::fields::Fields;
use super::item::Item;
use super::raw::Value;
use super::{Desk, access, dns_lists};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::words::{clock, duration, startups};
use portreeve_model::{
    Admission, Authentication, HourRange, Hours, Load, PerSource, Rate, Sited, SourceWidth,
    Startups, Watcher, Zone,
};
use std::time::Duration;

/// How long a session that is expected to authenticate may take, where nothing else is said.
const GRACE: Duration = Duration::from_secs(120);

/// Everything that decides about a connection.
pub(super) fn read(desk: &mut Desk<'_>, fields: Fields<'_>) -> Admission {
    let hours = hours(desk, fields);
    let lists = access::read(desk, fields);
    let check = &mut *desk.check;
    let width = fields.get("source-width").and_then(|item| item.parsed(check, startups::width));
    let width = width.unwrap_or(SourceWidth::DEFAULT);
    let mut admission = Admission {
        hours,
        lists,
        wrappers: None, // under a name that depends on what the service offers
        dns_lists: dns_lists::read(check, fields),
        rules: None,
        rate: unless(fields, "rate", "none").and_then(|item| rate(check, item)),
        instances: unless(fields, "instances", "unlimited").and_then(|item| count(check, item)),
        per_source: per_source(check, fields, "per-source", width),
        load: unless(fields, "max-load", "unlimited").and_then(|item| load(check, item)),
        startups: unless(fields, "startups", "none").and_then(|item| startups_of(check, item)),
        per_source_startups: per_source(check, fields, "per-source-startups", width),
        grace: None,
        authentication: authentication(check, fields),
    };
    admission.grace = grace(check, fields, &admission);
    admission
}

/// A value, unless it is the word that switches the key off.
pub(super) fn unless<'a>(fields: Fields<'a>, name: &'static str, word: &str) -> Option<Item<'a>> {
    fields.get(name).filter(|item| !item.is_word(word))
}

fn hours(desk: &mut Desk<'_>, fields: Fields<'_>) -> Option<Hours> {
    let zone = zone(desk, fields);
    let check = &mut *desk.check;
    let item = unless(fields, "hours", "always")?;
    let entries = item.entries(check)?;
    let mut ranges = Vec::new();
    for entry in &entries {
        let Some((from, to)) = entry.parsed(check, clock::parse) else { continue };
        ranges.push(HourRange { from, to, origin: check.origin(entry.at) });
    }
    if entries.is_empty() {
        let message = "`hours` is empty: the service is never open";
        let finding = check::warning(codes::ADMITS_NOBODY, item.at, message);
        check.say(finding.help("remove `hours` to keep it open, or write `disabled = true`"));
    }
    Some(Hours { ranges, zone: zone.unwrap_or_else(Zone::utc), origin: check.origin(item.named) })
}

/// The zone of `time-zone`, or the host's own.
fn zone(desk: &mut Desk<'_>, fields: Fields<'_>) -> Option<Zone> {
    let item = fields.get("time-zone");
    let name = match item {
        Some(item) => item.text(desk.check)?,
        None if fields.get("hours").is_some() => "local",
        None => return None,
    };
    let zone = desk.world.zone(name);
    if let (None, Some(at)) = (&zone, item.or(fields.get("hours")).map(|item| item.at)) {
        let message = format!("this host knows no time zone `{name}`");
        let finding = check::error(codes::BAD_TIME_ZONE, at, message);
        desk.check.say(finding.help("see `/usr/share/zoneinfo` for the names, such as `UTC`"));
    }
    zone
}

fn rate(check: &mut Check, item: Item<'_>) -> Option<Sited<Rate>> {
    let table = item.table(check, Scope::Rate)?;
    let connections =
        table.require(check, "connections").and_then(|i| i.count(check, 1..=u32::MAX));
    let per = match table.get("per") {
        Some(item) => item.parsed(check, |text| match duration::parse(text)? {
            Duration::ZERO => Err("a window cannot be empty".into()),
            per => Ok(per),
        }),
        None => Some(Duration::from_secs(1)),
    };
    let pause = table.require(check, "pause").and_then(|item| item.parsed(check, duration::parse));
    let rate = Rate { connections: connections?, per: per?, pause: pause? };
    Some(item.sited(check, rate))
}

fn count(check: &mut Check, item: Item<'_>) -> Option<Sited<u32>> {
    let most = item.count(check, 0..=u32::MAX)?;
    nobody_at_zero(check, item, most);
    Some(item.sited(check, most))
}

fn nobody_at_zero(check: &mut Check, item: Item<'_>, most: u32) {
    if most == 0 {
        let message = format!("`{}` of 0 lets nobody in", item.key.name);
        let finding = check::warning(codes::ADMITS_NOBODY, item.at, message);
        check.say(finding.help("write `disabled = true` to switch the service off"));
    }
}

fn per_source(
    check: &mut Check,
    fields: Fields<'_>,
    name: &'static str,
    width: SourceWidth,
) -> Option<Sited<PerSource>> {
    let item = unless(fields, name, "unlimited")?;
    let limit = if item.is_table() {
        let table = item.table(check, Scope::PerSource)?;
        let max = table.require(check, "max").and_then(|item| item.count(check, 0..=u32::MAX));
        let mut length = |name, most, otherwise| match table.get(name) {
            Some(item) => item.count(check, 0..=most).and_then(|n| u8::try_from(n).ok()),
            None => Some(otherwise),
        };
        let (v4, v6) = (length("v4", 32, width.v4), length("v6", 128, width.v6));
        PerSource { max: max?, width: SourceWidth { v4: v4?, v6: v6? } }
    } else {
        PerSource { max: item.count(check, 0..=u32::MAX)?, width }
    };
    nobody_at_zero(check, item, limit.max);
    Some(item.sited(check, limit))
}

fn load(check: &mut Check, item: Item<'_>) -> Option<Sited<Load>> {
    let (Value::Integer(text, 10) | Value::Float(text)) = item.value else {
        return item.wrong_type(check);
    };
    let Some(load) = hundredths(text) else {
        item.refuse(check, "not a load average: digits with at most two decimals");
        return None;
    };
    nobody_at_zero(check, item, load);
    Some(item.sited(check, Load(load)))
}

/// A decimal number with at most two decimals, in hundredths.
fn hundredths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let part = match part.trim_end_matches('0') {
        "" => 0,
        tenths if tenths.len() == 1 && digits(tenths) => tenths.parse::<u32>().ok()? * 10,
        both if both.len() == 2 && digits(both) => both.parse().ok()?,
        _ => return None,
    };
    let whole: u32 = whole.parse().ok().filter(|_| digits(whole))?;
    whole.checked_mul(100)?.checked_add(part)
}

fn startups_of(check: &mut Check, item: Item<'_>) -> Option<Sited<Startups>> {
    let value = if item.integer().is_some() {
        startups::hard(item.count(check, 1..=u32::MAX)?)
    } else {
        item.parsed(check, startups::parse)?
    };
    Some(item.sited(check, value))
}

fn grace(check: &mut Check, fields: Fields<'_>, so_far: &Admission) -> Option<Sited<Duration>> {
    if let Some(item) = fields.get("grace") {
        let item = Some(item).filter(|item| !item.is_word("none"))?;
        let grace = item.parsed(check, |text| match duration::parse(text)? {
            Duration::ZERO => Err("no time at all; \"none\" is for no limit".into()),
            grace => Ok(grace),
        })?;
        return Some(item.sited(check, grace));
    }
    let startups = so_far.startups.map(|startups| startups.origin);
    let each = so_far.per_source_startups.map(|each| each.origin);
    let keys = ["watch", "notify"].map(|name| unless(fields, name, "none"));
    let said = keys.into_iter().flatten().next().map(|item| check.origin(item.named));
    startups.or(each).or(said).map(|origin| Sited::new(GRACE, origin))
}

fn authentication(check: &mut Check, fields: Fields<'_>) -> Authentication {
    let own = [fields.own("watch"), fields.own("notify")];
    let [watch, notify] = match own {
        [None, None] => [fields.default("watch"), fields.default("notify")],
        own => own,
    };
    let [watch, notify] = [watch, notify].map(|item| item.filter(|item| !item.is_word("none")));
    if let (Some(watch), Some(notify)) = (watch, notify) {
        let message = "`watch` and `notify` are two ways to say the same";
        let finding = check::error(codes::EXCLUSIVE, notify.named, message);
        check.say(finding.also(watch.named, "already said here").help("keep one of them"));
    }
    if let Some(item) = watch {
        let watcher = item.one_of(check, &Watcher::ALL);
        return watcher.map_or(Authentication::None, Authentication::Watch);
    }
    let descriptor = notify.and_then(|item| item.number(check, 3..=31));
    let descriptor = descriptor.and_then(|number| i32::try_from(number).ok());
    descriptor.map_or(Authentication::None, Authentication::Notify)
}

#[cfg(test)]
mod tests {
    use super::hundredths;

    #[test]
    fn loads_have_two_decimals() {
        for (text, want) in [
            ("2.5", Some(250)),
            ("2", Some(200)),
            ("0.07", Some(7)),
            ("2.500", Some(250)),
            ("2.555", None),
            ("1e3", None),
            ("-1.0", None),
            ("inf", None),
            ("99999999999.0", None),
        ] {
            assert_eq!(hundredths(text), want, "{text}");
        }
    }
}
