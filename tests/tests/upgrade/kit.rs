//! Knocking all the time, and sessions that talk.

use portreeve_testkit::{Running, World, poll_for, read_to_end_bounded, read_until, wait_for};
use portreeve_tests::{SOON, command, events, figures};
use serde_json::Value;
use std::io::Write;
use std::net::TcpStream;
use std::process::{ChildStdin, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Knockers at a time.
const KNOCKERS: usize = 8;
/// The most they knock in one test.
const MOST: u64 = 60_000;
/// A thousand connects a second in all, where the machine can.
const PAUSE: Duration = Duration::from_millis(4);

/// What came of all the knocking.
#[derive(Debug, Default)]
pub(crate) struct Knocks {
    served: AtomicU64,
    failed: AtomicU64,
    stop: AtomicBool,
}

impl Knocks {
    /// Connects that were served whole so far.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    fn knock(&self, to: &str, want: &str) {
        while !self.stop.load(Ordering::Relaxed) && self.served() < MOST {
            let got = match TcpStream::connect_timeout(&to.parse().unwrap(), SOON) {
                Ok(stream) => read_to_end_bounded(&stream, 1 << 16, SOON).text(),
                Err(error) => error.to_string(),
            };
            if got == want {
                self.served.fetch_add(1, Ordering::Relaxed);
            } else {
                self.failed.fetch_add(1, Ordering::Relaxed);
                figures(&format!("a connect was answered {got:?}"));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// Runs `deeds` while everybody knocks at `to`, which answers `want`; none may fail.
#[expect(clippy::disallowed_methods, reason = "a test, which measures time")]
pub(crate) fn while_knocking(
    world: &World,
    what: &str,
    to: &str,
    want: &str,
    deeds: impl FnOnce(&Knocks),
) {
    let knocks = Knocks::default();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..KNOCKERS {
            scope.spawn(|| world.within("lan", || knocks.knock(to, want)));
        }
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| deeds(&knocks)));
        knocks.stop.store(true, Ordering::Relaxed);
        if let Err(panic) = done {
            std::panic::resume_unwind(panic);
        }
    });
    let (served, failed) = (knocks.served(), knocks.failed.load(Ordering::Relaxed));
    let rate = served as f64 / start.elapsed().as_secs_f64();
    figures(&format!("{what}: {served} connects served, {failed} failed, {rate:.0} a second"));
    assert_eq!(failed, 0, "{what}");
    assert!(served > 0, "{what}");
}

/// Says a word to an echoing session and hears it back.
pub(crate) fn talk(peer: &mut TcpStream, word: &str) {
    peer.write_all(format!("{word}\n").as_bytes()).unwrap();
    assert_eq!(read_until(peer, b"\n", SOON).text(), format!("{word}\n"));
}

/// A login with real ssh that echoes what it is told.
pub(crate) struct Login {
    ssh: Running,
    input: ChildStdin,
    said: String,
}

impl Login {
    /// Logs in as `thisuser` at the door's port 22.
    pub(crate) fn new(world: &World) -> Self {
        let mut command = world.ssh_command("lan", "thisuser", "thisuser", "192.168.0.1", 22);
        command.arg("cat").stdin(Stdio::piped());
        let mut ssh = world.start("ssh", command);
        let input = ssh.take_stdin().unwrap();
        let mut login = Self { ssh, input, said: String::new() };
        login.say("hello");
        login
    }

    /// Says a word, and waits until it comes back.
    pub(crate) fn say(&mut self, word: &str) {
        self.said += &format!("{word}\n");
        writeln!(self.input, "{word}").unwrap();
        self.input.flush().unwrap();
        wait_for(SOON, format!("`{word}` to come back over ssh"), || {
            self.ssh.stdout() == self.said
        });
    }

    /// Logs out.
    pub(crate) fn end(mut self) {
        drop(self.input);
        assert!(self.ssh.wait(SOON).success());
    }
}

/// What `portreeve status --json` says of a service.
pub(crate) fn service(world: &World, key: &str) -> Value {
    let output = command(world, &["status", "--json"]);
    let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let services = status["services"].as_array().cloned().unwrap_or_default();
    services.into_iter().find(|s| s["key"] == key).unwrap_or_default()
}

/// Waits for an event that fits.
pub(crate) fn expect(world: &World, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let look = || events(world).into_iter().find(|e| e["event"] == kind && fits(e));
    poll_for(SOON, format!("an event {kind}"), look)
}
