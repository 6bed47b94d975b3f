//! A private host for each test: its own network, and its own `/etc` and `/run`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Set in the process that runs inside.
const INSIDE: &str = "PORTREEVE_RELAY_PRIVATE_HOST";

/// Addresses of the private host, beside the loopback ones.
const SET_UP: &str = "set -eu
ip link set lo up
for n in 1 2 3 7 8 9; do ip addr add 192.0.2.$n/32 dev lo; done
for n in 1 7; do ip -6 addr add 2001:db8::$n/128 dev lo nodad; done
mount -t tmpfs -o mode=0755 etc /etc
mount -t tmpfs -o mode=0755 run /run
";

/// Makes a test of a function: it runs in a process of its own, on a private host.
macro_rules! on_a_private_host {
    ($(#[$meta:meta])* fn $name:ident() $body:block) => {
        #[test]
        $(#[$meta])*
        fn $name() {
            crate::private::run(concat!(module_path!(), "::", stringify!($name)), || $body);
        }
    };
}

/// Runs `test` inside, which means: the first time, this program again with that test alone.
///
/// # Panics
/// When the test fails, or when this is not root.
pub(crate) fn run(path: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        let set_up = Command::new("/bin/sh").args(["-c", SET_UP]).status().expect("start sh");
        assert!(set_up.success(), "a private host needs root (namespaces): run the tests as root");
        std::fs::copy(env!("CARGO_BIN_EXE_portreeve-relay"), program()).expect("copy the program");
        return test();
    }
    let (_, name) = path.split_once("::").expect("a path with a crate's name");
    let inside = Command::new("/usr/bin/unshare")
        .args(["-n", "-m", "--"])
        .arg(std::env::current_exe().expect("the running test"))
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("start unshare");
    let output = String::from_utf8_lossy(&inside.stdout).into_owned();
    let errors = String::from_utf8_lossy(&inside.stderr).into_owned();
    assert!(inside.status.success(), "{output}\n{errors}");
    assert!(output.contains("1 passed"), "no test is named {name}: {output}");
}

/// The program, where every user of the private host can start it.
pub(crate) fn program() -> PathBuf {
    PathBuf::from("/run/portreeve-relay")
}

/// Puts a file into the private `/etc`, in place of the one there, as editors do.
pub(crate) fn write_etc(name: &str, text: &str) {
    let path = Path::new("/etc").join(name);
    let new = path.with_extension("new");
    std::fs::write(&new, text).expect("write a file of /etc");
    std::fs::rename(&new, &path).expect("put a file into /etc");
}
