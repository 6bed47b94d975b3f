//! A user who stops all of his processes delays no start, not even his own for long.

use std::{sync::Arc, thread::sleep, time::Duration};

use portreeve_sys::{
    clock,
    spawn::{Connection, Ids, Plan, SpawnError, Spawner, Started},
};

use crate::support::{NOBODY, is_root, null, plan};

/// Tells the inner test that it is alone in its pid namespace.
const INSIDE: &str = "PORTREEVE_TEST_STORM";
/// Starts tried.
const STARTS: usize = 300;

#[test]
fn a_storm_of_stop_signals_delays_no_start() {
    if !is_root() {
        return;
    }
    // `kill -1` reaches every process of the namespace, so there is one for it.
    let output = std::process::Command::new("unshare")
        .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "storm::inside", "--nocapture", "--test-threads", "1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("STORM DONE"), "{said}");
}

#[test]
fn inside() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let ids = Some(Ids { uid: NOBODY, gid: NOBODY, groups: Vec::new() });
    let mut spawner = Spawner::new(64).unwrap();
    let script = "while :; do kill -STOP -1; done";
    let storm = Plan { ids: ids.clone(), ..plan(&["/bin/sh", "-c", script]) };
    let service = Plan { ids, ..plan(&["/bin/true"]) };
    let (storm, service) =
        (Arc::new(storm.prepare().unwrap()), Arc::new(service.prepare().unwrap()));
    let silent = || Connection::new().give(null(), &[0, 1, 2]);
    spawner.spawn(&storm, silent()).unwrap();
    sleep(Duration::from_millis(200));
    spawner.collect(clock::monotonic());

    let (mut worst, mut executed, mut refused) = (Duration::ZERO, 0, 0);
    for _ in 0..STARTS {
        // No more at a time than the pool takes of one user, however slowly they get on.
        while spawner.starting() > 16 {
            executed += count(&mut spawner);
            sleep(Duration::from_millis(1));
        }
        let before = clock::monotonic();
        match spawner.spawn(&service, silent()) {
            Ok(_) => {}
            Err(SpawnError::NoSlot) => refused += 1,
            Err(error) => panic!("{error}"),
        }
        worst = worst.max(clock::monotonic().saturating_sub(before));
        executed += count(&mut spawner);
        sleep(Duration::from_millis(1));
    }
    let end = clock::monotonic() + Duration::from_secs(30);
    while spawner.starting() > 0 && clock::monotonic() < end {
        sleep(Duration::from_millis(5));
        executed += count(&mut spawner);
    }
    println!("worst {worst:?}, executed {executed}, refused {refused}");
    // One that waited for its child would wait until somebody killed it, after five seconds.
    assert!(worst < Duration::from_millis(4500), "{worst:?}");
    assert_eq!(executed + refused, STARTS);
    assert_eq!(refused, 0);
    println!("STORM DONE");
}

fn count(spawner: &mut Spawner) -> usize {
    let found = spawner.collect(clock::monotonic());
    for outcome in &found {
        assert_eq!(outcome.result, Started::Executed);
    }
    found.len()
}
