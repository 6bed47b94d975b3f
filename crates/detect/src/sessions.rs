//! What is remembered of processes that serve a peer each, in bounded memory.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::fast::RandomState;

use crate::Record;

/// A process of a host, as lines tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// The host's name and the program's, hashed with the table's own key.
    place: u64,
    pid: u32,
}

/// A table of processes. When it is full, those that were not asked for the longest go.
#[derive(Debug)]
pub struct Sessions<T> {
    /// Hashes places and keys; its key is drawn anew for every table, so nobody can aim at it.
    hasher: RandomState,
    young: HashMap<Process, T, RandomState>,
    old: HashMap<Process, T, RandomState>,
    half: usize,
}

impl<T> Sessions<T> {
    /// A table of at most so many processes, and at least two.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        let half = (bound / 2).max(1);
        let hasher = RandomState::default();
        let [young, old] = [(); 2].map(|()| HashMap::with_hasher(hasher.clone()));
        Self { hasher, young, old, half }
    }

    /// The process that wrote this, where the line says it. `program` stands for the names of one
    /// program's processes that are taken together.
    #[must_use]
    pub fn process(&self, record: &Record<'_>, program: &str) -> Option<Process> {
        let place = self.hasher.hash_one((record.host, program));
        Some(Process { place, pid: record.pid? })
    }

    /// Another process of the same place, as a line names it.
    #[must_use]
    pub fn sibling(process: Process, pid: u32) -> Process {
        Process { pid, ..process }
    }

    /// Where lines name no process: who serves this peer, told by its address and port.
    #[must_use]
    pub fn serves(&self, record: &Record<'_>, address: IpAddr, port: u16) -> Process {
        // No process that writes a log has the number 0.
        Process { place: self.hasher.hash_one((record.host, address, port)), pid: 0 }
    }

    /// What is known of a process.
    pub fn get(&mut self, process: Process) -> Option<&mut T> {
        if !self.young.contains_key(&process) {
            let known = self.old.remove(&process)?;
            self.put(process, known);
        }
        self.young.get_mut(&process)
    }

    /// Keeps this of a process, in place of what was known.
    pub fn put(&mut self, process: Process, known: T) {
        self.old.remove(&process);
        if self.young.len() >= self.half && !self.young.contains_key(&process) {
            std::mem::swap(&mut self.old, &mut self.young);
            // its memory stays: it fills again
            self.young.clear();
        }
        self.young.insert(process, known);
    }

    /// Forgets a process; what was known of it.
    pub fn forget(&mut self, process: Process) -> Option<T> {
        let old = self.old.remove(&process);
        self.young.remove(&process).or(old)
    }

    /// How many processes are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len().saturating_add(self.old.len())
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(sessions: &Sessions<u32>, pid: u32) -> Process {
        sessions.process(&Record { pid: Some(pid), ..Record::plain(b"") }, "x").unwrap()
    }

    #[test]
    fn the_table_holds_no_more_than_its_bound_and_keeps_what_is_asked_for() {
        let mut sessions = Sessions::new(10);
        let first = process(&sessions, 0);
        for pid in 0..1000 {
            sessions.put(process(&sessions, pid), pid);
            assert!(sessions.len() <= 10);
            assert_eq!(sessions.get(first), Some(&mut 0), "after {pid}");
        }
        assert_eq!(sessions.get(process(&sessions, 1)), None);
        assert_eq!(sessions.forget(first), Some(0));
        assert_eq!(sessions.get(first), None);
    }

    #[test]
    fn hosts_and_programs_are_kept_apart() {
        let mut sessions = Sessions::new(10);
        let on = |host: &'static [u8], program: &str, sessions: &Sessions<u8>| {
            sessions.process(&Record { pid: Some(7), host, ..Record::plain(b"") }, program).unwrap()
        };
        let (a, b, c) =
            (on(b"a", "x", &sessions), on(b"b", "x", &sessions), on(b"a", "y", &sessions));
        sessions.put(a, 1);
        assert_eq!(sessions.get(b), None);
        assert_eq!(sessions.get(c), None);
        assert_eq!(sessions.process(&Record::plain(b""), "x"), None);
        let eight = Sessions::<u8>::sibling(a, 8);
        assert_eq!(sessions.get(eight), None);
    }
}
