//! What detectors say of lines, in short, and the corpora's lines.

use portreeve_detect::{Detector, Finding, Named, frame};
use std::net::SocketAddr;
use std::path::Path;

/// An address that stands in the corpora for somebody who has done nothing.
pub(crate) const BYSTANDER: &str = "198.51.100.7";

/// A line of a corpus and what is to be said of it.
pub(crate) struct Case {
    /// `-`, or `KIND WHOM[:PORT] [USER]`; a login's kind is `+`.
    pub(crate) want: String,
    /// The line.
    pub(crate) line: Vec<u8>,
    /// Seen by the detector that has seen the line before it.
    pub(crate) after: bool,
}

/// The names of the detectors that have a corpus.
pub(crate) fn corpora() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// The lines of a corpus.
pub(crate) fn corpus(name: &str) -> Vec<Case> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(format!("{name}.txt"));
    let text = std::fs::read(&path).unwrap();
    let lines = text.split(|byte| *byte == b'\n');
    let wanted = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let case = |line: &[u8]| {
        let bar = line.windows(3).position(|three| three == b" | ");
        let bar = bar.unwrap_or_else(|| panic!("{name}: {}", String::from_utf8_lossy(line)));
        let want = String::from_utf8_lossy(&line[..bar]).into_owned();
        let after = want.starts_with("++ ");
        let want = want.strip_prefix("++ ").unwrap_or(&want).to_owned();
        Case { want, line: line[bar + 3..].to_vec(), after }
    };
    wanted.map(case).collect()
}

/// What a detector says of a line.
pub(crate) fn tell(detector: &mut dyn Detector, line: &[u8]) -> String {
    let record = frame::read(line);
    if !detector.wants(record.program) {
        return "unwanted".into();
    }
    short(&detector.look(&record))
}

/// A finding in short.
pub(crate) fn short(finding: &Finding) -> String {
    let (kind, named, port, user) = match finding {
        Finding::Nothing(_) => return "-".into(),
        Finding::Offence(o) => (o.kind.word(), &o.named, o.port, &o.user),
        Finding::Success(s) => ("+", &s.named, s.port, &s.user),
    };
    let whom = match (named, port) {
        (Named::Address(address), Some(port)) => SocketAddr::new(*address, port).to_string(),
        (Named::Address(address), None) => address.to_string(),
        (Named::Host(host), _) => format!("host:{host}"),
        (Named::Nobody, _) => "nobody".into(),
        (Named::Ambiguous, _) => "ambiguous".into(),
    };
    let user = user.as_ref().map(|user| format!(" {}", String::from_utf8_lossy(user)));
    format!("{kind} {whom}{}", user.unwrap_or_default())
}

/// Whom a told verdict names, without the port.
pub(crate) fn whom(told: &str) -> Option<&str> {
    let whom = told.split(' ').nth(1)?;
    match whom.strip_prefix('[') {
        Some(v6) => v6.split(']').next(),
        None if whom.matches(':').count() == 1 => whom.split(':').next(),
        None => Some(whom),
    }
}
