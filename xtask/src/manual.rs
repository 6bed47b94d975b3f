//! Manual pages are checked by mandoc.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cargo::root;
use crate::program::run;

/// Checks every page below `man`.
///
/// # Errors
/// When mandoc finds anything worth a warning.
pub(crate) fn check() -> Result<(), String> {
    let pages = pages(&root().join("man"));
    if pages.is_empty() {
        return Ok(());
    }
    let mut command = Command::new("mandoc");
    command.args(["-T", "lint", "-W", "warning"]).args(pages);
    run(command, Duration::from_secs(60), |_| ())
}

/// Files whose name ends in a section: `.1`, `.5`, `.8`.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|end| end == "1" || end == "5" || end == "8") {
            found.push(path);
        }
    }
    found.sort();
    found
}
