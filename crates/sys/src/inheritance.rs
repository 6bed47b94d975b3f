//! What a program was started with: every descriptor above the three standard ones, taken at once,
//! and the way to leave some to the program that takes this one's place (execve(2)).

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, OsString, c_char},
    fs, io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
    ptr,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// So many are taken at most; the kernel's own bound on them is near.
const MOST: usize = 1 << 20;

/// Whether they have been taken: they are given once in the life of a process.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The descriptors from 3 on that this program was started with, close-on-exec now. Those nobody
/// takes are closed when this is dropped.
#[derive(Debug, Default)]
pub struct Inheritance {
    all: BTreeMap<RawFd, OwnedFd>,
}

impl Inheritance {
    /// Takes all of them: the first deed of a program, before anything of it has opened one.
    ///
    /// # Errors
    /// `/proc/self/fd` cannot be read, or they were taken before.
    pub fn take() -> io::Result<Self> {
        if TAKEN.swap(true, Ordering::Relaxed) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut numbers = Vec::new();
        for entry in fs::read_dir("/proc/self/fd")?.take(MOST) {
            let name = entry?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.parse::<RawFd>().ok()));
        }
        // the listing itself is closed by now: its number is open no more
        let mut all = BTreeMap::new();
        for number in numbers.into_iter().filter(|number| *number > 2) {
            // SAFETY: F_GETFD on a number takes no memory and changes nothing.
            if unsafe { libc::fcntl(number, libc::F_GETFD) } == -1 {
                continue;
            }
            // SAFETY: it is open; nothing of this program has opened one (the caller's promise), and
            // nobody else is given it: this runs once.
            let fd = unsafe { OwnedFd::from_raw_fd(number) };
            fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
            all.insert(number, fd);
        }
        Ok(Self { all })
    }

    /// One of them, by its number; each is given once.
    pub fn by_number(&mut self, number: RawFd) -> Option<OwnedFd> {
        self.all.remove(&number)
    }

    /// Those that nobody has taken.
    pub fn rest(self) -> impl Iterator<Item = OwnedFd> {
        self.all.into_values()
    }
}

/// Whether this process has descriptors above the three standard ones that a program it becomes, or
/// that a copy of it becomes, would have too.
///
/// # Errors
/// `/proc/self/fd` cannot be read.
pub fn passes_on() -> io::Result<bool> {
    for entry in fs::read_dir("/proc/self/fd")?.take(MOST) {
        let name = entry?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse::<RawFd>().ok()) else {
            continue;
        };
        // SAFETY: F_GETFD on a number takes no memory and changes nothing.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
        if number > 2 && flags >= 0 && flags & libc::FD_CLOEXEC == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes this process another program (execve(2)): same pid, same children, blocked signals stay
/// blocked. Of the descriptors it keeps the standard ones and those in `keep`, by their numbers.
/// It only comes back when that failed; then everything is as it was.
///
/// # Errors
/// The kernel's answer, always; `InvalidInput` when a text holds a NUL byte.
pub fn become_program(
    program: &Path,
    args: &[OsString],
    environment: &[(OsString, OsString)],
    keep: &[BorrowedFd<'_>],
) -> io::Error {
    let text = |bytes: &[u8]| CString::new(bytes);
    let path = text(program.as_os_str().as_bytes());
    let args: Result<Vec<CString>, _> = args.iter().map(|arg| text(arg.as_bytes())).collect();
    let variable = |(name, value): &(OsString, OsString)| {
        text(&[name.as_bytes(), b"=", value.as_bytes()].concat())
    };
    let environment: Result<Vec<CString>, _> = environment.iter().map(variable).collect();
    let (Ok(path), Ok(args), Ok(environment)) = (path, args, environment) else {
        return io::ErrorKind::InvalidInput.into();
    };
    let inherit = |flags: FdFlags| {
        keep.iter().try_for_each(|fd| {
            let old = fcntl_getfd(fd)?;
            fcntl_setfd(fd, old.difference(FdFlags::CLOEXEC).union(flags))
        })
    };
    let failed = match inherit(FdFlags::empty()) {
        Ok(()) => execute(&path, &args, &environment),
        Err(errno) => errno.into(),
    };
    // one that fails to become close-on-exec again would only be inherited by nobody: every start
    // of ours closes what it does not give
    let _ = inherit(FdFlags::CLOEXEC);
    failed
}

fn execute(path: &CStr, args: &[CString], environment: &[CString]) -> io::Error {
    let pointers = |texts: &[CString]| -> Vec<*const c_char> {
        texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
    };
    let (argv, envp) = (pointers(args), pointers(environment));
    // SAFETY: the path and both arrays end with NUL and null, and live until the call returns,
    // which it does only on failure.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

/// The number of a descriptor, for the program that inherits it.
#[must_use]
pub fn number_of(fd: impl AsFd) -> RawFd {
    fd.as_fd().as_raw_fd()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_exec_changes_nothing() {
        let file = OwnedFd::from(fs::File::open("/dev/null").unwrap());
        let keep = [file.as_fd()];
        let error = become_program(Path::new("/nonexistent/program"), &[], &[], &keep);
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(fcntl_getfd(&file).unwrap().contains(FdFlags::CLOEXEC));
        let bad = become_program(Path::new("/bin/true"), &["a\0b".into()], &[], &[]);
        assert_eq!(bad.kind(), io::ErrorKind::InvalidInput);
    }
}
