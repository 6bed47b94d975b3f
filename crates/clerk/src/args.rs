//! The arguments: where the clerk's two directories are.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// The directories, and what is known of standard error. Nothing else in the file system is the clerk's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Of the ledger (`--state`).
    pub(crate) state: PathBuf,
    /// Of the event log (`--log`).
    pub(crate) log: PathBuf,
    /// What systemd says standard error is connected to (`--journal-stream`), if it started the door.
    pub(crate) journal_stream: Option<String>,
}

/// What is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadArguments(String);

impl fmt::Display for BadArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; usage: portreeve-clerk --state DIR --log DIR [--journal-stream DEVICE:INODE]",
            self.0
        )
    }
}

/// Reads the arguments behind the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Places, BadArguments> {
    let (mut state, mut log, mut journal_stream) = (None, None, None);
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        let place = match name.to_str() {
            Some("--state") => &mut state,
            Some("--log") => &mut log,
            Some("--journal-stream") => {
                journal_stream = arguments.next().and_then(|value| value.into_string().ok());
                continue;
            }
            _ => return Err(BadArguments(format!("unknown argument `{}`", name.display()))),
        };
        let value = arguments.next().map(PathBuf::from);
        *place = value.filter(|path| path.is_absolute());
    }
    match (state, log) {
        (Some(state), Some(log)) => Ok(Places { state, log, journal_stream }),
        _ => Err(BadArguments("two absolute paths are needed".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_absolute_paths_and_nothing_else() {
        let read = |text: &str| parse(text.split_whitespace().map(OsString::from));
        let both = Places { state: "/a".into(), log: "/b".into(), journal_stream: None };
        assert_eq!(read("--state /a --log /b"), Ok(both.clone()));
        assert_eq!(read("--log /b --state /a"), Ok(both.clone()));
        let stream = Some("8:1".to_owned());
        let known = Places { journal_stream: stream, ..both };
        assert_eq!(read("--journal-stream 8:1 --log /b --state /a"), Ok(known));
        for bad in ["", "--state /a", "--state /a --log", "--state a --log /b", "--help"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
