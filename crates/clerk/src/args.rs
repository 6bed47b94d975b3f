//! The arguments: where the clerk's two directories are.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// The directories. Nothing else in the file system is the clerk's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Of the ledger (`--state`).
    pub(crate) state: PathBuf,
    /// Of the event log (`--log`).
    pub(crate) log: PathBuf,
}

/// What is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadArguments(String);

impl fmt::Display for BadArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; usage: portreeve-clerk --state DIR --log DIR", self.0)
    }
}

/// Reads the arguments behind the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Places, BadArguments> {
    let (mut state, mut log) = (None, None);
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        let place = match name.to_str() {
            Some("--state") => &mut state,
            Some("--log") => &mut log,
            _ => return Err(BadArguments(format!("unknown argument `{}`", name.display()))),
        };
        let value = arguments.next().map(PathBuf::from);
        *place = value.filter(|path| path.is_absolute());
    }
    match (state, log) {
        (Some(state), Some(log)) => Ok(Places { state, log }),
        _ => Err(BadArguments("two absolute paths are needed".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_absolute_paths_and_nothing_else() {
        let read = |text: &str| parse(text.split_whitespace().map(OsString::from));
        let both = Places { state: "/a".into(), log: "/b".into() };
        assert_eq!(read("--state /a --log /b"), Ok(both.clone()));
        assert_eq!(read("--log /b --state /a"), Ok(both));
        for bad in ["", "--state /a", "--state /a --log", "--state a --log /b", "--help"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
