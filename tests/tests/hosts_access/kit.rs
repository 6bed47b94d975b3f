//! What all of them use.

use portreeve_testkit::{World, read_to_end_bounded};
use portreeve_tests::SOON;
use std::fs;
use std::io::Read;

/// Puts both files in place.
pub(crate) fn rules(world: &World, allow: &str, deny: &str) {
    fs::write(world.etc("hosts.allow"), allow).expect("write hosts.allow");
    fs::write(world.etc("hosts.deny"), deny).expect("write hosts.deny");
}

/// A folder for what commands write, whoever they run as.
pub(crate) fn out(world: &World) {
    world.door_run(&["mkdir", "-p", "/run/out"]);
    world.door_run(&["chmod", "1777", "/run/out"]);
}

/// What a peer is told before the connection ends.
pub(crate) fn told(world: &World, client: &str, to: &str) -> String {
    match world.connect(client, to) {
        Ok(stream) => read_to_end_bounded(&stream, 1 << 16, SOON).text(),
        Err(error) => format!("{error}"),
    }
}

/// Whether an sshd greets a client there; whoever does not come in is told nothing of the kind.
pub(crate) fn greeted(world: &World, client: &str, to: &str) -> bool {
    const GREETING: &[u8] = b"SSH-2.0-";
    let Ok(mut stream) = world.connect(client, to) else { return false };
    stream.set_read_timeout(Some(SOON)).expect("a time-out");
    let mut heard = Vec::new();
    let mut one = [0; 1];
    while heard.len() < GREETING.len() {
        match stream.read(&mut one) {
            Ok(0) | Err(_) => break,
            Ok(_) => heard.push(one[0]),
        }
    }
    heard == GREETING
}

/// A native service on 192.168.0.1 that asks both files as `daemon`.
pub(crate) fn service(daemon: &str, port: u16, more: &str) -> String {
    format!(
        "[service.{daemon}]\nlisten = [\"192.168.0.1:{port}\"]\nhosts-access = \"{daemon}\"\n{more}\n"
    )
}

/// Names for both ends, and groups of hosts: the client `lan` is in `lans`, and in `others` it is not.
pub(crate) fn netgroups(world: &World) {
    let hosts = "127.0.0.1 localhost\n192.168.0.50 lan.example.com\n192.168.0.1 door.example.com\n";
    fs::write(world.etc("hosts"), hosts).expect("write the names");
    let groups = "lans (lan.example.com,,)\nothers (far.example.com,,)\n";
    fs::write(world.etc("netgroup"), groups).expect("write the groups");
    let switch = world.read("/etc/nsswitch.conf") + "netgroup: files\n";
    fs::write(world.etc("nsswitch.conf"), switch).expect("write nsswitch.conf");
}
