//! `aarch64`: number in x8; arguments in x0 to x4; the answer in x0.

use std::arch::asm;

use super::CloneArgs;

/// One system call; gives what the kernel left in x0.
///
/// # Safety
/// As the system call's own: every address among `args` must be good for what it does with it.
pub(super) unsafe fn syscall(number: libc::c_long, args: [usize; 5]) -> i64 {
    let [a, b, c, d, e] = args;
    let answer: i64;
    // SAFETY: the kernel's calling convention; what it does to memory is the caller's promise.
    unsafe {
        asm!(
            "svc #0",
            in("x8") number,
            inlateout("x0") a => answer,
            in("x1") b,
            in("x2") c,
            in("x3") d,
            in("x4") e,
            options(nostack),
        );
    }
    answer
}

/// `clone3`: in the child, calls `entry(argument)` on its own stack; gives the parent its answer.
///
/// # Safety
/// `args` names a stack of the child's own. `entry` must be sound to run beside the caller, in the
/// same memory, and `argument` good for it.
pub(in super::super) unsafe fn clone3<T>(
    args: &CloneArgs,
    entry: unsafe extern "C" fn(*const T) -> !,
    argument: *const T,
) -> i64 {
    let answer: i64;
    // SAFETY: the kernel gives both processes the same registers but x0 and sp. The child's sp is
    // the end of its stack, 16-aligned; it never comes back from `entry`.
    unsafe {
        asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x0, x20",
            "blr x21",
            "brk #1",
            "2:",
            in("x8") libc::SYS_clone3,
            inlateout("x0") args => answer,
            in("x1") size_of::<CloneArgs>(),
            in("x20") argument,
            in("x21") entry,
            lateout("x30") _,
        );
    }
    answer
}

/// The older `clone`, where `clone3` is not allowed (containers); as [`clone3`]. Here the thread
/// pointer comes before the child's word.
///
/// # Safety
/// As [`clone3`].
pub(in super::super) unsafe fn clone<T>(
    args: &CloneArgs,
    entry: unsafe extern "C" fn(*const T) -> !,
    argument: *const T,
) -> i64 {
    let top = args.stack.wrapping_add(args.stack_size);
    let answer: i64;
    // SAFETY: as in `clone3`.
    unsafe {
        asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x0, x20",
            "blr x21",
            "brk #1",
            "2:",
            in("x8") libc::SYS_clone,
            inlateout("x0") args.flags | args.exit_signal => answer,
            in("x1") top,
            in("x2") args.parent_tid,
            in("x3") args.tls,
            in("x4") args.child_tid,
            in("x20") argument,
            in("x21") entry,
            lateout("x30") _,
        );
    }
    answer
}
