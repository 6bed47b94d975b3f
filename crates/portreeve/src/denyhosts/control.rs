//! `daemon-control`: starts and stops the daemon.

use super::lock;
use super::setup::{CONFIG, read_all};
use crate::terminal;
use portreeve_sys::process::{Pid, Signal, kill};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Start,
    Stop,
    Restart,
    CondRestart,
    Status,
    Debug,
}

const VERBS: [(&str, Verb); 6] = [
    ("start", Verb::Start),
    ("stop", Verb::Stop),
    ("restart", Verb::Restart),
    ("condrestart", Verb::CondRestart),
    ("status", Verb::Status),
    ("debug", Verb::Debug),
];

/// What becomes of a stop is looked for so long.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// What a link of a run level says: `S98denyhosts` starts, `K02denyhosts` stops.
pub(super) fn of_link(name: &str) -> Option<Verb> {
    let verb = match name.as_bytes().first()? {
        b'S' => Verb::Start,
        b'K' => Verb::Stop,
        _ => return None,
    };
    let rest = name.get(1..)?.trim_start_matches(|c: char| c.is_ascii_digit());
    ["denyhosts", "daemon-control"].contains(&rest).then_some(verb)
}

/// The variables that its users edit, from the environment here.
struct Places {
    program: PathBuf,
    lock: PathBuf,
    config: String,
}

impl Places {
    fn of(own: &Path, words: &[String]) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the variables of daemon-control, by name")]
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let config = named(words).or_else(|| variable("DENYHOSTS_CFG"));
        let config = config.unwrap_or_else(|| CONFIG.to_owned());
        let lock = variable("DENYHOSTS_LOCK").map(PathBuf::from).unwrap_or_else(|| {
            let said = read_all(&config).map(|(_, settings, ..)| settings.lock_file);
            PathBuf::from(said.unwrap_or_else(|_| "/run/denyhosts.pid".to_owned()))
        });
        let program = variable("DENYHOSTS_BIN").map(PathBuf::from);
        Self { program: program.map_or_else(|| beside(own), within), lock, config }
    }

    /// The number of the process that runs; `Err` where the lock is there and no process.
    fn running(&self) -> Result<Option<i32>, ()> {
        match lock::holder(&self.lock) {
            None => Ok(None),
            Some(pid) if Path::new(&format!("/proc/{pid}")).exists() => Ok(Some(pid)),
            Some(_) => Err(()),
        }
    }
}

/// DENYHOSTS_BIN is a program, or (in old files) the folder it lies in.
fn within(path: PathBuf) -> PathBuf {
    if path.is_dir() { path.join("denyhosts") } else { path }
}

/// `denyhosts` beside this program, by whatever name it was called.
fn beside(own: &Path) -> PathBuf {
    let beside = own.with_file_name("denyhosts");
    match beside.is_file() && own.components().count() > 1 {
        true => beside,
        false => PathBuf::from("denyhosts"),
    }
}

/// The configuration that is named among words for `denyhosts`.
fn named(words: &[String]) -> Option<String> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "-c" || word == "--config" {
            return words.next().cloned();
        }
        if let Some(path) = word.strip_prefix("--config=") {
            return Some(path.to_owned());
        }
    }
    None
}

/// Runs it: `verb` where the name says it, else the first word.
pub(super) fn run(own: &Path, mut words: Vec<String>, verb: Option<Verb>) -> ExitCode {
    let asked = words.first().and_then(|word| VERBS.iter().find(|(name, _)| name == word));
    let verb = match (asked, verb) {
        (Some((_, asked)), _) => {
            words.remove(0);
            *asked
        }
        (None, Some(verb)) => verb,
        (None, None) => {
            say("Usage: daemon-control start [args...] | stop | restart [args...] | status | \
                 debug | condrestart [args...]\n\n`denyhosts --help` lists the arguments.");
            return ExitCode::SUCCESS;
        }
    };
    let places = Places::of(own, &words);
    let done = match verb {
        Verb::Start => start(&places, &words),
        Verb::Stop => {
            stop(&places);
            true
        }
        Verb::Restart => {
            stop(&places);
            start(&places, &words)
        }
        Verb::CondRestart => match places.running() {
            Ok(Some(_)) => {
                stop(&places);
                start(&places, &words)
            }
            Ok(None) | Err(()) => true,
        },
        Verb::Debug => {
            signal(&places, Signal::Usr1, "SIGUSR1");
            true
        }
        Verb::Status => {
            status(&places);
            true
        }
    };
    if done { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn say(text: &str) {
    let _nobody_to_tell = terminal::answer(&format!("{text}\n"));
}

fn start(places: &Places, words: &[String]) -> bool {
    let mut line = vec!["--daemon".to_owned()];
    line.extend(words.iter().cloned());
    if named(words).is_none() {
        line.push(format!("--config={}", places.config));
    }
    say(&format!("starting DenyHosts: {} {}", places.program.display(), line.join(" ")));
    #[expect(clippy::disallowed_methods, reason = "the daemon is what is to be started")]
    let mut command = Command::new(&places.program);
    match command.args(&line).stdin(Stdio::null()).status() {
        Ok(status) => status.success(),
        Err(error) => {
            say(&format!("cannot run {}: {error}", places.program.display()));
            false
        }
    }
}

fn signal(places: &Places, signal: Signal, name: &str) -> Option<i32> {
    let number = places.running().ok().flatten();
    let Some(pid) = number.and_then(Pid::from_raw) else {
        say("DenyHosts is not running");
        return None;
    };
    match kill(pid, signal) {
        Ok(()) => say(&format!("sent {name} to DenyHosts")),
        Err(error) => say(&format!("cannot send {name} to DenyHosts: {error}")),
    }
    number
}

/// Has it end, and waits until it has: what is started next finds no lock.
fn stop(places: &Places) {
    let Some(pid) = signal(places, Signal::Term, "SIGTERM") else { return };
    let deadline = portreeve_sys::clock::monotonic() + PATIENCE;
    let there = || Path::new(&format!("/proc/{pid}")).exists() && places.lock.exists();
    while there() && portreeve_sys::clock::monotonic() < deadline {
        std::thread::sleep(PAUSE);
    }
}

fn status(places: &Places) {
    say(&match places.running() {
        Ok(Some(pid)) => format!("DenyHosts is running, pid {pid}"),
        Ok(None) => "DenyHosts is not running".to_owned(),
        Err(()) => format!("{} is there, and DenyHosts is not running", places.lock.display()),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_run_levels_say_what_is_asked() {
        for (name, want) in [
            ("S98denyhosts", Some(Verb::Start)),
            ("K02denyhosts", Some(Verb::Stop)),
            ("Sdaemon-control", Some(Verb::Start)),
            ("S98sshd", None),
            ("portreeve", None),
            ("", None),
        ] {
            assert_eq!(of_link(name), want, "{name}");
        }
    }

    #[test]
    fn the_configuration_is_found_among_the_words() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (line, want) in [
            ("-n --config=/x", Some("/x")),
            ("--config /x -n", Some("/x")),
            ("-c /x", Some("/x")),
            ("-n", None),
        ] {
            assert_eq!(named(&words(line)).as_deref(), want, "{line}");
        }
    }
}
