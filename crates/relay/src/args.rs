//! The arguments. All are bounds, and all may be left out.

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

/// How much of each thing there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Served sessions (`--max-sessions`).
    pub(crate) sessions: usize,
    /// Connections that are being written to or lingered on (`--max-writes`).
    pub(crate) writes: usize,
    /// Peers whose names are being found (`--max-lookups`).
    pub(crate) lookups: usize,
    /// Questions to DNS lists, one for each list and peer (`--max-listed`).
    pub(crate) listed: usize,
    /// Ident servers being asked (`--max-idents`).
    pub(crate) idents: usize,
    /// How long finding the names of a peer may take (`--names-seconds`).
    pub(crate) names: Duration,
    /// How long a DNS list may take (`--lists-seconds`).
    pub(crate) lists: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        let (names, lists) = (Duration::from_secs(5), Duration::from_secs(5));
        let (writes, lookups, listed, idents) = (256, 256, 1024, 256);
        Self { sessions: 10_000, writes, lookups, listed, idents, names, lists }
    }
}

/// An argument that is none of ours, or has no sound number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadArgument(String);

impl fmt::Display for BadArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad argument `{}`", self.0)
    }
}

/// Reads the arguments behind the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Bounds, BadArgument> {
    let mut bounds = Bounds::default();
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        let name = name.to_string_lossy().into_owned();
        let value = arguments.next().and_then(|value| value.to_str()?.parse::<u32>().ok());
        let value = value.filter(|value| (1..=MOST).contains(value));
        let Some(value) = value else { return Err(BadArgument(name)) };
        let amount = usize::try_from(value).unwrap_or(usize::MAX);
        match name.as_str() {
            "--max-sessions" => bounds.sessions = amount,
            "--max-writes" => bounds.writes = amount,
            "--max-lookups" => bounds.lookups = amount,
            "--max-listed" => bounds.listed = amount,
            "--max-idents" => bounds.idents = amount,
            "--lists-seconds" => bounds.lists = Duration::from_secs(value.into()),
            "--names-seconds" => bounds.names = Duration::from_secs(value.into()),
            _ => return Err(BadArgument(name)),
        }
    }
    Ok(bounds)
}

/// No bound is above this: each counts descriptors, of which a process has a million at most.
const MOST: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Bounds, String> {
        parse(text.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn bounds_are_set_by_name() {
        assert_eq!(read(""), Ok(Bounds::default()));
        let bounds = read("--max-sessions 7 --names-seconds 2 --max-lookups 3").unwrap();
        assert_eq!((bounds.sessions, bounds.lookups), (7, 3));
        assert_eq!(bounds.names, Duration::from_secs(2));
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for bad in ["--max-sessions", "--max-sessions 0", "--max-sessions -1", "--names-seconds x"]
        {
            let name = bad.split(' ').next().unwrap();
            assert_eq!(read(bad), Err(format!("bad argument `{name}`")));
        }
        assert_eq!(read("--max-sessions 9999999").unwrap_err(), "bad argument `--max-sessions`");
        assert_eq!(read("serve 1").unwrap_err(), "bad argument `serve`");
    }
}
