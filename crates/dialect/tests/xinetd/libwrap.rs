//! hosts.allow and hosts.deny: no service runs past a rule that xinetd would apply.

use crate::support::{Outcome, service};
use portreeve_diag::FileId;
use portreeve_dialect::wrappers::{Content, HostsFile, Why, applicable, check};

fn checked(text: &str, allow: Content<'_>, deny: Content<'_>) -> Outcome {
    let mut outcome = Outcome::text(text);
    assert!(!outcome.diagnostics.has_errors(), "{}", outcome.rendered());
    check(
        &outcome.loaded.services,
        HostsFile { path: "/etc/hosts.allow", content: allow },
        HostsFile { path: "/etc/hosts.deny", content: deny },
        &mut outcome.sources,
        &mut outcome.diagnostics,
    );
    outcome
}

#[test]
fn the_daemon_is_the_one_xinetd_would_name() {
    let name = |text: &str| {
        let outcome = Outcome::text(text);
        let service = outcome.loaded.services.first().expect("a service");
        service.libwrap.as_ref().map(|daemon| daemon.name.clone())
    };
    let echo = "service echo\n{\ntype = INTERNAL\nid = e\nsocket_type = stream\nwait = no\n}\n";
    let trap = "service ftp\n{\ntype = INTERNAL\nflags = SENSOR\ndeny_time = 1\nsocket_type = stream\nwait = no\n}\n";
    for (text, want) in [
        (service(""), Some("sshd")),
        (service("flags = NAMEINARGS\nserver_args = /x/in.ftpd -l"), Some("in.ftpd")),
        (service("flags = NOLIBWRAP"), None),
        (echo.to_owned(), Some("echo")),
        (trap.to_owned(), None),
    ] {
        assert_eq!(name(&text).as_deref(), want, "{text}");
    }
}

#[test]
fn a_rule_that_would_apply_is_an_error_at_the_rule() {
    let none = Content::Text("");
    for (allow, deny, want) in [
        (none, none, 0),
        (Content::Absent, Content::Absent, 0),
        (none, Content::Text("ALL: ALL\n"), 1),
        (none, Content::Text("# x\n\nsshd: 192.0.2.1\n"), 1),
        (none, Content::Text("in.ftpd: ALL\n"), 0),
        (none, Content::Text("ALL EXCEPT sshd: ALL\n"), 0),
        (none, Content::Text("# sshd: ALL\n"), 0),
        (none, Content::Text(" # sshd: ALL\n"), 1),
        (none, Content::Text("# x \\\nsshd: ALL\n"), 0),
        (none, Content::Text("ftpd, \\\n sshd: ALL\n"), 1),
        (none, Content::Text("ss\\\nhd: ALL\n"), 1),
        (none, Content::Text("22: ALL\r\n"), 1),
        (none, Content::Text("sshd@[2001:db8::1]: ALL\n"), 1),
        (none, Content::Text("no colon here\n"), 1),
        (none, Content::Text("in.ftpd: ALL"), 1),
        (none, Content::Text("# no line feed"), 1),
        (none, Content::Text("in.ftpd: ALL \\\n"), 1),
        (none, Content::Unreadable("permission denied"), 1),
        (Content::Text("sshd: ALL\n"), none, 1),
        (Content::Text("in.ftpd: ALL"), none, 0),
        (Content::Text("sshd: ALL"), none, 1),
        (Content::Unreadable("permission denied"), none, 1),
    ] {
        let outcome = checked(&service(""), allow, deny);
        let shown = format!("{allow:?} {deny:?}\n{}", outcome.rendered());
        let errors = vec!["error xinetd-libwrap-rules"; want];
        assert_eq!(outcome.codes(), errors, "{shown}");
        let free = checked(&service("flags = NOLIBWRAP"), allow, deny);
        assert_eq!(free.codes(), [] as [&str; 0], "{shown}");
    }
    let long = format!("in.ftpd: {}\n", "192.0.2.1 ".repeat(300));
    assert_eq!(checked(&service(""), none, Content::Text(&long)).codes().len(), 1);
    let outcome = checked(&service(""), none, Content::Text("a: b\nALL: ALL\n"));
    let text = outcome.rendered();
    assert!(
        text.contains("/etc/hosts.deny:2:1") && text.contains("/etc/xinetd.conf:1:9"),
        "{text}"
    );
}

#[test]
fn all_applicable_rules_are_listed_with_their_reason() {
    let text = "ALL: a\nftpd: b\nsshd@h: c\n";
    let rules = applicable(FileId(0), text, "sshd", &[22]);
    let shown: Vec<_> = rules.iter().map(|rule| (rule.at.start, rule.why)).collect();
    assert_eq!(shown, [(0, Why::Matches), (15, Why::MayMatch)]);
}
