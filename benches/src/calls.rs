//! System calls of the listening process for each served connection, counted by strace.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;
use crate::args::Options;
use crate::client::{Until, count, load};
use crate::contestant::{Contestant, Job};
use crate::contestants::for_job;
use crate::host::Host;
use crate::print::{Table, line, progress};

/// Connections counted over. Tracing slows the door down, so there are few.
const CONNECTIONS: u64 = 1000;

/// Longest wait for strace to attach and to leave.
const PATIENCE: Duration = Duration::from_secs(10);

/// Counts the calls of everybody who serves, and prints them.
pub(crate) fn run(host: &Host, options: &Options) -> Result<(), Failure> {
    if !Path::new("/usr/bin/strace").exists() {
        line("\nsystem calls: not counted, there is no strace (apt-get install strace)");
        return Ok(());
    }
    let mut table = Table::with_remarks(&["", "at a time", "calls", "which"]);
    let mut missing = Vec::new();
    for recipe in for_job(Job::Serve, options) {
        // Two processes make the calls of one, half of them each.
        if recipe.name.ends_with("two processes") {
            continue;
        }
        progress(&format!("calls: {}", recipe.name));
        let contestant = match Contestant::start(host, &recipe, Job::Serve) {
            Ok(contestant) => contestant,
            Err(why) => {
                missing.push(format!("not counted: {}: {why}", recipe.name));
                continue;
            }
        };
        for concurrency in options.concurrency_or(&[1, 8]) {
            let calls = trace(host, &contestant, concurrency)?;
            let total: f64 = calls.iter().map(|(_, each)| each).sum();
            let which: Vec<String> = calls
                .iter()
                .filter(|(_, each)| *each >= 0.005)
                .map(|(name, each)| format!("{name} {each:.2}"))
                .collect();
            table.row(vec![
                recipe.name.to_owned(),
                concurrency.to_string(),
                format!("{total:.1}"),
                which.join(", "),
            ]);
        }
    }
    table.print("system calls of the listening process for one served connection (strace -c -p)");
    for text in missing {
        line(&text);
    }
    Ok(())
}

/// Calls a connection by name, the most frequent first.
fn trace(
    host: &Host,
    contestant: &Contestant,
    concurrency: usize,
) -> Result<Vec<(String, f64)>, Failure> {
    let summary = host.path(&format!("calls-{}-{concurrency}", contestant.port));
    let mut strace = attach(contestant.pid(), &summary)?;
    let until = Until::Count(CONNECTIONS);
    let outcome = load(&host.world, contestant.port, Job::Serve, concurrency, until);
    contestant.settle();
    leave(&mut strace)?;
    let text = fs::read_to_string(&summary).map_err(|error| format!("read strace: {error}"))?;
    if let Some(why) = outcome.failure {
        line(&format!("{}: {} went wrong under strace: {why}", contestant.name, outcome.failed));
    }
    Ok(parse(&text, count(outcome.done.max(1))))
}

fn attach(pid: u32, summary: &Path) -> Result<Child, Failure> {
    let mut command = Command::new("strace");
    command.args(["-c", "-q", "-o"]).arg(summary).args(["-p", &pid.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| format!("start strace: {error}"))?;
    let end = Instant::now() + PATIENCE;
    let traced = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_some_and(|pid| pid.trim() != "0")
    };
    while !traced() {
        if Instant::now() > end {
            return Err("strace does not attach".to_owned());
        }
        sleep(Duration::from_millis(10));
    }
    Ok(child)
}

fn leave(strace: &mut Child) -> Result<(), Failure> {
    let pid = i32::try_from(strace.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or("strace has no pid")?;
    kill_process(pid, Signal::INT).map_err(|error| format!("stop strace: {error}"))?;
    let end = Instant::now() + PATIENCE;
    while strace.try_wait().map_err(|error| format!("wait for strace: {error}"))?.is_none() {
        if Instant::now() > end {
            let _ = strace.kill();
            return Err("strace does not leave".to_owned());
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Lines are `% time`, `seconds`, `usecs/call`, `calls`, perhaps `errors`, and the name.
fn parse(text: &str, connections: f64) -> Vec<(String, f64)> {
    let row = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let name = *words.last()?;
        let _share: f64 = words.first()?.parse().ok()?;
        let calls: f64 = words.get(3)?.parse().ok()?;
        (name != "total").then(|| (name.to_owned(), calls / connections))
    };
    let mut calls: Vec<_> = text.lines().filter_map(row).collect();
    calls.sort_by(|a, b| b.1.total_cmp(&a.1));
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_read_with_and_without_errors() {
        let text = "% time     seconds  usecs/call     calls    errors syscall\n\
                    ------ ----------- ----------- --------- --------- ----------------\n \
                    75.00    0.000300           3       100           close\n \
                    25.00    0.000100           1       200       100 accept4\n\
                    ------ ----------- ----------- --------- --------- ----------------\n\
                    100.00    0.000400           1       300       100 total\n";
        let calls = parse(text, 100.0);
        let names: Vec<_> = calls.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["accept4", "close"]);
        assert!(calls.iter().map(|(_, each)| each).sum::<f64>() > 2.99);
    }
}
