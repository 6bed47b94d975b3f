//! Texts that nobody meant: whatever stands in a file, it is read or refused, and what is accepted
//! prints and reads the same.

use crate::common::{Host, bytes, findings, here, main};
use crate::xinetd;
use portreeve_config::print;
use proptest::prelude::*;
use proptest::sample::select;

/// Pieces that texts are broken with.
const PIECES: [&str; 40] = [
    "",
    "0",
    "-1",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "1.5",
    "nan",
    "true",
    "\"",
    "'",
    "\"\"\"",
    "\n",
    "\r\n",
    "#",
    "=",
    "+=",
    "-=",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "/",
    "//",
    "..",
    "*",
    ":",
    "::",
    "%",
    "\\",
    "\u{0}",
    "é",
    "\u{202e}",
    " ",
    "UNLIMITED",
    "\"unlimited\"",
    "\"none\"",
    "ALL",
];

/// A text with some pieces of it replaced.
fn broken(texts: Vec<String>) -> impl Strategy<Value = String> {
    let cut = (any::<prop::sample::Index>(), 0usize..12, select(PIECES.to_vec()));
    (select(texts), proptest::collection::vec(cut, 1..6)).prop_map(|(mut text, cuts)| {
        for (at, length, piece) in cuts {
            let boundary = |mut at: usize, text: &str| {
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = boundary(at.index(text.len() + 1), &text);
            let end = boundary((start + length).min(text.len()), &text).max(start);
            text.replace_range(start..end, piece);
        }
        text
    })
}

fn corpus() -> Vec<String> {
    let entries = here("tests/corpus").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    files.map(|path| String::from_utf8(bytes(&path)).unwrap()).collect()
}

fn seeds() -> Vec<String> {
    let seed = |path| String::from_utf8(bytes(&here("../../examples").join(path))).unwrap();
    let printed = ["seed-2-load-balancing/xinetd.conf", "seed-3-xinetd/xinetd.conf"].map(seed);
    printed.into_iter().chain([xinetd::WIDE.to_owned()]).collect()
}

fn cases() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_broken_native_text_is_read_or_refused(text in broken(corpus())) {
        let loaded = Host::default().with("/etc/portreeve/portreeve.toml", &text).load(&main());
        let shown = findings(&loaded);
        prop_assert_eq!(loaded.config.is_none(), loaded.errors() > 0, "{}", shown);
        if let Some(config) = &loaded.config {
            let printed = print(config);
            let again = Host::default().with("/etc/portreeve/portreeve.toml", &printed).load(&main());
            prop_assert_eq!(again.config.as_ref(), Some(config), "{}\n{}", findings(&again), printed);
        }
    }

    #[test]
    fn a_broken_xinetd_text_is_read_or_refused(text in broken(seeds())) {
        xinetd::survives(&text);
    }
}
