//! Who holds the ports that services want, and what this host needs done about it.
//!
//! The facts are read as the caller from `/proc`, the service manager and the scripts in
//! `/etc/init.d` ([`look()`]); what to do follows from them alone ([`plan::plan`]). Nothing here
//! changes anything.

pub(crate) mod advice;
mod cgroup;
pub(crate) mod command;
mod inetd;
mod init;
pub(crate) mod keeper;
mod look;
pub(crate) mod plan;
pub(crate) mod process;
mod systemd;
mod units;
pub(crate) mod words;

pub(crate) use keeper::Keeper;
pub(crate) use look::{Listener, Snapshot, Wanted, listener, look, wanted_of};
pub(crate) use systemd::runs as runs_systemd;
