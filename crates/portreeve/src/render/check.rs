//! The outcome of a check.

use super::text::{count, visible};
use super::{Ink, ink};
use crate::host::advice::Advice;
use portreeve_diag::{Code, Diagnostic, Diagnostics, FileId, Level, Paint, Sources, Span};
use portreeve_model::{Config, Kept, Listen, Offer, Origin, Problem, Service};
use std::net::IpAddr;
use std::path::Path;

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The configuration's first file.
    pub(crate) file: String,
    /// Whether it may be run.
    pub(crate) accepted: bool,
    /// Services in it.
    pub(crate) services: usize,
    /// Services in it that are kept up.
    pub(crate) kept: usize,
    /// Watches in it.
    pub(crate) watches: usize,
    /// Traps in it.
    pub(crate) traps: usize,
    /// Findings that refuse it.
    pub(crate) errors: usize,
    /// Findings that do not, but should be mended.
    pub(crate) warnings: usize,
    /// Findings worth knowing.
    pub(crate) notes: usize,
}

impl Summary {
    /// Counts.
    pub(crate) fn new(file: &Path, config: Option<&Config>, found: &Diagnostics) -> Self {
        let all = config.map(|config| config.services.as_slice()).unwrap_or_default();
        let traps = all.iter().filter(|one| matches!(one.offer, Offer::Trap(_))).count();
        Self {
            file: file.display().to_string(),
            accepted: config.is_some(),
            services: all.len().saturating_sub(traps),
            kept: config.map_or(0, |config| config.kept.len()),
            watches: config.map_or(0, |config| config.watches.len()),
            traps,
            errors: found.errors(),
            warnings: found.count(Level::Warning),
            notes: found.count(Level::Note),
        }
    }
}

/// One line: accepted or refused, and how much was found.
pub(crate) fn summary(summary: &Summary, paint: Paint) -> String {
    let file = visible(&summary.file);
    let found = counts(summary.errors, summary.warnings, summary.notes);
    if summary.accepted {
        let kept = match summary.kept {
            0 => String::new(),
            kept => format!(", {} kept up", n(kept, "service")),
        };
        let watches = match summary.watches {
            0 => String::new(),
            1 => ", 1 watch".to_owned(),
            watches => format!(", {watches} watches"),
        };
        let (services, traps) = (n(summary.services, "service"), n(summary.traps, "trap"));
        let offered = format!("{services}, {traps}{kept}{watches}");
        format!("{file}: {}: {offered}; {found}\n", ink(paint, Ink::Good, "sound"))
    } else {
        format!("{file}: {}: {found}\n", ink(paint, Ink::Bad, "refused"))
    }
}

/// One line: the files that were checked, and how much was found in them.
pub(crate) fn found_in(files: &[String], found: &Diagnostics) -> String {
    let files: Vec<_> = files.iter().map(|file| visible(file)).collect();
    let of = |level| found.count(level);
    let counts = counts(of(Level::Error), of(Level::Warning), of(Level::Note));
    format!("{}: {counts}\n", files.join(", "))
}

fn n(number: usize, one: &str) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX), one)
}

/// `2 errors, 1 note`.
fn counts(errors: usize, warnings: usize, notes: usize) -> String {
    let found: Vec<_> = [(errors, "error"), (warnings, "warning"), (notes, "note")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| n(number, word))
        .collect();
    if found.is_empty() { "nothing to mend".to_owned() } else { found.join(", ") }
}

/// What the host lacks for a service, as a finding about the line that asks for it.
pub(crate) fn of_service(problem: &Problem, service: &Service, sources: &Sources) -> Diagnostic {
    finding(problem, sources).help(format!(
        "`{}` stays down until this is mended, and then comes up by itself",
        service.key
    ))
}

/// What the host lacks for a service that is kept up, likewise.
pub(crate) fn of_kept(problem: &Problem, kept: &Kept, sources: &Sources) -> Diagnostic {
    finding(problem, sources).help(format!(
        "the keeper is told nothing new of `{}` until this is mended, and then by itself",
        kept.name
    ))
}

/// The code of an address that the host does not have.
const HOST_ADDRESS: Code = Code("host-address");

/// An address to listen on that the host does not have.
pub(crate) fn of_address(
    address: IpAddr,
    listen: &Listen,
    service: &Service,
    sources: &Sources,
) -> Diagnostic {
    let at = span(listen.origin, sources);
    let message = format!("`{address}` is no address of this host");
    Diagnostic::new(Level::Warning, HOST_ADDRESS, at, message)
        .help(format!("`{}` listens there as soon as it is one", service.key))
}

/// The code of an address that another program has.
const HOST_PORT: Code = Code("host-port");

/// An address that another program has, with what to type about it.
pub(crate) fn of_port(advice: &Advice, service: &Service, sources: &Sources) -> Diagnostic {
    let at = service.listen.first().and_then(|listen| span(listen.origin, sources));
    let message = format!("another program has what `{}` wants", service.key);
    let mut found = Diagnostic::new(Level::Warning, HOST_PORT, at, message);
    for holder in &advice.holders {
        found = found.help(format!("held: {}", visible(holder)));
    }
    for step in &advice.steps {
        found = found.help(format!("run: {}", visible(step)));
    }
    if let Some(takeover) = &advice.takeover {
        let undone = "does this, and undoes it unless you confirm it from a new connection";
        found = found.help(format!("or: `{}` {undone}", visible(takeover)));
    }
    advice.notes.iter().fold(found, |found, note| found.help(visible(note)))
}

/// What the host lacks for the door as a whole.
pub(crate) fn of_door(problem: &str) -> Diagnostic {
    Diagnostic::new(Level::Warning, code("door"), None, problem)
        .help("the door does not open until this is mended")
}

/// A control group that does not exist.
pub(crate) fn of_group(name: &str) -> Diagnostic {
    let message = format!(
        "group `{name}` (control-group) does not exist, so that root alone commands the door"
    );
    Diagnostic::new(Level::Warning, code("door"), None, message)
        .help(format!("make it with `groupadd --system {name}`"))
}

fn finding(problem: &Problem, sources: &Sources) -> Diagnostic {
    let at = span(problem.origin, sources);
    Diagnostic::new(Level::Warning, code(&problem.what), at, problem.reason.clone())
}

/// Codes of what the host lacks; the words are those of [`Problem::what`].
fn code(what: &str) -> Code {
    Code(match what {
        "user" => "host-user",
        "group" => "host-group",
        "server" => "host-server",
        "banner" => "host-banner",
        "bind" => "host-bind",
        "chroot" => "host-chroot",
        "directory" => "host-directory",
        "door" => "host-door",
        "finish" => "host-finish",
        "environment-directory" => "host-environment-directory",
        "log" => "host-log",
        _ => "host",
    })
}

/// The word at a place, for the carets.
pub(crate) fn span(origin: Origin, sources: &Sources) -> Option<Span> {
    let file = FileId(origin.file);
    let text = sources.text(file);
    let line_number = usize::try_from(origin.line).ok()?.checked_sub(1)?;
    let line = text.split_inclusive('\n').nth(line_number)?;
    let before: usize = text.split_inclusive('\n').take(line_number).map(str::len).sum();
    let column = usize::try_from(origin.column).ok()?.saturating_sub(1);
    let skipped: usize = line.chars().take(column).map(char::len_utf8).sum();
    let rest = line.get(skipped..).unwrap_or_default();
    let length = rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len()).max(1);
    Some(Span::new(file, before + skipped, before + skipped + length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_diag::render;
    use portreeve_model::Dialect;

    fn problem(line: u32, column: u32) -> Problem {
        let origin = Origin { file: 0, line, column, dialect: Dialect::Native };
        Problem { what: "user".into(), reason: "user `nobdy` does not exist".into(), origin }
    }

    #[test]
    fn what_the_host_lacks_points_at_the_line_that_asks_for_it() {
        let mut sources = Sources::new();
        sources.add("/etc/p.toml", "[service.ä]\nuser = \"nobdy\", x\n");
        let mut found = Diagnostics::new();
        found.push(finding(&problem(2, 8), &sources));
        let text = render(&found, &sources, Paint::Plain);
        for want in ["warning[host-user]", "/etc/p.toml:2:8", "^^^^^^^\n"] {
            assert!(text.contains(want), "{want} in\n{text}");
        }
        assert_eq!(span(problem(9, 1).origin, &sources), None);
    }

    #[test]
    fn every_code_is_in_the_documentation() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let page = std::fs::File::open(page).and_then(std::io::read_to_string).unwrap();
        let of = ["user", "group", "server", "banner", "bind", "chroot", "directory", "door"];
        let of_kept = ["finish", "environment-directory", "log"];
        for code in of.into_iter().chain(of_kept).map(code).chain([HOST_ADDRESS, HOST_PORT]) {
            assert_ne!(code.0, "host", "a code of its own");
            assert!(page.contains(&format!("`{}`", code.0)), "{}", code.0);
        }
    }

    #[test]
    fn the_last_line_says_how_it_went() {
        let mut outcome = Summary {
            file: "/etc/p.toml".into(),
            accepted: true,
            watches: 0,
            kept: 0,
            services: 3,
            traps: 1,
            errors: 0,
            warnings: 0,
            notes: 0,
        };
        let line = |outcome: &Summary| summary(outcome, Paint::Plain);
        assert_eq!(line(&outcome), "/etc/p.toml: sound: 3 services, 1 trap; nothing to mend\n");
        outcome.warnings = 1;
        outcome.notes = 2;
        assert!(line(&outcome).ends_with("; 1 warning, 2 notes\n"));
        outcome.accepted = false;
        outcome.errors = 2;
        assert_eq!(line(&outcome), "/etc/p.toml: refused: 2 errors, 1 warning, 2 notes\n");
    }
}
