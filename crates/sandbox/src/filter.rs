//! The system calls: four filters, of which the kernel takes the strictest answer.

use std::{collections::BTreeMap, io};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

use super::{Profile, calls};

/// Calls, each with its rules; none means always.
pub(super) type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Installs the filters of `profile` in this thread, the one that forbids installing more last.
pub(super) fn install(profile: Profile) -> io::Result<()> {
    let errno = |number: i32| SeccompAction::Errno(number.cast_unsigned());
    let deadly = always(calls::deadly(profile));
    let threads_by_clone = always([libc::SYS_clone3].into());
    for (rules, otherwise, matched) in [
        (deadly, SeccompAction::Allow, SeccompAction::KillProcess),
        (threads_by_clone, SeccompAction::Allow, errno(libc::ENOSYS)),
        (calls::refused()?, SeccompAction::Allow, errno(libc::EPERM)),
        (calls::allowed(profile)?, errno(libc::EPERM), SeccompAction::Allow),
    ] {
        let arch = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
        let filter =
            SeccompFilter::new(rules, otherwise, matched, arch).map_err(io::Error::other)?;
        let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
        apply_filter(&program).map_err(io::Error::other)?;
    }
    Ok(())
}

/// The proof: a harmless call that no profile knows, and that nobody is refused otherwise.
pub(super) fn holds() -> bool {
    rustix::process::getsid(None) == Err(rustix::io::Errno::PERM)
}

/// Without conditions.
pub(super) fn always(calls: Vec<i64>) -> Rules {
    calls.into_iter().map(|call| (call, Vec::new())).collect()
}

/// One condition on an argument.
#[derive(Clone, Copy, Debug)]
pub(super) enum Argument {
    /// Argument `.0` is `.1`, compared as 32 bits.
    Is(u8, u32),
    /// Argument `.0`, masked by `.1`, is `.2`, compared as 32 bits.
    Masked(u8, u32, u32),
    /// Argument `.0` is a null pointer.
    Null(u8),
}

/// A rule that holds when every condition does.
pub(super) fn when(arguments: &[Argument]) -> io::Result<SeccompRule> {
    let conditions: Result<Vec<_>, _> = arguments
        .iter()
        .map(|argument| {
            let (index, size, operator, value) = match *argument {
                Argument::Is(index, value) => {
                    (index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
                }
                Argument::Masked(index, mask, value) => {
                    let masked = SeccompCmpOp::MaskedEq(mask.into());
                    (index, SeccompCmpArgLen::Dword, masked, value)
                }
                Argument::Null(index) => (index, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0),
            };
            SeccompCondition::new(index, size, operator, value.into())
        })
        .collect();
    SeccompRule::new(conditions.map_err(io::Error::other)?).map_err(io::Error::other)
}
