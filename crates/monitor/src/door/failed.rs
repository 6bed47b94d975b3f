//! Why a door does not open, and with which exit code.

/// Why the door does not open.
#[derive(Debug)]
pub(crate) enum Failed {
    Usage(String),
    Configuration(String),
    System(String),
}

impl Failed {
    /// The exit code: 64 usage, 71 system, 78 configuration.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::System(_) => 71,
            Self::Configuration(_) => 78,
        }
    }
}

/// For a deed that the system refused.
pub(crate) fn system(deed: &str) -> impl Fn(std::io::Error) -> Failed + '_ {
    move |error| Failed::System(format!("cannot {deed}: {error}"))
}
