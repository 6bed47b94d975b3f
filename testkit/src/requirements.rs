//! What the kit needs from the machine, and what to install when it is not there.

use std::path::Path;

use crate::must::Must;

/// Programs and files, and the Debian package of each.
const NEEDED: [(&str, &str); 11] = [
    ("/usr/bin/unshare", "util-linux"),
    ("/usr/bin/nsenter", "util-linux"),
    ("/bin/mount", "mount"),
    ("/bin/cp", "coreutils"),
    ("/sbin/ip", "iproute2"),
    ("/etc/services", "netbase"),
    ("/usr/bin/ssh", "openssh-client"),
    ("/usr/bin/ssh-keygen", "openssh-client"),
    ("/usr/sbin/sshd", "openssh-server"),
    ("/usr/sbin/xinetd", "xinetd"),
    ("/usr/bin/tcpserver", "ucspi-tcp"),
];

/// Panics with everything that is missing at once; a test that cannot run has failed.
pub(crate) fn check() {
    let status = std::fs::read_to_string("/proc/self/status").must("read /proc/self/status");
    let root = status.lines().any(|line| line.starts_with("Uid:\t0\t0\t"));
    assert!(root, "a world needs root (namespaces, mounts, low ports): run the tests as root");
    let missing: Vec<_> = NEEDED.iter().filter(|(path, _)| !Path::new(path).exists()).collect();
    if !missing.is_empty() {
        let paths: Vec<_> = missing.iter().map(|(path, _)| *path).collect();
        let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
        packages.dedup();
        panic!(
            "missing: {}; install with: apt-get install {}",
            paths.join(", "),
            packages.join(" ")
        );
    }
}
