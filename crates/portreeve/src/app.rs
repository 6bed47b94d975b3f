//! From the line typed to the exit status.

use crate::args::{Cli, Command};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::terminal::{self, Form};
use crate::{check, events, explain, reload, render, run, status, stop};
use clap::Parser as _;
use clap::error::Error as UsageError;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

/// The whole program: reads the arguments, does the deed, says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    panic::set_hook(Box::new(|panic| {
        terminal::remark(&format!("portreeve: this is a bug, please report it: {panic}\n"));
    }));
    let json = cli.common.json;
    match panic::catch_unwind(AssertUnwindSafe(|| dispatch(&cli))) {
        Err(_told_by_the_hook) => Exit::Bug.into(),
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            terminal::remark(&told(&failure, json));
            failure.exit.into()
        }
    }
}

fn dispatch(cli: &Cli) -> Result<Exit, Failure> {
    let paths = Paths::new(cli.common.root.as_deref());
    let form = Form::of_output(cli.common.json);
    match &cli.command {
        Command::Run(args) => run::run(args, &paths),
        Command::Check(args) => check::run(args, &paths, form),
        Command::Explain(args) => explain::run(args, &paths, form),
        Command::Status => status::run(&paths, form),
        Command::Events(args) => events::run(args, &paths, form),
        Command::Reload => reload::run(&paths, form),
        Command::Stop => stop::run(&paths, form),
    }
}

fn told(failure: &Failure, json: bool) -> String {
    match json {
        true => render::json::text(&render::json::failure(failure)),
        false => format!("portreeve: {failure}\n"),
    }
}

/// Help and version are answers; everything else of clap's is a usage error, which has another
/// number in sysexits(3) than in clap.
fn usage(error: &UsageError) -> Exit {
    let _nobody_to_tell = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Yes }
}
