//! The book's tables are made from the registries, and every code is shown by a test.

use portreeve_dialect::denyhosts::{KEYS, codes};
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
fn the_books_tables_are_the_registries() {
    let mut of_codes = String::from("| code | meaning and outcome |\n|---|---|\n");
    for (code, meaning) in codes::ALL {
        let _ = writeln!(of_codes, "| `{code}` | {meaning} |");
    }
    let mut of_keys = String::from(
        "| key | takes | without it | in `[import] denyhosts` | in the command `denyhosts` |\n\
         |---|---|---|---|---|\n",
    );
    for key in KEYS {
        let without = match (key.need, key.built_in) {
            (portreeve_dialect::denyhosts::Need::Value, "") => "must be there".to_owned(),
            (portreeve_dialect::denyhosts::Need::Key, "") => {
                "must be there, may be blank".to_owned()
            }
            (_, "") => "nothing".to_owned(),
            (_, value) => format!("`{value}`"),
        };
        let told = |(word, text): (&str, &str)| format!("{word}: {text}");
        let (door, command) = (told(key.door.told()), told(key.command.told()));
        let command = if command == door { "the same".to_owned() } else { command };
        let takes = key.form.word();
        let _ = writeln!(of_keys, "| `{}` | {takes} | {without} | {door} | {command} |", key.name);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/denyhosts.md");
    let book = read(&path);
    let mut fresh = book.clone();
    for (name, table) in [("codes", of_codes), ("keys", of_keys)] {
        let (begin, end) =
            (format!("<!-- {name}: generated -->\n"), format!("<!-- {name}: end -->"));
        let (head, rest) = fresh.split_once(&begin).unwrap();
        let (_, tail) = rest.split_once(&end).unwrap();
        fresh = format!("{head}{begin}{table}{end}{tail}");
    }
    if std::env::var("PORTREEVE_BLESS").is_ok() {
        fs::write(&path, &fresh).unwrap();
    } else {
        assert!(book == fresh, "run the tests with PORTREEVE_BLESS=1 and commit docs/denyhosts.md");
    }
}

#[test]
fn every_code_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/denyhosts");
    let text = read(&folder.join("findings.rs"));
    for (code, _) in codes::ALL {
        let short = code.trim_start_matches("denyhosts-");
        assert!(text.contains(&format!("\"{short}\"")), "{code}");
    }
}
