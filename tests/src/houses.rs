//! The small commands: the ancestors', and ours by the same names.

use portreeve_testkit::bin_dir;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the ancestors' commands are, and where ours are: links that `portreeve-tools install` makes
/// into a new folder `bin`.
///
/// # Panics
/// When they cannot be made.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test, which runs programs")]
pub fn houses(dir: &Path) -> [PathBuf; 2] {
    let ours = dir.join("bin");
    std::fs::create_dir(&ours).expect("make a folder");
    let mut install = Command::new(bin_dir().join("portreeve-tools"));
    let made = install.arg("install").arg(&ours).output().expect("run it");
    assert!(made.status.success(), "{made:?}");
    ["/usr/bin".into(), ours]
}
