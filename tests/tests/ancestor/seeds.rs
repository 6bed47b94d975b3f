//! The published configurations, unchanged but for the placeholder address.

use portreeve_testkit::World;
use portreeve_tests::compare::Step::{Burst, Hold, Release, Visit, Wait};
use portreeve_tests::compare::{Scene, from};
use portreeve_tests::hours;
use std::any::Any;

/// What an sshd says first.
const SSH: &str = "SSH-2.0-";

fn printed(name: &str) -> String {
    let path = format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a file of this project")]
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.replace("203.0.113.88", "88.1.2.3")
}

/// What the text asks for, and what stands in for Dovecot, which left inetd mode.
fn host(world: &World) -> Box<dyn Any> {
    world.ssh_keys();
    let services = world.read("/etc/services");
    let added = "rootexternalssh 33333/tcp\nrootexternalssh 33333/udp\n";
    world.write("/etc/services", services + added);
    world.overlay("/usr/lib");
    world.door_run(&["mkdir", "-p", "/usr/lib/dovecot"]);
    world.write_program("/usr/lib/dovecot/imap-login", "#!/bin/sh\necho \"* OK stand-in $*\"\n");
    Box::new(())
}

/// "Securing and improving internet services … using xinetd".
pub(crate) fn securing() -> Scene {
    let mut scene = Scene::with("securing", &printed("seed-3-xinetd/xinetd.conf"));
    scene.prepare = host;
    let ssh = |peer: &str, to: &'static str| Visit(from(peer).to(to).until(SSH));
    let at = |peer: &str, to: &'static str| Visit(from(peer).to(to));
    let held = |peer: &str| Hold(from(peer).to("88.1.2.3:22").until(SSH));
    scene.done_to(
        "ssh for the local network and for the web",
        &[],
        [
            ssh("192.168.0.50", "192.168.0.1:22"),
            ssh("192.168.0.200", "192.168.0.1:22"),
            ssh("203.0.113.7", "192.168.0.1:22"),
            ssh("192.168.33.5", "192.168.0.1:22"),
            ssh("203.0.113.7", "88.1.2.3:22"),
            ssh("192.168.0.50", "88.1.2.3:22"),
            // per_source = 5
            held("203.0.113.7"),
            held("203.0.113.7"),
            held("203.0.113.7"),
            held("203.0.113.7"),
            held("203.0.113.7"),
            ssh("203.0.113.7", "88.1.2.3:22"),
            held("192.168.0.50"),
            Release,
            // cps = 30 10
            Wait(2),
            Burst(from("203.0.113.7").to("88.1.2.3:22").until(SSH), 31),
            ssh("192.168.0.50", "88.1.2.3:22"),
            ssh("192.168.0.50", "192.168.0.1:22"),
        ],
    );
    scene.done_to(
        "ssh for root",
        &[],
        [
            ssh("203.0.113.7", "88.1.2.3:33333"),
            ssh("192.168.0.50", "192.168.0.1:33333"),
            ssh("2001:db8:f::7", "[2001:db8::1]:33333"),
        ],
    );
    scene.done_to(
        "imaps",
        &[],
        [
            at("192.168.0.50", "192.168.0.1:993"),
            at("127.0.0.1", "127.0.0.1:993"),
            at("203.0.113.7", "192.168.0.1:993"),
            at("192.168.0.50", "88.1.2.3:993"),
            at("203.0.113.7", "88.1.2.3:993"),
        ],
    );
    scene.done_to(
        "the trap telnet",
        &[],
        [at("198.51.100.1", "88.1.2.3:23"), at("192.168.0.50", "192.168.0.1:23")],
    );
    scene.done_to("the trap ftp", &[], [at("198.51.100.2", "88.1.2.3:21")]);
    scene.done_to("the trap sftp", &[], [at("198.51.100.3", "88.1.2.3:115")]);
    scene.done_to("the trap irc", &[], [at("198.51.100.4", "88.1.2.3:194")]);
    scene
}

/// The OpenSSH cookbook's entry, always open and never.
pub(crate) fn cookbook(open: bool) -> Scene {
    let (name, hours) = match open {
        true => ("cookbook open", "00:00-23:59".to_owned()),
        false => ("cookbook closed", hours::closed()),
    };
    let text = printed("seed-2-load-balancing/xinetd.conf");
    let mut scene = Scene::with(name, &text.replace("08:00-15:25", &hours));
    scene.prepare = |world: &World| {
        world.ssh_keys();
        Box::new(()) as Box<dyn Any>
    };
    scene.file("/etc/banner.inetd.connection.txt", "you are connected\n");
    scene.file("/etc/banner.inetd.welcome.txt", "welcome\n");
    scene.file("/etc/banner.inetd.takeahike.txt", "take a hike\n");
    let ssh = |peer: &str, to: &'static str| Visit(from(peer).to(to).until(SSH));
    scene.done_to(
        "ssh",
        &[],
        [
            ssh("192.168.0.50", "192.168.0.1:22"),
            ssh("203.0.113.7", "88.1.2.3:22"),
            ssh("2001:db8:f::7", "[2001:db8::1]:22"),
        ],
    );
    scene
}
