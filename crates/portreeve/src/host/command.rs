//! Running the host's own programs: argument lists, no shell, bounded in time and in what is read.

use super::words::line;
use portreeve_sys::clock::monotonic;
use portreeve_sys::file::read_bounded;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// Pause between two looks at a program that runs.
const PAUSE: Duration = Duration::from_millis(10);

/// The most that is read of what a program says.
const MOST_OUTPUT: u64 = 1 << 20;
const MOST_ERRORS: usize = 64 << 10;

/// The most of it that is repeated.
const MOST_REPEATED: usize = 400;

/// Where programs are looked for when the caller's environment does not say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How a deed may end that was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// It must end in time.
    Never,
    /// A program that goes on in the foreground has started what it should.
    Allowed,
}

fn command(words: &[String]) -> Option<Command> {
    let (program, arguments) = words.split_first()?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller's own tools, as the caller, shown before they are run"
    )]
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    if std::env::var_os("PATH").is_none() {
        command.env("PATH", PATH);
    }
    Some(command)
}

fn ended(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let deadline = monotonic() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if monotonic() < deadline => thread::sleep(PAUSE),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// What a program writes to standard output, if it succeeds in time.
pub(crate) fn output(words: &[String], patience: Duration) -> Option<String> {
    let mut command = command(words)?;
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let stdout = child.stdout.take()?;
    // read beside the wait: a pipe that is full would keep the program from ending
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.take(MOST_OUTPUT).read_to_end(&mut bytes).map(|_| bytes)
    });
    let status = ended(&mut child, patience);
    if status.is_none() {
        let _gone_meanwhile = child.kill();
        let _reaped = child.wait();
    }
    let bytes = reader.join().ok()?.ok()?;
    status.filter(ExitStatus::success)?;
    String::from_utf8(bytes).ok()
}

/// Runs a program to its end; what it writes goes to the file `said`.
///
/// # Errors
/// It cannot be started, fails, or does not end in time; with the last of what it said.
pub(crate) fn run(
    words: &[String],
    patience: Duration,
    lasting: Lasting,
    said: &Path,
) -> Result<(), String> {
    let shown = line(words);
    let mut command = command(words).ok_or("no program is named")?;
    let file = File::create(said).map_err(|e| format!("cannot write `{}`: {e}", said.display()))?;
    let copy = file.try_clone().map_err(|e| e.to_string())?;
    // A group of its own: what is meant for our terminal or our group is not meant for a daemon
    // that it starts.
    command.stdout(file).stderr(copy).process_group(0);
    let mut child = command.spawn().map_err(|e| format!("cannot run `{shown}`: {e}"))?;
    match ended(&mut child, patience) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("`{shown}` failed ({status}){}", last_words(said))),
        None if lasting == Lasting::Allowed => Ok(()),
        None => {
            let _gone_meanwhile = child.kill();
            let _reaped = child.wait();
            Err(format!("`{shown}` did not end within {patience:?}{}", last_words(said)))
        }
    }
}

/// Starts a program and leaves it to itself.
///
/// # Errors
/// It cannot be started.
pub(crate) fn leave(words: &[String]) -> io::Result<()> {
    let mut command = command(words).ok_or(ErrorKind::InvalidInput)?;
    command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    command.spawn().map(drop)
}

fn last_words(said: &Path) -> String {
    let bytes = read_bounded(said, MOST_ERRORS).map(|content| content.bytes).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    let from = text.len().saturating_sub(MOST_REPEATED);
    match (from..=text.len()).find_map(|at| text.get(at..)) {
        Some(last) if !last.is_empty() => format!(": {last}"),
        Some(_) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_program_that_fails_says_why_and_one_that_hangs_is_ended() {
        let said = std::env::temp_dir().join(format!("portreeve-command-{}", std::process::id()));
        let long = Duration::from_secs(20);
        let run = |list: &[&str], patience, lasting| run(&words(list), patience, lasting, &said);
        assert_eq!(run(&["true"], long, Lasting::Never), Ok(()));
        let failed = run(&["sh", "-c", "echo no such unit >&2; exit 3"], long, Lasting::Never);
        let failed = failed.unwrap_err();
        assert!(
            failed.contains("exit status: 3") && failed.ends_with(": no such unit"),
            "{failed}"
        );
        let short = Duration::from_millis(50);
        assert!(run(&["sleep", "60"], short, Lasting::Never).unwrap_err().contains("within"));
        assert!(
            run(&["/no/such/program"], long, Lasting::Never).unwrap_err().contains("cannot run")
        );
        assert_eq!(output(&words(&["echo", "yes"]), long), Some("yes\n".into()));
        assert_eq!(output(&words(&["false"]), long), None);
        assert_eq!(output(&words(&["sleep", "60"]), short), None);
        let _ = std::fs::remove_file(said);
    }
}
