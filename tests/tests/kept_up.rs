//! The example `examples/kept-service`, with the door and the keeper: services come up, come back,
//! change, go, and stay as they were told, whichever of the two is away.
#![forbid(unsafe_code)]

use portreeve_testkit::{Running, World, poll_for, read_to_end_bounded, wait_for};
use portreeve_tests::{Door, SOON, example};

const CONFIGURATION: &str = "/etc/portreeve/portreeve.toml";
const SERVICES: &str = "/run/portreeve/services";

/// The example, with this build's tools.
fn configuration(world: &World) -> String {
    let tools = world.bin("portreeve-tools").display().to_string();
    example("kept-service/portreeve.toml").replace("/usr/bin/portreeve-tools", &tools)
}

fn keeper(world: &World) -> Running {
    let mut command = world.door(world.bin("portreeve-tools"));
    command.args(["svscan", SERVICES]);
    world.start("keeper", command)
}

fn tool(world: &World, words: &[&str]) -> String {
    let mut command = world.door(world.bin("portreeve-tools"));
    command.args(words);
    String::from_utf8_lossy(&world.run(command, SOON).stdout).into_owned()
}

/// The process of a service that is up.
fn pid(world: &World, name: &str) -> Option<u32> {
    let line = tool(world, &["svstat", &format!("{SERVICES}/{name}")]);
    let (_, rest) = line.split_once(": up (pid ")?;
    rest.split(')').next()?.parse().ok()
}

fn up(world: &World, name: &str) -> u32 {
    poll_for(SOON, format!("{name} to be up"), || pid(world, name))
}

/// What the example's greeter says.
fn greeting(world: &World) -> String {
    match world.connect("door", "127.0.0.1:7008") {
        Ok(stream) => read_to_end_bounded(&stream, 1 << 10, SOON).text(),
        Err(error) => error.to_string(),
    }
}

fn reload(world: &World, door: &Door<'_>, text: &str) {
    world.write(CONFIGURATION, text);
    let output = door.command(&["reload"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn the_example_is_kept_up_and_follows_its_configuration() {
    let world = World::standard();
    let text = configuration(&world);
    let door = Door::native(&world, &text);
    let _keeper = keeper(&world);
    wait_for(SOON, "the greeter", || greeting(&world) == "hello\n");
    let first = up(&world, "greeter");
    let log = "/var/log/portreeve-services/clock/current";
    wait_for(SOON, "the clock's log", || world.exists(log) && world.read(log).contains(" tick\n"));
    assert!(world.read(log).starts_with('@'), "a label");
    let owner = world.door_run(&["stat", "-c", "%u", log]);
    assert_eq!(owner, "59014\n");

    // killed, it is there again
    world.door_run(&["kill", "-9", &first.to_string()]);
    let second =
        poll_for(SOON, "another process", || pid(&world, "greeter").filter(|p| *p != first));
    wait_for(SOON, "the greeter again", || greeting(&world) == "hello\n");

    // a changed plan is the next start's; what is new comes; what is gone goes
    let (before, _clock) = text.split_once("# One that dies").unwrap_or_default();
    let late = "[service.late]\nkeep = true\nuser = \"nobody\"\nrun = [\"/bin/sleep\", \"1000\"]\n";
    reload(&world, &door, &format!("{}{late}", before.replace("\"hello\"", "\"good day\"")));
    up(&world, "late");
    wait_for(SOON, "the clock to go", || !world.exists(format!("{SERVICES}/clock")));
    wait_for(SOON, "it to be over", || !world.exists(format!("{SERVICES}/.removed/clock")));
    assert_eq!(pid(&world, "greeter"), Some(second), "it goes on");
    assert_eq!(greeting(&world), "hello\n");
    tool(&world, &["svc", "-t", &format!("{SERVICES}/greeter")]);
    wait_for(SOON, "the changed one", || greeting(&world) == "good day\n");
    door.stop();
    assert_eq!(greeting(&world), "good day\n", "the door's end is nobody else's");
}

#[test]
fn what_goes_while_nobody_keeps_it_is_ended_by_the_next_who_does() {
    let world = World::standard();
    let text = configuration(&world);
    let door = Door::native(&world, &text);
    let mut first = keeper(&world);
    let (greeter, clock) = (up(&world, "greeter"), up(&world, "clock"));
    // one that nobody has reaped yet has no command line any more
    let ended = |pid: u32| {
        let script = format!("cat /proc/{pid}/cmdline 2>/dev/null || true");
        world.door_run(&["sh", "-c", &script]).is_empty()
    };
    first.kill();
    // the holder may go after its worker, the services never with them
    wait_for(SOON, "nobody to be there", || {
        tool(&world, &["svstat", &format!("{SERVICES}/greeter")]).contains("not running")
    });
    let (before, _clock) = text.split_once("# One that dies").unwrap_or_default();
    reload(&world, &door, before);
    wait_for(SOON, "the clock to go", || !world.exists(format!("{SERVICES}/clock")));
    assert!(!ended(greeter), "nobody has ended it");
    door.stop();
    let _keeper = keeper(&world);
    wait_for(SOON, "the clock to be over", || !world.exists(format!("{SERVICES}/.removed/clock")));
    assert!(ended(clock), "it runs no more");
    wait_for(SOON, "the greeter to be taken over", || pid(&world, "greeter") == Some(greeter));
    assert_eq!(greeting(&world), "hello\n");
}

#[test]
fn what_is_disabled_stays_down_whoever_comes_back() {
    let world = World::standard();
    let text = configuration(&world);
    let door = Door::native(&world, &text);
    let mut first = keeper(&world);
    let pid_before = up(&world, "greeter");
    up(&world, "clock");
    let disable = door.command(&["service", "disable", "--now", "clock"]);
    assert_eq!(disable.status.code(), Some(0), "{disable:?}");
    let down = || {
        let line = tool(&world, &["svstat", &format!("{SERVICES}/clock")]);
        line.contains(": down ") && !line.contains("normally up") && !line.contains("want up")
    };
    wait_for(SOON, "the clock to be down", down);
    assert!(world.exists("/etc/portreeve/down/clock"));

    // both go and come back: the one that ran runs still, the one that was down is down
    first.kill();
    door.stop();
    let door = Door::native(&world, &text);
    let _keeper = keeper(&world);
    let running = || {
        tool(&world, &["svok", &format!("{SERVICES}/greeter")]);
        pid(&world, "greeter") == Some(pid_before)
    };
    wait_for(SOON, "the greeter to be taken over", running);
    wait_for(SOON, "the clock to be down again", down);
    assert!(world.exists(format!("{SERVICES}/clock/down")));
    let enable = door.command(&["service", "enable", "--now", "clock"]);
    assert_eq!(enable.status.code(), Some(0), "{enable:?}");
    assert!(!world.exists("/etc/portreeve/down/clock"));
    up(&world, "clock");
    assert_eq!(pid(&world, "greeter"), Some(pid_before));
}

#[test]
fn a_log_that_goes_or_comes_counts_from_the_next_start() {
    let world = World::standard();
    let configuration = |log: &str| {
        format!(
            "[service.echo]\nlisten = [\"192.168.0.1:7\"]\ninternal = \"echo\"\n\
             [service.speaker]\nkeep = true\nuser = \"root\"\n{log}\n\
             run = [\"/bin/bash\", \"-c\", \"echo process $$; exec sleep 1000\"]\n"
        )
    };
    let logged = configuration("log = { user = \"nobody\" }");
    let door = Door::native(&world, &logged);
    let _keeper = keeper(&world);
    let log = "/var/log/portreeve-services/speaker/current";
    let said = |pid: u32| {
        let line = format!(" process {pid}\n");
        world.exists(log) && world.read(log).contains(&line)
    };
    let another = |before: u32| {
        tool(&world, &["svc", "-t", &format!("{SERVICES}/speaker")]);
        poll_for(SOON, "another process", || pid(&world, "speaker").filter(|pid| *pid != before))
    };
    let first = up(&world, "speaker");
    wait_for(SOON, "its line", || said(first));
    let logger = up(&world, "speaker/log");

    // it goes: whoever runs is still written down, whoever comes next is not
    reload(&world, &door, &configuration(""));
    wait_for(SOON, "the log's plan to go", || {
        !world.exists(format!("{SERVICES}/speaker/log/plan"))
    });
    assert_eq!(pid(&world, "speaker"), Some(first), "it goes on");
    let second = another(first);
    wait_for(SOON, "the logger to end", || pid(&world, "speaker/log").is_none());
    let ended = world.door_run(&["sh", "-c", &format!("test -e /proc/{logger}/exe || echo ended")]);
    assert_eq!(ended, "ended\n");

    // it comes back
    reload(&world, &door, &logged);
    let plan = format!("{SERVICES}/speaker/log/plan");
    wait_for(SOON, "the log's plan", || world.exists(&plan));
    let third = another(second);
    wait_for(SOON, "its line", || said(third));
    assert!(!said(second), "it had no log");
    up(&world, "speaker/log");
}
