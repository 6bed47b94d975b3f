//! A line, taken apart.

use jiff::civil;

/// What one line, or one entry of the journal, holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'l> {
    /// When, as the line says.
    pub time: Option<Moment>,
    /// The host that wrote it; empty where the line has none.
    pub host: &'l [u8],
    /// The program's name (syslog's tag); empty where the line has none.
    pub program: &'l [u8],
    /// The process, where the line has one.
    pub pid: Option<u32>,
    /// The rest: what the program said, without the line's end.
    pub message: &'l [u8],
    /// The whole line without its end, for those who read it in their own way.
    pub line: &'l [u8],
    /// There was more of it than its reader keeps: nothing is to be read from its right end.
    pub cut: bool,
}

impl<'l> Record<'l> {
    /// Of a text in which nothing is marked: all of it is the message.
    #[must_use]
    pub const fn plain(line: &'l [u8]) -> Self {
        Self { time: None, host: b"", program: b"", pid: None, message: line, line, cut: false }
    }
}

/// A time as a line gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Microseconds since the epoch: the line says all of it.
    Exact(i64),
    /// A date and time of the writer's clock and zone.
    Local(civil::DateTime),
    /// The same without its year, which the reader guesses (year 0 here).
    Yearless(civil::DateTime),
}
