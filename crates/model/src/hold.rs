//! How sessions end that do not end by themselves, and how refusals end.

use crate::Sited;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When and how the door ends a session of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    /// A session is ended when no data has moved for so long, either way; 1 s to 30 days.
    pub idle: Option<Sited<Duration>>,
    /// Between SIGTERM and SIGKILL; at most [`Ends::LONGEST_KILL_AFTER`].
    pub kill_after: Duration,
}

impl Ends {
    /// The kernel counts the silence of a connection in milliseconds of 32 bits.
    pub const LONGEST_IDLE: Duration = Duration::from_secs(30 * 86_400);
    /// Ten minutes.
    pub const LONGEST_KILL_AFTER: Duration = Duration::from_secs(600);
}

impl Default for Ends {
    fn default() -> Self {
        Self { idle: None, kill_after: Duration::from_secs(5) }
    }
}

/// What becomes of a refused connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refuse {
    /// It is told what there is to tell, and closed in order.
    #[default]
    Close,
    /// It is reset at once; nothing is said.
    Reset,
    /// It is kept open and silent so long, then as [`Refuse::Close`]; at most
    /// [`Refuse::LONGEST_DELAY`].
    Delay(Duration),
}

impl Refuse {
    /// Ten minutes.
    pub const LONGEST_DELAY: Duration = Duration::from_secs(600);
    /// Bytes of words that are written in the configuration.
    pub const MOST_WORDS: usize = 4096;
}

/// Refused connections of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// What becomes of them.
    pub refuse: Refuse,
    /// What they are told, in place of a banner's file; at most [`Refuse::MOST_WORDS`] bytes.
    pub words: Option<String>,
}

/// How many refused connections are kept open at once, where [`Refuse::Delay`] says so. One too many
/// is closed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delayed {
    /// Of all services together; 1 to 100,000.
    pub max: u32,
    /// Of one source network.
    pub per_source: u32,
}

impl Default for Delayed {
    fn default() -> Self {
        Self { max: 1000, per_source: 16 }
    }
}

/// TCP keep-alives of a service's connections (tcp(7)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeepAlive {
    /// None, unless the program asks for them.
    #[default]
    Off,
    /// With the system's times, which are hours (xinetd's `KEEPALIVE`).
    System,
    /// With times of their own.
    Probes(Probes),
}

/// A peer that has been silent is asked whether it is still there, and given up when it does not
/// answer: `every` times `tries` after its last sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probes {
    /// Seconds of silence before the first probe, and between probes; 1 to [`Probes::LONGEST`].
    pub every: u32,
    /// Probes without an answer; 1 to [`Probes::MOST`].
    pub tries: u32,
}

impl Probes {
    /// The kernel's bound on both times.
    pub const LONGEST: u32 = 32_767;
    /// The kernel's bound on the number.
    pub const MOST: u32 = 127;

    /// When a silent peer is given up, and data that it does not acknowledge with it.
    #[must_use]
    pub fn patience(self) -> Duration {
        Duration::from_secs(u64::from(self.every).saturating_mul(self.tries.into()))
    }

    /// Whether the kernel can keep the time: milliseconds of 31 bits, which are 24 days.
    #[must_use]
    pub fn fits(self) -> bool {
        (1..=Self::LONGEST).contains(&self.every)
            && (1..=Self::MOST).contains(&self.tries)
            && i32::try_from(self.patience().as_millis()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_stay_within_what_the_kernel_counts() {
        for (every, tries, fits) in [
            (15, 4, true),
            (32_767, 65, true),
            (32_767, 66, false),
            (0, 4, false),
            (32_768, 1, false),
            (1, 0, false),
            (1, 128, false),
        ] {
            assert_eq!(Probes { every, tries }.fits(), fits, "{every} {tries}");
        }
        assert_eq!(Probes { every: 15, tries: 4 }.patience(), Duration::from_secs(60));
    }
}
