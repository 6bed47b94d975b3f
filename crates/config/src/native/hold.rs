//! How sessions end that do not end by themselves, and how refusals end.

use super::Desk;
use super::admission::unless;
use super::fields::Fields;
use super::item::Item;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::words::duration;
use portreeve_model::{Banners, Delayed, Ends, KeepAlive, Probes, Refusals, Refuse, Sited};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// When and how the door ends sessions.
pub(super) fn ends(desk: &mut Desk<'_>, fields: Fields<'_>) -> Ends {
    let idle = idle(desk, fields);
    let kill_after = fields.get("kill-after").and_then(|item| {
        item.parsed(desk.check, |text| at_most(duration::parse(text)?, Ends::LONGEST_KILL_AFTER))
    });
    Ends { idle, kill_after: kill_after.unwrap_or(Ends::default().kill_after) }
}

fn at_most(time: Duration, most: Duration) -> Result<Duration, String> {
    if time > most { Err(format!("more than {}", duration::show(most))) } else { Ok(time) }
}

fn idle(desk: &mut Desk<'_>, fields: Fields<'_>) -> Option<Sited<Duration>> {
    let item = unless(fields, "idle", "none")?;
    let time = item.parsed(desk.check, |text| match duration::parse(text)? {
        time if time < SECOND => Err("less than a second; \"none\" is for no limit".into()),
        time => at_most(time, Ends::LONGEST_IDLE),
    })?;
    if let Err(reason) = desk.world.idle_times() {
        let message = format!("`idle` cannot be kept on this host: {reason}");
        let finding = check::error(codes::IDLE_UNKNOWN, item.at, message);
        desk.check.say(finding.help(
            "load the kernel modules `inet_diag` and `tcp_diag` (`modprobe tcp_diag`), or remove `idle`",
        ));
    }
    Some(item.sited(desk.check, time))
}

/// What becomes of refused connections.
pub(super) fn refusals(check: &mut Check, fields: Fields<'_>) -> Refusals {
    let Some(item) = fields.get("refuse") else { return Refusals::default() };
    if !item.is_table() {
        let words = [("close", Refuse::Close), ("reset", Refuse::Reset)];
        let refuse = item.one_of(check, &words).unwrap_or_default();
        return Refusals { refuse, words: None };
    }
    let Some(table) = item.table(check, Scope::Refuse) else { return Refusals::default() };
    let delay = table.get("delay").and_then(|item| {
        item.parsed(check, |text| at_most(duration::parse(text)?, Refuse::LONGEST_DELAY))
    });
    let refuse = match delay.unwrap_or_default() {
        Duration::ZERO => Refuse::Close,
        delay => Refuse::Delay(delay),
    };
    let words = table.get("words").and_then(|item| {
        item.parsed(check, |text| match text.len() > Refuse::MOST_WORDS {
            true => Err(format!("it is longer than {} bytes", Refuse::MOST_WORDS)),
            false => Ok(text.to_owned()),
        })
    });
    Refusals { refuse, words }
}

/// What a table writes itself replaces what `[defaults]` say in the other key.
pub(super) fn nearest(fields: Fields<'_>, refusals: &mut Refusals, banners: &mut Banners) {
    let (refuse, banner) = (fields.own("refuse"), fields.own("banner-refused"));
    match (refuse, banner) {
        (Some(_), None) if refusals.words.is_some() || refusals.refuse == Refuse::Reset => {
            banners.failure = None;
        }
        (None, Some(_)) => refusals.words = None,
        (Some(_) | None, Some(_) | None) => {}
    }
}

/// Keep-alives.
pub(super) fn keep_alive(check: &mut Check, item: Item<'_>) -> Option<KeepAlive> {
    if !item.is_table() {
        return match item.boolean(check)? {
            true => Some(KeepAlive::System),
            false => Some(KeepAlive::Off),
        };
    }
    let table = item.table(check, Scope::KeepAlive)?;
    let every = table.require(check, "every").and_then(|item| item.parsed(check, seconds));
    let tries = match table.get("tries") {
        Some(item) => item.count(check, 1..=Probes::MOST),
        None => Some(4),
    };
    let probes = Probes { every: every?, tries: tries? };
    if !probes.fits() {
        item.refuse(check, "`every` times `tries` is more than 24 days");
        return None;
    }
    Some(KeepAlive::Probes(probes))
}

fn seconds(text: &str) -> Result<u32, String> {
    let time = duration::parse(text)?;
    let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    if time.subsec_nanos() != 0 || !(1..=Probes::LONGEST).contains(&seconds) {
        return Err(format!("`{text}` is not in whole seconds from 1s to {}s", Probes::LONGEST));
    }
    Ok(seconds)
}

/// Bounds on refused connections that are kept open.
pub(super) fn delayed(check: &mut Check, door: Fields<'_>) -> Delayed {
    let otherwise = Delayed::default();
    let Some(table) = door.get("delayed").and_then(|item| item.table(check, Scope::Delayed)) else {
        return otherwise;
    };
    let mut number = |name, otherwise| {
        let item = table.get(name);
        item.and_then(|item: Item<'_>| item.count(check, 1..=100_000)).unwrap_or(otherwise)
    };
    Delayed {
        max: number("max", otherwise.max),
        per_source: number("per-source", otherwise.per_source),
    }
}
