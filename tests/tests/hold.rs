//! A door that holds: grace, idle limits and keep-alives around real logins, and refusals as the
//! owner wants them.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test, which measures time")]

#[path = "hold/idle.rs"]
mod idle;
#[path = "hold/logins.rs"]
mod logins;
#[path = "hold/refusals.rs"]
mod refusals;

use portreeve_testkit::{Running, World, wait_for};
use portreeve_tests::{Door, SOON};
use serde_json::Value;
use std::io::Write;
use std::process::{ChildStdin, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for what takes some seconds when nothing else runs.
const LATER: Duration = Duration::from_secs(90);

fn world() -> World {
    let world = World::standard();
    world.ssh_keys();
    world
}

/// sshd behind the door, watched, with further options of its own and further keys.
fn ssh(options: &str, keys: &str) -> String {
    format!(
        "[service.ssh]\nlisten = [\"192.168.0.1:22\", \"[2001:db8::1]:22\"]\n\
         run = [\"/usr/sbin/sshd\", \"-i\", \"-e\"{options}]\nuser = \"root\"\nwatch = \"sshd\"\n{keys}"
    )
}

/// A login that stays, and says what is typed.
struct Login {
    program: Running,
    input: ChildStdin,
    session: u64,
}

impl Login {
    /// Logs in from a client and waits until the door knows that it has authenticated.
    fn new(world: &World, door: &Door<'_>, client: &str, address: &str, remote: &str) -> Self {
        let known = authenticated(door);
        let mut command = world.ssh_command(client, "thisuser", "thisuser", address, 22);
        command.stdin(Stdio::piped()).arg(remote);
        let name = format!("ssh-{client}-{}", known.len());
        let mut program = world.start(&name, command);
        let input = program.take_stdin().unwrap();
        let new = || authenticated(door).into_iter().find(|number| !known.contains(number));
        let session = portreeve_testkit::poll_for(LATER, "a login to authenticate", new);
        Self { program, input, session }
    }

    fn types(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Types a line and waits until the other side has said it again.
    fn answers(&mut self, line: &str) {
        self.types(line);
        wait_for(SOON, format!("the login to say {line}"), || self.program.stdout().contains(line));
    }
}

fn authenticated(door: &Door<'_>) -> Vec<u64> {
    let events = door.events();
    let of = events.iter().filter(|event| event["event"] == "authenticated");
    of.filter_map(|event| event["session"].as_u64()).collect()
}

/// The events of one kind about a session, as the log has them.
fn told(door: &Door<'_>, kind: &str, session: u64) -> Vec<Value> {
    let of = |event: &Value| event["event"] == kind && event["session"] == session;
    door.events().into_iter().filter(of).collect()
}

/// Waits until a session is over, and returns what was told of its end.
fn over(door: &Door<'_>, session: u64) -> Value {
    let look = || told(door, "session-ended", session).pop();
    portreeve_testkit::poll_for(LATER, format!("session {session} to end"), look)
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// How long it takes until a deed is done.
fn timed<T>(deed: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (deed(), start.elapsed())
}
