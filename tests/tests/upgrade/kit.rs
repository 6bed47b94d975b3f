//! Knocking all the time, and sessions that talk.

use portreeve_testkit::{Running, World, read_to_end_bounded, read_until, wait_for};
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
    /// Those among them that were taken, and then closed without a word.
    dropped: AtomicU64,
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
                self.dropped.fetch_add(u64::from(got.is_empty()), Ordering::Relaxed);
                figures(&format!("a connect was answered {got:?}"));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// Runs `deeds` while everybody knocks at `to`, which answers `want`; none may fail.
pub(crate) fn while_knocking(
    world: &World,
    what: &str,
    to: &str,
    want: &str,
    deeds: impl FnOnce(&Knocks),
) {
    let knocks = knocked(world, what, [to, want], deeds);
    assert_eq!(knocks.failed.into_inner(), 0, "{what}");
}

/// As [`while_knocking`], with so many crashes: none may be refused, but what the door had taken
/// and not yet given to a program is dropped with it, of each knocker one at most.
pub(crate) fn while_knocking_at_crashes(
    world: &World,
    crashes: u64,
    to: &str,
    want: &str,
    deeds: impl FnOnce(&Knocks),
) {
    let knocks = knocked(world, "crashes", [to, want], deeds);
    let (failed, dropped) = (knocks.failed.into_inner(), knocks.dropped.into_inner());
    assert_eq!(failed, dropped, "somebody was refused");
    assert!(dropped <= crashes * KNOCKERS as u64, "{dropped} were dropped");
}

#[expect(clippy::disallowed_methods, reason = "a test, which measures time")]
fn knocked(
    world: &World,
    what: &str,
    [to, want]: [&str; 2],
    deeds: impl FnOnce(&Knocks),
) -> Knocks {
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
    assert!(served > 0, "{what}");
    knocks
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
#[expect(clippy::disallowed_methods, reason = "a test, which waits")]
pub(crate) fn expect(world: &World, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + SOON;
    loop {
        let kin: Vec<Value> =
            events(world).into_iter().filter(|event| event["event"] == kind).collect();
        if let Some(found) = kin.iter().find(|event| fits(event)) {
            return found.clone();
        }
        assert!(Instant::now() < end, "waited in vain for an event {kind}; there are {kin:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
