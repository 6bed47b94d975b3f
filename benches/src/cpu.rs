//! Processor time and memory of processes, as the kernel counts them.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a door may work on after its last connection: a log to write, children to reap.
const SETTLING: Duration = Duration::from_secs(3);

/// Between two looks. Times come in hundredths of a second.
const LOOK: Duration = Duration::from_millis(30);

/// Seconds of processor time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spent {
    /// Of the process itself.
    pub(crate) own: f64,
    /// Of its children, as far as it has reaped them.
    pub(crate) children: f64,
}

/// `utime`, `stime`, `cutime` and `cstime` of `/proc/PID/stat`; nothing when it is gone.
pub(crate) fn spent(pid: u32) -> Spent {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    parse(&text, ticks())
}

fn parse(text: &str, ticks: f64) -> Spent {
    // The name may hold spaces and brackets: what counts comes after the last one.
    let rest = text.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
    let numbers: Vec<f64> =
        rest.split_ascii_whitespace().skip(11).take(4).filter_map(|n| n.parse().ok()).collect();
    match numbers.as_slice() {
        [user, system, child_user, child_system] => {
            Spent { own: (user + system) / ticks, children: (child_user + child_system) / ticks }
        }
        _ => Spent::default(),
    }
}

fn ticks() -> f64 {
    u32::try_from(rustix::param::clock_ticks_per_second()).map_or(100.0, f64::from)
}

/// The sum over several processes.
pub(crate) fn sum(pids: &[u32]) -> Spent {
    pids.iter().map(|pid| spent(*pid)).fold(Spent::default(), |sum, one| Spent {
        own: sum.own + one.own,
        children: sum.children + one.children,
    })
}

/// Waits until the processes have nothing left to do.
pub(crate) fn settle(pids: &[u32]) {
    let end = Instant::now() + SETTLING;
    let mut before = sum(pids);
    let mut quiet = 0;
    while quiet < 2 && Instant::now() < end {
        sleep(LOOK);
        let now = sum(pids);
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
}

/// KiB of memory that nobody else shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Private {
    /// Written to: it is nowhere else.
    pub(crate) dirty: u64,
    /// Pages of the program's file, which the kernel may drop and read again.
    pub(crate) clean: u64,
}

/// `Private_Dirty` and `Private_Clean` of `/proc/PID/smaps_rollup`.
pub(crate) fn private_memory(pid: u32) -> Private {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_ascii_whitespace().next().and_then(|size| size.parse().ok()).unwrap_or(0)
    };
    Private { dirty: field("Private_Dirty:"), clean: field("Private_Clean:") }
}

/// How much of the machine was busy over a while, 0 to 1, whoever it was.
pub(crate) fn busy(over: Duration) -> f64 {
    let before = machine();
    sleep(over);
    let after = machine();
    let total = after.0 - before.0;
    if total <= 0.0 { 0.0 } else { 1.0 - (after.1 - before.1) / total }
}

/// All ticks of all processors since the start, and the idle ones.
fn machine() -> (f64, f64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let words: Vec<f64> =
        first.split_ascii_whitespace().skip(1).take(8).filter_map(|n| n.parse().ok()).collect();
    let idle = words.iter().skip(3).take(2).sum();
    (words.iter().sum(), idle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_after_the_name_whatever_it_is() {
        let text = "7 (a) b) S 1 7 7 0 -1 4 5 6 7 8 150 50 1000 0 20 0 1 0 99";
        assert_eq!(parse(text, 100.0), Spent { own: 2.0, children: 10.0 });
        assert_eq!(parse("", 100.0), Spent::default());
    }

    #[test]
    fn this_process_has_memory_of_its_own() {
        assert!(private_memory(std::process::id()).dirty > 4);
    }
}
