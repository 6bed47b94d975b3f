//! A program that neither a unit nor a script keeps.

use super::host::{
    CONFIGURATION, LONG, by_hand, door, is_as_before, login, phase, portreeve, said, start, world,
};
use portreeve_testkit::{read_to_end_bounded, wait_for};
use portreeve_tests::{Door, SOON};

#[test]
fn what_nothing_keeps_is_refused_by_name_until_it_is_told_how() {
    let world = by_hand();
    let door = door(&world);
    let pid = world.read("/run/by-hand").trim().to_owned();
    let refused = door.command(&["takeover", "ssh"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let told = said(&refused);
    for words in [&format!("sshd, process {pid} of root"), "--stop-with", "--start-with"] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let stop = format!("kill {pid}");
    let by_hand = ["--stop-with", &stop, "--start-with", "/usr/sbin/sshd -o 'PidFile none'"];
    let mut takeover = start(&world, &[&by_hand[..], &["--confirm", "10s"]].concat());
    assert_eq!(takeover.wait(LONG).code(), Some(1), "{}", takeover.stdout());
    is_as_before(&world, &door);

    // the new one is not the process of before: a stop that stops nothing frees nothing
    let mut takeover = start(&world, &[&by_hand[..], &["--confirm", "10s"]].concat());
    assert_eq!(takeover.wait(LONG).code(), Some(1), "{}", takeover.stdout());
    is_as_before(&world, &door);
}

#[test]
fn told_how_it_is_taken_over() {
    let world = by_hand();
    let door = door(&world);
    let stop = format!("kill {}", world.read("/run/by-hand").trim());
    let by_hand = ["--stop-with", &stop, "--start-with", "/usr/sbin/sshd -D"];
    let mut takeover = start(&world, &[&by_hand[..], &["--confirm", "100s"]].concat());
    phase(&world, "trial");
    let confirmed = login(&world, &format!("{} confirm", portreeve(&world)));
    assert_eq!(confirmed.status.code(), Some(0), "{confirmed:?}");
    assert_eq!(takeover.wait(LONG).code(), Some(0), "{}", takeover.stdout());
    // undone later, with a server that stays in the foreground
    let undone = door.command(&["takeover", "--undo"]);
    assert_eq!(undone.status.code(), Some(0), "{undone:?}");
    is_as_before(&world, &door);
}

#[test]
fn with_xinetd_everything_that_waits_for_its_ports_comes_and_goes() {
    let world = world();
    world.write(
        "/etc/xinetd.conf",
        "service ssh\n{\nsocket_type = stream\nwait = no\nuser = root\nserver = /usr/sbin/sshd\n\
         server_args = -i\n}\n\
         service hello\n{\ntype = UNLISTED\nport = 701\nprotocol = tcp\nsocket_type = stream\n\
         wait = no\nuser = root\nserver = /bin/echo\nserver_args = from xinetd\n}\n",
    );
    let start_with = "/usr/sbin/xinetd -f /etc/xinetd.conf -pidfile /run/xinetd.own";
    world.door_run(&start_with.split(' ').collect::<Vec<_>>());
    let told = || match world.connect("lan", "192.168.0.1:701") {
        Ok(stream) => read_to_end_bounded(&stream, 100, SOON).text(),
        Err(error) => error.to_string(),
    };
    wait_for(SOON, "xinetd", || told() == "from xinetd\n");
    let hello =
        "[service.hello]\nlisten = [\"0.0.0.0:701\"]\nrun = [\"/bin/echo\", \"from the door\"]\n";
    let door = Door::native(&world, &format!("{CONFIGURATION}{hello}"));
    let status = said(&door.command(&["status"]));
    assert!(status.contains("entry /etc/xinetd.conf:1"), "{status}");
    let stop = format!("kill {}", world.read("/run/xinetd.own").trim());
    let mut takeover =
        start(&world, &["--stop-with", &stop, "--start-with", start_with, "--confirm", "30s"]);
    phase(&world, "trial");
    assert!(takeover.stdout().contains("listens on 701, too"), "{}", takeover.stdout());
    assert_eq!(told(), "from the door\n", "it comes along");
    assert_eq!(takeover.wait(LONG).code(), Some(1), "{}", takeover.stdout());
    assert_eq!(told(), "from xinetd\n", "and goes back");
    is_as_before(&world, &door);
}
