//! Arguments of `service`.

use super::live;
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `service`.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct ServiceArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: ServiceCommand,
}

/// What is done to kept services.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// List all of them
    List(ListArgs),
    /// Show all about some of them
    Status(StatusArgs),
    /// Start services, and have them started again whenever they end
    Up(ChangeArgs),
    /// End services, and leave them so
    Down(ChangeArgs),
    /// Start services that are not started again when they end
    Once(ChangeArgs),
    /// End services and start them again; those that do not run are started
    Restart(ChangeArgs),
    /// Send a signal to services
    Signal(SignalArgs),
    /// Show the log of a service
    Log(LogArgs),
    /// Have services started with their supervisor
    Enable(MarkArgs),
    /// Leave services down when their supervisor starts
    Disable(MarkArgs),
}

/// Where services are looked for.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Where {
    /// Services are those of the directory DIR, such as /etc/service, instead of those that the keeper
    /// of the door has
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) directory: Option<PathBuf>,
}

/// Arguments of `service list`.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Where they are.
    #[command(flatten)]
    pub(crate) at: Where,
}

/// Arguments of `service status`.
#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// Which: a name, NAME/log for its logger, or the path of a directory
    #[arg(value_name = "NAME", required = true, value_hint = ValueHint::Other)]
    pub(crate) kept: Vec<OsString>,
    /// Where they are.
    #[command(flatten)]
    pub(crate) at: Where,
}

/// How long an effect is waited for.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Wait so long for the effect; without it 10s, or 5s more than the time after which a service
    /// is killed
    #[arg(long, value_name = "TIME", value_parser = live::time)]
    pub(crate) timeout: Option<Duration>,
    /// Tell the supervisor, and wait for nothing
    #[arg(long, conflicts_with = "timeout")]
    pub(crate) no_wait: bool,
}

/// Arguments of `service up`, `down`, `once` and `restart`.
#[derive(Args, Debug)]
pub(crate) struct ChangeArgs {
    /// Which: a name, NAME/log for its logger, or the path of a directory
    #[arg(value_name = "NAME", required = true, value_hint = ValueHint::Other)]
    pub(crate) kept: Vec<OsString>,
    /// For how long.
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Where they are.
    #[command(flatten)]
    pub(crate) at: Where,
}

/// Arguments of `service signal`.
#[derive(Args, Debug)]
pub(crate) struct SignalArgs {
    /// Which: a name, NAME/log for its logger, or the path of a directory
    #[arg(value_name = "NAME", required = true, value_hint = ValueHint::Other)]
    pub(crate) kept: Vec<OsString>,
    /// Which signal
    #[arg(value_name = "SIGNAL", ignore_case = true, required = true)]
    pub(crate) signal: Word,
    /// Where they are.
    #[command(flatten)]
    pub(crate) at: Where,
}

/// Signals that a supervisor passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Word {
    /// SIGTERM
    #[value(alias = "SIGTERM")]
    Term,
    /// SIGHUP
    #[value(alias = "SIGHUP")]
    Hup,
    /// SIGINT
    #[value(alias = "SIGINT")]
    Int,
    /// SIGALRM
    #[value(alias = "SIGALRM")]
    Alrm,
    /// SIGKILL
    #[value(alias = "SIGKILL")]
    Kill,
    /// SIGSTOP
    #[value(alias = "SIGSTOP")]
    Stop,
    /// SIGCONT
    #[value(alias = "SIGCONT")]
    Cont,
    /// SIGQUIT
    #[value(alias = "SIGQUIT")]
    Quit,
    /// SIGUSR1
    #[value(alias = "SIGUSR1")]
    Usr1,
    /// SIGUSR2
    #[value(alias = "SIGUSR2")]
    Usr2,
}

/// Arguments of `service log`.
#[derive(Args, Debug)]
pub(crate) struct LogArgs {
    /// Which: a name, or the path of a service's directory or of a log's
    #[arg(value_name = "NAME", value_hint = ValueHint::Other)]
    pub(crate) kept: OsString,
    /// Go on with what is logged, until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// So many past lines first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub(crate) lines: u32,
    /// Show times in UTC instead of local time
    #[arg(long)]
    pub(crate) utc: bool,
    /// Show every byte as it is in the log: labels are not made times, and control characters go
    /// to the terminal
    #[arg(long, conflicts_with = "utc")]
    pub(crate) raw: bool,
    /// Where services are.
    #[command(flatten)]
    pub(crate) at: Where,
}

/// Arguments of `service enable` and `disable`.
#[derive(Args, Debug)]
pub(crate) struct MarkArgs {
    /// Which: a name, NAME/log for its logger, or the path of a directory
    #[arg(value_name = "NAME", required = true, value_hint = ValueHint::Other)]
    pub(crate) kept: Vec<OsString>,
    /// At once too: start what is enabled, end what is disabled
    #[arg(long)]
    pub(crate) now: bool,
    /// Wait so long for the effect; without it as `up` and `down` do
    #[arg(long, value_name = "TIME", value_parser = live::time, requires = "now")]
    pub(crate) timeout: Option<Duration>,
    /// Tell the supervisor, and wait for nothing
    #[arg(long, conflicts_with = "timeout", requires = "now")]
    pub(crate) no_wait: bool,
    /// Where they are.
    #[command(flatten)]
    pub(crate) at: Where,
}
