//! System calls of a child that shares our memory: made by hand, so that nothing of libc is used,
//! no `errno` (thread-local, hence the parent's) and no allocation.

mod calls;
#[cfg(target_arch = "aarch64")]
#[path = "aarch64.rs"]
mod machine;
#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod machine;

pub(super) use calls::*;
pub(super) use machine::{clone, clone3};

/// `struct clone_args` (linux/sched.h), the first eight members: version 0, Linux 5.3.
#[derive(Default)]
#[repr(C)]
pub(super) struct CloneArgs {
    pub(super) flags: u64,
    pub(super) pidfd: u64,
    pub(super) child_tid: u64,
    pub(super) parent_tid: u64,
    pub(super) exit_signal: u64,
    pub(super) stack: u64,
    pub(super) stack_size: u64,
    pub(super) tls: u64,
}
