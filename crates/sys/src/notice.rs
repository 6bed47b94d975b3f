//! Words for whoever looks, which must hold nobody up.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::AsFd;

/// Bytes of a notice, at most: what a pipe that can be written to takes at once (pipe(7)).
pub const MAX_NOTICE: usize = 4096;

/// Writes a notice if the descriptor can be written to now; says whether it was written. Whoever
/// else writes to the same pipe in that moment could still make it wait.
///
/// # Errors
/// `InvalidInput` above [`MAX_NOTICE`] bytes; those of poll(2) and write(2).
pub fn write_notice(fd: impl AsFd, bytes: &[u8]) -> io::Result<bool> {
    if bytes.len() > MAX_NOTICE {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too long for a notice"));
    }
    let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let ready = poll(&mut fds, Some(&at_once))? > 0;
    let writable = fds.iter().any(|fd| fd.revents().contains(PollFlags::OUT));
    if !ready || !writable {
        return Ok(false);
    }
    match rustix::io::write(&fd, bytes) {
        Ok(_) => Ok(true),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_pipe_is_left_alone() {
        let (read, write) = crate::pipe::pipe().unwrap();
        let mut written = 0;
        while write_notice(&write, &[b'x'; MAX_NOTICE]).unwrap() {
            written += 1;
            assert!(written < 10_000, "a pipe has an end");
        }
        assert!(written > 0);
        assert!(write_notice(&write, &[b'x'; MAX_NOTICE + 1]).is_err());
        drop(read);
    }
}
