//! The faults, and what must hold after them.
#![expect(clippy::disallowed_methods, reason = "it lasts so many seconds by the clock")]

use super::Plan;
use super::host::{Host, Part, Process};
use super::lines::Seen;
use crate::{Random, SOON};
use portreeve_testkit::wait_for;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What is killed, how often of a hundred times, and whom.
const DEEDS: [(&str, usize, &[&str]); 8] = [
    ("service", 25, &["service"]),
    ("logger", 20, &["multilog"]),
    ("worker", 20, &["svscan-worker", "supervise"]),
    ("holder", 10, &["svscan"]),
    ("keeper", 10, &["svscan", "svscan-worker"]),
    ("door", 5, &["portreeved"]),
    ("keeper and door", 5, &["svscan", "svscan-worker", "portreeved"]),
    ("half of all", 5, &[]),
];

/// Kills for as long as the plan says; what was done and found, or why the machine cannot show it.
///
/// # Errors
/// Why there can be no such host on this machine.
///
/// # Panics
/// When something did not hold; the message says what, and after which deeds.
pub fn storm(plan: &Plan) -> Result<String, String> {
    let mut host = Host::new(plan)?;
    let logs: BTreeMap<String, PathBuf> = host
        .logs
        .iter()
        .map(|(name, log)| (name.clone(), host.root.path(&log.display().to_string())))
        .collect();
    let (mut random, mut seen) = (Random(plan.seed), Seen::default());
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    let mut loggers = 0;
    all_up(&mut host, "at the beginning");
    let end = Instant::now() + Duration::from_secs(plan.seconds);
    while Instant::now() < end {
        seen.look(&logs);
        let (deed, victims) = deed(&host, &mut random);
        loggers += victims.iter().filter(|victim| victim.name == "multilog").count();
        host.kill(&victims);
        *done.entry(deed).or_default() += 1;
        sleep(Duration::from_millis(random.below(300) as u64));
        bring_back(&mut host);
    }
    let told = format!("{done:?}, seed {}", plan.seed);
    all_up(&mut host, &told);
    seen.look(&logs);
    let second = host.root.read("/data/second");
    assert_eq!(second, "", "second copies after {told}\n{}", host.said());
    let starts = host.root.read("/data/starts").lines().count();
    host.end();
    let (lines, gaps) = seen.held_against(&logs);
    // a logger that is killed takes along what it has read and not written
    assert!(gaps <= loggers, "{gaps} gaps, {loggers} loggers killed, {told}");
    Ok(format!("{told}: {starts} starts, {lines} lines, {gaps} gaps by {loggers} killed loggers"))
}

/// A deed by the dice, and whom it hits.
fn deed(host: &Host, random: &mut Random) -> (&'static str, Vec<Process>) {
    let mut at = random.below(100);
    let (name, _, kinds) = DEEDS
        .iter()
        .find(|(_, weight, _)| {
            let here = at < *weight;
            at = at.saturating_sub(*weight);
            here
        })
        .unwrap_or(&DEEDS[0]);
    let ours = |it: &Process| {
        it.token.is_some() || DEEDS.iter().any(|(_, _, kinds)| kinds.contains(&it.name.as_str()))
    };
    let all: Vec<Process> = host.processes().into_iter().filter(ours).collect();
    let is = |it: &Process, kind: &str| match kind {
        "service" => it.token.is_some(),
        kind => it.token.is_none() && it.name == kind,
    };
    let mut victims: Vec<Process> = match kinds {
        [] => all.into_iter().filter(|_| random.chance(50)).collect(),
        kinds => all.into_iter().filter(|it| kinds.iter().any(|kind| is(it, kind))).collect(),
    };
    // of many of a kind, some
    if matches!(*name, "service" | "logger") && !victims.is_empty() {
        let most = 1 + random.below(3);
        while victims.len() > most {
            victims.swap_remove(random.below(victims.len()));
        }
    }
    (name, victims)
}

/// Who runs the keeper and the door starts what is not there.
fn bring_back(host: &mut Host) {
    if !host.restarts() {
        host.start(Part::Door);
        host.start(Part::Keeper);
    }
}

/// Waits until each service runs exactly once, with one logger, as its status says.
fn all_up(host: &mut Host, when: &str) {
    let mut wrong = Vec::new();
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_for(SOON, "each service once", || {
            bring_back(host);
            wrong = not_once(host);
            wrong.is_empty()
        });
    }));
    assert!(
        found.is_ok(),
        "{when}: services, their copies and their loggers: {wrong:?}\n{}",
        host.said()
    );
}

/// Services that do not run exactly once with one logger: copies of each, and of its logger.
fn not_once(host: &Host) -> Vec<(String, usize, usize)> {
    let all = host.processes();
    let copies = |name: &String| all.iter().filter(|it| it.token.as_ref() == Some(name)).count();
    let loggers = |name: &String| {
        let log = host.logs.get(name);
        all.iter().filter(|it| it.name == "multilog" && Some(&it.log) == log).count()
    };
    host.logs
        .keys()
        .map(|name| (name.clone(), copies(name), loggers(name)))
        .filter(|(_, copies, loggers)| (*copies, *loggers) != (1, 1))
        .collect()
}
