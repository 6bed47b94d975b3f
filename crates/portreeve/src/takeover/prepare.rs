//! From what was typed to what will be done.

use super::state::{Phase, State, millis};
use crate::args::TakeoverArgs;
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::host::advice::missing;
use crate::host::plan::{ByHand, plan};
use crate::host::words::split;
use crate::host::{Keeper, Wanted, look};
use crate::paths::Paths;
use crate::render::text::visible;
use portreeve_sys::clock::monotonic;
use portreeve_wire::control::{
    Answer, LONGEST_TRIAL, Request, SHORTEST_TRIAL, ServiceStatus, Status,
};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

/// What came of it.
pub(super) enum Prepared {
    /// Nothing has to be done: why.
    Nothing(String),
    /// What is to be done.
    Plan(Box<State>),
}

/// Plans a takeover of the services of the name or key.
pub(super) fn prepare(args: &TakeoverArgs, paths: &Paths) -> Result<Prepared, Failure> {
    let name = args.service.as_deref().unwrap_or_default();
    let seconds = trial_seconds(args.confirm)?;
    let by_hand = by_hand(args)?;
    let status = status(paths)?;
    let fits = |s: &&ServiceStatus| s.key == name || s.name == name;
    let mut services: Vec<&ServiceStatus> = status.services.iter().filter(fits).collect();
    check(name, &services, &status)?;
    let wanted: Vec<Wanted> = services.iter().flat_map(|service| missing(service)).collect();
    if wanted.is_empty() {
        let text = format!("The door listens on every address of {} already.", visible(name));
        return Ok(Prepared::Nothing(text));
    }
    let facts = look(&wanted, Some(status.pid));
    let others: Vec<_> = facts.holders.iter().filter(|h| h.keeper != Keeper::Door).collect();
    if others.is_empty() {
        return Err(Failure::new(
            Exit::No,
            format!("no other program holds what {} wants", visible(name)),
        )
        .help("`portreeve status` tells why the door does not listen there"));
    }
    let plan = plan(&facts, by_hand.as_ref()).map_err(|reasons| {
        let reasons: Vec<_> = reasons.iter().map(|reason| visible(reason)).collect();
        Failure::new(
            Exit::No,
            format!("cannot take over {}: {}", visible(name), reasons.join("; ")),
        )
    })?;
    // whatever else of the door waits for the same program comes up with it, and goes with it
    let addresses: BTreeSet<SocketAddr> = others.iter().map(|holder| holder.address).collect();
    let ports: BTreeSet<u16> =
        addresses.iter().map(SocketAddr::port).chain(facts.other_ports.iter().copied()).collect();
    let also = status.services.iter().filter(|service| {
        let waits = |wanted: &Wanted| ports.contains(&wanted.address.port());
        !fits(service) && missing(service).iter().any(waits)
    });
    services.extend(also);
    let before_trial = plan.stop.len();
    let steps = plan.stop.into_iter().chain(plan.keep).collect();
    Ok(Prepared::Plan(Box::new(State {
        id: format!("{}-{}", std::process::id(), millis(monotonic())),
        services: services.iter().map(|service| service.key.clone()).collect(),
        login: services.iter().filter(|s| fits(s)).any(|s| is_login(&s.offer)),
        holders: others.iter().map(ToString::to_string).collect(),
        addresses: addresses.into_iter().collect(),
        notes: plan.notes,
        steps,
        before_trial,
        begun: 0,
        claimed: false,
        seconds,
        phase: Phase::Planned,
        guard: None,
        began: 0,
        began_since_boot: 0,
        log: Vec::new(),
    })))
}

/// Seconds of a trial.
///
/// # Errors
/// Too short to log in, or longer than anybody waits.
pub(crate) fn trial_seconds(time: Duration) -> Result<u32, Failure> {
    let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    if (SHORTEST_TRIAL..=LONGEST_TRIAL).contains(&seconds) {
        return Ok(seconds);
    }
    let text = format!("--confirm takes {SHORTEST_TRIAL}s to {LONGEST_TRIAL}s");
    Err(Failure::new(Exit::Usage, text))
}

fn by_hand(args: &TakeoverArgs) -> Result<Option<ByHand>, Failure> {
    let (Some(stop), Some(start)) = (&args.stop_with, &args.start_with) else { return Ok(None) };
    let words = |option: &str, text: &str| {
        split(text).map_err(|why| Failure::new(Exit::Usage, format!("{option}: {why}")))
    };
    let (stop, start) = (words("--stop-with", stop)?, words("--start-with", start)?);
    Ok(Some(ByHand { stop, start }))
}

fn status(paths: &Paths) -> Result<Status, Failure> {
    let answered = client::ask(paths, &Request::Status, Patience::Glance);
    let answered = answered.map_err(|failure| match failure.exit {
        Exit::Unavailable => failure.help("it waits for the port, and gets it by the takeover"),
        Exit::Yes
        | Exit::No
        | Exit::Usage
        | Exit::Bug
        | Exit::System
        | Exit::NotPermitted
        | Exit::Configuration => failure,
    })?;
    let Answer::Status(status) = client::granted(answered.answer)? else {
        return Err(client::unexpected());
    };
    Ok(*status)
}

fn check(name: &str, services: &[&ServiceStatus], status: &Status) -> Result<(), Failure> {
    if services.is_empty() {
        let text = format!("the running door has no service `{}`", visible(name));
        return Err(Failure::new(Exit::Usage, text).help("`portreeve status` names them"));
    }
    if status.stopping {
        return Err(Failure::new(Exit::Unavailable, "the door is closing"));
    }
    match services.iter().find(|service| !service.problems.is_empty()) {
        Some(service) => Err(Failure::new(
            Exit::Configuration,
            format!("{} cannot run: {}", service.key, visible(&service.problems.join("; "))),
        )
        .help("mend that first")),
        None => Ok(()),
    }
}

/// Whether one logs in by a service: then the confirmation has to come in by it.
fn is_login(offer: &str) -> bool {
    let program = offer.split(' ').next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    matches!(name, "sshd" | "dropbear" | "in.telnetd" | "telnetd" | "in.rlogind")
}
