//! The test programs of the workspace, each run with an end of its own, two at a time: most of them
//! wait more than they work.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::tally::Tally;
use crate::cargo::{cargo, text};
use crate::cli::say;
use crate::program::{output, run_quietly};

/// Programs at once.
const AT_ONCE: usize = 2;

/// Longest that one may take: a hang is a failure with a name, not a wait.
const LIMIT: Duration = Duration::from_secs(600);

/// So many of the slowest are named at the end.
const SLOWEST: usize = 12;

/// A test program.
struct Program {
    /// Package and target.
    name: String,
    path: PathBuf,
    /// Its package's folder, in which cargo would run it.
    folder: PathBuf,
}

/// Builds all test programs and runs each with these variables.
///
/// # Errors
/// When they cannot be built, or one of them fails.
pub(super) fn run_all(tally: &mut Tally, environment: &[(&str, &Path)]) -> Result<(), String> {
    let words = ["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"];
    let built = output(cargo(&words))?;
    let mut programs: Vec<_> = built.lines().filter_map(program).collect();
    if programs.is_empty() {
        return Err("cargo names no test program".to_owned());
    }
    // the long ones first, so that the end is not a wait for one of them
    programs.sort_by_key(|program| !program.name.starts_with("portreeve-tests "));
    let before = tally.failed;
    let queue = Mutex::new(VecDeque::from(programs));
    let done = Mutex::new((tally, Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    // a statement of its own: the queue is not locked while the program runs
                    let Some(program) = locked(&queue).pop_front() else { break };
                    let start = Instant::now();
                    let (said, own) = run_one(&program, environment);
                    let took = start.elapsed();
                    let (tally, times) = &mut *locked(&done);
                    say(format_args!("     Running {}\n{said}", program.name));
                    tally.add(own);
                    times.push((took, program.name));
                }
            });
        }
    });
    let (tally, mut times) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    times.sort();
    for (took, name) in times.iter().rev().take(SLOWEST) {
        say(format_args!("{:>7.1} s  {name}", took.as_secs_f64()));
    }
    match tally.failed.saturating_sub(before) {
        0 => Ok(()),
        1 => Err("one has failed".to_owned()),
        many => Err(format!("{many} have failed")),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a program wrote, and how its tests went.
fn run_one(program: &Program, environment: &[(&str, &Path)]) -> (String, Tally) {
    // A service gets a signal only if nobody above it ignores it: a shell's `&` ignores two of
    // these, nohup the third. `.cargo/config.toml` has the same for tests that are run by hand.
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP,INT,QUIT").arg(&program.path);
    command.current_dir(&program.folder).env("CARGO_MANIFEST_DIR", &program.folder);
    command.envs(environment.iter().copied());
    let (mut said, mut tally) = (String::new(), Tally::default());
    let outcome = run_quietly(command, LIMIT, |line| {
        said += line;
        tally.take(line);
    });
    if let Err(why) = outcome {
        said += &format!("{}: {why}\n", program.name);
        if tally.failed == 0 {
            tally.did_not_end(&program.name);
        }
    }
    (said, tally)
}

/// The test program that a line of cargo's JSON tells of.
fn program(line: &str) -> Option<Program> {
    let message: Value = serde_json::from_str(line).ok()?;
    let path = message["executable"].as_str()?;
    if message["profile"]["test"] != Value::Bool(true) {
        return None;
    }
    let folder = Path::new(text(&message["manifest_path"])).parent()?;
    let package = text(&message["package_id"]).rsplit('/').next()?;
    let package = package
        .split_once('#')
        .map_or(package, |(folder, id)| id.split_once('@').map_or(folder, |(name, _)| name));
    let target = text(&message["target"]["name"]);
    Some(Program {
        name: format!("{package} {target}"),
        path: path.into(),
        folder: folder.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_tells_of_programs() {
        let line = |id: &str, test: bool| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"{id}","manifest_path":"/w/tests/Cargo.toml",
                "target":{{"name":"upkeep"}},"profile":{{"test":{test}}},"executable":"/t/upkeep-1"}}"#
            )
        };
        let found = program(&line("path+file:///w/tests#portreeve-tests@0.1.0", true)).unwrap();
        assert_eq!(found.name, "portreeve-tests upkeep");
        assert_eq!((found.path, found.folder), ("/t/upkeep-1".into(), "/w/tests".into()));
        let found = program(&line("path+file:///w/xtask#0.1.0", true)).unwrap();
        assert_eq!(found.name, "xtask upkeep");
        assert!(program(&line("path+file:///w/xtask#0.1.0", false)).is_none());
        assert!(program(r#"{"reason":"build-finished","success":true}"#).is_none());
        assert!(program("not JSON").is_none());
    }
}
