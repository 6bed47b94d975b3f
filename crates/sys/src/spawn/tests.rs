//! What cannot be made to happen from outside: an old `clone`, and a door that is not root. The
//! rest of the spawner's tests are in `tests/spawn`.

use std::{sync::Arc, thread::sleep, time::Duration};

use rustix::process::{Pid as RawPid, WaitOptions, waitpid};

use super::*;
use crate::{
    clock,
    process::{self, Pid, Signal},
};

fn outcome(spawner: &mut Spawner, pid: Pid) -> Started {
    for _ in 0..5000 {
        if let Some(found) = spawner.collect(clock::monotonic()).first() {
            assert_eq!(found.pid, pid);
            return found.result;
        }
        sleep(Duration::from_millis(1));
    }
    panic!("no outcome");
}

fn code(pid: Pid) -> Option<i32> {
    let (_, status) =
        waitpid(RawPid::from_raw(pid.as_raw()), WaitOptions::empty()).unwrap().unwrap();
    status.exit_status()
}

#[test]
fn the_old_clone_does_the_same() {
    let mut spawner = Spawner::with_old_clone(2).unwrap();
    // The shell counts its own empty signal sets.
    let script = c"n=0; while read -r key set; do case $key$set in \
        SigBlk:0000000000000000 | SigIgn:0000000000000000) n=$((n + 1)) ;; esac; \
        done </proc/self/status; exit $n";
    let mut plan = Plan::new(c"/bin/sh".into());
    plan.argv = vec![c"sh".into(), c"-c".into(), script.into()];
    let program = Arc::new(plan.prepare().unwrap());
    for _ in 0..20 {
        let null = std::fs::File::open("/dev/null").unwrap();
        let connection = Connection::new().give(null.into(), &[0]);
        let pid = spawner.spawn(&program, connection).unwrap();
        assert_eq!(outcome(&mut spawner, pid), Started::Executed);
        assert_eq!(code(pid), Some(2));
    }
    let missing = Arc::new(Plan::new(c"/no/such".into()).prepare().unwrap());
    let pid = spawner.spawn(&missing, Connection::new()).unwrap();
    let failed = Started::Failed { step: Step::Exec, errno: libc::ENOENT };
    assert_eq!(outcome(&mut spawner, pid), failed);
    assert_eq!(code(pid), Some(127));
}

/// Starts a program and stops its child before it executes it; first looked at at `now`, and so are
/// those that were too quick to be stopped.
fn stopped(spawner: &mut Spawner, program: &Arc<Program>, now: Duration) -> Pid {
    for _ in 0..100 {
        let busy = spawner.starting();
        let pid = spawner.spawn(program, Connection::new()).unwrap();
        process::kill(pid, Signal::Stop).unwrap();
        sleep(Duration::from_millis(20));
        spawner.collect(now);
        if spawner.starting() > busy {
            return pid;
        }
        ended(pid);
    }
    panic!("no child was slow enough to be stopped");
}

fn ended(pid: Pid) {
    process::kill(pid, Signal::Kill).unwrap();
    waitpid(RawPid::from_raw(pid.as_raw()), WaitOptions::empty()).unwrap();
}

#[test]
fn whoever_is_crowded_waits_while_his_starts_get_on() {
    let at = Duration::from_millis;
    let ours = Plan::new(c"/bin/true".into());
    let important = Plan { reserved: true, ..ours.clone() };
    let ids = Some(Ids { uid: 54_321, gid: 54_321, groups: Vec::new() });
    let his = Plan { ids, ..ours.clone() };
    let [ours, important, his] = [ours, important, his].map(|it| Arc::new(it.prepare().unwrap()));
    let mut spawner = Spawner::new(4).unwrap();
    let first = stopped(&mut spawner, &ours, Duration::ZERO);
    assert_eq!(spawner.room_at(&ours, at(0)), Room::Yes);
    let second = stopped(&mut spawner, &ours, Duration::ZERO);
    assert_eq!(spawner.room_at(&ours, at(19)), Room::Wait);
    assert_eq!([&his, &important].map(|it| spawner.has_room(it)), [Room::Yes; 2]);
    // One comes to its end and another has its slot: they get on.
    ended(second);
    assert_eq!(spawner.collect(at(19)).len(), 1);
    let third = stopped(&mut spawner, &ours, at(19));
    assert_eq!(spawner.room_at(&ours, at(118)), Room::Wait);
    [first, third].into_iter().for_each(ended);
    spawner.collect(at(118));

    // The very first look after a tenth of a second also tells them to go on.
    let crowd = [
        stopped(&mut spawner, &ours, Duration::ZERO),
        stopped(&mut spawner, &ours, Duration::ZERO),
    ];
    assert_eq!(spawner.room_at(&ours, at(219)), Room::No);
    crowd.into_iter().for_each(ended);
    assert_eq!(spawner.room_at(&ours, at(220)), Room::Yes);
}

#[test]
fn some_slots_are_for_the_important() {
    let ours = Plan::new(c"/bin/true".into());
    let program = |uid, reserved| {
        let ids = Some(Ids { uid, gid: uid, groups: Vec::new() });
        Arc::new(Plan { ids, reserved, ..ours.clone() }.prepare().unwrap())
    };
    // Not root: these end at once, but their slots are free only when they have been looked at.
    let mut spawner = Spawner::of_many(32, 54_321).unwrap();
    let pids: Vec<Pid> = (0..30)
        .map(|index| spawner.spawn(&program(1 + index % 2, false), Connection::new()).unwrap())
        .collect();
    assert!(!spawner.fits(&program(3, false)));
    assert!(spawner.fits(&program(1, true)));
    for pid in pids {
        code(pid).unwrap();
    }
    assert_eq!(spawner.has_room(&program(3, false)), Room::Yes);
    assert_eq!(spawner.collect(clock::monotonic()).len(), 30);
}

#[test]
fn a_door_that_is_not_root_runs_programs_as_itself_only() {
    let program = |uid, gid| {
        let ids = Some(Ids { uid, gid, groups: vec![9] });
        Arc::new(Plan { ids, ..Plan::new(c"/bin/true".into()) }.prepare().unwrap())
    };
    let mut spawner = Spawner::of(1000, 1001).unwrap();
    for ((uid, gid), result) in [
        ((1000, 1001), Started::Executed),
        ((1000, 0), Started::Failed { step: Step::User, errno: libc::EPERM }),
        ((0, 0), Started::Failed { step: Step::User, errno: libc::EPERM }),
    ] {
        let pid = spawner.spawn(&program(uid, gid), Connection::new()).unwrap();
        assert_eq!(outcome(&mut spawner, pid), result, "{uid}:{gid}");
        code(pid).unwrap();
    }
}

#[test]
fn a_dropped_pool_leaves_its_children_what_they_read() {
    let mut plan = Plan::new(c"/bin/sh".into());
    plan.argv = vec![c"sh".into(), c"-c".into(), c"exit 7".into()];
    let program = Arc::new(plan.prepare().unwrap());
    for _ in 0..50 {
        let mut spawner = Spawner::new(1).unwrap();
        let pid = spawner.spawn(&program, Connection::new().env("A", "b")).unwrap();
        drop(spawner);
        assert_eq!(code(pid), Some(7));
    }
}
