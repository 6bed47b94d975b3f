//! Why the door gave no answer, in words.

use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::text::visible;
use portreeve_wire::FrameError;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum ClientError {
    /// Nobody listens there.
    Away,
    /// Its queue is full.
    Busy,
    /// This user may not open the socket.
    Forbidden,
    /// No answer in time.
    Silent,
    /// It closed the connection before it had answered.
    Ended,
    /// The bytes are no answer.
    Frame(FrameError),
    /// The system failed.
    Os(io::Error),
}

impl ClientError {
    pub(super) fn connecting(error: io::Error) -> Self {
        let is = |kinds: &[ErrorKind]| kinds.contains(&error.kind());
        if is(&[ErrorKind::NotFound, ErrorKind::ConnectionRefused]) {
            Self::Away
        } else if is(&[ErrorKind::WouldBlock]) {
            Self::Busy
        } else if is(&[ErrorKind::PermissionDenied]) {
            Self::Forbidden
        } else {
            Self::Os(error)
        }
    }

    pub(super) fn talking(error: io::Error) -> Self {
        let is = |kinds: &[ErrorKind]| kinds.contains(&error.kind());
        if is(&[ErrorKind::WouldBlock, ErrorKind::TimedOut]) {
            Self::Silent
        } else if is(&[ErrorKind::BrokenPipe, ErrorKind::ConnectionReset]) {
            Self::Ended
        } else {
            Self::Os(error)
        }
    }

    pub(super) fn failure(self, path: &Path, paths: &Paths) -> Failure {
        let at = path.display();
        match self {
            Self::Away => Failure::new(
                Exit::Unavailable,
                format!("the door is not running (no answer on {at})"),
            )
            .help(format!("start it with `{}`", paths.run_line())),
            Self::Busy => Failure::new(
                Exit::Unavailable,
                format!("the door is too busy to take a question on {at}"),
            )
            .help("try again"),
            Self::Forbidden => {
                let failure = Failure::new(Exit::NotPermitted, format!("you may not ask on {at}"));
                match paths.own_root() {
                    None => failure.help("be root or a member of the group `portreeve-admin`"),
                    Some(_) => failure.help("be the user who opened the door, or root"),
                }
            }
            Self::Silent => {
                Failure::new(Exit::Unavailable, format!("the door does not answer in time on {at}"))
            }
            Self::Ended => Failure::new(
                Exit::Unavailable,
                format!("the door closed {at} before it had answered"),
            )
            .help("see its event log"),
            Self::Frame(error @ FrameError::Edition(_)) => Failure::new(
                Exit::Unavailable,
                format!("the door on {at} is another build: {error}"),
            )
            .help("start it again, or use the command that came with it"),
            Self::Frame(error) => {
                Failure::new(Exit::Bug, format!("the answer on {at} makes no sense: {error}"))
            }
            Self::Os(error) => Failure::system(format_args!("ask on {at}"), &error),
        }
    }
}

pub(super) fn not_permitted(text: &str) -> Failure {
    Failure::new(Exit::NotPermitted, visible(text))
}

pub(super) fn failed(text: &str) -> Failure {
    Failure::new(Exit::Unavailable, visible(text))
}

pub(super) fn unexpected() -> Failure {
    Failure::new(Exit::Bug, "the door answered another question than was asked")
}
