//! Who may depend on whom, and that pure crates touch no file, socket, clock or thread.

mod paths;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cargo::{list, metadata, text};
use crate::cli::say;
use table::{Allowed, allowed, is_pure};

/// The attribute that every crate but the one with the system calls starts with.
const FORBID: &str = "#![forbid(unsafe_code)]";

/// The one crate that may say `unsafe`.
const UNSAFE: &str = "sys";

/// Checks the whole workspace; everything that is wrong is printed.
///
/// # Errors
/// When anything is wrong.
pub(crate) fn check() -> Result<(), String> {
    let metadata = metadata()?;
    let mut wrong = Vec::new();
    for package in list(&metadata["packages"]) {
        let name = short(text(&package["name"]));
        check_dependencies(name, package, &mut wrong);
        check_roots(name, package, &mut wrong);
        if is_pure(name) {
            let manifest = Path::new(text(&package["manifest_path"]));
            check_sources(name, &manifest.with_file_name("src"), &mut wrong)?;
        }
    }
    wrong.iter().for_each(say);
    match wrong.len() {
        0 => Ok(()),
        count => Err(format!("{count} breaches of the layers")),
    }
}

/// `sys` of `portreeve-sys`; other names stay.
fn short(package: &str) -> &str {
    package.strip_prefix("portreeve-").unwrap_or(package)
}

fn check_dependencies(name: &str, package: &Value, wrong: &mut Vec<String>) {
    let Some(allowed) = allowed(name) else {
        wrong.push(format!("{name}: not in the table of xtask/src/layers/table.rs"));
        return;
    };
    for dependency in list(&package["dependencies"]) {
        let on = text(&dependency["name"]);
        let own = !dependency["path"].is_null();
        let testing = text(&dependency["kind"]) == "dev";
        let fine = match (own, &allowed) {
            (true, Allowed::Anything) => true,
            (true, Allowed::These(names)) => {
                names.contains(&short(on)) || (testing && short(on) == "testkit")
            }
            (false, _) => testing || !is_pure(name) || !table::DOES_DEEDS.contains(&on),
        };
        if !fine {
            wrong.push(format!("{name}: must not depend on {on}"));
        }
    }
}

/// Each library and program of the package starts by forbidding `unsafe`.
fn check_roots(name: &str, package: &Value, wrong: &mut Vec<String>) {
    for target in list(&package["targets"]) {
        let built = list(&target["kind"]).iter().any(|kind| matches!(text(kind), "lib" | "bin"));
        let path = text(&target["src_path"]);
        if built && name != UNSAFE {
            let source = fs::read_to_string(path).unwrap_or_default();
            if !source.lines().any(|line| line == FORBID) {
                wrong.push(format!("{path}: lacks {FORBID}"));
            }
        }
    }
}

fn check_sources(name: &str, folder: &Path, wrong: &mut Vec<String>) -> Result<(), String> {
    for path in sources(folder)? {
        let source = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        for (line, deed) in paths::deeds(&source) {
            let path = path.display();
            wrong.push(format!("{path}:{line}: {name} is pure and must not use {deed}"));
        }
    }
    Ok(())
}

/// The sources below a folder, but for those of tests.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "tests" {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
            found.push(path);
        }
    }
    Ok(found)
}
