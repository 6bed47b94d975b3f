//! Where events go: files, standard error, the system log, the journal.
//!
//! None of them holds up another, nor the clerk. Each has a bounded queue; what it never took is
//! counted, and the others say so.

pub(crate) mod journal;
pub(crate) mod post;
pub(crate) mod stderr;

use crate::alarms::Alarms;
use crate::entry::layout::one_line;
use crate::entry::sentence::told;
use crate::entry::{Dated, Target, stamp};
use crate::log::{EventLog, News, Past, Written};
use crate::record::syslog::{EVENTS, message};
use jiff::tz::TimeZone;
use portreeve_model::{EventTargets, Facility, StderrFormat};
use post::Post;
use std::rc::Rc;
use stderr::Stderr;

/// Events that a target lacks, so many.
pub(crate) type Lost = (Target, u64);

/// All targets. Those that are off still deliver what waits.
#[derive(Debug)]
pub(crate) struct Targets {
    pub(crate) on: EventTargets,
    pub(crate) file: EventLog,
    pub(crate) stderr: Stderr,
    pub(crate) syslog: Rc<Post>,
    pub(crate) journal: Rc<Post>,
    pub(crate) alarms: Rc<Alarms>,
    pub(crate) zone: TimeZone,
    /// The process that the system log is told of: the monitor.
    pub(crate) pid: u32,
}

impl Targets {
    /// Other targets from now on. Gives what those that are left, and do not work, never took.
    pub(crate) fn set(&mut self, on: EventTargets) -> Vec<Lost> {
        let before = std::mem::replace(&mut self.on, on);
        let mut lost = Vec::new();
        match on.file {
            Some(rotation) => self.file.set_rotation(rotation),
            None if before.file.is_some() => lost.push((Target::File, self.file.retire())),
            None => {}
        }
        if on.stderr.is_none() && before.stderr.is_some() {
            lost.push((Target::Stderr, self.stderr.retire()));
        }
        if on.syslog.is_none() && before.syslog.is_some() {
            lost.push((Target::Syslog, self.syslog.retire()));
        }
        if on.journal.is_none() && before.journal.is_some() {
            lost.push((Target::Journal, self.journal.retire()));
        }
        lost.extend(self.news());
        lost.retain(|(_, count)| *count > 0);
        lost
    }

    /// Which of the first events, given as lines, are in the files already.
    pub(crate) fn find_written(&mut self, lines: impl FnOnce() -> Vec<String>) -> Written {
        if self.on.file.is_some() { self.file.find_written(lines) } else { Written::default() }
    }

    /// Writes an event everywhere, behind all that were written before. `json` is its line.
    pub(crate) fn write(&mut self, dated: &Dated, json: String) {
        self.write_beside(dated, &json);
        if self.on.file.is_some() {
            self.file.append(json);
        }
    }

    /// Writes an event everywhere but to the files.
    pub(crate) fn write_beside(&mut self, dated: &Dated, json: &str) {
        let EventTargets { stderr, syslog, journal, .. } = self.on;
        if stderr.is_none() && syslog.is_none() && journal.is_none() {
            return;
        }
        let (_, severity) = dated.priority(Facility(0));
        let told = told(&dated.entry, &self.zone);
        let ms = stamp::read(&dated.at).unwrap_or_default();
        match stderr {
            None => {}
            Some(StderrFormat::Json) => self.stderr.write(severity, json),
            Some(StderrFormat::Sentences) => {
                let stamp = stamp::short(ms, &self.zone);
                let stamp = if self.stderr.is_journal() { String::new() } else { stamp + " " };
                self.stderr.write(severity, &format!("{stamp}{}\n", one_line(&told)));
            }
        }
        if let Some(facility) = syslog {
            let (who, text) = ((EVENTS, self.pid), one_line(&told));
            let text = message(dated.priority(facility), ms, &self.zone, who, &text);
            self.syslog.push(text.into_bytes());
        }
        if let Some(facility) = journal {
            self.journal.push(journal::encode(dated, &told, dated.priority(facility)));
        }
    }

    /// A second has passed, or the end is near. Gives what is known to be lost by now.
    pub(crate) fn tend(&mut self) -> Vec<Lost> {
        self.file.tend();
        self.stderr.tend(&self.alarms);
        let mut lost = self.news();
        lost.push((Target::Stderr, self.stderr.take_lost()));
        lost.push((Target::Syslog, self.syslog.take_lost()));
        lost.push((Target::Journal, self.journal.take_lost()));
        lost.retain(|(_, count)| *count > 0);
        lost
    }

    /// What has changed about the files.
    pub(crate) fn news(&mut self) -> Vec<Lost> {
        let mut lost = Vec::new();
        for news in self.file.take_news() {
            match news {
                News::Trouble(text) => self.alarms.raise(&text),
                News::Mended(text) => self.alarms.over(&text),
                News::Lost(count) => lost.push((Target::File, count)),
            }
        }
        lost
    }

    /// The last events so far; `None` if they are not kept.
    pub(crate) fn past(&self, last: u32) -> Option<Past> {
        self.on.file.map(|_| self.file.past(last))
    }

    /// Whether nothing waits that could still be delivered at once.
    pub(crate) fn is_settled(&self) -> bool {
        self.stderr.is_settled() && self.syslog.is_settled() && self.journal.is_settled()
    }

    /// At the end: what waits is given up, but for the files'.
    pub(crate) fn give_up(&mut self) -> Vec<Lost> {
        let mut lost = vec![
            (Target::Stderr, self.stderr.retire()),
            (Target::Syslog, self.syslog.retire()),
            (Target::Journal, self.journal.retire()),
        ];
        lost.retain(|(_, count)| *count > 0);
        lost
    }
}
