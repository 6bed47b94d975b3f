//! Huge pages for files in memory.
//!
//! Who looks up one address in a million touches a page that it has not touched for long, and the
//! processor then has to find out first where that page lies. It knows where some thousand pages
//! are: with pages of 4 KiB not those of one large list, with huge ones those of all.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    ptr::{self, NonNull},
};

use rustix::{
    fs::fstat,
    mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap},
};

/// Bytes of a huge page.
pub(super) const SIZE: usize = 2 << 20;

/// Bytes that are mapped at once to be gathered.
const WINDOW: usize = 16 * SIZE;

/// Gathers the bytes of a file of [`open_memfd`](super::open_memfd) in huge pages, so that whoever
/// maps it with [`Mapped`](super::Mapped) waits less for it. What does not fill one stays as it is.
///
/// It copies the file once, and has one huge page more than the file has for the time of it. A file
/// that could not be gathered, or only in part, holds the same bytes as before.
///
/// # Errors
/// Those of mmap(2) and madvise(2): the kernel knows nothing of it (before Linux 6.1), or has no
/// huge page to spare.
pub fn gather(fd: impl AsFd) -> io::Result<()> {
    let fd = fd.as_fd();
    let size = usize::try_from(fstat(fd)?.st_size).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let end = size.saturating_sub(size % SIZE);
    for offset in (0..end).step_by(WINDOW) {
        let length = end.saturating_sub(offset).min(WINDOW);
        let start = map_aligned(fd, offset, length, MapFlags::SHARED)?.cast();
        // SAFETY: the mapping was made above and is known to nobody else; its bytes stay the same.
        let gathered = match unsafe { libc::madvise(start.as_ptr(), length, libc::MADV_COLLAPSE) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        };
        // SAFETY: made above, with this length, and no reference into it was ever made.
        unsafe { munmap(start.as_ptr(), length) }?;
        gathered?;
    }
    Ok(())
}

/// Maps a part of a file for reading; one that fills a huge page begins where one could.
pub(super) fn map_aligned(
    fd: BorrowedFd<'_>,
    offset: usize,
    length: usize,
    flags: MapFlags,
) -> io::Result<NonNull<u8>> {
    let offset = u64::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let found = |start: *mut libc::c_void| {
        NonNull::new(start.cast::<u8>()).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))
    };
    if length < SIZE {
        // SAFETY: a new mapping at a place the kernel chooses; no memory of ours is touched.
        return found(unsafe {
            mmap(ptr::null_mut(), length, ProtFlags::READ, flags, fd, offset)
        }?);
    }
    let page = rustix::param::page_size();
    let length = length.checked_next_multiple_of(page).ok_or(io::ErrorKind::OutOfMemory)?;
    let room = length.checked_add(SIZE).ok_or(io::ErrorKind::OutOfMemory)?;
    let reserved = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: a new mapping at a place the kernel chooses; nobody can read or write it.
    let room_start =
        unsafe { mmap_anonymous(ptr::null_mut(), room, ProtFlags::empty(), reserved) }?;
    let before = room_start.addr().next_multiple_of(SIZE).wrapping_sub(room_start.addr());
    let start = room_start.wrapping_byte_add(before);
    let behind = start.wrapping_byte_add(length);
    // SAFETY: inside of what was reserved above (`before` is less than SIZE), which is replaced.
    let mapped =
        unsafe { mmap(start, length, ProtFlags::READ, flags | MapFlags::FIXED, fd, offset) };
    let spare = [(room_start, before), (behind, SIZE.saturating_sub(before)), (start, length)];
    let given_back = if mapped.is_ok() { 2 } else { 3 };
    for (start, length) in spare.into_iter().take(given_back).filter(|(_, length)| *length > 0) {
        // SAFETY: reserved above, not part of what is given to the caller, and unused.
        unsafe { munmap(start, length) }?;
    }
    found(mapped?)
}
