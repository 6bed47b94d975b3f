//! Arguments of the commands that ask about, or change, what the running door holds.

use clap::{ArgGroup, Args, ValueEnum, ValueHint};
use portreeve_model::Network;
use std::ffi::OsString;
use std::time::Duration;

/// Arguments of `sessions`.
#[derive(Args, Debug)]
pub(crate) struct SessionsArgs {
    /// Only those of services of this name or key
    #[arg(long, value_name = "SERVICE", value_hint = ValueHint::Other)]
    pub(crate) service: Option<String>,
    /// Only those from this address or network
    #[arg(long, value_name = "NET", value_hint = ValueHint::Other)]
    pub(crate) peer: Option<Network>,
}

/// Arguments of `end`.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("which").required(true).multiple(true)
    .args(["numbers", "service", "peer"])))]
pub(crate) struct EndArgs {
    /// Numbers of sessions, as `portreeve sessions` shows them
    #[arg(value_name = "NUMBER", value_hint = ValueHint::Other, conflicts_with_all = ["service", "peer"])]
    pub(crate) numbers: Vec<u64>,
    /// All those of services of this name or key
    #[arg(long, value_name = "SERVICE", value_hint = ValueHint::Other)]
    pub(crate) service: Option<String>,
    /// All those from this address or network
    #[arg(long, value_name = "NET", value_hint = ValueHint::Other)]
    pub(crate) peer: Option<Network>,
    /// Only those that have not authenticated
    #[arg(long)]
    pub(crate) startups: bool,
    /// End the session this command runs in, too
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Arguments of `bans`.
#[derive(Args, Debug)]
pub(crate) struct BansArgs {
    /// Only those around or inside this address or network
    #[arg(value_name = "NET", value_hint = ValueHint::Other)]
    pub(crate) network: Option<Network>,
}

/// Arguments of `ban`.
#[derive(Args, Debug)]
pub(crate) struct BanArgs {
    /// Who: an address, or a network of at most a /16 (IPv4) or a /32 (IPv6)
    #[arg(value_name = "NET", value_hint = ValueHint::Other)]
    pub(crate) network: Network,
    /// For how long, such as 90m, 12h or 30d; without it, until it is lifted
    #[arg(long = "for", value_name = "TIME", value_hint = ValueHint::Other, value_parser = time)]
    pub(crate) time: Option<Duration>,
    /// Why, for whoever reads it later
    #[arg(long, value_name = "TEXT", value_hint = ValueHint::Other)]
    pub(crate) why: Option<String>,
    /// Only out of the service of this name
    #[arg(long, value_name = "SERVICE", value_hint = ValueHint::Other)]
    pub(crate) service: Option<String>,
    /// Even if it shuts out the address you are logged in from
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Arguments of `unban`.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("whose").required(true).args(["banned", "all"])))]
pub(crate) struct UnbanArgs {
    /// Addresses and networks, each as `portreeve bans` shows it
    #[arg(value_name = "NET", value_hint = ValueHint::Other)]
    pub(crate) banned: Vec<Network>,
    /// Only the ban out of the service of this name; without it, all that these networks have
    #[arg(long, value_name = "SERVICE", value_hint = ValueHint::Other, conflicts_with = "all")]
    pub(crate) service: Option<String>,
    /// All of them
    #[arg(long)]
    pub(crate) all: bool,
    /// Do not ask whether all are meant
    #[arg(long, requires = "all")]
    pub(crate) yes: bool,
}

/// Arguments of `breaker`.
#[derive(Args, Debug)]
pub(crate) struct BreakerArgs {
    /// What becomes of it: it opens by itself
    #[arg(value_name = "WHAT")]
    pub(crate) what: BreakerDeed,
}

/// What can be done with the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BreakerDeed {
    Close,
}

/// Arguments of `who`.
#[derive(Args, Debug)]
pub(crate) struct WhoArgs {
    /// Whom: an address, or a network
    #[arg(value_name = "NET", value_hint = ValueHint::Other)]
    pub(crate) network: Network,
}

/// Arguments of `offences`.
#[derive(Args, Debug)]
pub(crate) struct OffencesArgs {
    /// Go on as they happen, until interrupted
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Since then: such as 14:00, "2026-11-21 14:00", or 2h ago as 2h
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other)]
    pub(crate) since: Option<String>,
    /// Only those charged to this address or network
    #[arg(long, value_name = "NET", value_hint = ValueHint::Other)]
    pub(crate) peer: Option<Network>,
    /// Only those at services of this name or key
    #[arg(long, value_name = "SERVICE", value_hint = ValueHint::Other)]
    pub(crate) service: Option<String>,
    /// Only those of this kind, such as auth-failed
    #[arg(long, value_name = "KIND", value_hint = ValueHint::Other, value_parser = kind)]
    pub(crate) kind: Option<portreeve_model::Kind>,
    /// Only so many, the last; without it 20, or with --since all
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) last: Option<u32>,
}

fn kind(word: &str) -> Result<portreeve_model::Kind, String> {
    use portreeve_model::Kind;
    Kind::by_word(word).ok_or_else(|| {
        let all: Vec<_> = Kind::ALL.into_iter().map(Kind::word).collect();
        format!("there are {}", all.join(", "))
    })
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// Of which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// Shells that have completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// What the names are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Services,
    Sessions,
    Bans,
    Kept,
}

/// Arguments of `names`.
#[derive(Args, Debug)]
pub(crate) struct NamesArgs {
    /// Names of what
    #[arg(value_name = "KIND")]
    pub(crate) kind: Kind,
    /// The line as typed so far: where it has `--root`, that door is asked
    #[arg(value_name = "WORD", last = true)]
    pub(crate) line: Vec<OsString>,
}

/// A length of time, at least a second.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    match portreeve_config::duration(text) {
        Ok(time) if time < Duration::from_secs(1) => Err("it is less than a second".to_owned()),
        other => other,
    }
}
