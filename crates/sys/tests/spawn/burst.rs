//! A burst of starts is a matter of moments, not of refusals.

use std::{sync::Arc, thread::sleep, time::Duration};

use portreeve_sys::{
    clock,
    spawn::{Connection, Ids, Plan, Room, Spawner, Started},
};

use crate::support::{NOBODY, is_root, null, plan, wait};

/// Starts this many at once; nobody is refused, and every outcome names its program.
fn burst(spawner: &mut Spawner, starts: usize, ids: Option<Ids>) {
    let program = Arc::new(Plan { ids, ..plan(&["/bin/true"]) }.prepare().unwrap());
    let (mut pids, mut found, mut stuck) = (Vec::new(), Vec::new(), 0);
    while pids.len() < starts {
        match spawner.has_room(&program) {
            Room::Yes => {
                let silent = Connection::new().give(null(), &[0, 1, 2]);
                pids.push(spawner.spawn(&program, silent).unwrap());
                stuck = 0;
            }
            Room::Wait => sleep(Duration::from_millis(1)),
            // on a host that lets all of them wait for the processor that long
            Room::No => {
                stuck += 1;
                assert!(stuck < 100, "{} are stuck", spawner.starting());
                sleep(Duration::from_millis(50));
            }
        }
    }
    for pid in &pids {
        wait(*pid);
    }
    found.extend(spawner.collect(clock::monotonic()));
    found.sort_by_key(|outcome| outcome.pid.as_raw());
    pids.sort_by_key(|pid| pid.as_raw());
    assert_eq!(found.iter().map(|outcome| outcome.pid).collect::<Vec<_>>(), pids);
    for outcome in found {
        assert_eq!(outcome.result, Started::Executed);
        assert!(Arc::ptr_eq(&outcome.program, &program));
    }
}

#[test]
fn nobody_is_refused_in_a_burst() {
    let mut spawner = Spawner::new(256).unwrap();
    burst(&mut spawner, 600, None);
    if is_root() {
        burst(&mut spawner, 400, Some(Ids { uid: NOBODY, gid: NOBODY, groups: Vec::new() }));
    }
    // A pool that is far too small does it too, with more waiting.
    burst(&mut Spawner::new(4).unwrap(), 100, None);
}
