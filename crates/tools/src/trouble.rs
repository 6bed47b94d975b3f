//! Why a command did not do its work.

use crate::applet::{Applet, UsageLine};
use crate::reason::reason;
use std::io;

/// What goes wrong, and the exit code it means.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Called in a wrong way: 100.
    Usage,
    /// What it was given will never do: 100.
    Wrong(Vec<u8>),
    /// The system would not: 111.
    System(String),
}

impl Trouble {
    /// A deed the system refused.
    pub(crate) fn system(deed: &str, error: &io::Error) -> Self {
        Self::because(deed, reason(error))
    }

    /// The same, for a reason of our own.
    pub(crate) fn because(deed: &str, reason: &str) -> Self {
        Self::System(format!("{deed}: {reason}"))
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage | Self::Wrong(_) => 100,
            Self::System(_) => 111,
        }
    }

    /// The whole line, as that command, called by that name, says it; bytes of its input go out as they came in.
    pub(crate) fn message(&self, applet: &Applet, called: &str) -> Vec<u8> {
        let Applet { name, arguments, usage, .. } = applet;
        match (self, usage) {
            (Self::Usage, UsageLine::Ucspi) => {
                format!("{name}: usage: {name} {arguments}\n").into()
            }
            (Self::Usage, UsageLine::Cdb) => {
                format!("{}\n\n", format!("usage: {called} {arguments}").trim_end()).into()
            }
            (Self::Wrong(text), _) => fatal(name, text),
            (Self::System(text), _) => fatal(name, text.as_bytes()),
        }
    }
}

fn fatal(name: &str, text: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b": fatal: ", text, b"\n"].concat()
}
