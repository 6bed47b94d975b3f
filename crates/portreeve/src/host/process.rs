//! Processes as `/proc` shows them to the caller.

use portreeve_sys::clock::TICKS_A_SECOND;
use portreeve_sys::file::read_bounded;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most processes and descriptors that are looked at for one answer.
const MOST_LINKS: usize = 1_000_000;

/// The most of a small file of `/proc`.
const MOST_BYTES: usize = 64 << 10;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: u32,
    /// Its name as the kernel keeps it; escaped, since it chose it itself.
    pub(crate) program: String,
    /// Its parent; 0 for the first.
    pub(crate) parent: u32,
    /// When it began, counted from the boot.
    pub(crate) began: Duration,
}

fn folder(pid: u32) -> PathBuf {
    Path::new("/proc").join(pid.to_string())
}

fn text(path: &Path) -> Option<String> {
    let content = read_bounded(path, MOST_BYTES).ok()?;
    Some(String::from_utf8_lossy(&content.bytes).into_owned())
}

/// A process, while it is there.
pub(crate) fn process(pid: u32) -> Option<Process> {
    stat(pid, &read_bounded(&folder(pid).join("stat"), MOST_BYTES).ok()?.bytes)
}

/// `/proc/PID/stat`: the name stands between the first `(` and the last `)`.
fn stat(pid: u32, bytes: &[u8]) -> Option<Process> {
    let open = bytes.iter().position(|b| *b == b'(')?;
    let close = bytes.iter().rposition(|b| *b == b')')?;
    let name = bytes.get(open + 1..close)?;
    let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
    let fields: Vec<_> = rest.split_ascii_whitespace().collect();
    // proc_pid_stat(5): the state, after the name, is the third field
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let milliseconds = field(22)?.checked_mul(1000)? / TICKS_A_SECOND;
    Some(Process {
        pid,
        program: name.escape_ascii().to_string(),
        parent: u32::try_from(field(4)?).ok()?,
        began: Duration::from_millis(milliseconds),
    })
}

/// A process, its parent, and so on, at most `most` of them.
pub(crate) fn ancestors(pid: u32, most: usize) -> Vec<Process> {
    let parent = |child: &Process| process(child.parent).filter(|_| child.parent > 0);
    std::iter::successors(process(pid), parent).take(most).collect()
}

/// The name of the user a process runs as, or the number.
pub(crate) fn user(pid: u32) -> Option<String> {
    let status = text(&folder(pid).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let uid: u32 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    let known = portreeve_sys::user::lookup_uid(uid).ok().flatten();
    Some(known.map_or_else(|| format!("uid {uid}"), |user| user.name))
}

/// `/proc/PID/cgroup`.
pub(super) fn cgroup(pid: u32) -> String {
    text(&folder(pid).join("cgroup")).unwrap_or_default()
}

/// The program file of a process.
pub(super) fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(folder(pid).join("exe")).ok()
}

/// Who has these sockets open, as far as the caller may see: processes by inode, lowest first.
pub(super) fn owners(inodes: &BTreeSet<u64>) -> BTreeMap<u64, Vec<u32>> {
    let mut found: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    let mut left = MOST_LINKS;
    let Ok(entries) = fs::read_dir("/proc") else { return found };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut pids: Vec<u32> = numbers.collect();
    pids.sort_unstable();
    for pid in pids {
        let descriptors = fs::read_dir(folder(pid).join("fd")).into_iter().flatten().flatten();
        for descriptor in descriptors {
            left = left.saturating_sub(1);
            if left == 0 {
                return found;
            }
            let target = fs::read_link(descriptor.path()).unwrap_or_default();
            let Some(inode) = socket(target.as_os_str()) else { continue };
            if !inodes.contains(&inode) {
                continue;
            }
            let owners = found.entry(inode).or_default();
            if owners.last() != Some(&pid) {
                owners.push(pid);
            }
        }
    }
    found
}

/// The number in `socket:[123]`.
fn socket(target: &OsStr) -> Option<u64> {
    let text = std::str::from_utf8(target.as_bytes()).ok()?;
    text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_brackets_and_blanks_hides_nothing() {
        let line = b"812 (a) b (c) S 7 812 812 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 6 7";
        let process = stat(812, line).unwrap();
        assert_eq!((process.program.as_str(), process.parent), ("a) b (c", 7));
        assert_eq!(process.began, Duration::from_millis(123_450));
        assert_eq!(stat(1, b"1 (x"), None);
        assert_eq!(stat(1, b"1 (x) S"), None);
    }

    #[test]
    fn ancestors_of_this_process_end_with_the_first() {
        let all = ancestors(std::process::id(), 64);
        assert_eq!(all.first().map(|first| first.pid), Some(std::process::id()));
        assert!(all.windows(2).all(|two| two[0].parent == two[1].pid), "{all:?}");
        assert_eq!(ancestors(std::process::id(), 1).len(), 1);
    }
}
