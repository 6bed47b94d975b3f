//! The watches at work: who reads a line, when it was said, and what is heard of it.
//!
//! The lines of files and of the journal come through here, live and when a log is replayed.

use crate::book::{Booked, Heard, Voice};
use jiff::tz::{Offset, TimeZone};
use portreeve_detect::filter::{Dated, Filter, Userdef};
use portreeve_detect::{Detector, Finding, Moment, Panel, Record, named};
use portreeve_model::{Watch, Zone};

/// An entry of the journal whose time is no further from now than this has just been written,
/// microseconds.
const LIVE: i64 = 60_000_000;
/// A file's line may be ahead of the reader's clock by so much, microseconds: that clock goes in steps, and
/// its writer's may be another host's.
const AHEAD: i64 = 1_000_000;

/// One watch at work.
#[derive(Debug)]
pub struct Reader {
    /// What it watches, and how.
    pub watch: Watch,
    panel: Panel,
}

impl Reader {
    /// One that has read nothing yet; and what it cannot look for.
    #[must_use]
    pub fn new(watch: Watch) -> (Self, Vec<String>) {
        let mut trouble = Vec::new();
        let mut members: Vec<Box<dyn Detector>> = Vec::new();
        for detector in &watch.detectors {
            match named(detector.word()) {
                Some(member) => members.push(member),
                None => trouble.push(format!("there is no detector `{}`", detector.word())),
            }
        }
        // The text of a filter is of the one or the other: the configuration sees to it.
        let dated = if watch.journal.is_some() { Dated::Beside } else { Dated::InLine };
        for filter in &watch.filters {
            match Filter::new(filter, dated) {
                Ok(filter) => members.push(Box::new(filter)),
                Err(refusals) => trouble.extend(refusals.iter().map(ToString::to_string)),
            }
        }
        if !watch.userdef.is_empty() {
            match Userdef::new(watch.userdef.iter().map(|pattern| pattern.value.as_str())) {
                Ok(userdef) => members.push(Box::new(userdef)),
                Err(wrong) => trouble.extend(wrong.iter().map(|wrong| {
                    let number = wrong.pattern.saturating_add(1);
                    format!("{} {number} is not served: {}", Userdef::NAME, wrong.why)
                })),
            }
        }
        if members.len() > Panel::MOST {
            trouble
                .push(format!("only the first {} of its detectors and filters look", Panel::MOST));
        }
        (Self { watch, panel: Panel::new(members) }, trouble)
    }

    /// When a line was written, microseconds since the epoch, as far as it says.
    #[must_use]
    pub fn time(&self, record: &Record<'_>, now: i64, local: &TimeZone) -> Option<i64> {
        self.resolve(record.time?, now, local)
    }

    fn resolve(&self, moment: Moment, now: i64, local: &TimeZone) -> Option<i64> {
        resolve(&self.watch.zone, moment, now, local)
    }
}

/// A moment by a watch's clock, microseconds since the epoch.
#[must_use]
pub fn resolve(zone: &Zone, moment: Moment, now: i64, local: &TimeZone) -> Option<i64> {
    if zone.name == "local" {
        return moment.resolve(now, local);
    }
    let offset = zone.offset(now.div_euclid(1_000_000));
    let offset = Offset::from_seconds(offset).unwrap_or(Offset::UTC);
    moment.resolve(now, &TimeZone::fixed(offset))
}

/// Where lines come from.
#[derive(Clone, Copy, Debug)]
pub enum From<'a> {
    /// A file.
    File(&'a str),
    /// A watch's journal.
    Journal,
}

/// All watches of the configuration, in its order.
#[derive(Debug, Default)]
pub struct Readers(Vec<Reader>);

/// What everybody needs to read a line.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// Microseconds since the epoch.
    pub micros: i64,
    /// Of times that do not say theirs, where a watch does not.
    pub zone: &'a TimeZone,
    /// This host's name.
    pub host: &'a [u8],
}

impl Readers {
    /// These.
    #[must_use]
    pub fn new(all: Vec<Reader>) -> Self {
        Self(all)
    }

    /// The one at that place.
    #[must_use]
    pub fn get(&self, at: u32) -> Option<&Reader> {
        self.0.get(usize::try_from(at).ok()?)
    }

    /// Each with its place.
    pub fn each(&self) -> impl Iterator<Item = (u32, &Reader)> {
        (0_u32..).zip(&self.0)
    }

    /// Shows a line to those watches. Each remembers what it wants to; the first that finds something
    /// has it heard.
    pub fn read(
        &mut self,
        watches: &[u32],
        record: &Record<'_>,
        from: From<'_>,
        now: Now<'_>,
        hear: &mut dyn FnMut(&Heard<'_>) -> Booked,
    ) -> Booked {
        let mut found = None;
        for at in watches {
            let at = usize::try_from(*at).ok();
            let Some(reader) = at.and_then(|at| self.0.get_mut(at)) else { continue };
            let Some(seen) = reader.panel.look(record) else { continue };
            if matches!(seen.finding, Finding::Nothing(_)) || found.is_some() {
                continue;
            }
            let name = reader.watch.name.to_string();
            let voice = match from {
                From::File(path) => Voice::File { watch: &name, path },
                From::Journal => Voice::Journal(&name),
            };
            // A filter has patterns of its own for dates.
            let moment = reader.panel.moment(seen.by).or(record.time);
            let written = moment.and_then(|at| reader.resolve(at, now.micros, now.zone));
            let at = credible(written, from, now.micros).div_euclid(1000);
            let service = reader.watch.service.to_string();
            found = Some(hear(&Heard {
                at: u64::try_from(at).unwrap_or(0),
                voice,
                service: &service,
                detector: reader.panel.name(seen.by).unwrap_or_default(),
                host: if is_own(record.host, now.host) { b"" } else { record.host },
                pid: record.pid,
                text: record.message,
                finding: &seen.finding,
            }));
        }
        found.unwrap_or(Booked::Nothing)
    }
}

/// When something counts as done, microseconds since the epoch. A line of a file has its own time, so
/// that the same lines read again come to the same; but nobody can write into the future. An entry of
/// the journal that has just come was written now.
fn credible(written: Option<i64>, from: From<'_>, now: i64) -> i64 {
    let latest = match from {
        From::File(_) => now.saturating_add(AHEAD),
        From::Journal => now.saturating_sub(LIVE),
    };
    written.filter(|at| *at <= latest).unwrap_or(now)
}

/// Whether a line's host is this one: its name, or the first part of it.
fn is_own(host: &[u8], own: &[u8]) -> bool {
    let short = |name: &[u8]| -> Vec<u8> {
        name.iter().take_while(|byte| **byte != b'.').copied().collect()
    };
    host == own || host == short(own) || (!host.is_empty() && short(host) == own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_detect::Named;
    use portreeve_model::{Dialect, FilterText, Origin, ServiceName, Sited, UseDns};

    const HERE: Origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };

    fn watch(failregex: &str) -> Watch {
        let name = || ServiceName::try_from("own".to_owned()).unwrap();
        let filter = FilterText {
            name: "own".into(),
            prefregex: None,
            failregex: vec![Sited::new(failregex.to_owned(), HERE)],
            ignoreregex: Vec::new(),
            datepattern: None,
            maxlines: 1,
            usedns: UseDns::Warn,
            origin: HERE,
        };
        Watch {
            name: name(),
            files: Vec::new(),
            journal: None,
            detectors: Vec::new(),
            filters: vec![filter],
            userdef: Vec::new(),
            service: name(),
            zone: Zone::utc(),
            origin: Sited::new((), HERE),
        }
    }

    #[test]
    fn a_filter_reads_lines_and_their_times() {
        let (mut reader, trouble) = Reader::new(watch("^ turned away: <HOST>$"));
        assert_eq!(trouble, Vec::<String>::new());
        let line = b"2026-11-22 10:00:00 turned away: 192.0.2.7";
        let seen = reader.panel.look(&Record::plain(line)).unwrap();
        let Finding::Offence(offence) = seen.finding else { panic!("{:?}", seen.finding) };
        assert_eq!(offence.named, Named::Address([192, 0, 2, 7].into()));
        let moment = reader.panel.moment(seen.by).unwrap();
        let at = reader.resolve(moment, 0, &TimeZone::UTC);
        assert_eq!(at, Some(1_795_341_600_000_000));
    }

    #[test]
    fn a_filter_that_cannot_be_served_is_said_to_be() {
        let (_, trouble) = Reader::new(watch("^ turned (away: <HOST>$"));
        let told = "filter own is not served: failregex 1, character 10: this group has no end";
        assert_eq!(trouble, [told]);
    }

    #[test]
    fn a_files_line_has_its_own_time_and_nobody_writes_into_the_future() {
        let file = From::File("/x");
        let (now, second) = (2_000_000_000, 1_000_000);
        for (written, from, want) in [
            (None, file, now),
            (Some(now), file, now),
            (Some(now - 1), file, now - 1),
            (Some(now - second), file, now - second),
            (Some(now - 100 * second), file, now - 100 * second),
            (Some(now + second), file, now + second),
            (Some(now + second + 1), file, now),
            (Some(now - second), From::Journal, now),
            (Some(now - 100 * second), From::Journal, now - 100 * second),
            (Some(now + second), From::Journal, now),
        ] {
            assert_eq!(credible(written, from, now), want, "{written:?} {from:?}");
        }
    }

    #[test]
    fn a_host_is_known_by_its_short_name_and_its_long_one() {
        assert!(is_own(b"door", b"door.example.org") && is_own(b"door.example.org", b"door"));
        assert!(is_own(b"door", b"door") && !is_own(b"doors", b"door") && !is_own(b"", b"door"));
    }
}
