//! Arguments of `replay`.

use clap::{Args, ValueHint};
use std::net::IpAddr;
use std::path::PathBuf;

/// Arguments of `replay`.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// The logs, gzipped ones too; without any, the files that the configuration watches and what they
    /// were renamed to
    #[arg(value_name = "LOG", value_hint = ValueHint::FilePath)]
    pub(crate) logs: Vec<PathBuf>,
    /// Which configuration.
    #[command(flatten)]
    pub(crate) source: super::Source,
    /// Say what changes against the rules of this configuration
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) against: Option<PathBuf>,
    /// Pass over what was written before: 2026-11-21T14:00:00+01:00, "2026-11-21 14:00" or 14:00
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other)]
    pub(crate) since: Option<String>,
    /// Pass over what was written then or later
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other)]
    pub(crate) until: Option<String>,
    /// Show everything that was heard of this address
    #[arg(long, value_name = "ADDRESS", value_hint = ValueHint::Other)]
    pub(crate) explain: Option<IpAddr>,
    /// The zone of times that do not say theirs, where a watch does not say it either; without it,
    /// that of this host
    #[arg(long, value_name = "ZONE", value_hint = ValueHint::Other, allow_hyphen_values = true)]
    pub(crate) zone: Option<String>,
}
