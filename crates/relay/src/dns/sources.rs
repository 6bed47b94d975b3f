//! `/etc/hosts` and `/etc/resolv.conf`, read again when they change.

use super::datagrams::{SOCKETS, Sockets};
use super::resolver::Dns;
use crate::names::Hosts;
use portreeve_sys::clock::monotonic;
use portreeve_sys::file::read_bounded;
use std::cell::RefCell;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

const HOSTS: &str = "/etc/hosts";
const RESOLV: &str = "/etc/resolv.conf";

/// Bytes of a hosts file: room for the long sinkhole lists that people keep in it.
const MAX_HOSTS: usize = 8 << 20;

/// Bytes of a resolv.conf.
const MAX_RESOLV: usize = 64 << 10;

/// How often the files are looked at, at most.
const LOOK: Duration = Duration::from_secs(1);

/// What the two files say.
pub(crate) struct Tables {
    /// The hosts file.
    pub(crate) hosts: Hosts,
    /// The servers of resolv.conf, asked for names.
    pub(crate) names: Rc<Dns>,
    /// The same, asked of DNS lists; with sockets of their own, since whoever has a slow reverse
    /// zone must not keep us from asking whether a list has them.
    pub(crate) lists: Rc<Dns>,
}

/// The files, and the sockets that outlast them.
pub(crate) struct Sources {
    names: Sockets,
    lists: Sockets,
    seen: RefCell<Seen>,
}

/// The files as they were when last looked at.
#[derive(Default)]
struct Seen {
    looked: Option<Duration>,
    marks: Option<[Mark; 2]>,
    tables: Option<Result<Rc<Tables>, String>>,
    generation: u64,
}

/// What tells one state of a file from another; `None` for a file that is not there.
type Mark = Option<(u64, u64, u64, (i64, i64), (i64, i64))>;

impl Sources {
    /// Nothing has been looked at.
    pub(crate) fn new() -> Rc<Self> {
        let (names, lists) = (Sockets::new(SOCKETS.0), Sockets::new(SOCKETS.1));
        Rc::new(Self { names, lists, seen: RefCell::default() })
    }

    /// What the files say now, and a number that is another one when that is new.
    ///
    /// # Errors
    /// The file that cannot be read, and why: a rule that names a host cannot be judged then.
    pub(crate) fn tables(&self) -> (Result<Rc<Tables>, String>, u64) {
        let now = monotonic();
        let mut seen = self.seen.borrow_mut();
        let fresh = seen.looked.is_some_and(|looked| now < looked.saturating_add(LOOK));
        if let Some(tables) = seen.tables.as_ref().filter(|_| fresh) {
            return (tables.clone(), seen.generation);
        }
        seen.looked = Some(now);
        // Marked before they are read: a change in between is seen at the next look.
        let marks = [HOSTS, RESOLV].map(mark);
        if let Some(tables) = seen.tables.as_ref().filter(|_| seen.marks == Some(marks)) {
            return (tables.clone(), seen.generation);
        }
        let tables = self.read();
        // What could not be read is tried again at the next look, changed or not.
        seen.marks = tables.is_ok().then_some(marks);
        seen.tables = Some(tables.clone());
        seen.generation = seen.generation.wrapping_add(1);
        (tables, seen.generation)
    }

    fn read(&self) -> Result<Rc<Tables>, String> {
        let hosts = Hosts::parse(&read_file(HOSTS, MAX_HOSTS)?);
        let configuration = read_file(RESOLV, MAX_RESOLV)?;
        let dns = |sockets| {
            let dns = Dns::new(&configuration, sockets);
            dns.map(Rc::new).map_err(|failure| format!("{RESOLV}: {failure}"))
        };
        Ok(Rc::new(Tables { hosts, names: dns(&self.names)?, lists: dns(&self.lists)? }))
    }
}

fn mark(path: &str) -> Mark {
    let stat = fs::metadata(path).ok()?;
    let changed = (stat.ctime(), stat.ctime_nsec());
    Some((stat.dev(), stat.ino(), stat.size(), (stat.mtime(), stat.mtime_nsec()), changed))
}

/// A file's bytes; a missing one is empty, as it is for the system's own resolver.
fn read_file(path: &str, most: usize) -> Result<Vec<u8>, String> {
    match read_bounded(Path::new(path), most) {
        Ok(content) => Ok(content.bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("{path}: {error}")),
    }
}

/// What must stay readable when the process is confined: the directories, not the files, since
/// the files are replaced by others of their name; and where resolv.conf may point to.
pub(crate) fn paths() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        ["/etc", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"]
            .map(PathBuf::from)
            .to_vec();
    for file in [HOSTS, RESOLV] {
        let target = fs::canonicalize(file).ok();
        paths.extend(target.as_deref().and_then(Path::parent).map(Path::to_path_buf));
    }
    paths.sort_unstable();
    paths.dedup();
    paths.retain(|path| path.is_dir() && path != Path::new("/"));
    paths
}
