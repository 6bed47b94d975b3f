//! `portreeve import`: bans of other programs are brought along.
//!
//! Each program has a module that reads its files into a [`Load`]; [`bring`] has the running door judge
//! and make its bans, and tells what became of them.

mod denyhosts;
mod fail2ban;
mod outcome;
mod send;
mod sshguard;
mod told;

use crate::args::{ImportArgs, ImportCommand};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::terminal::{self, Form};
use outcome::Outcomes;
use portreeve_wire::import::ImportedBan;

/// Bans that are read, at most.
const MOST: usize = 1_000_000;

/// Brings bans along. Yes, if everything that is not over is in force then; no, if something is not.
pub(crate) fn run(args: &ImportArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    match &args.command {
        ImportCommand::Denyhosts(args) => bring(denyhosts::load(args)?, args.dry_run, paths, form),
        ImportCommand::Fail2ban(args) => bring(fail2ban::load(args)?, args.dry_run, paths, form),
        ImportCommand::Sshguard(args) => bring(sshguard::load(args)?, args.dry_run, paths, form),
    }
}

/// What was read of a program's files.
#[derive(Debug, Default)]
struct Load {
    /// Which program, as the reason and the origin of its bans name it.
    program: &'static str,
    /// Its bans; of one network there may be several.
    bans: Vec<Found>,
    /// What is no ban that could be made.
    passed: Vec<Passed>,
    /// Lines that belong into a configuration.
    configuration: String,
    /// What else is to be said.
    remarks: Vec<String>,
}

/// A ban, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    /// `path:line`, or the path and a row's number.
    place: String,
    ban: ImportedBan,
}

/// Something that is passed over, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Passed {
    place: String,
    why: String,
}

/// Has the door make the bans, or say what would become of them, and tells it.
fn bring(load: Load, dry_run: bool, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let now = crate::moment::now().as_second();
    let mut outcomes = Outcomes::of(load.bans, now);
    send::send(&mut outcomes, load.program, dry_run, paths)?;
    let good = load.passed.is_empty() && outcomes.each().all(|(_, outcome)| outcome.is_good());
    if let Form::Text(_) = form {
        let passed = load.passed.iter().map(told::passed);
        terminal::remark(&passed.collect::<String>());
        load.remarks.iter().for_each(|remark| terminal::remark(&format!("{remark}\n")));
    }
    told::tell(&outcomes, &load.passed, &load.configuration, dry_run, form)?;
    Ok(if good { Exit::Yes } else { Exit::No })
}
