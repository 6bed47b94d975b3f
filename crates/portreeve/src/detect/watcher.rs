//! Who looks at the lines: native detectors, or filters of fail2ban's.

use super::filters;
use super::lines::Line;
use super::outcome::Doubt;
use crate::args::DetectArgs;
use crate::exit::{Exit, Failure};
use crate::render::json;
use crate::terminal::Form;
use jiff::tz::TimeZone;
use portreeve_detect::filter::Filter;
use portreeve_detect::{Detector, Finding, Panel, Record, Resolver, Seen, frame, named, names};
use serde_json::json;

/// Those that look, and by which clock.
#[derive(Debug)]
pub(super) struct Watcher {
    who: Who,
    now: i64,
    zone: TimeZone,
    resolver: Resolver,
}

#[derive(Debug)]
enum Who {
    /// Native detectors, each for the lines of its programs.
    Natives(Panel),
    /// Filters, each for every line.
    Filters(Vec<Filter>),
}

/// What is said of a line.
#[derive(Debug)]
pub(super) struct Said {
    /// When it was written, in microseconds since the epoch; only worked out where it is to be told.
    pub(super) time: Option<i64>,
    /// Whether the line says when it was written.
    pub(super) timed: bool,
    /// Whose word it is, for [`Watcher::name`].
    pub(super) by: Option<usize>,
    /// Why no address of the line can be believed, if so.
    pub(super) doubt: Option<Doubt>,
    /// The word.
    pub(super) finding: Finding,
}

impl Watcher {
    /// Those that were asked for. Times are of this zone, and read now, in microseconds since the
    /// epoch.
    ///
    /// # Errors
    /// One is not known, or cannot be served.
    pub(super) fn new(args: &DetectArgs, now: i64, zone: TimeZone) -> Result<Self, Failure> {
        let who = match (&*args.detectors, &*args.filters) {
            ([], []) => Who::Natives(Panel::new(names().filter_map(named).collect())),
            (asked, []) => {
                let members =
                    asked.iter().map(|name| native(name)).collect::<Result<Vec<_>, _>>()?;
                few(members.len(), Panel::MOST)?;
                Who::Natives(Panel::new(members))
            }
            (_, asked) => {
                few(asked.len(), filters::MOST)?;
                Who::Filters(
                    asked.iter().map(|text| filters::read(text)).collect::<Result<_, _>>()?,
                )
            }
        };
        Ok(Self { who, now, resolver: Resolver::new(now, zone.clone()), zone })
    }

    /// What a line says; `all` also of lines that are no offences, with their times.
    #[inline]
    pub(super) fn look(&mut self, line: &Line<'_>, all: bool) -> Said {
        match &mut self.who {
            Who::Natives(panel) => {
                let mut record = frame::read(line.bytes);
                record.cut = line.cut;
                let nobody = Finding::Nothing("nobody here reads lines of this program");
                let (by, finding) = match panel.look(&record) {
                    Some(Seen { by, finding }) => (Some(by), finding),
                    None => (None, nobody),
                };
                let told = all || matches!(finding, Finding::Offence(_));
                let moment = record.time.filter(|_| told);
                let time = moment.and_then(|moment| self.resolver.resolve(moment));
                let doubt = match (line.cut, record.program) {
                    (true, _) => Some(Doubt::Cut),
                    (false, b"") => Some(Doubt::Bare),
                    (false, _) => None,
                };
                Said { time, timed: record.time.is_some(), by, doubt, finding }
            }
            Who::Filters(filters) => {
                let record = Record { cut: line.cut, ..Record::plain(line.bytes) };
                let (now, zone) = (self.now, &self.zone);
                one_of(filters, &record, |filter| filter.time(now, zone))
            }
        }
    }

    /// The name of one that looks; filters name themselves in what they say.
    pub(super) fn name(&self, by: Option<usize>) -> Option<&str> {
        match &self.who {
            Who::Natives(panel) => panel.name(by?),
            Who::Filters(_) => None,
        }
    }
}

/// Every filter sees the line: what it remembers may depend on it. The first counts that has found
/// something, else the first.
fn one_of(
    filters: &mut [Filter],
    record: &Record<'_>,
    time: impl Fn(&Filter) -> Option<i64>,
) -> Said {
    let mut said = None;
    for filter in filters {
        let finding = filter.look(record);
        let better = match &said {
            None => true,
            Some(Said { finding: Finding::Nothing(_), .. }) => {
                !matches!(finding, Finding::Nothing(_))
            }
            Some(_) => false,
        };
        if better {
            let time = time(filter);
            // no date is looked for in a line that no pattern could match
            let timed = time.is_some() || matches!(finding, Finding::Nothing(_));
            said = Some(Said { time, timed, by: None, doubt: None, finding });
        }
    }
    let nothing = Finding::Nothing("there is no filter");
    said.unwrap_or(Said { time: None, timed: false, by: None, doubt: None, finding: nothing })
}

/// No more than so many look at a line.
fn few(asked: usize, most: usize) -> Result<(), Failure> {
    if asked <= most {
        return Ok(());
    }
    let message = format!("no more than {most} look at a line");
    Err(Failure::new(Exit::Usage, message).help("run the command twice"))
}

fn native(name: &str) -> Result<Box<dyn Detector>, Failure> {
    named(name).ok_or_else(|| unknown(name))
}

/// There is no detector of that name.
pub(crate) fn unknown(name: &str) -> Failure {
    let message = format!("there is no detector `{}`", name.escape_debug());
    let all: Vec<_> = names().collect();
    let failure = Failure::new(Exit::Usage, message);
    match all.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        Some(known) => failure.help(format!("is `{known}` meant?")),
        None => failure.help(format!("there are {}", all.join(", "))),
    }
}

/// The names of all detectors, one a line.
pub(super) fn list(form: Form) -> String {
    match form {
        Form::Json => json::text(&json!({ "detectors": names().collect::<Vec<_>>() })),
        Form::Text(_) => names().map(|name| format!("{name}\n")).collect(),
    }
}
