//! How the command ends: one exit status for each kind of answer, and failures in words.

use std::fmt;
use std::process::ExitCode;

/// The exits of sysexits(3) that portreeve uses, after the two that answer a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Yes; or done.
    Yes,
    /// No.
    No,
    /// The line typed makes no sense.
    Usage,
    /// The door is not running or does not answer.
    Unavailable,
    /// A bug of portreeve.
    Bug,
    /// The operating system refused something.
    System,
    /// The caller may not.
    NotPermitted,
    /// The configuration is wrong.
    Configuration,
}

impl Exit {
    /// The status as the shell sees it.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Usage => 64,
            Self::Unavailable => 69,
            Self::Bug => 70,
            Self::System => 71,
            Self::NotPermitted => 77,
            Self::Configuration => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

/// A command that could not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Which kind.
    pub(crate) exit: Exit,
    /// What was attempted on what, and why it failed: a phrase without a full stop.
    pub(crate) message: String,
    /// What to do about it, and what else may help.
    pub(crate) help: Vec<String>,
}

impl Failure {
    /// A failure of a kind.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: Vec::new() }
    }

    /// The system refused a deed.
    pub(crate) fn system(deed: impl fmt::Display, error: &std::io::Error) -> Self {
        let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
        let exit = if denied { Exit::NotPermitted } else { Exit::System };
        Self::new(exit, format!("cannot {deed}: {error}"))
    }

    /// Adds what to do about it.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "; {help}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn what_the_caller_may_not_do_is_told_apart_from_what_failed() {
        let denied = Failure::system("open `x`", &Error::from(ErrorKind::PermissionDenied));
        let failed = Failure::system("open `x`", &Error::from(ErrorKind::NotFound));
        assert_eq!((denied.exit.status(), failed.exit.status()), (77, 71));
        assert_eq!(
            denied.help("be root").to_string(),
            "cannot open `x`: permission denied; be root"
        );
    }
}
