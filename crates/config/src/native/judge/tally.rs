//! `tallies` of a judge.

use super::{account, entries, time, time_or};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::native::Fields;
use crate::native::item::Item;
use portreeve_model::{By, Charge, Decay, Judge, Kind, Points, ServiceName, Tally, Users, When};

/// Charges of a tally, at most.
const CHARGES: usize = 64;
/// Points of a charge and of a limit, at most, in thousandths.
const POINTS: u32 = 10_000_000;
/// Of a sum.
const SUM: u32 = 1_000_000_000;

/// Whose sum a tally is.
pub(crate) const BY: [(&str, By); 3] =
    [("network", By::Network), ("network-and-user", By::NetworkAndUser), ("user", By::User)];

/// The tallies; `None` where they cannot be read.
pub(super) fn read(check: &mut Check, item: Item<'_>) -> Option<Vec<Tally>> {
    let entries = item.entries(check)?;
    if !(1..=Judge::MOST_TALLIES).contains(&entries.len()) {
        item.refuse(check, &format!("not from 1 to {} entries", Judge::MOST_TALLIES));
        return None;
    }
    let several = entries.len() > 1;
    let mut tallies: Vec<Tally> = Vec::new();
    for entry in &entries {
        let Some(tally) = tally(check, *entry) else { continue };
        if several && tally.name.is_empty() {
            entry.refuse(check, "of several tallies each has a `name`, which its bans say");
        } else if tallies.iter().any(|other| other.name == tally.name) {
            entry.refuse(check, &format!("a second tally `{}`", tally.name));
        }
        tallies.push(tally);
    }
    (tallies.len() == entries.len()).then_some(tallies)
}

fn tally(check: &mut Check, entry: Item<'_>) -> Option<Tally> {
    let table = entry.table(check, Scope::Tally)?;
    let name = table.get("name").map(|item| name(check, item));
    let charges = table.get("charges").map(|item| charges(check, item));
    let by = table.get("by").and_then(|item| item.one_of(check, &BY));
    let decay = decay(check, table);
    let limit = table.require(check, "limit").and_then(|item| item.thousandths(check, 1..=POINTS));
    let mut flag = |name| table.get(name).and_then(|item: Item<'_>| item.boolean(check));
    let (exceeded, lasting) = (flag("exceeded"), flag("lasting"));
    let most = table.get("most").map(|item| (item.thousandths(check, 1..=SUM), item));
    let when = if exceeded.unwrap_or(false) { When::Exceeded } else { When::Reached };
    let limit = limit?;
    let never = |most: u32| most < limit || (when == When::Exceeded && most == limit);
    if let Some((Some(most), item)) = most
        && never(most)
    {
        item.refuse(check, "a sum that stops below `limit` never fills the tally");
    }
    Some(Tally {
        name: name.unwrap_or_else(|| Some(String::new()))?,
        charges: match charges {
            Some(charges) => charges?,
            None => vec![Charge { kinds: Vec::new(), users: Users::Any, points: Points::ONE }],
        },
        by: by.unwrap_or_default(),
        decay: decay?,
        limit: Points(limit),
        when,
        most: match most {
            Some((most, _)) => Some(Points(most?)),
            None => None,
        },
        lasting: lasting.unwrap_or(false),
    })
}

fn name(check: &mut Check, item: Item<'_>) -> Option<String> {
    item.parsed(check, |text| match text.parse::<ServiceName>() {
        Ok(_) => Ok(text.to_owned()),
        Err(reason) => Err(format!("`{text}` cannot be a name here: {reason}")),
    })
}

/// One of `window`, `idle` and `drain`.
fn decay(check: &mut Check, table: Fields<'_>) -> Option<Decay> {
    let items = ["window", "idle", "drain"].map(|name| table.get(name));
    let mut written = items.into_iter().flatten();
    let Some(first) = written.next() else {
        let message = "nothing says how the sum shrinks: `window`, `idle` or `drain`";
        let finding = check::error(codes::MISSING_KEY, table.at, message);
        check.say(finding.help("add `window = \"10m\"`"));
        return None;
    };
    if let Some(second) = written.next() {
        let message = "`window`, `idle` and `drain` exclude one another";
        let finding = check::error(codes::EXCLUSIVE, second.named, message);
        check.say(finding.also(first.named, "already said here").help("keep one of them"));
    }
    match items {
        [Some(window), ..] => time(check, window).map(Decay::Window),
        [_, Some(idle), _] => time_or(check, idle, "never").map(Decay::Idle),
        _ => {
            let drain = first.parsed(check, |text| match crate::words::duration::parse(text)? {
                std::time::Duration::ZERO => Err("no time at all".into()),
                time => Ok(time),
            });
            drain.map(Decay::Drain)
        }
    }
}

fn charges(check: &mut Check, item: Item<'_>) -> Option<Vec<Charge>> {
    let entries = item.entries(check)?;
    if !(1..=CHARGES).contains(&entries.len()) {
        item.refuse(check, &format!("not from 1 to {CHARGES} entries"));
        return None;
    }
    let charges: Vec<Option<Charge>> = entries.iter().map(|entry| charge(check, *entry)).collect();
    let charges: Option<Vec<Charge>> = charges.into_iter().collect();
    let charges = charges?;
    if charges.iter().all(|charge| charge.points == Points(0)) {
        item.refuse(check, "every charge is of 0 points, so nothing is ever counted");
    }
    Some(charges)
}

fn charge(check: &mut Check, entry: Item<'_>) -> Option<Charge> {
    let table = entry.table(check, Scope::Charge)?;
    let kinds = table.get("kinds").map(|item| {
        if item.is_empty() {
            item.refuse(check, "an empty list would be every kind; leave it out for that");
        }
        entries(check, item, |check, entry| {
            entry.parsed(check, |text| {
                Kind::by_word(text).ok_or_else(|| format!("`{text}` is no kind of offence"))
            })
        })
    });
    let users = table.get("users").map(|item| users(check, item));
    let points = table.get("points").map(|item| item.thousandths(check, 0..=POINTS));
    Some(Charge {
        kinds: kinds.unwrap_or_default(),
        users: users.unwrap_or(Some(Users::Any))?,
        points: Points(points.unwrap_or(Some(1000))?),
    })
}

fn users(check: &mut Check, item: Item<'_>) -> Option<Users> {
    if item.is_table() {
        let table = item.table(check, Scope::ChargeUsers)?;
        let but = table.require(check, "except")?;
        return Some(Users::ValidBut(entries(check, but, account)));
    }
    if item.is_list() {
        if item.is_empty() {
            item.refuse(check, "a charge for nobody is never made");
        }
        return Some(Users::These(entries(check, item, account)));
    }
    item.one_of(check, &[("any", 0), ("invalid", 1)]).map(|word| match word {
        0 => Users::Any,
        _ => Users::Invalid,
    })
}
