//! Which finding a mistake gives, and where.

use super::{MOST_COMPARED, Shadows, parts, read, shadowed};
use portreeve_diag::{Diagnostics, Sources};
use portreeve_model::wrappers::{Table, Tables, Which};

/// What a text of hosts.allow, or of hosts.deny, gives: codes with line and column.
fn found(which: Which, text: &str) -> Vec<String> {
    let (mut sources, mut findings) = (Sources::new(), Diagnostics::new());
    let rules = read(which, "f", text.as_bytes(), &mut sources, &mut findings);
    let mut tables = Tables::default();
    match which {
        Which::Allow => tables.allow = Table::Rules(rules),
        Which::Deny => tables.deny = Table::Rules(rules),
    }
    shadowed(&tables, &sources, &mut findings);
    let place = |finding: &portreeve_diag::Diagnostic| {
        let (line, column) = sources.line_column(finding.at.expect("a place"));
        format!("{} {line}:{column}", finding.code)
    };
    findings.iter().map(place).collect()
}

#[test]
fn each_mistake_is_found_where_it_stands() {
    for (text, want) in [
        ("sshd: ALL\n", &[][..]),
        ("sshd: ALL", &["hosts-no-final-newline 1:10"]),
        ("# a\n  # sshd: ALL\n", &["hosts-indented-comment 2:3"]),
        ("# a \\\nsshd: ALL\n", &["hosts-swallowed-line 2:1"]),
        ("# a \\\n  sshd: ALL\n", &[]),
        ("sshd ALL\n", &["hosts-no-separator 1:1"]),
        ("sshd: 10.\0\n", &["hosts-zero-byte 1:10"]),
        ("sshd: [::1 : deny\n", &["hosts-bracket 1:7"]),
        ("sshd@[::1: ALL\n", &["hosts-bracket 1:6"]),
        ("sshd: ::1 2001:db8::/32: deny\n", &["hosts-bare-ipv6 1:7", "hosts-bare-ipv6 1:11"]),
        ("sshd@::1: joe@::1\n", &["hosts-bare-ipv6 1:1", "hosts-bare-ipv6 1:11"]),
        ("sshd: 10.0.0.0/33\n", &["hosts-prefix-length 1:7"]),
        ("sshd, \\\n ftpd: \\\n 10.0.0.1/8\n", &["hosts-host-bits 3:2"]),
        ("sshd: 0.0.0.0/0\n", &["hosts-wide-mask 1:7"]),
        (
            "sshd: 192.0.2 [10.0.0.1] x@\n",
            &["hosts-never-matches 1:7", "hosts-never-matches 1:15", "hosts-never-matches 1:26"],
        ),
        ("sshd: 10. # mine\n", &["hosts-trailing-comment 1:11"]),
        ("EXCEPT sshd: ALL\n", &["hosts-empty-list 1:1"]),
        ("sshd: ALL : bogus\n", &["hosts-option 1:13"]),
        ("sshd: ALL :\n", &["hosts-option 1:12"]),
        ("sshd: ALL : aclexec x : spawn y\n", &["hosts-aclexec-later 1:25"]),
        ("sshd: ALL : spawn x %a%%q : twist y %z\n", &["hosts-no-expansion 1:29"]),
        ("sshd: ALL : banners /%z : umask 022\n", &[]),
        (
            "sshd: KNOWNN known BRIDGE x@LOCALL\n",
            &["hosts-reserved-word 1:7", "hosts-reserved-word 1:27"],
        ),
        ("sshd: ALL : user nobody\n", &["hosts-user-applied 1:13"]),
        ("ALL: 10.\nsshd: 10.\n", &["hosts-shadowed 2:1"]),
        ("ALL: ALL\n\nsshd, ftpd: .example.org 10.\n", &["hosts-shadowed 3:1"]),
        ("ALL: ALL : aclexec x\nsshd: 10.\n", &[]),
        ("ALL: ALL EXCEPT 10.\nsshd: 10.\n", &[]),
        ("sshd: 10.\nALL: 10.\n", &[]),
        ("ALL: 192.0.2.0/24\nsshd: 192.0.2.7\n", &["hosts-shadowed 2:1"]),
        ("ALL: 192.0.2.0/25\nsshd: 192.0.2.0/24\n", &[]),
        ("sshd: 192.0.2.\nsshd: 192.0.2.64/255.255.255.192\n", &["hosts-shadowed 2:1"]),
        ("ALL: [2001:db8::]/32\nsshd: [2001:db8:1::7]\n", &["hosts-shadowed 2:1"]),
        ("ALL: 10.0.0.0/255.0.0.255\nsshd: 10.0.0.0/8\n", &[]),
        ("sshd: 10.\nftpd: 10.0.0.1\n", &[]),
        ("sshd: 10.\nftpd: 10.\nsshd ftpd: 10.0.0.1 10.0.0.2\n", &["hosts-shadowed 3:1"]),
        ("sshd: .org\nsshd: a.example.org .example.org\n", &["hosts-shadowed 2:1"]),
        ("sshd: .example.org\nsshd: example.org .org\n", &[]),
        ("sshd: 10.\nsshd: joe@10.0.0.1 joe@10.\n", &["hosts-shadowed 2:1"]),
        ("sshd: joe@10.\nsshd: 10.0.0.1\n", &[]),
        ("*: *\nsshd: LOCAL\n", &["hosts-shadowed 2:1"]),
        ("ALL: ALL\nALL EXCEPT sshd: ALL EXCEPT LOCAL\n", &["hosts-shadowed 2:1"]),
        ("sshd: 10. EXCEPT 10.0.0.1\nsshd: 10.0.0.1\n", &[]),
        ("sshd@10.0.0.1: ALL\nsshd: 10.\n", &[]),
        ("sshd: unknown\nsshd: UNKNOWN\n", &["hosts-shadowed 2:1"]),
    ] {
        assert_eq!(found(Which::Allow, text), want, "{text}");
    }
    let deny = "sshd: ALL : aclexec x\n";
    assert_eq!(found(Which::Deny, deny), ["hosts-aclexec-deny 1:13"]);
    let long = format!("sshd: {}\n", "192.0.2.1 ".repeat(210));
    assert_eq!(found(Which::Allow, &long), ["hosts-long-line 1:1"]);
}

#[test]
fn a_swallowed_rule_counts_in_hosts_deny_alone() {
    let rules = |which, text: &[u8]| {
        read(which, "f", text, &mut Sources::new(), &mut Diagnostics::new()).len()
    };
    let text = b"# a \\\nsshd: ALL\n";
    assert_eq!((rules(Which::Allow, text), rules(Which::Deny, text)), (0, 1));
    let bytes = b"sshd: ALL : spawn echo \xff\n# \xfe\n";
    assert_eq!(rules(Which::Allow, bytes), 1);
}

#[test]
fn a_hundred_thousand_rules_are_looked_at_in_one_go() {
    let mut text = String::from("ALL: 10.0.0.0/8\n");
    for n in 0..100_000_u32 {
        text += &format!("sshd: 10.{}.{}.{}\n", n >> 16, n >> 8 & 255, n & 255);
    }
    // each is behind the first, which is told once
    assert_eq!(found(Which::Deny, &text), ["hosts-shadowed 2:1"]);
}

/// What is said of rules that decide nothing: in parts as the door reads them, and one by one.
fn shadows(text: &str) -> Vec<String> {
    let (mut sources, mut findings) = (Sources::new(), Diagnostics::new());
    let file = sources.add("f", "");
    let mut shadows = Shadows::new(MOST_COMPARED);
    for part in parts(Which::Deny, file, text.as_bytes(), &mut sources, &mut Diagnostics::new()) {
        shadows.part(Which::Deny, &part);
    }
    assert!(shadows.tell(&sources, &mut findings));
    let place = |finding: &portreeve_diag::Diagnostic| {
        let (line, _) = sources.line_column(finding.at.expect("a place"));
        format!("{line}: {}", finding.message)
    };
    let said: Vec<String> = findings.iter().map(place).collect();
    let (mut sources, mut other) = (Sources::new(), Diagnostics::new());
    let rules = read(Which::Deny, "f", text.as_bytes(), &mut sources, &mut Diagnostics::new());
    let tables = Tables { deny: Table::Rules(rules), ..Tables::default() };
    shadowed(&tables, &sources, &mut other);
    let messages =
        |all: &Diagnostics| all.iter().map(|one| one.message.clone()).collect::<Vec<_>>();
    assert_eq!(messages(&other), messages(&findings), "{text}");
    said
}

#[test]
fn plain_rules_in_long_runs_are_compared_like_others() {
    let many: String = (0..100).map(|n| format!("sshd: 192.0.2.{n}\n")).collect();
    assert!(shadows(&many).is_empty());
    for (text, want) in [
        (
            format!("{many}ftpd: 192.0.2.7\nsshd: 192.0.2.7 192.0.2.8\nsshd: 192.0.2.7 10.\n"),
            &["102: this rule decides nothing: f:9 already decides for all of it"][..],
        ),
        (
            format!("sshd: 192.0.2.0/25\n{many}ALL: 192.0.2.0/24\nftpd: 192.0.2.1\n"),
            &[
                "2: this rule and 99 behind it decide nothing: f:1 already decides for all of them",
                "103: this rule decides nothing: f:102 already decides for all of it",
            ],
        ),
        (
            format!("{many}sshd: 192.0.2.7 : nice 3\nsshd: [2001:db8::]/32\n{many}"),
            &["101: this rule and 1 behind it decide nothing: f:8 already decides for all of them"],
        ),
    ] {
        let got = shadows(&text);
        assert_eq!(got.get(..want.len()).unwrap_or_default(), want, "{text}");
    }
    // of pairs, the first fifty are told one by one
    let twice = shadows(&format!("{many}ALL: 10.\n{many}"));
    assert_eq!(twice.len(), 51);
    assert_eq!(twice.last().expect("one"), "152: from here on, 50 more rules decide nothing");
}

#[test]
fn what_is_kept_to_compare_with_is_bounded() {
    let text: String = (0..100).map(|n| format!("sshd: 192.0.2.{n}\n")).collect();
    let (mut sources, mut findings) = (Sources::new(), Diagnostics::new());
    let file = sources.add("f", "");
    let mut shadows = Shadows::new(50);
    let text = format!("{text}sshd: 192.0.2.7\nsshd: 192.0.2.99\n");
    for part in parts(Which::Deny, file, text.as_bytes(), &mut sources, &mut Diagnostics::new()) {
        shadows.part(Which::Deny, &part);
    }
    assert!(!shadows.tell(&sources, &mut findings));
    assert_eq!(findings.len(), 1, "the second is behind one that is not kept");
}
