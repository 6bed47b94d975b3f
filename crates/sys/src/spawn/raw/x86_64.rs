//! `x86_64`: number in rax; arguments in rdi, rsi, rdx, r10, r8; rcx and r11 are lost.

use std::arch::asm;

use super::CloneArgs;

/// One system call; gives what the kernel left in rax.
///
/// # Safety
/// As the system call's own: every address among `args` must be good for what it does with it.
pub(super) unsafe fn syscall(number: libc::c_long, args: [usize; 5]) -> i64 {
    let [a, b, c, d, e] = args;
    let answer: i64;
    // SAFETY: the kernel's calling convention; what it does to memory is the caller's promise.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => answer,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            lateout("rcx") _,
            lateout("r11") _,
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
    // SAFETY: the kernel gives both processes the same registers but rax and rsp. The child's rsp
    // is the end of its stack, 16-aligned as a call wants it; it never comes back from `entry`.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => answer,
            in("rdi") args,
            in("rsi") size_of::<CloneArgs>(),
            in("r12") argument,
            in("r13") entry,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    answer
}

/// The older `clone`, where `clone3` is not allowed (containers); as [`clone3`].
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
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone => answer,
            in("rdi") args.flags | args.exit_signal,
            in("rsi") top,
            in("rdx") args.parent_tid,
            in("r10") args.child_tid,
            in("r8") args.tls,
            in("r12") argument,
            in("r13") entry,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    answer
}
