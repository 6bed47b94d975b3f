//! The guard: does the deeds, keeps the time, and puts everything back unless it is told not to.

use super::deeds::Worker;
use super::proof::{Wanted, judge};
use super::state::{Phase, Place, millis};
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::host::process::ancestors;
use crate::paths::Paths;
use portreeve_sys::channel::{control_accept, control_listen, peer_credentials};
use portreeve_sys::clock::{monotonic, since_boot};
use portreeve_sys::poll::{Interest, Poller};
use portreeve_wire::control::{Answer, MOST_ANCESTORS, Request};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

/// How long it waits for the lock, which the command that started it gives up.
const LOCKING: Duration = Duration::from_secs(5);

/// Pause between two looks at the door during the trial.
const LOOK: Duration = Duration::from_secs(1);

/// So many looks in a row that find the door away, or not listening, end the trial.
const MOST_MISSED: u32 = 3;

/// How long an asker may take to ask.
const ASKING: Duration = Duration::from_secs(2);

/// Asks to confirm.
pub(super) const CONFIRM: &[u8] = b"confirm\n";

/// Asks to put everything back at once.
pub(super) const UNDO: &[u8] = b"undo\n";

/// First word of an answer that grants what was asked.
pub(super) const DONE: &str = "done: ";

/// First word of one that does not.
pub(super) const REFUSED: &str = "refused: ";

/// Runs the guard of the takeover `id`.
pub(crate) fn main(id: &str, paths: &Paths) -> Result<Exit, Failure> {
    // under the service manager it leads a session already
    let _leads_one = portreeve_sys::process::new_session();
    let place = Place::new(paths);
    let failed = |error| Failure::system("take up the takeover", &error);
    let lock = lock(&place)?;
    let state = place.load().map_err(failed)?.filter(|state| state.id == id);
    let Some(state) = state.filter(|state| state.phase == Phase::Planned) else {
        return Err(Failure::new(Exit::Usage, "there is no takeover of that number to guard"));
    };
    let mut worker = Worker { state, place, paths, lock };
    worker.state.guard = Some(std::process::id());
    let ended = match guard(&mut worker) {
        Ok(()) => Phase::Confirmed,
        Err(why) => worker.undo(&why),
    };
    let _gone = fs::remove_file(worker.place.socket());
    Ok(if ended == Phase::Confirmed { Exit::Yes } else { Exit::No })
}

fn lock(place: &Place) -> Result<File, Failure> {
    let deadline = monotonic() + LOCKING;
    loop {
        match place.lock() {
            Ok(Some(lock)) => return Ok(lock),
            Ok(None) if monotonic() < deadline => thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                return Err(Failure::new(Exit::Unavailable, "another takeover is under way"));
            }
            Err(error) => return Err(Failure::system("lock the takeover", &error)),
        }
    }
}

/// From the first deed to the confirmation.
///
/// # Errors
/// Why everything is to be put back.
fn guard(worker: &mut Worker<'_>) -> Result<(), String> {
    worker.save()?;
    let socket = listen(worker)?;
    let before_trial = worker.state.before_trial;
    worker.steps(Phase::Stopping, before_trial)?;
    worker.open()?;
    worker.state.began = millis(monotonic());
    worker.state.began_since_boot = millis(since_boot());
    let names = worker.state.names();
    let text = format!("the door listens for {names}; {} s to confirm it", worker.state.seconds);
    worker.note(Phase::Trial, text)?;
    await_confirmation(worker, &socket)
}

/// Who may ask the door may ask the guard.
fn listen(worker: &Worker<'_>) -> Result<OwnedFd, String> {
    let group = fs::metadata(worker.paths.control()).map(|meta| meta.gid()).ok();
    control_listen(&worker.place.socket(), 0o660, group).map_err(|error| error.to_string())
}

fn await_confirmation(worker: &mut Worker<'_>, socket: &OwnedFd) -> Result<(), String> {
    let mut poller = Poller::new().map_err(|error| error.to_string())?;
    poller.add(socket, 0, Interest::READ).map_err(|error| error.to_string())?;
    let (mut events, mut missed, mut next_look) = (Vec::new(), 0, monotonic());
    let until = Duration::from_millis(worker.state.until());
    loop {
        let now = monotonic();
        if now >= until {
            return Err("nobody confirmed it from a new connection in time".into());
        }
        if now >= next_look {
            match look(worker) {
                Ok(()) => missed = 0,
                Err(_) if missed + 1 < MOST_MISSED => missed += 1,
                Err(why) => return Err(why),
            }
            next_look = monotonic() + LOOK;
        }
        let wait = until.min(next_look).saturating_sub(monotonic());
        poller.wait(&mut events, Some(wait)).map_err(|error| error.to_string())?;
        // one at a time: however many ask, the trial ends when it should
        if let Ok(Some(asker)) = control_accept(socket)
            && asked(worker, asker)?
        {
            return Ok(());
        }
    }
}

/// Whether the door is there and listens on every address of the services.
fn look(worker: &Worker<'_>) -> Result<(), String> {
    let answered = client::ask(worker.paths, &Request::Status, Patience::Moment);
    let answer = answered.and_then(|a| client::granted(a.answer)).map_err(|f| f.to_string())?;
    let Answer::Status(status) = answer else { return Err(client::unexpected().to_string()) };
    for key in &worker.state.services {
        let service = status.services.iter().find(|service| service.key == *key);
        let service = service.ok_or_else(|| format!("the door has no service {key} any more"))?;
        let down = service.listeners.iter().find_map(|l| Some((l.address, l.down.as_deref()?)));
        if let Some((address, why)) = down {
            return Err(format!("the door does not listen on {address} any more: {why}"));
        }
    }
    Ok(())
}

/// Hears one asker; whether the takeover is confirmed and permanent.
///
/// # Errors
/// Why everything is to be put back.
fn asked(worker: &mut Worker<'_>, asker: OwnedFd) -> Result<bool, String> {
    let pid = peer_credentials(&asker).map(|who| who.pid).unwrap_or(0);
    let mut stream = UnixStream::from(asker);
    let mut words = [0; 16];
    let ready = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(ASKING)))
        .and_then(|()| stream.set_write_timeout(Some(ASKING)));
    let read = ready.and_then(|()| stream.read(&mut words)).unwrap_or(0);
    let mut answer = |text: String| {
        // an asker that left is told by the state, as everybody is
        let _nobody_to_tell = stream.write_all(text.as_bytes());
    };
    match words.get(..read) {
        Some(UNDO) => {
            answer(format!("{DONE}everything is being put back\n"));
            Err("it was asked for".into())
        }
        Some(CONFIRM) => match prove(worker, pid) {
            Err(why) => {
                worker.note(Phase::Trial, format!("a confirmation is refused: {why}"))?;
                answer(format!("{REFUSED}{why}\n"));
                Ok(false)
            }
            Ok(by) => {
                let end = worker.state.steps.len();
                worker.note(Phase::Keeping, format!("confirmed by {by}"))?;
                let kept = worker.steps(Phase::Keeping, end);
                if let Err(why) = &kept {
                    answer(format!("{REFUSED}{why}; everything is put back\n"));
                }
                kept?;
                worker.note(Phase::Confirmed, "the takeover is done and lasts".to_owned())?;
                answer(format!("{DONE}{} stays with the door\n", worker.state.names()));
                Ok(true)
            }
        },
        Some(_) | None => Ok(false),
    }
}

/// How the asker came in, if that was since the trial began.
fn prove(worker: &Worker<'_>, pid: i32) -> Result<String, String> {
    let pid = u32::try_from(pid).ok().filter(|pid| *pid > 0);
    let pid = pid.ok_or("the asker's process is not visible from here")?;
    let ancestors = ancestors(pid, MOST_ANCESTORS);
    let pids = ancestors.iter().map(|process| process.pid).collect();
    let answered = client::ask(worker.paths, &Request::SessionsOf { pids }, Patience::Moment);
    let answer = answered.and_then(|a| client::granted(a.answer)).map_err(|f| f.to_string())?;
    let Answer::SessionsOf(sessions) = answer else { return Err(client::unexpected().to_string()) };
    let state = &worker.state;
    let wanted = Wanted {
        services: &state.services,
        login: state.login,
        began: state.began,
        began_since_boot: Duration::from_millis(state.began_since_boot),
    };
    judge(&wanted, &ancestors, &sessions)
}
