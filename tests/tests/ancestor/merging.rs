//! Defaults, other files, and which entries are in force.

use portreeve_tests::compare::Step::{Hold, Visit};
use portreeve_tests::compare::{Scene, from};

const LAN: &str = "192.168.0.50";
const LOG: &str =
    "log_type = FILE /var/log/services.log\nlog_on_success = HOST PID\nlog_on_failure = HOST\n";

pub(crate) fn defaults() -> Scene {
    let head = format!(
        "defaults\n{{\n{LOG}only_from = 192.168.0.0\nonly_from = 203.0.113.7\nno_access = 203.0.113.7\n\
         banner = /etc/b/always\nbanner_success = /etc/b/success\nbanner_fail = /etc/b/fail\n\
         passenv = GREETING\numask = 077\ngroups = yes\ninstances = 2\nper_source = 2\n\
         log_on_success += EXIT\n}}\n"
    );
    let mut scene = Scene::with("defaults", &head);
    scene.environment = vec![("GREETING", "hello"), ("OTHER_GREETING", "a b")];
    scene.file("/etc/b/always", "hello\n");
    scene.file("/etc/b/success", "welcome\n");
    scene.file("/etc/b/fail", "go away\n");
    scene.file("/etc/b/own", "my own\n");
    let three = [from(LAN), from("203.0.113.7"), from("10.1.2.3")];
    for (name, lines) in [
        ("everything is inherited", "user = thisuser"),
        ("a list of its own", "only_from = 10.1.2.3"),
        ("a longer list", "only_from += 10.1.2.3"),
        ("a shorter list", "only_from -= 192.168.0.0"),
        ("no denials", "no_access -= 203.0.113.7"),
        ("denials of its own", "no_access = 192.168.0.50"),
        ("more denials", "no_access += 192.168.0.50"),
        ("a banner of its own", "banner = /etc/b/own"),
        ("a mask of its own", "umask = 022"),
        ("no groups", "user = thisuser\ngroups = no"),
        ("another environment", "passenv = OTHER_GREETING"),
        ("more of the environment", "passenv += OTHER_GREETING"),
        ("nothing of the environment", "passenv ="),
        ("less in the log", "log_on_success -= PID"),
        ("a log of its own", "log_type = FILE /var/log/own.log"),
        ("another count", "instances = 1"),
    ] {
        scene.script(name, lines, three.clone().map(Visit));
    }
    let held = [Hold(from(LAN)), Hold(from(LAN)), Visit(from(LAN).until("}\n"))];
    scene.script("the count is inherited", "server_args = drain", held.clone());
    scene.script(
        "no count",
        "server_args = drain\nper_source = UNLIMITED\ninstances = UNLIMITED",
        held,
    );
    scene
}

pub(crate) fn bound() -> Scene {
    let head = format!("defaults\n{{\n{LOG}bind = 88.1.2.3\ncps = 2 30\nmax_load = 500\n}}\n");
    let mut scene = Scene::with("bound", &head);
    let steps = || [Visit(from(LAN).to("88.1.2.3")), Visit(from(LAN).to("192.168.0.1"))];
    scene.script("the address is inherited", "bind = -", steps());
    scene.script("an address of its own", "bind = 192.168.0.1", steps());
    scene.script(
        "the rate is inherited",
        "",
        [portreeve_tests::compare::Step::Burst(from(LAN), 3)],
    );
    scene
}

pub(crate) fn disabled() -> Scene {
    let head = format!("defaults\n{{\n{LOG}disabled = d1\ndisabled += D2\n}}\n");
    let mut scene = Scene::with("disabled", &head);
    for (name, lines) in [
        ("listed", "id = d1"),
        ("listed in another case", "id = d2"),
        ("not listed", "id = d3"),
        ("by its own line", "id = d4\ndisable = yes"),
        ("not by its own line", "id = d5\ndisable = no"),
    ] {
        scene.visit(name, lines, from(LAN));
    }
    scene
}

pub(crate) fn enabled() -> Scene {
    let head = format!("defaults\n{{\n{LOG}enabled = e1 e2\nenabled += e3\ndisabled = e3\n}}\n");
    let mut scene = Scene::with("enabled", &head);
    for (name, lines) in [
        ("listed", "id = e1"),
        ("listed in another case", "id = E2"),
        ("listed as both", "id = e3"),
        ("not listed", "id = e4"),
    ] {
        scene.visit(name, lines, from(LAN));
    }
    scene
}

/// Entries in other files.
pub(crate) fn included() -> Scene {
    let head = format!("defaults\n{{\n{LOG}}}\ninclude /etc/x/first.conf\nincludedir /etc/x/dir\n");
    let mut scene = Scene::with("included", &head);
    let files = [
        ("a file", "/etc/x/first.conf"),
        ("a file of a directory", "/etc/x/dir/plain"),
        ("a name with a dot is left out", "/etc/x/dir/with.dot"),
        ("a name with a final tilde is left out", "/etc/x/dir/backup~"),
        ("signs in a name do not matter", "/etc/x/dir/#name#"),
        ("a file that a file names", "/etc/x/second.conf"),
    ];
    for (name, path) in files {
        let entry = portreeve_tests::compare::Entry {
            name: format!("f{}", scene.scripts.len()),
            lines: vec![],
        };
        let entry = scene.complete(entry);
        let mut content = entry.text();
        if path.ends_with("first.conf") {
            content += "include /etc/x/second.conf\n";
        }
        scene.file(path, content);
        scene.done_to(name, std::slice::from_ref(&entry), [Visit(from(LAN))]);
    }
    scene
}

/// `defaults` that come after a service.
pub(crate) fn late() -> Scene {
    let mut scene = Scene::with("late", "");
    let peers = [Visit(from(LAN)), Visit(from("10.1.2.3"))];
    scene.script("before the defaults", "", peers.clone());
    scene.script(
        "before the defaults with a list of its own",
        "only_from = 10.1.2.3",
        peers.clone(),
    );
    let head = format!("defaults\n{{\n{LOG}only_from = 192.168.0.0\ninstances = 40\n}}\n");
    scene.text += &head;
    scene.script("after the defaults", "", peers);
    scene
}
