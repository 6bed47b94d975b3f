//! Real ssh logins with throw-away keys.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::World;
use crate::accounts::ACCOUNTS;
use crate::must::Must;

/// Name of the private host key below `/etc/ssh`.
const HOST_KEY: &str = "ssh_host_ed25519_key";

/// How long a login with a short command may take on a busy machine.
const LOGIN: Duration = Duration::from_secs(120);

/// The keys of one world: a host key that its sshd uses, and a key for each user who may log in,
/// which that user's `authorized_keys` holds. There is also a key that nobody accepts.
#[derive(Debug)]
pub struct SshKeys {
    folder: PathBuf,
    host: PathBuf,
}

impl SshKeys {
    /// Makes them below a world's folder.
    pub(crate) fn make(world: &Path) -> Self {
        let folder = world.join("keys");
        let host = world.join("etc/ssh").join(HOST_KEY);
        generate(&host);
        generate(&folder.join("stranger"));
        for account in ACCOUNTS.iter().filter(|account| account.login) {
            let key = folder.join(account.name);
            generate(&key);
            let accepted = world.join("home").join(account.name).join(".ssh/authorized_keys");
            fs::copy(key.with_extension("pub"), &accepted).must(accepted.display());
            chown(&accepted, Some(account.id), Some(account.id)).must(accepted.display());
            let own = fs::Permissions::from_mode(0o600);
            fs::set_permissions(&accepted, own).must(accepted.display());
        }
        Self { folder, host }
    }

    /// The private key of a user: `root`, `thisuser`, `otheruser`; or `stranger`'s.
    #[must_use]
    pub fn user(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The host's private key; its public half lies beside it with `.pub` added.
    #[must_use]
    pub fn host(&self) -> &Path {
        &self.host
    }
}

fn generate(key: &Path) {
    let output = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "portreeve test", "-f"])
        .arg(key)
        .stdin(Stdio::null())
        .output()
        .must("run ssh-keygen");
    assert!(output.status.success(), "ssh-keygen: {output:?}");
}

impl World {
    /// Logs in from a client as `user` with the key of `key`, runs a command and returns what it
    /// wrote; ssh's own failure is exit status 255.
    ///
    /// # Panics
    /// When it takes longer than a minute.
    #[track_caller]
    pub fn ssh(
        &self,
        client: &str,
        user: &str,
        key: &str,
        address: &str,
        port: u16,
        remote: &str,
    ) -> Output {
        let mut command = self.ssh_command(client, user, key, address, port);
        command.arg(remote);
        self.run(command, LOGIN)
    }

    /// The ssh command itself, for more options, a source address (`-b`, before the remote
    /// command), or a session that stays open: give it to [`World::start`].
    ///
    /// # Panics
    /// When there is no such client.
    #[must_use]
    #[track_caller]
    pub fn ssh_command(
        &self,
        client: &str,
        user: &str,
        key: &str,
        address: &str,
        port: u16,
    ) -> Command {
        let key = self.ssh_keys().user(key);
        let mut command = self.client(client, "ssh");
        // Every option is here: what the caller's own account is set to must not matter. The
        // destination is an option too, so that the caller may add further options after it.
        command.args(["-F", "none", "-p", &port.to_string(), "-i"]).arg(key);
        for option in [
            "BatchMode=yes",
            "ConnectTimeout=60",
            "GlobalKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "LogLevel=ERROR",
            "PreferredAuthentications=publickey",
            "StrictHostKeyChecking=no",
        ] {
            command.args(["-o", option]);
        }
        let known = self.dir().join("keys/known_hosts").display().to_string();
        command.args(["-o", &format!("UserKnownHostsFile={known}")]);
        command.args(["-l", user, address]);
        command
    }
}
