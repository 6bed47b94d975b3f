//! The command line.

use portreeve_config::Entry;
use std::ffi::OsString;

/// What is to be done, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Args {
    /// The job.
    pub(crate) job: Job,
    /// Whether the door is root's.
    pub(crate) door: Door,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Read a configuration.
    Load(Entry),
    /// Ask the host again.
    Resolve,
    /// Read some sources again.
    Sources,
    /// Open the log files that are watched.
    Files,
}

/// Whose door it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Root's: this process is nobody, and may read what only root may.
    Root,
    /// The caller's own.
    Caller,
}

/// How it is called.
pub(crate) const USAGE: &str = "usage: portreeve-compile load --native PATH|--xinetd PATH \
                                [--as-root]\n       portreeve-compile resolve|sources|files [--as-root]\n       \
                                portreeve-compile netgroup GROUP HOST";

/// Reads the words after the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Args, String> {
    let mut words = words.into_iter();
    let mut text = |wanted: &str| {
        let word = words.next();
        let read =
            |word: OsString| word.into_string().map_err(|_| format!("{wanted} is not UTF-8"));
        word.map(read).transpose()
    };
    let job = text("the command")?.ok_or("a command is missing")?;
    let mut entry = None;
    let mut door = Door::Caller;
    while let Some(word) = text("an option")? {
        let path = match word.as_str() {
            "--as-root" => {
                door = Door::Root;
                continue;
            }
            "--native" | "--xinetd" => text("a path")?.ok_or(format!("{word} needs a path"))?,
            _ => return Err(format!("`{}` is no option", word.escape_debug())),
        };
        let read = if word == "--native" { Entry::Native(path) } else { Entry::Xinetd(path) };
        if entry.replace(read).is_some() {
            return Err("one configuration is read, not two".into());
        }
    }
    let job = match (job.as_str(), entry) {
        ("load", Some(entry)) => Job::Load(entry),
        ("load", None) => return Err("load needs --native or --xinetd".into()),
        ("resolve", None) => Job::Resolve,
        ("sources", None) => Job::Sources,
        ("files", None) => Job::Files,
        ("resolve" | "sources" | "files", Some(_)) => {
            return Err(format!("{job} is told on descriptor 0 what to do"));
        }
        (other, _) => return Err(format!("`{}` is no command", other.escape_debug())),
    };
    Ok(Args { job, door })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_or_refused() {
        let load = |entry, door| Ok(Args { job: Job::Load(entry), door });
        for (line, want) in [
            ("load --native a", load(Entry::Native("a".into()), Door::Caller)),
            ("load --as-root --xinetd a", load(Entry::Xinetd("a".into()), Door::Root)),
            ("resolve --as-root", Ok(Args { job: Job::Resolve, door: Door::Root })),
            ("sources", Ok(Args { job: Job::Sources, door: Door::Caller })),
            ("files --as-root", Ok(Args { job: Job::Files, door: Door::Root })),
        ] {
            assert_eq!(parse(line.split(' ').map(OsString::from)), want, "{line}");
        }
        for line in [
            "",
            "load",
            "load --native",
            "load --native a --xinetd b",
            "resolve x",
            "run",
            "sources --native a",
            "files --native a",
        ] {
            let words = line.split(' ').filter(|word| !word.is_empty());
            assert!(parse(words.map(OsString::from)).is_err(), "{line}");
        }
    }
}
