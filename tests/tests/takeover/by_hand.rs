//! A program that neither a unit nor a script keeps.

use super::host::{LONG, by_hand, door, is_as_before, login, phase, portreeve, said, start};

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
