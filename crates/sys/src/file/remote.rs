//! Whose a file system is.

use std::{io, os::fd::AsFd, path::Path};

/// File systems whose files somebody else may change without this kernel's knowing (statfs(2)):
/// NFS, SMB in its three ages, FUSE, 9P, AFS, Ceph, Coda, the automounter, Lustre, OCFS2, GFS2.
const REMOTE: [u64; 13] = [
    0x6969,
    0x517B,
    0xFF53_4D42,
    0xFE53_4D42,
    0x6573_5546,
    0x0102_1997,
    0x5346_414F,
    0x00C3_6400,
    0x7375_7245,
    0x0187,
    0x0BD0_0BD0,
    0x7461_636F,
    0x0116_1970,
];

/// Whether files at `path` may be changed by another host or a program, which no watch tells of, and
/// which looking at them may have to wait for.
///
/// # Errors
/// Those of statfs(2).
pub fn is_remote(path: &Path) -> io::Result<bool> {
    Ok(is_remote_kind(u64::try_from(rustix::fs::statfs(path)?.f_type).unwrap_or(0)))
}

/// As [`is_remote`], of an open file or folder (`O_PATH` is enough).
///
/// # Errors
/// Those of fstatfs(2).
pub fn is_remote_at(file: impl AsFd) -> io::Result<bool> {
    Ok(is_remote_kind(u64::try_from(rustix::fs::fstatfs(file)?.f_type).unwrap_or(0)))
}

/// Whether a file system of this kind is somebody else's.
pub(super) fn is_remote_kind(kind: u64) -> bool {
    REMOTE.contains(&(kind & 0xFFFF_FFFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_s_own_file_system_is_local() {
        assert!(!is_remote(Path::new("/proc")).unwrap());
        assert!(is_remote(Path::new("/nonexistent")).is_err());
    }
}
