//! Bytes handed from one process to another for good: a sealed file in memory (memfd_create(2)).

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::fd::{AsFd, OwnedFd},
};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, memfd_create};

/// Nobody can change or resize it any more, nor take the seals away.
const SEALS: SealFlags =
    SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::WRITE).union(SealFlags::SEAL);

/// A file in memory that holds `bytes` and can never change (close-on-exec, at its beginning).
/// `name` shows in `/proc/PID/fd`.
///
/// # Errors
/// Those of memfd_create(2) and write(2).
pub fn memfd(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create(name, flags)?);
    file.write_all(bytes)?;
    file.seek(SeekFrom::Start(0))?;
    fcntl_add_seals(&file, SEALS)?;
    Ok(file.into())
}

/// An empty file in memory that somebody else is to write into, and that is then sealed with
/// [`seal`] (close-on-exec).
///
/// # Errors
/// Those of memfd_create(2).
pub fn open_memfd(name: &str) -> io::Result<OwnedFd> {
    Ok(memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?)
}

/// Makes what a file of [`open_memfd`] holds final, whoever else has it open. Doing it again changes
/// nothing.
///
/// # Errors
/// `EBUSY` when somebody has mapped it for writing, `EPERM` when somebody sealed it otherwise.
pub fn seal(fd: impl AsFd) -> io::Result<()> {
    match fcntl_add_seals(&fd, SEALS) {
        Err(_) if is_sealed(&fd) => Ok(()),
        other => Ok(other?),
    }
}

/// Whether nobody can change or resize it any more.
pub(super) fn is_sealed(fd: impl AsFd) -> bool {
    fcntl_get_seals(fd).is_ok_and(|seals| seals.contains(SEALS))
}

/// Reads a sealed file made by [`memfd`], wherever its offset is, if it holds at most `max` bytes.
///
/// # Errors
/// `InvalidData` unless it is sealed, `FileTooLarge` above `max`, those of read(2).
pub fn read_memfd(fd: impl AsFd, max: usize) -> io::Result<Vec<u8>> {
    let fd = fd.as_fd();
    if !is_sealed(fd) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let size = usize::try_from(fstat(fd)?.st_size).unwrap_or(usize::MAX);
    if size > max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut file = File::from(fd.try_clone_to_owned()?);
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::with_capacity(size);
    let bound = u64::try_from(max).unwrap_or(u64::MAX);
    file.take(bound).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_come_back_and_cannot_change() {
        let fd = memfd("portreeve-test", b"for good").unwrap();
        assert_eq!(read_memfd(&fd, 100).unwrap(), b"for good");
        assert_eq!(read_memfd(&fd, 100).unwrap(), b"for good");
        assert_eq!(read_memfd(&fd, 7).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(rustix::io::write(&fd, b"x").is_err());
        assert!(rustix::fs::ftruncate(&fd, 1).is_err());
    }

    #[test]
    fn unsealed_files_are_refused() {
        let file = memfd_create("open", MemfdFlags::CLOEXEC).unwrap();
        assert_eq!(read_memfd(&file, 9).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
