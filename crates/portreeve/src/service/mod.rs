//! Services that are kept running: what their supervisors say of them, and what they are told.
//!
//! Supervisor and command meet in the service's directory, in the files that daemontools gave them
//! (`supervise/ok`, `control`, `status`): whose supervisor it is does not matter. Ours says more, in
//! `supervise/state`. Neither the door nor the keeper is asked, so both may be away.

mod act;
mod find;
mod goal;
mod list;
mod log;
mod look;
mod mark;
mod outcome;
mod place;
mod plan;
mod signal;
mod tell;
mod wait;

pub(crate) use list::{kept, names};
pub(crate) use log::Last;
pub(crate) use look::{Seen, Supervisor};
pub(crate) use place::{Kind, Place};
pub(crate) use plan::Planned;

use crate::args::ServiceCommand;
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::terminal::Form;
use goal::Goal;
use mark::Mark;

/// Does what is asked of `service`.
pub(crate) fn run(command: &ServiceCommand, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    match command {
        ServiceCommand::List(args) => list::list(&args.at, paths, form),
        ServiceCommand::Status(args) => list::status(args, paths, form),
        ServiceCommand::Up(args) => act::run(args, Goal::Up, paths, form),
        ServiceCommand::Down(args) => act::run(args, Goal::Down, paths, form),
        ServiceCommand::Once(args) => act::run(args, Goal::Once, paths, form),
        ServiceCommand::Restart(args) => act::run(args, Goal::Restart, paths, form),
        ServiceCommand::Signal(args) => signal::run(args, paths, form),
        ServiceCommand::Log(args) => log::run(args, paths, form),
        ServiceCommand::Enable(args) => mark::run(args, Mark::Enabled, paths, form),
        ServiceCommand::Disable(args) => mark::run(args, Mark::Disabled, paths, form),
    }
}
