//! Programs that are told of bans, as DenyHosts tells its plug-ins.

use crate::kit::{DOOR, denyhosts, enforcer, expect_file, told};
use portreeve_testkit::{World, wait_for};
use portreeve_tests::{Door, SOON};

/// Writes down how it was called, and says something.
fn plugin(word: &str) -> String {
    format!(
        "#!/bin/bash\necho \"{word} $# $* $PORTREEVE_ACT $PORTREEVE_NETWORK $PORTREEVE_FAMILY \
         uid $(id -u) in $PWD\" >>/run/d/out/told\nread -r || true\nenv >/run/d/out/env\n"
    )
}

#[test]
fn plug_ins_hear_of_each_ban_and_each_end_in_order() {
    let world = World::standard();
    world.door_run(&["mkdir", "-p", "/run/d"]);
    world.write_program("/run/d/deny", plugin("deny"));
    world.write_program("/run/d/purge", plugin("purge"));
    denyhosts(&world, "PLUGIN_DENY = /run/d/deny\nPLUGIN_PURGE = /run/d/purge");
    let door = Door::native(&world, DOOR);
    told(&door, &["ban", "203.0.113.9", "--for", "1h"]);
    let uid = 65534;
    let first = format!("deny 1 203.0.113.9 ban 203.0.113.9/32 inet uid {uid} in /\n");
    expect_file(&world, "/run/d/out/told", |text| text == first);
    wait_for(SOON, "its environment", || world.exists("/run/d/out/env"));
    let env = expect_file(&world, "/run/d/out/env", |text| text.contains("PORTREEVE_ONLY"));
    let own = |line: &str| {
        ["PORTREEVE_", "PATH=", "PWD=", "SHLVL=", "_="].iter().any(|name| line.starts_with(name))
    };
    assert!(env.lines().all(own), "nothing of the door's own: {env}");
    told(&door, &["ban", "2001:db8:7::/64", "--for", "1h"]);
    let second = format!("deny 1 2001:db8:7::/64 ban 2001:db8:7::/64 inet6 uid {uid} in /\n");
    expect_file(&world, "/run/d/out/told", |text| text == format!("{first}{second}"));
    told(&door, &["unban", "203.0.113.9"]);
    let third = format!("purge 1 203.0.113.9 unban 203.0.113.9/32 inet uid {uid} in /\n");
    let all = format!("{first}{second}{third}");
    expect_file(&world, "/run/d/out/told", |text| text == all);
    // who is banned already is told of no more, also by the next door
    door.stop();
    let door = Door::native(&world, DOOR);
    told(&door, &["unban", "2001:db8:7::/64"]);
    let fourth = format!("purge 1 2001:db8:7::/64 unban 2001:db8:7::/64 inet6 uid {uid} in /\n");
    expect_file(&world, "/run/d/out/told", |text| text == format!("{all}{fourth}"));
    assert_eq!(enforcer(&door, "command plugin-purge")["failures"], 0);
}

#[test]
fn one_that_fails_is_tried_again_and_told_of() {
    let world = World::standard();
    world.door_run(&["mkdir", "-p", "/run/d"]);
    world.write_program(
        "/run/d/deny",
        "#!/bin/bash\necho x >>/run/d/out/tries\nprintf 'no such set\\033[2J\\n'\nexit 3\n",
    );
    denyhosts(&world, "PLUGIN_DENY = /run/d/deny");
    let door = Door::native(&world, DOOR);
    told(&door, &["ban", "203.0.113.9", "--for", "1h"]);
    let name = "command plugin-deny-1";
    let event = door.expect("enforcement", |event| {
        event["enforcer"] == name && event["outcome"] == "exited with status 3; it is tried again"
    });
    assert_eq!(event["network"], "203.0.113.9");
    assert_eq!(event["output"], "no such set\\x1b[2J", "a program's word is harmless");
    door.expect("enforcement", |event| event["outcome"] == "exited with status 3");
    door.expect("alarm", |event| {
        event["text"] == "command `plugin-deny-1` is not told of bans: exited with status 3"
    });
    assert_eq!(world.read("/run/d/out/tries"), "x\nx\nx\n", "three times in all");
    let one = enforcer(&door, name);
    assert_eq!((&one["runs"], &one["failures"]), (&3.into(), &3.into()), "{one}");
    assert_eq!(one["trouble"], "exited with status 3");
    // one that does what it is to ends the alarm
    world.write_program("/run/d/deny", "#!/bin/bash\nexit 0\n");
    told(&door, &["ban", "203.0.113.10", "--for", "1h"]);
    wait_for(SOON, "the alarm to end", || door.status()["alarms"].as_array().unwrap().is_empty());
    assert_eq!(enforcer(&door, name)["trouble"], serde_json::Value::Null);
}
