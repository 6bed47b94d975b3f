//! A control group of the test's own, where the kernel and the machine let it have one.
#![expect(clippy::disallowed_methods, reason = "the kernel's own files, a line each")]

use std::fs;
use std::path::{Path, PathBuf};

/// A control group; removed when it is dropped.
#[derive(Debug)]
pub struct Cgroup {
    folder: PathBuf,
    /// Whether it is of the unified hierarchy.
    unified: bool,
}

impl Cgroup {
    /// One for a controller, `memory` or `pids`, or nothing where there can be none.
    #[must_use]
    pub fn make(controller: &str) -> Option<Self> {
        let name = format!("portreeve-{controller}-{}", std::process::id());
        let legacy = Path::new("/sys/fs/cgroup").join(controller);
        if legacy.join("cgroup.procs").exists() {
            let folder = legacy.join(name);
            return fs::create_dir(&folder).ok().map(|()| Self { folder, unified: false });
        }
        let root = Path::new("/sys/fs/cgroup");
        let active = fs::read_to_string(root.join("cgroup.subtree_control")).unwrap_or_default();
        let folder = root.join(name);
        let given = active.split_whitespace().any(|word| word == controller);
        (given && fs::create_dir(&folder).is_ok()).then_some(Self { folder, unified: true })
    }

    /// Where a process writes its number to join: a shell does so with `echo $$`.
    #[must_use]
    pub fn entrance(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }

    /// Bounds the memory of its processes, in bytes; what needs more is killed.
    ///
    /// # Panics
    /// When the kernel does not take it.
    pub fn bound_memory(&self, bytes: u64) {
        let file = if self.unified { "memory.max" } else { "memory.limit_in_bytes" };
        fs::write(self.folder.join(file), bytes.to_string()).expect("bound the memory");
        // swap would only delay it; not every kernel counts it
        let file = if self.unified { "memory.swap.max" } else { "memory.memsw.limit_in_bytes" };
        let most = if self.unified { 0 } else { bytes };
        let _uncounted = fs::write(self.folder.join(file), most.to_string());
    }

    /// Takes a process in, as the host numbers it, with those it starts from now on.
    ///
    /// # Panics
    /// When the kernel does not take it.
    pub fn take(&self, pid: u32) {
        fs::write(self.entrance(), pid.to_string()).expect("take a process in");
    }

    /// Bounds the number of its processes to those there are and so many more; nothing lifts it.
    ///
    /// # Panics
    /// When the kernel does not take it.
    pub fn bound_processes(&self, more: Option<u64>) {
        let now = fs::read_to_string(self.folder.join("pids.current")).unwrap_or_default();
        let now: u64 = now.trim().parse().unwrap_or(0);
        let most = more.map_or_else(|| "max".to_owned(), |more| (now + more).to_string());
        fs::write(self.folder.join("pids.max"), most).expect("bound the processes");
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // its processes may be on their way out
        for _ in 0..200 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
