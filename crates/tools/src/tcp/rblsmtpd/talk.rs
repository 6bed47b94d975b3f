//! The refusal, said to a client on standard input and output.

use portreeve_sys::clock::monotonic;
use portreeve_ucspi::rbl::{Conversation, Step};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Bytes read at a time: what is answered at once is bounded by them.
const PIECE: usize = 512;

/// Bytes written at a time: whatever is ready for any takes so many (`PIPE_BUF` of POSIX).
const WRITTEN: usize = 512;

/// Comes back when the client leaves, is gone, or the time for all of it is over. No time at all is
/// enough for the refusal alone.
pub(super) fn talk(line: &[u8], patience: Duration) {
    let mut talk = Conversation::new(line);
    let end = monotonic().saturating_add(patience);
    let _ = match patience {
        Duration::ZERO => tell(talk.refusal(), None),
        _ => tell(talk.greeting(), Some(end)).and_then(|()| listen(&mut talk, end)),
    };
}

/// Answers until there is no more to answer.
fn listen(talk: &mut Conversation, end: Duration) -> Result<(), Errno> {
    let stdin = std::io::stdin();
    loop {
        until_ready(stdin.as_fd(), PollFlags::IN, Some(end))?;
        let mut piece = [0; PIECE];
        let count = match read(&stdin, &mut piece) {
            Err(Errno::INTR | Errno::AGAIN) => continue,
            other => other?,
        };
        if count == 0 {
            return Ok(());
        }
        let mut answers = Vec::new();
        let mut over = false;
        for byte in piece.iter().take(count) {
            match talk.take(*byte) {
                Step::More => {}
                Step::Say(text) => answers.extend_from_slice(text),
                Step::Leave(text) => {
                    answers.extend_from_slice(text);
                    over = true;
                    break;
                }
            }
        }
        tell(&answers, Some(end))?;
        if over {
            return Ok(());
        }
    }
}

fn tell(mut text: &[u8], end: Option<Duration>) -> Result<(), Errno> {
    let stdout = std::io::stdout();
    while !text.is_empty() {
        until_ready(stdout.as_fd(), PollFlags::OUT, end)?;
        let count = match write(&stdout, text.get(..WRITTEN).unwrap_or(text)) {
            Err(Errno::INTR | Errno::AGAIN) => continue,
            other => other?,
        };
        text = text.get(count..).unwrap_or_default();
    }
    Ok(())
}

/// Waits for a descriptor until that moment, where there is one.
fn until_ready(fd: BorrowedFd<'_>, what: PollFlags, end: Option<Duration>) -> Result<(), Errno> {
    loop {
        let left = match end {
            Some(end) => {
                let left = end.saturating_sub(monotonic());
                Some(Timespec::try_from(left).map_err(|_| Errno::INVAL)?)
            }
            None => None,
        };
        let mut fds = [PollFd::from_borrowed_fd(fd, what)];
        match poll(&mut fds, left.as_ref()) {
            Ok(0) => return Err(Errno::TIMEDOUT),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}
