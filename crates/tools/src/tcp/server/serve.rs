//! Taking connections, and reaping those who served them.

use super::child::{Ended, serve_one};
use super::direct::{Begun, Direct};
use super::options::Wanted;
use super::start::Listening;
use crate::reason::reason;
use crate::say;
use crate::tcp::Tells;
use crate::trouble::Trouble;
use portreeve_sys::Signal;
use portreeve_sys::program::{Forked, fork};
use portreeve_sys::socket::{AcceptError, Accepted, accept};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{WaitOptions, wait};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

/// How long it waits where the system has nothing left to take a connection with.
const PAUSE: Duration = Duration::from_secs(1);

/// Until TERM; who is being served then, goes on.
pub(super) fn serve(wanted: &Wanted, listening: Listening) -> Result<ExitCode, Trouble> {
    match take_all(wanted, &listening)? {
        None => Ok(ExitCode::SUCCESS),
        Some(accepted) => {
            // whoever serves does not keep the port
            drop(listening);
            serve_one(wanted, &accepted)
        }
    }
}

/// In this process until TERM, and then nothing; in each copy of it the connection to serve.
fn take_all(wanted: &Wanted, listening: &Listening) -> Result<Option<Accepted>, Trouble> {
    let direct = Direct::new(wanted);
    let mut server = Server { wanted, listening, direct, running: 0 };
    server.tell_status();
    let mut pausing = false;
    loop {
        let taking = server.running < wanted.limit && !pausing;
        let asked = if taking { 2 } else { 1 };
        let mut fds = [
            PollFd::from_borrowed_fd(listening.signals.as_fd(), PollFlags::IN),
            PollFd::new(&listening.socket, PollFlags::IN),
        ];
        let limit = std::mem::take(&mut pausing).then_some(PAUSE);
        let limit = [limit, server.wait_hint()].into_iter().flatten().min();
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        match poll(fds.get_mut(..asked).unwrap_or_default(), limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Trouble::system("unable to wait", &error.into())),
        }
        let [told, comes] = fds.each_ref().map(|fd| !fd.revents().is_empty());
        if told {
            let caught = listening.signals.read();
            let caught = caught.map_err(|error| Trouble::system("unable to wait", &error))?;
            if caught.iter().any(|caught| caught.signal == Signal::Term) {
                return Ok(None);
            }
            server.reap();
        }
        server.collect();
        if comes {
            match server.take()? {
                Next::Goes => {}
                Next::Pause => pausing = true,
                Next::Serve(accepted) => return Ok(Some(accepted)),
            }
        }
    }
}

/// What follows an attempt to take a connection.
enum Next {
    /// The next one.
    Goes,
    /// Nothing, for a while.
    Pause,
    /// This is the copy that serves it.
    Serve(Accepted),
}

struct Server<'a> {
    wanted: &'a Wanted,
    listening: &'a Listening,
    /// Where no copy is needed to serve one.
    direct: Option<Direct>,
    running: u32,
}

impl Server<'_> {
    fn tell_status(&self) {
        if self.wanted.tells == Tells::All {
            say(format!("tcpserver: status: {}/{}\n", self.running, self.wanted.limit));
        }
    }

    /// Every child that has ended.
    fn reap(&mut self) {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if self.wanted.tells == Tells::All {
                        let status = status.as_raw();
                        say(format!("tcpserver: end {} status {status}\n", pid.as_raw_pid()));
                    }
                    self.running = self.running.saturating_sub(1);
                    self.tell_status();
                }
                Err(Errno::INTR) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn take(&mut self) -> Result<Next, Trouble> {
        let accepted = match accept(&self.listening.socket) {
            Ok(Some(accepted)) => accepted,
            Ok(None) | Err(AcceptError::Transient(_)) => return Ok(Next::Goes),
            Err(AcceptError::Exhausted(error)) => {
                self.warn(&format!("unable to accept, pausing: {}", reason(&error)));
                return Ok(Next::Pause);
            }
            Err(AcceptError::Fatal(error)) => {
                return Err(Trouble::system("unable to accept", &error));
            }
        };
        self.running = self.running.saturating_add(1);
        self.tell_status();
        if let Some(direct) = &mut self.direct {
            match direct.serve(self.wanted, &accepted) {
                Begun::Child => return Ok(Next::Goes),
                Begun::Ended(ended) => {
                    self.running = self.running.saturating_sub(1);
                    if let Ended::Failed(why) = ended {
                        self.warn(&format!("dropping connection, {why}"));
                    }
                    return Ok(Next::Goes);
                }
                Begun::Copy => {}
            }
        }
        match fork() {
            Ok(Forked::Parent(_)) => {}
            Ok(Forked::Child) => return Ok(Next::Serve(accepted)),
            Err(error) => {
                let why = reason(&error);
                self.warn(&format!("dropping connection, unable to fork: {why}"));
                self.running = self.running.saturating_sub(1);
                self.tell_status();
            }
        }
        Ok(Next::Goes)
    }

    /// Tells why programs were not executed.
    fn collect(&mut self) {
        for why in self.direct.as_mut().map(Direct::collect).unwrap_or_default() {
            self.warn(&format!("dropping connection, {why}"));
        }
    }

    /// How soon that is worth it.
    fn wait_hint(&self) -> Option<Duration> {
        self.direct.as_ref().and_then(Direct::wait_hint)
    }

    fn warn(&self, text: &str) {
        if self.wanted.tells >= Tells::Errors {
            say(format!("tcpserver: warning: {text}\n"));
        }
    }
}
