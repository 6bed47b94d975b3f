//! Hosts whose port 22 a real sshd has: by Debian's init script, by units, by hand.

use portreeve_testkit::{Running, World, poll_for, wait_for};
use portreeve_tests::{Door, SOON};
use serde_json::Value;
use std::process::Output;
use std::time::Duration;

/// Longest wait for a whole takeover.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// The door's configuration: what sshd has, and a service of its own to open with.
pub(crate) const CONFIGURATION: &str = "\
[service.echo]
listen = [\"192.168.0.1:7\"]
internal = \"echo\"
[service.ssh]
listen = [\"0.0.0.0:22\", \"[::]:22\"]
run = [\"/usr/sbin/sshd\", \"-i\", \"-e\"]
watch = \"sshd\"
";

/// Stands in for the service manager: starts and stops a real sshd, or a listener that starts one
/// for each connection, and keeps masks in files.
const SYSTEMCTL: &str = include_str!("systemctl.sh");

/// Listens as the service manager would for `ssh.socket`, and starts what it should.
const LISTENER: &str = include_str!("listener.py");

/// Starts a program as a unit of its own.
const SYSTEMD_RUN: &str = "#!/bin/sh\n\
    echo \"$*\" >>/run/units/systemd-run\n\
    while [ \"$1\" != -- ]; do shift; done; shift\n\
    exec setsid -f \"$@\" </dev/null >/dev/null 2>&1\n";

/// A host with keys for real logins, whose sshd writes the pid file that Debian's does.
pub(crate) fn world() -> World {
    let world = World::standard();
    world.ssh_keys();
    let text = world.read("/etc/ssh/sshd_config");
    world.write("/etc/ssh/sshd_config", text.replace("PidFile none", "PidFile /run/sshd.pid"));
    world
}

/// One whose sshd Debian's own script has started.
pub(crate) fn by_init_script() -> World {
    let world = world();
    world.door_run(&["/etc/init.d/ssh", "start"]);
    wait_for(SOON, "sshd", || login(&world, "true").status.success());
    world
}

/// One with a service manager that has started these units.
pub(crate) fn by_units(units: &[&str]) -> World {
    let world = world();
    world.overlay("/usr/local/sbin");
    world.write_program("/usr/local/sbin/systemctl", SYSTEMCTL);
    world.write_program("/usr/local/sbin/systemd-run", SYSTEMD_RUN);
    world.write("/run/units/listener.py", LISTENER);
    world.door_run(&["mkdir", "-p", "/run/systemd/system"]);
    for unit in units {
        world.door_run(&["systemctl", "start", unit]);
    }
    wait_for(SOON, "sshd", || login(&world, "true").status.success());
    world
}

/// One whose sshd somebody has started by hand.
pub(crate) fn by_hand() -> World {
    let world = world();
    world.door_run(&["/usr/sbin/sshd"]);
    wait_for(SOON, "sshd", || login(&world, "true").status.success());
    world.door_run(&["mv", "/run/sshd.pid", "/run/by-hand"]);
    world
}

/// Opens the door before it has port 22.
pub(crate) fn door(world: &World) -> Door<'_> {
    Door::native(world, CONFIGURATION)
}

/// A real login of root's that runs a command.
pub(crate) fn login(world: &World, command: &str) -> Output {
    world.ssh("lan", "root", "root", "192.168.0.1", 22, command)
}

/// The command's path on the host.
pub(crate) fn portreeve(world: &World) -> String {
    world.bin("portreeve").display().to_string()
}

/// Starts a takeover and leaves it to itself.
pub(crate) fn start(world: &World, args: &[&str]) -> Running {
    let mut command = world.door(world.bin("portreeve"));
    command.args(["takeover", "ssh"]).args(args);
    world.start("takeover", command)
}

/// Waits until the takeover is in that phase, and gives its state.
pub(crate) fn phase(world: &World, wanted: &str) -> Value {
    poll_for(LONG, format!("the takeover to be {wanted}"), || {
        let state = state(world)?;
        (state["phase"] == wanted).then_some(state)
    })
}

/// The takeover's state, once there is one.
pub(crate) fn state(world: &World) -> Option<Value> {
    let path = "/run/portreeve/takeover/state.json";
    world.exists(path).then(|| serde_json::from_str(&world.read(path)).ok())?
}

/// Whether the door is what listens: by a login that it admitted.
pub(crate) fn admitted(door: &Door<'_>) -> u64 {
    door.service("ssh")["admitted"].as_u64().expect("a count")
}

/// The host is as it was: a real login comes in, not through the door, which says that it has given
/// the port back.
pub(crate) fn is_as_before(world: &World, door: &Door<'_>) {
    let before = admitted(door);
    let output = login(world, "id -un");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "root\n", "{output:?}");
    assert_eq!(admitted(door), before, "not through the door");
    assert!(!world.exists("/etc/ssh/sshd_not_to_be_run"));
    let listeners = door.service("ssh")["listeners"].to_string();
    assert!(listeners.contains("given back"), "{listeners}");
}

/// What a program said, both ways, in one line: where it breaks lines does not matter.
pub(crate) fn said(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    text.iter().flat_map(|text| text.split_whitespace()).collect::<Vec<_>>().join(" ")
}

/// A login that stays open and runs the lines it is given.
#[derive(Debug)]
pub(crate) struct Shell {
    running: Running,
    input: std::process::ChildStdin,
    asked: u32,
}

impl Shell {
    /// Logs in.
    pub(crate) fn open(world: &World) -> Self {
        let mut command = world.ssh_command("lan", "root", "root", "192.168.0.1", 22);
        command.stdin(std::process::Stdio::piped()).arg("sh");
        let mut running = world.start("shell", command);
        let input = running.take_stdin().expect("its input");
        let mut shell = Self { running, input, asked: 0 };
        assert_eq!(shell.run("true"), 0);
        shell
    }

    /// Runs a line there; its exit status.
    pub(crate) fn run(&mut self, line: &str) -> i32 {
        self.asked += 1;
        let mark = format!("ended-{}=", self.asked);
        let line = format!("{line} 2>&1\necho {mark}$?\n");
        std::io::Write::write_all(&mut self.input, line.as_bytes()).expect("the shell reads");
        poll_for(LONG, "the shell's answer", || {
            let text = self.running.stdout();
            text.lines().find_map(|line| line.strip_prefix(&mark)?.parse().ok())
        })
    }

    /// Runs a line there, and does not wait.
    pub(crate) fn begin(&mut self, line: &str) {
        let line = format!("{line}\n");
        std::io::Write::write_all(&mut self.input, line.as_bytes()).expect("the shell reads");
    }

    /// All that was said there.
    pub(crate) fn said(&self) -> String {
        self.running.stdout()
    }
}
