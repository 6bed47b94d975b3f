//! The lists, measured with strace on the runtime, `SQLite` and the resolver as they are built here,
//! and rounded up to what their next versions may use of the same kind.

use std::io;

use super::{
    Profile,
    filter::{Argument, Rules, always, when},
};

/// Memory, time, waiting, threads, ending: what every program does.
const EVERYWHERE: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_capget,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_clone3, // the filter for it answers ENOSYS
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getcwd,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getgroups,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_getresgid,
    libc::SYS_getresuid,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_sigaltstack,
    libc::SYS_sysinfo,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
    libc::SYS_uname,
    libc::SYS_write,
    libc::SYS_writev,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_select,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
    // Sockets that are there already: the channel, and what comes over it.
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_socketpair,
];

/// Opening and looking at files; which, is Landlock's.
const READING: &[i64] = &[
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fstatfs,
    libc::SYS_getdents64,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_readlinkat,
    libc::SYS_statfs,
    libc::SYS_statx,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
];

/// Making, changing, watching and removing files.
const WRITING: &[i64] = &[
    libc::SYS_copy_file_range,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_inotify_add_watch,
    libc::SYS_inotify_init1,
    libc::SYS_inotify_rm_watch,
    libc::SYS_memfd_create,
    libc::SYS_mkdirat,
    libc::SYS_msync,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_sendfile,
    libc::SYS_sync_file_range,
    libc::SYS_umask,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
];

/// Giving a file what another has.
const ATTRIBUTES: &[i64] = &[libc::SYS_fgetxattr, libc::SYS_flistxattr, libc::SYS_fsetxattr];

/// Asking others; of what kind, is said by the rules for `socket`.
const CONNECTING: &[i64] =
    &[libc::SYS_connect, libc::SYS_recvmmsg, libc::SYS_sendmmsg, libc::SYS_splice];

/// Calls that none of our programs has a use for, and an intruder has.
const DEADLY: &[i64] = &[
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_delete_module,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_listen,
    libc::SYS_mount,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// What ends the process.
pub(super) fn deadly(profile: Profile) -> Vec<i64> {
    let bind: &[i64] = match profile {
        Profile::Clerk | Profile::Relay | Profile::HostsDeny | Profile::Firewall => {
            &[libc::SYS_bind]
        }
        // libc binds a netlink socket to ask which families the host has.
        Profile::Compile | Profile::Mail => &[],
    };
    [DEADLY, bind].concat()
}

/// What is refused whatever else allows it: a lingering close. A connection is closed for good where
/// it came from, and there a program's lingering would make root wait.
pub(super) fn refused() -> io::Result<Rules> {
    let linger = when(&[
        Argument::Is(1, libc::SOL_SOCKET.cast_unsigned()),
        Argument::Is(2, libc::SO_LINGER.cast_unsigned()),
    ])?;
    Ok(Rules::from([(libc::SYS_setsockopt, vec![linger])]))
}

/// What is answered as usual.
pub(super) fn allowed(profile: Profile) -> io::Result<Rules> {
    let lists: &[&[i64]] = match profile {
        Profile::Clerk => &[EVERYWHERE, READING, WRITING],
        Profile::Firewall => &[EVERYWHERE],
        Profile::Relay => &[EVERYWHERE, READING, CONNECTING],
        Profile::HostsDeny => &[EVERYWHERE, READING, WRITING, ATTRIBUTES],
        Profile::Mail => &[EVERYWHERE, READING, CONNECTING, &[libc::SYS_bind]],
        // It puts down, for a time, what it may do.
        Profile::Compile => &[EVERYWHERE, READING, CONNECTING, &[libc::SYS_bind, libc::SYS_capset]],
    };
    let mut rules = always(lists.concat());
    rules.extend([
        (libc::SYS_clone, vec![when(&[THREAD])?]),
        (libc::SYS_ioctl, integers(1, IOCTLS)?),
        (libc::SYS_prctl, integers(0, PRCTLS)?),
        // To ask for a limit, not to set one.
        (libc::SYS_prlimit64, vec![when(&[Argument::Null(2)])?]),
        // abort() and its like: a signal to ourselves.
        (libc::SYS_tgkill, vec![when(&[Argument::Is(0, std::process::id())])?]),
    ]);
    if matches!(profile, Profile::Compile | Profile::Mail) {
        rules.extend(always([libc::SYS_mmap, libc::SYS_mprotect].into()));
    } else {
        // No new code.
        let data = when(&[Argument::Masked(2, libc::PROT_EXEC.cast_unsigned(), 0)])?;
        rules.insert(libc::SYS_mmap, vec![data.clone()]);
        rules.insert(libc::SYS_mprotect, vec![data]);
    }
    let families = families(profile);
    if !families.is_empty() {
        rules.insert(libc::SYS_socket, integers(0, families)?);
    }
    Ok(rules)
}

/// `clone` of a thread, in no new namespace.
const THREAD: Argument = {
    let namespaces = libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET;
    let thread = libc::CLONE_THREAD;
    Argument::Masked(0, (namespaces | thread).cast_unsigned(), thread.cast_unsigned())
};

/// Non-blocking, close-on-exec, how much waits.
const IOCTLS: &[u32] = &[0x5421, 0x5450, 0x5451, 0x541B];

const PRCTLS: &[u32] = &[
    libc::PR_GET_NAME.cast_unsigned(),
    libc::PR_GET_NO_NEW_PRIVS.cast_unsigned(),
    libc::PR_GET_SECCOMP.cast_unsigned(),
    libc::PR_SET_NAME.cast_unsigned(),
];

/// The families in which a new socket may be made.
const fn families(profile: Profile) -> &'static [u32] {
    const INET: u32 = libc::AF_INET.cast_unsigned();
    const INET6: u32 = libc::AF_INET6.cast_unsigned();
    const UNIX: u32 = libc::AF_UNIX.cast_unsigned();
    const NETLINK: u32 = libc::AF_NETLINK.cast_unsigned();
    match profile {
        Profile::Clerk | Profile::HostsDeny | Profile::Firewall => &[],
        Profile::Relay => &[INET, INET6],
        Profile::Compile | Profile::Mail => &[INET, INET6, UNIX, NETLINK],
    }
}

/// One rule for each value that argument `index` may have.
fn integers(index: u8, values: &[u32]) -> io::Result<Vec<seccompiler::SeccompRule>> {
    values.iter().map(|value| when(&[Argument::Is(index, *value)])).collect()
}
