//! What the kit needs from the machine, and what to install when it is not there.

use std::path::Path;

use crate::must::Must;

/// Programs and files, and the Debian package of each.
const NEEDED: &[(&str, &str)] = &[
    ("/bin/bash", "bash"),
    ("/usr/bin/cc", "gcc"),
    ("/usr/bin/make", "make"),
    ("/usr/bin/pgrep", "procps"),
    ("/usr/bin/renice", "bsdutils"),
    ("/usr/bin/setpriv", "util-linux"),
    ("/usr/bin/unshare", "util-linux"),
    ("/usr/bin/nsenter", "util-linux"),
    ("/bin/mount", "mount"),
    ("/bin/cp", "coreutils"),
    ("/sbin/ip", "iproute2"),
    ("/usr/sbin/nft", "nftables"),
    ("/etc/services", "netbase"),
    ("/usr/share/zoneinfo/Asia/Kolkata", "tzdata"),
    ("/usr/bin/ssh", "openssh-client"),
    ("/usr/bin/ssh-keygen", "openssh-client"),
    ("/usr/sbin/sshd", "openssh-server"),
    ("/usr/sbin/exim4", "exim4-daemon-light"),
    ("/usr/sbin/xinetd", "xinetd"),
    ("/usr/bin/tcpserver", "ucspi-tcp"),
    ("/usr/bin/supervise", "daemontools"),
    ("/usr/bin/cdbmake", "freecdb"),
    ("/usr/bin/cdb", "tinycdb"),
    ("/usr/sbin/tcpd", "tcpd"),
    ("/usr/sbin/tcpdmatch", "tcpd"),
    ("/usr/bin/logger", "bsdutils"),
    ("/usr/lib/python3/dist-packages/fail2ban/tests/files/logs/sshd", "fail2ban"),
    ("/lib/systemd/systemd", "systemd"),
];

/// The programs and files that are not there, each with its Debian package.
#[must_use]
pub fn missing() -> Vec<(&'static str, &'static str)> {
    NEEDED.iter().filter(|(path, _)| !Path::new(path).exists()).copied().collect()
}

/// Whether this process is root, without which there are no worlds.
///
/// # Panics
/// When `/proc` is not there.
#[must_use]
pub fn is_root() -> bool {
    let status = crate::proc_status(std::process::id()).must("read our own status");
    status.uids().get(1) == Some(&0)
}

/// Panics with everything that is missing at once; a test that cannot run has failed.
pub(crate) fn check() {
    assert!(is_root(), "a world needs root (namespaces, mounts, low ports): run the tests as root");
    let missing = missing();
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
