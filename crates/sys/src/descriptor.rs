//! Descriptors by number: what a program was started with, and keeping low numbers free.

use std::{
    io,
    os::fd::{AsFd, FromRawFd, OwnedFd, RawFd},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::io::{FdFlags, fcntl_dupfd_cloexec};

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
    Ok(fcntl_dupfd_cloexec(fd, FLOOR)?)
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
    fn numbers_that_are_not_open_are_refused() {
        assert_eq!(inherited(61).unwrap_err().raw_os_error(), Some(libc::EBADF));
        assert_eq!(inherited(64).unwrap_err().raw_os_error(), Some(libc::EBADF));
        assert_eq!(inherited(-1).unwrap_err().raw_os_error(), Some(libc::EBADF));
    }
}
