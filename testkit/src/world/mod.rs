//! The private host and its neighbours.

mod anchor;
mod etc;
mod files;
mod net;
mod programs;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, OnceLock};

use crate::dir::Dir;
use crate::ssh::SshKeys;
use crate::syslog::Syslog;
use anchor::Anchor;
pub(crate) use net::connect_to;

/// Where programs are looked for inside.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The name of the private host itself, beside the names of its clients.
pub(crate) const DOOR: &str = "door";

/// A private host (the *door*) and any number of clients, each with a network of its own.
///
/// The door has its own mounts, processes, host name and `/etc`; `/run`, `/var/log`, `/var/lib`
/// and `/dev` are its own and empty of the host's. Clients share all of that but the network.
/// The users `thisuser` and `otheruser` have homes and a shell, `portreeve-clerk` and
/// `portreeve-relay` neither; the groups are named alike, with `portreeve-admin` besides, and
/// `portreeve-extra`, whose member is `thisuser`.
///
/// Fields are dropped in this order: first every process dies, then the folder goes.
#[derive(Debug)]
pub struct World {
    anchor: Anchor,
    syslog: Syslog,
    dir: Dir,
    /// Network namespaces by name.
    links: Mutex<BTreeMap<String, Arc<OwnedFd>>>,
    /// Folders of the host that were made private.
    overlays: Mutex<Vec<String>>,
    keys: OnceLock<SshKeys>,
    /// Numbers for the names of files.
    next: AtomicU32,
}

impl World {
    /// A door without a neighbour: loopback is up, and that is all.
    ///
    /// # Panics
    /// When something that it needs is missing, naming what to install; or when setting up fails.
    #[must_use]
    pub fn new() -> Self {
        crate::requirements::check();
        let dir = Dir::new();
        prepare(dir.path());
        let anchor = Anchor::start(dir.path(), &crate::bin_dir());
        let syslog = Syslog::start(&inside(anchor.pid(), Path::new("/dev/log")));
        let links = Mutex::new(BTreeMap::from([(DOOR.to_owned(), net::own_link(anchor.pid()))]));
        Self {
            anchor,
            syslog,
            dir,
            links,
            overlays: Mutex::default(),
            keys: OnceLock::new(),
            next: AtomicU32::new(0),
        }
    }

    /// The door of the published configurations: addresses 192.168.0.1, 88.1.2.3 (standing in for
    /// a placeholder) and 2001:db8::1; the client `lan` at 192.168.0.50, and the client `far` at
    /// 203.0.113.7 and 2001:db8:f::7.
    ///
    /// # Panics
    /// As [`World::new`].
    #[must_use]
    pub fn standard() -> Self {
        let world = Self::new();
        for address in ["192.168.0.1", "88.1.2.3", "2001:db8::1"] {
            world.add_door_address(address);
        }
        world.add_client("lan", &["192.168.0.50"]);
        world.add_client("far", &["203.0.113.7", "2001:db8:f::7"]);
        world
    }

    /// The world's folder, at the same place outside and inside, removed with the world.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A built program, at a path that every user inside can reach.
    ///
    /// # Panics
    /// When it has not been built.
    #[must_use]
    #[track_caller]
    pub fn bin(&self, program: &str) -> PathBuf {
        let built = crate::bin_dir().join(program);
        let there = built.is_file();
        assert!(there, "{} is not there: cargo build --workspace --bins", built.display());
        self.dir().join("bin").join(program)
    }

    /// Process 1 of the door, as the host numbers it.
    #[must_use]
    pub fn door_pid(&self) -> u32 {
        self.anchor.pid()
    }

    /// Everything that was sent to the door's syslog so far, each message with its `<priority>` in
    /// front.
    #[must_use]
    pub fn syslog(&self) -> Vec<String> {
        self.syslog.lines()
    }

    /// The keys of this world's users and of its host, made at the first call.
    pub fn ssh_keys(&self) -> &SshKeys {
        self.keys.get_or_init(|| SshKeys::make(self.dir()))
    }
}

/// Makes `FOLDER/etc`, the homes, and folders for all else that a private host keeps there.
pub(crate) fn prepare(folder: &Path) {
    etc::prepare(folder);
    for name in ["bin", "dev", "log", "keys"] {
        files::make_folder(&folder.join(name));
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines = self.syslog.lines();
            let last = lines.get(lines.len().saturating_sub(200)..).unwrap_or_default();
            if !last.is_empty() {
                crate::running::show(&format!("---- syslog\n{}", last.join("\n")));
            }
        }
    }
}

/// A path of the door as seen from outside. Absolute symbolic links on the way lead elsewhere.
fn inside(pid: u32, path: &Path) -> PathBuf {
    let relative = path.strip_prefix("/").unwrap_or(path);
    Path::new("/proc").join(pid.to_string()).join("root").join(relative)
}

/// Whether a text is an address, which then stands for itself alone.
fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}
