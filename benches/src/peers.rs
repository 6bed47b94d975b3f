//! Peers that are programs of other packages.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;

/// A folder into which packages were unpacked (`dpkg -x`), for peers that are not to be installed.
const UNPACKED: &str = "PORTREEVE_BENCH_PEERS";

fn unpacked() -> Option<PathBuf> {
    std::env::var_os(UNPACKED).map(PathBuf::from)
}

/// Where a program is.
pub(crate) fn find(name: &str) -> Result<PathBuf, Failure> {
    let own = unpacked().into_iter().flat_map(|dir| [dir.join("usr/bin"), dir.join("bin")]);
    let usual = ["/usr/bin", "/usr/sbin", "/bin", "/command"].map(PathBuf::from);
    let found = own.chain(usual).map(|dir| dir.join(name)).find(|path| path.exists());
    found.ok_or_else(|| format!("{name} is not installed; {UNPACKED} may name an unpacked package"))
}

/// A call of a program, which finds its like beside it, and its libraries.
pub(crate) fn call(program: &Path) -> Command {
    let mut command = Command::new(program);
    let mut path = OsString::from(program.parent().unwrap_or(Path::new("/")));
    path.push(":/usr/bin:/bin:/usr/sbin:/sbin");
    command.env_clear().env("PATH", path);
    if let Some(dir) = unpacked() {
        let folders = ["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib"];
        let folders = folders.map(|folder| dir.join(folder).display().to_string());
        command.env("LD_LIBRARY_PATH", folders.join(":"));
    }
    command
}
