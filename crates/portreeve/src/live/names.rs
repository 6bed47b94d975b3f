//! Names that a shell offers: a hidden command that the completions ask. It is quick, and silent
//! where there is no door or no right to ask it.

use super::{all_bans, all_sessions};
use crate::args::{Kind, NamesArgs};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::service;
use crate::standing;
use crate::terminal;
use std::ffi::OsString;
use std::path::PathBuf;

/// Names that are offered, at most: nobody reads more.
const MOST: usize = 1000;

/// Prints the names, one a line.
pub(crate) fn run(args: &NamesArgs) -> Result<Exit, Failure> {
    let root = root(&args.line);
    let paths = Paths::new(root.as_deref());
    let names: Vec<String> = match args.kind {
        Kind::Services => services(&paths),
        Kind::Sessions => {
            let all = all_sessions(&paths, None, None).unwrap_or_default();
            all.iter().map(|one| one.session.session.0.to_string()).collect()
        }
        Kind::Bans => {
            let all = all_bans(&paths, None).unwrap_or_default();
            all.iter().map(|ban| ban.network.to_string()).collect()
        }
        Kind::Kept => {
            let all = service::names(&paths);
            all.into_iter().filter_map(|name| name.into_string().ok()).collect()
        }
    };
    let lines: Vec<_> = names.iter().filter(|name| is_plain(name)).take(MOST).cloned().collect();
    terminal::answer(&lines.iter().map(|name| format!("{name}\n")).collect::<String>())?;
    Ok(Exit::Yes)
}

fn services(paths: &Paths) -> Vec<String> {
    let status = standing::ask(paths);
    let services = status.map(|status| status.services).unwrap_or_default();
    let mut names: Vec<_> =
        services.into_iter().flat_map(|service| [service.key, service.name]).collect();
    names.sort();
    names.dedup();
    names
}

/// A name that no shell takes for anything else.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._:/-".contains(c))
}

/// The folder that the line names with `--root`.
fn root(line: &[OsString]) -> Option<PathBuf> {
    let after = line.iter().position(|word| word == "--root").and_then(|at| line.get(at + 1));
    let joined = || {
        let words = line.iter().filter_map(|word| word.to_str());
        words.filter_map(|word| word.strip_prefix("--root=")).next().map(OsString::from)
    };
    after.cloned().or_else(joined).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_door_of_the_line_is_asked_and_odd_names_are_left_out() {
        let line = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(root(&line("portreeve end --root /d ")), Some("/d".into()));
        assert_eq!(root(&line("portreeve --root=/d end")), Some("/d".into()));
        assert_eq!(root(&line("portreeve end --root")), None);
        for (name, plain) in
            [("ssh", true), ("2001:db8::/64", true), ("a b", false), ("$(x)", false)]
        {
            assert_eq!(is_plain(name), plain, "{name}");
        }
    }
}
