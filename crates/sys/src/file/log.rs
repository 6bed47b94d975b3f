//! Opening a log file by the path an administrator wrote, without being led elsewhere.

use std::{
    ffi::OsStr,
    fmt, io,
    os::fd::OwnedFd,
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, statat},
    io::Errno,
};

/// The mode of a log file that did not exist.
const NEW: Mode = Mode::from_raw_mode(0o640);

/// What is wrong with the place or kind of a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogRefusal {
    /// The path is not absolute, or climbs with `..`.
    Path,
    /// The path goes through, or ends in, this symbolic link.
    Link(PathBuf),
    /// This parent is no directory.
    NotADirectory(PathBuf),
    /// This parent belongs to neither root nor this user.
    DirectoryOwner(PathBuf, u32),
    /// Everybody may rename files in this parent.
    DirectoryWritable(PathBuf),
    /// The file is no regular file.
    NotRegular,
    /// The file has this many names.
    HardLinks(u64),
    /// The file belongs to neither root nor this user.
    Owner(u32),
}

impl fmt::Display for LogRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("the path is not absolute and free of `..`"),
            Self::Link(path) => write!(f, "`{}` is a symbolic link", path.display()),
            Self::NotADirectory(path) => write!(f, "`{}` is no directory", path.display()),
            Self::DirectoryOwner(path, uid) => {
                write!(f, "`{}` belongs to uid {uid}", path.display())
            }
            Self::DirectoryWritable(path) => {
                write!(f, "`{}` is writable by everybody", path.display())
            }
            Self::NotRegular => f.write_str("it is no regular file"),
            Self::HardLinks(count) => write!(f, "it has {count} names (hard links)"),
            Self::Owner(uid) => write!(f, "it belongs to uid {uid}"),
        }
    }
}

/// Why a log file was not opened.
#[derive(Debug)]
pub enum LogError {
    /// It is not where or what a log may be.
    Refused(LogRefusal),
    /// The kernel refused.
    Os(io::Error),
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Os(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Os(error) => Some(error),
        }
    }
}

impl From<Errno> for LogError {
    fn from(error: Errno) -> Self {
        Self::Os(error.into())
    }
}

/// Opens the log file at `path` for appending, and makes it (mode 0640) if it is missing.
///
/// Every directory on the way must belong to root or this user and not be writable by everybody
/// (a sticky one, such as `/tmp`, may be on the way but not hold the log); there is no symbolic
/// link; the file is regular, has one name, and belongs to root or this user. The descriptor is
/// close-on-exec, and opening never waits.
///
/// # Errors
/// [`LogError::Refused`] names what is wrong; otherwise those of open(2).
pub fn open_log(path: &Path) -> Result<OwnedFd, LogError> {
    let (name, parents) = split(path).ok_or(LogError::Refused(LogRefusal::Path))?;
    let own = rustix::process::geteuid().as_raw();
    let mut walked = PathBuf::from("/");
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut directory = openat(CWD, "/", flags, Mode::empty())?;
    for parent in parents {
        check_directory(&fstat(&directory)?, own, &walked, Sticky::Allowed)?;
        walked.push(parent);
        directory = match openat(&directory, parent, flags, Mode::empty()) {
            Ok(next) => next,
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let stat = statat(&directory, parent, AtFlags::SYMLINK_NOFOLLOW)?;
                let link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
                let refusal = if link { LogRefusal::Link } else { LogRefusal::NotADirectory };
                return Err(LogError::Refused(refusal(walked)));
            }
            Err(error) => return Err(error.into()),
        };
    }
    check_directory(&fstat(&directory)?, own, &walked, Sticky::Refused)?;
    open_in(&directory, name, own, path)
}

/// The last component, and those before it.
fn split(path: &Path) -> Option<(&OsStr, Vec<&OsStr>)> {
    let mut names = Vec::new();
    let mut components = path.components();
    if components.next() != Some(Component::RootDir) {
        return None;
    }
    for component in components {
        match component {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let last = names.pop()?;
    Some((last, names))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sticky {
    /// What is in it and ours cannot be renamed by others.
    Allowed,
    /// Others could put a file where the log is to be made.
    Refused,
}

fn check_directory(stat: &Stat, own: u32, path: &Path, sticky: Sticky) -> Result<(), LogError> {
    if stat.st_uid != 0 && stat.st_uid != own {
        return Err(LogError::Refused(LogRefusal::DirectoryOwner(path.into(), stat.st_uid)));
    }
    let excused = stat.st_mode & 0o1000 != 0 && sticky == Sticky::Allowed;
    if stat.st_mode & 0o002 != 0 && !excused {
        return Err(LogError::Refused(LogRefusal::DirectoryWritable(path.into())));
    }
    Ok(())
}

fn open_in(directory: &OwnedFd, name: &OsStr, own: u32, path: &Path) -> Result<OwnedFd, LogError> {
    // Looked at before it is opened: opening a device can already do something.
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => check_file(&stat, own, path)?,
        Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::NOCTTY
        | OFlags::NONBLOCK
        | OFlags::CLOEXEC;
    let file = match openat(directory, name, flags, NEW) {
        Err(Errno::LOOP) => return Err(LogError::Refused(LogRefusal::Link(path.into()))),
        other => other?,
    };
    check_file(&fstat(&file)?, own, path)?;
    Ok(file)
}

fn check_file(stat: &Stat, own: u32, path: &Path) -> Result<(), LogError> {
    let kind = FileType::from_raw_mode(stat.st_mode);
    #[cfg_attr(
        target_arch = "x86_64",
        expect(clippy::useless_conversion, reason = "st_nlink is a u32 on aarch64")
    )]
    let links: u64 = stat.st_nlink.into();
    Err(LogError::Refused(if kind == FileType::Symlink {
        LogRefusal::Link(path.into())
    } else if kind != FileType::RegularFile {
        LogRefusal::NotRegular
    } else if stat.st_uid != 0 && stat.st_uid != own {
        LogRefusal::Owner(stat.st_uid)
    } else if links != 1 {
        LogRefusal::HardLinks(links)
    } else {
        return Ok(());
    }))
}
