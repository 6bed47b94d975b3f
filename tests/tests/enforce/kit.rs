//! A door whose bans go further, as DenyHosts' configuration says.

use portreeve_testkit::{World, wait_for};
use portreeve_tests::{Door, SOON};
use serde_json::Value;

/// The file.
pub(crate) const HOSTS_DENY: &str = "/etc/hosts.deny";

/// A denyhosts.cfg with what each one needs, and more.
pub(crate) fn denyhosts(world: &World, more: &str) {
    world.door_run(&["mkdir", "-p", "/var/lib/denyhosts", "/run/d/out"]);
    world.door_run(&["chmod", "1777", "/run/d/out"]);
    world.write("/var/log/auth.log", "");
    let text = format!(
        "SECURE_LOG = /var/log/auth.log\nHOSTS_DENY = {HOSTS_DENY}\nPURGE_DENY = 4w\n\
         BLOCK_SERVICE = sshd\nDENY_THRESHOLD_INVALID = 5\nDENY_THRESHOLD_VALID = 10\n\
         DENY_THRESHOLD_ROOT = 1\nDENY_THRESHOLD_RESTRICTED = 1\nWORK_DIR = /var/lib/denyhosts\n\
         ETC_DIR = /etc\nLOCK_FILE = /run/denyhosts.pid\n{more}\n"
    );
    world.write("/etc/denyhosts.conf", text);
}

/// A door with it.
pub(crate) const DOOR: &str = "[import]\ndenyhosts = { file = \"/etc/denyhosts.conf\", \
                               plugin-user = \"nobody\" }\n\
                               [service.echo]\nlisten = [\"127.0.0.1:7007\"]\ninternal = \"echo\"\n";

/// Runs the command, which must succeed.
pub(crate) fn told(door: &Door<'_>, args: &[&str]) {
    let output = door.command(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
}

/// The enforcer whose name begins so, from the status.
pub(crate) fn enforcer(door: &Door<'_>, name: &str) -> Value {
    let status = door.status();
    let all = status["enforcers"].as_array().unwrap();
    let found = all.iter().find(|one| one["name"].as_str().unwrap().starts_with(name));
    found.unwrap_or_else(|| panic!("no {name} in {all:?}")).clone()
}

/// Waits until the file is as it is to be.
pub(crate) fn expect_file(world: &World, path: &str, want: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    wait_for(SOON, format!("{path} to be as it is to be"), || {
        text = if world.exists(path) { world.read(path) } else { String::new() };
        want(&text)
    });
    text
}
