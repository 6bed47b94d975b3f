//! Every finding, with the text that brings it about.

use crate::support::{Host, asked};
use portreeve_dialect::fail2ban::Wanted;

const FILTER: (&str, &str) = ("filter.d/x.conf", "[Definition]\nfailregex = x <HOST>\n");

/// The findings of an enabled jail `x` with lines of its own.
fn of_jail(lines: &str) -> String {
    let text = format!("[x]\nenabled = 1\nfilter = x\nlogpath = /l\n{lines}");
    Host::new(&[("jail.conf", &text), FILTER]).enabled().1
}

/// The findings of a filter.
fn of_filter(text: &str) -> String {
    let host = Host::new(&[("filter.d/x.conf", text)]);
    let (read, findings) = host.filter("/f/filter.d/x.conf");
    assert_eq!(read.is_none(), findings.contains("error["), "{findings}");
    findings
}

fn definition(lines: &str) -> String {
    of_filter(&format!("[Definition]\nfailregex = x <HOST>\n{lines}"))
}

/// The findings of jail.conf.
fn of_jails(text: &str) -> String {
    Host::new(&[("jail.conf", text), FILTER]).enabled().1
}

/// The findings of a jail that judges.
fn of_judge(lines: &str) -> String {
    let text = format!("[x]\nenabled = 1\nfilter = x\nlogpath = /l\n{lines}");
    Host::new(&[("jail.conf", &text), FILTER]).judgements().1
}

#[test]
fn each_has_its_code_its_place_and_a_way_out() {
    let enabled = "[x]\nenabled = 1\nfilter = x\n";
    let long = format!("[Definition]\nfailregex = {}\n", "x".repeat(70_000));
    for (short, level, findings) in [
        ("syntax", "error", definition("nonsense\n")),
        ("duplicate", "error", definition("a = 1\nA = 2\n")),
        ("duplicate", "error", definition("[Definition]\n")),
        ("include-missing", "warning", definition("[INCLUDES]\nbefore = y.conf\n")),
        ("include-twice", "warning", definition("[INCLUDES]\nafter = x.conf\n")),
        ("too-large", "error", of_filter(&long)),
        ("interpolation", "error", definition("ignoreregex = 50% off\n")),
        ("interpolation", "error", definition("ignoreregex = %(nothing)s\n")),
        ("interpolation", "error", definition("ignoreregex = %(ignoreregex)s\n")),
        ("recursion", "error", definition("ignoreregex = <a>\na = <b>\nb = <a>\n")),
        ("parameters", "error", of_jail("[DEFAULT]\nbackend = systemd[x]\n")),
        ("bad-value", "error", definition("maxlines = many\n")),
        ("usedns", "warning", definition("usedns = perhaps\n")),
        ("no-filter", "error", of_filter("[Init]\na = 1\n")),
        ("no-filter", "error", of_jails("[x]\nenabled = 1\nfilter = y\nlogpath = /l\n")),
        ("no-failregex", "error", of_filter("[Definition]\nfailregex =\n")),
        ("no-jail", "warning", of_jails("[x]\nfilter = x\n")),
        ("jail-name", "error", of_jails("[a b]\nenabled = 1\n")),
        ("backend", "error", of_jail("backend = inotify\n")),
        ("backend", "error", of_jail("backend = systemd[journalflags=1]\n")),
        ("no-source", "error", of_jails(enabled)),
        ("logpath", "error", of_jails(&format!("{enabled}logpath = var/log\n"))),
        ("logpath", "error", of_jails(&format!("{enabled}logpath = /var/my log\n"))),
        ("log-encoding", "error", of_jail("logencoding = latin-1\n")),
        ("time-zone", "error", of_jail("logtimezone = Europe/Paris\n")),
        ("journal-match", "error", of_jail("backend = systemd\njournalmatch = a=b\n")),
        ("journal-match", "error", of_jail("backend = systemd\njournalmatch = _A='b\n")),
        ("journal-anybody", "note", of_jail("backend = systemd\njournalmatch = _COMM=x\n")),
        ("not-judged", "note", of_jail("")),
        ("unknown-option", "warning", of_jail("logpahts = /x\n")),
        ("judges", "note", of_judge("")),
        ("judgement", "error", of_judge("maxretry = few\n")),
    ] {
        let head = format!("{level}[fail2ban-{short}]");
        assert!(findings.contains(&head), "{head}\n{findings}");
        assert!(findings.contains("help: "), "{findings}");
        let place = findings.contains("/f/") || findings.contains("portreeve.toml");
        let of_a_file = ["no-filter", "no-failregex", "too-large"].contains(&short);
        assert!(place || of_a_file, "{findings}");
    }
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let jail = "[x]\nenabled = 1\nlogpath = /l\nfilter = x\n";
    let unreadable = Host::new(&[("jail.conf", jail), ("filter.d/x.conf", "unreadable")]);
    let latin =
        Host::new(&[("jail.conf", jail)]).with("filter.d/x.conf", b"[Definition]\n\n# \xe9\n");
    for (short, host) in [("unreadable", unreadable), ("encoding", latin)] {
        let (jails, findings) = host.enabled();
        assert!(jails.is_empty() && findings.contains(&format!("error[fail2ban-{short}]")));
        assert!(findings.contains("/f/jail.conf"), "{findings}");
    }
    let (_, findings) = Host::default().enabled();
    assert!(findings.contains("error[fail2ban-unreadable]"), "{findings}");
    let (_, findings) = Host::new(&[("filter.d/x.conf", "")]).enabled();
    assert!(findings.contains("error[fail2ban-no-jail]"), "{findings}");
}

#[test]
fn what_a_jail_cannot_be_judged_by_is_refused_by_name() {
    let jail = |lines: &str| {
        let text = format!("[x]\nenabled = 1\nfilter = x\nlogpath = /l\n{lines}");
        Host::new(&[("jail.conf", &text), FILTER]).judgements()
    };
    for (lines, said) in [
        ("maxretry = many\n", "`maxretry` is no number"),
        ("maxretry = 0\n", "`maxretry` is no number"),
        ("findtime = 5*60\n", "`findtime` is no time"),
        ("findtime = -1\n", "`findtime` is no time that ends"),
        ("bantime = soon\n", "`bantime` is no time"),
        ("ignoreip = 192.0.2.1 gate.example.org\n", "`ignoreip` has `gate.example.org`"),
        ("ignoreip = file:/etc/spared\n", "`ignoreip` has `file:/etc/spared`"),
        ("ignorecommand = /bin/spare <ip>\n", "`ignorecommand` is not served"),
        ("bantime.increment = 1\nbantime.formula = ban.Time * 3\n", "`bantime.formula` is Python"),
        ("bantime.increment = 1\nbantime.factor = 2*3\n", "`bantime.factor` is no number"),
        ("bantime.increment = 1\nbantime.multipliers = a\n", "`bantime.multipliers` is no list"),
    ] {
        let (judgements, findings) = jail(lines);
        assert_eq!(judgements, [None], "{lines}");
        assert!(findings.contains("error[fail2ban-judgement]"), "{findings}");
        assert!(findings.contains(said), "{findings}");
        assert!(findings.contains("`judges = false`"), "{findings}");
    }
    let (_, findings) = jail("maxretry = x\nfindtime = y\nbantime = z\nignoreip = n\n");
    assert_eq!(findings.matches("error[").count(), 4, "{findings}");
}

#[test]
fn a_jail_that_is_not_there_is_told_with_the_nearest() {
    let host = Host::new(&[("jail.conf", "[sshd]\nenabled = no\n")]);
    for wanted in [Wanted::Named(asked(&["shd"])), Wanted::Enabled { except: asked(&["sshd2"]) }] {
        let (_, findings) = host.jails(&wanted);
        assert!(findings.contains("did you mean `sshd`?"), "{findings}");
    }
}

#[test]
fn one_reading_names_every_error() {
    let text = "[a]\nenabled = 1\n[b]\nenabled = 1\nfilter = x\n[c]\nenabled = 1\nfilter = x\nlogpath = l\n";
    let findings = of_jails(text);
    assert_eq!(findings.matches("error[").count(), 3, "{findings}");
}
