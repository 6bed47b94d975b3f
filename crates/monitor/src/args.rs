//! The daemon's own command line: few words, read by hand, so that root's process links no parser.

use crate::succession::rehearsal;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Which configuration to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Native TOML.
    Native(PathBuf),
    /// xinetd.conf(5).
    Xinetd(PathBuf),
}

impl Entry {
    pub(crate) fn path(&self) -> &PathBuf {
        match self {
            Self::Native(path) | Self::Xinetd(path) => path,
        }
    }
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) entry: Entry,
    pub(crate) root: Option<PathBuf>,
    /// Take over from a door that is open.
    pub(crate) successor: bool,
}

/// What the command line says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Run(Args),
    /// Say whether the estate on standard input could be taken over.
    Try(Args),
    Version,
    Help,
}

/// How to use it.
pub(crate) const USAGE: &str = "\
usage: portreeved [--config FILE | --xinetd FILE] [--root DIR] [--successor]
       portreeved --version

Opens the door in the foreground. See portreeved(8) and portreeve(1).
";

/// Reads the arguments after the program's name.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let (mut entry, mut root, mut args) = (None, None, args);
    let (mut rehearsal, mut successor) = (false, false);
    while let Some(word) = args.next() {
        let (name, glued) = split(&word);
        let mut value = || {
            let next = glued.clone().or_else(|| args.next());
            next.map(PathBuf::from).ok_or_else(|| format!("`{name}` needs a value"))
        };
        match name.as_str() {
            "--version" | "-V" => return Ok(Command::Version),
            "--help" | "-h" => return Ok(Command::Help),
            "--config" if entry.is_none() => entry = Some(Entry::Native(value()?)),
            "--xinetd" if entry.is_none() => entry = Some(Entry::Xinetd(value()?)),
            "--config" | "--xinetd" => return Err("one configuration, please".into()),
            rehearsal::OPTION => rehearsal = true,
            "--successor" => successor = true,
            "--root" if root.is_none() => root = Some(value()?),
            _ => return Err(format!("`{}` is not understood here", word.display())),
        }
    }
    // whatever directory the daemon works in later, these mean the caller's
    let absolute = |path: PathBuf| {
        let found = std::path::absolute(&path);
        found.map_err(|why| format!("`{}` cannot be made absolute: {why}", path.display()))
    };
    let root = root.map(absolute).transpose()?;
    let entry = match entry {
        Some(Entry::Native(path)) => Entry::Native(absolute(path)?),
        Some(Entry::Xinetd(path)) => Entry::Xinetd(absolute(path)?),
        None => Entry::Native(under(root.as_ref(), "etc/portreeve/portreeve.toml")),
    };
    let args = Args { entry, root, successor };
    Ok(if rehearsal { Command::Try(args) } else { Command::Run(args) })
}

/// A path of the system, under `root` if there is one.
pub(crate) fn under(root: Option<&PathBuf>, path: &str) -> PathBuf {
    root.map_or_else(|| PathBuf::from("/"), PathBuf::clone).join(path)
}

/// `--name=value` or `--name`.
fn split(word: &OsStr) -> (String, Option<OsString>) {
    let text = word.to_string_lossy();
    match text.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name.into(), Some(value.into())),
        _ => (text.into_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Command, String> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn one_configuration_and_one_root() {
        let run = |entry, root: Option<&str>| {
            let root = root.map(PathBuf::from);
            Ok(Command::Run(Args { entry, root, successor: false }))
        };
        let native = |path: &str| Entry::Native(path.into());
        assert_eq!(read(&[]), run(native("/etc/portreeve/portreeve.toml"), None));
        assert_eq!(
            read(&["--root", "/r"]),
            run(native("/r/etc/portreeve/portreeve.toml"), Some("/r"))
        );
        assert_eq!(read(&["--xinetd=/x"]), run(Entry::Xinetd("/x".into()), None));
        assert!(matches!(read(&[rehearsal::OPTION, "--xinetd=/x"]), Ok(Command::Try(_))));
        assert!(matches!(read(&["--successor"]), Ok(Command::Run(a)) if a.successor));
        assert_eq!(read(&["--version"]), Ok(Command::Version));
        for bad in [&["--config"][..], &["--config", "a", "--xinetd", "b"], &["-x"], &["a"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
