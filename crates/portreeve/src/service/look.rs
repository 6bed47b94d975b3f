//! What a service's directory says of it.

use super::place::{Kind, Place};
use portreeve_supervise::native;
use portreeve_supervise::record::{self, Record};
use portreeve_supervise::state::{self, Phase, State};
use portreeve_supervise::status::{self, Status};
use portreeve_sys::adopted::start_time;
use portreeve_sys::clock::wall;
use portreeve_sys::file::read_bounded;
use portreeve_sys::{Pid, pipe};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

/// Bytes of a status file that are looked at, at most: others' have more behind the ancestor's 18.
const STATUS: usize = 64;

/// How often two files are read that disagree, and the pause between; files that are older than this
/// do not change while they are read.
const TRIES: u32 = 25;
const PAUSE: Duration = Duration::from_millis(4);
const NEW: Duration = Duration::from_millis(500);

/// Which boot of the machine this is.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Whether somebody supervises a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Supervisor {
    /// Somebody does.
    Runs,
    /// Somebody did.
    Away,
    /// Nobody ever did.
    Never,
    /// This user may not know.
    Denied,
    /// It cannot be known, for this reason.
    Unknown(String),
}

/// A service as its directory shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Who looks after it.
    pub(crate) supervisor: Supervisor,
    /// What the last supervisor said, if it can be read.
    pub(crate) status: Option<Status>,
    /// What only portreeve's supervisor says: nothing where another runs.
    pub(crate) state: Option<State>,
    /// It is not started with its supervisor: its directory has a file `down`.
    pub(crate) disabled: bool,
    /// Its process, where it runs and nobody supervises it.
    pub(crate) left: Option<u32>,
    /// Why the door does not give it to the keeper as it is configured: a reason a line.
    pub(crate) held: Option<String>,
}

impl Seen {
    /// Its process, if it runs and is supervised.
    pub(crate) fn pid(&self) -> Option<u32> {
        let runs = self.supervisor == Supervisor::Runs;
        self.status.filter(|_| runs).map(|status| status.pid).filter(|pid| *pid != 0)
    }
}

/// Looks at a service. Nothing of it is waited for, and nothing it holds is believed beyond its bound.
pub(crate) fn look(place: &Place) -> Seen {
    let file = |name: &str| place.path.join("supervise").join(name);
    let supervisor = supervisor(&file("ok"));
    let (status, state) = match supervisor {
        Supervisor::Never | Supervisor::Denied => (None, None),
        Supervisor::Runs => both(&file("status"), &file("state")),
        Supervisor::Away | Supervisor::Unknown(_) => (status_of(&file("status")), None),
    };
    let left = match supervisor {
        Supervisor::Away => left(&file("process")),
        Supervisor::Runs | Supervisor::Never | Supervisor::Denied | Supervisor::Unknown(_) => None,
    };
    // what cannot be told is as if it were not there
    let disabled = place.path.join("down").symlink_metadata().is_ok();
    Seen { supervisor, status, state, disabled, left, held: held(place) }
}

/// Why a service of the configuration is held back, if it is.
fn held(place: &Place) -> Option<String> {
    let path = place.path.parent().filter(|_| place.kind == Kind::Native)?.join(native::HELD);
    let text = read_bounded(&path.join(place.path.file_name()?), native::MOST_HELD).ok()?.bytes;
    Some(String::from_utf8_lossy(&text).into_owned())
}

fn supervisor(ok: &Path) -> Supervisor {
    match pipe::open_writer(ok) {
        Ok(Some(_)) => Supervisor::Runs,
        Ok(None) => Supervisor::Away,
        Err(error) if error.kind() == ErrorKind::NotFound => Supervisor::Never,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Supervisor::Denied,
        Err(error) => Supervisor::Unknown(error.to_string()),
    }
}

/// Status and state, which are two files: one may be a moment older than the other.
fn both(status: &Path, state: &Path) -> (Option<Status>, Option<State>) {
    let mut tries = TRIES;
    loop {
        let said = status_of(status);
        let Some(more) = state_of(state) else { return (said, None) };
        if said.is_some_and(|said| agree(&said, &more)) {
            return (said, Some(more));
        }
        tries -= 1;
        if tries == 0 || !(is_new(status) && is_new(state)) {
            return (said, None); // left behind by ours, and another supervises it now
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether both are of the same moment.
fn agree(status: &Status, state: &State) -> bool {
    match state.phase {
        Phase::Up => status.pid == state.pid && status.since == state.since,
        Phase::Down | Phase::Waiting | Phase::Finishing => status.pid == 0,
    }
}

/// Whether a file was written just now, or will have been.
fn is_new(path: &Path) -> bool {
    let written = path.metadata().ok().and_then(|meta| meta.modified().ok());
    let since = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.is_some_and(|at| at.saturating_add(NEW) >= wall())
}

fn state_of(path: &Path) -> Option<State> {
    State::parse(&read_bounded(path, state::MOST).ok()?.bytes)
}

fn status_of(path: &Path) -> Option<Status> {
    let content = read_bounded(path, STATUS).ok()?;
    Status::from_bytes(&content.bytes).filter(|_| content.bytes.len() >= status::SIZE)
}

/// The process that the last supervisor started, if it is still that.
fn left(path: &Path) -> Option<u32> {
    let record = Record::parse(&read_bounded(path, record::MOST).ok()?.bytes)?;
    let boot = read_bounded(Path::new(BOOT), 64).ok()?.bytes;
    let pid = Pid::from_raw(i32::try_from(record.pid).ok()?)?;
    let same = boot.trim_ascii() == record.boot.as_bytes()
        && start_time(pid).is_ok_and(|began| began == record.start);
    same.then_some(record.pid)
}
