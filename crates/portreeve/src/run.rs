//! `portreeve run`.

use crate::args::RunArgs;
use crate::exit::{Exit, Failure};
use crate::paths::{Configuration, Paths};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

/// Becomes the daemon, in the foreground: its exit is then the command's.
///
/// # Errors
/// Only comes back when the daemon cannot be executed.
pub(crate) fn run(args: &RunArgs, paths: &Paths) -> Result<Exit, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::system("find the directory of this program", &error))?;
    let daemon = own.with_file_name("portreeved");
    #[expect(
        clippy::disallowed_methods,
        reason = "nothing is started: this process becomes the daemon"
    )]
    let error = std::process::Command::new(&daemon).args(arguments(args, paths)).exec();
    Err(Failure::system(format_args!("become {}", daemon.display()), &error)
        .help("portreeved belongs beside portreeve"))
}

/// The daemon's arguments: what was typed, no more. Paths are made whole, so that the places the
/// daemon names later mean the same to whoever asks from elsewhere.
fn arguments(args: &RunArgs, paths: &Paths) -> Vec<OsString> {
    let option = |name: &str, value: PathBuf| {
        let whole = std::path::absolute(&value).unwrap_or(value);
        [OsString::from(name), whole.into_os_string()]
    };
    let named = args.source.config.is_some() || args.source.xinetd.is_some();
    let configuration = named.then(|| match paths.configuration(&args.source) {
        Configuration::Native(file) => option("--config", file),
        Configuration::Xinetd(file) => option("--xinetd", file),
    });
    let root = paths.own_root().map(|root| option("--root", root.to_owned()));
    [configuration, root].into_iter().flatten().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Source;
    use std::path::Path;

    #[test]
    fn the_daemon_gets_what_was_typed() {
        let args = |config: Option<&str>, xinetd: Option<&str>, root: Option<&str>| {
            let source = Source { config: config.map(Into::into), xinetd: xinetd.map(Into::into) };
            arguments(&RunArgs { source }, &Paths::new(root.map(Path::new)))
        };
        assert!(args(None, None, None).is_empty());
        assert_eq!(
            args(Some("/c"), None, Some("/d")),
            ["--config", "/c", "--root", "/d"].map(OsString::from)
        );
        let here = std::env::current_dir().unwrap().join("-x").into_os_string();
        assert_eq!(args(None, Some("-x"), None), [OsString::from("--xinetd"), here]);
    }
}
