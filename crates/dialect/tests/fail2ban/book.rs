//! The book's table is made from the registry, and every code is shown by a test.

use portreeve_dialect::fail2ban::codes;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;

fn read(path: &Path) -> String {
    let mut text = String::new();
    let file = fs::File::open(path).expect("open a file of the tree");
    file.take(1 << 20).read_to_string(&mut text).expect("read it");
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the blessing is asked for by the environment")]
fn the_books_table_is_the_registry() {
    let mut table = String::from("| code | meaning and outcome |\n|---|---|\n");
    for (code, meaning) in codes::ALL {
        let _ = writeln!(table, "| `{code}` | {meaning} |");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fail2ban.md");
    let book = read(&path);
    let (begin, end) = ("<!-- codes: generated -->\n", "<!-- codes: end -->");
    let (head, rest) = book.split_once(begin).unwrap();
    let (_, tail) = rest.split_once(end).unwrap();
    let fresh = format!("{head}{begin}{table}{end}{tail}");
    if std::env::var("PORTREEVE_BLESS").is_ok() {
        fs::write(&path, &fresh).unwrap();
    } else {
        assert!(book == fresh, "run the tests with PORTREEVE_BLESS=1 and commit docs/fail2ban.md");
    }
}

#[test]
fn every_code_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fail2ban");
    let text = read(&folder.join("findings.rs"));
    for (code, _) in codes::ALL {
        let short = code.trim_start_matches("fail2ban-");
        assert!(text.contains(&format!("\"{short}\"")), "{code}");
    }
}
