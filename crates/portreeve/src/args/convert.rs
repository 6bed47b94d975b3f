//! Arguments of `convert`.

use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Arguments of `convert`.
#[derive(Args, Debug)]
pub(crate) struct ConvertArgs {
    /// The language of the files
    #[arg(value_name = "LANGUAGE")]
    pub(crate) language: Language,
    /// The files: hosts.allow and hosts.deny, told apart by their names; texts for tcprules; an
    /// xinetd.conf; a folder of fail2ban's; a denyhosts.cfg. Without any, those of the host
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
}

/// A language that is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// hosts.allow and hosts.deny of TCP Wrappers
    HostsAccess,
    /// The text that tcprules makes a rules database from
    Tcprules,
    /// xinetd.conf and what it includes
    Xinetd,
    /// A folder of fail2ban's: its enabled jails
    Fail2ban,
    /// denyhosts.cfg and what it names
    #[value(name = "denyhosts")]
    DenyHosts,
}
