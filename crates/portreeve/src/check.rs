//! `portreeve check`.

mod alone;
mod look_up;
mod watches;

use crate::args::CheckArgs;
use crate::client;
use crate::configuration;
use crate::exit::{Exit, Failure};
use crate::host::advice::advice;
use crate::host::{Snapshot, wanted_of};
use crate::paths::Paths;
use crate::render::check::{
    Summary, of_address, of_door, of_group, of_kept, of_port, of_service, summary,
};
use crate::render::json;
use crate::terminal::{self, Form};
use portreeve_config::Loaded;
use portreeve_diag::{Diagnostic, Diagnostics, JsonDiagnostic, Paint, Sources, render};
use portreeve_model::{Config, Resolved, Settings};
use portreeve_wire::control::{Answer, Request};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::net::{IpAddr, UdpSocket};

/// Names everything that is wrong with a configuration, and on request what it amounts to.
pub(crate) fn run(args: &CheckArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    if let Some(language) = args.language {
        return alone::run(language, args, form);
    }
    let entry = paths.configuration(&args.source);
    let loaded = configuration::load_thoroughly(&entry)?;
    let Loaded { config, sources, diagnostics: mut found, questions, .. } = loaded;
    if !args.offline {
        found.extend(look_up::findings(&questions));
        found.sort();
    }
    if let Some(config) = &config {
        let host = configuration::host(config, paths);
        let held = held(config, &host, running(paths), &sources);
        found.extend(missing(config, &host, held, &sources));
        found.extend(watches::findings(config, &sources));
    }
    let summary = Summary::new(entry.path(), config.as_ref(), &found);
    let effective = config.as_ref().filter(|_| args.print).map(portreeve_config::print);
    match form {
        Form::Json => {
            let value = as_json(&summary, &found, &sources, effective.as_deref());
            terminal::answer(&json::text(&value))?;
        }
        Form::Text(paint) => say(&summary, &found, &sources, effective.as_deref(), paint)?,
    }
    Ok(if config.is_some() { Exit::Yes } else { Exit::Configuration })
}

/// What the host lacks, for the door and for each service, as findings about the lines that ask.
fn missing<'a>(
    config: &'a Config,
    host: &'a Resolved,
    held: Vec<Diagnostic>,
    sources: &'a Sources,
) -> impl Iterator<Item = Diagnostic> + 'a {
    let services = config.services.iter().zip(&host.services);
    let of_services = services.flat_map(move |(service, facts)| {
        let problems = facts.problems.iter();
        let problems = problems.map(move |problem| of_service(problem, service, sources));
        let listens = service.listen.iter().zip(&facts.addresses);
        let absent = listens.flat_map(|(listen, all)| all.iter().map(move |one| (listen, *one)));
        let absent = absent.filter(|(_, address)| !is_here(*address));
        problems.chain(absent.map(move |(at, address)| of_address(address, at, service, sources)))
    });
    let of_kept = config.kept.iter().zip(&host.kept).flat_map(move |(kept, facts)| {
        facts.problems.iter().map(move |problem| of_kept(problem, kept, sources))
    });
    let of_services = of_services.chain(of_kept).chain(held);
    let of_door = host.problems.iter().map(|problem| of_door(problem));
    of_door.chain(control_group(config, host)).chain(of_services)
}

/// The running door, whose own ports are nobody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    /// There is none.
    No,
    /// Its process.
    Yes(u32),
    /// There may be one that this user may not ask.
    Unknown,
}

fn running(paths: &Paths) -> Running {
    match client::ask_if_there(paths, &Request::Status) {
        Ok(None) => Running::No,
        Ok(Some(answered)) => match client::granted(answered.answer) {
            Ok(Answer::Status(status)) => Running::Yes(status.pid),
            Ok(_) | Err(_) => Running::Unknown,
        },
        Err(_) => Running::Unknown,
    }
}

/// Services whose addresses another program has.
fn held(config: &Config, host: &Resolved, running: Running, sources: &Sources) -> Vec<Diagnostic> {
    let of = |index| wanted_of(config, host, index);
    let all: Vec<_> = (0..config.services.len()).flat_map(of).collect();
    let snapshot = Snapshot::of(&all);
    let door = if let Running::Yes(pid) = running { Some(pid) } else { None };
    let services = config.services.iter().enumerate().filter_map(|(index, service)| {
        let mut facts = snapshot.look(&of(index), door);
        if running == Running::Unknown {
            facts.holders.retain(|holder| holder.pid.is_some());
        }
        let key = service.key.as_str();
        Some((service, advice(key, key, &facts)?))
    });
    services.map(|(service, advice)| of_port(&advice, service, sources)).collect()
}

/// A control group that was written and that the host does not have. The default one may be absent:
/// then nobody but root was meant to command the door.
fn control_group(config: &Config, host: &Resolved) -> Option<Diagnostic> {
    let name = &config.settings.control_group;
    let written = *name != Settings::default().control_group;
    // A clerk of its own: the door is root's, and the groups were asked for.
    let missing = host.control_group.is_none() && host.clerk.is_some() && host.problems.is_empty();
    (written && missing).then(|| of_group(name))
}

/// Whether this host has an address, asked by binding to it for a moment: routes and settings of
/// the kernel may make more of them local than the interfaces have.
fn is_here(address: IpAddr) -> bool {
    match UdpSocket::bind((address, 0)) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::AddrNotAvailable,
    }
}

/// Findings are the answer, unless the effective configuration was asked for: then that is, and
/// findings go beside it.
fn say(
    summary: &Summary,
    found: &Diagnostics,
    sources: &Sources,
    effective: Option<&str>,
    paint: Paint,
) -> Result<(), Failure> {
    match effective {
        None => terminal::answer(&text(summary, found, sources, paint)),
        Some(effective) => {
            terminal::remark(&text(summary, found, sources, terminal::error_paint()));
            terminal::answer(effective)
        }
    }
}

fn text(outcome: &Summary, found: &Diagnostics, sources: &Sources, paint: Paint) -> String {
    format!("{}{}", render(found, sources, paint), summary(outcome, paint))
}

fn as_json(
    summary: &Summary,
    found: &Diagnostics,
    sources: &Sources,
    effective: Option<&str>,
) -> Value {
    let findings: Vec<_> = found.iter().map(|one| JsonDiagnostic::new(one, sources)).collect();
    json!({
        "configuration": summary.file,
        "accepted": summary.accepted,
        "services": summary.services,
        "kept": summary.kept,
        "watches": summary.watches,
        "traps": summary.traps,
        "errors": summary.errors,
        "warnings": summary.warnings,
        "notes": summary.notes,
        "findings": findings,
        "more": found.dropped(),
        "effective": effective,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::Ids;

    #[test]
    fn a_control_group_that_was_written_must_be_there() {
        let helper = Some(Ids { uid: 900, gid: 900, groups: Vec::new() });
        let default = Settings::default().control_group;
        for (name, gid, clerk, told) in [
            ("wheel", None, helper.clone(), true),
            ("wheel", Some(10), helper.clone(), false),
            (default.as_str(), None, helper, false),
            ("wheel", None, None, false), // an ordinary user's door
        ] {
            let mut config = Config::default();
            config.settings.control_group = name.into();
            let host = Resolved { control_group: gid, clerk, ..Resolved::default() };
            assert_eq!(control_group(&config, &host).is_some(), told, "{name} {gid:?}");
        }
    }
}
