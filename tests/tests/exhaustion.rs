//! Short of descriptors the door waits and comes back; over many sessions nothing is left behind;
//! a service's user cannot freeze it.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which reads how many sessions to try")]

use portreeve_testkit::{
    Signal, World, children, open_descriptors, poll_for, proc_status, read_to_end_bounded, wait_for,
};
use portreeve_tests::strain::rests;
use portreeve_tests::{Door, EVENTS, SOON};

const TRUE_AND_CAT: &str = "[service.brief]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/true\"]\n\
                            [service.cat]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/cat\"]\n";

#[test]
fn out_of_descriptors_it_pauses_without_spinning_and_recovers_by_itself() {
    let world = World::standard();
    world.write("/etc/portreeve/portreeve.toml", TRUE_AND_CAT);
    // the helpers inherit the limit; the monitor keeps its own numbers above 256
    let mut command = world.door("prlimit");
    command.arg("--nofile=330:330").arg(world.bin("portreeved"));
    let door = Door::run(&world, command);
    let held: Vec<_> = (0..120).map(|_| world.connect("lan", "192.168.0.1:701").unwrap()).collect();
    door.expect("exhausted", |e| e["what"].to_string().contains("descriptors"));
    rests(&door, "out of descriptors");
    drop(held);
    wait_for(SOON, "the door to take connections again", || {
        world.connect("lan", "192.168.0.1:700").is_ok_and(|peer| {
            read_to_end_bounded(&peer, 1, SOON).end == portreeve_testkit::End::Closed
        })
    });
    door.expect("recovered", |_| true);
    door.wait_sessions("cat", 0);
}

/// How many: `PORTREEVE_SESSIONS`, else few enough for every run.
fn sessions() -> usize {
    let asked = std::env::var("PORTREEVE_SESSIONS").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(20_000).max(10_000)
}

#[test]
fn short_sessions_leave_nothing_behind() {
    let count = sessions() / 8_000 * 8_000;
    let world = World::standard();
    let log = "[portreeve]\nlog = { size = \"1G\" }\n";
    let door = Door::native(&world, &format!("{log}{TRUE_AND_CAT}"));
    let monitor = door.monitor();
    let round = |count: usize| {
        let done = world.within("lan", || {
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            (0..count / 8)
                                .filter(|_| {
                                    let peer = std::net::TcpStream::connect("192.168.0.1:700");
                                    peer.is_ok_and(|p| {
                                        read_to_end_bounded(&p, 1, SOON).bytes.is_empty()
                                    })
                                })
                                .count()
                        })
                    })
                    .collect();
                workers.into_iter().map(|w| w.join().unwrap()).sum::<usize>()
            })
        });
        assert_eq!(done, count);
        door.wait_sessions("brief", 0);
    };
    let size = || {
        let status = proc_status(monitor).unwrap();
        let kilobytes: u64 =
            status.get("VmRSS").split_whitespace().next().unwrap().parse().unwrap();
        (open_descriptors(monitor).len(), kilobytes)
    };
    let (descriptors, _) = size();
    // The clerk keeps up, however little of the processor it gets: what waits for it is no leak.
    let round = |so_far: usize| {
        round(4_000);
        wait_for(SOON, "the clerk to have told of them", || {
            world.read(EVENTS).matches("\"event\":\"session-ended\"").count() >= so_far
        });
    };
    round(4_000);
    let (_, memory) = size();
    (2..=count / 4_000).for_each(|rounds| round(rounds * 4_000));
    // pipes whose session is over leave as the clerk takes them
    wait_for(SOON, "the descriptors to be as many as before", || size().0 <= descriptors);
    let (_, memory_after) = size();
    assert!(memory_after <= memory + 2048, "{memory} kB became {memory_after} kB");
    assert_eq!(door.service("brief")["admitted"], count);
    assert_eq!(door.status()["events-lost"], 0, "no event was lost");
}

/// Children of a process that have ended and were not reaped.
fn zombies(of: u32) -> usize {
    let folders = std::fs::read_dir("/proc").expect("read /proc").flatten();
    let pids = folders.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_zombie = |pid: &u32| {
        let status = proc_status(*pid);
        status
            .is_some_and(|it| it.get("PPid") == of.to_string() && it.get("State").starts_with('Z'))
    };
    pids.filter(is_zombie).count()
}

#[test]
fn exits_that_share_one_signal_are_all_noticed_while_hundreds_of_sessions_stay() {
    let world = World::standard();
    let mut door = Door::native(&world, TRUE_AND_CAT);
    let mut held: Vec<_> =
        (0..300).map(|_| world.connect("lan", "192.168.0.1:701").unwrap()).collect();
    door.wait_sessions("cat", 300);
    let monitor = door.monitor();
    let named = |pid: &u32| proc_status(*pid).is_some_and(|s| s.get("Name") == "portreeve-clerk");
    let clerk = poll_for(SOON, "the clerk", || children(monitor).into_iter().find(named));
    let clerk = proc_status(clerk).unwrap().inner_pid().to_string();
    // While it is stopped, the kernel keeps one signal for all of them, which names the first.
    door.running().signal(Signal::STOP);
    let stays = held.split_off(100);
    drop(held);
    world.door_run(&["kill", "-9", &clerk]);
    wait_for(SOON, "all of them to end", || zombies(monitor) == 101);
    door.running().signal(Signal::CONT);
    wait_for(SOON, "all of them to be reaped", || zombies(monitor) == 0);
    door.wait_sessions("cat", 200);
    door.expect("helper-died", |e| e["helper"] == "clerk");
    drop(stays);
    door.wait_sessions("cat", 0);
    assert_eq!(zombies(monitor), 0);
}

#[test]
fn a_storm_of_stops_by_the_services_user_delays_nobody_else() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    let storm = "import os,signal,time\nend=time.time()+600\nprint('up',flush=True)\n\
                 while time.time()<end:\n try: os.kill(-1,signal.SIGSTOP)\n except OSError: pass\n";
    world.write(format!("{dir}/storm.py"), storm);
    let configuration = "[service.theirs]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/true\"]\n\
                         user = \"otheruser\"\ninstances = 40\n\
                         [service.ours]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/echo\", \"fine\"]\n\
                         user = \"thisuser\"\n";
    let door = Door::native(&world, configuration);
    let mut python = world.door_as("otheruser", "python3");
    python.arg(format!("{dir}/storm.py"));
    let mut storm = world.start("storm", python);
    wait_for(SOON, "the storm", || storm.stdout().contains("up"));
    let mut theirs = Vec::new();
    for _ in 0..150 {
        if theirs.len() < 100 {
            theirs.extend(world.connect("far", "192.168.0.1:700"));
        }
        // a door that waited for a stopped child would wait until the storm is over
        let peer = world.connect("lan", "192.168.0.1:701").unwrap();
        assert_eq!(read_to_end_bounded(&peer, 64, SOON).text(), "fine\n");
    }
    assert!(storm.try_wait().is_none(), "and all that while it went on");
    drop(theirs);
    drop(door);
}
