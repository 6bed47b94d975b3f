//! The files for systemd, held against what the door needs of them.
#![forbid(unsafe_code)]

use portreeve_tests::packaged;

/// `KEY=VALUE` lines of a unit, in their order.
fn settings(unit: &str) -> Vec<(&str, &str)> {
    let lines = unit.lines().filter(|line| !line.starts_with(['#', '[']));
    lines.filter_map(|line| line.split_once('=')).collect()
}

fn value<'a>(settings: &[(&str, &'a str)], key: &str) -> Option<&'a str> {
    let mut found = settings.iter().filter(|(name, _)| *name == key).map(|(_, value)| *value);
    let value = found.next();
    assert_eq!(found.next(), None, "{key} stands there once");
    value
}

#[test]
fn the_unit_keeps_sessions_and_sockets_over_restarts() {
    let unit = packaged("systemd/portreeved.service");
    let settings = settings(&unit);
    for (key, want) in [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("KillMode", "process"),
        ("OOMPolicy", "continue"),
        ("TasksMax", "infinity"),
        ("Delegate", "yes"),
        ("Restart", "always"),
        ("StartLimitIntervalSec", "0"),
        ("WatchdogSignal", "SIGKILL"),
        ("ExecStart", "/usr/sbin/portreeved"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("WantedBy", "multi-user.target"),
    ] {
        assert_eq!(value(&settings, key), Some(want), "{key}");
    }
    let number = |key| value(&settings, key).unwrap().parse::<u64>().unwrap();
    // the default of max-sessions, each with the pipe of its standard error
    assert!(number("FileDescriptorStoreMax") >= 10_000);
    assert!(number("LimitNOFILE") >= 2 * 10_000 + 1024);
    assert_eq!(value(&settings, "PartOf"), None, "no other unit takes it down");
}

#[test]
fn the_keepers_unit_keeps_services_over_restarts() {
    let unit = packaged("systemd/portreeve-keeper.service");
    let settings = settings(&unit);
    for (key, want) in [
        ("Type", "exec"),
        ("KillMode", "process"),
        ("OOMPolicy", "continue"),
        ("TasksMax", "infinity"),
        ("Delegate", "yes"),
        ("Restart", "always"),
        ("StartLimitIntervalSec", "0"),
        ("ExecStart", "/usr/sbin/portreeve-tools svscan /run/portreeve/services"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("WantedBy", "multi-user.target"),
    ] {
        assert_eq!(value(&settings, key), Some(want), "{key}");
    }
    for other in ["PartOf", "Requires", "BindsTo"] {
        assert_eq!(value(&settings, other), None, "no other unit takes it down");
    }
    let (soft, hard) = value(&settings, "LimitNOFILE").unwrap().split_once(':').unwrap();
    // select(2) breaks in services that have more without asking; the keeper takes what there is
    assert_eq!(soft, "1024");
    assert!(hard.parse::<u64>().unwrap() >= 10_000 * 2 * 6);
}

#[test]
fn no_unit_sets_what_services_would_suffer_from() {
    for unit in ["portreeved", "portreeve-keeper"] {
        harmless(&packaged(&format!("systemd/{unit}.service")));
    }
}

fn harmless(unit: &str) {
    let inherited = [
        "NoNewPrivileges",
        "Protect",
        "Private",
        "Restrict",
        "CapabilityBoundingSet",
        "SystemCall",
        "ReadOnlyPaths",
        "InaccessiblePaths",
        "MemoryDenyWriteExecute",
        "LockPersonality",
        "OOMScoreAdjust",
        "UMask",
        "User",
        "Group",
        "RuntimeDirectory",
        "RootDirectory",
        "Slice",
        "DevicePolicy",
        "IPAddress",
        "LimitNPROC",
        "LimitCORE",
        "MemoryMax",
        "Nice",
    ];
    for (key, _) in settings(unit) {
        let harms = inherited.iter().find(|start| key.starts_with(**start));
        assert_eq!(harms, None, "{key} is inherited by every session");
    }
}

#[test]
fn the_users_are_those_of_the_default_configuration() {
    let users = packaged("systemd/portreeve.sysusers.conf");
    let named = |kind: &str| -> Vec<String> {
        let lines = users.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
        lines.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
    };
    let settings = portreeve_model::Settings::default();
    let log = portreeve_model::KeptLog::USER.to_owned();
    let firewall = "portreeve-firewall".to_owned();
    let known = [settings.clerk_user.clone(), settings.relay_user, firewall, log];
    assert_eq!(named("u"), known);
    assert_eq!(named("g"), [settings.control_group]);
    assert!(!users.lines().any(|line| line.starts_with("m ")), "no helper may command the door");
    let folders = packaged("systemd/portreeve.tmpfiles.conf");
    let clerk = settings.clerk_user;
    for (folder, mode, owner) in [
        ("/run/portreeve", "0755", "root"),
        ("/run/portreeve/services", "0755", "root"),
        ("/var/lib/portreeve", "0750", clerk.as_str()),
        ("/var/log/portreeve", "0750", clerk.as_str()),
        ("/run/portreeve/services", "0755", "root"),
        ("/var/log/portreeve-services", "0755", "root"),
    ] {
        let line = format!("d {folder} {mode} {owner} {owner} -");
        assert!(folders.lines().any(|l| l == line), "{line}");
    }
}
