//! Signals by their numbers and names.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The highest number of a signal on Linux.
const HIGHEST: u8 = 64;

/// The names, without `SIG`, with Linux's numbers on `x86_64` and `aarch64` (signal(7)).
const NAMES: [(&str, u8); 31] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("PWR", 30),
    ("SYS", 31),
];

/// A signal: a number from 1 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signal(u8);

impl Signal {
    /// `SIGHUP`.
    pub const HUP: Self = Self(1);
    /// `SIGINT`.
    pub const INT: Self = Self(2);
    /// `SIGQUIT`.
    pub const QUIT: Self = Self(3);
    /// `SIGKILL`.
    pub const KILL: Self = Self(9);
    /// `SIGUSR1`.
    pub const USR1: Self = Self(10);
    /// `SIGUSR2`.
    pub const USR2: Self = Self(12);
    /// `SIGALRM`.
    pub const ALRM: Self = Self(14);
    /// `SIGTERM`.
    pub const TERM: Self = Self(15);
    /// `SIGCONT`.
    pub const CONT: Self = Self(18);
    /// `SIGSTOP`.
    pub const STOP: Self = Self(19);

    /// The signal of a number, if there is one.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| (1..=HIGHEST).contains(number)).map(Self)
    }

    /// The signal of a word: `TERM`, `SIGTERM` or `15`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::from_number(word.parse().ok()?);
        }
        let name = word.strip_prefix("SIG").unwrap_or(word);
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| Self(*number))
    }

    /// The kernel's number.
    #[must_use]
    pub fn number(self) -> i32 {
        i32::from(self.0)
    }
}

/// The name without `SIG`; the number of one that has none.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(_, number)| *number == self.0) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_is_read_as_it_is_shown() {
        for number in 1..=64 {
            let signal = Signal::from_number(number).unwrap();
            assert_eq!(Signal::parse(&signal.to_string()), Some(signal));
            assert_eq!(signal.number(), number);
        }
        assert_eq!(Signal::parse("SIGHUP").map(Signal::number), Some(1));
        for wrong in ["", "0", "65", "-1", "TERMINATE", "term", "SIG", "SIG15", "256", "1 "] {
            assert_eq!(Signal::parse(wrong), None, "{wrong}");
        }
    }
}
