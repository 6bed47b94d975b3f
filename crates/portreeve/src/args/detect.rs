//! Arguments of `detect`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Arguments of `detect`.
#[derive(Args, Debug, Default)]
pub(crate) struct DetectArgs {
    /// The logs; `-`, or none where something is piped in, is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Look with this detector instead of all of them (may be repeated)
    #[arg(long = "detector", value_name = "NAME", value_hint = ValueHint::Other)]
    pub(crate) detectors: Vec<String>,
    /// Look with this filter of fail2ban's instead, such as sshd, ./my.conf or
    /// sshd[mode=aggressive] (may be repeated)
    #[arg(long = "filter", value_name = "FILTER", value_hint = ValueHint::FilePath, conflicts_with = "detectors")]
    pub(crate) filters: Vec<String>,
    /// Say of each other line, too, why it is no offence
    #[arg(long)]
    pub(crate) explain: bool,
    /// The zone of times that do not say theirs, such as Europe/Berlin, UTC or +02:00; without it,
    /// that of this host
    #[arg(long, value_name = "ZONE", value_hint = ValueHint::Other, allow_hyphen_values = true)]
    pub(crate) zone: Option<String>,
    /// When the logs are read: a date without its year is the last one before; without it, now
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other)]
    pub(crate) now: Option<String>,
    /// Name the detectors, and read nothing
    #[arg(long, conflicts_with_all = ["files", "detectors", "filters", "explain", "zone", "now"])]
    pub(crate) list: bool,
}

/// Arguments of `detectors`.
#[derive(Args, Debug)]
pub(crate) struct DetectorsArgs {
    /// Only this one; without it, all
    #[arg(value_name = "NAME", value_hint = ValueHint::Other)]
    pub(crate) name: Option<String>,
    /// Which configuration.
    #[command(flatten)]
    pub(crate) source: super::Source,
}
