//! What the keeper's processes are called.

/// The holder, as the ancestor's command.
pub(super) const HOLDER: &str = "svscan";

/// The worker: a command that only a holder calls.
pub(crate) const WORKER: &str = "svscan-worker";
