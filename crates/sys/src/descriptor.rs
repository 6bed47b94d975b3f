//! Descriptors by number: what a program was started with, and keeping low numbers free.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec};

/// Long-lived descriptors of the monitor live at this number and above, so that accepted sockets
/// get low ones: a start copies the descriptors up to the highest one it gives away.
pub const FLOOR: RawFd = 256;

/// Numbers of [`inherited`] descriptors taken so far, as bits.
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// Takes the descriptor `number` (0 to 63) that this program was started with, and makes it
/// close-on-exec. Each number is given once.
///
/// Call it before anything else opens descriptors: a number that was not inherited may later be
/// some other part's.
///
/// # Errors
/// `EBADF` when it is not open, when it was taken before, or when the number is above 63.
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    let bad = || io::Error::from_raw_os_error(libc::EBADF);
    let shift = u32::try_from(number).ok().filter(|shift| *shift < 64).ok_or_else(bad)?;
    // SAFETY: F_GETFD on a number takes no memory and changes nothing.
    crate::process::check(unsafe { libc::fcntl(number, libc::F_GETFD) })?;
    let bit = 1_u64.wrapping_shl(shift);
    if TAKEN.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
        return Err(bad());
    }
    // SAFETY: it is open, and this function, the only one to take descriptors by number, has not
    // given it before; the caller's promise is that nothing has opened it since the start.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    rustix::io::fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    Ok(fd)
}

/// Moves a long-lived descriptor to [`FLOOR`] or above (close-on-exec).
///
/// # Errors
/// `EMFILE`; the descriptor given is closed then.
pub fn raise(fd: OwnedFd) -> io::Result<OwnedFd> {
    raised(fd)
}

/// A second descriptor of the same open file, at [`FLOOR`] or above and close-on-exec: for a
/// long-lived one whose low number is closed with its neighbours (see [`close_all`]).
///
/// # Errors
/// `EMFILE`.
pub fn raised(fd: impl AsFd) -> io::Result<OwnedFd> {
    Ok(fcntl_dupfd_cloexec(fd, FLOOR)?)
}

/// Whether descriptors, or memory for one, ran short.
#[must_use]
pub fn is_shortage(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}

/// Closes all of them, neighbours in one call.
pub fn close_all(mut fds: Vec<OwnedFd>) {
    fds.sort_by_key(AsRawFd::as_raw_fd);
    let mut run = Vec::new();
    for fd in fds {
        let next = |last: &OwnedFd| last.as_raw_fd().checked_add(1) == Some(fd.as_raw_fd());
        if !run.last().is_none_or(next) {
            close_run(&mut run);
        }
        run.push(fd);
    }
    close_run(&mut run);
}

/// Closes descriptors that are neighbours, in order.
fn close_run(run: &mut Vec<OwnedFd>) {
    if let [first, _, ..] = run.as_slice()
        && let Some(last) = run.last()
    {
        let (first, last) = (first.as_raw_fd().cast_unsigned(), last.as_raw_fd().cast_unsigned());
        // SAFETY: every number from `first` to `last` is of `run`, which gives them up below.
        let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        if closed == 0 {
            run.drain(..).for_each(|fd| _ = fd.into_raw_fd());
        }
    }
    run.clear();
}

/// A second descriptor of the same open file, close-on-exec.
///
/// # Errors
/// `EMFILE`.
pub fn duplicate(fd: impl AsFd) -> io::Result<OwnedFd> {
    Ok(fcntl_dupfd_cloexec(fd, 0)?)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn a_raised_descriptor_is_out_of_the_way() {
        let file = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
        let raised = raise(file).unwrap();
        assert!(raised.as_raw_fd() >= FLOOR);
        assert!(duplicate(&raised).unwrap().as_raw_fd() != raised.as_raw_fd());
    }

    #[test]
    fn neighbours_and_loners_are_closed_and_nobody_else() {
        let (read, write) = crate::pipe::pipe().unwrap();
        // Beside those of other tests, which run at the same time.
        let at = |number: RawFd| fcntl_dupfd_cloexec(&write, number).unwrap();
        let mut fds: Vec<OwnedFd> = [700, 700, 700, 720, 730, 730].map(at).into();
        let between = at(701);
        assert_eq!(between.as_raw_fd(), 703);
        fds.swap(0, 4);
        drop(write);
        close_all(fds);
        close_all(Vec::new());
        rustix::io::write(&between, b"x").unwrap();
        let mut byte = [0; 2];
        assert_eq!(rustix::io::read(&read, &mut byte).unwrap(), 1);
        drop(between);
        assert_eq!(rustix::io::read(&read, &mut byte).unwrap(), 0, "none of them is open");
    }

    #[test]
    fn numbers_that_are_not_open_are_refused() {
        assert_eq!(inherited(61).unwrap_err().raw_os_error(), Some(libc::EBADF));
        assert_eq!(inherited(64).unwrap_err().raw_os_error(), Some(libc::EBADF));
        assert_eq!(inherited(-1).unwrap_err().raw_os_error(), Some(libc::EBADF));
    }
}
