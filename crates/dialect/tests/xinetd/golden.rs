//! The corpus: each `NAME.conf`, or each folder with an `xinetd.conf`, beside `NAME.out`, which
//! holds its findings and the services that come of it. `PORTREEVE_BLESS=1` writes what is
//! found; read the difference before you commit it.

use crate::show;
use crate::support::{Outcome, Tree};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/xinetd")
}

fn bytes(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    file.take(1 << 20).read_to_end(&mut bytes).unwrap();
    bytes
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The case's files as they would lie in /etc.
fn tree(path: &Path, at: &str, tree: &mut Tree) {
    if path.is_dir() {
        for name in names(path) {
            self::tree(&path.join(&name), &format!("{at}/{name}"), tree);
        }
    } else {
        tree.files.insert(at.to_owned(), bytes(path));
    }
}

fn outcome(name: &str) -> (String, Outcome) {
    let path = corpus().join(name);
    let mut files = Tree::default();
    let (stem, main) = match name.strip_suffix(".conf") {
        Some(stem) => (stem, format!("/etc/{name}")),
        None => (name, "/etc/xinetd.conf".to_owned()),
    };
    let at = if path.is_dir() { "/etc" } else { &main };
    tree(&path, at, &mut files);
    (stem.to_owned(), Outcome::of(&main, &mut files))
}

fn print(outcome: &Outcome) -> String {
    let services = outcome.loaded.services.iter();
    let shown: Vec<String> = services.map(|s| show::service(s, &outcome.sources)).collect();
    let findings = outcome.rendered();
    let findings = if findings.is_empty() { "no findings\n\n" } else { &findings };
    format!("{findings}{}\n{}", "=".repeat(40), shown.join("\n"))
}

fn cases() -> Vec<String> {
    let all = names(&corpus());
    all.into_iter().filter(|name| !name.ends_with(".out")).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the blessing is asked for by the environment")]
fn the_corpus_means_what_it_meant() {
    let bless = std::env::var("PORTREEVE_BLESS").is_ok();
    let mut wrong = Vec::new();
    for case in cases() {
        let (stem, outcome) = outcome(&case);
        let got = print(&outcome);
        let expected = corpus().join(format!("{stem}.out"));
        if bless {
            fs::write(&expected, &got).unwrap();
        } else if !expected.exists() || String::from_utf8(bytes(&expected)).unwrap() != got {
            wrong.push(format!("{case} now gives:\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
