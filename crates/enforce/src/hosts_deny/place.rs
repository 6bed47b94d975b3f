//! The file on the disk: read, and replaced by a whole new one under its name.

use portreeve_model::{Mark, Reach};
use portreeve_sys::file::is_remote_at;
use portreeve_sys::{privileges, watch};
use rustix::fs::{
    AtFlags, CWD, FileType, FlockOperation, Gid, Mode, OFlags, Stat, Uid, XattrFlags, fchmod,
    fchown, fgetxattr, flistxattr, flock, fsetxattr, fstat, fsync, openat, renameat, statat,
    unlinkat,
};
use rustix::io::Errno;
use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Bytes of the file, at most: whoever has more in it has something else there.
const MOST: u64 = 128 << 20;
/// Bytes of all names of attributes, and of one attribute, at most (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const MOST_ATTRIBUTES: usize = 64 << 10;
/// Attributes that are of the content, which is another's now.
const OF_CONTENT: [&str; 2] = ["security.ima", "security.evm"];
/// Of a file that was not there before.
const NEW_MODE: u32 = 0o644;

/// A file by its folder and name.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    folder: OwnedFd,
    name: String,
}

/// What was read of it.
#[derive(Debug)]
pub(crate) struct Old {
    pub(crate) text: Vec<u8>,
    /// The file, if there was one, and how it was then.
    file: Option<(File, Stat)>,
}

fn failed<E: Display>(deed: &'static str, path: &Path) -> impl FnOnce(E) -> String {
    move |why| format!("cannot {deed} `{}`: {why}", path.display())
}

impl Place {
    /// The place of a path.
    ///
    /// # Errors
    /// The folder cannot be opened, or somebody but root and us may write it: then whoever may could
    /// put anything in our file's place, and root would write it.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let name = path.file_name().and_then(|name| name.to_str());
        let (Some(folder), Some(name)) = (path.parent(), name) else {
            return Err(format!("`{}` is no path of a file", path.display()));
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(CWD, folder, flags, Mode::empty());
        let fd = fd.map_err(failed("open the folder", folder))?;
        let stat = fstat(&fd).map_err(failed("look at", folder))?;
        let others = Mode::WGRP.union(Mode::WOTH).as_raw_mode();
        if ![0, privileges::own_uid()].contains(&stat.st_uid) || stat.st_mode & others != 0 {
            return Err(format!(
                "`{}` is not kept: somebody else owns its folder or may write it",
                path.display()
            ));
        }
        // one of us at a time, also where two doors follow each other
        flock(&fd, FlockOperation::LockExclusive).map_err(failed("lock", folder))?;
        Ok(Self { path: path.to_owned(), folder: fd, name: name.to_owned() })
    }

    /// Reads it. A symbolic link is not followed: what it leads to is named instead.
    ///
    /// # Errors
    /// It is something else than a regular file with one name, or too long, or cannot be read.
    pub(crate) fn read(&self) -> Result<Old, String> {
        let shown = self.path.display();
        // not blocked by a pipe
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match openat(&self.folder, &self.name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(Old { text: Vec::new(), file: None }),
            Err(Errno::LOOP) => {
                return Err(format!(
                    "`{shown}` is a symbolic link: name the file that it leads to instead"
                ));
            }
            Err(why) => return Err(failed("open", &self.path)(why)),
        };
        let stat = fstat(&fd).map_err(failed("look at", &self.path))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(format!("`{shown}` is not a regular file"));
        }
        if stat.st_nlink > 1 {
            return Err(format!(
                "`{shown}` has {} names (hard links), and only one would be kept",
                stat.st_nlink
            ));
        }
        let mut file = File::from(fd);
        let text = whole(&mut file).map_err(failed("read", &self.path))?;
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > MOST {
            return Err(format!("`{shown}` has more than {} MiB", MOST >> 20));
        }
        // what was appended while it was read is in `stat` no more than in `text`
        Ok(Old { text, file: Some((file, stat)) })
    }

    /// Puts a new file in its place: whole, with the mode, owner and attributes of the old one, and on
    /// the disk before it has the name. Says whether that was done: not when another has written
    /// meanwhile.
    ///
    /// # Errors
    /// Why it cannot be; the old file is as it was.
    pub(crate) fn replace(&self, old: &Old, text: &[u8]) -> Result<bool, String> {
        let new = format!(".{}.portreeve", self.name);
        // left by one of us that was killed
        let _ = unlinkat(&self.folder, &new, AtFlags::empty());
        let made = self.write(&new, old, text);
        let renamed = made.and_then(|()| {
            if !self.is_still(old)? {
                return Ok(false);
            }
            let rename = renameat(&self.folder, &new, &self.folder, &self.name);
            rename.map_err(failed("replace", &self.path))?;
            Ok(true)
        });
        match renamed {
            Ok(true) => fsync(&self.folder).map(|()| true).map_err(failed("sync", &self.path)),
            other => {
                let _ = unlinkat(&self.folder, &new, AtFlags::empty());
                other
            }
        }
    }

    fn write(&self, name: &str, old: &Old, text: &[u8]) -> Result<(), String> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(fd.map_err(failed("write beside", &self.path))?);
        file.write_all(text).map_err(failed("write beside", &self.path))?;
        match &old.file {
            None => {
                let mode = Mode::from_raw_mode(NEW_MODE);
                fchmod(&file, mode).map_err(failed("set the mode of", &self.path))?;
            }
            Some((old, stat)) => self.keep(old, stat, &file)?,
        }
        fsync(&file).map_err(failed("sync", &self.path))
    }

    /// Gives a new file what the old one has.
    fn keep(&self, old: &File, stat: &Stat, file: &File) -> Result<(), String> {
        let now = fstat(file).map_err(failed("look at", &self.path))?;
        attributes(old, file).map_err(|why| {
            format!("cannot keep an attribute of `{}`: {why}", self.path.display())
        })?;
        let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
        fchmod(file, mode).map_err(failed("keep the mode of", &self.path))?;
        if (now.st_uid, now.st_gid) != (stat.st_uid, stat.st_gid) {
            let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
            let given = fchown(file, Some(uid), Some(gid));
            given.map_err(failed("keep the owner of", &self.path))?;
        }
        Ok(())
    }

    /// Whether the name leads to what was read, as it was read.
    fn is_still(&self, old: &Old) -> Result<bool, String> {
        let now = statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        match (now, &old.file) {
            (Err(Errno::NOENT), None) => Ok(true),
            (Ok(_), None) | (Err(Errno::NOENT), Some(_)) => Ok(false),
            (Ok(now), Some((_, then))) => Ok(same(&now, then)),
            (Err(why), _) => Err(failed("look at", &self.path)(why)),
        }
    }

    /// How it is now.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub(crate) fn mark(&self) -> Result<Mark, String> {
        let found = watch::look(&self.path).map_err(failed("look at", &self.path))?;
        Ok(match found {
            None => Mark::Absent,
            Some(watch::Stamp { device, inode, size, modified, changed }) => {
                Mark::There { device, inode, size, modified, changed }
            }
        })
    }
}

impl Place {
    /// Who changes files there.
    pub(crate) fn reach(&self) -> Reach {
        if is_remote_at(&self.folder).unwrap_or(false) { Reach::Remote } else { Reach::Local }
    }
}

impl Old {
    /// What others have written behind it since it was read: whoever had it open when another took its
    /// name writes there still.
    pub(crate) fn appended(&mut self) -> Vec<u8> {
        let Some((file, _)) = &mut self.file else { return Vec::new() };
        let now = whole(file).unwrap_or_default();
        now.strip_prefix(self.text.as_slice()).map(<[u8]>::to_vec).unwrap_or_default()
    }
}

fn same(one: &Stat, other: &Stat) -> bool {
    let of = |s: &Stat| {
        (s.st_dev, s.st_ino, s.st_size, s.st_mtime, s.st_mtime_nsec, s.st_ctime, s.st_ctime_nsec)
    };
    of(one) == of(other)
}

fn whole(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(MOST + 1).read_to_end(&mut text)?;
    Ok(text)
}

/// Copies the extended attributes that a new file has not got of itself: access lists, labels.
fn attributes(from: &File, to: &File) -> Result<(), String> {
    let mut names = vec![0_u8; MOST_ATTRIBUTES];
    let length = match flistxattr(from, names.as_mut_slice()) {
        Ok(length) => length,
        Err(Errno::NOTSUP) => return Ok(()),
        Err(why) => return Err(why.to_string()),
    };
    let names = names.get(..length).unwrap_or_default();
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let shown = String::from_utf8_lossy(name).into_owned();
        if OF_CONTENT.contains(&shown.as_str()) {
            continue;
        }
        let value = attribute(from, name).map_err(|why| format!("{shown}: {why}"))?;
        if attribute(to, name).is_ok_and(|has| has == value) {
            continue;
        }
        let set = fsetxattr(to, name, &value, XattrFlags::empty());
        set.map_err(|why| format!("{shown}: {why}"))?;
    }
    Ok(())
}

fn attribute(file: &File, name: &[u8]) -> rustix::io::Result<Vec<u8>> {
    let mut value = vec![0_u8; MOST_ATTRIBUTES];
    let length = fgetxattr(file, name, value.as_mut_slice())?;
    value.truncate(length);
    Ok(value)
}
