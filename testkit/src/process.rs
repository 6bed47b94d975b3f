//! What the kernel says of a process, and where the built programs are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::must::Must;

/// The folder of the built programs: `PORTREEVE_BIN_DIR`, else beside the running test.
///
/// # Panics
/// When the running test's own path is unknown.
#[must_use]
pub fn bin_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("PORTREEVE_BIN_DIR") {
        return dir.into();
    }
    // target/PROFILE/deps/TEST-HASH; a program of the kit itself lies in target/PROFILE.
    let own = std::env::current_exe().must("find the running test");
    let folder = own.parent().must("the running test's folder");
    match folder.parent() {
        Some(above) if folder.ends_with("deps") => above.to_path_buf(),
        Some(_) | None => folder.to_path_buf(),
    }
}

/// `/proc/PID/status`, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcStatus(BTreeMap<String, String>);

impl ProcStatus {
    /// The text of a field, such as `CapEff`; empty when the kernel does not print it.
    #[must_use]
    pub fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// Real, effective, saved and file system uid.
    #[must_use]
    pub fn uids(&self) -> Vec<u32> {
        self.numbers("Uid", 10)
    }

    /// Real, effective, saved and file system gid.
    #[must_use]
    pub fn gids(&self) -> Vec<u32> {
        self.numbers("Gid", 10)
    }

    /// Supplementary groups.
    #[must_use]
    pub fn groups(&self) -> Vec<u32> {
        self.numbers("Groups", 10)
    }

    /// File creation mask.
    #[must_use]
    pub fn umask(&self) -> u32 {
        self.numbers("Umask", 8).first().copied().unwrap_or_default()
    }

    /// A capability set (`CapEff`, `CapPrm`, `CapInh`, `CapBnd`, `CapAmb`) or signal set
    /// (`SigBlk`, `SigIgn`, `SigCgt`).
    #[must_use]
    pub fn set(&self, field: &str) -> u64 {
        u64::from_str_radix(self.get(field), 16).unwrap_or_default()
    }

    /// The pid as the process itself knows it, inside its namespace.
    #[must_use]
    pub fn inner_pid(&self) -> u32 {
        self.numbers("NSpid", 10).last().copied().unwrap_or_default()
    }

    fn numbers(&self, field: &str, radix: u32) -> Vec<u32> {
        let words = self.get(field).split_ascii_whitespace();
        words.filter_map(|word| u32::from_str_radix(word, radix).ok()).collect()
    }

    /// The fields of a status text.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        Self(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }
}

/// The status of a process, or nothing when it is gone.
#[must_use]
pub fn proc_status(pid: u32) -> Option<ProcStatus> {
    fs::read_to_string(format!("/proc/{pid}/status")).ok().map(|text| ProcStatus::parse(&text))
}

/// The open descriptors of a process and what they are, such as `socket:[1234]`.
#[must_use]
pub fn open_descriptors(pid: u32) -> BTreeMap<u32, String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return BTreeMap::new() };
    let link = |path: &Path| fs::read_link(path).ok().map(|target| target.display().to_string());
    let pairs = entries.flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        Some((number, link(&entry.path())?))
    });
    pairs.collect()
}

/// The live children of a process.
#[must_use]
pub fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists =
        tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| numbers(&list)).collect()
}

/// The pids, as the host numbers them, of everything in the pid namespace of a process.
pub(crate) fn of_namespace(pid: u32) -> Vec<u32> {
    let own = fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok() == own).collect()
}

fn numbers(list: &str) -> Vec<u32> {
    list.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_field_by_field() {
        let status = ProcStatus::parse(
            "Name:\tx\nUmask:\t0027\nNSpid:\t700\t12\nUid:\t1\t2\t3\t4\nGroups:\t5 6 \n\
             CapEff:\t000001ffffffffff\nSigIgn:\t0000000000001000\n",
        );
        assert_eq!((status.get("Name"), status.umask(), status.inner_pid()), ("x", 0o27, 12));
        assert_eq!((status.uids(), status.groups()), (vec![1, 2, 3, 4], vec![5, 6]));
        assert_eq!((status.set("CapEff"), status.set("SigIgn")), (0x1ff_ffff_ffff, 1 << 12));
        assert_eq!((status.get("Nowhere"), status.set("Nowhere")), ("", 0));
    }

    #[test]
    fn the_running_test_has_a_status_and_descriptors() {
        let own = std::process::id();
        assert_eq!(proc_status(own).unwrap().get("Tgid"), own.to_string());
        assert!(open_descriptors(own).len() >= 3);
        assert!(proc_status(u32::MAX).is_none());
    }
}
