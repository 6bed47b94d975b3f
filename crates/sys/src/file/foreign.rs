//! Files of others that are read while they grow. They are opened with the rights of whoever reads
//! them, or, where only root could, from places that root alone could have made.

use std::{
    ffi::OsStr,
    fmt,
    fs::File,
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, fstatfs, openat, openat2},
    io::Errno,
};

use super::remote;

/// A file that was opened, to be read and nothing else.
#[derive(Debug)]
pub struct Foreign {
    /// The file; reading it waits for the disk alone.
    pub file: File,
    /// The file system's number.
    pub device: u64,
    /// The file's number there.
    pub inode: u64,
    /// When its content changed last, seconds since the epoch.
    pub modified: i64,
}

/// A directory that was found.
#[derive(Debug)]
pub struct Place {
    /// The directory (`O_PATH`).
    pub fd: OwnedFd,
    /// The file system's number.
    pub device: u64,
    /// The directory's number there.
    pub inode: u64,
}

/// What is wrong with a file or its place.
#[derive(Debug)]
pub enum ForeignError {
    /// The path is not absolute, or climbs with `..`.
    Path,
    /// It is no regular file.
    NotRegular,
    /// It lies on another host's or a program's file system, for which a reader may have to wait.
    Remote,
    /// This is a symbolic link, which root does not follow.
    Link(PathBuf),
    /// This directory on the way belongs to this user.
    DirectoryOwner(PathBuf, u32),
    /// Others than root may write this directory on the way.
    DirectoryWritable(PathBuf),
    /// The file has this many names.
    HardLinks(u64),
    /// The kernel refused.
    Os(io::Error),
}

impl fmt::Display for ForeignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("the path is not absolute and free of `..`"),
            Self::NotRegular => f.write_str("it is no regular file"),
            Self::Remote => f.write_str("it is on a network's or a program's file system"),
            Self::Link(path) => write!(f, "`{}` is a symbolic link", path.display()),
            Self::DirectoryOwner(path, uid) => {
                write!(f, "`{}` belongs to uid {uid}", path.display())
            }
            Self::DirectoryWritable(path) => {
                write!(f, "others than root may write `{}`", path.display())
            }
            Self::HardLinks(count) => write!(f, "it has {count} names (hard links)"),
            Self::Os(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ForeignError {}

impl From<Errno> for ForeignError {
    fn from(error: Errno) -> Self {
        Self::Os(error.into())
    }
}

impl ForeignError {
    /// Whether nothing is there.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        let absent = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
        matches!(self, Self::Os(error) if absent.contains(&error.kind()))
    }

    /// Whether the rights do not suffice.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Os(error) if error.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// How a file is opened: neither a device nor a FIFO is waited for, and no terminal becomes ours.
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Opens the regular file at `path` for reading, following links: for a process whose rights are
/// those of whoever reads it.
///
/// # Errors
/// [`ForeignError`].
pub fn open_as_reader(path: &Path) -> Result<Foreign, ForeignError> {
    // Looked at first: opening a device can already do something.
    regular(&fstat(openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?)?)?;
    foreign(openat(CWD, path, READ, Mode::empty())?)
}

/// The directory at `path`, links followed, as a place: nothing can be read through it, and whatever
/// is put at its path later, it stays the same.
///
/// # Errors
/// [`ForeignError`]; one on another host's or a program's file system is [`ForeignError::Remote`].
pub fn open_place(path: &Path) -> Result<Place, ForeignError> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = openat(CWD, path, flags, Mode::empty())?;
    local(&fd)?;
    let stat = fstat(&fd)?;
    Ok(Place { fd, device: stat.st_dev, inode: stat.st_ino })
}

/// Opens the regular file at `path` for reading where nobody but root could have put another in its
/// place: no link is followed, every directory on the way is root's and nobody else may write it,
/// and the file has one name.
///
/// # Errors
/// [`ForeignError`].
pub fn open_as_root(path: &Path) -> Result<Foreign, ForeignError> {
    let (directory, name) = walk(path)?;
    let fd = match openat2(&directory, name, READ, Mode::empty(), RESOLVE) {
        Err(Errno::LOOP) => return Err(ForeignError::Link(path.into())),
        other => other?,
    };
    let stat = fstat(&fd)?;
    regular(&stat)?;
    #[cfg_attr(
        target_arch = "x86_64",
        expect(clippy::useless_conversion, reason = "st_nlink is a u32 on aarch64")
    )]
    let links: u64 = stat.st_nlink.into();
    if links != 1 {
        return Err(ForeignError::HardLinks(links));
    }
    foreign(fd)
}

const RESOLVE: ResolveFlags = ResolveFlags::NO_SYMLINKS.union(ResolveFlags::NO_MAGICLINKS);

/// The names in a directory, at most so many, with the rights of whoever asks.
///
/// # Errors
/// [`ForeignError`].
pub fn names_as_reader(path: &Path, most: usize) -> Result<Vec<Box<OsStr>>, ForeignError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    names(openat(CWD, path, flags, Mode::empty())?, most)
}

/// The names in a directory that nobody but root could have put there, at most so many.
///
/// # Errors
/// [`ForeignError`].
pub fn names_as_root(path: &Path, most: usize) -> Result<Vec<Box<OsStr>>, ForeignError> {
    let (directory, _) = walk(&path.join("x"))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    names(openat2(&directory, ".", flags, Mode::empty(), RESOLVE)?, most)
}

fn names(directory: OwnedFd, most: usize) -> Result<Vec<Box<OsStr>>, ForeignError> {
    use std::os::unix::ffi::OsStrExt as _;
    local(&directory)?;
    let mut names = Vec::new();
    for entry in Dir::new(directory)?.take(most) {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.into());
        }
    }
    Ok(names)
}

/// The directory of a path and the name in it; every directory on the way is safe.
fn walk(path: &Path) -> Result<(OwnedFd, &OsStr), ForeignError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(ForeignError::Path);
    };
    let mut components = parent.components();
    if components.next() != Some(Component::RootDir) {
        return Err(ForeignError::Path);
    }
    // without O_DIRECTORY, which would say of a link only that it is none
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut walked = PathBuf::from("/");
    let mut directory = openat(CWD, "/", flags, Mode::empty())?;
    safe(&fstat(&directory)?, &walked)?;
    for component in components {
        let part = match component {
            Component::Normal(part) => part,
            Component::CurDir => continue,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(ForeignError::Path);
            }
        };
        walked.push(part);
        directory = match openat2(&directory, part, flags, Mode::empty(), RESOLVE) {
            Err(Errno::LOOP) => return Err(ForeignError::Link(walked)),
            other => other?,
        };
        let stat = fstat(&directory)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
            return Err(ForeignError::Link(walked));
        }
        local(&directory)?;
        safe(&stat, &walked)?;
    }
    Ok((directory, name))
}

fn safe(stat: &Stat, path: &Path) -> Result<(), ForeignError> {
    if stat.st_uid != 0 {
        return Err(ForeignError::DirectoryOwner(path.into(), stat.st_uid));
    }
    let group = stat.st_mode & 0o020 != 0 && stat.st_gid != 0;
    if stat.st_mode & 0o002 != 0 || group {
        return Err(ForeignError::DirectoryWritable(path.into()));
    }
    Ok(())
}

fn regular(stat: &Stat) -> Result<(), ForeignError> {
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind == FileType::RegularFile { Ok(()) } else { Err(ForeignError::NotRegular) }
}

fn local(fd: impl AsFd) -> Result<(), ForeignError> {
    let kind = u64::try_from(fstatfs(fd)?.f_type).unwrap_or(0);
    if remote::is_remote_kind(kind) { Err(ForeignError::Remote) } else { Ok(()) }
}

fn foreign(fd: OwnedFd) -> Result<Foreign, ForeignError> {
    let stat = fstat(&fd)?;
    regular(&stat)?;
    local(&fd)?;
    Ok(Foreign {
        file: File::from(fd),
        device: stat.st_dev,
        inode: stat.st_ino,
        modified: stat.st_mtime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    fn place(name: &str) -> PathBuf {
        let name = format!("portreeve-foreign-{name}-{}", std::process::id());
        let path = std::env::temp_dir().canonicalize().unwrap().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn a_reader_opens_regular_files_through_links_and_nothing_else() {
        let path = place("reader");
        fs::write(path.join("log"), "x").unwrap();
        symlink(path.join("log"), path.join("link")).unwrap();
        let own = open_as_reader(&path.join("link")).unwrap();
        let found = fs::metadata(path.join("log")).unwrap();
        assert_eq!((own.device, own.inode), (found.dev(), found.ino()));
        assert!(open_as_reader(&path.join("none")).unwrap_err().is_absent());
        for odd in [&path, Path::new("/dev/null")] {
            assert!(matches!(open_as_reader(odd), Err(ForeignError::NotRegular)), "{odd:?}");
        }
        let mut names = names_as_reader(&path, 100).unwrap();
        names.sort();
        assert_eq!(names, [OsStr::new("link").into(), OsStr::new("log").into()]);
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn root_opens_nothing_that_somebody_else_could_have_put_there() {
        // the way to every temporary file is writable by everybody
        let path = place("root");
        fs::write(path.join("log"), "x").unwrap();
        let error = open_as_root(&path.join("log")).unwrap_err();
        let refused =
            matches!(error, ForeignError::DirectoryWritable(_) | ForeignError::DirectoryOwner(..));
        assert!(refused, "{error}");
        assert!(names_as_root(&path, 10).is_err());
        for (odd, want) in [("log", "not absolute"), ("/etc/../etc/passwd", "not absolute")] {
            let error = open_as_root(Path::new(odd)).unwrap_err().to_string();
            assert!(error.contains(want), "{odd}: {error}");
        }
        fs::remove_dir_all(path).unwrap();
        let etc = fs::metadata("/etc").unwrap();
        if etc.uid() != 0 || etc.permissions().mode() & 0o022 != 0 {
            return; // an odd host
        }
        assert!(open_as_root(Path::new("/etc/passwd")).is_ok());
        assert!(matches!(open_as_root(Path::new("/etc/ssl")), Err(ForeignError::NotRegular)));
        assert!(!names_as_root(Path::new("/etc"), 10_000).unwrap().is_empty());
        let link = open_as_root(Path::new("/proc/self/exe")).unwrap_err();
        assert!(matches!(link, ForeignError::Link(_)), "{link}");
    }
}
