//! A small service manager: starts a daemon in a world as systemd does, hears it out, keeps what it
//! stores, and starts it again.

use std::io::Write;
use std::process::{ChildStdin, Stdio};
use std::time::Duration;

use crate::World;
use crate::must::Must;
use crate::running::Running;
use crate::wait::poll_for;

const SCRIPT: &str = include_str!("manager.py");

/// Longest wait for anything that the daemon does when told to.
const SOON: Duration = Duration::from_secs(90);

/// The manager, with its daemon.
#[derive(Debug)]
pub struct Manager {
    running: Running,
    orders: ChildStdin,
}

/// How a manager is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// Its notify socket: a path, or `@` and a name.
    pub notify: &'a str,
    /// Descriptors that it stores at most.
    pub store: usize,
    /// Addresses of sockets that it opens itself, as a socket unit does.
    pub sockets: &'a [&'a str],
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { notify: "/run/notify", store: 4096, sockets: &[] }
    }
}

impl Manager {
    /// Starts a daemon under a manager, and waits until it says that it is ready.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    #[track_caller]
    pub fn start(world: &World, setup: Setup<'_>, daemon: &[&str]) -> Self {
        let mut command = world.door("python3");
        let sockets = if setup.sockets.is_empty() { "-".into() } else { setup.sockets.join(",") };
        command.args(["-c", SCRIPT, setup.notify, &setup.store.to_string(), &sockets]);
        command.args(daemon).stdin(Stdio::piped());
        let mut running = world.start("manager", command);
        let orders = running.take_stdin().must("its standard input");
        let manager = Self { running, orders };
        manager.wait_count("ready", 1);
        manager
    }

    /// What the manager wrote down so far, a line each: `started PID with N`, `ready`, `reloading`,
    /// `stopping`, `watchdog`, `status TEXT`, `ended CODE`, `store NAME…`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.running.stdout().lines().map(str::to_owned).collect()
    }

    /// How many lines begin with a word.
    #[must_use]
    pub fn count(&self, word: &str) -> usize {
        self.lines().iter().filter(|line| line.split(' ').next() == Some(word)).count()
    }

    /// Waits until so many lines begin with a word.
    ///
    /// # Panics
    /// When they do not.
    #[track_caller]
    pub fn wait_count(&self, word: &str, count: usize) {
        poll_for(SOON, format!("{count} times `{word}` of {:?}", self.lines()), || {
            (self.count(word) >= count).then_some(())
        });
    }

    /// Gives an order: `restart`, `crash` (kills it and starts it again), `stop`, `term` (only the
    /// signal), `hup`, `store` (to list what is stored).
    ///
    /// # Panics
    /// When the manager is gone.
    #[track_caller]
    pub fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").must("the manager listens");
        self.orders.flush().must("the manager listens");
    }

    /// Restarts the daemon, or lets it crash and starts it again; waits until the new one is ready.
    ///
    /// # Panics
    /// When it does not get ready.
    #[track_caller]
    pub fn again(&mut self, order: &str) {
        let (started, ready) = (self.count("started"), self.count("ready"));
        self.order(order);
        self.wait_count("started", started + 1);
        self.wait_count("ready", ready + 1);
    }

    /// The names of what is stored now.
    ///
    /// # Panics
    /// When the manager does not answer.
    #[must_use]
    #[track_caller]
    pub fn stored(&mut self) -> Vec<String> {
        let before = self.count("store");
        self.order("store");
        self.wait_count("store", before + 1);
        let lines = self.lines();
        let last = lines.iter().rfind(|line| line.split(' ').next() == Some("store"));
        last.into_iter().flat_map(|line| line.split(' ').skip(1)).map(str::to_owned).collect()
    }
}
