//! Capabilities a started program may keep (capabilities(7)).

/// One capability. Only those a program of ours or an administrator's configuration may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Give a file another owner.
    Chown,
    /// Read any file, search any directory.
    DacReadSearch,
    /// Send signals to any process.
    Kill,
    /// Change groups.
    SetGid,
    /// Change users.
    SetUid,
    /// Bind ports below 1024.
    NetBindService,
    /// Configure interfaces, routes, nftables.
    NetAdmin,
    /// Raw and packet sockets.
    NetRaw,
    /// Trace any process.
    SysPtrace,
    /// Raise limits, exceed quotas.
    SysResource,
    /// Raise priority.
    SysNice,
    /// Write the audit log.
    AuditWrite,
}

impl Capability {
    /// Every capability this enumeration knows.
    pub const ALL: [Self; 12] = [
        Self::Chown,
        Self::DacReadSearch,
        Self::Kill,
        Self::SetGid,
        Self::SetUid,
        Self::NetBindService,
        Self::NetAdmin,
        Self::NetRaw,
        Self::SysPtrace,
        Self::SysResource,
        Self::SysNice,
        Self::AuditWrite,
    ];

    /// The kernel's bit number (linux/capability.h).
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Chown => 0,
            Self::DacReadSearch => 2,
            Self::Kill => 5,
            Self::SetGid => 6,
            Self::SetUid => 7,
            Self::NetBindService => 10,
            Self::NetAdmin => 12,
            Self::NetRaw => 13,
            Self::SysPtrace => 19,
            Self::SysNice => 23,
            Self::SysResource => 24,
            Self::AuditWrite => 29,
        }
    }

    /// The capability with the kernel's bit number, if it is one of ours.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.number() == number)
    }

    /// The capability's bit in a 64-bit set.
    #[must_use]
    pub const fn bit(self) -> u64 {
        1_u64.wrapping_shl(self.number())
    }
}

/// The bits of all `capabilities` together.
#[must_use]
pub fn set_of(capabilities: &[Capability]) -> u64 {
    capabilities.iter().fold(0, |set, capability| set | capability.bit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_distinct_and_come_back() {
        assert_eq!(set_of(&Capability::ALL).count_ones(), 12);
        for capability in Capability::ALL {
            assert_eq!(Capability::from_number(capability.number()), Some(capability));
        }
    }
}
