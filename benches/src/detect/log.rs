//! An auth log as an exposed host has it, the same for the same numbers.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Lines.
    pub(super) lines: u32,
    /// Different addresses that connections come from.
    pub(super) addresses: u32,
}

/// Names that are tried.
const NAMES: [&str; 16] = [
    "admin",
    "test",
    "ubuntu",
    "user",
    "oracle",
    "postgres",
    "git",
    "ftpuser",
    "mysql",
    "hadoop",
    "deploy",
    "pi",
    "www",
    "minecraft",
    "jenkins",
    "steam",
];

/// Writes it.
///
/// # Errors
/// Whatever keeps it from being written.
pub(super) fn write(shape: Shape, to: &mut impl Write) -> io::Result<()> {
    let mut log =
        Log { random: 2026, second: 0, pid: 1000, visitor: 0, shape, text: String::new() };
    let mut left = shape.lines;
    while left > 0 {
        log.text.clear();
        log.episode();
        for line in log.text.split_inclusive('\n').take(usize::try_from(left).unwrap_or(usize::MAX))
        {
            to.write_all(line.as_bytes())?;
            left -= 1;
        }
    }
    Ok(())
}

struct Log {
    random: u64,
    second: u32,
    pid: u32,
    visitor: u32,
    shape: Shape,
    text: String,
}

impl Log {
    /// A number below this one (splitmix64).
    fn below(&mut self, bound: u32) -> u32 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = (mixed ^ (mixed >> 31)) % u64::from(bound.max(1));
        u32::try_from(mixed).unwrap_or_default()
    }

    /// What one visitor, or one thing of the host's own, leaves behind.
    fn episode(&mut self) {
        self.second += self.below(3);
        self.pid = 1000 + (self.pid + self.below(5)) % 3_000_000;
        let what = self.below(100);
        match what {
            0..8 => return self.cron(),
            8..12 => return self.sudo(),
            _ => {}
        }
        let from = self.address();
        let port = 1024 + self.below(64_000);
        let at = usize::try_from(self.below(16)).unwrap_or_default();
        let name = NAMES.get(at).copied().unwrap_or("x");
        match what {
            12..52 => self.password(&from, port),
            52..84 => self.invalid_user(name, &from, port),
            84..92 => self.sshd(&format!("Connection closed by {from} port {port} [preauth]")),
            92..95 => self.sshd(&format!(
                "banner exchange: Connection from {from} port {port}: invalid format"
            )),
            95..97 => self.sshd(&format!(
                "Unable to negotiate with {from} port {port}: no matching key exchange method found. \
                 Their offer: diffie-hellman-group14-sha1,diffie-hellman-group1-sha1 [preauth]"
            )),
            _ => self.login(&from, port),
        }
    }

    /// Every address in turn, so that all of them are there; one in eight is IPv6.
    fn address(&mut self) -> String {
        self.visitor = (self.visitor + 1) % self.shape.addresses.max(1);
        let mixed = self.visitor.wrapping_mul(0x9e37_79b1);
        match mixed % 8 {
            0 => Ipv6Addr::from((0x2001_0db8_u128 << 96) | u128::from(mixed) << 40 | 7).to_string(),
            _ => Ipv4Addr::from(mixed).to_string(),
        }
    }

    fn sshd(&mut self, message: &str) {
        let pid = self.pid;
        self.line(&format!("sshd[{pid}]"), message);
    }

    fn line(&mut self, tag: &str, message: &str) {
        let (day, rest) = (self.second / 86_400, self.second % 86_400);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        let day = 1 + day % 20;
        let _ = writeln!(
            self.text,
            "Nov {day:>2} {hour:02}:{minute:02}:{second:02} gate {tag}: {message}"
        );
    }

    fn password(&mut self, from: &str, port: u32) {
        self.sshd(&format!(
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= \
             rhost={from}  user=root"
        ));
        self.sshd(&format!("Failed password for root from {from} port {port} ssh2"));
        self.sshd(&format!("Received disconnect from {from} port {port}:11: Bye Bye [preauth]"));
        self.sshd(&format!(
            "Disconnected from authenticating user root {from} port {port} [preauth]"
        ));
    }

    fn invalid_user(&mut self, name: &str, from: &str, port: u32) {
        self.sshd(&format!("Invalid user {name} from {from} port {port}"));
        self.sshd("pam_unix(sshd:auth): check pass; user unknown");
        self.sshd(&format!(
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= \
             rhost={from} "
        ));
        self.sshd(&format!("Failed password for invalid user {name} from {from} port {port} ssh2"));
        self.sshd(&format!(
            "Connection closed by invalid user {name} {from} port {port} [preauth]"
        ));
    }

    fn cron(&mut self) {
        let tag = format!("CRON[{}]", self.pid);
        self.line(&tag, "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)");
        self.line(&tag, "pam_unix(cron:session): session closed for user root");
    }

    fn sudo(&mut self) {
        self.line(
            "sudo",
            "    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/systemctl status",
        );
        self.line(
            "sudo",
            "pam_unix(sudo:session): session opened for user root(uid=0) by alice(uid=1000)",
        );
        self.line("sudo", "pam_unix(sudo:session): session closed for user root");
    }

    fn login(&mut self, from: &str, port: u32) {
        self.sshd(&format!(
            "Accepted publickey for alice from {from} port {port} ssh2: ED25519 \
             SHA256:qvTy0oqLuZyGh2Ufl9mmWYk0mJ1pT0IN3ImB0yl8lmE"
        ));
        self.sshd("pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)");
        self.line("systemd-logind[612]", "New session 4711 of user alice.");
        self.sshd(&format!("Received disconnect from {from} port {port}:11: disconnected by user"));
        self.sshd(&format!("Disconnected from user alice {from} port {port}"));
        self.sshd("pam_unix(sshd:session): session closed for user alice");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn text(lines: u32, addresses: u32) -> String {
        let mut out = Vec::new();
        write(Shape { lines, addresses }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn it_is_as_long_as_asked_for_and_the_same_each_time() {
        let log = text(1000, 10);
        assert_eq!(log.lines().count(), 1000);
        assert!(log.ends_with('\n') && log == text(1000, 10));
    }

    #[test]
    fn it_has_as_many_addresses_as_asked_for() {
        for many in [1, 10, 300] {
            let log = text(20_000, many);
            let ports = log.lines().filter_map(|line| line.split_once(" port "));
            let all: BTreeSet<_> =
                ports.filter_map(|(head, _)| head.split(' ').next_back()).collect();
            assert_eq!(all.len(), usize::try_from(many).unwrap());
        }
    }
}
