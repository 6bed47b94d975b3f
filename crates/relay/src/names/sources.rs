//! `/etc/hosts` and `/etc/resolv.conf`, read again when they change.

use super::hosts::Hosts;
use super::resolver::Dns;
use portreeve_sys::file::read_bounded;
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
    /// The servers of resolv.conf.
    pub(crate) dns: Rc<Dns>,
}

/// The files as they were when last looked at.
#[derive(Default)]
pub(crate) struct Sources {
    looked: Option<Duration>,
    marks: Option<[Mark; 2]>,
    tables: Option<Result<Rc<Tables>, String>>,
}

/// What tells one state of a file from another; `None` for a file that is not there.
type Mark = Option<(u64, u64, u64, (i64, i64), (i64, i64))>;

impl Sources {
    /// What the files say now, and whether that is new.
    ///
    /// # Errors
    /// The file that cannot be read, and why: a rule that names a host cannot be judged then.
    pub(crate) fn tables(&mut self, now: Duration) -> (Result<Rc<Tables>, String>, bool) {
        let fresh = self.looked.is_some_and(|looked| now < looked.saturating_add(LOOK));
        if let Some(tables) = self.tables.as_ref().filter(|_| fresh) {
            return (tables.clone(), false);
        }
        self.looked = Some(now);
        // Marked before they are read: a change in between is seen at the next look.
        let marks = [HOSTS, RESOLV].map(mark);
        if let Some(tables) = self.tables.as_ref().filter(|_| self.marks == Some(marks)) {
            return (tables.clone(), false);
        }
        let tables = read();
        // What could not be read is tried again at the next look, changed or not.
        self.marks = tables.is_ok().then_some(marks);
        self.tables = Some(tables.clone());
        (tables, true)
    }
}

fn mark(path: &str) -> Mark {
    let stat = fs::metadata(path).ok()?;
    let changed = (stat.ctime(), stat.ctime_nsec());
    Some((stat.dev(), stat.ino(), stat.size(), (stat.mtime(), stat.mtime_nsec()), changed))
}

fn read() -> Result<Rc<Tables>, String> {
    let hosts = Hosts::parse(&read_file(HOSTS, MAX_HOSTS)?);
    let dns = Dns::new(&read_file(RESOLV, MAX_RESOLV)?)
        .map_err(|failure| format!("{RESOLV}: {failure}"))?;
    Ok(Rc::new(Tables { hosts, dns: Rc::new(dns) }))
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
