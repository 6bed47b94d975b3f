//! `supervise/status`: what a supervisor says of its service, in 18 bytes.

use crate::label::{self, Label};

/// Bytes of the file. Others' may be longer; what follows is not looked at.
pub const SIZE: usize = 18;

/// What the supervisor does when the service is not as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Want {
    /// Starts it.
    Up,
    /// Ends it.
    Down,
    /// Nothing: it ran, or runs, once.
    #[default]
    Once,
}

/// A service as its supervisor sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// When the process number last changed.
    pub since: Label,
    /// Of its process; 0 when it does not run.
    pub pid: u32,
    /// Stopped by the supervisor; never without a process.
    pub paused: bool,
    /// What it should be.
    pub want: Want,
}

impl Status {
    /// As the file has it.
    #[must_use]
    pub fn to_bytes(self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        let want = match self.want {
            Want::Up => b'u',
            Want::Down => b'd',
            Want::Once => 0,
        };
        let paused = u8::from(self.paused && self.pid != 0);
        let parts = self.since.to_bytes().into_iter().chain(self.pid.to_le_bytes());
        let parts = parts.chain([paused, want]);
        bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
        bytes
    }

    /// From the file; nothing when it is too short.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (since, rest) = bytes.split_first_chunk::<{ label::SIZE }>()?;
        let (pid, rest) = rest.split_first_chunk::<4>()?;
        let [paused, want, ..] = rest else { return None };
        Some(Self {
            since: Label::from_bytes(*since),
            pid: u32::from_le_bytes(*pid),
            paused: *paused != 0,
            want: match want {
                b'u' => Want::Up,
                b'd' => Want::Down,
                _ => Want::Once,
            },
        })
    }

    /// As svstat says it, behind the name of the service.
    #[must_use]
    pub fn describe(&self, now: Label, normally_down: bool) -> String {
        use std::fmt::Write as _;
        let seconds = now.seconds_since(self.since);
        let mut text = match self.pid {
            0 => format!("down {seconds} seconds"),
            pid => format!("up (pid {pid}) {seconds} seconds"),
        };
        let runs = self.pid != 0;
        let normally = if normally_down { "down" } else { "up" };
        if runs == normally_down {
            let _ = write!(text, ", normally {normally}"); // a String takes everything
        }
        if runs && self.paused {
            text.push_str(", paused");
        }
        match (runs, self.want) {
            (false, Want::Up) => text.push_str(", want up"),
            (true, Want::Down) => text.push_str(", want down"),
            _ => {}
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_bytes_are_the_ancestors() {
        let since = Label::at(Duration::from_secs(100));
        for (pid, paused, want) in
            [(0, false, Want::Up), (1234, true, Want::Down), (0x0102_0304, false, Want::Once)]
        {
            let status = Status { since, pid, paused, want };
            let bytes = status.to_bytes();
            assert_eq!(Status::from_bytes(&bytes), Some(status));
            assert_eq!(bytes[12..16], pid.to_le_bytes());
            assert_eq!(Status::from_bytes(&bytes[..17]), None);
            assert_eq!(Status::from_bytes(&[&bytes[..], b"xy"].concat()), Some(status));
        }
        let stopped = Status { since, pid: 0, paused: true, want: Want::Once };
        assert_eq!(stopped.to_bytes()[16..], [0, 0]);
    }

    #[test]
    fn what_svstat_says() {
        let now = Label::at(Duration::from_secs(200));
        let since = Label::at(Duration::from_secs(100));
        let said =
            |pid, paused, want, down| Status { since, pid, paused, want }.describe(now, down);
        assert_eq!(
            said(1234, true, Want::Down, true),
            "up (pid 1234) 100 seconds, normally down, paused, want down"
        );
        assert_eq!(said(0, false, Want::Up, false), "down 100 seconds, normally up, want up");
        assert_eq!(said(0, true, Want::Down, true), "down 100 seconds");
        assert_eq!(said(9, false, Want::Once, false), "up (pid 9) 100 seconds");
    }
}
