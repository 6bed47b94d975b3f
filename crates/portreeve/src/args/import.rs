//! Arguments of `import`.

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `import`.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct ImportArgs {
    /// From whom.
    #[command(subcommand)]
    pub(crate) command: ImportCommand,
}

/// Programs whose bans are brought along.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Bans of DenyHosts, from its hosts.deny
    Denyhosts(DenyhostsArgs),
    /// Bans of fail2ban, from its database
    Fail2ban(Fail2banArgs),
    /// Bans of sshguard, from its blacklist
    Sshguard(SshguardArgs),
}

/// Arguments of `import denyhosts`.
#[derive(Args, Debug)]
pub(crate) struct DenyhostsArgs {
    /// Its configuration, which says where everything lies [default: /etc/denyhosts.conf]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Its work directory, instead of the configuration's
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) work_dir: Option<PathBuf>,
    /// Its hosts.deny, instead of the configuration's; alone, no configuration is read
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) hosts_deny: Option<PathBuf>,
    /// Entries with a marker last so long from its time, such as 30d; without it, as PURGE_DENY says
    #[arg(long = "for", value_name = "TIME", value_hint = ValueHint::Other, value_parser = super::live::time)]
    pub(crate) time: Option<Duration>,
    /// What becomes of entries without a marker
    #[arg(long, value_name = "WHAT", default_value = "for-ever")]
    pub(crate) unmarked: Unmarked,
    /// Show what would become of each, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What becomes of an entry that does not say since when it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unmarked {
    /// It is a ban until it is lifted
    ForEver,
    /// It lasts as long as one with a marker of now
    FromNow,
    /// It is passed over, and named
    PassOver,
}

/// Arguments of `import fail2ban`.
#[derive(Args, Debug)]
pub(crate) struct Fail2banArgs {
    /// Its database (`dbfile` in fail2ban.conf)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath,
          default_value = "/var/lib/fail2ban/fail2ban.sqlite3")]
    pub(crate) database: PathBuf,
    /// Only bans by this jail (may be repeated)
    #[arg(long = "jail", value_name = "NAME", value_hint = ValueHint::Other)]
    pub(crate) jails: Vec<String>,
    /// Show what would become of each, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Arguments of `import sshguard`.
#[derive(Args, Debug)]
pub(crate) struct SshguardArgs {
    /// Its blacklist (`BLACKLIST_FILE` in sshguard.conf, behind the colon)
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) blacklist: PathBuf,
    /// Write what stands in this whitelist as `never` of a configuration
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) whitelist: Option<PathBuf>,
    /// For how long from now, such as 30d; without it, until they are lifted
    #[arg(long = "for", value_name = "TIME", value_hint = ValueHint::Other, value_parser = super::live::time)]
    pub(crate) time: Option<Duration>,
    /// Show what would become of each, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
