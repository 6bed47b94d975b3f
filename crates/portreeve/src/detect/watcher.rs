//! Who looks at the lines: native detectors.

use super::lines::Line;
use crate::args::DetectArgs;
use crate::exit::{Exit, Failure};
use crate::render::json;
use crate::terminal::Form;
use jiff::tz::TimeZone;
use portreeve_detect::{Detector, Finding, Panel, Seen, frame, named, names};
use serde_json::json;

/// Those that look, and by which clock.
#[derive(Debug)]
pub(super) struct Watcher {
    panel: Panel,
    now: i64,
    zone: TimeZone,
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
        let members: Vec<Box<dyn Detector>> = match &*args.detectors {
            [] => names().filter_map(named).collect(),
            asked => asked.iter().map(|name| native(name)).collect::<Result<_, _>>()?,
        };
        few(members.len(), Panel::MOST)?;
        Ok(Self { panel: Panel::new(members), now, zone })
    }

    /// What a line says; `all` also of lines that are no offences, with their times.
    #[inline]
    pub(super) fn look(&mut self, line: &Line<'_>, all: bool) -> Said {
        let mut record = frame::read(line.bytes);
        record.cut = line.cut;
        let nobody = Finding::Nothing("nobody here reads lines of this program");
        let (by, finding) = match self.panel.look(&record) {
            Some(Seen { by, finding }) => (Some(by), finding),
            None => (None, nobody),
        };
        let told = all || matches!(finding, Finding::Offence(_));
        let moment = record.time.filter(|_| told);
        let time = moment.and_then(|moment| moment.resolve(self.now, &self.zone));
        Said { time, timed: record.time.is_some(), by, finding }
    }

    /// The name of one that looks.
    pub(super) fn name(&self, by: Option<usize>) -> Option<&str> {
        self.panel.name(by?)
    }
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
    named(name).ok_or_else(|| {
        let message = format!("there is no detector `{}`", name.escape_debug());
        let all: Vec<_> = names().collect();
        let failure = Failure::new(Exit::Usage, message);
        match all.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => failure.help(format!("is `{known}` meant?")),
            None => failure.help(format!("there are {}", all.join(", "))),
        }
    })
}

/// The names of all detectors, one a line.
pub(super) fn list(form: Form) -> String {
    match form {
        Form::Json => json::text(&json!({ "detectors": names().collect::<Vec<_>>() })),
        Form::Text(_) => names().map(|name| format!("{name}\n")).collect(),
    }
}
