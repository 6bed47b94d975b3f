//! The model's words in the words of the edge, and the kernel's in those of events.

use portreeve_model::{Resource, unmapped};
use portreeve_sys::{Resource as SysResource, Status};
use portreeve_wire::End;
use portreeve_wire::event::Ending;
use std::net::SocketAddr;

pub(crate) fn resource(resource: Resource) -> SysResource {
    match resource {
        Resource::AddressSpace => SysResource::AddressSpace,
        Resource::CoreSize => SysResource::Core,
        Resource::CpuTime => SysResource::Cpu,
        Resource::Data => SysResource::Data,
        Resource::FileSize => SysResource::FileSize,
        Resource::LockedMemory => SysResource::MemLock,
        Resource::OpenFiles => SysResource::OpenFiles,
        Resource::Processes => SysResource::Processes,
        Resource::ResidentSet => SysResource::ResidentSet,
        Resource::Stack => SysResource::Stack,
    }
}

pub(crate) fn end(address: SocketAddr) -> End {
    End { address: unmapped(address.ip()), port: address.port() }
}

pub(crate) fn ending(status: Status) -> Ending {
    match status {
        Status::Code(code) => Ending::Exit(code),
        Status::Signal(signal) => Ending::Signal(signal),
    }
}

/// How a helper ended, for people.
pub(crate) fn describe(status: Status) -> String {
    match status {
        Status::Code(code) => format!("exited with status {code}"),
        Status::Signal(signal) => format!("was ended by signal {signal}"),
    }
}
