//! Changes in directories, as the kernel tells them (inotify(7)).
//!
//! A change is told before the system call that made it returns: whoever asks after that call sees
//! it. Not told are changes by another host or through a memory mapping.

use std::{
    ffi::{OsStr, OsString},
    fmt, io,
    mem::MaybeUninit,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use rustix::{
    fs::{
        AtFlags, CWD, StatxFlags,
        inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags},
        statx,
    },
    io::Errno,
};

/// Bytes of one reading: at least a hundred events with the longest names.
const BUFFER: usize = 64 << 10;
/// Readings at a time. Between two of them the kernel seldom queues as much; past it all may have
/// changed, so that whoever fills the queue faster than it is read takes a bounded part of our time
/// and memory.
const MOST_READINGS: usize = 16;

/// One watched directory, or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watch(i32);

impl Watch {
    /// Its number: whoever has a copy of the watcher's descriptor knows it by that.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The one of a number.
    #[must_use]
    pub const fn of(number: i32) -> Self {
        Self(number)
    }
}

/// What is told of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// That names come, go, and change hands.
    Names,
    /// Also that the files themselves change.
    Files,
    /// That the directory itself goes or is moved, and nothing else.
    Itself,
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A name came or went, or what it stands for has other rights.
    Name,
    /// A file was written to, and is still open.
    Written,
    /// A file that was open for writing was closed.
    Closed,
    /// The directory itself went or was moved: nothing more is told of it where it was.
    Gone,
    /// So much happened that some of it is not told: anything may have changed.
    Lost,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where; `None` for [`Change::Lost`].
    pub watch: Option<Watch>,
    /// The name in the directory, if it is about one.
    pub name: Option<OsString>,
    /// What.
    pub change: Change,
}

/// Watches directories. Readable (for a [`Poller`](crate::poll::Poller)) when there is something to
/// read.
pub struct Watcher {
    fd: OwnedFd,
    buffer: Box<[MaybeUninit<u8>]>,
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("fd", &self.fd).finish_non_exhaustive()
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Watcher {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl Watcher {
    /// One that watches nothing (close-on-exec, never waits).
    ///
    /// # Errors
    /// `EMFILE` when this user has as many as the kernel allows
    /// (`/proc/sys/fs/inotify/max_user_instances`).
    pub fn new() -> io::Result<Self> {
        let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let fd = crate::descriptor::raise(fd)?;
        Ok(Self { fd, buffer: vec![MaybeUninit::uninit(); BUFFER].into_boxed_slice() })
    }

    /// Watches the directory at `path`, which is no link. Again for the same directory it gives the
    /// same watch, which tells what was asked last.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`; `StorageFull` when this user has as many watches as the kernel
    /// allows (`/proc/sys/fs/inotify/max_user_watches`).
    pub fn add(&self, path: &Path, detail: Detail) -> io::Result<Watch> {
        let flags = flags(detail) | WatchFlags::DONT_FOLLOW;
        Ok(Watch(inotify::add_watch(&self.fd, path, flags)?))
    }

    /// As [`Self::add`], for a directory that is open, by whatever path it was found.
    ///
    /// # Errors
    /// As [`Self::add`]; `NotFound` where there is no `/proc`.
    pub fn add_open(&self, directory: impl AsFd, detail: Detail) -> io::Result<Watch> {
        let path = format!("/proc/self/fd/{}", directory.as_fd().as_raw_fd());
        Ok(Watch(inotify::add_watch(&self.fd, path, flags(detail))?))
    }

    /// Takes a copy of another watcher's descriptor: who of the two reads an event has it alone.
    #[must_use]
    pub fn received(fd: OwnedFd) -> Self {
        Self { fd, buffer: vec![MaybeUninit::uninit(); BUFFER].into_boxed_slice() }
    }

    /// Watches a file that is open for being written to and cut: both are [`Change::Written`].
    ///
    /// # Errors
    /// As [`Self::add`]; `NotFound` where there is no `/proc`.
    pub fn add_file(&self, file: impl AsFd) -> io::Result<Watch> {
        let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
        Ok(Watch(inotify::add_watch(&self.fd, path, WatchFlags::MODIFY)?))
    }

    /// Watches a directory no more; one that is gone already is no error.
    pub fn remove(&self, watch: Watch) {
        let _ = inotify::remove_watch(&self.fd, watch.0);
    }

    /// Everything that has happened since the last reading. It never waits.
    pub fn read(&mut self) -> Vec<Seen> {
        let mut all = Vec::new();
        for _ in 0..MOST_READINGS {
            let mut reader = Reader::new(&self.fd, &mut self.buffer);
            loop {
                match reader.next() {
                    Ok(event) => all.extend(seen(&event)),
                    Err(Errno::AGAIN) => return all,
                    Err(Errno::INTR) => {}
                    Err(_) => {
                        all.push(lost());
                        return all;
                    }
                }
                if reader.is_buffer_empty() {
                    break;
                }
            }
        }
        all.push(lost());
        all
    }
}

fn flags(detail: Detail) -> WatchFlags {
    let itself = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF | WatchFlags::ONLYDIR;
    let names = itself
        | WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO
        | WatchFlags::EXCL_UNLINK;
    match detail {
        Detail::Itself => itself,
        Detail::Names => names,
        Detail::Files => names | WatchFlags::ATTRIB | WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE,
    }
}

fn lost() -> Seen {
    Seen { watch: None, name: None, change: Change::Lost }
}

fn seen(event: &inotify::Event<'_>) -> Option<Seen> {
    let flags = event.events();
    if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
        return Some(lost());
    }
    let gone = ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT;
    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()).to_owned());
    let change = match () {
        () if flags.intersects(gone) => Change::Gone,
        () if flags.contains(ReadFlags::IGNORED) => return None, // said by what went before it
        () if flags.contains(ReadFlags::CLOSE_WRITE) => Change::Closed,
        () if flags.contains(ReadFlags::MODIFY) => Change::Written,
        () => Change::Name,
    };
    Some(Seen { watch: Some(Watch(event.wd())), name, change })
}

/// What is at a path: any change of it changes this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The file system's number.
    pub device: u64,
    /// The file's number there.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// When its content changed: seconds since the epoch, and nanoseconds.
    pub modified: (i64, i64),
    /// When it was changed in any way, likewise.
    pub changed: (i64, i64),
}

/// Looks at a path, at a link itself where it is one; `None` where nothing is. What is known of a
/// file that another host has is not asked anew.
///
/// # Errors
/// Those of statx(2).
pub fn look(path: &Path) -> io::Result<Option<Stamp>> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_DONT_SYNC;
    let found = match statx(CWD, path, flags, StatxFlags::BASIC_STATS) {
        Ok(found) => found,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Stamp {
        device: rustix::fs::makedev(found.stx_dev_major, found.stx_dev_minor),
        inode: found.stx_ino,
        size: found.stx_size,
        modified: (found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec.into()),
        changed: (found.stx_ctime.tv_sec, found.stx_ctime.tv_nsec.into()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let name = format!("portreeve-watch-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn told(watcher: &mut Watcher) -> Vec<(Option<String>, Change)> {
        let name = |seen: Seen| (seen.name.map(|n| n.into_string().unwrap()), seen.change);
        let mut told: Vec<_> = watcher.read().into_iter().map(name).collect();
        told.dedup();
        told
    }

    #[test]
    fn a_change_is_told_once_the_call_that_made_it_has_returned() {
        let place = Place::new("told");
        let mut watcher = Watcher::new().unwrap();
        watcher.add(&place.0, Detail::Files).unwrap();
        assert_eq!(told(&mut watcher), []);
        let mut file = File::create(place.at("a")).unwrap();
        file.write_all(b"1").unwrap();
        let a = || Some("a".to_owned());
        assert_eq!(told(&mut watcher), [(a(), Change::Name), (a(), Change::Written)]);
        drop(file);
        assert_eq!(told(&mut watcher), [(a(), Change::Closed)]);
        fs::rename(place.at("a"), place.at("b")).unwrap();
        let b = || Some("b".to_owned());
        assert_eq!(told(&mut watcher), [(a(), Change::Name), (b(), Change::Name)]);
        fs::remove_file(place.at("b")).unwrap();
        // the last link of a file going changes its attributes too
        assert!(told(&mut watcher).iter().all(|one| *one == (b(), Change::Name)));
        fs::remove_dir(&place.0).unwrap();
        assert_eq!(told(&mut watcher), [(None, Change::Gone)]);
    }

    #[test]
    fn of_names_alone_no_writing_is_told_and_links_are_not_followed() {
        let place = Place::new("names");
        let mut watcher = Watcher::new().unwrap();
        let watch = watcher.add(&place.0, Detail::Names).unwrap();
        fs::write(place.at("a"), "1").unwrap();
        assert_eq!(told(&mut watcher), [(Some("a".into()), Change::Name)]);
        symlink(&place.0, place.at("link")).unwrap();
        assert!(watcher.add(&place.at("link"), Detail::Names).is_err());
        assert!(watcher.add(&place.at("a"), Detail::Names).is_err());
        let none = watcher.add(&place.at("none"), Detail::Names).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
        watcher.remove(watch);
        watcher.read();
        fs::write(place.at("c"), "1").unwrap();
        assert_eq!(told(&mut watcher), []);
    }

    #[test]
    fn an_open_directory_is_watched_through_links_for_its_own_end_alone() {
        let place = Place::new("open");
        fs::create_dir(place.at("a")).unwrap();
        symlink(place.at("a"), place.at("link")).unwrap();
        let mut watcher = Watcher::new().unwrap();
        let open = File::open(place.at("link")).unwrap();
        watcher.add_open(&open, Detail::Itself).unwrap();
        fs::write(place.at("a/b"), "1").unwrap();
        assert_eq!(told(&mut watcher), []);
        fs::rename(place.at("a"), place.at("c")).unwrap();
        assert_eq!(told(&mut watcher), [(None, Change::Gone)]);
        assert!(watcher.add_open(File::open(place.at("c/b")).unwrap(), Detail::Itself).is_err());
    }

    #[test]
    fn a_file_s_growth_is_told_to_whoever_has_the_descriptor() {
        let place = Place::new("growth");
        let mut file = File::create(place.at("log")).unwrap();
        let watcher = Watcher::new().unwrap();
        let watch = watcher.add_file(File::open(place.at("log")).unwrap()).unwrap();
        let mut other = Watcher::received(watcher.as_fd().try_clone_to_owned().unwrap());
        assert_eq!(other.read(), []);
        file.write_all(b"1").unwrap();
        fs::rename(place.at("log"), place.at("log.1")).unwrap();
        file.write_all(b"2").unwrap();
        file.set_len(0).unwrap();
        let seen = other.read();
        assert!(!seen.is_empty());
        let same = |one: &Seen| (one.watch, one.change) == (Some(watch), Change::Written);
        assert!(seen.iter().all(same), "{seen:?}");
        assert_eq!(Watch::of(watch.number()), watch);
    }

    #[test]
    fn a_flood_is_not_read_to_its_end_at_once() {
        let place = Place::new("flood");
        let mut watcher = Watcher::new().unwrap();
        watcher.add(&place.0, Detail::Names).unwrap();
        let (one, other) = (place.at(&"a".repeat(250)), place.at(&"b".repeat(250)));
        fs::write(&one, "").unwrap();
        // each is two events of 272 bytes: more than is read at a time, less than is queued
        for _ in 0..2000 {
            fs::rename(&one, &other).unwrap();
            fs::rename(&other, &one).unwrap();
        }
        let all = watcher.read();
        assert_eq!(all.last().map(|seen| seen.change), Some(Change::Lost));
        assert!(all.len() <= MOST_READINGS * BUFFER / 272 + 1, "{}", all.len());
        // the rest is there, and ends
        let rest = (0..100).find(|_| watcher.read().is_empty());
        assert!(rest.is_some());
    }

    #[test]
    fn what_is_there_is_told_from_what_was() {
        let place = Place::new("look");
        assert_eq!(look(&place.at("a")).unwrap(), None);
        fs::write(place.at("a"), "1").unwrap();
        let before = look(&place.at("a")).unwrap().unwrap();
        assert_eq!((look(&place.at("a")).unwrap(), before.size), (Some(before), 1));
        assert_eq!(look(&place.at("a/b")).unwrap(), None);
        fs::write(place.at("new"), "2").unwrap();
        fs::rename(place.at("new"), place.at("a")).unwrap();
        assert_ne!(look(&place.at("a")).unwrap(), Some(before));
    }
}
