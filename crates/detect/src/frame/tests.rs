use super::*;

/// Time, host, program, process, message.
fn taken(line: &str) -> [String; 5] {
    let record = read(line.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let time = match record.time {
        Some(Moment::Exact(at)) => jiff::Timestamp::from_microsecond(at).unwrap().to_string(),
        Some(Moment::Local(at)) => at.to_string(),
        Some(Moment::Yearless(at)) => format!("?{}", at.to_string().strip_prefix("0000").unwrap()),
        None => String::new(),
    };
    let pid = record.pid.map(|pid| pid.to_string()).unwrap_or_default();
    [time, text(record.host), text(record.program), pid, text(record.message)]
}

/// A line, and below it what it holds.
const LINES: &str = r#"
Nov 22 12:00:01 h sshd[7]: text
    ?-11-22T12:00:01|h|sshd|7|text
Nov  2 12:00:01 h su: text
    ?-11-02T12:00:01|h|su||text
Fri Jan 19 12:20:33 2007 [pid 27202] [x] text: y
    2007-01-19T12:20:33||||[pid 27202] [x] text: y
Thu Sep  8 00:39:49 2016 x: y
    2016-09-08T00:39:49||||x: y
[Sat Jul 20 21:37:32.266605 2013] [a:error] [client x] user: y
    2013-07-20T21:37:32.266605||||[a:error] [client x] user: y
2026/11/22 11:53:29 [error] 2865#0: *66647 x
    2026-11-22T11:53:29||||[error] 2865#0: *66647 x
Nov 2 12:00:01.5 h su: text
    ?-11-02T12:00:01.5|h|su||text
Feb 29 12:00:60 h su: text
    ?-02-29T12:00:59|h|su||text
Nov 22 2026 12:00:01 h su: text
    2026-11-22T12:00:01|h|su||text
<38>Nov 22 12:00:01 sshd[7]: text
    ?-11-22T12:00:01||sshd|7|text
<38>Nov 22 12:00:01 su: text
    ?-11-22T12:00:01||su||text
Nov 22 12:00:01 <auth.info> h su: text
    ?-11-22T12:00:01|h|su||text
Nov 22 12:00:01 h a/b-c.d[7]: text
    ?-11-22T12:00:01|h|a/b-c.d|7|text
Nov 22 12:00:01 h sshd(pam_unix)[7]: x
    ?-11-22T12:00:01|h|sshd(pam_unix)|7|x
Nov 22 12:00:01 h sshd[7]: [ID 800047 auth.info] x
    ?-11-22T12:00:01|h|sshd|7|x
Nov 22 12:00:01 h last message repeated 2 times
    ?-11-22T12:00:01|h|||last message repeated 2 times
Nov 22 12:00:01 h sshd[7]:
    ?-11-22T12:00:01|h|sshd|7|
2026-11-22T12:00:01.25+01:00 h sshd[7]: x
    2026-11-22T11:00:01.25Z|h|sshd|7|x
2026-11-22T12:00:01-0130 h sshd[7]: x
    2026-11-22T13:30:01Z|h|sshd|7|x
2026-11-22T12:00:01Z h sshd[7]: x
    2026-11-22T12:00:01Z|h|sshd|7|x
2026-11-22 12:00:01,123 h sshd[7]: x
    2026-11-22T12:00:01.123|h|sshd|7|x
<34>1 2003-10-11T22:14:15.003Z h su - ID47 - x y
    2003-10-11T22:14:15.003Z|h|su||x y
<34>1 - h sshd 7 - [a b="x\"]y"][c] x
    |h|sshd|7|x
<34>1 - - - - - -
    ||||
@400000006553f10a1dcd6500 sshd[7]: x
    2023-11-14T22:13:20.5Z||sshd|7|x
@400000006553f10a1dcd6500 Invalid user: x
    2023-11-14T22:13:20.5Z||||Invalid user: x
@400000006553f10a fatal: x
    2023-11-14T22:13:20Z||||fatal: x
sshd[7]: text
    ||sshd|7|text
"#;

#[test]
fn lines_of_syslog_daemons_are_taken_apart() {
    let mut lines = LINES.trim().lines();
    while let (Some(line), Some(want)) = (lines.next(), lines.next()) {
        for end in ["", "\n", "\r\n"] {
            assert_eq!(taken(&format!("{line}{end}")).join("|"), want.trim_start(), "{line:?}");
        }
    }
    assert_eq!(taken("<34>1 - - - - - - \u{feff}x")[4], "x");
}

#[test]
fn what_has_no_place_for_a_tag_has_none() {
    for line in [
        "fatal: Timeout before authentication for 192.0.2.7",
        "x sshd[7]: text",
        "Nov 32 12:00:01 h sshd[7]: text",
        "Nov 22 25:00:01 h sshd[7]: text",
        "Foo 22 12:00:01 h sshd[7]: text",
        "2026-13-22T12:00:01Z h sshd[7]: text",
        "2026-11-22T12:00:01Zx h sshd[7]: text",
        "@40000000 sshd[7]: x",
        "@400000006553f10a3b9aca00 sshd[7]: x",
        "<x>Nov 22 12:00:01 sshd[7]: text",
        "<34>1 2003-10-11T22:14:15.003Z h su - ID47 [broken x",
        "sshd[7] text",
        "sshd[]: text",
        "sshd[99999999999]: text",
        "sshd[4294967296]: text",
        "",
    ] {
        let [_, _, program, pid, _] = taken(line);
        assert_eq!((program.as_str(), pid.as_str()), ("", ""), "{line:?}");
    }
    for line in [
        "Nov 22 12:00:01 h x sshd[7]: text",
        "Nov 22 12:00:01 h  sshd[7]: text",
        "Nov 22 12:00:01 h sshd [7]: text",
        "Nov 22 12:00:01 h sshd[7] text",
        "Nov 22 12:00:01 h sshd[7]:text",
        "<34>1 - h x:sshd[7]: 7 - - text",
    ] {
        assert_ne!(taken(line)[2], "sshd", "{line:?}");
    }
}

#[test]
fn nothing_that_is_cut_anywhere_is_taken_for_more() {
    let line = b"<34>1 2003-10-11T22:14:15.003+01:00 h sshd 7 - [a b=\"]\"] text";
    for end in 0..line.len() {
        let record = read(&line[..end]);
        assert!(record.message.len() <= end && record.line.len() == end);
    }
}
