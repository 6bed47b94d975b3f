//! What goes wrong around a door, one thing at a time: afterwards nothing has leaked, nothing
//! spins, every listener is open, and no ban is forgotten.
#![forbid(unsafe_code)]

use portreeve_testkit::{
    End, World, children, poll_for, proc_status, read_to_end_bounded, read_until, wait_for,
};
use portreeve_tests::strain::{
    Cgroup, Crowd, Manner, Vitals, echoes, helper, rests, shut_out, signal, told,
};
use portreeve_tests::{Door, SOON, figures};
use std::io::Write;
use std::time::Duration;

const CAT: &str = "192.168.0.1:700";
const ECHO: &str = "192.168.0.1:7";
const TRAP: &str = "192.168.0.1:23";
/// Whoever touched the trap, a client of its own.
const BANNED: &str = "198.51.100.66";

/// The backlog is for two thousand who knock at once: where it overflows the kernel forgets peers
/// who say nothing, and they never hear of it.
const BASIC: &str = "[service.cat]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/cat\"]\n\
    user = \"thisuser\"\nbacklog = 4096\n\
    [service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\nbacklog = 4096\n\
    [trap.telnet]\nlisten = [\"192.168.0.1:23\"]\nban = \"1d\"\n";

/// A door with a banned stranger, and what it holds at rest.
struct Scene<'w> {
    world: &'w World,
    door: Door<'w>,
    before: Vitals,
}

impl<'w> Scene<'w> {
    fn open(world: &'w World, more: &str) -> Self {
        world.add_client("shut", &[BANNED]);
        let door = Door::native(world, &format!("{BASIC}{more}"));
        assert_eq!(told(world, "shut", TRAP), "");
        door.expect("banned", |e| e["network"] == BANNED);
        // what is loaded at first use is loaded now
        assert!(echoes(world, "lan", CAT) && echoes(world, "lan", ECHO));
        door.wait_sessions("cat", 0);
        door.wait_sessions("echo", 0);
        let before = Vitals::of(&door);
        Self { world, door, before }
    }

    /// All is as it was: no leak, no spin, no lost listener, no ban forgotten.
    fn whole(&self, when: &str) {
        for to in [CAT, ECHO] {
            wait_for(SOON, format!("{to} to answer: {when}"), || echoes(self.world, "lan", to));
        }
        assert!(shut_out(self.world, "shut", BANNED, CAT), "the ban is forgotten: {when}");
        self.before.regained(&self.door, when);
        rests(&self.door, when);
    }
}

#[test]
fn stopped_services_hold_up_nobody_and_go_when_they_are_woken() {
    let world = World::standard();
    let scene = Scene::open(&world, "");
    let crowd = Crowd::gather(&world, "far", CAT, 30, Manner::Silent);
    scene.door.wait_sessions("cat", 30);
    // one that has not reached its exec yet has another name
    let is_cat = |pid: &u32| proc_status(*pid).is_some_and(|s| s.get("Name") == "cat");
    let served: Vec<u32> = poll_for(SOON, "thirty of them", || {
        let served = children(scene.door.monitor()).into_iter().filter(is_cat);
        Some(served.collect()).filter(|served: &Vec<u32>| served.len() == 30)
    });
    served.iter().for_each(|pid| signal(&world, *pid, "-STOP"));
    assert!(echoes(&world, "lan", CAT) && echoes(&world, "lan", ECHO));
    crowd.leave();
    rests(&scene.door, "with thirty stopped services whose peers have gone");
    assert_eq!(scene.door.service("cat")["sessions"], 30, "they have not ended");
    assert!(echoes(&world, "lan", CAT));
    served.iter().for_each(|pid| signal(&world, *pid, "-CONT"));
    scene.whole("after stopped services");
}

#[test]
fn programs_that_cannot_be_executed_cost_a_closed_connection_each() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    world.write_program(format!("{dir}/gone"), "#!/bin/sh\ntrue\n");
    world.write_program(format!("{dir}/orphan"), "#!/no/such/interpreter\n");
    let service = |name: &str, port: u16| {
        format!("[service.{name}]\nlisten = [\"192.168.0.1:{port}\"]\nrun = [\"{dir}/{name}\"]\n")
    };
    let scene = Scene::open(&world, &(service("gone", 701) + &service("orphan", 702)));
    world.door_run(&["rm", &format!("{dir}/gone")]);
    for _ in 0..150 {
        assert_eq!(told(&world, "far", "192.168.0.1:702"), "");
        // a program that is gone may also take its service down until it is back
        let gone = told(&world, "far", "192.168.0.1:701");
        assert!(gone.is_empty() || gone.contains("refused"), "{gone}");
    }
    scene.door.expect("start-failed", |e| e["service"] == "orphan");
    world.write_program(format!("{dir}/gone"), "#!/bin/sh\necho back\n");
    wait_for(SOON, "the program to be found again", || {
        told(&world, "lan", "192.168.0.1:701") == "back\n"
    });
    scene.whole("after programs that could not be executed");
}

#[test]
fn no_process_to_be_had_refuses_and_is_over_when_there_are() {
    // An ordinary user's limit holds for the daemon itself; root's would not. It counts all that
    // runs as this user anywhere: no other test here has one of this user's.
    let world = World::standard();
    let root = world.dir().join("home/otheruser/door");
    let folder = root.join("etc/portreeve");
    world.door_run(&["mkdir", "-p", &folder.display().to_string()]);
    let configuration = "[service.cat]\nlisten = [\"192.168.0.1:7000\"]\nrun = [\"/bin/cat\"]\n";
    world.write(folder.join("portreeve.toml"), configuration);
    world.door_run(&["chown", "-R", "otheruser:otheruser", &root.display().to_string()]);
    let mut command = world.door_as("otheruser", "prlimit");
    command.arg("--nproc=20:20").arg(world.bin("portreeved")).arg("--root").arg(&root);
    let daemon = world.start("portreeved", command);
    let to = "192.168.0.1:7000";
    wait_for(SOON, "the door", || echoes(&world, "lan", to));
    let log = root.join("var/log/portreeve/events.jsonl");
    let held: Vec<_> = (0..40).map(|_| world.connect("far", to).unwrap()).collect();
    wait_for(SOON, "the door to say what it lacks", || world.read(&log).contains("\"exhausted\""));
    let before = portreeve_tests::processor_ticks(daemon.pid());
    std::thread::sleep(Duration::from_secs(1));
    let spent = portreeve_tests::processor_ticks(daemon.pid()) - before;
    assert!(spent < 30, "it waits instead of spinning: {spent} ticks in a second");
    drop(held);
    wait_for(SOON, "the door to serve again", || echoes(&world, "lan", to));
    wait_for(SOON, "the door to say so", || world.read(&log).contains("\"recovered\""));
    wait_for(SOON, "no child but the helpers", || {
        let names = children(daemon.pid()).into_iter().filter_map(proc_status);
        names.filter(|s| !s.get("Name").starts_with("portreeve")).count() == 0
    });
}

#[test]
fn a_full_disk_closes_no_door_and_forgets_no_ban() {
    let world = World::standard();
    for folder in ["/var/log/portreeve", "/var/lib/portreeve"] {
        world.door_run(&["mkdir", "-p", folder]);
        world.door_run(&["mount", "-t", "tmpfs", "-o", "size=2m", "small", folder]);
        world.door_run(&["chown", "portreeve-clerk:portreeve-clerk", folder]);
    }
    let scene = Scene::open(&world, "");
    let fill = |folder: &str| {
        let mut dd = world.door("dd");
        dd.args(["if=/dev/zero", &format!("of={folder}/filler"), "bs=4096"]);
        let full = world.run(dd, SOON);
        assert!(!full.status.success(), "it takes everything: {full:?}");
    };
    let folders = ["/var/log/portreeve", "/var/lib/portreeve"];
    folders.iter().for_each(|folder| fill(folder));
    for _ in 0..300 {
        assert!(shut_out(&world, "shut", BANNED, CAT));
        assert!(echoes(&world, "lan", CAT));
    }
    assert_eq!(told(&world, "far", TRAP), "");
    assert_eq!(told(&world, "far", CAT), "", "a ban that cannot be written holds");
    rests(&scene.door, "with a full disk");
    for folder in folders {
        world.door_run(&["rm", &format!("{folder}/filler")]);
    }
    scene.door.expect("banned", |e| e["network"] == "203.0.113.7");
    scene.whole("after a full disk");
    assert_eq!(scene.door.status()["bans"], 2);
}

#[test]
fn peers_who_never_read_a_banner_hold_up_nobody() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    world.write(format!("{dir}/wall"), "no way in\n".repeat(90_000));
    let more = format!(
        "[service.wall]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/cat\"]\n\
         banner = \"{dir}/wall\"\n\
         [service.shut]\nlisten = [\"192.168.0.1:702\"]\nrun = [\"/bin/cat\"]\n\
         allow = []\nbanner-refused = \"{dir}/wall\"\n"
    );
    let scene = Scene::open(&world, &more);
    let crowds = ["192.168.0.1:701", "192.168.0.1:702"]
        .map(|to| Crowd::gather(&world, "far", to, 100, Manner::Deaf));
    for _ in 0..20 {
        assert!(echoes(&world, "lan", CAT) && echoes(&world, "lan", ECHO));
    }
    rests(&scene.door, "with two hundred peers who read nothing");
    crowds.into_iter().for_each(Crowd::leave);
    scene.whole("after peers who read nothing");
}

#[test]
fn two_thousand_connections_that_say_nothing_leave_nothing_behind() {
    let world = World::standard();
    let scene = Scene::open(&world, "");
    let crowd = Crowd::gather(&world, "far", ECHO, 2_000, Manner::Silent);
    scene.door.wait_sessions("echo", 2_000);
    let more = Crowd::gather(&world, "far", CAT, 100, Manner::Silent);
    scene.door.wait_sessions("cat", 100);
    rests(&scene.door, "with two thousand who say nothing");
    assert!(echoes(&world, "lan", CAT) && echoes(&world, "lan", ECHO));
    crowd.leave();
    more.leave();
    scene.whole("after two thousand who said nothing");
}

#[test]
fn helpers_killed_and_stopped_in_any_order_are_no_loss() {
    let world = World::standard();
    let scene = Scene::open(&world, "");
    let mut kept = world.connect("lan", CAT).unwrap();
    let mut seed = 20_261_122_u64;
    let mut dice = |faces: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % faces
    };
    for round in 0..10 {
        let name = if dice(2) == 0 { "portreeve-clerk" } else { "portreeve-relay" };
        let mut found = None;
        wait_for(SOON * 2, format!("a {name} in round {round}"), || {
            found = helper(&scene.door, name);
            found.is_some()
        });
        let pid = found.unwrap();
        if dice(2) == 0 {
            signal(&world, pid, "-KILL");
        } else {
            signal(&world, pid, "-STOP");
            assert!(echoes(&world, "lan", CAT), "a stopped {name} holds up nobody");
            std::thread::sleep(Duration::from_millis(200 + 100 * dice(8)));
            signal(&world, pid, "-CONT");
        }
        assert!(echoes(&world, "lan", CAT), "round {round}");
        assert!(shut_out(&world, "shut", BANNED, CAT), "round {round}: the ban");
        kept.write_all(b"still here\n").unwrap();
        assert_eq!(read_until(&kept, b"here\n", SOON).text(), "still here\n", "round {round}");
    }
    drop(kept);
    // the delays before a restart grow; what is meant here is the end
    wait_for(SOON * 3, "both helpers", || {
        ["portreeve-clerk", "portreeve-relay"].iter().all(|n| helper(&scene.door, n).is_some())
    });
    scene.whole("after killed and stopped helpers");
}

#[test]
fn a_session_that_the_kernel_kills_for_its_memory_is_only_that_sessions_end() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    let group = Cgroup::make("memory");
    let (eats, how) = match &group {
        Some(group) => {
            group.bound_memory(24 << 20);
            let entrance = group.entrance().display().to_string();
            (format!("echo $$ >{entrance}\nexec tail /dev/zero"), "a memory control group")
        }
        // no such group to be had: the same end by the same signal
        None => {
            let kill = "ulimit -v 262144\n(sleep 1; kill -KILL $$) &\nexec sleep 60";
            (kill.to_owned(), "SIGKILL under RLIMIT_AS")
        }
    };
    figures(&format!("killed for its memory by {how}"));
    world.write_program(format!("{dir}/hungry"), format!("#!/bin/sh\nread go\n{eats}\n"));
    let more =
        format!("[service.hungry]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"{dir}/hungry\"]\n");
    let scene = Scene::open(&world, &more);
    let mut kept = world.connect("lan", CAT).unwrap();
    for _ in 0..3 {
        let mut peer = world.connect("far", "192.168.0.1:701").unwrap();
        peer.write_all(b"go\n").unwrap();
        let end = read_to_end_bounded(&peer, 64, SOON);
        assert!(end.bytes.is_empty() && end.end != End::Deadline, "{end:?}");
    }
    let ended = scene.door.expect("session-ended", |e| e["service"] == "hungry");
    assert!(ended.to_string().contains("\"signal\":9"), "{ended:#}");
    kept.write_all(b"still here\n").unwrap();
    assert_eq!(read_until(&kept, b"here\n", SOON).text(), "still here\n");
    drop(kept);
    scene.whole("after sessions killed for their memory");
}
