//! Builds the small C programs that the benchmarks compare with and serve: see `reference/`.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a build script runs the compiler, and says why it cannot"
)]

use std::path::Path;
use std::process::Command;

fn main() {
    let Some(out) = std::env::var_os("OUT_DIR") else { panic!("cargo sets OUT_DIR") };
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    println!("cargo:rerun-if-env-changed=CC");
    for name in ["bare", "service", "respawn", "kept", "spent"] {
        let source = format!("reference/{name}.c");
        println!("cargo:rerun-if-changed={source}");
        let program = Path::new(&out).join(name);
        // Static, so that a start costs the door's work and not the dynamic linker's; where there
        // is no static C library, every door pays for the linker alike.
        let built = [&["-static"][..], &[]].into_iter().any(|how| {
            let mut command = Command::new(&compiler);
            command.args(["-O2", "-Wall", "-Wextra", "-s", "-o"]).arg(&program).arg(&source);
            command.args(how).status().is_ok_and(|status| status.success())
        });
        assert!(built, "{source} could not be compiled with `{compiler}`: set CC");
    }
}
