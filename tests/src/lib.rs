//! End to end: real programs, ours and the ancestors' by the same script.
//!
//! [`Door`] runs the real `portreeved` with its helpers in a private host. What it did is read as
//! its owner would read it: from the event log and from the command.
#![forbid(unsafe_code)]

pub mod compare;
pub mod hours;
mod houses;
mod random;
pub mod soak;
pub mod strain;
pub mod upkeep;

pub use houses::houses;
use portreeve_testkit::{Running, World, poll_for, wait_for};
pub use random::Random;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

/// Longest wait for anything that should happen at once: long enough for a host with ten times
/// the work it can do.
pub const SOON: Duration = Duration::from_secs(60);

/// Where the event log is.
pub const EVENTS: &str = "/var/log/portreeve/events.jsonl";

/// A running door.
#[derive(Debug)]
pub struct Door<'w> {
    world: &'w World,
    running: Running,
}

impl<'w> Door<'w> {
    /// Starts one with an xinetd configuration, and waits until it is open.
    ///
    /// # Panics
    /// When it does not open.
    #[must_use]
    pub fn xinetd(world: &'w World, configuration: &str) -> Self {
        world.write("/etc/xinetd.conf", configuration);
        Self::start(world, &["--xinetd", "/etc/xinetd.conf"])
    }

    /// Starts one with a native configuration, and waits until it is open.
    ///
    /// # Panics
    /// When it does not open.
    #[must_use]
    pub fn native(world: &'w World, configuration: &str) -> Self {
        world.write("/etc/portreeve/portreeve.toml", configuration);
        Self::start(world, &[])
    }

    /// Starts one with these arguments, and waits until it is open.
    ///
    /// # Panics
    /// When it does not open.
    #[must_use]
    pub fn start(world: &'w World, args: &[&str]) -> Self {
        Self::start_with(world, args, |_| ())
    }

    /// As [`Door::start`], after a change to the command, such as its environment.
    ///
    /// # Panics
    /// When it does not open.
    #[must_use]
    pub fn start_with(world: &'w World, args: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let mut command = world.door(world.bin("portreeved"));
        command.args(args);
        change(&mut command);
        Self::run(world, command)
    }

    /// Runs a command that becomes the daemon, and waits until the door is open.
    ///
    /// # Panics
    /// When it does not open.
    #[must_use]
    pub fn run(world: &'w World, command: Command) -> Self {
        let before = events(world).len();
        let running = world.start("portreeved", command);
        let mut door = Self { world, running };
        wait_for(SOON, "the door to open", || {
            assert!(
                door.running.try_wait().is_none(),
                "portreeved ended: {}",
                door.running.stderr()
            );
            events(world).iter().skip(before).any(|e| e["event"] == "listener-up")
        });
        door
    }

    /// The daemon's pid, as the host numbers it.
    #[must_use]
    pub fn monitor(&self) -> u32 {
        self.running.pid()
    }

    /// The daemon's process.
    pub fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// Runs the command.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Output {
        command(self.world, args)
    }

    /// What `portreeve status --json` says.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn status(&self) -> Value {
        let output = self.command(&["status", "--json"]);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("status is JSON: {e}: {output:?}"))
    }

    /// One service's part of the status.
    ///
    /// # Panics
    /// When there is no such service.
    #[must_use]
    pub fn service(&self, key: &str) -> Value {
        let status = self.status();
        let services = status["services"].as_array().cloned().unwrap_or_default();
        services
            .into_iter()
            .find(|s| s["key"] == key)
            .unwrap_or_else(|| panic!("service {key} in {status:#}"))
    }

    /// Waits until a service has so many sessions.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait_sessions(&self, key: &str, count: u64) {
        wait_for(SOON, format!("{key} to have {count} sessions"), || {
            self.service(key)["sessions"] == count
        });
    }

    /// Every event so far.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        events(self.world)
    }

    /// Waits for an event of a kind that fits, and returns it.
    ///
    /// # Panics
    /// When none comes.
    pub fn expect(&self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let look = || events(self.world).into_iter().find(|e| e["event"] == kind && fits(e));
        poll_for(SOON, format!("an event {kind}"), look)
    }

    /// Stops the door: no more connections; ends with the last session.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(mut self) {
        self.running.stop(SOON);
    }
}

impl Drop for Door<'_> {
    /// What the door saw, where a test has failed.
    #[expect(clippy::print_stderr, reason = "shown with a failing test")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let events = events(self.world);
            for event in events.iter().skip(events.len().saturating_sub(40)) {
                eprintln!("{event}");
            }
        }
    }
}

/// Says how much was compared, to who runs the tests with `--nocapture`.
pub fn figures(text: &str) {
    #[expect(clippy::print_stderr, reason = "the captured output of a test")]
    {
        eprintln!("{text}");
    }
}

/// Runs the command `portreeve` on the private host.
#[must_use]
pub fn command(world: &World, args: &[&str]) -> Output {
    let mut command = world.door(world.bin("portreeve"));
    command.args(args);
    world.run(command, Duration::from_secs(60))
}

/// The event log, rotated parts first.
#[must_use]
pub fn events(world: &World) -> Vec<Value> {
    if !exists(world, EVENTS) {
        return Vec::new();
    }
    let text = world.read(EVENTS);
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn exists(world: &World, path: &str) -> bool {
    PathBuf::from(format!("/proc/{}/root{path}", world.door_pid())).exists()
}

/// A file of `examples/`.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn example(name: &str) -> String {
    ours(&format!("examples/{name}"))
}

/// A page of `docs/`.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn document(name: &str) -> String {
    ours(&format!("docs/{name}"))
}

/// A file of `packaging/`.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn packaged(name: &str) -> String {
    ours(&format!("packaging/{name}"))
}

#[expect(clippy::disallowed_methods, reason = "a file of this repository")]
fn ours(name: &str) -> String {
    let path = format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Processor time of a process so far, in clock ticks: user and system.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn processor_ticks(pid: u32) -> u64 {
    let stat = std::fs::File::open(format!("/proc/{pid}/stat")).expect("the process runs");
    let mut text = String::new();
    let read = std::io::Read::read_to_string(&mut std::io::Read::take(stat, 4096), &mut text);
    read.expect("its status can be read");
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    // after the name: state is the first field, utime the twelfth, stime the thirteenth
    rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}
