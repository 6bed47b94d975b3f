//! Where a service's log is.

use crate::exit::{Exit, Failure};
use crate::render::text::visible;
use crate::service::look::{Seen, look};
use crate::service::place::{Kind, Place};
use crate::service::plan::{self, Planned};
use portreeve_supervise::plan::Task;
use portreeve_supervise::script::{Action, Script};
use portreeve_sys::file::read_bounded;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Bytes of a script that is looked into, at most.
const SCRIPT: usize = 64 << 10;

/// Open files of a logger that are looked at, at most.
const MOST: usize = 4096;

/// The folder that a service's logger writes to: what its plan says; what it has open; what its script
/// says, where that is certain.
pub(super) fn folder(place: &Place, seen: &Seen) -> Result<PathBuf, Failure> {
    let name = place.shown();
    if place.kind == Kind::Path && is_log(&place.path) && !place.path.join("run").exists() {
        return Ok(place.path.clone());
    }
    let logger = match place.is_logger() {
        true => Some((place.clone(), seen.clone())),
        false => place.logger().map(|logger| (logger.clone(), look(&logger))),
    };
    let Some((logger, seen)) = logger else {
        let text = format!("`{name}` has no logger");
        return Err(Failure::new(Exit::No, text)
            .help("what it says goes where its supervisor's own words go"));
    };
    let planned = plan::of(&logger);
    if let Some(Task::Log(log)) = planned.plan().map(|plan| &plan.task) {
        return canonical(Path::new(OsStr::from_bytes(&log.folder)));
    }
    if let (Kind::Native, Planned::Nothing(why)) = (&logger.kind, &planned) {
        let text = format!("cannot tell where the logger of `{name}` writes to: {why}");
        return Err(Failure::new(Exit::No, text).help("name the folder by its path, or be root"));
    }
    let open = seen.pid().map(open_logs).unwrap_or_default();
    match open.as_slice() {
        [] => {}
        [folder] => return Ok(folder.clone()),
        several => return Err(which(&name, several)),
    }
    let main = logger.path.join("main");
    if is_log(&main) {
        return canonical(&main);
    }
    match of_script(&logger.path).as_slice() {
        [folder] => canonical(folder),
        [] => {
            let script = visible(&logger.path.join("run").display().to_string());
            let text = format!("cannot tell where the logger of `{name}` writes to");
            Err(Failure::new(Exit::No, text)
                .help(format!("read {script}, and name the folder by its path")))
        }
        several => Err(which(&name, several)),
    }
}

fn which(name: &str, several: &[PathBuf]) -> Failure {
    let each = several.iter().map(|folder| visible(&folder.display().to_string()));
    let each = each.collect::<Vec<_>>().join(" and ");
    Failure::new(Exit::No, format!("the logger of `{name}` writes to several folders: {each}"))
        .help("name the one you mean by its path")
}

fn is_log(folder: &Path) -> bool {
    folder.join("current").is_file()
}

fn canonical(folder: &Path) -> Result<PathBuf, Failure> {
    let shown = visible(&folder.display().to_string());
    fs::canonicalize(folder)
        .map_err(|error| crate::service::tell::refused(format_args!("open {shown}"), &error))
}

/// Folders in which a process has a file `current` open.
fn open_logs(pid: u32) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let files = entries.take(MOST).flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    let folders: BTreeSet<_> = files
        .filter(|file| file.file_name() == Some(OsStr::new("current")) && file.is_file())
        .filter_map(|file| file.parent().map(Path::to_owned))
        .collect();
    folders.into_iter().collect()
}

/// Folders that a logger's script names: where all it does is start multilog.
fn of_script(logger: &Path) -> Vec<PathBuf> {
    let Ok(content) = read_bounded(&logger.join("run"), SCRIPT) else { return Vec::new() };
    let Some(folders) = folders(&String::from_utf8_lossy(&content.bytes)) else {
        return Vec::new();
    };
    let each = folders.iter().map(|folder| logger.join(OsStr::from_bytes(folder)));
    each.filter(|folder| is_log(folder)).collect()
}

/// The folders of a script's logs; nothing where it does more than to start multilog, or where the
/// shell would make something else of the words.
fn folders(script: &str) -> Option<Vec<Vec<u8>>> {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut lines = lines.filter(|line| !line.starts_with('#') && !harmless(line));
    let line = lines.next()?;
    if lines.next().is_some() {
        return None;
    }
    let line = line.strip_suffix(" 2>&1").unwrap_or(line);
    let words = words(line)?;
    let at = words.iter().position(|word| word == "multilog" || word.ends_with("/multilog"))?;
    let arguments: Vec<_> = words.get(at + 1..)?.iter().map(|word| word.as_bytes()).collect();
    let (script, _) = Script::parse(&arguments);
    let logs = script.actions.into_iter().filter_map(|action| match action {
        Action::Log(log) => Some(log.folder),
        Action::Deselect(_) | Action::Select(_) | Action::Error | Action::Status(_) => None,
    });
    Some(logs.collect())
}

/// A line that changes nothing about where a log is.
fn harmless(line: &str) -> bool {
    line == "exec 2>&1" || line.starts_with("set -") || line.starts_with("umask ")
}

/// Words of a line in which the shell sees nothing but words; `'…'` quotes.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' | '\t' if !quoted => words.push(String::new()),
            _ if quoted || c.is_alphanumeric() || "-_=+./:@%,".contains(c) => {
                words.last_mut()?.push(c);
            }
            _ => return None,
        }
    }
    words.retain(|word| !word.is_empty());
    (!quoted).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_read_of_a_script() {
        let one = |folder: &str| Some(vec![folder.as_bytes().to_vec()]);
        for (script, want) in [
            ("#!/bin/sh\nexec multilog t ./main\n", one("./main")),
            (
                "#!/bin/sh\n# the log\nexec 2>&1\nexec setuidgid log /usr/bin/multilog t s9999 n5 '-*x y*' \
                 /var/log/a 2>&1\n",
                one("/var/log/a"),
            ),
            ("#!/bin/sh\nexec multilog t '!gzip -9' ./a\n", one("./a")),
            ("#!/bin/sh\nexec multilog t ./a ./b\n", Some(vec![b"./a".to_vec(), b"./b".to_vec()])),
            ("#!/bin/sh\ncd /var/log\nexec multilog t ./a\n", None),
            ("#!/bin/sh\nexec multilog t \"$LOG\"\n", None),
            ("#!/bin/sh\nexec multilog t ./a | cat\n", None),
            ("#!/bin/sh\nexec multilog t 'a\n", None),
            ("#!/bin/sh\nexec cat\n", None),
            ("#!/bin/sh\nexec multilog t e\n", Some(vec![])),
            ("", None),
        ] {
            assert_eq!(folders(script), want, "{script}");
        }
    }
}
