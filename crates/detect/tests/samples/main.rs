//! The annotated lines that fail2ban ships for the same services: the same verdict and address, or a row in
//! `differences.txt` that says why not.
//!
//! The lines are read from the installed package. A row names one by its file and a hash of its text;
//! `PORTREEVE_BLESS=1` writes the rows anew and keeps the reasons. A line that fail2ban judges in
//! several modes is the same if our verdict is that of one of them: we have kinds in place of modes.
#![forbid(unsafe_code)]

use portreeve_detect::{Detector, Finding, Named, frame, named};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where Debian's package has them.
const LOGS: &str = "/usr/lib/python3/dist-packages/fail2ban/tests/files/logs";

/// A file of samples and the detector of the same service.
const FILES: [(&str, &str); 11] = [
    ("apache-auth", "apache"),
    ("dovecot", "dovecot"),
    ("exim", "exim"),
    ("exim-spam", "smtp-spam"),
    ("nginx-http-auth", "nginx"),
    ("postfix", "postfix"),
    ("proftpd", "proftpd"),
    ("pure-ftpd", "pure-ftpd"),
    ("sendmail-auth", "sendmail"),
    ("sendmail-reject", "sendmail"),
    ("vsftpd", "vsftpd"),
];

/// A line and whom fail2ban takes for its offender, in each mode it is tried in.
struct Sample {
    line: Vec<u8>,
    offenders: BTreeSet<Option<String>>,
}

/// The value of a field of an annotation.
fn field<'t>(note: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = note.split_once(&format!("\"{name}\":"))?;
    let rest = rest.trim_start();
    match rest.strip_prefix('"') {
        Some(text) => text.split('"').next(),
        None => rest.split([',', ' ', '}']).next(),
    }
}

fn samples(file: &str) -> Vec<Sample> {
    let path = Path::new(LOGS).join(file);
    #[expect(clippy::disallowed_methods, reason = "a test reads an installed file")]
    let text = std::fs::read(&path).expect("fail2ban is there: cargo xtask test installs it");
    let mut all: Vec<Sample> = Vec::new();
    let mut note = None;
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if line.starts_with(b"#") {
            let text = String::from_utf8_lossy(line).into_owned();
            note = text.split_once("failJSON:").map(|(_, note)| note.to_owned()).or(note);
            continue;
        }
        let Some(note) = note.take() else { continue };
        let host = field(&note, "host").filter(|_| field(&note, "match") == Some("true"));
        let host =
            host.map(|host| host.parse::<std::net::IpAddr>().expect("an address").to_string());
        match all.iter_mut().find(|sample| sample.line == line) {
            Some(sample) => drop(sample.offenders.insert(host)),
            None => all.push(Sample { line: line.to_vec(), offenders: [host].into() }),
        }
    }
    assert!(!all.is_empty(), "{} has annotated lines", path.display());
    all
}

/// Whom we take for the offender, and in short what we say.
fn told(detector: &mut dyn Detector, line: &[u8]) -> (Result<Option<String>, ()>, String) {
    let record = frame::read(line);
    let found = match detector.wants(record.program) {
        true => detector.look(&record),
        false => Finding::Nothing("another program's line"),
    };
    match found {
        Finding::Nothing(why) => (Ok(None), format!("nothing: {why}")),
        Finding::Success(success) => (Ok(None), format!("success: {}", success.why)),
        Finding::Offence(offence) => {
            let kind = offence.kind.word();
            match offence.named {
                Named::Address(address) => {
                    (Ok(Some(address.to_string())), format!("{kind} {address}"))
                }
                Named::Host(host) => (Err(()), format!("{kind} host {host}")),
                Named::Nobody => (Err(()), format!("{kind} nobody")),
                Named::Ambiguous => (Err(()), format!("{kind} ambiguous")),
            }
        }
    }
}

/// FNV-1a: the same on every machine.
fn hash(line: &[u8]) -> u32 {
    line.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn table() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/differences.txt")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its table, and is asked to write it")]
fn every_annotated_line_has_the_same_verdict_or_a_reason() {
    let mut rows = BTreeMap::new();
    for (file, name) in FILES {
        let mut detector = named(name).unwrap();
        for sample in samples(file) {
            // Only here lines belong together.
            if file != "sendmail-reject" {
                detector = named(name).unwrap();
            }
            let (offender, said) = told(detector.as_mut(), &sample.line);
            if !offender.is_ok_and(|offender| sample.offenders.contains(&offender)) {
                rows.insert(format!("{file} {:08x}: {said}", hash(&sample.line)), sample.line);
            }
        }
    }
    let text = std::fs::read_to_string(table()).unwrap();
    let kept = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut reasons: BTreeMap<&str, &str> =
        kept.filter_map(|line| line.split_once(" | ")).collect();
    let mut wrong = Vec::new();
    let mut written: String =
        text.lines().filter(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n");
    written.push_str("\n\n");
    for (row, line) in &rows {
        let reason = reasons.remove(row.as_str()).unwrap_or_default();
        written += &format!("{row} | {reason}\n");
        if reason.is_empty() {
            wrong.push(format!("no reason: {row}\n  {}", String::from_utf8_lossy(line)));
        }
    }
    wrong.extend(reasons.keys().map(|row| format!("no longer so: {row}")));
    if std::env::var("PORTREEVE_BLESS").is_ok() {
        std::fs::write(table(), written).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
