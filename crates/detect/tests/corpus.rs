//! Lines, and what the native detectors make of them.
//!
//! `corpus/DETECTOR/*.txt`: each line of a log, and below it, after `=> `, the finding. Lines that begin
//! with `#` are remarks; a blank line begins anew, with a detector that has seen nothing.
//! `PORTREEVE_BLESS=1` writes the findings as they are. In every corpus 198.51.100.7 is somebody who
//! did nothing: other people's text has the address, and no finding may.

use std::io;
use std::path::{Path, PathBuf};

use portreeve_detect::{Detector, Finding, Named, frame, named};

/// Who did nothing.
const VICTIM: &str = "198.51.100.7";

fn told(finding: &Finding) -> String {
    let mut out = String::new();
    let (named, port, user, times) = match finding {
        Finding::Nothing(why) => return format!("nothing: {why}"),
        Finding::Offence(o) => {
            out += &format!("{} ", o.kind.word());
            (&o.named, o.port, &o.user, o.times)
        }
        Finding::Success(s) => {
            out.push_str("success ");
            (&s.named, s.port, &s.user, 1)
        }
    };
    match named {
        Named::Address(address) => out += &format!("{address}"),
        Named::Nobody => out.push_str("nobody"),
        Named::Host(host) => out += &format!("host {host}"),
        Named::Ambiguous => out.push_str("ambiguous"),
    }
    if let Some(port) = port {
        out += &format!(" port {port}");
    }
    if let Some(user) = user {
        out += &format!(" user `{}`", String::from_utf8_lossy(user));
    }
    if times > 1 {
        out += &format!(" times {times}");
    }
    out
}

/// The text with its findings. `None` when there is no such detector.
fn annotated(name: &str, text: &str) -> Option<String> {
    let mut detector: Box<dyn Detector> = named(name)?;
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with("=> ")) {
        out.push_str(line);
        out.push('\n');
        if line.is_empty() {
            detector = named(name)?;
        } else if !line.starts_with('#') {
            let record = frame::read(line.as_bytes());
            let finding = if detector.wants(record.program) {
                told(&detector.look(&record))
            } else {
                "nothing: another program's line".to_owned()
            };
            let who = finding.split(" user ").next().unwrap_or_default();
            assert!(!who.split(' ').any(|word| word == VICTIM), "{name}: {line:?}: {finding}");
            out += &format!("=> {finding}\n");
        }
    }
    Some(out)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn every_line_is_what_its_corpus_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let bless = std::env::var("PORTREEVE_BLESS").is_ok();
    let mut wrong = Vec::new();
    for folder in files(&root).unwrap().into_iter().filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        for path in files(&folder)
            .unwrap()
            .into_iter()
            .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let now = annotated(name, &text).unwrap();
            if bless {
                std::fs::write(&path, &now).unwrap();
            }
            let lines = text.lines().zip(now.lines()).enumerate();
            let differing = lines.filter(|(_, (then, now))| then != now);
            wrong.extend(differing.take(3).map(|(at, (then, now))| {
                format!("{}:{}: `{then}` in the file, `{now}` now", path.display(), at + 1)
            }));
            assert!(bless || wrong.len() >= 3 || text.lines().count() == now.lines().count());
        }
    }
    assert!(bless || wrong.is_empty(), "{}", wrong.join("\n"));
}
