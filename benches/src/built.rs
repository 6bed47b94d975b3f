//! The programs under test, built as this one was.

use std::path::Path;
use std::process::Command;

use portreeve_testkit::bin_dir;

use crate::Failure;

/// Packages whose programs are measured.
const PACKAGES: [&str; 6] = ["monitor", "compile", "clerk", "relay", "firewall", "tools"];

/// Builds them where cargo runs us, so that no old program is measured; else those that lie beside
/// this program are taken as they are.
pub(crate) fn build() -> Result<(), Failure> {
    let Some(cargo) = std::env::var_os("CARGO") else { return Ok(()) };
    if std::env::var_os("PORTREEVE_BIN_DIR").is_some() {
        return Ok(());
    }
    let mut command = Command::new(cargo);
    command.arg("build").current_dir(env!("CARGO_MANIFEST_DIR"));
    // The folder is named after the profile, but for the one called `dev`.
    let folder = bin_dir();
    let profile = folder.file_name().and_then(|name| name.to_str()).unwrap_or("release");
    command.args(["--profile", if profile == "debug" { "dev" } else { profile }]);
    command.args(PACKAGES.iter().flat_map(|name| ["-p".to_owned(), format!("portreeve-{name}")]));
    command.args(["-p", "portreeve"]);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("building the programs under test failed: {status}")),
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}

/// Whether figures of this build mean anything.
pub(crate) fn is_optimised() -> bool {
    !Path::new(&bin_dir()).ends_with("debug")
}
