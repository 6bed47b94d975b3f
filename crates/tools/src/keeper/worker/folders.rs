//! What is supervised: a folder is a service, and perhaps its log.

use crate::service::Kept;
use portreeve_supervise::holder::Slot;
use portreeve_sys::watch::Watch;
use rustix::fs::Stat;
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// A folder, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    pub(super) fn of(stat: &Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// Which of the two of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The folder's own.
    Service,
    /// That of its folder `log`, which reads what the other writes.
    Log,
}

/// Where a folder's directions come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Whoever writes a script `run`: it is kept until it is told to end.
    Foreign,
    /// The door, which writes a file `plan`: its removal ends it.
    Native,
}

/// A supervised folder.
#[derive(Debug)]
pub(super) struct Folder {
    /// Under which it was first seen, for messages.
    pub(super) shown: Box<str>,
    /// The name itself.
    pub(super) name: CString,
    pub(super) origin: Origin,
    /// Whether a name was found for it by the last scan.
    pub(super) named: bool,
    pub(super) service: Slot,
    pub(super) log: Option<Slot>,
    /// Of its log: reading end, writing end.
    pub(super) pipe: Option<(OwnedFd, OwnedFd)>,
    /// That its place is changed behind a link.
    pub(super) watch: Option<Watch>,
    /// Where the door has put it to be ended: in which root, and under which name there.
    pub(super) removed: Option<(usize, CString)>,
    /// Its log is not wanted any more, and is about to end.
    pub(super) log_ends: bool,
    /// It is to leave, since nobody wants it any more or nobody can reach it.
    pub(super) retired: bool,
}

/// One of a folder's two.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) of: Identity,
    pub(super) role: Role,
    /// None while it could not be taken over, or has been left.
    pub(super) kept: Option<Kept>,
    /// The time at which the heap has it.
    pub(super) queued: Option<Duration>,
    /// When it is to be taken over again (without a time: by the next scan), and how long after that
    /// if it cannot be.
    pub(super) again: Option<Duration>,
    pub(super) delay: Duration,
}

impl Unit {
    pub(super) fn new(of: Identity, role: Role) -> Self {
        Self { of, role, kept: None, queued: None, again: None, delay: Duration::ZERO }
    }
}

/// What the holder keeps of a unit for the next worker to know it by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) of: Identity,
    pub(super) role: Role,
    pub(super) origin: Origin,
    /// The folder's name.
    pub(super) name: Vec<u8>,
}

impl Label {
    pub(super) fn encode(&self) -> Vec<u8> {
        let flags = u8::from(self.role == Role::Log) | u8::from(self.origin == Origin::Native) << 1;
        let numbers = [self.of.device.to_le_bytes(), self.of.inode.to_le_bytes()].concat();
        [&[flags][..], &numbers, &self.name].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (flags, rest) = bytes.split_first()?;
        let (device, rest) = rest.split_first_chunk()?;
        let (inode, name) = rest.split_first_chunk()?;
        let (device, inode) = (u64::from_le_bytes(*device), u64::from_le_bytes(*inode));
        let role = if flags & 1 == 0 { Role::Service } else { Role::Log };
        let origin = if flags & 2 == 0 { Origin::Foreign } else { Origin::Native };
        Some(Self { of: Identity { device, inode }, role, origin, name: name.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_back() {
        for (role, origin) in [(Role::Service, Origin::Native), (Role::Log, Origin::Foreign)] {
            let of = Identity { device: 7, inode: u64::MAX };
            let label = Label { of, role, origin, name: b"a\xff".to_vec() };
            assert_eq!(Label::decode(&label.encode()), Some(label));
        }
        assert_eq!(Label::decode(&[0; 16]), None);
    }
}
