//! What is told while it works: DAEMON_LOG of a daemon, standard error of anything else.

use crate::terminal;
use jiff::tz::TimeZone;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes at which the log is put aside, and how many are kept.
const FULL: u64 = 1 << 20;
const KEPT: u32 = 7;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Each step.
    Debug,
    /// What was done.
    Info,
    /// What should not be.
    Warning,
}

impl Weight {
    const fn word(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
        }
    }
}

/// Where it is told.
#[derive(Debug)]
pub(super) struct Say {
    /// What is not told.
    pub(super) least: Weight,
    to: Option<(PathBuf, File)>,
    format: Option<String>,
    zone: TimeZone,
}

impl Say {
    /// To standard error.
    pub(super) fn console(least: Weight, zone: TimeZone) -> Self {
        Self { least, to: None, format: None, zone }
    }

    /// To a file, as a daemon does.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn turn_to(&mut self, path: &Path, format: Option<String>) -> Result<(), String> {
        let file = open(path).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        (self.to, self.format) = (Some((path.to_owned(), file)), format);
        Ok(())
    }

    pub(super) fn debug(&mut self, text: &str) {
        self.say(Weight::Debug, text);
    }

    pub(super) fn info(&mut self, text: &str) {
        self.say(Weight::Info, text);
    }

    pub(super) fn warning(&mut self, text: &str) {
        self.say(Weight::Warning, text);
    }

    fn say(&mut self, weight: Weight, text: &str) {
        if weight < self.least {
            return;
        }
        let line = text.replace('\n', " ");
        let Some((path, file)) = &mut self.to else {
            terminal::remark(&format!("denyhosts: {line}\n"));
            return;
        };
        let now = crate::moment::now().to_zoned(self.zone.clone());
        let written = match &self.format {
            Some(format) => jiff::fmt::strtime::format(format, &now).ok(),
            None => None,
        };
        let time = written.unwrap_or_else(|| now.strftime("%Y-%m-%d %H:%M:%S,%3f").to_string());
        let text = format!("{time} - denyhosts   : {:8} {line}\n", weight.word());
        let _nobody_to_tell = file.write_all(text.as_bytes());
        if file.metadata().is_ok_and(|found| found.len() >= FULL) {
            for number in (1..KEPT).rev() {
                let _not_there = fs::rename(numbered(path, number), numbered(path, number + 1));
            }
            if fs::rename(&*path, numbered(path, 1)).is_ok()
                && let Ok(fresh) = open(path)
            {
                *file = fresh;
            }
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o644).open(path)
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}
