//! Questions that the clerk answers with lines, JSON texts, from the ledger and its judges.

use crate::client::{self, Patience};
use crate::exit::Failure;
use crate::paths::Paths;
use crate::render::lines::LONGEST;
use portreeve_wire::asked::{Line, Question};
use portreeve_wire::control::{Answer, Request};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::os::unix::net::UnixStream;

/// The lines of an answer.
pub(super) struct Lines(BufReader<UnixStream>);

/// Asks.
///
/// # Errors
/// As [`client::ask`].
pub(super) fn ask(paths: &Paths, question: Question) -> Result<Lines, Failure> {
    let answered = client::ask(paths, &Request::Ask(question), Patience::Glance)?;
    let Answer::Events = client::granted(answered.answer)? else {
        return Err(client::unexpected());
    };
    Ok(Lines(BufReader::new(answered.stream)))
}

impl Lines {
    /// The next line; `None` when the stream is over.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub(super) fn next(&mut self) -> Result<Option<Line>, Failure> {
        let mut line = Vec::new();
        loop {
            match (&mut self.0).take(4 * LONGEST).read_until(b'\n', &mut line) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(Failure::system("read the door's answer", &error)),
            }
        }
        serde_json::from_slice(&line).map(Some).map_err(|_| client::unexpected())
    }
}
