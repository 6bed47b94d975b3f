//! The book's tables are made from the registries. `PORTREEVE_BLESS=1` writes them.

use portreeve_dialect::xinetd::{attribute, codes};
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;

fn codes_table() -> String {
    let mut out = String::from("| code | meaning and outcome |\n|---|---|\n");
    for (code, meaning) in codes::ALL {
        let _ = writeln!(out, "| `{code}` | {meaning} |");
    }
    out
}

fn attributes_table() -> String {
    let mut out = String::from(
        "| attribute | in | values | operators | what portreeve makes of it |\n|---|---|---|---|---|\n",
    );
    for definition in attribute::ALL {
        let place = match definition.place {
            attribute::Place::Service => "service",
            attribute::Place::Both => "service, defaults",
            attribute::Place::Defaults => "defaults",
        };
        let attribute::Definition { name, values, operators, meaning, .. } = definition;
        let _ = writeln!(out, "| `{name}` | {place} | {values} | {operators} | {meaning} |");
    }
    out
}

fn with_table(book: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: generated -->\n"), format!("<!-- {name}: end -->"));
    let (head, rest) = book.split_once(&begin).unwrap_or_else(|| panic!("no place for {name}"));
    let (_, tail) = rest.split_once(&end).unwrap_or_else(|| panic!("no end of {name}"));
    format!("{head}{begin}{table}{end}{tail}")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the blessing is asked for by the environment")]
fn the_books_tables_are_the_registries() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/xinetd.md");
    let mut book = String::new();
    fs::File::open(&path).unwrap().take(1 << 20).read_to_string(&mut book).unwrap();
    let fresh = with_table(&book, "attributes", &attributes_table());
    let fresh = with_table(&fresh, "codes", &codes_table());
    if std::env::var("PORTREEVE_BLESS").is_ok() {
        fs::write(&path, &fresh).unwrap();
    } else {
        assert!(book == fresh, "run the tests with PORTREEVE_BLESS=1 and commit docs/xinetd.md");
    }
}

/// Every code is shown by a case of the corpus or asked for by a test.
#[test]
fn every_code_is_tested() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut text = String::new();
    gather(&tests, &mut text);
    for (code, _) in codes::ALL {
        let short = code.trim_start_matches("xinetd-");
        let named = text.contains(code) || text.contains(&format!(" {short}\""));
        let unserved =
            short.strip_prefix("unserved-").is_some_and(|s| text.contains(&format!("\"{s}\"")));
        assert!(named || unserved || text.contains(&format!("\"{short}\"")), "{code}");
    }
}

fn gather(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, text);
        } else {
            let mut bytes = Vec::new();
            fs::File::open(&path).unwrap().take(1 << 20).read_to_end(&mut bytes).unwrap();
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}
