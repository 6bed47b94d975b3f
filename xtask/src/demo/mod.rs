//! A door on loopback in a folder of its own: ssh with throw-away keys, an echo, a trap.
//!
//! Nothing outside the folder changes. As root the door runs in a mount namespace in which the
//! helpers' users exist; as an ordinary user everything runs as that user. With `--once` the demo
//! tries everything itself, shows what happened and ends.

mod stage;
mod tries;

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portreeve_sys::Signal;
use portreeve_sys::signals::Signals;

use crate::cargo::cargo;
use crate::cli::say;
use crate::program::run;
use crate::setup;
use stage::Stage;

/// The first build compiles SQLite and some two hundred crates.
const BUILD: Duration = Duration::from_secs(1800);
/// The door opens at once, or something is wrong.
const OPENS: Duration = Duration::from_secs(20);

/// Whether the demo goes on until interrupted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// Until Ctrl-C.
    Open,
    /// One round of tries.
    Once,
}

/// Shows the main job on real input.
///
/// # Errors
/// What could not be built, started or done.
pub(crate) fn show(length: Length) -> Result<(), String> {
    say("building …");
    run(cargo(&["build", "--quiet", "--workspace", "--bins"]), BUILD, |_| ())?;
    setup::ssh_server()?;
    // Ctrl-C ends the events and closes the door; we stay to clear up. Children start unblocked.
    let blocked = Signals::new(&[Signal::Int]);
    let _blocked = blocked.map_err(|error| format!("cannot hold back Ctrl-C: {error}"))?;
    let stage = Stage::make()?;
    let mut door = stage.open()?;
    let outcome = present(&stage, &mut door, length);
    let stopped = stop(&stage, &mut door);
    stage.remove();
    outcome.and(stopped)
}

fn present(stage: &Stage, door: &mut Child, length: Length) -> Result<(), String> {
    let start = Instant::now();
    while !stage.answers() {
        if let Ok(Some(status)) = door.try_wait() {
            return Err(format!("the door did not open: {status}"));
        }
        if start.elapsed() > OPENS {
            return Err("the door did not open in time".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    say(stage.guide());
    match length {
        Length::Once => {
            tries::all(stage)?;
            say("\nWhat the door saw:\n");
            show_events(stage, &["--last", "50"])
        }
        Length::Open => {
            tries::login(stage)?;
            say("\nEvents as they happen (Ctrl-C ends the demo):\n");
            show_events(stage, &["--last", "50", "--follow"])
        }
    }
}

/// Shows events on our own output, in colour if that is a terminal.
fn show_events(stage: &Stage, words: &[&str]) -> Result<(), String> {
    let mut command = stage.command("events");
    command.args(words);
    // Ctrl-C reaches it too: then the demo ends, which is no failure
    let status = command.status().map_err(|error| format!("cannot show events: {error}"))?;
    let interrupted = status.code().is_none();
    if status.success() || interrupted { Ok(()) } else { Err(format!("events: {status}")) }
}

fn stop(stage: &Stage, door: &mut Child) -> Result<(), String> {
    let asked = stage.command("stop").stdout(Stdio::null()).status();
    asked.map_err(|error| format!("cannot stop the door: {error}"))?;
    let end = Instant::now() + OPENS;
    while Instant::now() < end {
        if matches!(door.try_wait(), Ok(Some(_))) {
            let _ = writeln!(std::io::stdout(), "\nThe door is closed; its folder is removed.");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = door.kill();
    let _ = door.wait();
    Err("the door did not close in time and was killed".into())
}

/// A command whose failure is told with what it wrote.
fn must(mut command: Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{name}: {}: {}", output.status, said.trim_end()))
}

/// Waits for something that the demo has caused.
fn soon(what: &str, mut look: impl FnMut() -> bool) -> Result<(), String> {
    let end = Instant::now() + OPENS;
    while !look() {
        if Instant::now() > end {
            return Err(format!("waited in vain for {what}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
