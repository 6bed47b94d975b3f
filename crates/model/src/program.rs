//! The program behind a service and what it is started with.

use crate::Syslog;
use serde::{Deserialize, Serialize};

/// A user or group as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Principal {
    /// A name, looked up when the configuration is loaded.
    Name(String),
    /// A number, which needs no entry anywhere.
    Number(u32),
}

/// Supplementary groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Groups {
    /// None.
    #[default]
    None,
    /// Those the user belongs to (initgroups).
    OfUser,
    /// These.
    List(Vec<Principal>),
}

/// What the environment starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvironmentBase {
    /// The daemon's whole environment (xinetd without `passenv`).
    Inherit,
    /// Empty (the native default).
    #[default]
    Empty,
    /// These variables of the daemon's environment.
    Pass(Vec<String>),
}

/// The environment of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// What it starts from.
    pub base: EnvironmentBase,
    /// Set on top, in order; later ones win.
    pub set: Vec<(String, String)>,
    /// Whether `REMOTE_HOST` alone (xinetd) or the whole set `REMOTE_HOST`, `REMOTE_PORT`,
    /// `LOCAL_HOST`, `LOCAL_PORT` is added.
    pub local_and_port: bool,
    /// Whether the variables of tcpserver are added: `PROTO`, `TCPREMOTEIP` and their like.
    pub tcp: bool,
}

/// The service's standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stderr {
    /// A pipe to the clerk, whose lines belong to this session and no other (the native default).
    #[default]
    Evidence,
    /// The connection itself, as xinetd does.
    Socket,
}

/// A resource of setrlimit(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Resource {
    /// Bytes of address space.
    AddressSpace,
    /// Bytes of a core file.
    CoreSize,
    /// Seconds of processor time.
    CpuTime,
    /// Bytes of data segment.
    Data,
    /// Bytes of a written file.
    FileSize,
    /// Bytes of locked memory.
    LockedMemory,
    /// Open descriptors.
    OpenFiles,
    /// Processes of the user.
    Processes,
    /// Bytes of resident memory (the kernel ignores it; set for the ancestor's sake).
    ResidentSet,
    /// Bytes of stack.
    Stack,
}

impl Resource {
    /// All of them, with their native keys.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::AddressSpace, "address-space"),
        (Self::CoreSize, "core-size"),
        (Self::CpuTime, "cpu-time"),
        (Self::Data, "data"),
        (Self::FileSize, "file-size"),
        (Self::LockedMemory, "locked-memory"),
        (Self::OpenFiles, "open-files"),
        (Self::Processes, "processes"),
        (Self::ResidentSet, "resident-set"),
        (Self::Stack, "stack"),
    ];
}

/// One limit: a number or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// No limit.
    Unlimited,
    /// So much; the unit is the resource's.
    At(u64),
}

/// A resource with its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimit {
    /// Which.
    pub resource: Resource,
    /// Soft limit.
    pub soft: Limit,
    /// Hard limit.
    pub hard: Limit,
}

/// What the program sees as its own name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Argv0 {
    /// The last component of its path (xinetd).
    #[default]
    BaseName,
    /// This word (`NAMEINARGS`, native `argv0`).
    Given(String),
}

/// A program and everything set before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Absolute path.
    pub path: String,
    /// Its own name.
    pub argv0: Argv0,
    /// Arguments after `argv[0]`.
    pub args: Vec<String>,
    /// User; `None` is the daemon's own.
    pub user: Option<Principal>,
    /// Group; `None` is the user's own (for a numeric user without an entry: the same number).
    pub group: Option<Principal>,
    /// Supplementary groups.
    pub groups: Groups,
    /// File mode mask; `None` is the daemon's, OR 022.
    pub umask: Option<u32>,
    /// Nice value, -20 to 19.
    pub nice: Option<i32>,
    /// Resource limits; the rest as the daemon's.
    pub limits: Vec<ResourceLimit>,
    /// Environment.
    pub environment: Environment,
    /// Working directory (inside `chroot`); default `/`.
    pub directory: Option<String>,
    /// New root directory.
    pub chroot: Option<String>,
    /// Sets no_new_privs, so that set-user-id programs gain nothing.
    pub no_new_privs: bool,
    /// A session of its own (setsid).
    pub new_session: bool,
    /// Standard error.
    pub stderr: Stderr,
    /// What it logs by syslog(3).
    pub syslog: Syslog,
}
