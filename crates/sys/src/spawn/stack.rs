//! A child's stack: 64 KiB with an inaccessible page below, so that running over it is a fault and
//! not a write into the monitor's memory.

use std::{io, ptr};

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// Usable bytes; the child touches less than two pages.
const USABLE: usize = 64 << 10;

/// A mapping of its own; unmapped when dropped.
#[derive(Debug)]
pub(super) struct Stack {
    base: *mut std::ffi::c_void,
    guard: usize,
}

impl Stack {
    /// Maps a stack. Its pages become real when first touched.
    pub(super) fn new() -> io::Result<Self> {
        let guard = rustix::param::page_size();
        let length = USABLE.saturating_add(guard);
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK;
        // SAFETY: a new mapping at a place the kernel chooses touches nothing of ours.
        let base = unsafe { mmap_anonymous(ptr::null_mut(), length, ProtFlags::empty(), flags) }?;
        let stack = Self { base, guard };
        let usable = base.wrapping_byte_add(guard);
        // SAFETY: the upper part of the mapping just made; nobody uses it yet.
        unsafe { mprotect(usable, USABLE, MprotectFlags::READ | MprotectFlags::WRITE) }?;
        Ok(stack)
    }

    /// Lowest usable address and size, as `clone3` wants them.
    pub(super) fn span(&self) -> (u64, u64) {
        let lowest = self.base.wrapping_byte_add(self.guard).expose_provenance();
        (u64::try_from(lowest).unwrap_or(0), u64::try_from(USABLE).unwrap_or(0))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the whole mapping of `new`; a stack in use is never dropped (see `Slot`).
        // An error would leave it mapped, which harms nobody.
        let _unmapped = unsafe { munmap(self.base, USABLE.saturating_add(self.guard)) };
    }
}
