//! What may be typed. The option tables of the man page are made from this.

mod convert;
mod detect;
mod import;
mod live;
mod replay;
mod service;

pub(crate) use convert::{ConvertArgs, Language};
pub(crate) use detect::{DetectArgs, DetectorsArgs};
pub(crate) use import::{
    DenyhostsArgs, Fail2banArgs, ImportArgs, ImportCommand, SshguardArgs, Unmarked,
};
pub(crate) use live::{
    BanArgs, BansArgs, BreakerArgs, BreakerDeed, CompletionsArgs, EndArgs, Kind, NamesArgs,
    OffencesArgs, SessionsArgs, Shell, UnbanArgs, WhoArgs,
};

pub(crate) use replay::ReplayArgs;
pub(crate) use service::{
    ChangeArgs, LogArgs, MarkArgs, ServiceArgs, ServiceCommand, SignalArgs, StatusArgs, Wait,
    Where, Word,
};

use crate::peer::PeerArg;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// One front door for every service of a host.
#[derive(Debug, Parser)]
#[command(
    name = "portreeve",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 80,
    after_help = "Exits: 0 yes, 1 no, 64 usage, 69 door away or cannot now, 70 bug, 71 system, \
                  77 not permitted, 78 configuration."
)]
pub(crate) struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Common {
    /// The door whose files lie below DIR, instead of the host's own
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Answer in JSON, failures too
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Which configuration is read.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Source {
    /// Read this native configuration instead of /etc/portreeve/portreeve.toml
    #[arg(long, value_name = "FILE", conflicts_with = "xinetd")]
    pub(crate) config: Option<PathBuf>,
    /// Read this xinetd.conf, with no native configuration at all
    #[arg(long, value_name = "FILE")]
    pub(crate) xinetd: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Open the door: become portreeved, in the foreground
    Run(RunArgs),
    /// Read a configuration and name everything that is wrong with it
    Check(CheckArgs),
    /// Say whether a peer would be let in, and which line decides
    Explain(ExplainArgs),
    /// Rewrite access rules or services of another language as native TOML
    Convert(ConvertArgs),
    /// Read logs, and say which lines are offences and whose
    Detect(DetectArgs),
    /// Say which detectors there are, what they find, and who is looked at by them
    Detectors(DetectorsArgs),
    /// Say what rules would have done with the logs that there are
    Replay(ReplayArgs),
    /// Show services, listeners, sessions, refusals and what needs mending
    Status,
    /// Show what happened, or what happens
    Events(EventsArgs),
    /// Put an edited configuration in force, or say why it cannot be
    Reload(ReloadArgs),
    /// Have the running daemon become the portreeved that is installed now; sessions go on
    Upgrade,
    /// Take over what another program listens on, and put it back unless confirmed
    Takeover(TakeoverArgs),
    /// Keep what is on trial: run it from a connection made since the trial began
    Confirm,
    /// Stop accepting connections, and the door with them
    Stop(StopArgs),
    /// List who is inside
    Sessions(SessionsArgs),
    /// End sessions: they are told to, and killed if they do not
    End(EndArgs),
    /// List who is shut out
    Bans(BansArgs),
    /// Show everything that is known of an address
    Who(WhoArgs),
    /// Show what was charged to whom
    Offences(OffencesArgs),
    /// Shut a network out of every service, or of one
    Ban(BanArgs),
    /// Let a network in again
    Unban(UnbanArgs),
    /// Let judges shut out again, after they have shut out too many
    Breaker(BreakerArgs),
    /// Bring bans of another program along
    Import(ImportArgs),
    /// Look after the services that are kept running
    Service(ServiceArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Guard a takeover: started by `takeover`
    #[command(hide = true)]
    Guard(GuardArgs),
    /// Print the names a shell may offer
    #[command(hide = true)]
    Names(NamesArgs),
}

/// Arguments of `stop`.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(group(ArgGroup::new("parting").args(["wait", "end", "leave"])))]
pub(crate) struct StopArgs {
    /// The sessions are waited for: the door ends with the last of them
    #[arg(long)]
    pub(crate) wait: bool,
    /// The sessions are told to end, and killed if they do not
    #[arg(long)]
    pub(crate) end: bool,
    /// The door ends at once, and the sessions go on without it
    #[arg(long)]
    pub(crate) leave: bool,
    /// Tell those that were waited for to end after TIME; kill those told to end after it
    #[arg(long, value_name = "TIME", value_parser = live::time, requires = "parting", conflicts_with = "leave")]
    pub(crate) within: Option<Duration>,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Which configuration.
    #[command(flatten)]
    pub(crate) source: Source,
}

/// Arguments of `check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Check files of this language alone, anybody's, instead of a configuration
    #[arg(value_name = "LANGUAGE", conflicts_with_all = ["config", "xinetd", "print"])]
    pub(crate) language: Option<Language>,
    /// The files: hosts.allow and hosts.deny, told apart by their names; texts or databases of
    /// tcprules; an xinetd.conf. Without any, those of the host
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Look up no names, addresses and netgroups that hosts.allow and hosts.deny speak of
    #[arg(long)]
    pub(crate) offline: bool,
    /// Which configuration.
    #[command(flatten)]
    pub(crate) source: Source,
    /// Print the effective configuration as native TOML; findings go to standard error
    #[arg(long)]
    pub(crate) print: bool,
}

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// Name or key of a service; every service of that name is explained
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    /// Who would connect: an IPv4 or IPv6 address, with a port if it matters
    #[arg(value_name = "ADDRESS[:PORT]")]
    pub(crate) peer: PeerArg,
    /// When: 2026-11-21T14:00:00+01:00, "2026-11-21 14:00" or 14:00; without it, now
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Suppose that the peer has this confirmed host name (may be repeated)
    #[arg(long = "name", value_name = "HOST", value_hint = ValueHint::Other)]
    pub(crate) names: Vec<String>,
    /// Suppose this of the peer's host names, where it has no confirmed one
    #[arg(long = "names", value_name = "ANSWER", conflicts_with = "names")]
    pub(crate) names_answer: Option<NamesAnswer>,
    /// Suppose that the address the peer comes to has this confirmed host name (may be repeated)
    #[arg(long = "server-name", value_name = "HOST", value_hint = ValueHint::Other)]
    pub(crate) server_names: Vec<String>,
    /// Suppose this of that address's host names, where it has no confirmed one
    #[arg(long = "server-names", value_name = "ANSWER", conflicts_with = "server_names")]
    pub(crate) server_names_answer: Option<NamesAnswer>,
    /// Suppose that the peer's ident server names this user
    #[arg(long, value_name = "USER", value_hint = ValueHint::Other)]
    pub(crate) ident: Option<String>,
    /// Suppose that the peer's ident server does not answer
    #[arg(long, conflicts_with = "ident")]
    pub(crate) no_ident: bool,
    /// Suppose that this DNS list has the peer, and others have it not (may be repeated)
    #[arg(long, value_name = "ZONE", value_hint = ValueHint::Other)]
    pub(crate) listed: Vec<String>,
    /// Suppose that no DNS list has the peer
    #[arg(long, conflicts_with = "listed")]
    pub(crate) unlisted: bool,
    /// Which address of the service the peer comes to; without it, the first that is written
    #[arg(long, value_name = "ADDRESS[:PORT]", value_hint = ValueHint::Other)]
    pub(crate) to: Option<PeerArg>,
    /// Decide from the files alone, even if the door is running
    #[arg(long)]
    pub(crate) offline: bool,
    /// Which configuration; naming one implies `--offline`.
    #[command(flatten)]
    pub(crate) source: Source,
}

/// An answer about host names that gives none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NamesAnswer {
    /// The address has none
    None,
    /// It has one that does not lead back to it (PARANOID)
    Unconfirmed,
    /// The look-up failed
    Failed,
}

/// Arguments of `reload`.
#[derive(Args, Debug)]
pub(crate) struct ReloadArgs {
    /// Go back to the old configuration unless `portreeve confirm` is run within TIME (10s to 1h)
    /// from a connection made since
    #[arg(long, value_name = "TIME", value_parser = portreeve_config::duration)]
    pub(crate) confirm: Option<Duration>,
}

/// Arguments of `takeover`.
#[derive(Args, Debug)]
pub(crate) struct TakeoverArgs {
    /// Name or key of a service of the running door
    #[arg(value_name = "SERVICE", required_unless_present = "undo")]
    pub(crate) service: Option<String>,
    /// How long there is to confirm it (10s to 1h)
    #[arg(
        long,
        value_name = "TIME",
        default_value = "60s",
        value_parser = portreeve_config::duration
    )]
    pub(crate) confirm: Duration,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Stop the program with this command, which no shell sees: words at blanks, '…', "…" and \
    /// quote
    #[arg(long, value_name = "COMMAND", requires = "start_with")]
    pub(crate) stop_with: Option<String>,
    /// Start it again with this command
    #[arg(long, value_name = "COMMAND", requires = "stop_with")]
    pub(crate) start_with: Option<String>,
    /// Put everything back now: end a trial, or finish what was left half done
    #[arg(long, conflicts_with_all = ["service", "dry_run", "stop_with", "start_with"])]
    pub(crate) undo: bool,
}

/// Arguments of the guard of a takeover.
#[derive(Args, Debug)]
pub(crate) struct GuardArgs {
    /// Which takeover
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// Arguments of `events`.
#[derive(Args, Debug)]
pub(crate) struct EventsArgs {
    /// Go on with what happens, until interrupted
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// So many past events first
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub(crate) last: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory as _, error::ErrorKind};

    fn kind(line: &str) -> Option<ErrorKind> {
        Cli::try_parse_from(line.split(' ')).err().map(|e| e.kind())
    }

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lines_people_type_are_read() {
        for line in [
            "portreeve run --root /tmp/d --config x.toml",
            "portreeve --root /tmp/d run --xinetd x.conf",
            "portreeve check --print --json",
            "portreeve check --offline --config x.toml",
            "portreeve check hosts-access a/hosts.allow a/hosts.deny --json",
            "portreeve check xinetd",
            "portreeve explain ssh 192.0.2.7 --at 14:00 --offline",
            "portreeve explain ssh [2001:db8::1]:22 --name a.example --name b.example",
            "portreeve explain ssh 192.0.2.7 --server-name www.example --offline",
            "portreeve explain ssh 192.0.2.7 --server-names unconfirmed",
            "portreeve convert hosts-access",
            "portreeve convert tcprules /etc/tcp.smtp /etc/tcp.pop3 --json",
            "portreeve detect",
            "portreeve detect - --explain --json",
            "portreeve detect --detector sshd --detector pam a.log b.log",
            "portreeve detect --filter sshd[mode=aggressive] --zone +02:00 auth.log",
            "portreeve detect --list",
            "portreeve replay --since 14:00 --against /etc/portreeve/portreeve.toml --config new.toml",
            "portreeve replay a.log a.log.1.gz --explain 192.0.2.7 --zone +02:00 --json",
            "portreeve detectors",
            "portreeve detectors sshd --json --config x.toml",
            "portreeve status --json --root d",
            "portreeve reload --confirm 60s",
            "portreeve takeover ssh --confirm 1m30s --dry-run",
            "portreeve takeover ssh --stop-with kill --start-with sshd",
            "portreeve takeover --undo",
            "portreeve confirm",
            "portreeve events --follow -n 0",
            "portreeve sessions --service ssh --peer 192.0.2.0/24",
            "portreeve end 7 8 9 --yes",
            "portreeve end --peer 2001:db8::/32 --startups",
            "portreeve bans 192.0.2.7 --json",
            "portreeve ban 192.0.2.0/24 --for 1d12h --why scans --service ssh",
            "portreeve unban 192.0.2.7 2001:db8::/64",
            "portreeve unban --all --yes",
            "portreeve import fail2ban --jail sshd --jail recidive --dry-run",
            "portreeve import fail2ban --database x.sqlite3 --json",
            "portreeve import sshguard enemies --whitelist friends --for 30d",
            "portreeve completions bash",
            "portreeve upgrade --json",
            "portreeve stop --end --within 30s",
            "portreeve stop --leave",
        ] {
            assert_eq!(kind(line), None, "{line}");
        }
    }

    #[test]
    fn lines_that_mean_nothing_are_refused() {
        for (line, want) in [
            ("portreeve", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("portreeve dance", ErrorKind::InvalidSubcommand),
            ("portreeve takeover", ErrorKind::MissingRequiredArgument),
            ("portreeve takeover ssh --stop-with kill", ErrorKind::MissingRequiredArgument),
            ("portreeve takeover ssh --undo", ErrorKind::ArgumentConflict),
            ("portreeve reload --confirm soon", ErrorKind::ValueValidation),
            ("portreeve run --config a --xinetd b", ErrorKind::ArgumentConflict),
            ("portreeve explain ssh nowhere", ErrorKind::ValueValidation),
            ("portreeve explain ssh", ErrorKind::MissingRequiredArgument),
            ("portreeve check inetd", ErrorKind::InvalidValue),
            ("portreeve check tcprules x --config y", ErrorKind::ArgumentConflict),
            ("portreeve check hosts-access --print", ErrorKind::ArgumentConflict),
            ("portreeve convert", ErrorKind::MissingRequiredArgument),
            ("portreeve convert inetd x", ErrorKind::InvalidValue),
            ("portreeve detect --detector sshd --filter sshd", ErrorKind::ArgumentConflict),
            ("portreeve detect --list auth.log", ErrorKind::ArgumentConflict),
            ("portreeve import", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("portreeve import iptables", ErrorKind::InvalidSubcommand),
            ("portreeve import sshguard", ErrorKind::MissingRequiredArgument),
            ("portreeve end", ErrorKind::MissingRequiredArgument),
            ("portreeve end 7 --service ssh", ErrorKind::ArgumentConflict),
            ("portreeve end seven", ErrorKind::ValueValidation),
            ("portreeve unban", ErrorKind::MissingRequiredArgument),
            ("portreeve unban 192.0.2.7 --all", ErrorKind::ArgumentConflict),
            ("portreeve ban 192.0.2.0/33", ErrorKind::ValueValidation),
            ("portreeve ban 192.0.2.7 --for 1y", ErrorKind::ValueValidation),
            ("portreeve stop --end --wait", ErrorKind::ArgumentConflict),
            ("portreeve stop --within 5s", ErrorKind::MissingRequiredArgument),
            ("portreeve --version", ErrorKind::DisplayVersion),
        ] {
            assert_eq!(kind(line), Some(want), "{line}");
        }
    }
}
