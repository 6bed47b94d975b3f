//! The private `/etc`: the host's, with the parts that tests depend on made certain.
//!
//! Files and a few folders are copied. The other folders are links to a read-only view of the
//! host's: they hold a thousand files that no test writes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::files::make_folder;
use crate::accounts;
use crate::must::Must;

/// Files whose text does not depend on the host.
const CERTAIN: [(&str, &str); 6] = [
    ("hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n"),
    ("hosts.allow", "# nothing\n"),
    ("hosts.deny", "# nothing\n"),
    ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"),
    (
        "nsswitch.conf",
        "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n\
         protocols: files\nservices: files\nrpc: files\n",
    ),
    (
        "ssh/sshd_config",
        "HostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM no\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n\
         PrintMotd no\nUseDNS no\nLogLevel VERBOSE\nSubsystem sftp internal-sftp\n",
    ),
];

/// Folders that are copied, so that tests may write there.
const COPIED: [&str; 5] = ["default", "pam.d", "profile.d", "security", "ssh"];

/// What must not be there: the host's inetd configuration, its log-in ban.
const ABSENT: [&str; 5] = ["nologin", "xinetd.conf", "xinetd.d", "inetd.conf", "portreeve"];

/// Where the read-only view of the host's `/etc` is, below the world's folder.
const VIEW: &str = "host-etc";

/// Makes `FOLDER/etc` and the homes in `FOLDER/home`.
pub(super) fn prepare(folder: &Path) {
    let (etc, view) = (folder.join("etc"), folder.join(VIEW));
    make_folder(&etc);
    make_folder(&view);
    let mut copy = Command::new("cp");
    copy.arg("-a");
    for entry in fs::read_dir("/etc").must("read /etc").flatten() {
        let name = entry.file_name();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let listed = |list: &[&str]| list.iter().any(|item| name == *item);
        if listed(&ABSENT) {
        } else if is_folder && !listed(&COPIED) {
            symlink(view.join(&name), etc.join(&name)).must("link to a folder of /etc");
        } else {
            copy.arg(entry.path());
        }
    }
    let copied = copy.arg(&etc).status().must("copy /etc");
    assert!(copied.success(), "copying /etc failed: {copied}");
    // Not the host's own keys: theirs are made when a test wants any.
    for entry in fs::read_dir(etc.join("ssh")).must("read the copy of /etc/ssh").flatten() {
        if entry.file_name().to_string_lossy().starts_with("ssh_host_") {
            remove(&entry.path());
        }
    }
    for (name, text) in CERTAIN {
        // Removed first: the host's may be a link that leads out of the copy.
        remove(&etc.join(name));
        fs::write(etc.join(name), text).must(name);
    }
    accounts::write(&etc, &folder.join("home"));
}

fn remove(path: &Path) {
    let gone = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    gone.must(path.display());
}
