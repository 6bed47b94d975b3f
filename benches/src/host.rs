//! The private host in which everything runs.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use portreeve_testkit::World;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Failure;

/// The C programs of `reference/`, carried along.
const BARE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bare"));
const SERVICE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/service"));

/// First port of a door; clients' ports begin above the last.
const FIRST_PORT: u16 = 2000;

/// A world for benchmarks: loopback alone, with enough ports for the clients.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) world: World,
    next_port: Cell<u16>,
}

impl Host {
    /// Makes it, and raises this process's own limit of descriptors as far as it may: clients hold
    /// sessions.
    pub(crate) fn new() -> Result<Self, Failure> {
        let maximum = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
            .map_err(|error| format!("cannot raise the limit of descriptors: {error}"))?;
        let host = Self { world: World::new(), next_port: Cell::new(FIRST_PORT) };
        host.world.door_run(&["sh", "-euc", SETTINGS]);
        for (name, bytes) in [("bare", BARE), ("service", SERVICE)] {
            place(&host.path(name), bytes)
                .map_err(|error| format!("cannot place {name}: {error}"))?;
        }
        Ok(host)
    }

    /// A file in the world's folder, at the same place inside and outside.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.world.dir().join(name)
    }

    /// The same as text.
    pub(crate) fn text_path(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a text there.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<String, Failure> {
        let path = self.path(name);
        let written = fs::write(&path, text);
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(path.display().to_string())
    }

    /// A port on which nobody has listened yet.
    pub(crate) fn port(&self) -> u16 {
        self.next_port.replace(self.next_port.get() + 1)
    }
}

/// Ports for fifty thousand closed connections, queues for every client at once, and no cookies.
const SETTINGS: &str = "\
echo '10000 65000' >/proc/sys/net/ipv4/ip_local_port_range
echo 4096 >/proc/sys/net/core/somaxconn
echo 4096 >/proc/sys/net/ipv4/tcp_max_syn_backlog
";

fn place(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::write(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}
