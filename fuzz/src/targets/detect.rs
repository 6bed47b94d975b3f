//! Lines of logs: taken apart, and read by every native detector.

use super::{Outcome, Target, signature};
use crate::corpus;
use portreeve_detect::{Detector, Finding, Named, Panel, Record, frame, named, names};
use std::net::IpAddr;

/// How a line is taken apart.
pub(super) const FRAME: Target = Target {
    name: "frame",
    about: "a line of syslog's, multilog's or nobody's",
    check: frame_of,
    seeds: || {
        let own = [
            &b"<86>1 2026-11-22T12:00:00.5+01:00 h sshd 7 - [a@1 b=\"]\\\"\"] \xef\xbb\xbftext"[..],
            b"Nov 22 12:00:00.123 h sshd[7]: text",
            b"@4000000069233a0a1f2e3d4c sshd[7]: text",
            b"sshd[7]: text",
            b"Nov  2 2026 12:00:00 <auth.info> h sshd: [ID 800047 auth.info] text",
        ];
        own.into_iter().map(<[u8]>::to_vec).chain(lines()).collect()
    },
    words: || {
        let all =
            ["Nov 22 12:00:00 ", "2026-11-22T12:00:00Z ", "<86>", "[7]: ", ": ", "@4000000", "- "];
        all.map(String::from).to_vec()
    },
    longest: 8 << 10,
};

/// What detectors say of several lines.
pub(super) const DETECT: Target = Target {
    name: "detect",
    about: "lines of logs, by every native detector",
    check: detect,
    seeds: || {
        let all: Vec<_> = lines().collect();
        all.chunks(3).map(|some| some.join(&b'\n')).collect()
    },
    words: || {
        let all = [
            "192.0.2.1",
            "198.51.100.7",
            "2001:db8::1",
            "::ffff:192.0.2.1",
            "192.0.2.256",
            " from 198.51.100.7 port 22",
            " port 22 ssh2",
            "[198.51.100.7]",
            "[preauth]",
            "rhost=",
            "invalid user ",
            "Failed password for ",
            ": ",
            "=",
            "\"",
            "<",
            ">",
            "(",
            ")",
            "user=",
            "\r",
            "Nov 22 12:00:00 h sshd[7]: ",
            "Nov 22 12:00:00 h postfix/smtpd[7]: ",
        ];
        all.map(String::from).to_vec()
    },
    longest: 8 << 10,
};

/// The lines of the corpora, without what is to be said of them.
fn lines() -> impl Iterator<Item = Vec<u8>> {
    let files = corpus::files(&["crates/detect/tests/corpus"], "txt");
    files.into_iter().flat_map(|text| {
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#"));
        let bare = lines.map(|line| match line.windows(3).position(|three| three == b" | ") {
            Some(bar) => line.get(bar + 3..).unwrap_or_default().to_vec(),
            None => line.to_vec(),
        });
        bare.filter(|line| !line.is_empty()).collect::<Vec<_>>()
    })
}

/// Every part is a part of the line, in the line's order, and the message is its end.
fn frame_of(line: &[u8]) -> Outcome {
    let record = frame::read(line);
    let bare = line.strip_suffix(b"\n").unwrap_or(line);
    let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
    if record.line != bare || !bare.ends_with(record.message) {
        return Err(format!("the message is not the line's end: {record:?}"));
    }
    let mut from = 0;
    for part in [record.host, record.program, record.message] {
        let rest = bare.get(from..).unwrap_or_default();
        let Some(at) = rest.windows(part.len().max(1)).position(|some| some.starts_with(part))
        else {
            if part.is_empty() {
                continue;
            }
            return Err(format!("a part is not in its place: {record:?}"));
        };
        from += at + part.len();
    }
    let program = record.program;
    if program.iter().any(|byte| byte.is_ascii_control() || *byte == b' ') {
        return Err(format!("no program is called so: {record:?}"));
    }
    Ok(signature([
        if record.time.is_some() { "time" } else { "no time" },
        if record.host.is_empty() { "no host" } else { "host" },
        if program.is_empty() { "no program" } else { "program" },
        if record.pid.is_some() { "process" } else { "no process" },
    ]))
}

/// A panel of all detectors, twice, beside each of them alone: they agree, they are the same each
/// time, and whom they charge and whose account they name stands in the lines.
fn detect(bytes: &[u8]) -> Outcome {
    let all = || names().filter_map(named).collect::<Vec<_>>();
    let (mut panel, mut again, mut alone) = (Panel::new(all()), Panel::new(all()), all());
    let mut kinds = Vec::new();
    let mut seen: Vec<IpAddr> = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let record = frame::read(line);
        seen.extend(addresses(record.line));
        let said = panel.look(&record);
        if said != again.look(&record) {
            return Err(format!("the same lines mean something else: {said:?}"));
        }
        let twin = one_by_one(&mut alone, &record);
        if said.as_ref().map(|said| (said.by, &said.finding))
            != twin.as_ref().map(|(by, f)| (*by, f))
        {
            return Err(format!("a panel says {said:?}, its members {twin:?}"));
        }
        if let Some(said) = &said {
            let name = panel.name(said.by).unwrap_or_default();
            kinds.push(format!("{name} {}", judged(&said.finding, bytes, &seen)?));
        }
    }
    Ok(signature(kinds.iter().map(String::as_str)))
}

/// What a panel does, without what it remembers of programs.
fn one_by_one(all: &mut [Box<dyn Detector>], record: &Record<'_>) -> Option<(usize, Finding)> {
    let mine = |one: &dyn Detector| one.wants(record.program) && !one.wants(b"\0");
    let own = all.iter().any(|one| !one.general() && mine(one.as_ref()));
    let readers = all.iter_mut().enumerate();
    let readers = readers.filter(|(_, one)| one.wants(record.program) && !(own && one.general()));
    let mut said: Vec<_> = readers.map(|(by, one)| (by, one.look(record))).collect();
    let first = said.iter().position(|(_, finding)| !matches!(finding, Finding::Nothing(_)));
    (!said.is_empty()).then(|| said.swap_remove(first.unwrap_or_default()))
}

/// The word of a finding, if it may be.
fn judged(finding: &Finding, bytes: &[u8], seen: &[IpAddr]) -> Result<&'static str, String> {
    let (named, user, why, word) = match finding {
        Finding::Nothing(why) => return Ok(why),
        Finding::Offence(one) => (&one.named, &one.user, &one.why, one.kind.word()),
        Finding::Success(one) => (&one.named, &one.user, &one.why, "success"),
    };
    if why.is_empty() {
        return Err(format!("an offence without a reason: {finding:?}"));
    }
    if let Named::Address(address) = named
        && !seen.contains(address)
    {
        return Err(format!("an address is charged that no line has: {finding:?}"));
    }
    let stands = |user: &[u8]| bytes.windows(user.len().max(1)).any(|some| some == user);
    // Sentences about root need not say its name.
    if user.as_ref().is_some_and(|user| !user.is_empty() && **user != *b"root" && !stands(user)) {
        return Err(format!("an account is named that no line has: {finding:?}"));
    }
    Ok(word)
}

/// Every address in a line, by trying: it begins and ends where a host's name could not go on.
fn addresses(line: &[u8]) -> Vec<IpAddr> {
    let digit = |byte: &u8| byte.is_ascii_hexdigit() || b".:".contains(byte);
    let mut found = Vec::new();
    for run in line.split(|byte| !digit(byte)).filter(|run| run.len() > 1) {
        for start in 0..run.len() {
            for end in start + 2..=run.len().min(start + 45) {
                let text = run.get(start..end).and_then(|text| std::str::from_utf8(text).ok());
                let address = text.and_then(|text| text.parse::<IpAddr>().ok());
                let name =
                    |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_hexdigit() || *b == b'.');
                let before = start.checked_sub(1).and_then(|at| run.get(at));
                if !name(before) && !run.get(end).is_some_and(u8::is_ascii_hexdigit) {
                    found.extend(address.map(|address| address.to_canonical()));
                }
            }
        }
    }
    found
}
