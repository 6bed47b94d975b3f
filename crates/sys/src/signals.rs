//! Signals as readable events: blocked for the process, read from a descriptor (signalfd(2)).

use std::{
    io,
    mem::{self, MaybeUninit},
    os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd},
    ptr,
};

use rustix::io::Errno;

use crate::process::{Pid, Signal, check};

/// The highest signal number on Linux.
const HIGHEST: libc::c_int = 64;

/// Blocks chosen signals and gives them out as events. Make it before any thread exists: each
/// thread has a mask of its own.
#[derive(Debug)]
pub struct Signals {
    fd: OwnedFd,
}

impl Signals {
    /// Blocks `signals` in this thread and opens the descriptor (non-blocking, close-on-exec).
    ///
    /// # Errors
    /// Those of `signalfd4` and `sigprocmask`.
    pub fn new(signals: &[Signal]) -> io::Result<Self> {
        let mut set = empty_set();
        for signal in signals {
            // SAFETY: `set` is an initialised set of ours, the number is one of Linux's.
            check(unsafe { libc::sigaddset(&raw mut set, signal.number()) })?;
        }
        // SAFETY: `set` is initialised and only read; a null old mask is allowed.
        let errno =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()) };
        if errno != 0 {
            return Err(io::Error::from_raw_os_error(errno));
        }
        // SAFETY: `set` is initialised and only read; −1 asks for a new descriptor.
        let raw =
            unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        check(raw)?;
        // SAFETY: a fresh descriptor from the kernel that nothing else owns.
        Ok(Self { fd: unsafe { OwnedFd::from_raw_fd(raw) } })
    }

    /// Every signal that waits now, each once (the kernel merges equal ones); never blocks.
    ///
    /// # Errors
    /// Those of read(2) but `EAGAIN` and `EINTR`.
    pub fn read(&self) -> io::Result<Vec<Caught>> {
        const RECORD: usize = mem::size_of::<libc::signalfd_siginfo>();
        const PID: usize = mem::offset_of!(libc::signalfd_siginfo, ssi_pid);
        let number = |record: &[u8], at: usize| {
            let four = record.get(at..).and_then(<[u8]>::first_chunk);
            four.and_then(|four| i32::try_from(u32::from_ne_bytes(*four)).ok())
        };
        let mut seen: Vec<Caught> = Vec::new();
        let mut buffer = [0_u8; RECORD * 16];
        loop {
            let filled = match rustix::io::read(&self.fd, &mut buffer[..]) {
                Ok(filled) => filled,
                Err(Errno::AGAIN) => return Ok(seen),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            // The record starts with `ssi_signo`.
            for record in buffer.get(..filled).unwrap_or(&[]).chunks_exact(RECORD) {
                let Some(signal) = number(record, 0).and_then(Signal::from_number) else {
                    continue;
                };
                let pid = number(record, PID).and_then(Pid::from_raw);
                if !seen.iter().any(|other| other.signal == signal) {
                    seen.push(Caught { signal, pid });
                }
            }
            if filled < buffer.len() {
                return Ok(seen);
            }
        }
    }
}

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    /// Which.
    pub signal: Signal,
    /// Whom the kernel names with it: for `SIGCHLD` the first child that has ended since the last
    /// one was read (those that ended after it are not named), else who sent it. A hint: anybody
    /// allowed to send a signal may choose when it comes, though not whom it names.
    pub pid: Option<Pid>,
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The kernel's `struct sigaction` (not libc's): the handler comes first; four words at most, on
/// both machines. All zero is the default action.
type KernelAction = [usize; 4];
static DEFAULT_ACTION: KernelAction = [0; 4];
/// As above, and no signal when a child is merely stopped or goes on (`SA_NOCLDSTOP`): its user can
/// do that as often as he likes.
static EXITS_ONLY: KernelAction = [libc::SIG_DFL, 1, 0, 0];
/// Bytes of the kernel's signal set.
const SET_SIZE: usize = 8;

/// Puts every disposition to its default and unblocks everything, whatever the parent left, but
/// ignores `SIGPIPE` and lets `SIGCHLD` tell of exits only. First deed of every program of ours.
///
/// # Errors
/// Those of `sigprocmask`.
pub fn normalise() -> io::Result<()> {
    normalise_but(&[])
}

/// As [`normalise`], but these stay blocked if they are: for a program that takes another's place
/// in its process, where they may be waiting already to be read.
///
/// # Errors
/// Those of `sigprocmask`.
pub fn normalise_but(blocked: &[Signal]) -> io::Result<()> {
    for number in (1..=HIGHEST).filter(|number| *number != libc::SIGPIPE) {
        let action =
            if number == libc::SIGCHLD { &raw const EXITS_ONLY } else { &raw const DEFAULT_ACTION };
        // By the kernel's call: libc's refuses the two signals it keeps to itself, which a parent
        // may have left ignored all the same. SIGKILL and SIGSTOP answer EINVAL: they have no
        // disposition.
        // SAFETY: the kernel reads an action of at most four words; a null old one is allowed.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                number,
                action,
                ptr::null_mut::<KernelAction>(),
                SET_SIZE,
            )
        };
    }
    // SAFETY: SIG_IGN runs no code of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let mut set = empty_set();
    for signal in blocked {
        // SAFETY: `set` is an initialised set of ours, the number is one of Linux's.
        check(unsafe { libc::sigaddset(&raw mut set, signal.number()) })?;
    }
    // SAFETY: `set` is initialised and only read; a null old mask is allowed.
    let errno =
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut()) };
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

/// Children that end are told of and wait to be reaped, whatever the parent left: where `SIGCHLD` is
/// ignored, the kernel reaps them unseen. `SIGPIPE` is ignored.
pub fn expect_children() {
    // SAFETY: the default action runs no code of ours.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    // SAFETY: SIG_IGN runs no code of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// The numbers of all signals ignored now, as bits (bit n − 1 for signal n). A child's `exec`
/// would hand them on.
pub(crate) fn ignored() -> u64 {
    (1..=HIGHEST).fold(0, |bits, number| {
        let mut action: KernelAction = [0; 4];
        let to = &raw mut action;
        let none = ptr::null::<KernelAction>();
        // SAFETY: a null new action only asks; the kernel writes at most four words to ours.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, number, none, to, SET_SIZE) };
        let bit = 1_u64.wrapping_shl(number.cast_unsigned().wrapping_sub(1));
        if action[0] == libc::SIG_IGN { bits | bit } else { bits }
    })
}

/// Runs `deed` with every signal blocked in this thread, then puts the mask back.
pub(crate) fn with_all_blocked<T>(deed: impl FnOnce() -> T) -> io::Result<T> {
    let mut all = empty_set();
    // SAFETY: `all` is an initialised set of ours.
    check(unsafe { libc::sigfillset(&raw mut all) })?;
    let mut before = empty_set();
    // SAFETY: both sets are ours and initialised.
    let errno =
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before) };
    if errno != 0 {
        return Err(io::Error::from_raw_os_error(errno));
    }
    let result = deed();
    // SAFETY: `before` was filled by the call above; a null old mask is allowed.
    let errno =
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
    if errno == 0 { Ok(result) } else { Err(io::Error::from_raw_os_error(errno)) }
}

fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the pointer is to memory of ours of the right size.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: zeroed and then emptied: a valid set.
    unsafe { set.assume_init() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_signal_is_read_once() {
        let signals = Signals::new(&[Signal::Usr2, Signal::Window]).unwrap();
        assert_eq!(signals.read().unwrap(), []);
        for _ in 0..3 {
            // SAFETY: an integer by value; the signal is blocked in this thread.
            unsafe { libc::raise(libc::SIGUSR2) };
        }
        let caught = Caught { signal: Signal::Usr2, pid: Some(Pid::own()) };
        assert_eq!(signals.read().unwrap(), [caught]);
        assert_eq!(signals.read().unwrap(), []);
    }

    #[test]
    fn pipe_is_ignored_under_the_rust_runtime() {
        assert_ne!(ignored() & (1 << (libc::SIGPIPE - 1)), 0);
    }

    #[test]
    fn the_mask_comes_back() {
        let answer = with_all_blocked(|| 7).unwrap();
        assert_eq!(answer, 7);
    }
}
