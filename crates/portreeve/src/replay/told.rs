//! What came of it, for people: who should not have been hit comes first.

use super::Replayed;
use super::compare::Changes;
use super::court::{Court, Told};
use super::evidence::Deed;
use crate::exit::Failure;
use crate::render::table::{self, Side};
use crate::render::text::{count, span, visible, wrap};
use crate::render::{Ink, ink};
use crate::terminal::{self, Reader};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use portreeve_diag::Paint;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::time::Duration;

/// What a log cannot tell.
pub(super) const SUPPOSED: &str = "supposed: no session of the door's was open, the breaker did not \
    open, nobody was banned or pardoned before, no gateway or resolver was among those banned, and \
    this host's own addresses are those it has now";

/// Lines that are written together.
const CHUNK: usize = 64 << 10;

/// Writes it.
pub(super) fn tell(result: &Replayed, explains: bool, paint: Paint) -> Result<(), Failure> {
    for remark in &result.remarks {
        terminal::remark(&format!("{}\n", visible(remark)));
    }
    let mut out = Out { text: String::new(), gone: false };
    known_good(result, paint, &mut out)?;
    let mut shown = HashMap::new();
    for ban in &result.court.bans {
        out.push(&self::ban(result, ban, paint))?;
        let last = |deed: &Deed| (deed.at, deed.place.file, deed.place.line);
        let before = shown.insert(ban.network, ban.evidence.last().map(last)).flatten();
        for deed in ban.evidence.iter().filter(|deed| before.is_none_or(|at| last(deed) > at)) {
            out.push(&self::deed(result, deed, paint))?;
        }
    }
    if let Some(changes) = &result.against {
        against(result, changes, paint, &mut out)?;
    }
    for ((network, why), times) in &result.court.refused {
        let times = count(*times, "time");
        out.push(&wrap("", &format!("{network} would not have been shut out, {times}: {why}.")))?;
    }
    if explains {
        out.push("\nWhat was heard of it:\n")?;
        for deed in &result.court.deeds {
            out.push(&self::deed(result, deed, paint))?;
        }
    }
    out.push(&sums(result, paint))?;
    out.flush()
}

struct Out {
    text: String,
    gone: bool,
}

impl Out {
    fn push(&mut self, text: &str) -> Result<(), Failure> {
        self.text.push_str(text);
        if self.text.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let text = std::mem::take(&mut self.text);
        if self.gone {
            return Ok(());
        }
        let written = terminal::write_all(&mut io::stdout().lock(), text.as_bytes());
        let reader =
            written.map_err(|error| Failure::system("write to standard output", &error))?;
        self.gone = reader == Reader::Gone;
        Ok(())
    }
}

fn known_good(result: &Replayed, paint: Paint, out: &mut Out) -> Result<(), Failure> {
    let mut first = true;
    for (ban, hit) in result.known_good() {
        if first {
            let head = "KNOWN TO BE GOOD, AND WOULD HAVE BEEN SHUT OUT:";
            out.push(&format!("{}\n", ink(paint, Ink::Bad, head)))?;
            first = false;
        }
        for (peer, good) in hit {
            let users: Vec<_> = good.users.iter().map(|user| visible(user)).collect();
            let users =
                if users.is_empty() { String::new() } else { format!(" as {}", users.join(", ")) };
            let text = format!(
                "{peer} has logged in {}{users}, the last time {} ({}:{})",
                count(good.times, "time"),
                moment(good.last / 1000, &result.zone),
                visible(result.file(good.place)),
                good.place.line
            );
            out.push(&wrap("  ", &text))?;
        }
        out.push(&format!("    {}", self::ban(result, ban, paint)))?;
    }
    if first { Ok(()) } else { out.push("\n") }
}

fn ban(result: &Replayed, ban: &Told, paint: Paint) -> String {
    let since = moment(u64::try_from(ban.since).unwrap_or(0), &result.zone);
    let time = if ban.time > 1 { format!(" (time {})", ban.time) } else { String::new() };
    let only = match ban.only.as_slice() {
        [] => String::new(),
        some => format!(" out of {}", some.join(", ")),
    };
    let more = if ban.lengthened { ", longer than before" } else { "" };
    format!(
        "{since}  {}  {}{more}{only}, by {}{time}: {}\n",
        ink(paint, Ink::Bad, &ban.network.to_string()),
        length(ban),
        visible(&ban.judge),
        visible(&ban.reason)
    )
}

fn length(ban: &Told) -> String {
    ban.until.map_or_else(
        || "for ever".to_owned(),
        |until| {
            let seconds = u64::try_from(until.saturating_sub(ban.since)).unwrap_or(0);
            format!("for {}", span(Duration::from_secs(seconds)))
        },
    )
}

fn deed(result: &Replayed, deed: &Deed, paint: Paint) -> String {
    let times = if deed.count > 1 { format!(" x{}", deed.count) } else { String::new() };
    let user = deed.user.as_ref().map(|user| format!(" `{}`", visible(user))).unwrap_or_default();
    let text = format!(
        "    {}  {}:{}  {}  {}{times}{user}",
        moment(deed.at / 1000, &result.zone),
        visible(result.file(deed.place)),
        deed.place.line,
        deed.peer,
        deed.kind
    );
    format!("{}\n", ink(paint, Ink::Faint, &text))
}

fn against(
    result: &Replayed,
    changes: &Changes,
    paint: Paint,
    out: &mut Out,
) -> Result<(), Failure> {
    out.push("\n")?;
    for (head, some) in [
        ("Only by these rules:", &changes.only_new),
        ("Only by the rules of today:", &changes.only_today),
    ] {
        if !some.is_empty() {
            out.push(&format!("{}\n", ink(paint, Ink::Name, head)))?;
        }
        for ban in some {
            out.push(&format!("  {}", self::ban(result, ban, paint)))?;
        }
    }
    if !changes.changed.is_empty() {
        out.push(&format!("{}\n", ink(paint, Ink::Name, "Otherwise than today:")))?;
    }
    for both in &changes.changed {
        let later = both.later();
        let by = span(Duration::from_secs(later.unsigned_abs()));
        let when = match later {
            0 => "at the same time".to_owned(),
            1.. => format!("{by} later"),
            _ => format!("{by} earlier"),
        };
        let (new, today) = (length(&both.new), length(&both.today));
        let network = both.new.network;
        out.push(&format!("  {network}  {when}, {new} instead of {today}\n"))?;
    }
    let (new, today) = (changes.only_new.len(), changes.only_today.len());
    let changed = changes.changed.len();
    out.push(&wrap(
        "",
        &format!(
            "Against today's rules: {new} new, {today} gone, {changed} otherwise, {} the same.",
            changes.same
        ),
    ))
}

/// Bans and different networks of each judge.
pub(super) fn judges(court: &Court) -> BTreeMap<String, (u64, u64)> {
    let mut sums: BTreeMap<String, (u64, BTreeSet<_>)> = BTreeMap::new();
    for ban in &court.bans {
        let sum = sums.entry(ban.judge.clone()).or_default();
        sum.0 += 1;
        sum.1.insert(ban.network);
    }
    let count = |set: BTreeSet<_>| u64::try_from(set.len()).unwrap_or(u64::MAX);
    sums.into_iter().map(|(name, (bans, networks))| (name, (bans, count(networks)))).collect()
}

fn sums(result: &Replayed, paint: Paint) -> String {
    let court = &result.court;
    let counts = court.counts;
    let mut out = String::new();
    let judges = judges(court);
    if !judges.is_empty() {
        let mut rows = vec![["JUDGE".to_owned(), "BANS".to_owned(), "NETWORKS".to_owned()]];
        let each = judges.iter().map(|(name, (bans, networks))| {
            [visible(name), bans.to_string(), networks.to_string()]
        });
        rows.extend(each);
        let widths = table::widths(&rows);
        let sides = [Side::Left, Side::Right, Side::Right];
        out.push('\n');
        for (index, row) in rows.iter().enumerate() {
            let line = table::line(row, &widths, &sides);
            out.push_str(&if index == 0 { ink(paint, Ink::Faint, &line) } else { line });
            out.push('\n');
        }
    }
    let bans = u64::try_from(court.bans.len()).unwrap_or(u64::MAX);
    let mut text = format!(
        "{} by {} and {} in {}",
        count(bans.saturating_add(counts.untold), "ban"),
        count(counts.charged, "offence"),
        count(counts.successes, "login"),
        count(counts.lines, "line")
    );
    if let Some((from, to)) = result.range {
        let second = |micros: i64| u64::try_from(micros.div_euclid(1_000_000)).unwrap_or(0);
        let shown = |micros| moment(second(micros), &result.zone);
        text.push_str(&format!(", from {} to {}", shown(from), shown(to)));
    }
    text.push('.');
    if counts.untold > 0 {
        text.push_str(&format!(" {} are not told of.", count(counts.untold, "ban")));
    }
    if court.evicted() > 0 {
        let gone = count(court.evicted(), "sum");
        text.push_str(&format!(" {gone} had to be forgotten for want of room, as at the door."));
    }
    out.push_str(&wrap("", &text));
    out.push_str(&ink(paint, Ink::Faint, &wrap("", SUPPOSED)));
    out
}

/// Seconds since the epoch by the zone's clock.
fn moment(seconds: u64, zone: &TimeZone) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|at| Timestamp::from_second(at).ok());
    let shown =
        moment.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string());
    shown.unwrap_or_else(|| seconds.to_string())
}
