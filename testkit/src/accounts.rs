//! The private host's users and groups, written over copies of the host's files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use crate::must::Must;

/// A user of the private host.
pub(crate) struct Account {
    /// Login name.
    pub(crate) name: &'static str,
    /// Uid, and gid of a group of the same name.
    pub(crate) id: u32,
    /// Whether someone may log in: a home below the world's folder and a real shell.
    pub(crate) login: bool,
}

/// Far above what distributions hand out, so that a stray process of a test is seen as such.
pub(crate) const ACCOUNTS: [Account; 7] = [
    Account { name: "root", id: 0, login: true },
    Account { name: "thisuser", id: 59_001, login: true },
    Account { name: "otheruser", id: 59_002, login: true },
    Account { name: "portreeve-clerk", id: 59_010, login: false },
    Account { name: "portreeve-relay", id: 59_011, login: false },
    Account { name: "portreeve-firewall", id: 59_015, login: false },
    Account { name: "portreeve-log", id: 59_014, login: false },
];

/// The group that may ask the monitor.
const ADMIN: (&str, u32) = ("portreeve-admin", 59_012);

/// A second group of `thisuser`, so that a test can see supplementary groups.
const EXTRA: (&str, u32) = ("portreeve-extra", 59_013);

/// Rewrites `passwd`, `group` and `shadow` below `etc`, and makes the homes below `homes`.
pub(crate) fn write(etc: &Path, homes: &Path) {
    let mut passwd = Table::read(&etc.join("passwd"));
    let mut group = Table::read(&etc.join("group"));
    let mut shadow = Table::read(&etc.join("shadow"));
    shadow.forget_passwords();
    for account in &ACCOUNTS {
        let Account { name, id, login } = account;
        let home = homes.join(name);
        let (home, shell) = if *login {
            make_home(&home, *id);
            (home.display().to_string(), "/bin/sh")
        } else {
            ("/nonexistent".to_owned(), "/usr/sbin/nologin")
        };
        passwd.set(name, &format!("{name}:x:{id}:{id}::{home}:{shell}"));
        shadow.set(name, &format!("{name}:*:19000:0:99999:7:::"));
        group.set(name, &format!("{name}:x:{id}:"));
    }
    group.set(ADMIN.0, &format!("{}:x:{}:", ADMIN.0, ADMIN.1));
    group.set(EXTRA.0, &format!("{}:x:{}:thisuser", EXTRA.0, EXTRA.1));
    if !passwd.has("sshd") {
        passwd.set("sshd", "sshd:x:59022:65534::/run/sshd:/usr/sbin/nologin");
        shadow.set("sshd", "sshd:!:19000::::::");
    }
    passwd.write(&etc.join("passwd"), 0o644);
    group.write(&etc.join("group"), 0o644);
    shadow.write(&etc.join("shadow"), 0o600);
}

/// A home that sshd's StrictModes accepts.
fn make_home(home: &Path, id: u32) {
    let ssh = home.join(".ssh");
    fs::create_dir_all(&ssh).must("make a home");
    for folder in [home, &ssh] {
        chown(folder, Some(id), Some(id)).must("give a home to its user");
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).must("close a home");
    }
}

/// A file of colon-separated lines, the first field being the key.
struct Table(Vec<String>);

impl Table {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).must(path.display());
        Self(text.lines().map(str::to_owned).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|line| key(line) == name)
    }

    fn set(&mut self, name: &str, line: &str) {
        match self.0.iter_mut().find(|old| key(old) == name) {
            Some(old) => line.clone_into(old),
            None => self.0.push(line.to_owned()),
        }
    }

    /// The copy lies in a temporary folder: it must not hold anyone's hash.
    fn forget_passwords(&mut self) {
        for line in &mut self.0 {
            let rest = line.splitn(3, ':').nth(2).unwrap_or_default();
            *line = format!("{}:*:{rest}", key(line));
        }
    }

    fn write(&self, path: &Path, mode: u32) {
        let mut text = self.0.join("\n");
        text.push('\n');
        fs::write(path, text).must(path.display());
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).must(path.display());
    }
}

fn key(line: &str) -> &str {
    line.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_replaced_in_place_or_added_and_hashes_are_forgotten() {
        let mut table = Table(vec!["root:$6$secret:1::".into(), "me:!:2::".into()]);
        table.forget_passwords();
        table.set("me", "me:*:3::");
        table.set("you", "you:*:4::");
        assert_eq!(table.0, ["root:*:1::", "me:*:3::", "you:*:4::"]);
        assert!(table.has("you") && !table.has("yo"));
    }
}
