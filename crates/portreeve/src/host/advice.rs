//! What an owner is told about a port that another program has: who it is, and what to type.

use super::keeper::Keeper;
use super::look::{Facts, Snapshot, Wanted};
use super::plan::{Deed, Step, plan};
use portreeve_wire::control::{ServiceStatus, Status};

/// About one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Advice {
    /// Its key.
    pub(crate) service: String,
    /// Who has its addresses.
    pub(crate) holders: Vec<String>,
    /// Lines to type, in order.
    pub(crate) steps: Vec<String>,
    /// Worth knowing beforehand; or why there are no steps.
    pub(crate) notes: Vec<String>,
    /// The command that does the steps, and undoes them unless it is confirmed.
    pub(crate) takeover: Option<String>,
}

/// What to say about one service; nothing where only the door itself has its addresses.
pub(crate) fn advice(service: &str, name: &str, facts: &Facts) -> Option<Advice> {
    let others = facts.holders.iter().filter(|holder| holder.keeper != Keeper::Door);
    let holders: Vec<String> = others.map(ToString::to_string).collect();
    if holders.is_empty() {
        return None;
    }
    let service = service.to_owned();
    Some(match plan(facts, None) {
        Ok(plan) => Advice {
            service,
            holders,
            steps: plan.stop.iter().chain(&plan.keep).filter_map(by_hand).collect(),
            notes: plan.notes,
            takeover: Some(format!("portreeve takeover {name} --confirm 60s")),
        },
        // each reason begins with the holder, who is named already
        Err(reasons) => {
            let why = |reason: String| match reason.split_once("; ") {
                Some((_, why)) => why.to_owned(),
                None => reason,
            };
            let notes = reasons.into_iter().map(why).collect();
            Advice { service, holders, steps: Vec::new(), notes, takeover: None }
        }
    })
}

/// A step as it is typed; who does it by hand needs no mask that ends with the boot.
fn by_hand(step: &Step) -> Option<String> {
    match &step.deed {
        Deed::Run(words) if words.iter().any(|word| word == "--runtime") => None,
        deed @ (Deed::Run(_) | Deed::Start(_) | Deed::Touch(_) | Deed::Remove(_)) => {
            Some(deed.to_string())
        }
    }
}

/// The addresses of a service that the running door does not listen on.
pub(crate) fn missing(service: &ServiceStatus) -> Vec<Wanted> {
    let down = service.listeners.iter().filter(|listener| listener.down.is_some());
    let wanted = down.map(|listener| Wanted {
        address: (listener.address.address, listener.address.port).into(),
        dual: listener.dual,
    });
    wanted.collect()
}

/// What to say about the services of a running door.
pub(crate) fn of_door(status: &Status) -> Vec<Advice> {
    let all: Vec<Wanted> = status.services.iter().flat_map(missing).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let snapshot = Snapshot::of(&all);
    let each = status.services.iter().filter_map(|service| {
        let wanted = missing(service);
        let facts = snapshot.look(&wanted, Some(status.pid));
        advice(&service.key, &service.key, &facts)
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::super::keeper::{Holder, Unit};
    use super::*;

    fn facts(keeper: Keeper, units: Vec<Unit>) -> Facts {
        let holder = Holder {
            address: "0.0.0.0:22".parse().unwrap(),
            takes_ipv4: false,
            pid: Some(812),
            program: "sshd".into(),
            user: Some("root".into()),
            keeper,
            entry: None,
        };
        let heeds_not_to_be_run = !units.is_empty();
        Facts { holders: vec![holder], units, root: true, heeds_not_to_be_run, ..Facts::default() }
    }

    #[test]
    fn steps_are_lines_to_copy_and_without_any_the_reason_is_given() {
        let ssh = Unit {
            name: "ssh.service".into(),
            active: true,
            file: "/lib/systemd/system/ssh.service".into(),
            kill_mode: "process".into(),
            related: Vec::new(),
        };
        let facts_of_unit = facts(Keeper::Unit("ssh.service".into()), vec![ssh]);
        let told = advice("ssh", "ssh", &facts_of_unit).unwrap();
        assert_eq!(told.holders, ["0.0.0.0:22 by sshd, process 812 of root: unit ssh.service"]);
        let want = [
            "systemctl stop ssh.service",
            "mkdir -p -m 755 /run/sshd",
            "systemctl mask ssh.service",
            "touch /etc/ssh/sshd_not_to_be_run",
        ];
        assert_eq!(told.steps, want);
        assert_eq!(told.takeover.as_deref(), Some("portreeve takeover ssh --confirm 60s"));
        let told = advice("ssh", "ssh", &facts(Keeper::Unknown, Vec::new())).unwrap();
        assert!(told.steps.is_empty() && told.takeover.is_none(), "{told:?}");
        assert!(told.notes[0].starts_with("say how to stop"), "{told:?}");
        assert_eq!(advice("ssh", "ssh", &facts(Keeper::Door, Vec::new())), None);
    }
}
