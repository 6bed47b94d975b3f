//! A run in a process of its own, which is watched: what it was given last is in a file, so that
//! an input that hangs it, aborts it or makes it hungry is found all the same.

use crate::engine::{Engine, Finding, judge};
use crate::minimise::minimise;
use crate::targets::Target;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// Memory of a run, in bytes of address space.
const MEMORY: u64 = 2 << 30;

/// An input that takes longer hangs, however busy the machine.
const HANG: Duration = Duration::from_secs(30);

/// Processes started to make such an input smaller.
const TRIES: usize = 200;

/// The word with which this program is told to be the watched process.
pub(crate) const WORKER: &str = "--worker";

/// How a run was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    /// Where findings go.
    pub(crate) findings: PathBuf,
}

/// A file of the findings' folder.
fn file(order: &Order, target: &Target, rest: &str) -> PathBuf {
    order.findings.join(format!("{}-{rest}", target.name))
}

/// Runs a target; how many findings there are.
///
/// # Errors
/// When the process cannot be started or watched.
pub(crate) fn run(target: &Target, order: &Order) -> std::io::Result<usize> {
    fs::create_dir_all(&order.findings)?;
    let before = findings(target, order);
    let last = file(order, target, "last");
    fs::write(&last, [0; LENGTH])?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args([WORKER, target.name, "--seconds", &order.seconds.to_string()]);
    command.args(["--seed", &order.seed.to_string(), "--findings"]).arg(&order.findings);
    let status = watched(command.spawn()?, &last)?;
    if !status.is_some_and(|status| matches!(status.code(), Some(0 | 1))) {
        let what = status.map_or_else(|| "hangs".to_owned(), |status| format!("ends: {status}"));
        let input =
            minimise(&noted(&fs::read(&last)?), TRIES, |smaller| dies(target, order, smaller));
        keep(target, order, &Finding { input, why: format!("the reader {what}") })?;
    }
    fs::remove_file(&last)?;
    Ok(findings(target, order).saturating_sub(before))
}

/// Bytes before a noted input: its length.
const LENGTH: usize = 8;

/// Notes an input. The file is neither emptied nor closed each time: file systems take that for
/// somebody who wants it on the disk at once, a hundred times slower.
fn note(last: &fs::File, input: &[u8]) -> std::io::Result<()> {
    last.write_all_at(input, LENGTH as u64)?;
    last.write_all_at(&input.len().to_le_bytes(), 0)
}

/// What was noted.
fn noted(bytes: &[u8]) -> Vec<u8> {
    let (head, rest) = bytes.split_first_chunk::<LENGTH>().unwrap_or((&[0; LENGTH], &[]));
    rest.get(..usize::from_le_bytes(*head)).unwrap_or(rest).to_vec()
}

/// Waits for its end; nothing, when it hung and was killed.
fn watched(mut child: Child, last: &Path) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(50));
        let changed = fs::metadata(last)?.modified()?;
        if SystemTime::now().duration_since(changed).is_ok_and(|age| age > HANG) {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
    }
}

/// Whether a process that is given this input does not live to say so.
fn dies(target: &Target, order: &Order, input: &[u8]) -> bool {
    let try_it = || {
        let path = file(order, target, "try");
        fs::write(&path, input)?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args([target.name, "--rerun"])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = watched(command.spawn()?, &path)?;
        fs::remove_file(&path)?;
        Ok::<_, std::io::Error>(!status.is_some_and(|status| matches!(status.code(), Some(0 | 1))))
    };
    try_it().unwrap_or(false)
}

/// The watched process itself.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn work(target: &Target, order: &Order) -> std::io::Result<usize> {
    bounded()?;
    let last = fs::File::options().write(true).open(file(order, target, "last"))?;
    let end = Instant::now() + Duration::from_secs(order.seconds);
    // a run whose last input cannot be written is a run whose worst finding is lost
    let mut trouble = Ok(());
    let before = |input: &[u8]| {
        if trouble.is_ok() {
            trouble = note(&last, input);
        }
    };
    let run = Engine::new(target, order.seed).go(before, |_| Instant::now() >= end);
    trouble?;
    run.findings.iter().try_for_each(|finding| keep(target, order, finding))?;
    let (inputs, kinds, found) = (run.inputs, run.kinds, run.findings.len());
    let seconds = order.seconds.max(1);
    let line = format!(
        "{:<9} {inputs:>9} inputs ({} a second), {kinds} kinds, {found} findings",
        target.name,
        inputs / seconds
    );
    crate::cli::say(line);
    Ok(found)
}

/// Gives one input to a target, in this process.
///
/// # Errors
/// What does not hold, or why the file cannot be read.
pub(crate) fn rerun(target: &Target, path: &Path) -> Result<(), String> {
    bounded().map_err(|error| error.to_string())?;
    let input = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    judge(target, &input).map(drop)
}

fn bounded() -> std::io::Result<()> {
    Ok(setrlimit(Resource::As, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) })?)
}

fn keep(target: &Target, order: &Order, finding: &Finding) -> std::io::Result<()> {
    let number = finding
        .input
        .iter()
        .chain(finding.why.as_bytes())
        .fold(5381_u32, |hash, byte| hash.wrapping_mul(33) ^ u32::from(*byte));
    let path = file(order, target, &format!("{number:08x}.input"));
    fs::write(&path, &finding.input)?;
    fs::write(path.with_extension("why"), &finding.why)?;
    crate::cli::say(format!("FOUND {}\n{}", path.display(), finding.why));
    Ok(())
}

fn findings(target: &Target, order: &Order) -> usize {
    let Ok(entries) = fs::read_dir(&order.findings) else { return 0 };
    let start = format!("{}-", target.name);
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(&start) && name.ends_with(".input")).count()
}
