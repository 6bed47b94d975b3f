//! A temporary host with a keeper, a door, and services that tell their lines apart.
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

use super::{Plan, Under};
use crate::{SOON, packaged};
use portreeve_testkit::{Root, wait_for};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

const DOOR: &str = "portreeved.service";
const KEEPER: &str = "portreeve-keeper.service";

/// What every service is: one that holds a lock which a second copy would find taken, and writes
/// numbered lines. It waits without a child, so that all of it dies at once.
const BODY: &str = r#"#!/bin/bash
exec 9>>/data/$1.lock
flock -w 10 9 || { echo "$1 $$" >>/data/second; exit 1; }
echo "$1 $$" >>/data/starts
exec 8<>/data/$1.nap
id=$$.$EPOCHREALTIME number=0
while :; do
	echo "$1 $id $number end"
	number=$((number + 1))
	read -t 0.05 -u 8
done
"#;

/// Shows services, their folders and processes.
const SHOWN: &str = "portreeve-tools svstat /service/* /service/*/log /run/portreeve/services/* 2>&1\n\
    tail -n 20 /run/portreeve/services/*/supervise/state /run/portreeve/services/*/plan 2>&1 | head -100\n\
    ps axf; tail -n 20 /var/log/portreeve/events.jsonl";

/// A process of the host.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// As it knows itself.
    pub(super) pid: u32,
    /// What it is called.
    pub(super) name: String,
    /// The service that it is.
    pub(super) token: Option<String>,
    /// Where it is, and there what its last argument names: of a logger its log.
    pub(super) log: PathBuf,
}

/// The host, its services by name with the folder of each one's log.
pub(super) struct Host {
    pub(super) root: Root,
    pub(super) logs: BTreeMap<String, PathBuf>,
    under: Under,
    by_hand: [Option<Child>; 2],
}

/// What can be started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Keeper,
    Door,
}

impl Host {
    /// A host as the plan has it, or why there can be none.
    pub(super) fn new(plan: &Plan) -> Result<Self, String> {
        let units = [DOOR, KEEPER].map(|unit| packaged(&format!("systemd/{unit}")));
        let root = match plan.under {
            Under::Hand => Root::new(),
            Under::Units => Root::systemd(&[(DOOR, &units[0]), (KEEPER, &units[1])], &[])?,
        };
        let mut logs = BTreeMap::new();
        let mut configuration = "[import]\nservice-directories = [\"/service\"]\n".to_owned();
        root.bash("mkdir -p /data /opt/portreeve && portreeve-tools install /opt/portreeve");
        root.write("/opt/body", BODY, 0o755);
        for number in 0..plan.services {
            let name = format!("folder{number}");
            let folder = format!("/service/{name}");
            let run = format!("#!/bin/sh\nexec env TOKEN={name} bash /opt/body {name}\n");
            root.write(&format!("{folder}/run"), run, 0o755);
            let log = "#!/bin/sh\nexec /opt/portreeve/multilog s4096 n100000 ./main\n";
            root.write(&format!("{folder}/log/run"), log, 0o755);
            logs.insert(name, PathBuf::from(format!("{folder}/log/main")));
            let name = format!("native{number}");
            write!(
                configuration,
                "[service.{name}]\nkeep = true\nuser = \"root\"\nlog = {{ size = \"4K\", files = 1000, labels = \
                 false }}\nrun = [\"/usr/bin/env\", \"TOKEN={name}\", \"bash\", \"/opt/body\", \
                 \"{name}\"]\n"
            )
            .expect("a text");
            logs.insert(name.clone(), PathBuf::from(format!("/var/log/portreeve-services/{name}")));
        }
        for name in logs.keys() {
            root.bash(&format!("mkfifo /data/{name}.nap"));
        }
        root.write("/etc/portreeve/portreeve.toml", configuration, 0o644);
        let mut host = Self { root, logs, under: plan.under, by_hand: [None, None] };
        host.start(Part::Door);
        wait_for(SOON, "the folder of services", || {
            host.root.path("/run/portreeve/services").is_dir()
        });
        host.start(Part::Keeper);
        Ok(host)
    }

    /// Starts what has died, as whoever runs it would; what still runs is left. A service manager
    /// does so by itself.
    pub(super) fn start(&mut self, part: Part) {
        let (at, unit, words): (_, _, &[&str]) = match part {
            Part::Keeper => (0, KEEPER, &["portreeve-tools", "svscan", "/run/portreeve/services"]),
            Part::Door => (1, DOOR, &["portreeved"]),
        };
        match self.under {
            Under::Units => {
                let told = self.root.run(&["systemctl", "start", unit]);
                assert!(told.status.success(), "{unit}: {told:?}");
            }
            Under::Hand => {
                // nsenter, whose child it is, ends with it. One that is still on its way to
                // the program has another name than it will have, and must not be waited for.
                let before = self.by_hand[at].as_mut().map(Child::try_wait);
                if before.is_some_and(|ended| ended.expect("a child of ours").is_none()) {
                    return;
                }
                let mut command = self.root.command(words[0]);
                command.args(&words[1..]).stdout(Stdio::null());
                let said = self.root.dir().join(format!("{unit}.said"));
                let said = fs::File::options().create(true).append(true).open(said);
                command.stderr(said.expect("a file"));
                self.by_hand[at] = Some(command.spawn().expect("start it"));
            }
        }
    }

    /// Whether somebody else starts again what has died.
    pub(super) fn restarts(&self) -> bool {
        self.under == Under::Units
    }

    /// Ends the door and the keeper for good, and all that runs besides.
    pub(super) fn end(&mut self) {
        if self.under == Under::Units {
            let told = self.root.run(&["systemctl", "stop", DOOR, KEEPER]);
            assert!(told.status.success(), "{told:?}");
        }
        wait_for(SOON, "the end of all", || {
            let left = self.processes();
            let parts = ["svscan", "svscan-worker", "portreeved", "multilog"];
            let left: Vec<_> = left
                .into_iter()
                .filter(|it| it.token.is_some() || parts.contains(&it.name.as_str()))
                .collect();
            self.kill(&left);
            left.is_empty()
        });
    }

    /// Everything that runs, but for what runs a test's own commands.
    pub(super) fn processes(&self) -> Vec<Process> {
        let read = |pid: u32| {
            let status = portreeve_testkit::proc_status(pid)?;
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let token =
                environment.split(|byte| *byte == 0).find_map(|it| it.strip_prefix(b"TOKEN="));
            let token = token.map(|token| String::from_utf8_lossy(token).into_owned());
            let folder = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let last = words.split(|byte| *byte == 0).rfind(|word| !word.is_empty());
            let last = String::from_utf8_lossy(last.unwrap_or_default()).into_owned();
            let log = folder.join(last.trim_start_matches("./"));
            let dead = status.get("State").starts_with('Z');
            let mut name = status.get("Name").to_owned();
            // the built-in one is the program of all commands, by its first argument
            if words.starts_with(b"multilog\0") {
                "multilog".clone_into(&mut name);
            }
            (!dead).then(|| Process { pid: status.inner_pid(), name, token, log })
        };
        self.root.processes().into_iter().filter_map(read).collect()
    }

    /// Kills them, all at once.
    pub(super) fn kill(&self, victims: &[Process]) {
        if victims.is_empty() {
            return;
        }
        let pids: Vec<String> = victims.iter().map(|victim| victim.pid.to_string()).collect();
        let words: Vec<&str> =
            ["kill", "-KILL"].into_iter().chain(pids.iter().map(|it| &**it)).collect();
        let _ = self.root.run(&words); // one that has just ended is dead, too
    }

    /// What was said by those that were started by hand, and how the services are.
    pub(super) fn said(&self) -> String {
        let told = self.root.run(&["bash", "-c", SHOWN]);
        let shown = String::from_utf8_lossy(&told.stdout).into_owned();
        [KEEPER, DOOR]
            .map(|unit| {
                let path = self.root.dir().join(format!("{unit}.said"));
                fs::read_to_string(path).unwrap_or_default()
            })
            .join("\n")
            + &shown
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for child in self.by_hand.iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
