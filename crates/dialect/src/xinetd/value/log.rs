//! Values of `log_type`, `log_on_success` and `log_on_failure`.

use super::super::attribute::Attribute;
use super::super::codes;
use super::super::lex::Word;
use super::super::report::{Report, error, quote};
use super::{number, program};
use portreeve_diag::{Diagnostic, Span};
use portreeve_model::{Facility, LogTarget, Severity};

/// The words of `log_on_success`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Success {
    Host,
    Duration,
    Exit,
    Pid,
    UserId,
    Traffic,
}

impl Success {
    /// As written.
    pub(in super::super) const WORDS: &'static [(&'static str, Self)] = &[
        ("PID", Self::Pid),
        ("HOST", Self::Host),
        ("USERID", Self::UserId),
        ("EXIT", Self::Exit),
        ("DURATION", Self::Duration),
        ("TRAFFIC", Self::Traffic),
    ];
}

/// The words of `log_on_failure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Failure {
    Host,
    Attempt,
    UserId,
}

impl Failure {
    /// As written.
    pub(in super::super) const WORDS: &'static [(&'static str, Self)] =
        &[("HOST", Self::Host), ("USERID", Self::UserId), ("ATTEMPT", Self::Attempt)];
}

/// Where records go. `at` is the line.
pub(in super::super) fn target(
    words: &[Word],
    at: Span,
    report: &mut Report<'_>,
) -> Option<LogTarget> {
    let (kind, rest) = words.split_first()?;
    if kind.is("SYSLOG") {
        return syslog(rest, at, report).map_err(|finding| report.push(*finding)).ok();
    }
    if kind.is("FILE") {
        return file(rest, at, report);
    }
    let message = format!("{} is no kind of log", quote(&kind.text));
    let help = "write `log_type = SYSLOG facility [level]` or `log_type = FILE path [soft [hard]]`";
    report.push(error(codes::BAD_LOG, kind.at, message).help(help));
    None
}

fn syslog(rest: &[Word], at: Span, report: &Report<'_>) -> Result<LogTarget, Box<Diagnostic>> {
    let (facility, level) = match rest {
        [facility] => (facility, None),
        [facility, level] => (facility, Some(level)),
        [] | [_, _, ..] => {
            let message = "`SYSLOG` takes a facility and perhaps a level";
            let help = "write `log_type = SYSLOG daemon info`";
            return Err(error(codes::BAD_LOG, at, message).help(help).into());
        }
    };
    let unknown = |word: &Word, what: &str, names: Vec<&str>| {
        let message = format!("{} is no syslog {what}", quote(&word.text));
        let finding = error(codes::BAD_LOG, word.at, message);
        match report.nearest(&word.text, names.iter().copied()) {
            Some(name) => finding.help(format!("did you mean `{name}`?")),
            None => finding.help(format!("it is one of: {}", names.join(" "))),
        }
    };
    // The kernel's facility is not for programs, and xinetd has it not.
    let facilities = Facility::NAMES.iter().map(|(name, _)| *name).filter(|name| *name != "kern");
    let found = Facility::by_name(&facility.text).filter(|_| !facility.is("kern"));
    let found = found.ok_or_else(|| unknown(facility, "facility", facilities.collect()))?;
    let severity = match level {
        None => Severity::by_name("info").unwrap_or(Severity(6)),
        Some(level) => Severity::by_name(&level.text)
            .ok_or_else(|| unknown(level, "level", Severity::NAMES.to_vec()))?,
    };
    Ok(LogTarget::Syslog { facility: found, severity })
}

fn file(rest: &[Word], at: Span, report: &mut Report<'_>) -> Option<LogTarget> {
    let (path, soft, hard) = match rest {
        [path] => (path, None, None),
        [path, soft] => (path, Some(soft), None),
        [path, soft, hard] => (path, Some(soft), Some(hard)),
        [] | [_, _, _, _, ..] => {
            let message = "`FILE` takes a path and perhaps a soft and a hard limit";
            let help = "write `log_type = FILE /var/log/NAME [soft [hard]]`";
            report.push(error(codes::BAD_LOG, at, message).help(help));
            return None;
        }
    };
    let path = program::path(Attribute::LogType, path, report)?;
    let soft = soft.map(|word| limit(word, report));
    let hard = hard.map(|word| (word, limit(word, report)));
    let (soft, hard) = match (soft, hard) {
        (Some(None), _) | (_, Some((_, None))) => return None,
        (Some(Some(soft)), Some((word, Some(hard)))) if hard < soft => {
            let message = "the hard limit is below the soft one";
            let help = format!("write a hard limit of {soft} or more");
            report.push(error(codes::BAD_LOG, word.at, message).help(help));
            return None;
        }
        (Some(Some(soft)), Some((_, Some(hard)))) => (Some(soft), Some(hard)),
        (Some(Some(soft)), None) => (Some(soft), Some(default_hard(soft))),
        (None, _) => (None, None),
    };
    Some(LogTarget::File { path, soft, hard })
}

/// The soft limit and 1 % of it, but no less than 5 KiB and no more than 20 KiB.
fn default_hard(soft: u64) -> u64 {
    soft.saturating_add((soft / 100).clamp(5 << 10, 20 << 10))
}

fn limit(word: &Word, report: &mut Report<'_>) -> Option<u64> {
    let size = number::size(&word.text);
    if size.is_none() {
        let message = format!("{} is no size", quote(&word.text));
        let help = "write a decimal number, with `k` or `m` for 1024 or 1048576";
        report.push(error(codes::BAD_LOG, word.at, message).help(help));
    }
    size
}
