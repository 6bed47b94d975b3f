use super::*;

fn header(every: u64) -> MailHeader {
    MailHeader {
        from: "DenyHosts <nobody@localhost>".into(),
        to: vec!["root@localhost".into(), "b@example.org".into()],
        subject: "Report\r\nBcc: everybody@example.org".into(),
        every,
    }
}

fn event(entry: Entry) -> Dated {
    Dated::new("2026-11-21T20:00:00.000Z".into(), entry)
}

fn banned(network: &str) -> Dated {
    let json = format!(
        r#"{{"at":"2026-11-21T20:00:00.000Z","event":"banned","network":"{network}","reason":"guesses"}}"#
    );
    serde_json::from_str(&json).unwrap()
}

fn offence(user: &str) -> Dated {
    let json = serde_json::json!({
        "at": "2026-11-21T19:59:59.000Z", "event": "offence", "kind": "invalid-user",
        "peer": "203.0.113.9", "service": "ssh", "user": user, "source": "file",
        "certain": true, "why": "Invalid user",
    });
    serde_json::from_value(json).unwrap()
}

fn text(letter: Vec<u8>) -> String {
    assert!(letter.len() <= letter::MOST + 1024);
    let text = String::from_utf8(letter).unwrap();
    assert!(text.is_ascii() && text.split("\r\n").all(|line| line.len() <= 998));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    text
}

#[test]
fn what_happens_together_is_one_letter_and_the_next_waits() {
    let mut report = Report::default();
    report.heard(&banned("203.0.113.9"), 1000);
    assert_eq!(report.due(100_000, 1), None, "nobody wants one");
    report.configure(Some(header(3600)));
    assert_eq!(report.due(100_000, 1), None, "nothing to say");
    report.heard(&offence("admin"), 100_000);
    report.heard(&banned("203.0.113.9"), 100_100);
    assert_eq!(report.due(101_000, 1), None, "more may come");
    report.heard(&banned("2001:db8::/64"), 105_000);
    let one = text(report.due(110_200, 1).unwrap());
    for want in [
        "From: DenyHosts <nobody@localhost>\r\nTo: root@localhost,\r\n b@example.org\r\n",
        "Added the following hosts",
        "203.0.113.9: guesses (until for ever)\r\n    2026-11-21T19:59:59.000Z invalid-user at ssh as `admin`: Invalid user\r\n",
        "2001:db8::/64: guesses",
    ] {
        assert!(one.contains(want), "{want} in {one}");
    }
    assert!(!one.contains("\r\nBcc:"), "a header is one line: {one}");
    report.heard(&banned("203.0.113.10"), 111_000);
    assert_eq!(report.due(130_000, 2), None, "not so soon");
    assert!(report.due(110_200 + 3_600_000, 2).is_some());
    report.heard(&banned("203.0.113.10"), 9_000_000);
    assert!(report.due(1000, 3).is_some(), "a clock that was put back holds nothing up");
}

#[test]
fn a_flood_is_counted_and_what_strangers_write_stays_harmless() {
    let mut report = Report::default();
    report.configure(Some(header(10)));
    for n in 0..5000 {
        report.heard(&banned(&format!("203.0.{}.{}", n / 250, n % 250)), 1000);
    }
    report.heard(&offence("x\r\nTo: me\u{202e}\u{1b}[2J"), 1000);
    report.heard(&banned("203.0.113.9"), 1000);
    report.heard(&event(Entry::Alarm { text: "reports cannot be sent: x".into() }), 1000);
    let one = text(report.due(60_000, 1).unwrap());
    assert!(one.contains("... and 4902 more lines\r\n"), "{one}");
    assert!(!one.contains("owner's eye"), "that it cannot be sent is not sent");
    assert!(report.deeds.len() <= MOST_PEERS);
}

#[test]
fn a_login_from_where_a_judge_wanted_nobody_is_told() {
    let mut report = Report::default();
    report.configure(Some(header(10)));
    let success = Success {
        at: 1,
        peer: [203, 0, 113, 9].into(),
        user: Some("joe".into()),
        service: "ssh".into(),
        source: "pipe".into(),
    };
    for _ in 0..6 {
        report.heard(&offence("joe"), 1000);
    }
    assert_eq!(report.since, None, "offences alone are no news");
    report.suspected(&success, "guessers", 2000);
    let one = text(report.due(60_000, 1).unwrap());
    assert!(one.contains("suspicious login"), "{one}");
    assert!(one.contains("joe - 203.0.113.9 at ssh, after 6 offences, by judge guessers\r\n"));
}
