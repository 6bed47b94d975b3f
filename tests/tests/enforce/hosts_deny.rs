//! hosts.deny, beside the lines of others, before real libwrap.

use crate::kit::{DOOR, HOSTS_DENY, denyhosts, enforcer, expect_file, told};
use portreeve_testkit::{World, Xinetd, read_to_end_bounded};
use portreeve_tests::{Door, SOON};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;

/// What others have in it: a rule of the owner's, and an entry that DenyHosts has made.
const THEIRS: &str = "# by hand\nvsftpd: .example.org\n\
                      # DenyHosts: Mon Nov  2 08:00:00 2026 | sshd: 198.51.100.77\nsshd: 198.51.100.77\n";

/// Whether libwrap lets a client in, as tcpdmatch says.
fn refused(world: &World, client: &str) -> bool {
    world.door_run(&["tcpdmatch", "sshd", client]).contains("access:   denied")
}

/// The lines of an entry: DenyHosts' marker, with a date as asctime writes it, and the rule.
fn has_marked(text: &str, address: &str) -> bool {
    let all: Vec<&str> = text.lines().collect();
    all.windows(2).any(|two| {
        let rule = format!("sshd: {address}");
        let marker = two[0].strip_prefix("# DenyHosts: ").and_then(|rest| rest.split_once(" | "));
        two[1] == rule && marker.is_some_and(|(date, copy)| copy == rule && date.len() == 24)
    })
}

#[test]
fn bans_come_and_go_in_a_file_whose_other_lines_stay() {
    let world = World::standard();
    world.write(HOSTS_DENY, THEIRS);
    let file = world.etc("hosts.deny");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::chown(&file, Some(0), Some(4)).unwrap();
    denyhosts(&world, "");
    let door = Door::native(&world, DOOR);
    for network in ["203.0.113.9", "192.0.2.0/24", "2001:db8:7::/64"] {
        told(&door, &["ban", network, "--for", "1h"]);
    }
    let shown = ["203.0.113.9", "192.0.2.0/255.255.255.0", "[2001:db8:7::]/64"];
    let whole = |text: &str| shown.iter().all(|one| has_marked(text, one));
    let text = expect_file(&world, HOSTS_DENY, whole);
    assert!(text.starts_with(THEIRS), "others' lines stay where they are: {text}");
    let stat = fs::metadata(&file).unwrap();
    assert_eq!((stat.mode() & 0o7777, stat.gid()), (0o640, 4), "mode and owner are kept");
    for client in ["203.0.113.9", "192.0.2.200", "2001:db8:7::9", "198.51.100.77"] {
        assert!(refused(&world, client), "{client} is shut out by libwrap");
    }
    for client in ["203.0.113.10", "2001:db8:8::9"] {
        assert!(!refused(&world, client), "{client} is not");
    }
    // what others do: DenyHosts appends and purges, the owner takes a line of ours away
    let rule = "sshd: 203.0.113.9\n";
    let at = text.find(&format!(" | {rule}")).and_then(|at| text[..at].rfind('\n')).unwrap();
    let end = at + text[at..].find(&format!("\n{rule}")).unwrap() + rule.len();
    let purged = format!("{}{}", &text[..at], &text[end..]);
    world.write(HOSTS_DENY, format!("{purged}sshd: 198.51.100.78\n"));
    assert!(!refused(&world, "203.0.113.9"));
    told(&door, &["ban", "203.0.113.20", "--for", "1h"]);
    let text = expect_file(&world, HOSTS_DENY, |text| {
        whole(text) && has_marked(text, "203.0.113.20") && text.ends_with("sshd: 198.51.100.78\n")
    });
    assert_eq!(text.matches("203.0.113.9\n").count(), 2, "a marker and a rule: {text}");
    told(&door, &["unban", "203.0.113.9"]);
    let text = expect_file(&world, HOSTS_DENY, |text| !text.contains("203.0.113.9\n"));
    assert!(!refused(&world, "203.0.113.9") && refused(&world, "203.0.113.20"), "{text}");
    // over a restart all is as it was, and what ends at last leaves nothing behind
    door.stop();
    let door = Door::native(&world, DOOR);
    assert_eq!(world.read(HOSTS_DENY), text);
    told(&door, &["unban", "--all", "--yes"]);
    let theirs = format!("{THEIRS}sshd: 198.51.100.78\n");
    expect_file(&world, HOSTS_DENY, |text| text == theirs);
    assert_eq!(enforcer(&door, "hosts-deny")["trouble"], serde_json::Value::Null);
    let beside = fs::read_dir(file.parent().unwrap()).unwrap();
    let left = beside
        .filter(|one| one.as_ref().unwrap().file_name().to_string_lossy().contains(".portreeve"));
    assert_eq!(left.count(), 0, "nothing is left beside it");
}

#[test]
fn a_real_tcpd_keeps_out_whom_the_door_has_banned() {
    let world = World::standard();
    world.write_program("/run/d/sshd", "#!/bin/bash\necho SSH-2.0-stand-in\n");
    let _xinetd = Xinetd::start(
        &world,
        "service ssh\n{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n \
         user = root\n flags = IPv4 NOLIBWRAP NAMEINARGS\n port = 2300\n \
         server = /usr/sbin/tcpd\n server_args = /run/d/sshd\n}\n",
    );
    denyhosts(&world, "");
    let door = Door::native(&world, DOOR);
    let greeted = |client: &str| {
        let stream = world.connect(client, "192.168.0.1:2300").unwrap();
        read_to_end_bounded(&stream, 1 << 10, SOON).text().starts_with("SSH-2.0")
    };
    assert!(greeted("lan") && greeted("far"));
    told(&door, &["ban", "203.0.113.7", "--for", "1h"]);
    expect_file(&world, HOSTS_DENY, |text| has_marked(text, "203.0.113.7"));
    assert!(!greeted("far") && greeted("lan"));
    told(&door, &["unban", "203.0.113.7"]);
    expect_file(&world, HOSTS_DENY, |text| !text.contains("203.0.113.7"));
    assert!(greeted("far"));
}

#[test]
fn the_door_that_reads_its_own_file_does_not_write_it_for_ever() {
    let world = World::standard();
    world.write("/etc/hosts.allow", "");
    world.write(HOSTS_DENY, THEIRS);
    denyhosts(&world, "");
    let both = DOOR.replace("[import]\n", "[import]\nhosts-access = true\n");
    let door = Door::native(&world, &both);
    for last in 1..=30 {
        told(&door, &["ban", &format!("203.0.113.{last}"), "--for", "1h"]);
    }
    expect_file(&world, HOSTS_DENY, |text| {
        (1..=30).all(|n| has_marked(text, &format!("203.0.113.{n}")))
    });
    // two lines of others', thirty of ours
    door.expect("source-changed", |event| event["entries"] == 32);
    let runs = |door: &Door<'_>| enforcer(door, "hosts-deny")["runs"].as_u64().unwrap();
    portreeve_testkit::wait_for(SOON, "the last writing to be over", || {
        enforcer(&door, "hosts-deny")["waiting"] == 0
    });
    let before = (runs(&door), world.read(HOSTS_DENY));
    std::thread::sleep(Duration::from_secs(3)); // a loop would go round three times
    assert_eq!((runs(&door), world.read(HOSTS_DENY)), before);
    assert!(before.0 < 31, "a burst is written together: {} runs", before.0);
}

#[test]
fn a_file_that_cannot_be_kept_is_an_alarm_that_ends() {
    let world = World::standard();
    world.write("/etc/elsewhere", THEIRS);
    world.door_run(&["ln", "-sf", "/etc/elsewhere", HOSTS_DENY]);
    denyhosts(&world, "");
    let door = Door::native(&world, DOOR);
    let why = "is a symbolic link: name the file that it leads to instead";
    told(&door, &["ban", "203.0.113.9", "--for", "1h"]);
    door.expect("alarm", |event| event["text"].as_str().unwrap().contains(why));
    let one = enforcer(&door, "hosts-deny");
    assert!(one["trouble"].as_str().unwrap().contains(why), "{one}");
    assert_eq!(world.read("/etc/elsewhere"), THEIRS);
    world.door_run(&["rm", HOSTS_DENY]);
    // it is tried again by itself
    expect_file(&world, HOSTS_DENY, |text| has_marked(text, "203.0.113.9"));
    portreeve_testkit::wait_for(SOON, "the alarm to end", || {
        door.status()["alarms"].as_array().unwrap().is_empty()
    });
    // what is kept no longer is left without what is ours
    world.write(
        "/etc/portreeve/portreeve.toml",
        "[service.echo]\nlisten = [\"127.0.0.1:7007\"]\ninternal = \"echo\"\n",
    );
    told(&door, &["reload"]);
    expect_file(&world, HOSTS_DENY, str::is_empty);
}
