//! multilog: lines from standard input, sorted into logs that never grow past their bounds.

mod flow;
mod folder;
mod full;
mod outputs;
mod processor;

use crate::applet::Call;
use crate::say;
use crate::trouble::Trouble;
use flow::{Flow, Next};
use outputs::Outputs;
use portreeve_supervise::script::Script;
use portreeve_sys::Signal;
use portreeve_sys::signals::Signals;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::stdio::stdin;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use std::time::Duration;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// How long it waits before it tries again what the system refused.
const PAUSE: Duration = Duration::from_secs(5);

/// `multilog SCRIPT…`. What has been read is written before more is read; what cannot be written is
/// tried until it can. TERM: finishes the line at hand and ends. ALRM: begins new files.
pub(crate) fn multilog(call: &Call) -> Result<ExitCode, Trouble> {
    let words: Vec<&[u8]> = call.arguments.iter().map(|word| word.as_bytes()).collect();
    let (script, odd) = Script::parse(&words);
    for word in odd {
        let word = String::from_utf8_lossy(word);
        say(format!("multilog: warning: `{word}` is no action and is passed over\n"));
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let signals = Signals::new(&[Signal::Term, Signal::Alarm])
        .map_err(|error| Trouble::system("unable to take signals", &error))?;
    let outputs = Outputs::open(&script)?;
    let mut flow = Flow::new(script, outputs);
    // not cleared: what nobody sends takes no memory
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut leaving = false;
    loop {
        flow.write_out();
        if leaving && flow.at_line_start() {
            break;
        }
        let mut next = None;
        if flow.unfinished() {
            next = wait(&signals, Some(&Timespec::default()))?;
            if next.is_none() {
                flow.finish();
            }
        }
        let next = match next {
            Some(next) => next,
            None => wait(&signals, None)?.unwrap_or(Next::Input),
        };
        match next {
            Next::Signal(Signal::Alarm) => flow.rotate_all(),
            Next::Signal(Signal::Term) => leaving = true,
            Next::Signal(_) => {}
            Next::Input => {
                // once it is to leave, the next line is somebody else's
                let most = if leaving { 1 } else { CHUNK };
                match read_some(&mut chunk, most) {
                    Ok(0) => break,
                    Ok(_) => flow.take(&chunk),
                    Err(Errno::INTR | Errno::AGAIN) => {}
                    Err(error) => {
                        pause("unable to read standard input", &error.into());
                    }
                }
            }
        }
    }
    flow.end();
    Ok(ExitCode::SUCCESS)
}

/// Reads at most so many bytes, at least one of them unless there are no more.
fn read_some(chunk: &mut Vec<u8>, most: usize) -> Result<usize, Errno> {
    chunk.clear();
    if most < CHUNK {
        chunk.resize(most, 0);
        return read(stdin(), chunk.as_mut_slice());
    }
    read(stdin(), spare_capacity(chunk))
}

/// Until there is input or a signal, signals first, or the time is over.
fn wait(signals: &Signals, limit: Option<&Timespec>) -> Result<Option<Next>, Trouble> {
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(stdin(), PollFlags::IN),
        ];
        match poll(&mut fds, limit) {
            Ok(0) => return Ok(None),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Trouble::system("unable to wait", &error.into())),
        }
        let told = fds.each_ref().map(|fd| !fd.revents().is_empty());
        if told == [false, true] {
            return Ok(Some(Next::Input));
        }
        let caught = signals.read().map_err(|error| Trouble::system("unable to wait", &error))?;
        // TERM outweighs ALRM: what is left rotates at the next start or by size
        let term = caught.iter().any(|caught| caught.signal == Signal::Term);
        if let Some(first) = caught.first() {
            let signal = if term { Signal::Term } else { first.signal };
            return Ok(Some(Next::Signal(signal)));
        }
    }
}

/// What a deed of the system was that failed; then time for somebody to mend it.
fn pause(deed: &str, error: &std::io::Error) {
    say(format!("multilog: warning: {deed}, pausing: {}\n", crate::reason::reason(error)));
    std::thread::sleep(PAUSE);
}

/// Does it until it is done.
fn insist<T>(deed: impl Fn() -> String, mut attempt: impl FnMut() -> std::io::Result<T>) -> T {
    loop {
        match attempt() {
            Ok(done) => return done,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => pause(&deed(), &error),
        }
    }
}
