//! The real xinetd serves real programs in a world: this proves the harness.

#![forbid(unsafe_code)]

use std::time::Duration;

use portreeve_testkit::{Record, World, Xinetd, probe, read_to_end_bounded};

const LIMIT: Duration = Duration::from_secs(60);

/// A service entry of its own on an address and port.
fn entry(name: &str, bind: &str, port: u16, rest: &str) -> String {
    format!(
        "service {name}\n{{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n \
         user = root\n flags = NOLIBWRAP\n bind = {bind}\n port = {port}\n{rest}\n}}\n"
    )
}

fn said(output: &std::process::Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

#[test]
fn sshd_under_xinetd_serves_logins_by_key_and_its_arguments_hold() {
    let world = World::standard();
    world.ssh_keys();
    let log = world.dir().join("log/services");
    let configuration = format!(
        "defaults\n{{\n log_type = FILE {}\n log_on_success = HOST PID EXIT\n \
         log_on_failure = HOST\n}}\n{}{}",
        log.display(),
        entry(
            "sshlan",
            "192.168.0.1",
            22,
            " only_from = 192.168.0.0\n server = /usr/sbin/sshd\n server_args = -i",
        ),
        entry(
            "sshfar",
            "88.1.2.3",
            22,
            " server = /usr/sbin/sshd\n \
             server_args = -i -o PermitRootLogin=no -o AllowUsers=thisuser",
        ),
    );
    let _xinetd = Xinetd::start(&world, &configuration);
    let remote = "id -un; pwd";
    for user in ["thisuser", "root"] {
        let output = world.ssh("lan", user, user, "192.168.0.1", 22, remote);
        let home = world.dir().join("home").join(user);
        assert_eq!(said(&output), (Some(0), format!("{user}\n{}", home.display())), "{output:?}");
    }
    let output = world.ssh("far", "thisuser", "thisuser", "88.1.2.3", 22, "exit 42");
    assert_eq!(output.status.code(), Some(42), "{output:?}");
    for (user, key) in [("root", "root"), ("otheruser", "otheruser"), ("thisuser", "stranger")] {
        let output = world.ssh("far", user, key, "88.1.2.3", 22, remote);
        assert_eq!(output.status.code(), Some(255), "{user}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("Permission denied"));
    }
    let refused = world.ssh("far", "root", "root", "192.168.0.1", 22, remote);
    assert_eq!(refused.status.code(), Some(255), "{refused:?}");
    let start = Record::expect(&log, "START", "from=192.168.0.50", LIMIT);
    assert_eq!(start.id, "sshlan");
    Record::expect(&log, "FAIL", "address from=203.0.113.7", LIMIT);
}

#[test]
fn the_probe_tells_what_xinetd_gave_it() {
    let world = World::standard();
    let server = format!(
        " user = thisuser\n group = otheruser\n groups = yes\n umask = 027\n nice = 5\n \
         rlimit_cpu = 77\n env = GREETING=hello\n passenv =\n flags = NODELAY KEEPALIVE\n \
         server = {}\n server_args = one two exit=3",
        world.bin("portreeve-probe").display()
    );
    let configuration = entry("probe", "192.168.0.1", 700, &server)
        .replace(" user = root\n flags = NOLIBWRAP\n", "")
        .replace("NODELAY", "NOLIBWRAP NODELAY");
    let _xinetd = Xinetd::start(&world, &configuration);
    let stream = world.connect("lan", "192.168.0.1:700").unwrap();
    let report: serde_json::Value =
        serde_json::from_str(&read_to_end_bounded(&stream, 1 << 20, LIMIT).text()).unwrap();
    for (field, want) in [
        ("/uid", serde_json::json!([59001, 59001, 59001, 59001])),
        ("/gid", serde_json::json!([59002, 59002, 59002, 59002])),
        ("/groups", serde_json::json!([59001, 59013])),
        ("/umask", "027".into()),
        ("/nice", "5".into()),
        ("/argv", serde_json::json!(["portreeve-probe", "one", "two", "exit=3"])),
        ("/environment", serde_json::json!({"GREETING": "hello", "REMOTE_HOST": "192.168.0.50"})),
        ("/directory", "/".into()),
        ("/session_leader", true.into()),
        ("/terminal", false.into()),
        ("/limits/Max cpu time", serde_json::json!(["77", "77"])),
        ("/blocked", "0000000000000000".into()),
        ("/connection/peer", "192.168.0.50".into()),
        ("/connection/nodelay", true.into()),
        ("/connection/keepalive", true.into()),
    ] {
        assert_eq!(report.pointer(field), Some(&want), "{field} of {report:#}");
    }
    let descriptors = report["descriptors"].as_object().unwrap();
    assert_eq!(descriptors.keys().collect::<Vec<_>>(), ["0", "1", "2"], "{report:#}");
    assert!(descriptors.values().all(|fd| fd["what"] == "socket" && fd["same_as"] == "0"));
}

#[test]
fn the_raw_script_tells_what_the_probe_cannot() {
    let world = World::standard();
    let script = world.dir().join("raw");
    world.write_program(&script, probe::RAW_SCRIPT);
    let mut command = world.door("sh");
    command.args(["-c", "trap '' PIPE; exec \"$0\" 2>&-"]).arg(&script);
    let output = world.run(command, LIMIT);
    let (status, text) = said(&output);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((status, lines[0]), (Some(0), "SigBlk: 0000000000000000"), "{output:?}");
    // whoever runs the tests may ignore hang-ups and interrupts too: SIGPIPE is what the shell set
    let ignored = u64::from_str_radix(lines[1].strip_prefix("SigIgn: ").unwrap(), 16).unwrap();
    assert_ne!(ignored & (1 << (13 - 1)), 0, "{output:?}");
    assert_eq!(lines[2..], ["fd: 0", "fd: 1"], "{output:?}");
}

#[test]
fn xinetd_reads_a_changed_configuration() {
    let world = World::standard();
    let echo = |port| entry("echo", "192.168.0.1", port, " server = /bin/echo");
    let mut xinetd = Xinetd::start(&world, &echo(701));
    assert!(world.connect("lan", "192.168.0.1:701").is_ok());
    xinetd.reload(&echo(702));
    assert!(world.connect("lan", "192.168.0.1:702").is_ok());
    assert!(world.connect("lan", "192.168.0.1:701").is_err());
    assert!(xinetd.messages().iter().any(|message| message.level == "NOTICE"));
    assert_eq!(xinetd.running().stop(LIMIT).code(), Some(0));
}
