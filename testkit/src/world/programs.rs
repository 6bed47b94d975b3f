//! Starting programs in the private host and at its clients.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::files::SHORT;
use super::{DOOR, PATH, World};
use crate::must::Must;
use crate::running::Running;

/// Whatever started the tests may have left descriptors open, and a umask, niceness and limits of
/// its own. Programs here find none of it; xinetd, for one, closes every descriptor up to the
/// limit, one by one. (Signals ignored from outside stay so: no shell can change that.)
const CLEAN: &str = r#"
umask 022
ulimit -n 65536
ulimit -c 0
read -ra stat </proc/$$/stat
[ "${stat[18]}" = 0 ] || renice -n 0 -p $$ >/dev/null
for open in /proc/$$/fd/*; do
    number=${open##*/}
    [ "$number" -le 2 ] || eval "exec $number>&-"
done
exec "$@"
"#;

impl World {
    /// A command that runs in the door: add arguments, environment and standard input to it, then
    /// give it to [`World::start`] or [`World::run`].
    ///
    /// It starts in `/` with no environment but a `PATH`, as root, its input empty, umask 022,
    /// niceness 0, at most 65536 descriptors, no core dumps, and no other descriptor open.
    #[must_use]
    pub fn door(&self, program: impl AsRef<OsStr>) -> Command {
        self.client(DOOR, program)
    }

    /// As [`World::door`], as an ordinary user with that user's groups and `HOME`.
    #[must_use]
    pub fn door_as(&self, user: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.door("setpriv");
        command.args(["--reuid", user, "--regid", user, "--init-groups", "--"]).arg(program);
        command.env("HOME", self.dir().join("home").join(user));
        command
    }

    /// A command that runs in the network of a client, and otherwise as [`World::door`] says.
    ///
    /// # Panics
    /// When there is no such client.
    #[must_use]
    #[track_caller]
    pub fn client(&self, name: &str, program: impl AsRef<OsStr>) -> Command {
        let _exists = self.link(name);
        let pid = self.door_pid();
        let net = match name {
            DOOR => format!("/proc/{pid}/ns/net"),
            name => format!("/proc/{pid}/root/run/netns/{name}"),
        };
        let mut command = Command::new("bash");
        command
            .args(["-c", CLEAN, "clean", "nsenter"])
            .args([format!("--target={pid}"), format!("--net={net}")])
            .args(["--mount", "--pid", "--uts", "--ipc", "--"])
            .arg(program)
            .env_clear()
            .env("PATH", PATH)
            .stdin(Stdio::null());
        command
    }

    /// Starts a command made by [`World::door`] or [`World::client`]; what it writes is kept, and
    /// printed when the test fails. It is killed when the returned value is dropped.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn start(&self, name: &str, command: Command) -> Running {
        let name = format!("{name}-{}", self.number());
        Running::start(&self.dir().join("log"), &name, command)
    }

    /// Runs such a command to its end.
    ///
    /// # Panics
    /// When it has not ended after `limit`.
    #[track_caller]
    pub fn run(&self, command: Command, limit: Duration) -> Output {
        let mut running = self.start("run", command);
        let status = running.wait(limit);
        let (stdout, stderr) = running.into_outputs();
        Output { status, stdout, stderr }
    }

    /// Runs a program in the door that must succeed, and returns what it wrote.
    ///
    /// # Panics
    /// When it fails or takes too long.
    #[track_caller]
    pub fn door_run(&self, words: &[&str]) -> String {
        let (program, arguments) = words.split_first().must("a program to run");
        let mut command = self.door(program);
        command.args(arguments);
        let output = self.run(command, SHORT);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A number not given before in this world.
    pub(crate) fn number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The pids, as the host numbers them, of everything that runs in the world.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        crate::process::of_namespace(self.door_pid())
    }
}
