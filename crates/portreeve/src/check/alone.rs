//! `portreeve check LANGUAGE FILE…`: files without a configuration that names them, whosever they
//! are.

use super::look_up;
use crate::args::{CheckArgs, Language};
use crate::configuration::disk;
use crate::convert::{DENYHOSTS, FAIL2BAN, no_rules, one_at_a_time, pair, several, whole};
use crate::exit::{Exit, Failure};
use crate::render::check::found_in;
use crate::render::json;
use crate::terminal::{self, Form};
use portreeve_config::{Alone, Disk, Loaded, Owner, Trust, World as _, alone};
use portreeve_diag::{Code, Diagnostic, Diagnostics, JsonDiagnostic, Level, Sources, render};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Checks the files. Yes, if there is nothing to mend; no, if a warning says what; an error is a
/// configuration's.
pub(super) fn run(language: Language, args: &CheckArgs, form: Form) -> Result<Exit, Failure> {
    let (what, files) = meant(language, &args.files)?;
    let loaded = alone(&what, &mut Disk::new(Trust::Anybody).thorough());
    let Loaded { sources, diagnostics: mut found, questions, .. } = loaded;
    found.extend(files.iter().filter_map(|path| not_believed(path)));
    if !args.offline {
        found.extend(look_up::findings(&questions));
    }
    found.sort();
    match form {
        Form::Json => terminal::answer(&json::text(&as_json(&files, &found, &sources)))?,
        Form::Text(paint) => {
            let text = render(&found, &sources, paint) + &found_in(&files, &found);
            terminal::answer(&text)?;
        }
    }
    Ok(match (found.errors(), found.count(Level::Warning)) {
        (0, 0) => Exit::Yes,
        (0, _) => Exit::No,
        _ => Exit::Configuration,
    })
}

/// What is to be read, and the files that were meant by it.
fn meant(language: Language, files: &[PathBuf]) -> Result<(Alone, Vec<String>), Failure> {
    for file in files {
        there(file)?;
    }
    Ok(match language {
        Language::HostsAccess => {
            let [allow, deny] = pair(files)?;
            let (allow, deny) = (whole(&allow)?, whole(&deny)?);
            let paths = vec![allow.clone(), deny.clone()];
            (Alone::HostsAccess { allow, deny }, paths)
        }
        Language::Tcprules if files.is_empty() => return Err(no_rules()),
        Language::Tcprules => {
            let paths = files.iter().map(|path| whole(path)).collect::<Result<Vec<_>, _>>()?;
            (Alone::Tcprules(paths.clone()), paths)
        }
        Language::Xinetd => {
            let path = match files {
                [] => "/etc/xinetd.conf".to_owned(),
                [file] => whole(file)?,
                _ => return Err(several()),
            };
            (Alone::Xinetd(path.clone()), vec![path])
        }
        Language::Fail2ban => {
            let path = one(files, FAIL2BAN, "folder of fail2ban's")?;
            (Alone::Fail2ban(path.clone()), vec![path])
        }
        Language::DenyHosts => {
            let path = one(files, DENYHOSTS, "denyhosts.cfg")?;
            (Alone::DenyHosts(path.clone()), vec![path])
        }
    })
}

/// The one that is named, or the host's.
fn one(files: &[PathBuf], otherwise: &str, what: &str) -> Result<String, Failure> {
    match files {
        [] => Ok(otherwise.to_owned()),
        [file] => whole(file),
        _ => Err(one_at_a_time(what)),
    }
}

/// A file that is named must be there, whatever its absence would mean.
fn there(path: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::system(format!("read {}", path.display()), &error);
    path.metadata().map(drop).map_err(failed)
}

/// Whether a door would read a file whoever it belongs to: of one that it would not, why.
fn not_believed(path: &str) -> Option<Diagnostic> {
    const UNTRUSTED: Code = Code("untrusted-file");
    let unread = disk().read_source(path, Owner::Believed).bytes.err()?;
    let message = format!("`{path}`: a door would not believe it: {}", unread.reason);
    let note = Diagnostic::new(Level::Note, UNTRUSTED, None, message);
    (unread.code == UNTRUSTED).then(|| note.help("nothing needs to change for a copy"))
}

fn as_json(files: &[String], found: &Diagnostics, sources: &Sources) -> Value {
    let findings: Vec<_> = found.iter().map(|one| JsonDiagnostic::new(one, sources)).collect();
    json!({
        "files": files,
        "errors": found.errors(),
        "warnings": found.count(Level::Warning),
        "notes": found.count(Level::Note),
        "findings": findings,
        "more": found.dropped(),
    })
}
