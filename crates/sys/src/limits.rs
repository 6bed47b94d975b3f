//! Resource limits: the kernel's names for what a process may use (getrlimit(2)).

use std::io;

use rustix::process::{Rlimit, getrlimit, setrlimit};

/// What a limit is put on. Units are the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Virtual memory, bytes (`RLIMIT_AS`).
    AddressSpace,
    /// Core file, bytes (`RLIMIT_CORE`).
    Core,
    /// Processor time, seconds (`RLIMIT_CPU`).
    Cpu,
    /// Data segment and private mappings, bytes (`RLIMIT_DATA`).
    Data,
    /// Largest file written, bytes (`RLIMIT_FSIZE`).
    FileSize,
    /// Locked memory, bytes (`RLIMIT_MEMLOCK`).
    MemLock,
    /// One more than the highest descriptor number (`RLIMIT_NOFILE`).
    OpenFiles,
    /// Processes of the real uid, threads included (`RLIMIT_NPROC`).
    Processes,
    /// Resident set, bytes; Linux accepts and ignores it (`RLIMIT_RSS`).
    ResidentSet,
    /// Main thread's stack, bytes (`RLIMIT_STACK`).
    Stack,
    /// POSIX message queues of the real uid, bytes (`RLIMIT_MSGQUEUE`).
    MessageQueues,
    /// File locks (`RLIMIT_LOCKS`); not enforced since Linux 2.4.25.
    Locks,
    /// Ceiling of the nice value, as 20 − nice (`RLIMIT_NICE`).
    Nice,
    /// Ceiling of the real-time priority (`RLIMIT_RTPRIO`).
    RealTimePriority,
    /// Microseconds of real-time scheduling without a blocking call (`RLIMIT_RTTIME`).
    RealTime,
    /// Queued signals of the real uid (`RLIMIT_SIGPENDING`).
    PendingSignals,
}

impl Resource {
    /// Every resource, in the order of the kernel's numbers.
    pub const ALL: [Self; 16] = [
        Self::Cpu,
        Self::FileSize,
        Self::Data,
        Self::Stack,
        Self::Core,
        Self::ResidentSet,
        Self::Processes,
        Self::OpenFiles,
        Self::MemLock,
        Self::AddressSpace,
        Self::Locks,
        Self::PendingSignals,
        Self::MessageQueues,
        Self::Nice,
        Self::RealTimePriority,
        Self::RealTime,
    ];

    /// The kernel's number, the same on `x86_64` and `aarch64` (asm-generic/resource.h).
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Cpu => 0,
            Self::FileSize => 1,
            Self::Data => 2,
            Self::Stack => 3,
            Self::Core => 4,
            Self::ResidentSet => 5,
            Self::Processes => 6,
            Self::OpenFiles => 7,
            Self::MemLock => 8,
            Self::AddressSpace => 9,
            Self::Locks => 10,
            Self::PendingSignals => 11,
            Self::MessageQueues => 12,
            Self::Nice => 13,
            Self::RealTimePriority => 14,
            Self::RealTime => 15,
        }
    }

    /// The resource with the kernel's number, if it has one.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.number() == number)
    }

    fn native(self) -> rustix::process::Resource {
        use rustix::process::Resource as Native;
        match self {
            Self::Cpu => Native::Cpu,
            Self::FileSize => Native::Fsize,
            Self::Data => Native::Data,
            Self::Stack => Native::Stack,
            Self::Core => Native::Core,
            Self::ResidentSet => Native::Rss,
            Self::Processes => Native::Nproc,
            Self::OpenFiles => Native::Nofile,
            Self::MemLock => Native::Memlock,
            Self::AddressSpace => Native::As,
            Self::Locks => Native::Locks,
            Self::PendingSignals => Native::Sigpending,
            Self::MessageQueues => Native::Msgqueue,
            Self::Nice => Native::Nice,
            Self::RealTimePriority => Native::Rtprio,
            Self::RealTime => Native::Rttime,
        }
    }
}

/// A soft and a hard limit; `None` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What the kernel enforces.
    pub soft: Option<u64>,
    /// How far the process itself may raise the soft limit.
    pub hard: Option<u64>,
}

/// This process's own limit on `resource`.
#[must_use]
pub fn get(resource: Resource) -> Limit {
    let Rlimit { current, maximum } = getrlimit(resource.native());
    Limit { soft: current, hard: maximum }
}

/// Sets this process's own limit.
///
/// # Errors
/// `EPERM` when the hard limit would rise without `CAP_SYS_RESOURCE`, `EINVAL` when soft > hard.
pub fn set(resource: Resource, limit: Limit) -> io::Result<()> {
    let native = Rlimit { current: limit.soft, maximum: limit.hard };
    Ok(setrlimit(resource.native(), native)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_headers() {
        for (resource, number) in [
            (Resource::Cpu, libc::RLIMIT_CPU),
            (Resource::OpenFiles, libc::RLIMIT_NOFILE),
            (Resource::AddressSpace, libc::RLIMIT_AS),
            (Resource::Processes, libc::RLIMIT_NPROC),
            (Resource::MemLock, libc::RLIMIT_MEMLOCK),
            (Resource::RealTime, libc::RLIMIT_RTTIME),
        ] {
            assert_eq!(resource.number(), number, "{resource:?}");
            assert_eq!(Resource::from_number(number), Some(resource));
        }
        assert_eq!(Resource::from_number(16), None);
    }
}
