//! A folder of our own, held by a descriptor: nothing in it is reached by way of a symbolic link, and
//! nothing is believed that somebody else could have put there.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::OwnedFd,
    path::Path,
};

use rustix::{
    fs::{
        AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fchmod, fstat, mkdirat, openat,
        readlinkat, renameat, statat, symlinkat, unlinkat,
    },
    io::Errno,
};

/// How a new file is called until it is whole.
const NEW: &str = ".new-";

/// A folder that belongs to root or to us, and that nobody else may write.
#[derive(Debug)]
pub struct Folder(OwnedFd);

/// Whether only root and we could have made it what it is.
fn ours(stat: &Stat) -> io::Result<()> {
    let own = rustix::process::geteuid().as_raw();
    let others = Mode::WGRP.union(Mode::WOTH).as_raw_mode();
    match [0, own].contains(&stat.st_uid) && stat.st_mode & others == 0 {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "somebody else owns it or may write it",
        )),
    }
}

/// One component: nothing that leads elsewhere.
fn component(name: &str) -> io::Result<&str> {
    match name {
        "" | "." | ".." => Err(io::ErrorKind::InvalidInput.into()),
        _ if name.contains(['/', '\0']) => Err(io::ErrorKind::InvalidInput.into()),
        _ => Ok(name),
    }
}

fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Folder {
    /// The folder at a path, if there is one; the way to it is believed.
    ///
    /// # Errors
    /// `PermissionDenied` when somebody else owns it or may write it, `ELOOP` or `ENOTDIR` when
    /// something else has the name.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        absent(Self::at(CWD, path))
    }

    /// The folder of a name in this one, if there is one.
    ///
    /// # Errors
    /// As [`Folder::open`].
    pub fn folder(&self, name: &str) -> io::Result<Option<Self>> {
        absent(Self::at(&self.0, Path::new(component(name)?)))
    }

    /// The folder of a name in this one, made with mode 0755 where there is none.
    ///
    /// # Errors
    /// As [`Folder::open`], and those of mkdirat(2).
    pub fn make(&self, name: &str) -> io::Result<Self> {
        let name = component(name)?;
        let mode = Mode::from_raw_mode(0o755);
        let made = mkdirat(&self.0, name, mode);
        let folder = match made {
            Ok(()) | Err(Errno::EXIST) => Self::at(&self.0, Path::new(name))?,
            Err(error) => return Err(error.into()),
        };
        if made.is_ok() {
            fchmod(&folder.0, mode)?; // whatever the mask of this process
        }
        Ok(folder)
    }

    fn at(folder: impl std::os::fd::AsFd, path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(folder, path, flags, Mode::empty())?;
        ours(&fstat(&fd)?)?;
        Ok(Self(fd))
    }

    /// Whether the name is taken, by whatever.
    ///
    /// # Errors
    /// Those of fstatat(2) but that it is not.
    pub fn has(&self, name: &str) -> io::Result<bool> {
        let found = statat(&self.0, component(name)?, AtFlags::SYMLINK_NOFOLLOW);
        Ok(absent(found.map_err(Into::into))?.is_some())
    }

    /// A regular file's bytes, if there is one and it has no more than so many.
    ///
    /// # Errors
    /// `FileTooLarge`, `InvalidInput` for anything but a regular file, `PermissionDenied` when
    /// somebody else owns it or may write it, those of open(2) and read(2).
    pub fn read(&self, name: &str, most: usize) -> io::Result<Option<Vec<u8>>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = openat(&self.0, component(name)?, flags, Mode::empty());
        let Some(fd) = absent(opened.map_err(io::Error::from))? else { return Ok(None) };
        let stat = fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        ours(&stat)?;
        let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        File::from(fd).take(bound).read_to_end(&mut bytes)?;
        if bytes.len() > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Some(bytes))
    }

    /// Puts a file in place, whole or not at all.
    ///
    /// # Errors
    /// Those of open(2), write(2) and rename(2).
    pub fn write(&self, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        let new = format!("{NEW}{}", component(name)?);
        self.remove(&new)?; // of a writer that was killed
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let fd = openat(&self.0, &new, flags | OFlags::NOFOLLOW, Mode::from_raw_mode(mode))?;
        let written = File::from(fd).write_all(bytes);
        let placed = written.and_then(|()| self.rename(&new, self, name));
        if placed.is_err() {
            let _ = self.remove(&new); // what went wrong is told
        }
        placed
    }

    /// Puts a symbolic link in place, whole or not at all.
    ///
    /// # Errors
    /// Those of symlinkat(2) and rename(2).
    pub fn link(&self, name: &str, target: &str) -> io::Result<()> {
        let new = format!("{NEW}{}", component(name)?);
        self.remove(&new)?;
        symlinkat(target, &self.0, &new)?;
        self.rename(&new, self, name)
    }

    /// Where a symbolic link leads; nothing where there is none.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<Vec<u8>> {
        let target = readlinkat(&self.0, component(name).ok()?, Vec::new()).ok()?;
        Some(target.into_bytes())
    }

    /// Removes a file or link, if there is one.
    ///
    /// # Errors
    /// Those of unlinkat(2) but that there is none.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let done = unlinkat(&self.0, component(name)?, AtFlags::empty());
        absent(done.map_err(Into::into)).map(|_| ())
    }

    /// Removes a folder that is empty, if there is one.
    ///
    /// # Errors
    /// Those of unlinkat(2) but that there is none.
    pub fn remove_folder(&self, name: &str) -> io::Result<()> {
        let done = unlinkat(&self.0, component(name)?, AtFlags::REMOVEDIR);
        absent(done.map_err(Into::into)).map(|_| ())
    }

    /// Moves a name into another folder of ours, in the place of what is there.
    ///
    /// # Errors
    /// Those of renameat(2).
    pub fn rename(&self, name: &str, to: &Self, new: &str) -> io::Result<()> {
        renameat(&self.0, component(name)?, &to.0, component(new)?).map_err(Into::into)
    }

    /// The names in it that are UTF-8, at most so many, in any order.
    ///
    /// # Errors
    /// Those of getdents(2).
    pub fn names(&self, most: usize) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_str().ok().filter(|name| !matches!(*name, "." | ".."));
            names.extend(name.map(str::to_owned));
            if names.len() >= most {
                break;
            }
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    fn place(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("portreeve-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn files_links_and_folders_come_and_go() {
        let path = place("folder");
        let folder = Folder::open(&path).unwrap().unwrap();
        assert!(folder.read("a", 9).unwrap().is_none());
        folder.write("a", b"one", 0o600).unwrap();
        folder.write("a", b"two", 0o600).unwrap();
        assert_eq!(folder.read("a", 3).unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(folder.read("a", 2).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(fs::metadata(path.join("a")).unwrap().permissions().mode() & 0o777, 0o600);
        folder.link("l", "/etc").unwrap();
        folder.link("l", "/usr").unwrap();
        assert_eq!(folder.target("l").as_deref(), Some(&b"/usr"[..]));
        assert_eq!(folder.target("a"), None);
        let inner = folder.make("f").unwrap();
        folder.make("f").unwrap();
        folder.rename("a", &inner, "b").unwrap();
        let mut names = folder.names(10).unwrap();
        names.sort();
        assert_eq!(names, ["f", "l"]);
        assert!(inner.has("b").unwrap() && !folder.has("a").unwrap());
        inner.remove("b").unwrap();
        folder.remove_folder("f").unwrap();
        folder.remove("nothing").unwrap();
        assert!(folder.folder("f").unwrap().is_none());
        for odd in ["", ".", "..", "a/b", "/etc"] {
            assert!(folder.folder(odd).is_err() && folder.write(odd, b"", 0o600).is_err());
        }
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn what_a_stranger_could_have_made_is_refused() {
        let path = place("strange");
        let folder = Folder::open(&path).unwrap().unwrap();
        fs::create_dir(path.join("open")).unwrap();
        fs::set_permissions(path.join("open"), fs::Permissions::from_mode(0o777)).unwrap();
        symlink("/etc", path.join("link")).unwrap();
        symlink("/etc/passwd", path.join("file")).unwrap();
        for name in ["open", "link"] {
            assert!(folder.folder(name).is_err(), "{name}");
            assert!(folder.make(name).is_err(), "{name}");
        }
        assert!(folder.read("file", 1 << 20).is_err());
        assert!(Folder::open(&path.join("link")).is_err());
        // a name that is taken is replaced, not followed
        folder.write("file", b"x", 0o600).unwrap();
        assert_eq!(folder.read("file", 1).unwrap().as_deref(), Some(&b"x"[..]));
        fs::remove_dir_all(path).unwrap();
    }
}
