//! fail2ban's filters, by the paths of their files.

use crate::exit::{Exit, Failure};
use crate::terminal;
use portreeve_config::{Disk, Trust};
use portreeve_detect::filter::{Dated, Filter, Refusal};
use portreeve_diag::{Sources, render};
use std::path::Path;

/// Filters that look at the same lines, at most: each may take 64 MiB.
pub(super) const MOST: usize = 16;

/// Where fail2ban's own are.
const FOLDER: &str = "/etc/fail2ban/filter.d";

/// Reads one filter, with what is in brackets behind its path, and compiles it. What is wrong with
/// the text but does no harm is said on standard error.
///
/// # Errors
/// It cannot be read, or cannot be served as fail2ban does.
pub(super) fn read(text: &str) -> Result<Filter, Failure> {
    let path = whole(text, |path| path.is_file());
    let read = portreeve_config::filter(&path, false, &mut Disk::new(Trust::Anybody));
    let paint = terminal::error_paint();
    terminal::remark(&render(&read.diagnostics, &read.sources, paint));
    let shown = path.escape_debug();
    let Some(filter) = read.filter else {
        return Err(Failure::new(Exit::Configuration, format!("filter {shown} cannot be read")));
    };
    Filter::new(&filter.text, Dated::InLine).map_err(|refusals| refused(&refusals, &read.sources))
}

/// The path that is meant: a name alone is that of a filter of fail2ban's, unless a file is called
/// so here.
fn whole(text: &str, is_file: impl Fn(&Path) -> bool) -> String {
    let (name, options) = match text.split_once('[') {
        Some((name, options)) => (name, format!("[{options}")),
        None => (text, String::new()),
    };
    let path = Path::new(name);
    if name.contains('/') || is_file(path) {
        let absolute = std::path::absolute(path).ok();
        let path = absolute.as_deref().and_then(Path::to_str).unwrap_or(name);
        return format!("{path}{options}");
    }
    let end = if path.extension().is_some() { "" } else { ".conf" };
    format!("{FOLDER}/{name}{end}{options}")
}

/// Each refusal with its place.
fn refused(refusals: &[Refusal], sources: &Sources) -> Failure {
    let paths = sources.paths();
    let one = |refusal: &Refusal| {
        let origin = refusal.origin;
        let path = usize::try_from(origin.file).ok().and_then(|file| paths.get(file));
        let path = path.map(|path| format!(" ({path}:{}:{})", origin.line, origin.column));
        format!("{refusal}{}", path.unwrap_or_default())
    };
    let first = refusals.first().map(one).unwrap_or_default();
    refusals.iter().skip(1).fold(Failure::new(Exit::Configuration, first), |failure, refusal| {
        failure.help(one(refusal))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_one_of_fail2bans_unless_a_file_is_called_so() {
        for (text, want) in [
            ("sshd", "/etc/fail2ban/filter.d/sshd.conf"),
            ("sshd[mode=a/b]", "/etc/fail2ban/filter.d/sshd.conf[mode=a/b]"),
            ("sshd.local", "/etc/fail2ban/filter.d/sshd.local"),
            ("/x/my.conf[a=\"b]\"]", "/x/my.conf[a=\"b]\"]"),
            ("/x/my", "/x/my"),
        ] {
            assert_eq!(whole(text, |_| false), want);
        }
        let here = std::env::current_dir().unwrap().join("my.conf").display().to_string();
        assert_eq!(
            whole("my.conf[x=1]", |path| path == Path::new("my.conf")),
            format!("{here}[x=1]")
        );
        assert_eq!(whole("./my.conf", |_| false), here);
    }
}
