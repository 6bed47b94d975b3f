//! Running a program with an end: its output passed on, its whole tree killed when time is up.

use std::io::{BufRead, BufReader, PipeReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Pause between two looks at a running program.
const PAUSE: Duration = Duration::from_millis(20);

/// How long the output of a program that has ended is waited for: what it has left running may hold it.
const LINGER: Duration = Duration::from_secs(10);

/// Runs a command; each line of its standard output is passed on and shown to `see`.
///
/// # Errors
/// When it cannot be started, fails, or is still running after `limit`.
pub(crate) fn run(
    mut command: Command,
    limit: Duration,
    mut see: impl FnMut(&str),
) -> Result<(), String> {
    command.stdout(Stdio::piped());
    watch(command, None, limit, |line| {
        let _ = std::io::stdout().write_all(line);
        see(&String::from_utf8_lossy(line));
    })
}

/// Runs a command; each line of its standard output and standard error, in the order they were
/// written, is shown to `see` alone.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_quietly(
    mut command: Command,
    limit: Duration,
    mut see: impl FnMut(&str),
) -> Result<(), String> {
    let pipe = std::io::pipe().and_then(|(read, write)| Ok((read, write.try_clone()?, write)));
    let (read, out, err) = pipe.map_err(|error| format!("cannot make a pipe: {error}"))?;
    command.stdout(out).stderr(err);
    watch(command, Some(read), limit, |line| see(&String::from_utf8_lossy(line)))
}

/// Runs a command whose output comes from its own standard output, or from there.
fn watch(
    mut command: Command,
    from: Option<PipeReader>,
    limit: Duration,
    mut see: impl FnMut(&[u8]),
) -> Result<(), String> {
    let name = name(&command);
    let end = Instant::now() + limit;
    command.stdin(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("cannot run {name}: {error}"))?;
    // our ends of its pipe, which would keep it open
    drop(command);
    let (send, lines) = mpsc::channel();
    if let Some(output) = from {
        std::thread::spawn(move || read_lines(output, &send));
    } else if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || read_lines(output, &send));
    }
    let (mut open, mut ended) = (true, None);
    loop {
        match lines.recv_timeout(PAUSE) {
            Ok(line) => see(&line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                open = false;
                sleep(PAUSE);
            }
        }
        if let Some(status) = child.try_wait().map_err(|error| format!("{name}: {error}"))? {
            let since = ended.get_or_insert_with(Instant::now);
            if !open || since.elapsed() > LINGER {
                return judge(&name, status);
            }
        }
        if Instant::now() > end {
            kill_tree(child.id());
            let _ = child.wait();
            return Err(format!("{name} was still running after {} s", limit.as_secs()));
        }
    }
}

/// Runs a command and returns what it wrote to standard output.
///
/// # Errors
/// When it cannot be started or fails.
pub(crate) fn output(mut command: Command) -> Result<String, String> {
    let name = name(&command);
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cannot run {name}: {error}"))?;
    judge(&name, output.status)?;
    String::from_utf8(output.stdout).map_err(|error| format!("{name}: {error}"))
}

/// A program's name without its folder.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

fn judge(name: &str, status: ExitStatus) -> Result<(), String> {
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}")) }
}

/// Ends when every process that holds the output has closed it.
fn read_lines(output: impl std::io::Read, send: &mpsc::Sender<Vec<u8>>) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        if send.send(std::mem::take(&mut line)).is_err() {
            return;
        }
    }
}

/// Kills a process and everything below it, parents first so that none starts another.
fn kill_tree(pid: u32) {
    let below = portreeve_testkit::children(pid);
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended by itself in between.
        let _ = kill_process(pid, Signal::KILL);
    }
    below.into_iter().for_each(kill_tree);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_is_seen_and_failure_is_told() {
        let mut seen = String::new();
        let limit = Duration::from_secs(10);
        run(shell("echo one; echo two"), limit, |line| seen += line).unwrap();
        assert_eq!(seen, "one\ntwo\n");
        assert!(run(shell("exit 3"), limit, |_| ()).unwrap_err().contains("exit status: 3"));
        assert_eq!(output(shell("echo three")).unwrap(), "three\n");
    }

    #[test]
    fn both_outputs_are_seen_in_their_order() {
        let (mut seen, limit) = (String::new(), Duration::from_secs(10));
        let script = "echo one; echo two >&2; echo three; exit 4";
        let outcome = run_quietly(shell(script), limit, |line| seen += line);
        assert_eq!(seen, "one\ntwo\nthree\n");
        assert!(outcome.unwrap_err().contains("exit status: 4"));
    }

    #[test]
    fn a_tree_that_takes_too_long_is_killed_whole() {
        let mut seen = String::new();
        let start = Instant::now();
        let script = "sh -c 'echo $$; sleep 100; true' & sleep 100; true";
        let error = run(shell(script), Duration::from_millis(300), |line| seen += line);
        assert!(error.unwrap_err().contains("still running"));
        assert!(start.elapsed() < Duration::from_secs(50));
        let pid: u32 = seen.trim().parse().unwrap();
        // Nobody here reaps it, and a signal takes its time.
        portreeve_testkit::wait_for(Duration::from_secs(10), "the end of the whole tree", || {
            let status = portreeve_testkit::proc_status(pid);
            status.is_none_or(|status| status.get("State").starts_with(['Z', 'X']))
        });
    }
}
