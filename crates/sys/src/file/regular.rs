//! Regular files, to be read bit by bit.

use std::{fs::File, io, path::Path};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};

/// Opens the regular file at `path` for reading, following symbolic links. It is never waited for: a
/// FIFO or device in its place is refused.
///
/// # Errors
/// `InvalidInput` when it is not a regular file, those of open(2).
pub fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let fd = openat(CWD, path, flags, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&fd)?.st_mode) != FileType::RegularFile {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(File::from(fd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        for odd in ["/dev/null", "/"] {
            let error = open_regular(Path::new(odd)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{odd}");
        }
        assert!(open_regular(Path::new("/proc/self/status")).is_ok());
    }
}
