//! Another program in the place of this one, or in a copy of it: for small programs of one thread.
//!
//! Daemons start theirs by [`crate::spawn`], which waits for nothing and copies nothing.

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::{io, ptr};

use crate::Pid;

/// Which of the two processes this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    /// The one that was there, and its child.
    Parent(Pid),
    /// The copy.
    Child,
}

/// Copies this process (fork(2)).
///
/// # Errors
/// Those of fork(2); `InvalidInput` when the process has more than one thread, of which a copy
/// would have only this one and the locks of all.
pub fn fork() -> io::Result<Forked> {
    // The kernel itself refuses this of a process with more threads, and does nothing else.
    // SAFETY: flags by value.
    if unsafe { libc::unshare(libc::CLONE_THREAD) } != 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: no other thread holds a lock that the copy would miss.
    let answer = unsafe { libc::fork() };
    match (answer, Pid::from_raw(answer)) {
        (0, _) => Ok(Forked::Child),
        (_, Some(child)) => Ok(Forked::Parent(child)),
        (_, None) => Err(io::Error::last_os_error()),
    }
}

/// What a program is given, laid out beforehand: whoever has limited its own memory in between can
/// still become it.
#[derive(Debug)]
pub struct Given {
    /// What the pointers lead to.
    _texts: Vec<CString>,
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
}

impl Given {
    /// Arguments, the program's name among them, and an environment of `NAME=VALUE`.
    #[must_use]
    pub fn new(arguments: Vec<CString>, environment: Vec<CString>) -> Self {
        // a text stays where it is when its owner moves into another list
        let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
            list.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
        };
        let given = (pointers(&arguments), pointers(&environment));
        let mut texts = arguments;
        texts.extend(environment);
        Self { _texts: texts, arguments: given.0, environment: given.1 }
    }

    /// Executes a file in this process, as execve(2) does: no search, and no shell for a text
    /// without `#!`. `SIGPIPE`, which Rust's programs ignore, is as it usually is. Allocates
    /// nothing; comes back only when it failed.
    #[must_use]
    pub fn execute(&self, path: &CStr) -> io::Error {
        // SAFETY: the default action runs no code of ours.
        let before = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        // SAFETY: a path and two lists of texts that end with NUL, the lists with null; all of them
        // live as long as `self`.
        unsafe { libc::execve(path.as_ptr(), self.arguments.as_ptr(), self.environment.as_ptr()) };
        let error = io::Error::last_os_error();
        // SAFETY: what it was; the caller goes on.
        unsafe { libc::signal(libc::SIGPIPE, before) };
        error
    }
}

/// Puts descriptors under these numbers, for a program that expects them there; what was there is
/// closed. For a copy that becomes another program: no two names may be left for one number.
///
/// # Errors
/// Those of fcntl(2) and dup2(2).
pub fn place(descriptors: &[(BorrowedFd<'_>, RawFd)]) -> io::Result<()> {
    let highest = descriptors.iter().map(|(_, number)| *number).max().unwrap_or(0);
    // first out of the way of all of them
    let mut moved = Vec::with_capacity(descriptors.len());
    for (fd, number) in descriptors {
        // SAFETY: a descriptor that is open, and numbers.
        let copy = unsafe {
            libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, highest.saturating_add(1))
        };
        if copy < 0 {
            return Err(io::Error::last_os_error());
        }
        moved.push((copy, *number));
    }
    for (copy, number) in moved {
        // SAFETY: numbers; the caller becomes another program, which alone uses what is there.
        if unsafe { libc::dup2(copy, number) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Ends a copy of this process with this code, and does none of what the program would do at its end
/// (`_exit(2)`).
pub fn leave(code: i32) -> ! {
    // SAFETY: an integer by value; nothing comes back.
    unsafe { libc::_exit(code) }
}

/// Who writes where nobody reads is ended by `SIGPIPE` again, which Rust's programs ignore.
pub fn default_pipe() {
    // SAFETY: the default action runs no code of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// The bytes of this process's last argument where ps(1) reads them, without the NUL behind it; to be
/// written over. Taken once; nothing else of this process looks at its arguments afterwards.
///
/// # Errors
/// When `/proc/self/stat` does not say where they are, or there is none.
pub fn last_argument() -> io::Result<&'static mut [u8]> {
    use std::sync::atomic::{AtomicBool, Ordering};
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let unknown = || io::Error::from(io::ErrorKind::Unsupported);
    let stat = crate::file::read_bounded(std::path::Path::new("/proc/self/stat"), 4096)?.bytes;
    let text = String::from_utf8_lossy(&stat).into_owned();
    // The name in parentheses may hold blanks; what follows it does not. proc_pid_stat(5): the 48th
    // and the 49th are where the arguments begin and end; the third follows the name.
    let (_, behind) = text.rsplit_once(')').ok_or_else(unknown)?;
    let mut numbers = behind.split_ascii_whitespace().skip(45).map(str::parse::<usize>);
    let (Some(Ok(start)), Some(Ok(end))) = (numbers.next(), numbers.next()) else {
        return Err(unknown());
    };
    let length = end.checked_sub(start).filter(|length| *length > 0).ok_or_else(unknown)?;
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(unknown());
    }
    // SAFETY: the kernel's own record of where it laid this process's arguments, writable memory that
    // lives as long as the process; nobody else has or takes a reference to it (`TAKEN`).
    let all = unsafe { std::slice::from_raw_parts_mut(start as *mut u8, length) };
    let all = all.split_last_mut().map(|(_, all)| all).ok_or_else(unknown)?;
    let last = all.iter().rposition(|byte| *byte == 0).map_or(0, |at| at.saturating_add(1));
    all.get_mut(last..).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_of_several_threads_is_not_copied() {
        let (tell, wait) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || wait.recv());
        assert_eq!(fork().unwrap_err().kind(), io::ErrorKind::InvalidInput);
        drop(tell);
        let _ = other.join().unwrap();
    }
}
