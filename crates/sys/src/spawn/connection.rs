//! What one start adds to its program: descriptors, environment, perhaps arguments.

use std::{
    ffi::{CString, OsStr},
    fmt,
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    sync::Arc,
};

use super::Plan;
use crate::log_socket::LogPlace;

/// More than a caller may name: two for the exec helper, the folder, the gate, the log.
pub(super) const ROOM_FOR_SOURCES: usize = MOST_SOURCES + 5;
/// As above.
pub(super) const ROOM_FOR_TARGETS: usize = MOST_TARGETS + 5;
/// The most distinct descriptors of one start.
const MOST_SOURCES: usize = 16;
/// Targets are below this number.
const MOST_TARGETS: usize = 32;
/// The most environment entries a connection may add.
const MOST_VARIABLES: usize = 64;

/// A descriptor held until the child has its own table.
#[derive(Debug)]
pub(super) enum Source {
    /// Closed as soon as the child has it.
    Owned(OwnedFd),
    /// Kept by others too.
    Shared(Arc<OwnedFd>),
}

impl Source {
    /// The descriptor, unless others keep it.
    pub(super) fn into_last(self) -> Option<OwnedFd> {
        match self {
            Self::Owned(fd) => Some(fd),
            Self::Shared(fd) => Arc::into_inner(fd),
        }
    }

    pub(super) fn number(&self) -> RawFd {
        match self {
            Self::Owned(fd) => fd.as_raw_fd(),
            Self::Shared(fd) => fd.as_raw_fd(),
        }
    }
}

/// What is done about the log socket, with the descriptor it is done with.
#[derive(Debug)]
pub(super) struct Log {
    /// Index into `sources`.
    pub(super) source: usize,
    pub(super) place: Arc<LogPlace>,
    pub(super) way: Way,
}

/// See [`Connection::private_log`] and [`Connection::leaving_log`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Enter,
    Leave,
}

/// What is wrong with a connection or the strings given to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadConnection {
    /// More than 16 descriptors.
    TooManyDescriptors,
    /// A target number is negative or above 31.
    Target(i32),
    /// Two descriptors are to have this number.
    Twice(i32),
    /// More than 64 environment entries.
    TooManyVariables,
    /// A string holds a NUL byte, or a name an `=`.
    Text,
}

impl fmt::Display for BadConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyDescriptors => {
                write!(f, "more than {MOST_SOURCES} descriptors for one program")
            }
            Self::Target(number) => write!(f, "descriptor {number} is not from 0 to 31"),
            Self::Twice(number) => write!(f, "descriptor {number} is given twice"),
            Self::TooManyVariables => write!(f, "more than {MOST_VARIABLES} variables"),
            Self::Text => f.write_str("a string for a program holds a NUL byte"),
        }
    }
}

impl std::error::Error for BadConnection {}

/// What differs from one start of a program to the next.
///
/// The child has exactly the descriptors given here, under the numbers given here, and no others:
/// a number not given is closed. They need not be close-on-exec, nor below any number, but the
/// lower the cheaper (see [`super::Spawner`]).
#[derive(Debug, Default)]
pub struct Connection {
    pub(super) sources: Vec<Source>,
    /// Index into `sources`, target number.
    pub(super) targets: Vec<(usize, i32)>,
    /// Indices into `sources` of what the child needs on its way only.
    pub(super) folder: Option<usize>,
    pub(super) gate: Option<usize>,
    pub(super) log: Option<Log>,
    pub(super) env: Vec<CString>,
    pub(super) argv: Option<Vec<CString>>,
    pub(super) fault: Option<BadConnection>,
}

impl Connection {
    /// A connection with no descriptors and no environment of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A served connection: the socket as 0, 1 and 2.
    #[must_use]
    pub fn socket(socket: OwnedFd) -> Self {
        Self::new().give(socket, &[0, 1, 2])
    }

    /// Gives `fd` to the child under every number of `targets` (0 to 31). This process closes it as
    /// soon as the child has its own, its neighbours by number in the same call; with no target it
    /// is only closed.
    #[must_use]
    pub fn give(self, fd: OwnedFd, targets: &[i32]) -> Self {
        self.add(Source::Owned(fd), targets)
    }

    /// As [`Self::give`], for a descriptor that this process keeps, such as `/dev/null`.
    #[must_use]
    pub fn share(self, fd: &Arc<OwnedFd>, targets: &[i32]) -> Self {
        self.add(Source::Shared(Arc::clone(fd)), targets)
    }

    /// The working directory, as a descriptor: where the plan's own paths begin.
    #[must_use]
    pub fn folder(mut self, fd: OwnedFd) -> Self {
        self.folder = Some(self.sources.len());
        self.sources.push(Source::Owned(fd));
        self
    }

    /// The reading end of a pipe that the child waits at, before anything else but its descriptors,
    /// until a byte comes: so that whoever starts it can first write down that it did. At the end of
    /// file, whoever was to give leave has died: the child goes no further.
    #[must_use]
    pub fn gate(mut self, fd: OwnedFd) -> Self {
        self.gate = Some(self.sources.len());
        self.sources.push(Source::Owned(fd));
        self
    }

    /// Gives the child a mount namespace of its own in which this mount, of a
    /// [`crate::log_socket::LogSocket`], lies over the host's log socket.
    ///
    /// The host's mounts go on reaching the namespace, and what is mounted in it reaches the host
    /// where it did before, but for the one mount that holds the host's socket, from which nothing
    /// gets out.
    #[must_use]
    pub fn private_log(self, mount: OwnedFd, place: &Arc<LogPlace>) -> Self {
        self.with_log(mount, place, Way::Enter)
    }

    /// In place of a program: the child takes the mount away again in the namespace of a session
    /// that is over (see [`crate::log_socket::namespace`]), so that what the session has left behind
    /// finds the host's log socket there; then it ends, and counts as executed.
    #[must_use]
    pub fn leaving_log(namespace: OwnedFd, place: &Arc<LogPlace>) -> Self {
        Self::new().with_log(namespace, place, Way::Leave)
    }

    fn with_log(mut self, fd: OwnedFd, place: &Arc<LogPlace>, way: Way) -> Self {
        self.log = Some(Log { source: self.sources.len(), place: Arc::clone(place), way });
        self.sources.push(Source::Owned(fd));
        self
    }

    /// Adds `name=value` to the environment; it hides a variable of that name of the program, and
    /// replaces one that was added before.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let (name, value) = (name.as_ref().as_bytes(), value.as_ref().as_bytes());
        if name.is_empty() || name.contains(&b'=') {
            return self.with_fault(BadConnection::Text);
        }
        self.env.retain(|entry| self::name(entry) != name);
        if self.env.len() >= MOST_VARIABLES {
            return self.with_fault(BadConnection::TooManyVariables);
        }
        match CString::new([name, b"=", value].concat()) {
            Ok(entry) => {
                self.env.push(entry);
                self
            }
            Err(_) => self.with_fault(BadConnection::Text),
        }
    }

    /// Replaces the program's arguments, `argv[0]` included.
    #[must_use]
    pub fn arguments(mut self, argv: Vec<CString>) -> Self {
        self.argv = Some(argv);
        self
    }

    /// The exec helper's own descriptors, above every target a caller may name.
    pub(super) fn give_helper(mut self, fd: OwnedFd, target: i32) -> Self {
        self.targets.push((self.sources.len(), target));
        self.sources.push(Source::Owned(fd));
        self
    }

    /// The target numbers, as bits.
    pub(super) fn target_bits(&self) -> u64 {
        let bit = |number: i32| 1_u64.wrapping_shl(number.cast_unsigned());
        self.targets.iter().fold(0, |bits, (_, number)| bits | bit(*number))
    }

    /// The whole environment of a start: the plan's but what is hidden, then our own.
    pub(super) fn environment<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a CString> {
        let hidden = |entry: &CString| self.env.iter().any(|own| name(own) == name(entry));
        plan.env.iter().filter(move |entry| !hidden(entry)).chain(&self.env)
    }

    fn add(mut self, source: Source, targets: &[i32]) -> Self {
        if self.sources.len() >= MOST_SOURCES {
            return self.with_fault(BadConnection::TooManyDescriptors);
        }
        let index = self.sources.len();
        self.sources.push(source);
        for &target in targets {
            if !usize::try_from(target).is_ok_and(|number| number < MOST_TARGETS) {
                return self.with_fault(BadConnection::Target(target));
            }
            if self.targets.iter().any(|(_, taken)| *taken == target) {
                return self.with_fault(BadConnection::Twice(target));
            }
            self.targets.push((index, target));
        }
        self
    }

    /// The first fault is kept; the spawn reports it.
    fn with_fault(mut self, fault: BadConnection) -> Self {
        self.fault.get_or_insert(fault);
        self
    }
}

/// What comes before the `=`.
fn name(entry: &CString) -> &[u8] {
    entry.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn null() -> OwnedFd {
        OwnedFd::from(std::fs::File::open("/dev/null").unwrap())
    }

    #[test]
    fn a_connections_variable_hides_the_programs() {
        let mut plan = Plan::new(c"/bin/true".into());
        plan.env = vec![c"A=1".into(), c"AB=2".into(), c"B=3".into()];
        let connection = Connection::new().env("C", "1").env("A", "9").env("C", "");
        let entries: Vec<_> = connection.environment(&plan).map(CString::as_c_str).collect();
        assert_eq!(entries, [c"AB=2", c"B=3", c"A=9", c"C="]);
    }

    #[test]
    fn faults_are_kept_until_the_spawn() {
        assert_eq!(Connection::socket(null()).fault, None);
        for (connection, fault) in [
            (Connection::new().give(null(), &[32]), BadConnection::Target(32)),
            (Connection::new().give(null(), &[-1]), BadConnection::Target(-1)),
            (Connection::new().give(null(), &[1, 1]), BadConnection::Twice(1)),
            (Connection::new().env("A=B", "x"), BadConnection::Text),
            (Connection::new().env("A", "x\0y"), BadConnection::Text),
        ] {
            assert_eq!(connection.fault, Some(fault));
        }
    }
}
