//! Asking the running door, over its control socket: one question a connection, every wait and
//! every answer bounded. What the door sends is data: it is escaped where it is shown.

mod failure;
#[cfg(test)]
mod tests;

use crate::exit::Failure;
use crate::paths::Paths;
use failure::ClientError;
use portreeve_wire::control::{Answer, MAX_ANSWER, MAX_REQUEST, Request};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Bytes taken off the socket at once.
const CHUNK: usize = 64 * 1024;

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A look at what the door knows, where somebody else waits meanwhile.
    Moment,
    /// A look at what the door knows.
    Glance,
    /// Files are read and names looked up first.
    Load,
}

impl Patience {
    const fn limit(self) -> Duration {
        match self {
            Self::Moment => Duration::from_secs(2),
            Self::Glance => Duration::from_secs(10),
            Self::Load => Duration::from_secs(120),
        }
    }
}

/// The door's answer, and the stream on which more may follow.
#[derive(Debug)]
pub(crate) struct Answered {
    /// What it said.
    pub(crate) answer: Answer,
    /// The connection; its time-outs are lifted.
    pub(crate) stream: UnixStream,
}

/// Asks the door one question.
///
/// # Errors
/// The door is away, may not be asked, is silent for too long, or speaks another language.
/// A refusal to answer (`NotPermitted`, `Failed`) is an answer.
pub(crate) fn ask(
    paths: &Paths,
    request: &Request,
    patience: Patience,
) -> Result<Answered, Failure> {
    let path = paths.control();
    exchange(paths, request, patience.limit()).map_err(|error| error.failure(&path, paths))
}

/// As [`ask`], but `None` when no door is running there.
///
/// # Errors
/// As [`ask`], but for a door that is away.
pub(crate) fn ask_if_there(paths: &Paths, request: &Request) -> Result<Option<Answered>, Failure> {
    let path = paths.control();
    match exchange(paths, request, Patience::Glance.limit()) {
        Ok(answered) => Ok(Some(answered)),
        Err(ClientError::Away) => Ok(None),
        Err(error) => Err(error.failure(&path, paths)),
    }
}

/// The answer, unless the door refuses to give one.
///
/// # Errors
/// What the door said instead.
pub(crate) fn granted(answer: Answer) -> Result<Answer, Failure> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other answer is an answer")]
    match answer {
        Answer::NotPermitted(text) => Err(failure::not_permitted(&text)),
        Answer::Failed(text) => Err(failure::failed(&text)),
        answer => Ok(answer),
    }
}

/// An answer to another question: the door is not what it should be.
pub(crate) fn unexpected() -> Failure {
    failure::unexpected()
}

fn exchange(paths: &Paths, request: &Request, limit: Duration) -> Result<Answered, ClientError> {
    let fd = portreeve_sys::channel::control_connect(&paths.control())
        .map_err(ClientError::connecting)?;
    let mut stream = UnixStream::from(fd);
    let deadline = portreeve_sys::clock::monotonic() + limit;
    let bytes = portreeve_wire::frame(request, MAX_REQUEST).map_err(ClientError::Frame)?;
    stream.set_write_timeout(Some(limit)).map_err(ClientError::talking)?;
    match stream.write_all(&bytes) {
        // The door may refuse and close before it has read the question: its answer is there.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        other => other.map_err(ClientError::talking)?,
    }
    let answer = read_answer(&mut stream, deadline)?;
    stream.set_read_timeout(None).map_err(ClientError::talking)?;
    Ok(Answered { answer, stream })
}

/// Reads exactly one message, so that what follows it stays on the stream.
fn read_answer(stream: &mut UnixStream, deadline: Duration) -> Result<Answer, ClientError> {
    let mut buffer = read_exactly(stream, Vec::new(), 4, deadline)?;
    let length = length(&buffer)?;
    buffer = read_exactly(stream, buffer, length, deadline)?;
    match portreeve_wire::split_frame(&buffer, MAX_ANSWER).map_err(ClientError::Frame)? {
        Some((body, _)) => portreeve_wire::decode(body).map_err(ClientError::Frame),
        None => Err(ClientError::Ended),
    }
}

/// Bytes of the message after its four bytes of length; too long a message is refused unread.
fn length(head: &[u8]) -> Result<usize, ClientError> {
    portreeve_wire::split_frame(head, MAX_ANSWER).map_err(ClientError::Frame)?;
    let bytes = head.first_chunk::<4>().ok_or(ClientError::Ended)?;
    Ok(usize::try_from(u32::from_le_bytes(*bytes)).unwrap_or(usize::MAX))
}

/// Appends `more` bytes of the stream; memory grows with what has come, not with what was promised.
fn read_exactly(
    stream: &mut UnixStream,
    mut buffer: Vec<u8>,
    more: usize,
    deadline: Duration,
) -> Result<Vec<u8>, ClientError> {
    let mut missing = more;
    let mut chunk = vec![0; CHUNK.min(more)];
    while missing > 0 {
        let left = deadline.saturating_sub(portreeve_sys::clock::monotonic());
        if left.is_zero() {
            return Err(ClientError::Silent);
        }
        stream.set_read_timeout(Some(left)).map_err(ClientError::talking)?;
        let room = missing.min(chunk.len());
        match stream.read(chunk.get_mut(..room).unwrap_or_default()) {
            Ok(0) => return Err(ClientError::Ended),
            Ok(read) => {
                buffer.extend_from_slice(chunk.get(..read).unwrap_or_default());
                missing = missing.saturating_sub(read);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(ClientError::talking(error)),
        }
    }
    Ok(buffer)
}
