//! A service's log file, which the monitor opened: its limits, and what is told when they are met.

use crate::alarms::Alarms;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};

/// An open log file of one or several services.
#[derive(Debug)]
pub(crate) struct FileLog {
    file: File,
    path: String,
    soft: Option<u64>,
    hard: Option<u64>,
    /// The last record is not whole: the disk was full in its midst.
    torn: Cell<bool>,
    /// Another configuration is in force; whoever still writes here raises no alarm.
    retired: Cell<bool>,
}

impl FileLog {
    pub(crate) fn new(file: File, path: &str, soft: Option<u64>, hard: Option<u64>) -> Self {
        let (torn, retired) = (Cell::new(false), Cell::new(false));
        Self { file, path: path.to_owned(), soft, hard, torn, retired }
    }

    /// Whether both are one file with the same limits.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        (&self.path, self.soft, self.hard) == (&other.path, other.soft, other.hard)
    }

    /// Appends a record with its newline, unless the file would pass its hard limit. A record that
    /// cannot be written is lost here; the event log has the event.
    pub(crate) fn write(&self, line: &str, alarms: &Alarms) {
        let outcome = self.try_write(line, alarms);
        if !self.retired.get() {
            alarms.set(&self.full(), outcome.is_err());
        }
    }

    fn try_write(&self, line: &str, alarms: &Alarms) -> io::Result<()> {
        let before = self.file.metadata()?.len();
        let torn = if self.torn.get() { "\n" } else { "" };
        let text = format!("{torn}{line}");
        let after = before.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        let past = |limit: Option<u64>| limit.is_some_and(|limit| after > limit);
        if !self.retired.get() {
            alarms.set(&self.past_soft(), past(self.soft));
            alarms.set(&self.past_hard(), past(self.hard));
        }
        if past(self.hard) {
            return Ok(());
        }
        let written = (&self.file).write(text.as_bytes())?;
        self.torn.set(written < text.len());
        if self.torn.get() { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) }
    }

    /// Another configuration is in force: its own files raise their own alarms.
    pub(crate) fn retire(&self, alarms: &Alarms) {
        self.retired.set(true);
        [self.past_soft(), self.past_hard(), self.full()].iter().for_each(|text| alarms.over(text));
    }

    fn past_soft(&self) -> String {
        let limit = self.soft.unwrap_or_default();
        format!("the log `{}` is past its soft limit of {limit} bytes", self.path)
    }

    fn past_hard(&self) -> String {
        let limit = self.hard.unwrap_or_default();
        format!(
            "the log `{}` has reached its hard limit of {limit} bytes: nothing more is written to it",
            self.path
        )
    }

    fn full(&self) -> String {
        format!("the log `{}` cannot be written: records are lost there", self.path)
    }
}
