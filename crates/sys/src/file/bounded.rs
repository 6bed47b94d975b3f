//! Reading whole files of bounded size.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
    path::Path,
};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};

/// A file's bytes and who may have written them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// All of it.
    pub bytes: Vec<u8>,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits, set-id and sticky bits included (07777).
    pub mode: u32,
}

/// Reads the regular file at `path`, following symbolic links, if it holds at most `max` bytes.
///
/// It is never waited for: a FIFO or device in its place is refused, not read.
///
/// # Errors
/// `FileTooLarge` above `max`, `InvalidInput` when it is not a regular file, those of open(2) and
/// read(2).
pub fn read_bounded(path: &Path, max: usize) -> io::Result<Content> {
    read_bounded_at(CWD, path, max)
}

/// As [`read_bounded`], where a relative path begins at `folder`.
///
/// # Errors
/// As [`read_bounded`].
pub fn read_bounded_at(folder: impl AsFd, path: &Path, max: usize) -> io::Result<Content> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let fd = openat(folder, path, flags, Mode::empty())?;
    let stat = fstat(&fd)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind == FileType::Directory {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if kind != FileType::RegularFile {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that grew, or lied about its size as /proc's do.
    let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    File::from(fd).take(bound).read_to_end(&mut bytes)?;
    if bytes.len() > max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Content { bytes, uid: stat.st_uid, gid: stat.st_gid, mode: stat.st_mode & 0o7777 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_exact_and_only_regular_files_are_read() {
        let path = std::env::temp_dir().join(format!("portreeve-bounded-{}", std::process::id()));
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap().bytes, b"12345");
        assert_eq!(read_bounded(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        std::fs::remove_file(&path).unwrap();
        let device = read_bounded(Path::new("/dev/zero"), 5).unwrap_err();
        assert_eq!(device.kind(), io::ErrorKind::InvalidInput);
        let directory = read_bounded(Path::new("/"), 5).unwrap_err();
        assert_eq!(directory.kind(), io::ErrorKind::IsADirectory);
    }
}
