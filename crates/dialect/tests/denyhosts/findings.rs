//! What is told of odd configurations and lists.

use crate::support::{Host, LEAST, config};
use portreeve_diag::{Diagnostics, FileId, Level, Sources, Span};
use portreeve_dialect::denyhosts::{Allowed, Reading, restricted, tell_door};

/// The least configuration with a line changed, or one more.
fn with(line: &str) -> String {
    let name = |line: &str| line.split(['=', ':']).next().map(|name| name.trim().to_owned());
    let others = LEAST.lines().filter(|other| name(other) != name(line));
    let lines: Vec<&str> = others.chain([line]).collect();
    format!("{}\n", lines.join("\n"))
}

fn short(code: &str) -> &str {
    code.trim_start_matches("denyhosts-")
}

#[test]
fn what_is_odd_is_told_at_its_place() {
    assert!(config(LEAST).1.is_empty(), "{:?}", config(LEAST).1);
    for (line, want, place) in [
        ("ADMIN_EMAIL root", "syntax", Some((12, 1))),
        ("BLOCKPORT = 22 # ssh", "comment", Some((12, 16))),
        ("ADMIN_EMAIL = root@$[NOWHERE]", "environment", Some((12, 15))),
        ("ADMIN_EMAIL = root@$[EMPTY]", "environment", Some((12, 15))),
        ("WORK_DIR =", "missing", Some((11, 1))),
        ("DENY_THRESHOLD_ROOT = none", "bad-value", Some((11, 23))),
        ("DENY_THRESHOLD_ROOT =", "bad-value", None),
        ("PURGE_THRESHOLD =", "bad-value", None),
        ("PURGE_DENY = 0", "bad-value", Some((11, 14))),
        ("PURGE_DENY = 3 months", "bad-value", Some((11, 14))),
        ("EMAIL_METHOD = PIGEON", "bad-value", Some((12, 16))),
        ("BLOCKPORT = 22;reboot", "bad-value", Some((12, 13))),
        ("BLOCK_SERVICE = sshd\u{7}x", "bad-value", None),
        ("BLOCK_SERVICE = a: b", "bad-value", Some((11, 17))),
        ("PLUGIN_PURGE = plugin", "bad-value", Some((12, 16))),
        ("USERDEF_FAILED_ENTRY_REGEX =", "bad-value", None),
        ("RESET_ON_SUCCESS = perhaps", "not-true", Some((12, 20))),
        ("WORK_DIR = data", "relative", Some((11, 12))),
        ("PLUGIN_DENY = /bin/x | logger", "shell", Some((12, 15))),
        ("PLUGIN_DENY = /bin/x 'y", "shell", Some((12, 15))),
        ("DAEMON_SLEP = 30s", "unknown", Some((12, 1))),
    ] {
        let (_, _, sources, found) = config(&with(line));
        let finding = found.iter().find(|finding| short(finding.code.0) == want);
        let finding = finding.unwrap_or_else(|| panic!("{line}: {found:?}"));
        if let Some(place) = place {
            assert_eq!(sources.line_column(finding.at.unwrap()), place, "{line}");
        }
    }
}

#[test]
fn old_names_repeats_and_missing_keys_are_told() {
    let (settings, codes, ..) = config(&format!("{LEAST}PURGE_DENY = 1w\n"));
    let codes: Vec<_> = codes.iter().map(|code| short(code)).collect();
    assert_eq!(
        (settings.unwrap().purge_deny, codes.as_slice()),
        (Some(604_800), &["repeated"][..])
    );
    let old = LEAST.replace("DENY_THRESHOLD_INVALID", "DENY_THRESHOLD");
    let (settings, codes, ..) = config(&old.replace("DENY_THRESHOLD_RESTRICTED = 1\n", ""));
    let settings = settings.unwrap();
    assert_eq!((settings.thresholds.invalid, settings.thresholds.restricted), (5, 1));
    assert_eq!(codes.iter().map(|code| short(code)).collect::<Vec<_>>(), ["renamed", "renamed"]);
    let (settings, codes, ..) = config("");
    assert!(settings.is_none());
    assert_eq!(codes, ["denyhosts-missing"; 10]);
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let mut host = Host::default();
    let path = "/etc/denyhosts.conf";
    let none =
        portreeve_dialect::denyhosts::read(path, None, "/etc", &mut host, &mut sources, &mut found);
    assert!(none.is_none());
    Allowed::read("/locked", None, Reading::default(), &mut host, &mut sources, &mut found);
    restricted("/locked", None, &mut host, &mut found);
    let codes: Vec<_> = found.iter().map(|f| (short(f.code.0), f.level)).collect();
    let want = [Level::Error, Level::Error, Level::Warning].map(|level| ("unreadable", level));
    assert_eq!(codes, want);
    let many: String = (0..4200).map(|n| format!("user{n}\n")).collect();
    let mut host = Host::default().with("/etc/restricted-usernames", &many);
    restricted("/etc", None, &mut host, &mut found);
    assert_eq!(found.iter().last().map(|f| short(f.code.0)), Some("too-large"));
}

#[test]
fn the_door_says_what_becomes_of_each_key() {
    let text = with("SYNC_SERVER = http://example.org:9911")
        + "SYNC_UPLOAD = no\nHOSTNAME_LOOKUP = NO\nALLOWED_HOSTS_HOSTNAME_LOOKUP = yes\n\
           FAILED_ENTRY_REGEX3 = x\nFAILED_ENTRY_REGEX4 =\nADMIN_EMAIL = root\nEMAIL_METHOD = STDOUT\n";
    let (settings, codes, sources, _) = config(&text);
    assert!(codes.is_empty(), "{codes:?}");
    let mut found = Diagnostics::new();
    tell_door(&settings.unwrap(), &mut found);
    found.sort();
    let told: Vec<_> = found
        .iter()
        .map(|f| (sources.line_column(f.at.unwrap()).0, short(f.code.0), f.level))
        .collect();
    let want = [
        (1, "honoured", Level::Note),
        (11, "meaningless", Level::Note),
        (12, "refused", Level::Warning),
        (13, "meaningless", Level::Note),
        (15, "refused", Level::Warning),
        (16, "refused", Level::Error),
        (19, "effect", Level::Warning),
    ];
    assert_eq!(told, want);
}

#[test]
fn what_allowed_hosts_does_not_do_is_told() {
    let text = "192.0.2.[1-5]\nhome.example\n192.0.2.0/24\n192.0.2.[5-1]\n";
    let mut sources = Sources::new();
    let file = sources.add("allowed-hosts", text);
    let mut found = Diagnostics::new();
    Allowed::of(file, &sources, Reading::default(), &mut found);
    let told: Vec<_> = found.iter().map(|f| short(f.code.0)).collect();
    assert_eq!(told, ["allowed-range", "allowed-name", "allowed-rest", "allowed-empty"]);
    assert_eq!(found.iter().next().unwrap().at, Some(Span::new(FileId(0), 0, 13)));
}
