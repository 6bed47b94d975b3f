//! `portreeve convert`.

use crate::args::{ConvertArgs, Language};
use crate::configuration::{as_text, disk};
use crate::exit::{Exit, Failure};
use crate::render::json;
use crate::terminal::{self, Form};
use portreeve_config::convert::{self, Converted, Given, Weight};
use portreeve_diag::{JsonDiagnostic, render};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Bytes of a file at most.
const LARGEST: usize = 64 << 20;

/// Writes the native equivalent. Yes, if it means what the files mean, without them; no, if a
/// comment in it says what differs.
pub(crate) fn run(args: &ConvertArgs, form: Form) -> Result<Exit, Failure> {
    let converted = match args.language {
        Language::HostsAccess => {
            let [allow, deny] = pair(&args.files)?;
            convert::hosts_access(&given(&allow)?, &given(&deny)?)
        }
        Language::Tcprules if args.files.is_empty() => return Err(no_rules()),
        Language::Tcprules => {
            let files = args.files.iter().map(|path| Ok((whole(path)?, bytes(path)?)));
            convert::tcprules(&files.collect::<Result<Vec<_>, Failure>>()?)
        }
        Language::Xinetd => match args.files.as_slice() {
            [] => convert::xinetd("/etc/xinetd.conf", &mut disk()),
            [file] => convert::xinetd(&as_text(file)?, &mut disk()),
            _ => return Err(several()),
        },
        Language::Fail2ban => match args.files.as_slice() {
            [] => convert::fail2ban(FAIL2BAN, &mut disk()),
            [folder] => convert::fail2ban(&as_text(folder)?, &mut disk()),
            _ => return Err(one_at_a_time("folder of fail2ban's")),
        },
        Language::DenyHosts => match args.files.as_slice() {
            [] => convert::denyhosts(DENYHOSTS, &mut disk()),
            [file] => convert::denyhosts(&as_text(file)?, &mut disk()),
            _ => return Err(one_at_a_time("denyhosts.cfg")),
        },
    };
    match form {
        Form::Json => terminal::answer(&json::text(&as_json(&converted)))?,
        Form::Text(_) => {
            let paint = terminal::error_paint();
            terminal::remark(&render(&converted.diagnostics, &converted.sources, paint));
            terminal::answer(&converted.text)?;
        }
    }
    Ok(exit(&converted))
}

/// No file is named, and the host has none of its own.
pub(crate) fn no_rules() -> Failure {
    let failure = Failure::new(Exit::Usage, "name the files that tcprules reads");
    failure.help("each is the rules of one service")
}

/// Where they lie where nobody says otherwise.
pub(crate) const FAIL2BAN: &str = "/etc/fail2ban";
pub(crate) const DENYHOSTS: &str = "/etc/denyhosts.conf";

/// More than one, of what there is one.
pub(crate) fn one_at_a_time(what: &str) -> Failure {
    Failure::new(Exit::Usage, format!("one {what} at a time"))
}

/// More than one xinetd.conf.
pub(crate) fn several() -> Failure {
    let failure = Failure::new(Exit::Usage, "one xinetd.conf at a time");
    failure.help("it is read with all that it includes")
}

fn exit(converted: &Converted) -> Exit {
    match (converted.text.is_empty(), converted.diagnostics.has_errors()) {
        (true, _) => Exit::Configuration,
        (false, false) if converted.is_exact() => Exit::Yes,
        (false, _) => Exit::No,
    }
}

/// hosts.allow and hosts.deny, as they are told apart: by their names, where those say it, else by
/// their order. Beside one alone stands the other.
pub(crate) fn pair(files: &[PathBuf]) -> Result<[PathBuf; 2], Failure> {
    let ends = |path: &Path, end: &str| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.and_then(|name| {
            Some(path.with_file_name(format!("{}{}", name.strip_suffix(end)?, other(end))))
        })
    };
    match files {
        [] => Ok(["/etc/hosts.allow".into(), "/etc/hosts.deny".into()]),
        [one] => match (ends(one, "allow"), ends(one, "deny")) {
            (Some(deny), _) => Ok([one.clone(), deny]),
            (_, Some(allow)) => Ok([allow, one.clone()]),
            (None, None) => {
                let message = format!("is {} hosts.allow or hosts.deny?", one.display());
                Err(Failure::new(Exit::Usage, message).help("name both, hosts.allow first"))
            }
        },
        [first, second] if ends(first, "deny").is_some() && ends(second, "allow").is_some() => {
            Ok([second.clone(), first.clone()])
        }
        [first, second] => Ok([first.clone(), second.clone()]),
        _ => Err(Failure::new(Exit::Usage, "there are two files: hosts.allow and hosts.deny")),
    }
}

fn other(end: &str) -> &'static str {
    if end == "allow" { "deny" } else { "allow" }
}

/// A file and what is in it; one that is not there is told in the text.
fn given(path: &Path) -> Result<Given, Failure> {
    let content = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        _ => Some(bytes(path)?),
    };
    Ok(Given { path: whole(path)?, content })
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = portreeve_sys::file::read_bounded(path, LARGEST);
    let failed = |error| Failure::system(format!("read {}", path.display()), &error);
    read.map(|content| content.bytes).map_err(failed)
}

/// A path from the root on: what is written names it for the door, whose directory is another.
pub(crate) fn whole(path: &Path) -> Result<String, Failure> {
    let failed = |error| Failure::system("find the working directory", &error);
    as_text(&std::path::absolute(path).map_err(failed)?)
}

fn as_json(converted: &Converted) -> Value {
    let sources = &converted.sources;
    let findings = converted.diagnostics.iter().map(|one| JsonDiagnostic::new(one, sources));
    let remarks = converted.remarks.iter().map(|remark| {
        json!({
            "at": remark.at,
            "weight": match remark.weight {
                Weight::Note => "note",
                Weight::Differs => "differs",
                Weight::Kept => "kept",
            },
            "what": remark.what,
            "mend": remark.mend,
        })
    });
    json!({
        "native": converted.text,
        "exact": converted.is_exact(),
        "remarks": remarks.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_files_are_told_apart_by_their_names() {
        for (files, want) in [
            (vec![], Some(["/etc/hosts.allow", "/etc/hosts.deny"])),
            (vec!["/a/hosts.deny"], Some(["/a/hosts.allow", "/a/hosts.deny"])),
            (vec!["hosts.allow"], Some(["hosts.allow", "hosts.deny"])),
            (vec!["b.deny", "a.allow"], Some(["a.allow", "b.deny"])),
            (vec!["x", "y"], Some(["x", "y"])),
            (vec!["x"], None),
            (vec!["x", "y", "z"], None),
        ] {
            let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            let got = pair(&files).ok();
            assert_eq!(got, want.map(|want| want.map(PathBuf::from)), "{files:?}");
        }
    }
}
