//! What is written about it.

use portreeve_testkit::{IdentReply, IdentServer, World};
use portreeve_tests::compare::Step::{Hold, Release, Visit, Wait};
use portreeve_tests::compare::{Scene, from};
use portreeve_tests::hours;
use std::any::Any;

const LAN: &str = "192.168.0.50";
const FILE: &str = "log_type = FILE /var/log/own.log";

/// A service that is served and refused.
fn both(scene: &mut Scene, name: &'static str, lines: &str) {
    let lines =
        format!("{lines}\nonly_from = {LAN} 203.0.113.7\nno_access = 203.0.113.7\nper_source = 0");
    // Per source before lists in xinetd, after them here: a count refuses whoever comes.
    scene.script(name, &lines, [Visit(from(LAN))]);
}

pub(crate) fn scene() -> Scene {
    let mut scene = Scene::with("logs", "");
    for (name, lines) in [
        ("nothing asked for", ""),
        ("nothing to write", FILE),
        ("the peer", "log_on_success = HOST"),
        ("the process", "log_on_success = PID"),
        ("the end", "log_on_success = EXIT"),
        ("the time", "log_on_success = DURATION"),
        ("the end and the process", "log_on_success = EXIT PID"),
        ("the peer and the time", "log_on_success = HOST DURATION"),
        ("all", "log_on_success = HOST PID EXIT DURATION"),
        ("words in any case", "log_on_success = host Pid exit"),
        ("words added", "log_on_success = HOST\nlog_on_success += PID"),
        ("words taken away", "log_on_success = HOST PID\nlog_on_success -= PID"),
        ("no words", "log_on_success ="),
    ] {
        scene.visit(name, &format!("{FILE}\n{lines}"), from(LAN));
    }
    for (name, lines) in [
        ("an exit status", "server_args = exit=3"),
        ("a signal", "server = /bin/sh\nserver_args = /etc/killed"),
        ("an id", "id = another-name"),
        ("the system log", "log_type = SYSLOG local3"),
        ("the system log at a level", "log_type = SYSLOG authpriv notice"),
        ("a user", "user = thisuser"),
    ] {
        let file = if lines.contains("log_type") { "" } else { FILE };
        scene.visit(name, &format!("{file}\nlog_on_success = HOST PID EXIT\n{lines}"), from(LAN));
    }
    scene.file("/etc/killed", "echo '{\"argv\":0}'; kill -9 $$\n");
    for (name, lines) in [
        ("a refusal unasked for", ""),
        ("a refused peer", "log_on_failure = HOST"),
        ("an attempt", "log_on_failure = ATTEMPT"),
        ("an attempt with its peer", "log_on_failure = ATTEMPT HOST"),
    ] {
        both(&mut scene, name, &format!("{FILE}\n{lines}"));
    }
    for (name, lines) in [
        ("refused by a list", "only_from = 10.1.2.3"),
        (
            "refused by a list and all is asked for",
            "only_from = 10.1.2.3\nlog_on_success = HOST PID EXIT DURATION",
        ),
        ("refused by a count", "instances = 0"),
    ] {
        scene.visit(name, &format!("{FILE}\nlog_on_failure = HOST\n{lines}"), from(LAN));
    }
    let hours = format!("{FILE}\nlog_on_failure = HOST\naccess_times = {}", hours::closed());
    scene.visit("refused by hours", &hours, from(LAN));
    scene
}

/// Who the peer says it is.
pub(crate) fn ident() -> Scene {
    let mut scene = Scene::with("ident", "");
    scene.prepare = |world: &World| {
        let reply = IdentReply::User("joe bloggs".into());
        Box::new(IdentServer::start(world, "lan", "192.168.0.50:113", reply)) as Box<dyn Any>
    };
    for (name, lines, peer) in [
        ("a name", "", LAN),
        ("no name", "", "203.0.113.7"),
        ("a name that is required", "flags = IDONLY", LAN),
        ("no name where one is required", "flags = IDONLY", "203.0.113.7"),
    ] {
        let lines = format!(
            "{FILE}\nserver_args = drain\nlog_on_success = HOST USERID PID EXIT\nlog_on_failure = HOST\n{lines}"
        );
        scene.script(name, &lines, [Hold(from(peer)), Wait(1), Release]);
    }
    scene.script(
        "the name of who is served, asked for refusals alone",
        &format!(
            "{FILE}\nserver_args = drain\nlog_on_success = HOST PID\nlog_on_failure = HOST USERID"
        ),
        [Hold(from(LAN)), Wait(1), Release],
    );
    scene.visit(
        "the name of who is refused",
        &format!("{FILE}\nlog_on_failure = HOST USERID\ninstances = 0"),
        from(LAN),
    );
    scene
}
