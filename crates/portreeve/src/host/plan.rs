//! From what was found to what is to be done, in order, with the way back of each step. Pure.

use super::keeper::{Holder, Keeper, Unit};
use super::look::{Facts, NOT_TO_BE_RUN};
use super::words::line;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// One deed on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Deed {
    /// Run a program with these words.
    Run(Vec<String>),
    /// As [`Self::Run`], but a program that goes on in the foreground has done it too.
    Start(Vec<String>),
    /// Make an empty file.
    Touch(String),
    /// Remove a file.
    Remove(String),
}

impl fmt::Display for Deed {
    /// As a line for a shell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(words) | Self::Start(words) => f.write_str(&line(words)),
            Self::Touch(path) => write!(f, "touch {}", line(std::slice::from_ref(path))),
            Self::Remove(path) => write!(f, "rm {}", line(std::slice::from_ref(path))),
        }
    }
}

/// A deed and the way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// What is done.
    pub(crate) deed: Deed,
    /// What undoes it, in order.
    pub(crate) undo: Vec<Deed>,
}

/// What has to be done on this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Frees the ports; a reboot undoes it.
    pub(crate) stop: Vec<Step>,
    /// Keeps the holders from coming back at the next boot.
    pub(crate) keep: Vec<Step>,
    /// Worth knowing beforehand.
    pub(crate) notes: Vec<String>,
}

/// How to stop and start a holder that nothing on the host is known to keep, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByHand {
    /// Stops it.
    pub(crate) stop: Vec<String>,
    /// Starts it again.
    pub(crate) start: Vec<String>,
}

/// What to do about the holders.
///
/// # Errors
/// Why nothing can be done without more being told, a sentence for each reason.
pub(crate) fn plan(facts: &Facts, by_hand: Option<&ByHand>) -> Result<Plan, Vec<String>> {
    let mut plan = Plan::default();
    let others: Vec<&Holder> =
        facts.holders.iter().filter(|holder| holder.keeper != Keeper::Door).collect();
    if let Some(by_hand) = by_hand.filter(|_| !others.is_empty()) {
        let undo = vec![Deed::Start(by_hand.start.clone())];
        plan.stop.push(Step { deed: Deed::Run(by_hand.stop.clone()), undo });
        plan.notes.push(
            "what was started by hand, or otherwise than by a unit or an init script, may come \
             back at the next boot: see to it"
                .into(),
        );
        notes_on_ports(facts, &mut plan);
        return Ok(plan);
    }
    let obstacles: BTreeSet<String> = others.iter().filter_map(|h| obstacle(h, facts)).collect();
    if !obstacles.is_empty() {
        return Err(obstacles.into_iter().collect());
    }
    units(&others, facts, &mut plan)?;
    let scripts: BTreeSet<&String> = others.iter().filter_map(|holder| script(holder)).collect();
    for script in scripts {
        init(script, facts, &mut plan);
    }
    if facts.heeds_not_to_be_run && !plan.stop.is_empty() {
        // Debian's unit takes this directory along when it stops, and no sshd serves without it
        let make = ["mkdir", "-p", "-m", "755", "/run/sshd"].map(str::to_owned);
        plan.stop.push(Step { deed: Deed::Run(make.into()), undo: Vec::new() });
        let path = NOT_TO_BE_RUN.to_owned();
        let undo = vec![Deed::Remove(path.clone())];
        plan.keep.push(Step { deed: Deed::Touch(path), undo });
    }
    notes_on_ports(facts, &mut plan);
    Ok(plan)
}

/// Why this holder cannot be stopped by what is known.
fn obstacle(holder: &Holder, facts: &Facts) -> Option<String> {
    let tell = "say how to stop and start it, with --stop-with and --start-with of \
                `portreeve takeover`";
    let way = match &holder.keeper {
        Keeper::Door | Keeper::Init(_) => return None,
        Keeper::Unit(name) => {
            let unit = facts.units.iter().find(|unit| unit.name == *name)?;
            if !unit.is_transient() {
                return None;
            }
            format!("its unit is not there any more once it is stopped: {tell}")
        }
        Keeper::OtherDoor => "stop that door with `portreeve stop`, with its --root".to_owned(),
        Keeper::Container => {
            "have the container publish another port, or none; the door cannot do that".to_owned()
        }
        Keeper::UserUnit(unit) => {
            format!("stop it as that user with `systemctl --user stop {unit}`, or {tell}")
        }
        Keeper::Unknown if holder.pid.is_none() && !facts.root => {
            "run this as root to see who".to_owned()
        }
        Keeper::Unknown if holder.pid.is_none() => {
            "no process that is visible from here has it open: it may be a container's, or the \
             kernel's own"
                .to_owned()
        }
        Keeper::Login(_) | Keeper::Unknown => tell.to_owned(),
    };
    Some(format!("{holder}; {way}"))
}

fn script(holder: &Holder) -> Option<&String> {
    if let Keeper::Init(script) = &holder.keeper { Some(script) } else { None }
}

fn systemctl(words: &[&str], units: &[&Unit]) -> Deed {
    let words = std::iter::once("systemctl").chain(words.iter().copied());
    let names = units.iter().map(|unit| unit.name.as_str());
    Deed::Run(words.chain(names).map(str::to_owned).collect())
}

fn active<'a>(units: &[&'a Unit]) -> Vec<&'a Unit> {
    units.iter().filter(|unit| unit.active).copied().collect()
}

/// Stops first and masks then: a unit that is masked has lost its settings when it is stopped, its
/// `KillMode` among them, and would take its sessions along.
fn units(others: &[&Holder], facts: &Facts, plan: &mut Plan) -> Result<(), Vec<String>> {
    let held: Vec<&str> = others
        .iter()
        .filter_map(|holder| match &holder.keeper {
            Keeper::Unit(name) => Some(name.as_str()),
            Keeper::Door
            | Keeper::OtherDoor
            | Keeper::UserUnit(_)
            | Keeper::Init(_)
            | Keeper::Login(_)
            | Keeper::Container
            | Keeper::Unknown => None,
        })
        .collect();
    if held.is_empty() {
        return Ok(());
    }
    let unknown = |name: &&&str| !facts.units.iter().any(|unit| unit.name == **name);
    if let Some(name) = held.iter().find(unknown) {
        return Err(vec![format!("`systemctl show {name}` says nothing about that unit")]);
    }
    let (sockets, services): (Vec<&Unit>, Vec<&Unit>) =
        facts.units.iter().partition(|unit| unit.is_socket());
    // sockets first, lest a connection starts the service again
    let all: Vec<&Unit> = sockets.iter().chain(&services).copied().collect();
    let undo = [active(&sockets), active(&services)];
    let undo = undo.iter().filter(|units| !units.is_empty());
    let undo = undo.map(|units| systemctl(&["start"], units)).collect();
    plan.stop.push(Step { deed: systemctl(&["stop"], &all), undo });
    let (local, masked): (Vec<&Unit>, Vec<&Unit>) = all.iter().partition(|unit| unit.is_local());
    if !masked.is_empty() {
        let undo = vec![systemctl(&["unmask", "--runtime"], &masked)];
        plan.stop.push(Step { deed: systemctl(&["mask", "--runtime"], &masked), undo });
        let undo = vec![systemctl(&["unmask"], &masked)];
        plan.keep.push(Step { deed: systemctl(&["mask"], &masked), undo });
    }
    if !local.is_empty() {
        let undo = vec![systemctl(&["enable"], &local)];
        plan.keep.push(Step { deed: systemctl(&["disable"], &local), undo });
    }
    for unit in active(&services) {
        plan.notes.push(match unit.kill_mode.as_str() {
            "process" | "none" => {
                format!("sessions of {} go on (KillMode={})", unit.name, unit.kill_mode)
            }
            mode => format!(
                "stopping {} may end its sessions (KillMode={mode}); logins that have a scope of \
                 their own go on",
                unit.name
            ),
        });
    }
    Ok(())
}

fn init(script: &str, facts: &Facts, plan: &mut Plan) {
    let deed = |action: &str| Deed::Run(vec![script.to_owned(), action.to_owned()]);
    plan.stop.push(Step { deed: deed("stop"), undo: vec![deed("start")] });
    let name = script.rsplit('/').next().unwrap_or(script);
    if facts.heeds_not_to_be_run {
        plan.notes.push(format!("sessions of {script} go on; its server alone is stopped"));
    } else if facts.has_update_rc {
        let rc = |action: &str| Deed::Run(["update-rc.d", name, action].map(str::to_owned).into());
        plan.keep.push(Step { deed: rc("disable"), undo: vec![rc("enable")] });
    } else {
        plan.notes.push(format!("{script} starts it again at the next boot: take it out"));
    }
}

fn notes_on_ports(facts: &Facts, plan: &mut Plan) {
    if facts.other_ports.is_empty() || plan.stop.is_empty() {
        return;
    }
    let ports: Vec<String> = facts.other_ports.iter().map(ToString::to_string).collect();
    plan.notes.push(format!(
        "the same program listens on {}, too: what the door does not offer there is gone",
        ports.join(", ")
    ));
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
