//! hosts.allow and hosts.deny (hosts_access(5), hosts_options(5)).
//!
//! [`read`] makes checked rules of a file; where the ancestor's meaning of a mistake would open the
//! door, or shut it to everybody, it says what is meant here. [`shadowed`] finds rules that decide
//! nothing.
//!
//! xinetd asks TCP Wrappers about every service without `NOLIBWRAP`, and portreeve's services are
//! not asked about by these rules: so [`check`] refuses a service to which one would apply. It errs
//! on that side: clients are not looked at, and what cannot be read applies to everybody.

mod check;
mod codes;
mod concern;
mod line;
mod option;
mod pattern;
mod raw;
mod shadow;
#[cfg(test)]
mod tests;

pub use check::{list_file, read, unreadable as unreadable_table};
pub use codes::ALL as CODES;
pub use option::wrong_option;
pub use shadow::shadowed;

use crate::xinetd::{LoadedService, codes as xinetd};
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level, Sources, Span};

/// One of the two files.
#[derive(Clone, Copy, Debug)]
pub struct HostsFile<'a> {
    /// Its path.
    pub path: &'a str,
    /// What is in it.
    pub content: Content<'a>,
}

/// What is in a file.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// There is no such file, or it is a directory, which TCP Wrappers take for an empty file.
    Absent,
    /// Its text.
    Text(&'a str),
    /// It is there but cannot be read; TCP Wrappers then refuse everybody (hosts.deny) or go on
    /// without it (hosts.allow).
    Unreadable(&'a str),
}

/// A rule that would apply to a daemon, whoever the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applicable {
    /// Where it stands.
    pub at: Span,
    /// How certain that is.
    pub why: Why,
}

/// Why a rule is held to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its daemon list matches the name or one of the ports.
    Matches,
    /// It may match: `daemon@host` depends on the address the client came to.
    MayMatch,
    /// It cannot be read as a rule.
    Unreadable,
    /// The file's last line has no line feed, or a line is longer than 2047 bytes. From there on
    /// hosts.deny refuses everybody; hosts.allow is only read no further.
    Cut,
}

/// The rules of a text that would apply to a daemon of this name on these ports.
#[must_use]
pub fn applicable(file: FileId, text: &str, daemon: &str, ports: &[u16]) -> Vec<Applicable> {
    applying(&concern::lines_of(file, text), daemon, ports).collect()
}

fn applying<'r>(
    lines: &'r [concern::Line],
    daemon: &'r str,
    ports: &'r [u16],
) -> impl Iterator<Item = Applicable> + 'r {
    lines.iter().filter_map(move |line| {
        let why = match &line.daemons {
            Ok(daemons) => concern::concerns(daemons, daemon, ports)?,
            Err(why) => *why,
        };
        Some(Applicable { at: line.at, why })
    })
}

/// What it means for a file to be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cutting {
    Refuses,
    Ends,
}

/// Reports an error for every service to which a rule of either file would apply.
pub fn check(
    services: &[LoadedService],
    allow: HostsFile<'_>,
    deny: HostsFile<'_>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) {
    if services.iter().all(|service| service.libwrap.is_none()) {
        return;
    }
    for (hosts, cut) in [(deny, Cutting::Refuses), (allow, Cutting::Ends)] {
        let rules = match hosts.content {
            Content::Absent => continue,
            Content::Text(text) => concern::lines_of(sources.add(hosts.path, text), text),
            Content::Unreadable(reason) => {
                unreadable(services, hosts.path, reason, diagnostics);
                continue;
            }
        };
        for service in services {
            let Some(daemon) = &service.libwrap else { continue };
            let ports: Vec<u16> = service.service.listen.iter().map(|l| l.port).collect();
            let counts = |rule: &Applicable| rule.why != Why::Cut || cut == Cutting::Refuses;
            if let Some(rule) = applying(&rules, &daemon.name, &ports).find(counts) {
                diagnostics.push(applies(hosts.path, service, &daemon.name, rule));
            }
        }
    }
}

fn applies(path: &str, service: &LoadedService, daemon: &str, rule: Applicable) -> Diagnostic {
    let name = &service.service.name;
    let message = match rule.why {
        Why::Matches => format!("this rule applies to `{daemon}`, the daemon of service `{name}`"),
        Why::MayMatch => {
            format!("this rule may apply to `{daemon}`, the daemon of service `{name}`")
        }
        Why::Unreadable => format!("no rule; whether it concerns service `{name}` is open"),
        Why::Cut => {
            format!("{path} is cut off here, which would refuse everybody service `{name}`")
        }
    };
    let finding = finding(Some(rule.at), message, service);
    match rule.why {
        Why::Cut => finding.help("end the last line with a line feed; no line may pass 2047 bytes"),
        Why::Matches | Why::MayMatch | Why::Unreadable => finding,
    }
}

fn unreadable(services: &[LoadedService], path: &str, reason: &str, out: &mut Diagnostics) {
    for service in services.iter().filter(|service| service.libwrap.is_some()) {
        let name = &service.service.name;
        let message =
            format!("{path} may hold rules for service `{name}` but cannot be read: {reason}");
        out.push(finding(None, message, service));
    }
}

fn finding(at: Option<Span>, message: String, service: &LoadedService) -> Diagnostic {
    Diagnostic::new(Level::Error, xinetd::LIBWRAP_RULES, at, message)
        .also(service.at, "xinetd consults TCP Wrappers for this service")
        .help("portreeve does not apply rules of hosts.allow and hosts.deny")
        .help("write them as `only_from` and `no_access`, and add `NOLIBWRAP` to the service's `flags`")
}
