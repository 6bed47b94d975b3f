//! Descriptors of ours that the runtime watches.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use tokio::io::unix::AsyncFd;

/// Has the runtime watch `owner`, whatever the blocking mode of its descriptor.
///
/// Only for types that own one descriptor for life, which the bound stands for: the runtime would
/// otherwise go on watching a number that has become another's.
///
/// # Errors
/// `EPERM` for a descriptor that cannot be watched, such as a regular file's.
pub(crate) fn watch<T: AsRawFd + Into<OwnedFd>>(owner: T) -> io::Result<AsyncFd<T>> {
    #[expect(
        deprecated,
        reason = "unsound only for a type that may lose or replace its descriptor"
    )]
    AsyncFd::new(owner)
}
