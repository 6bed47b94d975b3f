//! The demo's folder and what is in it.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use portreeve_testkit::{bin_dir, is_root};

use super::must;

/// A folder with configuration, keys and, once it runs, the door's state.
pub(super) struct Stage {
    pub(super) dir: PathBuf,
    pub(super) user: String,
    pub(super) ssh: u16,
    pub(super) echo: u16,
    pub(super) trap: u16,
    bins: PathBuf,
}

impl Stage {
    pub(super) fn make() -> Result<Self, String> {
        let dir = std::env::temp_dir().join(format!("portreeve-demo-{}", std::process::id()));
        let failed = |error: std::io::Error| format!("cannot make {}: {error}", dir.display());
        fs::create_dir(&dir).map_err(failed)?;
        fs::set_permissions(&dir, Permissions::from_mode(0o755)).map_err(failed)?;
        let mut id = Command::new("id");
        id.arg("-un");
        let stage = Self {
            user: must(id)?.trim().to_owned(),
            ssh: port(2222),
            echo: port(2007),
            trap: port(2323),
            bins: bin_dir(),
            dir: dir.clone(),
        };
        stage.write_keys()?;
        stage.write_configuration().map_err(failed)?;
        Ok(stage)
    }

    fn write_keys(&self) -> Result<(), String> {
        for name in ["host_key", "user_key"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "portreeve-demo", "-f"]);
            keygen.arg(self.dir.join(name));
            must(keygen)?;
        }
        Ok(())
    }

    fn write_configuration(&self) -> std::io::Result<()> {
        let dir = self.dir.display();
        fs::copy(self.dir.join("user_key.pub"), self.dir.join("authorized_keys"))?;
        let sshd = format!(
            "HostKey {dir}/host_key\nAuthorizedKeysFile {dir}/authorized_keys\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\n\
             PermitRootLogin prohibit-password\nLogLevel VERBOSE\n"
        );
        fs::write(self.dir.join("sshd_config"), sshd)?;
        let folder = self.dir.join("etc/portreeve");
        fs::create_dir_all(&folder)?;
        let Self { ssh, echo, trap, .. } = self;
        let own = portreeve_sys::privileges::own_uid();
        let text = format!(
            "[service.ssh]\n\
             listen = [\"127.0.0.1:{ssh}\"]\n\
             run = [\"/usr/sbin/sshd\", \"-i\", \"-e\", \"-f\", \"{dir}/sshd_config\"]\n\
             user = {own}\n\
             watch = \"sshd\"\n\
             startups = \"10:30:100\"\n\
             per-source = 5\n\n\
             [service.echo]\n\
             listen = [\"127.0.0.1:{echo}\"]\n\
             internal = \"echo\"\n\
             allow = [\"127.0.0.1\"]\n\n\
             [trap.telnet]\n\
             listen = [\"127.0.0.1:{trap}\"]\n\
             ban = \"1d\"\n"
        );
        fs::write(folder.join("portreeve.toml"), text)?;
        // the private users of a demo that root runs
        for (file, lines) in [
            (
                "passwd",
                "portreeve-clerk:x:64801:64801::/nonexistent:/usr/sbin/nologin\n\
                 portreeve-relay:x:64802:64802::/nonexistent:/usr/sbin/nologin\n",
            ),
            (
                "group",
                "portreeve-clerk:x:64801:\nportreeve-relay:x:64802:\nportreeve-admin:x:64803:\n",
            ),
        ] {
            let kept = fs::read_to_string(Path::new("/etc").join(file))?;
            let kept = kept.lines().filter(|line| !line.starts_with("portreeve-"));
            let text = kept.map(|line| format!("{line}\n")).collect::<String>() + lines;
            fs::write(self.dir.join(file), text)?;
        }
        Ok(())
    }

    /// Starts the door. As root in mounts of its own, where its users exist and sshd finds the
    /// empty folder it wants; the host's files stay as they are.
    pub(super) fn open(&self) -> Result<Child, String> {
        let door = self.bins.join("portreeved");
        let mut command = if is_root() {
            let script = "mount --bind \"$1/passwd\" /etc/passwd && \
                          mount --bind \"$1/group\" /etc/group && \
                          mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd && \
                          exec \"$2\" --root \"$1\"";
            let mut command = Command::new("unshare");
            command.args(["--mount", "--propagation", "private", "sh", "-c", script, "demo"]);
            command.arg(&self.dir).arg(door);
            command
        } else {
            let mut command = Command::new(door);
            command.arg("--root").arg(&self.dir);
            command
        };
        command.stdin(Stdio::null());
        command.spawn().map_err(|error| format!("cannot start the door: {error}"))
    }

    /// The command `portreeve`, for this door.
    pub(super) fn command(&self, word: &str) -> Command {
        let mut command = Command::new(self.bins.join("portreeve"));
        command.arg("--root").arg(&self.dir).arg(word);
        command
    }

    /// Whether the door is open.
    pub(super) fn answers(&self) -> bool {
        let mut status = self.command("status");
        status.stderr(Stdio::null()).output().is_ok_and(|output| {
            let text = String::from_utf8_lossy(&output.stdout);
            let listens = |port: u16| text.contains(&format!("127.0.0.1:{port}"));
            output.status.success() && [self.ssh, self.echo, self.trap].into_iter().all(listens)
        })
    }

    /// ssh to the door.
    pub(super) fn ssh(&self) -> Vec<String> {
        let file = |name: &str| self.dir.join(name).display().to_string();
        let known = format!("UserKnownHostsFile={}", file("known_hosts"));
        let port = self.ssh.to_string();
        let whom = format!("{}@127.0.0.1", self.user);
        let words = ["ssh", "-p", &port, "-i", &file("user_key"), "-F", "none", "-o", &known];
        let more = ["-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", &whom];
        words.iter().chain(&more).map(|word| (*word).to_owned()).collect()
    }

    /// What to try.
    pub(super) fn guide(&self) -> String {
        let portreeve =
            format!("{} --root {}", self.bins.join("portreeve").display(), self.dir.display());
        format!(
            "\nThe door is open on 127.0.0.1. In another terminal, try:\n\n\
             \x20 a login     {}\n\
             \x20 the echo    bash -c 'exec 3<>/dev/tcp/127.0.0.1/{}; echo hello >&3; head -1 <&3'\n\
             \x20 the trap    bash -c 'exec 3<>/dev/tcp/127.0.0.1/{}; cat <&3'\n\
             \x20             (recorded; nobody is banned here, since the peer is this host itself)\n\
             \x20 a stranger  {portreeve} explain echo 203.0.113.7\n\
             \x20 the state   {portreeve} status\n",
            self.ssh().join(" "),
            self.echo,
            self.trap,
        )
    }

    pub(super) fn remove(&self) {
        // a leftover in the temporary folder is no failure of the demo
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// The port people know from the documentation, or any free one.
fn port(usual: u16) -> u16 {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, usual))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    bound.and_then(|listener| listener.local_addr()).map_or(usual, |address| address.port())
}
