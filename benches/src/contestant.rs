//! A door under test, ours or another's.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portreeve_testkit::{Running, World, children};

use crate::Failure;
use crate::client::once;
use crate::cpu;
use crate::host::Host;

/// Longest wait for a door to open.
const OPENING: Duration = Duration::from_secs(30);

/// What a door is to do with every connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Start the service.
    Serve,
    /// Close it, by the door's own access rules.
    Refuse,
}

/// How to start a door of some kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    /// What tables call it.
    pub(crate) name: &'static str,
    /// Starts one on a port. A failure names what is missing.
    pub(crate) start: fn(&Host, u16, Job) -> Result<Running, Failure>,
}

/// A running door.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    /// The process that was started, then the ones that it keeps.
    pub(crate) processes: Vec<u32>,
    running: Running,
}

impl Contestant {
    /// Children of the first connections end, helpers finish their start.
    pub(crate) const SETTLING: Duration = Duration::from_millis(300);

    /// Starts one, and waits until it does its job.
    pub(crate) fn start(host: &Host, recipe: &Recipe, job: Job) -> Result<Self, Failure> {
        let port = host.port();
        Self::await_start(host, recipe.name, port, job, || (recipe.start)(host, port, job))
    }

    /// Starts one in a way of the caller's, waits until it does its job, and [`Self::SETTLING`].
    pub(crate) fn await_start(
        host: &Host,
        name: &'static str,
        port: u16,
        job: Job,
        start: impl FnOnce() -> Result<Running, Failure>,
    ) -> Result<Self, Failure> {
        let mut running = start()?;
        await_opening(&host.world, &mut running, port, job)?;
        let pid = running.pid();
        sleep(Self::SETTLING);
        Ok(Self { name, port, processes: family(pid), running })
    }

    /// Tells it to end, and waits for that.
    pub(crate) fn stop(mut self, limit: Duration) {
        self.running.stop(limit);
    }

    /// The listening process, or the first of several.
    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// The listening processes: the first, and those that run the same program.
    pub(crate) fn listeners(&self) -> Vec<u32> {
        let program = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).ok();
        let own = program(self.pid());
        self.processes.iter().copied().filter(|pid| program(*pid) == own).collect()
    }

    /// Waits until it has nothing left to do.
    pub(crate) fn settle(&self) {
        cpu::settle(&self.processes);
    }
}

fn await_opening(world: &World, running: &mut Running, port: u16, job: Job) -> Result<(), Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let end = Instant::now() + OPENING;
    loop {
        let answer = world.within("door", || once(address, job));
        let Err(why) = answer else { return Ok(()) };
        if let Some(status) = running.try_wait() {
            return Err(format!("it ended ({status}): {}", said(running)));
        }
        if Instant::now() > end {
            return Err(format!("it does not do its job: {why}: {}", said(running)));
        }
        sleep(Duration::from_millis(20));
    }
}

fn said(running: &Running) -> String {
    let text = running.stderr() + &running.stdout();
    let lines: Vec<&str> = text.lines().rev().take(3).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}

/// A process and everything below it.
fn family(pid: u32) -> Vec<u32> {
    let below = children(pid).into_iter().flat_map(family);
    std::iter::once(pid).chain(below).collect()
}
