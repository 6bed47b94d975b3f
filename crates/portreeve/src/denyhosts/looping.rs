//! `--daemon` and `--foreground`: the same again and again, until a signal says otherwise.

use super::flags::Flags;
use super::lock::Lock;
use super::reader::Reader;
use super::say::Weight;
use super::setup::Setup;
use super::{pass, purge};
use portreeve_sys::poll::{Interest, Poller};
use portreeve_sys::process::{Signal, new_session};
use portreeve_sys::program::{Forked, fork};
use portreeve_sys::signals::Signals;
use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::time::Duration;

/// Reads the log once, then goes to the background if asked, and goes on.
///
/// # Errors
/// Something cannot be done before it goes to the background; or, in the foreground, at all.
pub(super) fn run(flags: &Flags, setup: &mut Setup) -> Result<(), String> {
    let lock = Lock::take(&setup.settings.lock_file, flags.unlock)?;
    let mut reader = Reader::new(setup, &setup.settings.secure_log.clone())?;
    let log = setup.settings.daemon_log.clone().filter(|_| flags.daemon);
    if let Some(found) = reader.read(setup, flags.ignore)? {
        pass::judge(setup, flags, found)?;
        reader.save(setup)?;
    }
    let failed = |error: std::io::Error| format!("cannot go to the background: {error}");
    let lock = match flags.daemon {
        false => lock,
        true => match detach().map_err(failed)? {
            // the file stays: it is the child's now, which has written its own number into it
            None => {
                lock.leave();
                return Ok(());
            }
            Some(tell) => {
                let lock = lock.taken_over()?;
                drop(tell);
                lock
            }
        },
    };
    if let Some(path) = log {
        setup.say.least = setup.say.least.min(Weight::Info);
        setup.say.turn_to(&PathBuf::from(path), setup.settings.log_time_format.clone())?;
    }
    let ended = turn(flags, setup, &mut reader);
    if let Err(why) = &ended {
        setup.say.warning(why);
    }
    let released = lock.release();
    ended.and(released)
}

/// Leaves the terminal behind. The process that was there waits until what is given here is dropped,
/// and has nothing.
///
/// # Errors
/// Those of fork(2), setsid(2) and of `/dev/null`.
fn detach() -> std::io::Result<Option<std::io::PipeWriter>> {
    // The parent waits for a word, so that whoever started it finds the lock with the right number.
    let (mut told, tell) = std::io::pipe()?;
    if let Forked::Parent(_) = fork()? {
        drop(tell);
        let mut word = Vec::new();
        let _ended_without_one = std::io::Read::read_to_end(&mut told, &mut word);
        return Ok(None);
    }
    drop(told);
    new_session()?;
    // not a session's leader any more: no terminal becomes its own
    if let Forked::Parent(_) = fork()? {
        portreeve_sys::program::leave(0);
    }
    std::env::set_current_dir("/")?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let fd = null.as_fd();
    portreeve_sys::program::place(&[(fd, 0), (fd, 1), (fd, 2)])?;
    Ok(Some(tell))
}

fn turn(flags: &Flags, setup: &mut Setup, reader: &mut Reader) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot wait for signals: {error}");
    let signals = Signals::new(&[Signal::Term, Signal::Int, Signal::Usr1, Signal::Hup]);
    let signals = signals.map_err(failed)?;
    let mut poller = Poller::new().map_err(failed)?;
    poller.add(&signals, 0, Interest::READ).map_err(failed)?;
    let sleep = Duration::from_secs(setup.settings.daemon_sleep);
    let every = Duration::from_secs(setup.settings.daemon_purge).max(sleep);
    setup.say.info(&format!("running, pid {}; TERM ends it", std::process::id()));
    let mut purged = portreeve_sys::clock::since_boot();
    let mut wake = purged + sleep;
    loop {
        let now = portreeve_sys::clock::since_boot();
        if now < wake {
            let mut events = Vec::new();
            poller.wait(&mut events, Some(wake - now)).map_err(failed)?;
            for caught in signals.read().map_err(failed)? {
                if [Signal::Term, Signal::Int].contains(&caught.signal) {
                    setup.say.info("ending, as a signal says");
                    return Ok(());
                }
                // HUP changes nothing: the configuration is read at the start alone
                if caught.signal == Signal::Usr1 {
                    toggle(setup);
                }
            }
            continue;
        }
        wake = now + sleep;
        // a log that is away may come back
        match reader.read(setup, false) {
            Ok(Some(found)) => {
                pass::judge(setup, flags, found)?;
                reader.save(setup)?;
            }
            Ok(None) => {}
            Err(why) => setup.say.info(&why),
        }
        if let Some(age) = setup.settings.purge_deny
            && now.saturating_sub(purged) >= every
        {
            purged = now;
            purge::older_than(setup, age)?;
        }
    }
}

fn toggle(setup: &mut Setup) {
    let (least, word) = match setup.say.least {
        Weight::Debug => (Weight::Info, "INFO"),
        Weight::Info | Weight::Warning => (Weight::Debug, "DEBUG"),
    };
    setup.say.least = Weight::Info;
    setup.say.info(&format!("from now on {word} is told"));
    setup.say.least = least;
}
