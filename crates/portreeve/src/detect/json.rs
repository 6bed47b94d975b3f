//! A line that is told of, as a JSON object of one line.

use super::clock::Clock;
use super::outcome::{Parts, Told};
use crate::render::lines::{Escapes, harmless};
use std::net::IpAddr;

/// Appends it: members in this order, always the same, with `file` behind them where there are
/// several.
pub(super) fn push(out: &mut Vec<u8>, told: &Told<'_>, clock: &mut Clock) {
    let parts = Parts::of(told.finding);
    out.extend_from_slice(b"{\"line\":");
    number(out, told.number);
    out.extend_from_slice(b",\"time\":");
    time(out, told.time, clock);
    out.extend_from_slice(b",\"offence\":");
    word(out, parts.offence);
    out.extend_from_slice(b",\"addr\":");
    let address = parts.address();
    quoted_address(out, address);
    out.extend_from_slice(b",\"user\":");
    match parts.user {
        Some(user) => string(out, &[user]),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(match address {
        Some(_) => b",\"certain\":true,\"why\":",
        None => b",\"certain\":false,\"why\":",
    });
    let (by, colon) = told.by.map_or(("", ""), |by| (by, ": "));
    let [because, name] = parts.uncharged(told.doubt);
    let several = parts.several();
    string(out, &[by, colon, parts.why, &several, because, name].map(str::as_bytes));
    if let Some(file) = told.file {
        out.extend_from_slice(b",\"file\":");
        string(out, &[file.as_bytes()]);
    }
    out.extend_from_slice(b"}\n");
}

fn number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut first = digits.len() - 1;
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        first = at;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
}

fn time(out: &mut Vec<u8>, micros: Option<i64>, clock: &mut Clock) {
    let start = out.len();
    out.push(b'"');
    if micros.is_some_and(|micros| clock.push(out, micros)) {
        out.push(b'"');
    } else {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

fn quoted_address(out: &mut Vec<u8>, address: Option<IpAddr>) {
    let Some(address) = address else { return out.extend_from_slice(b"null") };
    out.push(b'"');
    super::outcome::push_address(out, address);
    out.push(b'"');
}

/// One of our own words, or null.
fn word(out: &mut Vec<u8>, word: Option<&str>) {
    let Some(word) = word else { return out.extend_from_slice(b"null") };
    out.push(b'"');
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

/// A string of these parts. What is not UTF-8 becomes U+FFFD, and what could act on a terminal its
/// number.
fn string(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let plain = |b: &u8| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\');
    if parts.iter().all(|part| part.iter().all(plain)) {
        out.push(b'"');
        parts.iter().for_each(|part| out.extend_from_slice(part));
        out.push(b'"');
        return;
    }
    let text = String::from_utf8_lossy(&parts.concat()).into_owned();
    let quoted = serde_json::Value::from(text).to_string();
    out.extend_from_slice(harmless(&quoted, Escapes::Json).trim_end().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use portreeve_detect::{Finding, Kind, Named, Offence, Success};
    use serde_json::{Value, json};

    fn offence(named: Named, user: Option<&[u8]>) -> Finding {
        Finding::Offence(Offence {
            kind: Kind::AuthFailed,
            named,
            port: Some(4711),
            user: user.map(Into::into),
            times: 1,
            why: "failed password".into(),
        })
    }

    fn shown(finding: &Finding, file: Option<&str>) -> String {
        let mut out = Vec::new();
        let told = Told {
            file,
            number: 17,
            time: Some(1_500_000),
            by: Some("sshd"),
            doubt: None,
            finding,
            line: None,
        };
        push(&mut out, &told, &mut Clock::new(TimeZone::UTC));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn members_stand_in_their_order() {
        let named = Named::Address("192.0.2.7".parse().unwrap());
        assert_eq!(
            shown(&offence(named, Some(b"root")), None),
            "{\"line\":17,\"time\":\"1970-01-01T00:00:01.500000+00:00\",\
             \"offence\":\"auth-failed\",\"addr\":\"192.0.2.7\",\"user\":\"root\",\
             \"certain\":true,\"why\":\"sshd: failed password\"}\n"
        );
        let line =
            shown(&offence(Named::Host("a\u{1b}[2J.example".into()), None), Some("/var/log/a"));
        assert!(
            line.ends_with(",\"file\":\"/var/log/a\"}\n") && !line.contains('\u{1b}'),
            "{line}"
        );
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["why"], "sshd: failed password; names charge nobody: a\u{1b}[2J.example");
        assert_eq!((&value["addr"], &value["certain"]), (&Value::Null, &json!(false)));
    }

    #[test]
    fn a_login_and_a_line_without_meaning_are_no_offences() {
        let login = Finding::Success(Success {
            named: Named::Address("2001:db8::7".parse().unwrap()),
            port: None,
            user: Some((*b"alice").into()),
            why: "logged in".into(),
        });
        let value: Value = serde_json::from_str(&shown(&login, None)).unwrap();
        let want = json!({"line": 17, "time": "1970-01-01T00:00:01.500000+00:00", "offence": null,
                          "addr": "2001:db8::7", "user": "alice", "certain": true, "why": "sshd: logged in"});
        assert_eq!(value, want);
        let value: Value =
            serde_json::from_str(&shown(&Finding::Nothing("not an offence"), None)).unwrap();
        assert_eq!(
            (&value["offence"], &value["why"]),
            (&Value::Null, &json!("sshd: not an offence"))
        );
    }

    #[test]
    fn names_of_any_bytes_are_json_and_do_nothing_to_a_terminal() {
        for (user, want) in [
            (&b"a\"b\\c"[..], "a\"b\\c"),
            (b"\x1b]0;x\x07", "\u{1b}]0;x\u{7}"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
            ("\u{202e}\u{9b}31m".as_bytes(), "\u{202e}\u{9b}31m"),
            (b"two\nlines\r\t", "two\nlines\r\t"),
            (b"", ""),
            (b"  ", "  "),
        ] {
            let line = shown(&offence(Named::Ambiguous, Some(user)), None);
            let text = line.strip_suffix('\n').unwrap();
            assert!(text.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{text:?}");
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value["user"], want);
        }
    }

    #[test]
    fn numbers_and_times_of_every_size() {
        for value in [0, 9, 10, 12_345, u64::MAX] {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
        for micros in [None, Some(i64::MAX), Some(i64::MIN)] {
            let mut out = Vec::new();
            time(&mut out, micros, &mut Clock::new(TimeZone::UTC));
            assert_eq!(out, b"null");
        }
    }
}
