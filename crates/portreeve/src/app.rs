//! From the line typed to the exit status.

use crate::args::{BreakerArgs, BreakerDeed, Cli, Command};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::terminal::{self, Form};
use crate::{
    check, completions, convert, denyhosts, detect, detectors, events, explain, import, live,
    reload, render, replay, run, service, status, stop, takeover, upgrade,
};
use clap::Parser as _;
use clap::error::{ContextKind, ContextValue, Error as UsageError};
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

/// The whole program: reads the arguments, does the deed, says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let mut line = std::env::args_os();
    if let Some(exit) = line.next().and_then(|name| denyhosts::called(&name, line.collect())) {
        return exit;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&hinted(error), asks_for_json(std::env::args_os())).into(),
    };
    panic::set_hook(Box::new(|panic| {
        terminal::remark(&format!("portreeve: this is a bug, please report it: {panic}\n"));
    }));
    let json = cli.common.json;
    match panic::catch_unwind(AssertUnwindSafe(|| dispatch(&cli))) {
        Err(_told_by_the_hook) => Exit::Bug.into(),
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            terminal::remark(&render::json::told(&failure, json));
            failure.exit.into()
        }
    }
}

/// With a word to whoever names a file where a language is wanted: a configuration was meant.
fn hinted(mut error: UsageError) -> UsageError {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    let value = text(ContextKind::InvalidValue);
    if text(ContextKind::InvalidArg) == "[LANGUAGE]" && value.contains(['/', '.']) {
        let tip = format!("a configuration is checked with `portreeve check --config {value}`");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn dispatch(cli: &Cli) -> Result<Exit, Failure> {
    let paths = Paths::new(cli.common.root.as_deref());
    let form = Form::of_output(cli.common.json);
    match &cli.command {
        Command::Run(args) => run::run(args, &paths),
        Command::Check(args) => check::run(args, &paths, form),
        Command::Explain(args) => explain::run(args, &paths, form),
        Command::Convert(args) => convert::run(args, form),
        Command::Detect(args) => detect::run(args, form),
        Command::Import(args) => import::run(args, &paths, form),
        Command::Detectors(args) => detectors::run(args, &paths, form),
        Command::Replay(args) => replay::run(args, &paths, form),
        Command::Status => status::run(&paths, form),
        Command::Events(args) => events::run(args, &paths, form),
        Command::Reload(args) => reload::run(args, &paths, form),
        Command::Upgrade => upgrade::run(&paths, form),
        Command::Takeover(args) => takeover::run(args, &paths, form),
        Command::Guard(args) => takeover::guard(&args.id, &paths),
        Command::Confirm => takeover::confirm(&paths, form),
        Command::Stop(args) => stop::run(*args, &paths, form),
        Command::Sessions(args) => live::sessions::run(args, &paths, form),
        Command::End(args) => live::end::run(args, &paths, form),
        Command::Bans(args) => live::bans::run(args, &paths, form),
        Command::Who(args) => live::who::run(args, &paths, form),
        Command::Offences(args) => live::offences::run(args, &paths, form),
        Command::Ban(args) => live::ban::run(args, &paths, form),
        Command::Breaker(BreakerArgs { what: BreakerDeed::Close }) => {
            live::breaker::close(&paths, form)
        }
        Command::Unban(args) => live::unban::run(args, &paths, form),
        Command::Service(args) => service::run(&args.command, &paths, form),
        Command::Completions(args) => completions::run(args),
        Command::Names(args) => live::names::run(args),
    }
}

/// Help and version are answers; everything else of clap's is a usage error, which has another
/// number in sysexits(3) than in clap.
fn usage(error: &UsageError, json: bool) -> Exit {
    match (error.use_stderr(), json) {
        (false, _) => {
            let _nobody_to_tell = error.print();
            return Exit::Yes;
        }
        (true, false) => drop(error.print()),
        (true, true) => terminal::remark(&render::json::told(&failure(error), json)),
    }
    Exit::Usage
}

/// Whether a line that makes no sense as a whole asks for JSON.
fn asks_for_json(mut line: impl Iterator<Item = OsString>) -> bool {
    line.find(|word| word == "--json" || word == "--").is_some_and(|word| word == "--json")
}

/// A usage error without its layout: what is wrong, and what clap says besides.
fn failure(error: &UsageError) -> Failure {
    let text = error.render().to_string();
    let mut parts = text.split("\n\n").map(|part| {
        let words: Vec<_> = part.split_whitespace().collect();
        words.join(" ")
    });
    let first = parts.next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(&first);
    parts.filter(|part| !part.is_empty()).fold(Failure::new(Exit::Usage, message), Failure::help)
}
