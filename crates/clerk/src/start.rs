//! From a fresh process to a confined one at work.

use crate::args::{self, Places};
use crate::clerk::{self, Ending, Equipment};
use crate::log::Folder;
use crate::store;
use jiff::tz::TimeZone;
use portreeve_sandbox::leaf::{self, Stop, system};
use portreeve_sandbox::{Profile, Sandbox};
use portreeve_sys::limits::{self, Limit};
use portreeve_sys::{Resource, clock};
use portreeve_wire::clerk::FromClerk;
use std::fs::{File, TryLockError};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::task::LocalSet;

/// A clerk whose monitor was killed reads on for a moment; its successor waits so long for it.
const SUCCEEDS_WITHIN: Duration = Duration::from_secs(10);

/// Descriptors for what is not an evidence pipe: the channel, the runtime, the ledger, services'
/// logs (two configurations of them at once), readers with the files of their past, and those that
/// come with messages not yet looked at.
const OTHER: u64 = 1024;

/// Evidence pipes, where the limit of open files leaves room: one for each session.
const MOST_PIPES: u64 = 1_000_000;

/// Runs the program: 0 when the monitor has said so or is gone, and all is written.
#[must_use]
pub fn main() -> ExitCode {
    leaf::main("portreeve-clerk", run)
}

fn run() -> Result<(), Stop> {
    let places =
        args::parse(std::env::args_os().skip(1)).map_err(|why| Stop(64, why.to_string()))?;
    let channel = leaf::channel()?;
    let most_pipes = raise_descriptors()?;
    let _alone = alone(&places.log)?;
    let folder = Folder::open(&places.log).map_err(system("open the log's directory"))?;
    let sockets = [datagrams()?, datagrams()?];
    // Read here for good: the zone's file is out of reach later.
    let zone = TimeZone::system();
    // So is what tells the clock without a system call.
    let _ = clock::wall();
    let landlock = confine(&places)?;
    let ledger = store::open(&places.state);
    let why = ledger.as_ref().err().map(ToString::to_string);
    let ready = FromClerk::Ready { landlock, ledger: why };
    let monitor = std::os::unix::process::parent_id();
    let journal_stream = places.journal_stream;
    let state = places.state.clone();
    let with = Equipment {
        channel,
        ready,
        folder,
        sockets,
        journal_stream,
        zone,
        monitor,
        most_pipes,
        state,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(system("start the runtime"))?;
    let store = store::start(places.state, ledger).map_err(system("start a thread"))?;
    let work = clerk::work(with, store);
    match LocalSet::new().block_on(&runtime, work).map_err(system("use the channel"))? {
        Ending::Done => Ok(()),
        Ending::Moved => Err(Stop(75, "the log's directory was removed or replaced".to_owned())),
        Ending::Nonsense(why) => Err(Stop(70, format!("the monitor makes no sense: {why}"))),
    }
}

/// A socket that sends to paths.
fn datagrams() -> Result<UnixDatagram, Stop> {
    let socket = UnixDatagram::unbound().map_err(system("make a socket"))?;
    socket.set_nonblocking(true).map_err(system("make a socket"))?;
    Ok(socket)
}

/// Confines this process, single-threaded, before any runtime exists; then proves it.
fn confine(places: &Places) -> Result<Option<u32>, Stop> {
    let sandbox = Sandbox {
        // For SQLite, which would do with less good numbers otherwise.
        read_paths: vec!["/dev/urandom".into()],
        write_dirs: vec![places.state.clone(), places.log.clone()],
        seccomp: Profile::Clerk,
    };
    let confinement = leaf::confine(sandbox)?;
    // The proof, where the kernel has Landlock: a file that everybody may read cannot be opened.
    if confinement.landlock.is_some() && std::fs::File::open("/proc/self/status").is_ok() {
        return Err(Stop(77, "files are not out of reach".to_owned()));
    }
    Ok(confinement.landlock)
}

/// Raises the limit of open files as far as allowed; says how many evidence pipes there may be.
fn raise_descriptors() -> Result<usize, Stop> {
    let limit = limits::get(Resource::OpenFiles);
    let most = limit.hard.unwrap_or(u64::MAX).min(MOST_PIPES + OTHER);
    if limit.soft.is_some_and(|soft| soft < most) {
        limits::set(Resource::OpenFiles, Limit { soft: Some(most), ..limit })
            .map_err(system("raise the limit of open files"))?;
    }
    // Half of a small limit is better than none of it.
    let pipes = most.saturating_sub(OTHER).max(most / 2);
    Ok(usize::try_from(pipes).unwrap_or(usize::MAX))
}

/// Takes the lock that makes this the one clerk of its log and ledger; it goes with the process.
fn alone(log: &Path) -> Result<File, Stop> {
    let folder = File::open(log).map_err(system("open the log's directory"))?;
    let until = clock::monotonic().saturating_add(SUCCEEDS_WITHIN);
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(folder),
            Err(TryLockError::WouldBlock) if clock::monotonic() < until => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Stop(71, "another clerk writes this log and does not end".to_owned()));
            }
            Err(TryLockError::Error(error)) => {
                return Err(system("lock the log's directory")(error));
            }
        }
    }
}
