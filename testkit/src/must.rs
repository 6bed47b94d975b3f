//! Panics that say what was attempted: the whole error handling of a test kit.

use std::fmt::Display;

/// Values that a test cannot go on without.
pub(crate) trait Must<T> {
    /// The value, or a panic that names the deed and why it failed.
    fn must(self, deed: impl Display) -> T;
}

impl<T, E: Display> Must<T> for Result<T, E> {
    #[track_caller]
    fn must(self, deed: impl Display) -> T {
        match self {
            Ok(value) => value,
            Err(error) => panic!("{deed}: {error}"),
        }
    }
}

impl<T> Must<T> for Option<T> {
    #[track_caller]
    fn must(self, deed: impl Display) -> T {
        match self {
            Some(value) => value,
            None => panic!("{deed}: nothing there"),
        }
    }
}
