//! The generated parts of the man pages: option tables from the command's own definitions, key
//! tables from the registry of keys. They stand in the pages between marks, committed; this test
//! makes them again and compares. `BLESS=1 cargo test -p portreeve` writes them.

mod keys;
mod mdoc;
mod options;

use std::fs;
use std::path::{Path, PathBuf};

const BEGIN: &str = ".\\\" begin generated: ";
const END: &str = ".\\\" end generated";

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man")
}

/// What belongs between the marks of a name such as `options explain`.
fn generated(name: &str) -> String {
    match name.split_once(' ') {
        Some(("options", command)) => options::of(command),
        Some(("keys", scope)) => keys::of(scope),
        _ if name == "synopsis" => options::synopsis(),
        _ => panic!("nothing makes `{name}`"),
    }
}

/// The page with every generated part made anew.
fn renewed(page: &str) -> String {
    let mut out = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if let Some(name) = line.strip_prefix(BEGIN) {
            out.push_str(&generated(name));
            assert!(lines.any(|line| line == END), "`{name}` has no end");
            out.push_str(END);
            out.push('\n');
        }
    }
    out
}

fn each_page(mut deed: impl FnMut(&Path, String)) {
    let entries = fs::read_dir(pages()).expect("the directory of the man pages");
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 4, "{paths:?}");
    for path in paths {
        let content = portreeve_sys::file::read_bounded(&path, 1 << 20).unwrap();
        deed(&path, String::from_utf8(content.bytes).unwrap());
    }
}

#[test]
fn tables_of_the_man_pages_are_those_of_the_program() {
    let bless = std::env::var_os("BLESS").is_some();
    each_page(|path, page| {
        let want = renewed(&page);
        if bless && want != page {
            fs::write(path, &want).unwrap();
        }
        assert!(bless || want == page, "{}: run with BLESS=1", path.display());
    });
}

#[test]
fn every_command_and_every_scope_is_in_a_man_page() {
    let mut all = String::new();
    each_page(|_, page| all.push_str(&page));
    for name in options::names().into_iter().chain(keys::names()) {
        assert!(all.contains(&format!("{BEGIN}{name}\n")), "{name}");
    }
}

#[test]
fn every_flag_of_the_help_is_in_the_man_page() {
    let page = fs::File::open(pages().join("portreeve.1")).and_then(std::io::read_to_string);
    let page = page.unwrap();
    for flag in options::flags() {
        let macros = format!(".It Fl -{flag}");
        let after = format!(" Fl -{flag}");
        let named = page.lines().any(|line| {
            line.starts_with(".It ") && (line == macros || line.starts_with(&format!("{macros} ")))
                || line.ends_with(&after)
                || line.contains(&format!("{after} "))
        });
        assert!(named, "--{flag}");
    }
}

#[test]
fn members_of_the_status_are_in_the_man_page() {
    let page = fs::File::open(pages().join("portreeve.1")).and_then(std::io::read_to_string);
    let page = page.unwrap();
    let value = crate::render::json::status(&crate::render::status::tests::sample(), &[]);
    let service = &value["services"][0];
    for object in [&value, service, &service["listeners"][0], &value["helpers"][0]] {
        for key in object.as_object().unwrap().keys() {
            let named = page.lines().any(|line| line.split([' ', '"']).any(|word| word == key));
            assert!(named, "{key}");
        }
    }
}

#[test]
fn lines_of_the_man_pages_are_sound() {
    each_page(|path, page| {
        let mut literal = false;
        for (number, line) in (1..).zip(page.lines()) {
            literal = (literal || line.starts_with(".Bd -literal")) && line != ".Ed";
            let at = format!("{}:{number}", path.display());
            assert!(line.is_ascii(), "{at}: not ASCII");
            assert_eq!(line.trim_end(), line, "{at}: blanks at the end");
            assert!(literal || !line.is_empty(), "{at}: an empty line outside an example");
        }
    });
}

/// mandoc is the judge of its own language, where it is installed.
#[test]
fn mandoc_finds_nothing_to_say() {
    each_page(|path, _| {
        let mandoc = std::env::var_os("MANDOC").unwrap_or("mandoc".into());
        #[expect(clippy::disallowed_methods, reason = "a tool of the developer's, in a test")]
        let run = std::process::Command::new(mandoc).args(["-Tlint", "-Wstyle"]).arg(path).output();
        let Ok(output) = run else { return };
        // The base system's manuals need not be installed where this runs.
        let said = String::from_utf8(output.stdout).unwrap();
        let findings: Vec<_> =
            said.lines().filter(|line| !line.contains("referenced manual not found")).collect();
        assert!(findings.is_empty(), "{findings:#?}");
    });
}
