//! `portreeve service enable` and `disable`: the file `down`, which a supervisor looks for when it
//! starts. For a service of the configuration it stands where it outlives a boot, too.

use super::act::bring;
use super::find::find;
use super::goal::Goal;
use super::look::{Seen, Supervisor, look};
use super::outcome::{Outcome, report};
use super::place::{Kind, Place, Places};
use super::tell::refused;
use crate::args::{MarkArgs, Wait};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::text::visible;
use crate::terminal::Form;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What a service is to be when its supervisor starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Started.
    Enabled,
    /// Left down.
    Disabled,
}

/// Marks services, and has them be so at once where that is asked.
pub(super) fn run(args: &MarkArgs, mark: Mark, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let places = Places::new(paths, args.at.directory.as_deref());
    let (found, mut outcomes) = find(&args.kept, &places);
    let mut marked = Vec::new();
    for place in found {
        match set(&place, mark, paths) {
            Err(failure) => outcomes.push(Outcome::of(&place, Err(failure), None)),
            Ok(()) if args.now => marked.push(place),
            Ok(()) => {
                let seen = look(&place);
                outcomes.push(Outcome::of(&place, Ok(sentence(&place, &seen, mark)), Some(seen)));
            }
        }
    }
    if !marked.is_empty() {
        let goal = match mark {
            Mark::Enabled => Goal::Up,
            Mark::Disabled => Goal::Down,
        };
        let wait = Wait { timeout: args.timeout, no_wait: args.no_wait };
        outcomes.extend(bring(marked, goal, wait)?);
    }
    report(&outcomes, form)
}

fn sentence(place: &Place, seen: &Seen, mark: Mark) -> String {
    let name = place.shown();
    let supervised = seen.supervisor == Supervisor::Runs;
    match (mark, seen.pid()) {
        (Mark::Enabled, None) if supervised => format!(
            "`{name}` is enabled, and down: `portreeve service up {name}` starts it before its \
             supervisor is started anew"
        ),
        (Mark::Enabled, _) => format!("`{name}` is enabled"),
        (Mark::Disabled, Some(pid)) => format!(
            "`{name}` is disabled, and runs on as process {pid}: `portreeve service down {name}` ends it"
        ),
        (Mark::Disabled, None) => format!("`{name}` is disabled"),
    }
}

/// The files that say so: the supervisor's, and the one that is carried over a boot.
fn files(place: &Place, paths: &Paths) -> Result<Vec<PathBuf>, Failure> {
    let own = place.path.join("down");
    match place.kind {
        Kind::Listed(_) | Kind::Path => Ok(vec![own]),
        Kind::Native if place.is_logger() => {
            let text = format!("`{}` belongs to a service of the configuration", place.shown());
            Err(Failure::new(Exit::Usage, text).help("it is started with that service"))
        }
        Kind::Native => Ok(vec![paths.disabled().join(&place.name), own]),
    }
}

fn set(place: &Place, mark: Mark, paths: &Paths) -> Result<(), Failure> {
    for file in files(place, paths)? {
        let shown = visible(&file.display().to_string());
        let (deed, done) = match mark {
            Mark::Disabled => ("make", make(&file)),
            Mark::Enabled => ("remove", remove(&file)),
        };
        done.map_err(|error| refused(format_args!("{deed} {shown}"), &error))?;
    }
    Ok(())
}

/// Makes an empty file, for good.
fn make(file: &Path) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    if !folder.exists() {
        fs::create_dir_all(folder)?;
    }
    match File::options().write(true).create_new(true).mode(0o644).open(file) {
        Ok(_) => File::open(folder)?.sync_all(),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes a file, for good.
fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Ok(()) => File::open(file.parent().unwrap_or(Path::new("/")))?.sync_all(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
