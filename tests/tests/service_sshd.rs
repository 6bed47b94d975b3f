//! OpenSSH under daemontools and ucspi-tcp, as its manual has it, line by line in a temporary root:
//! with the ancestors' commands, with ours under their svscan, and with ours alone.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

use portreeve_testkit::{Root, wait_for};
use portreeve_tests::{SOON, example};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

/// Where our commands are.
const OURS: &str = "/opt/portreeve";

/// Which commands a service is kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum House {
    Theirs,
    /// Ours, under the ancestor's svscan.
    Mixed,
    Ours,
}

impl House {
    fn path(self) -> String {
        let theirs = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        if self == Self::Theirs { theirs.into() } else { format!("{OURS}:{theirs}") }
    }

    fn svscan(self) -> String {
        if self == Self::Ours { format!("{OURS}/svscan") } else { "/usr/bin/svscan".into() }
    }
}

/// The host, as the manual leaves it.
struct Stage {
    root: Root,
    house: House,
    svscan: Child,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.svscan.kill();
        let _ = self.svscan.wait();
        if std::thread::panicking() {
            let log = self.logged();
            let said = std::fs::read_to_string(self.root.dir().join("said")).unwrap_or_default();
            let all = self.root.bash("ps axf");
            portreeve_tests::figures(&format!("{said}\n{all}"));
            portreeve_tests::figures(&format!("{:?}\n{log}", self.house));
        }
    }
}

impl Stage {
    fn new(house: House) -> Self {
        let root = Root::new();
        root.bash(
            "echo 'sshlog:x:59100:59100::/nonexistent:/usr/sbin/nologin' >>/etc/passwd\n\
                   echo 'sshlog:x:59100:' >>/etc/group\n\
                   mkdir -p /opt/portreeve && portreeve-tools install /opt/portreeve",
        );
        let svscan = svscan(&root, house);
        Self { root, house, svscan }
    }

    /// Lines of the manual, with this house's commands.
    fn typed(&self, lines: &str) -> String {
        self.root.bash(&format!("PATH={}\n{lines}", self.house.path()))
    }

    fn svstat(&self) -> Vec<(u32, u64)> {
        let told = self.typed("svstat /service/sshd /service/sshd/log || true");
        let parse = |line: &str, name: &str| -> Option<(u32, u64)> {
            let rest = line.strip_prefix(name)?.strip_prefix(": up (pid ")?;
            let (pid, rest) = rest.split_once(") ")?;
            Some((pid.parse().ok()?, rest.strip_suffix(" seconds")?.parse().ok()?))
        };
        let names = ["/service/sshd", "/service/sshd/log"];
        told.lines().zip(names).filter_map(|(line, name)| parse(line, name)).collect()
    }

    /// Both are up for more than a second: the numbers of their processes.
    fn up(&self) -> [u32; 2] {
        let mut pids = [0; 2];
        wait_for(SOON, "both to be up for more than a second", || match *self.svstat() {
            [(first, age), (second, other)] if age > 1 && other > 1 => {
                pids = [first, second];
                true
            }
            _ => false,
        });
        pids
    }

    /// A login from an address, to another: what `id -un` says there.
    fn ssh(&self, from: &str, to: &str, words: &[&str]) -> Command {
        let key = self.root.keys().user("thisuser").display().to_string();
        let mut command = self.root.command("timeout");
        command.args(["120", "ssh", "-n", "-i", &key, "-b", from]);
        for option in [
            "BatchMode=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "ConnectTimeout=60",
        ] {
            command.args(["-o", option]);
        }
        command.arg(format!("thisuser@{to}")).args(words);
        command
    }

    fn login(&self, from: &str, to: &str) -> (Option<i32>, String) {
        let output = self.ssh(from, to, &["id", "-un"]).output().expect("run ssh");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn logs_in(&self, from: &str, to: &str) {
        assert_eq!(self.login(from, to), (Some(0), "thisuser\n".into()), "{:?} {from}", self.house);
    }

    /// Processes of this name that run, as they number themselves.
    fn processes(&self, name: &str) -> Vec<u32> {
        let told = self.root.run(&["ps", "-C", name, "-o", "pid=,stat="]).stdout;
        let told = String::from_utf8_lossy(&told).into_owned();
        let runs = told.lines().filter(|line| !line.contains('Z'));
        runs.filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
    }

    /// Listeners of the service's port.
    fn listeners(&self) -> usize {
        let told = self.typed("ss -Hltn 'sport = :22' || true");
        told.lines().count()
    }

    fn kill(&self, pid: u32) {
        self.typed(&format!("kill -9 {pid}"));
    }

    /// What the logger has written.
    fn logged(&self) -> String {
        self.root.read("/var/service/sshd/log/main/current")
    }
}

/// Starts the house's svscan.
fn svscan(root: &Root, house: House) -> Child {
    let mut command = root.command("env");
    command.args([&format!("PATH={}", house.path()), &house.svscan(), "/service"]);
    let said = std::fs::File::options().create(true).append(true).open(root.dir().join("said"));
    command.stdout(Stdio::null()).stderr(said.expect("a file"));
    command.spawn().expect("start svscan")
}

/// What the manual has an administrator type.
fn set_up(stage: &Stage) {
    stage.typed(
        "mkdir -m 1755 /var/service/sshd\n\
         mkdir -p -m 755 /var/service/sshd/log\n\
         install -d -o sshlog /var/service/sshd/log/main",
    );
    for name in ["run", "log/run"] {
        let text = example(&format!("seed-1-daemontools/sshd/{name}"));
        stage.root.write(&format!("/var/service/sshd/{name}"), text, 0o755);
    }
    for name in ["ssh", "Makefile"] {
        let text = example(&format!("seed-1-tcprules/{name}"));
        stage.root.write(&format!("/etc/tcp/{name}"), text, 0o644);
    }
    assert_eq!(stage.root.read("/etc/tcp/ssh"), ":allow\n");
    let made = stage.typed("cd /etc/tcp; make");
    assert_eq!(made, "tcprules ssh.cdb ssh.tmp < ssh\n");
    stage.typed("ln -s /var/service/sshd /service/");
}

fn lived_through(house: House) {
    let mut stage = Stage::new(house);
    set_up(&stage);
    let [server, logger] = stage.up();
    stage.logs_in("127.0.0.5", "127.0.0.1");
    wait_for(SOON, "the log", || {
        let log = stage.logged();
        log.contains("tcpserver: ok ") && log.contains("Accepted publickey for thisuser")
    });
    assert!(
        stage.logged().lines().all(|line| line.starts_with("@4") && line.as_bytes()[25] == b' ')
    );

    // an address is denied, by the next connection
    stage.root.write("/etc/tcp/ssh", "127.0.0.9:deny\n127.1.:deny\n:allow\n", 0o644);
    stage.typed("touch -d '+1 minute' /etc/tcp/ssh; make -C /etc/tcp");
    assert_eq!(stage.login("127.0.0.9", "127.0.0.1").0, Some(255));
    assert_eq!(stage.login("127.1.2.3", "127.0.0.1").0, Some(255));
    stage.logs_in("127.0.0.5", "127.0.0.1");
    wait_for(SOON, "the refusal in the log", || {
        stage
            .logged()
            .lines()
            .any(|line| line.contains("tcpserver: deny ") && line.contains(":127.0.0.9:"))
    });
    if house != House::Theirs {
        stage.logs_in("::1", "::1");
    }

    // its limits are those of the run script
    let limits = stage.root.read(&format!("/proc/{server}/limits"));
    let limit =
        |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap_or("").to_owned();
    assert!(limit("Max data size").contains(" 200000000 "), "{limits}");
    assert!(limit("Max open files").contains(" 1024 "), "{limits}");

    // the listener is killed: who is in stays in, and the next one is let in
    let mut held = stage.ssh("127.0.0.5", "127.0.0.1", &["cat"]);
    held.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut held = without_n(&mut held).spawn().expect("run ssh");
    let mut input = held.stdin.take().expect("a pipe");
    let mut output = BufReader::new(held.stdout.take().expect("a pipe"));
    let mut echo = |word: &str| {
        writeln!(input, "{word}").expect("say it");
        let mut line = String::new();
        output.read_line(&mut line).expect("hear it");
        assert_eq!(line, format!("{word}\n"));
    };
    echo("before");
    stage.kill(server);
    wait_for(SOON, "another listener", || {
        stage.svstat().first().is_some_and(|(now, _)| *now != server)
    });
    let [next, same] = stage.up();
    assert!(next != server && same == logger, "{next} {same}");
    stage.logs_in("127.0.0.5", "127.0.0.1");
    echo("after the listener");

    // its supervisor is killed, and comes back
    supervisors_die(&stage, [next, logger]);
    stage.logs_in("127.0.0.5", "127.0.0.1");
    assert_eq!(stage.login("127.0.0.9", "127.0.0.1").0, Some(255));
    echo("after the supervisor");
    if house == House::Ours {
        the_keeper_dies(&mut stage);
        echo("after the keeper");
    }
    drop(input);
    assert!(held.wait().expect("its end").success());
}

/// The same command with its input.
fn without_n(command: &mut Command) -> Command {
    let mut same = Command::new(command.get_program());
    same.args(command.get_args().filter(|word| *word != "-n"));
    same.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            same.env(name, value);
        }
    }
    same
}

/// Every supervisor is killed. Ours finds its service; the ancestor's begins a second one, which can
/// neither listen nor lock the log before the first has been ended by hand.
fn supervisors_die(stage: &Stage, [server, logger]: [u32; 2]) {
    // of ours alone, it is one process for all services
    let (name, count) =
        if stage.house == House::Ours { ("svscan-worker", 1) } else { ("supervise", 2) };
    let before = stage.processes(name);
    assert_eq!(before.len(), count);
    for pid in &before {
        stage.kill(*pid);
    }
    wait_for(SOON, "other supervisors", || {
        let now = stage.processes(name);
        now.len() == count && !now.iter().any(|pid| before.contains(pid))
    });
    stage.logs_in("127.0.0.5", "127.0.0.1");
    if stage.house == House::Theirs {
        stage.kill(server);
        stage.kill(logger);
        wait_for(SOON, "others", || {
            let now = stage.svstat();
            now.len() == 2 && now[0].0 != server && now[1].0 != logger
        });
        let [next, after] = stage.up();
        assert!(next != server && after != logger);
    } else {
        assert_eq!(stage.up(), [server, logger], "those that run are kept");
        assert_eq!(stage.processes("tcpserver").len(), 1);
    }
    assert_eq!(stage.listeners(), 1);
}

/// Both of the keeper's processes are killed at once, and whoever runs it starts it again.
fn the_keeper_dies(stage: &mut Stage) {
    let before = stage.up();
    let keepers = [stage.processes("svscan"), stage.processes("svscan-worker")].concat();
    assert_eq!(keepers.len(), 2);
    stage.typed(&format!("kill -9 {} {}", keepers[0], keepers[1]));
    stage.svscan.wait().expect("its end");
    stage.svscan = svscan(&stage.root, stage.house);
    wait_for(SOON, "the next keeper", || stage.processes("svscan-worker").len() == 1);
    assert_eq!(stage.up(), before, "those that run are adopted");
    stage.logs_in("127.0.0.5", "127.0.0.1");
    assert_eq!(stage.processes("tcpserver").len(), 1);
}

#[test]
fn with_ours_alone() {
    lived_through(House::Ours);
}

#[test]
fn with_the_ancestors_commands() {
    lived_through(House::Theirs);
}

#[test]
fn with_ours_under_the_ancestors_svscan() {
    lived_through(House::Mixed);
}
