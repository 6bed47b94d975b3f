//! A supervisor with its services, in a process namespace of its own, with which they all end.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portreeve_sys::clock::monotonic;
use portreeve_testkit::children;
use rustix::process::{Pid, Signal, kill_process};

use super::contestants::Supervisor;
use crate::Failure;
use crate::cpu::{private_memory, sum};

/// The C programs of `reference/`, carried along.
const RESPAWN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/respawn"));
const KEPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/kept"));

/// Longest wait for all services, and for one that was killed.
const STARTING: Duration = Duration::from_secs(120);
const AGAIN: Duration = Duration::from_secs(30);

/// Between two looks, which take processor time from those who are measured.
const LOOK: Duration = Duration::from_millis(20);

/// The folders of the services.
#[derive(Debug)]
pub(crate) struct Folders {
    pub(crate) services: PathBuf,
    pub(crate) respawn: PathBuf,
    up: PathBuf,
    count: usize,
}

impl Folders {
    /// Makes so many, below a folder.
    pub(crate) fn make(dir: &Path, count: usize) -> Result<Self, Failure> {
        let fail = |error: std::io::Error| format!("in {}: {error}", dir.display());
        let services = dir.join("services");
        let (respawn, kept, up) = (dir.join("respawn"), dir.join("kept"), dir.join("up"));
        for (path, bytes) in [(&respawn, RESPAWN), (&kept, KEPT), (&up, b"")] {
            fs::write(path, bytes).map_err(fail)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(fail)?;
        }
        fs::create_dir(&services).map_err(fail)?;
        for number in 0..count {
            let folder = services.join(number.to_string());
            fs::create_dir(&folder).map_err(fail)?;
            fs::hard_link(&kept, folder.join("run")).map_err(fail)?;
        }
        Ok(Self { services, respawn, up, count })
    }

    /// Each service's.
    pub(crate) fn each(&self) -> impl Iterator<Item = PathBuf> + '_ {
        (0..self.count).map(|number| self.services.join(number.to_string()))
    }
}

/// A start that a service tells of.
#[derive(Clone, Copy, Debug)]
struct Start {
    number: usize,
    /// On the monotonic clock.
    at: Duration,
}

/// A running supervisor.
#[derive(Debug)]
pub(crate) struct Running {
    unshare: Child,
    services: PathBuf,
    begin: Duration,
    told: File,
    /// What has been read of a line.
    rest: String,
    starts: Vec<Start>,
}

impl Running {
    /// Starts it.
    pub(crate) fn start(supervisor: &Supervisor, folders: &Folders) -> Result<Self, Failure> {
        let fail = |error: std::io::Error| format!("{}: {error}", supervisor.name);
        let call = (supervisor.start)(folders)?;
        // it ends with this process, however that ends, and all that is below it with it
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "unshare"]);
        command.args(["--pid", "--fork", "--kill-child", "--"]);
        // the first process is nobody's supervisor: some do other things there
        command.args(["bash", "-c", r#""$@" & wait $!"#, "first"]);
        command.arg(call.get_program()).args(call.get_args()).env_clear();
        command.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let told = OpenOptions::new().read(true).open(&folders.up).map_err(fail)?;
        let begin = monotonic();
        let unshare = command.spawn().map_err(fail)?;
        let services = folders.services.clone();
        Ok(Self { unshare, services, begin, told, rest: String::new(), starts: Vec::new() })
    }

    /// Reads what services have told since.
    fn hear(&mut self) -> Result<(), Failure> {
        let mut text = std::mem::take(&mut self.rest);
        self.told.read_to_string(&mut text).map_err(|error| format!("read starts: {error}"))?;
        let end = text.rfind('\n').map_or(0, |end| end + 1);
        self.rest = text.split_off(end);
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok());
        for line in text.lines() {
            let mut words = line.split(' ');
            let words = (number(words.next()), number(words.next()), number(words.next()));
            let (Some(which), Some(_), Some(at)) = words else {
                return Err(format!("a service says `{line}`"));
            };
            self.starts.push(Start {
                number: usize::try_from(which).unwrap_or(usize::MAX),
                at: Duration::from_nanos(at),
            });
        }
        Ok(())
    }

    fn wait(
        &mut self,
        limit: Duration,
        what: &str,
        is: impl Fn(&[Start]) -> bool,
    ) -> Result<(), Failure> {
        let end = Instant::now() + limit;
        loop {
            self.hear()?;
            if is(&self.starts) {
                return Ok(());
            }
            if let Ok(Some(status)) = self.unshare.try_wait() {
                return Err(format!("it ended with {status}"));
            }
            if Instant::now() > end {
                return Err(format!("{what} after {} s", limit.as_secs()));
            }
            sleep(LOOK);
        }
    }

    /// Seconds from its start to the last service's.
    pub(crate) fn all_up(&mut self, folders: &Folders) -> Result<f64, Failure> {
        let count = folders.count;
        self.wait(STARTING, "not all services run", |starts| starts.len() >= count)?;
        let mut seen: Vec<usize> = self.starts.iter().map(|start| start.number).collect();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() < count || self.starts.len() > count {
            return Err(format!("{} starts of {} services", self.starts.len(), seen.len()));
        }
        let last = self.starts.iter().map(|start| start.at).max().unwrap_or_default();
        Ok(last.saturating_sub(self.begin).as_secs_f64())
    }

    /// The supervising processes: all but the services.
    pub(crate) fn family(&self) -> Vec<u32> {
        let first = children(self.unshare.id());
        let mut all: Vec<u32> = first.into_iter().flat_map(children).collect();
        let mut next = 0;
        while let Some(pid) = all.get(next) {
            let below = children(*pid);
            all.extend(below);
            next += 1;
        }
        all.retain(|pid| !is_below(*pid, &self.services));
        all
    }

    /// Kills a service, and gives the milliseconds from there to its next start.
    pub(crate) fn again(&mut self, number: usize) -> Result<f64, Failure> {
        self.hear()?;
        let before = self.starts.iter().filter(|start| start.number == number).count();
        let pid = below(&self.services.join(number.to_string()))
            .ok_or_else(|| format!("service {number} is not among the processes"))?;
        let killed = monotonic();
        let signalled = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let signalled = signalled.map(|pid| kill_process(pid, Signal::KILL));
        if !matches!(signalled, Some(Ok(()))) {
            return Err(format!("cannot kill service {number}"));
        }
        self.wait(AGAIN, "a service that was killed does not run", |starts| {
            starts.iter().filter(|start| start.number == number).count() > before
        })?;
        let start = self.starts.iter().rev().find(|start| start.number == number);
        let at = start.map(|start| start.at).unwrap_or_default();
        Ok(at.saturating_sub(killed).as_secs_f64() * 1e3)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.unshare.kill(); // with it the first process of the namespace, and so all
        let _ = self.unshare.wait();
        // the folders go next: nobody may be left in them
        let end = Instant::now() + AGAIN;
        while Instant::now() < end && below(&self.services).is_some() {
            sleep(LOOK);
        }
    }
}

/// The process whose program is below this folder, if there is one.
fn below(folder: &Path) -> Option<u32> {
    let all = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.find(|pid| is_below(*pid, folder))
}

fn is_below(pid: u32, folder: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| path.starts_with(folder))
}

/// What processes do while nothing happens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Idle {
    /// Share of one processor.
    pub(crate) busy: f64,
    /// How often a second they are woken.
    pub(crate) wakes: f64,
}

/// Watches them.
pub(crate) fn idle(family: &[u32], over: Duration) -> Idle {
    let (time, wakes) = (sum(family).own, wakes(family));
    sleep(over);
    let seconds = over.as_secs_f64();
    Idle {
        busy: (sum(family).own - time) / seconds,
        wakes: (self::wakes(family) - wakes) / seconds,
    }
}

/// Times that they have waited and gone on.
fn wakes(family: &[u32]) -> f64 {
    let of = |pid: &u32| {
        let status = portreeve_testkit::proc_status(*pid)?;
        status.get("voluntary_ctxt_switches").trim().parse::<f64>().ok()
    };
    family.iter().filter_map(of).sum()
}

/// KiB of memory that nobody shares with them, what they have read of their programs left out: the
/// kernel may drop it.
pub(crate) fn private(family: &[u32]) -> f64 {
    family.iter().map(|pid| real(usize::try_from(private_memory(*pid).dirty).unwrap_or(0))).sum()
}

/// A count as a figure.
pub(crate) fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
