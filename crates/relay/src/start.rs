//! From a fresh process to a confined one at work.

use crate::args::{self, Bounds};
use crate::desk::{self, Ending};
use crate::dns;
use portreeve_sandbox::leaf::{self, Stop, system};
use portreeve_sandbox::{Confinement, Profile, Sandbox};
use portreeve_sys::limits::{self, Limit};
use portreeve_sys::{Resource, clock};
use std::process::ExitCode;
use tokio::task::LocalSet;

/// Descriptors for what is not counted by a bound: the channel, the runtime, the DNS over TCP, and
/// those that come with messages not yet looked at.
const OTHER: usize = 128;

/// Runs the program: 0 when the monitor has gone and the last session with it.
#[must_use]
pub fn main() -> ExitCode {
    leaf::main("portreeve-relay", run)
}

fn run() -> Result<(), Stop> {
    let bounds =
        args::parse(std::env::args_os().skip(1)).map_err(|why| Stop(64, why.to_string()))?;
    let channel = leaf::channel()?;
    let bounds = within_descriptors(bounds)?;
    let confinement = confine()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(system("start the runtime"))?;
    let work = desk::work(channel, bounds, confinement.landlock);
    match LocalSet::new().block_on(&runtime, work).map_err(system("use the channel"))? {
        Ending::Closed => Ok(()),
        Ending::Nonsense => Err(Stop(70, "the monitor's message makes no sense".to_owned())),
    }
}

/// Confines this process, single-threaded, before any runtime exists; then proves it.
fn confine() -> Result<Confinement, Stop> {
    // Its first reading finds out where the kernel keeps the time, from a file out of reach later.
    let _ = clock::monotonic();
    let sandbox =
        Sandbox { read_paths: dns::paths(), write_dirs: Vec::new(), seccomp: Profile::Relay };
    leaf::confine(sandbox)
}

/// Raises the limit of open files as far as needed and allowed; where it stays too low, fewer
/// sessions are served, so that no message ever loses its descriptors.
fn within_descriptors(bounds: Bounds) -> Result<Bounds, Stop> {
    // A write may hold a file beside its connection.
    let others = dns::SOCKETS.0 + dns::SOCKETS.1 + bounds.idents + 2 * bounds.writes + OTHER;
    let wanted = u64::try_from(bounds.sessions.saturating_add(others)).unwrap_or(u64::MAX);
    let limit = limits::get(Resource::OpenFiles);
    let most = limit.hard.unwrap_or(u64::MAX);
    if limit.soft.is_some_and(|soft| soft < wanted) {
        let raised = Limit { soft: Some(wanted.min(most)), ..limit };
        limits::set(Resource::OpenFiles, raised)
            .map_err(system("raise the limit of open files"))?;
    }
    let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(others);
    if room == 0 {
        let why = format!("a limit of {most} open files leaves no room for a session");
        return Err(Stop(71, why));
    }
    Ok(Bounds { sessions: bounds.sessions.min(room), ..bounds })
}
