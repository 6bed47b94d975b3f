//! The child's calls, each with its argument types; errors are the kernel's numbers.

use std::ffi::{CStr, c_char};

use super::machine::syscall;

/// What a call gave, or its errno.
pub(in super::super) type Answer<T = ()> = Result<T, i32>;

/// The kernel's `struct sigaction` is four words or fewer on both machines; all zero is `SIG_DFL`.
static DEFAULT_ACTION: [u64; 4] = [0; 4];
/// Bytes of the kernel's signal set.
const SET_SIZE: usize = 8;

/// # Safety
/// As [`syscall`].
unsafe fn call(number: libc::c_long, args: [usize; 5]) -> Answer<u64> {
    // SAFETY: the caller's promise.
    let answer = unsafe { syscall(number, args) };
    match answer {
        // The kernel's errors are −4095 to −1; that range fits an i32.
        #[expect(clippy::cast_possible_truncation, reason = "between 1 and 4095")]
        -4095..=-1 => Err(answer.wrapping_neg() as i32),
        _ => Ok(answer.cast_unsigned()),
    }
}

/// # Safety
/// The call must take integers only, and none of them may name memory.
unsafe fn plain(number: libc::c_long, args: [usize; 5]) -> Answer {
    // SAFETY: the caller's promise: no memory is touched.
    unsafe { call(number, args) }.map(drop)
}

/// A signed integer as the register it travels in.
const fn word(value: i32) -> usize {
    (value as isize).cast_unsigned()
}

/// As the register it travels in.
const fn unsigned(value: u32) -> usize {
    value as usize
}

/// May `clone3` be called? With nothing in its hand the kernel finds fault with the size; a filter
/// on system calls, with the call.
pub(in super::super) fn clone3_is_allowed() -> bool {
    // SAFETY: no memory is named, and no process made.
    let answer = unsafe { plain(libc::SYS_clone3, [0; 5]) };
    answer == Err(libc::EINVAL)
}

/// Gives this process a descriptor table of its own with the numbers below `low` only.
pub(in super::super) fn unshare_below(low: u32) -> Answer {
    let flags = unsigned(libc::CLOSE_RANGE_UNSHARE);
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_close_range, [unsigned(low), unsigned(u32::MAX), flags, 0, 0]) }
}

/// Closes `first` and above.
pub(in super::super) fn close_from(first: u32) -> Answer {
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_close_range, [unsigned(first), unsigned(u32::MAX), 0, 0, 0]) }
}

/// Closes `number`, open or not.
pub(in super::super) fn close(number: u32) {
    // SAFETY: integers only. EBADF is what a number that was not open answers, and no other error
    // leaves it open.
    let _closed_now = unsafe { plain(libc::SYS_close, [unsigned(number), 0, 0, 0, 0]) };
}

/// A duplicate of `fd` at `least` or above, close-on-exec.
pub(in super::super) fn duplicate(fd: i32, least: u32) -> Answer<i32> {
    let command = word(libc::F_DUPFD_CLOEXEC);
    // SAFETY: integers only.
    let number = unsafe { call(libc::SYS_fcntl, [word(fd), command, unsigned(least), 0, 0]) }?;
    i32::try_from(number).map_err(|_| libc::EBADF)
}

/// A duplicate of `fd` at `target`, kept over exec.
pub(in super::super) fn duplicate_to(fd: i32, target: i32) -> Answer {
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_dup3, [word(fd), word(target), 0, 0, 0]) }
}

/// Leads a session.
pub(in super::super) fn setsid() -> Answer {
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_setsid, [0; 5]) }
}

/// Sets a limit; `limit` is soft, hard.
pub(in super::super) fn set_limit(resource: u32, limit: &[u64; 2]) -> Answer {
    let limit = limit.as_ptr().expose_provenance();
    // SAFETY: the kernel reads the 16 bytes of a `struct rlimit64`; a null old limit is allowed.
    unsafe { plain(libc::SYS_prlimit64, [0, unsigned(resource), limit, 0, 0]) }
}

/// Adds to the nice value of this process.
pub(in super::super) fn add_nice(more: i32) -> Answer {
    let process = 0; // PRIO_PROCESS
    // SAFETY: integers only.
    let raw = unsafe { call(libc::SYS_getpriority, [process, 0, 0, 0, 0]) }?;
    // The raw call gives 20 − nice, so that no answer is negative (getpriority(2), notes).
    let now = 20_i32.wrapping_sub(i32::try_from(raw).unwrap_or(20));
    let wanted = now.saturating_add(more).clamp(-20, 19);
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_setpriority, [process, 0, word(wanted), 0, 0]) }
}

/// Sets the file mode mask.
pub(in super::super) fn umask(mask: u32) {
    // SAFETY: integers only; this call cannot fail.
    let _previous = unsafe { call(libc::SYS_umask, [unsigned(mask), 0, 0, 0, 0]) };
}

/// Changes the root.
pub(in super::super) fn chroot(path: &CStr) -> Answer {
    // SAFETY: the kernel reads a NUL-terminated string.
    unsafe { plain(libc::SYS_chroot, [path.as_ptr().expose_provenance(), 0, 0, 0, 0]) }
}

/// Changes the working directory.
pub(in super::super) fn chdir(path: &CStr) -> Answer {
    // SAFETY: the kernel reads a NUL-terminated string.
    unsafe { plain(libc::SYS_chdir, [path.as_ptr().expose_provenance(), 0, 0, 0, 0]) }
}

/// Changes the working directory to an open one.
pub(in super::super) fn fchdir(fd: u32) -> Answer {
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_fchdir, [unsigned(fd), 0, 0, 0, 0]) }
}

/// Gives this process a mount namespace of its own, a copy of the one it had.
pub(in super::super) fn unshare_mounts() -> Answer {
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_unshare, [word(libc::CLONE_NEWNS), 0, 0, 0, 0]) }
}

/// Goes into the mount namespace of this descriptor.
pub(in super::super) fn enter_mounts(namespace: u32) -> Answer {
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_setns, [unsigned(namespace), word(libc::CLONE_NEWNS), 0, 0, 0]) }
}

/// What is mounted below the mount with this root stays there; what its peers get still comes.
pub(in super::super) fn receive_mounts_only(root: &CStr) -> Answer {
    let flags = usize::try_from(libc::MS_SLAVE).unwrap_or(0);
    // SAFETY: the kernel reads a NUL-terminated string; no source, type or data is read for a
    // change of propagation.
    unsafe { plain(libc::SYS_mount, [0, root.as_ptr().expose_provenance(), 0, flags, 0]) }
}

/// Attaches a mount that is nowhere yet to a path.
pub(in super::super) fn move_mount(mount: u32, to: &CStr) -> Answer {
    let (empty, to) = (c"".as_ptr().expose_provenance(), to.as_ptr().expose_provenance());
    let flags = unsigned(libc::MOVE_MOUNT_F_EMPTY_PATH);
    // SAFETY: the kernel reads two NUL-terminated strings.
    unsafe {
        plain(libc::SYS_move_mount, [unsigned(mount), empty, word(libc::AT_FDCWD), to, flags])
    }
}

/// Which file is at a path, a link itself where it is one: its file system's and its own number.
pub(in super::super) fn file_at(path: &CStr) -> Answer<(u32, u32, u64)> {
    // SAFETY: plain data, for which zeros are valid.
    let mut found: libc::statx = unsafe { std::mem::zeroed() };
    let (path, flags) = (path.as_ptr().expose_provenance(), word(libc::AT_SYMLINK_NOFOLLOW));
    let (mask, to) = (unsigned(libc::STATX_INO), (&raw mut found).expose_provenance());
    // SAFETY: the kernel reads a NUL-terminated string, and writes a structure of this kind.
    unsafe { plain(libc::SYS_statx, [word(libc::AT_FDCWD), path, flags, mask, to]) }?;
    Ok((found.stx_dev_major, found.stx_dev_minor, found.stx_ino))
}

/// Takes away the mount at a path, as soon as nobody uses it.
pub(in super::super) fn unmount(path: &CStr) -> Answer {
    let flags = word(libc::MNT_DETACH | libc::UMOUNT_NOFOLLOW);
    // SAFETY: the kernel reads a NUL-terminated string.
    unsafe { plain(libc::SYS_umount2, [path.as_ptr().expose_provenance(), flags, 0, 0, 0]) }
}

/// Waits for a byte: was there one? `ECANCELED` at the end of file.
pub(in super::super) fn read_one(fd: u32) -> Answer<bool> {
    let mut byte = 0_u8;
    let place = (&raw mut byte).expose_provenance();
    // SAFETY: the kernel writes at most the one byte.
    match unsafe { call(libc::SYS_read, [unsigned(fd), place, 1, 0, 0]) } {
        Ok(0) => Err(libc::ECANCELED),
        Ok(_) => Ok(true),
        Err(libc::EINTR) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// The parent's pid.
pub(in super::super) fn getppid() -> Answer<i32> {
    // SAFETY: integers only.
    let pid = unsafe { call(libc::SYS_getppid, [0; 5]) }?;
    i32::try_from(pid).map_err(|_| libc::ESRCH)
}

/// Puts a signal's disposition to its default.
pub(in super::super) fn default_action(signal: u32) -> Answer {
    let action = (&raw const DEFAULT_ACTION).expose_provenance();
    // SAFETY: the kernel reads an action of at most 32 bytes; a null old action is allowed.
    unsafe { plain(libc::SYS_rt_sigaction, [unsigned(signal), action, 0, SET_SIZE, 0]) }
}

/// Unblocks every signal.
pub(in super::super) fn unblock_all() -> Answer {
    let set = 0_u64;
    let set = (&raw const set).expose_provenance();
    let how = word(libc::SIG_SETMASK);
    // SAFETY: the kernel reads eight bytes; a null old set is allowed.
    unsafe { plain(libc::SYS_rt_sigprocmask, [how, set, 0, SET_SIZE, 0]) }
}

/// `prctl` with integers.
pub(in super::super) fn prctl(option: i32, two: usize, three: usize) -> Answer {
    // SAFETY: the options used here (PR_SET_NO_NEW_PRIVS, PR_SET_KEEPCAPS, PR_CAP_AMBIENT,
    // PR_SET_PDEATHSIG) take
    // integers only.
    unsafe { plain(libc::SYS_prctl, [word(option), two, three, 0, 0]) }
}

/// Sets the supplementary groups.
pub(in super::super) fn setgroups(groups: &[u32]) -> Answer {
    // SAFETY: the kernel reads so many ids.
    unsafe {
        plain(libc::SYS_setgroups, [groups.len(), groups.as_ptr().expose_provenance(), 0, 0, 0])
    }
}

/// Sets all three gids.
pub(in super::super) fn setresgid(gid: u32) -> Answer {
    let gid = unsigned(gid);
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_setresgid, [gid, gid, gid, 0, 0]) }
}

/// Sets all three uids: of this process alone, which libc's wrapper would not.
pub(in super::super) fn setresuid(uid: u32) -> Answer {
    let uid = unsigned(uid);
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_setresuid, [uid, uid, uid, 0, 0]) }
}

/// Tries to be root again, effectively.
pub(in super::super) fn regain_root() -> Answer {
    let unchanged = unsigned(u32::MAX);
    // SAFETY: integers only.
    unsafe { plain(libc::SYS_setresuid, [unchanged, 0, unchanged, 0, 0]) }
}

/// The effective uid.
pub(in super::super) fn geteuid() -> Answer<u32> {
    // SAFETY: integers only.
    let uid = unsafe { call(libc::SYS_geteuid, [0; 5]) }?;
    u32::try_from(uid).map_err(|_| libc::EPERM)
}

/// Sets the capability sets of this process: effective = permitted, and inheritable.
pub(in super::super) fn capset(permitted: u64, inheritable: u64) -> Answer {
    /// `_LINUX_CAPABILITY_VERSION_3`, pid 0: this process.
    static HEADER: [u32; 2] = [0x2008_0522, 0];
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let half = |set: u64| set as u32;
    // Two of `struct __user_cap_data_struct`, lower and upper halves of: effective, permitted,
    // inheritable.
    let (high, inheritable_high) = (permitted >> 32, inheritable >> 32);
    let data = [permitted, permitted, inheritable, high, high, inheritable_high].map(half);
    let (header, data) =
        ((&raw const HEADER).expose_provenance(), (&raw const data).expose_provenance());
    // SAFETY: the kernel reads a header of 8 and data of 24 bytes; it writes the header only when
    // it does not know the version, and this one is known since Linux 2.6.26.
    unsafe { plain(libc::SYS_capset, [header, data, 0, 0, 0]) }
}

/// Executes `path`; comes back only with an error.
///
/// # Safety
/// `argv` and `envp` are null-terminated arrays of NUL-terminated strings.
pub(in super::super) unsafe fn execve(
    path: &CStr,
    argv: *const *const c_char,
    envp: *const *const c_char,
) -> i32 {
    let args = [
        path.as_ptr().expose_provenance(),
        argv.expose_provenance(),
        envp.expose_provenance(),
        0,
        0,
    ];
    // SAFETY: three good addresses; the caller's promise for two.
    match unsafe { plain(libc::SYS_execve, args) } {
        Err(errno) => errno,
        Ok(()) => libc::EFAULT, // execve does not come back with success
    }
}

/// Ends this process at once.
pub(in super::super) fn exit(code: i32) -> ! {
    loop {
        // SAFETY: integers only; it does not come back.
        let _never = unsafe { plain(libc::SYS_exit_group, [word(code), 0, 0, 0, 0]) };
    }
}
