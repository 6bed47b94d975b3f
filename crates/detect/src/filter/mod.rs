//! fail2ban's filters, compiled.
//!
//! A filter comes as [`FilterText`]: everything of its language but the tags is expanded. A line goes
//! the way it goes in fail2ban: its date is found and cut out of it; `prefregex` says whether the
//! rest is of interest, and which part; each `failregex` is searched for in turn, and the first that
//! is found counts unless an `ignoreregex` is found too; what several lines of a session hold is
//! merged. Whom a match names is then read as strictly as anywhere here: what is not all of an address
//! charges nobody, and no name is ever looked up.
//!
//! Time and memory are bounded: patterns run in automata whose time is linear in the line, or else
//! count their steps; programs, lines, sessions and everything else kept have limits. A filter that
//! cannot be served as it is meant is refused, with the place and the reason.

mod agree;
mod date;
mod engine;
mod gate;
mod hit;
mod lines;
mod parts;
mod pattern;
mod place;
mod python;
mod refusal;
mod session;
mod tags;
mod userdef;
mod work;

pub use agree::{Agreement, agree};
pub use refusal::{Part, Refusal};
pub use userdef::{Unserved, Userdef};
pub use work::{Id, Seen, Verdict};

use std::borrow::Cow;

use jiff::tz::TimeZone;
use portreeve_model::FilterText;

use crate::{Detector, Finding, Kind, Moment, Offence, Record, Success};
use date::{Dates, Stamp};
use gate::Gate;
use lines::Lines;
use parts::Parts;
use pattern::Pattern;
use session::Sessions;
use work::named;

/// The most that the programs of one filter may take, in bytes.
const PROGRAMS: usize = 64 * 1024 * 1024;
/// The longest line that is read, in bytes. Of a longer one nobody knows where it ends.
const LINE: usize = 8 * 1024;
/// Steps that all patterns together may take on one line.
const STEPS: u32 = 1_000_000;

/// Where the date of a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dated {
    /// In the line, as in a log file.
    #[default]
    InLine,
    /// Beside it, as in the journal: no date is looked for in the text.
    Beside,
}

/// A filter of fail2ban's, compiled.
pub struct Filter {
    name: Box<str>,
    dated: Dated,
    dates: Dates,
    pre: Option<Pattern>,
    fails: Vec<Pattern>,
    ignores: Vec<Pattern>,
    /// Lines looked at together.
    most: usize,
    lines: Lines,
    sessions: Sessions,
    gate: Gate,
    /// The gate reads lines as they come, before their date is looked for.
    early: bool,
    /// The words are asked before anything else.
    gated: bool,
    time: Option<Stamp>,
    /// The last line's, unless that was not looked for.
    last_time: Option<Stamp>,
    exceeded: u64,
    size: usize,
}

impl Filter {
    /// Compiles a filter.
    ///
    /// # Errors
    /// Everything in it that is not served, or that fail2ban would not take either.
    pub fn new(text: &FilterText, dated: Dated) -> Result<Self, Vec<Refusal>> {
        let Parts { dates, pre, fails, ignores } = parts::compile(text)?;
        let several_lines = text.maxlines > 1;
        let gate = Gate::new(pre.iter().chain(&fails).map(Pattern::engine));
        let size = pre.iter().chain(&fails).chain(&ignores).map(|pattern| pattern.engine().size());
        let size = size.sum::<usize>() + dates.size() + gate.size();
        if size > PROGRAMS {
            let why = "its programs would take more than 64 MiB".into();
            let fault = python::Fault { at: 0, why };
            return Err(vec![Refusal::new(&text.name, Part::Whole, fault, text.origin)]);
        }
        Ok(Self {
            name: text.name.as_str().into(),
            dated,
            early: dated == Dated::Beside || dates.is_clean(),
            gated: !several_lines,
            dates,
            pre,
            fails,
            ignores,
            most: (text.maxlines.clamp(1, FilterText::MOST_LINES)) as usize,
            lines: Lines::default(),
            sessions: Sessions::default(),
            gate,
            time: None,
            last_time: None,
            exceeded: 0,
            size,
        })
    }

    /// Bytes of memory that its programs take.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many of its patterns take trying, with their steps counted.
    #[must_use]
    pub fn tried(&self) -> usize {
        let all = self.pre.iter().chain(&self.fails).chain(&self.ignores);
        all.filter(|pattern| pattern.engine().is_tried()).count()
    }

    /// Lines so far on which the patterns took more steps than they may. None of them is an offence.
    #[must_use]
    pub fn exceeded(&self) -> u64 {
        self.exceeded
    }

    /// When the line last looked at was written, if it was looked for and is there: microseconds since
    /// the epoch, given the reader's now and the writer's zone, as [`Moment::resolve`] has it. A line
    /// that says no day is of today.
    #[must_use]
    pub fn time(&self, now: i64, zone: &TimeZone) -> Option<i64> {
        self.time?.resolve(now, zone)
    }

    /// Looks at a line, without its end. Bytes that are no UTF-8 are replaced.
    pub fn read(&mut self, line: &[u8]) -> Verdict {
        self.time = None;
        if line.len() > LINE {
            return Verdict::Nothing("the line is longer than 8 KiB");
        }
        let mut line = String::from_utf8_lossy(line);
        if line.contains('\n') {
            line = Cow::Owned(line.replace('\n', "\\n"));
        }
        let mut budget = STEPS;
        self.work(&line, &mut budget).unwrap_or_else(|engine::Spent| {
            self.exceeded = self.exceeded.saturating_add(1);
            Verdict::Nothing("the patterns take too many steps on this line")
        })
    }
}

impl Detector for Filter {
    fn name(&self) -> &str {
        &self.name
    }

    fn look(&mut self, record: &Record<'_>) -> Finding {
        if record.cut {
            self.time = None;
            return Finding::Nothing("the line is not whole");
        }
        match self.read(record.line) {
            Verdict::Nothing(why) => Finding::Nothing(why),
            Verdict::Offence(seen) => {
                let (named, remark) = named(&seen);
                let why = format!("failregex {} of {}{remark}", seen.by, self.name);
                let (port, user) = (seen.port(), seen.user());
                Finding::Offence(Offence { port, user, ..Offence::new(Kind::Pattern, named, &why) })
            }
            Verdict::Gained(seen) => {
                let (named, _) = named(&seen);
                let why = format!("failregex {} of {}: access gained", seen.by, self.name).into();
                Finding::Success(Success { named, port: seen.port(), user: seen.user(), why })
            }
        }
    }

    fn moment(&self) -> Option<Moment> {
        self.time?.moment()
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filter").field("name", &self.name).finish_non_exhaustive()
    }
}
