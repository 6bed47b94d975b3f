//! A sealed file in memory, mapped: bytes that are read where they lie.

use std::{
    ffi::c_void,
    fmt, io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    ptr::NonNull,
    slice,
};

use rustix::{
    fs::fstat,
    mm::{MapFlags, munmap},
};

use super::{huge, sealed::is_sealed};

/// Blocks of a file are counted in these units (stat(2)).
const BLOCK: u64 = 512;

/// All bytes of a sealed file, mapped for reading. The seals are what makes it sound: nobody, its
/// writer neither, can change the bytes or take them away under the mapping.
pub struct Mapped {
    start: NonNull<u8>,
    length: usize,
    /// Whoever takes over maps it again.
    fd: OwnedFd,
}

// SAFETY: the bytes never change (see `new`), and nothing else of it is shared.
unsafe impl Send for Mapped {}
// SAFETY: as above: many may read what nobody writes.
unsafe impl Sync for Mapped {}

impl Mapped {
    /// Maps a file that was sealed with [`seal`](super::seal), if it has at most `max` bytes.
    ///
    /// # Errors
    /// `InvalidData` unless it is sealed against writing, growing and shrinking, or when it has
    /// holes (reading one would need memory that may not be there), `FileTooLarge` above `max`,
    /// those of mmap(2).
    pub fn new(fd: OwnedFd, max: u64) -> io::Result<Self> {
        if !is_sealed(&fd) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not sealed"));
        }
        let stat = fstat(&fd)?;
        let size = u64::try_from(stat.st_size).map_err(|_| io::ErrorKind::InvalidData)?;
        if size > max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let blocks = u64::try_from(stat.st_blocks).unwrap_or(0);
        if blocks.saturating_mul(BLOCK) < size {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has holes"));
        }
        let length = usize::try_from(size).map_err(|_| io::ErrorKind::FileTooLarge)?;
        if length == 0 {
            return Ok(Self { start: NonNull::dangling(), length, fd });
        }
        let start = huge::map_aligned(fd.as_fd(), 0, length, MapFlags::PRIVATE)?;
        Ok(Self { start, length, fd })
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `length` bytes from `start` are mapped until this value is dropped (or there are
        // none), the file behind them cannot shrink, and nobody can write to it or to the mapping.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl AsFd for Mapped {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapped({} bytes)", self.length)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if self.length > 0 {
            // SAFETY: it was mapped by `new` with this length, and no reference to it is left.
            let _ = unsafe { munmap(self.start.as_ptr().cast::<c_void>(), self.length) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{memfd, open_memfd, seal};
    use rustix::fs::{SealFlags, fcntl_add_seals, ftruncate};
    use rustix::mm::{ProtFlags, mmap};
    use std::fs::File;
    use std::io::Write;
    use std::ptr;

    fn written(bytes: &[u8]) -> OwnedFd {
        let fd = open_memfd("portreeve-test").unwrap();
        File::from(fd.try_clone().unwrap()).write_all(bytes).unwrap();
        fd
    }

    #[test]
    fn sealed_bytes_are_mapped_and_nobody_can_take_them_away() {
        let fd = written(b"for good");
        let theirs = fd.try_clone().unwrap();
        seal(&fd).unwrap();
        seal(&fd).unwrap();
        let mapped = Mapped::new(fd, 8).unwrap();
        assert_eq!(mapped.as_ref(), b"for good");
        assert!(ftruncate(&theirs, 0).is_err(), "it does not shrink");
        assert!(ftruncate(&theirs, 1 << 20).is_err(), "it does not grow");
        assert!(rustix::io::pwrite(&theirs, b"x", 0).is_err(), "it does not change");
        assert_eq!(mapped.as_ref(), b"for good");
        assert_eq!(Mapped::new(memfd("e", b"").unwrap(), 0).unwrap().as_ref(), b"");
    }

    #[test]
    fn bytes_in_huge_pages_are_the_same_bytes() {
        for length in [huge::SIZE - 1, huge::SIZE, 3 * huge::SIZE + 12_345] {
            let bytes: Vec<u8> = (0..length).map(|at| (at / 7).to_le_bytes()[0]).collect();
            let fd = written(&bytes);
            // whether the kernel has huge pages to spare is its own affair
            let _ = huge::gather(&fd);
            seal(&fd).unwrap();
            let mapped = Mapped::new(fd, u64::MAX).unwrap();
            assert!(mapped.as_ref() == bytes, "{length}");
            assert!(length < huge::SIZE || mapped.start.addr().get().is_multiple_of(huge::SIZE));
        }
    }

    #[test]
    fn what_could_still_change_is_not_mapped() {
        let kind = |fd: OwnedFd, max| Mapped::new(fd, max).map(drop).unwrap_err().kind();
        assert_eq!(kind(written(b"open"), 9), io::ErrorKind::InvalidData);
        for some in [
            SealFlags::WRITE | SealFlags::GROW,
            SealFlags::WRITE | SealFlags::SHRINK,
            SealFlags::SHRINK | SealFlags::GROW,
            SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE,
        ] {
            let fd = written(b"partly");
            fcntl_add_seals(&fd, some).unwrap();
            assert_eq!(kind(fd, 9), io::ErrorKind::InvalidData, "{some:?}");
        }
        let long = written(b"123456789");
        seal(&long).unwrap();
        assert_eq!(kind(long, 8), io::ErrorKind::FileTooLarge);
        let holes = open_memfd("holes").unwrap();
        ftruncate(&holes, 1 << 20).unwrap();
        seal(&holes).unwrap();
        assert_eq!(kind(holes, 1 << 20), io::ErrorKind::InvalidData);
        let file = File::open("/proc/self/exe").unwrap();
        assert_eq!(kind(file.into(), u64::MAX), io::ErrorKind::InvalidData);
    }

    #[test]
    fn one_that_its_writer_has_mapped_for_writing_is_not_sealed() {
        let fd = written(b"mine");
        // SAFETY: a new mapping at a place the kernel chooses.
        let theirs =
            unsafe { mmap(ptr::null_mut(), 4, ProtFlags::WRITE, MapFlags::SHARED, &fd, 0) }
                .unwrap();
        assert_eq!(seal(&fd).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        // SAFETY: mapped above, and not used again.
        unsafe { munmap(theirs, 4) }.unwrap();
        seal(&fd).unwrap();
    }
}
