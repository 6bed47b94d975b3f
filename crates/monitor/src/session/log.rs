//! Sessions with a log socket of their own (`syslog = "private"`).
//!
//! The socket is made here and lies over the host's in the session's mount namespace. The clerk reads
//! it, as it reads the pipe of standard error, and passes every message on to the host's; a duplicate
//! stays here, so that a clerk that dies costs the service nothing. When the session's process has
//! ended, the mount is taken away: what it left behind speaks to the host's log from then on.

use crate::door::Door;
use crate::session::evidence::Pipe;
use crate::session::serve::Failure;
use portreeve_sys::log_socket::{self, LogPlace, LogSocket};
use portreeve_sys::spawn::{Connection, Plan};
use portreeve_sys::{Pid, descriptor, file};
use portreeve_wire::clerk::Form;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

/// Sessions with a log socket of their own at a time: each has a copy of all the host's mounts, and
/// whatever is mounted on the host is mounted in each.
const MOST: usize = 4096;

/// How alarms about it begin.
const NO_LOG: &str = "no log socket for sessions of their own: ";

/// A session's own log socket.
#[derive(Debug)]
pub(crate) struct Log {
    /// Never read here.
    pub(crate) socket: Pipe,
    /// The session's mount namespace, once its program runs.
    pub(crate) namespace: Option<OwnedFd>,
}

impl Door {
    /// Makes one for a session that is about to start.
    pub(super) fn private_log(
        &mut self,
        session: u64,
        connection: Connection,
    ) -> Result<(Log, Connection), Failure> {
        if self.sessions.private_logs() >= MOST {
            self.alarm(&format!("{NO_LOG}{MOST} sessions have one"));
            return Err(Failure::Log);
        }
        let place = LogPlace::find().map_err(|error| {
            let why = if error.kind() == io::ErrorKind::NotFound {
                "this host has none at `/dev/log`".to_owned()
            } else {
                format!("`/dev/log`: {error}")
            };
            self.alarm(&format!("{NO_LOG}{why}"));
            Failure::Log
        })?;
        let LogSocket { socket, mount } = self.log_socket(session)?;
        let fd = descriptor::raised(&socket).map_err(|error| {
            self.forget_log_name(session);
            Failure::Descriptors(error)
        })?;
        let socket_pipe = Pipe { fd: Arc::new(fd), form: Form::Log };
        let connection = connection.give(socket, &[]).private_log(mount, &Arc::new(place));
        self.alarms.retain(|alarm| !alarm.starts_with(NO_LOG));
        Ok((Log { socket: socket_pipe, namespace: None }, connection))
    }

    fn log_socket(&mut self, session: u64) -> Result<LogSocket, Failure> {
        let name = self.log_name(session);
        let made = match LogSocket::new(&name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // the first since the folder was made, or since somebody removed it
                let made = file::make_state_dir(&self.paths.logs, 0o700, None);
                made.and_then(|()| LogSocket::new(&name))
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                // of a door that was killed in the midst of a start
                std::fs::remove_file(&name).and_then(|()| LogSocket::new(&name))
            }
            made => made,
        };
        made.map_err(|error| match descriptor::is_shortage(&error) {
            true => Failure::Descriptors(error),
            false => {
                self.alarm(&format!("{NO_LOG}{error}"));
                Failure::Log
            }
        })
    }

    /// Where it has a name, for as long as its mount has not found its place.
    fn log_name(&self, session: u64) -> PathBuf {
        self.paths.logs.join(session.to_string())
    }

    /// It needs its name no longer.
    pub(super) fn forget_log_name(&self, session: u64) {
        let _gone_already = std::fs::remove_file(self.log_name(session));
    }

    /// A start has come to something: if it was a session's with a log socket, that is in its place,
    /// or never will be.
    pub(super) fn log_is_placed(&mut self, pid: Pid) {
        let Some(number) = self.sessions.of_process(pid) else { return };
        let Some(log) = self.sessions.get_mut(number).and_then(|session| session.log.as_mut())
        else {
            return;
        };
        // of one that has ended in the meantime there is none: nothing of it is left
        log.namespace = log_socket::namespace(pid).and_then(|fd| descriptor::raised(&fd)).ok();
        self.forget_log_name(number);
    }

    /// The session's process has ended. What it has left behind finds the host's log again; what was
    /// said so far is still to be read.
    pub(super) fn leave_log(&mut self, session: u64, log: Log) -> Pipe {
        self.forget_log_name(session);
        if let (Some(namespace), Ok(place)) = (log.namespace, LogPlace::find()) {
            let plan = Plan { reserved: true, ..Plan::new(c"/".to_owned()) };
            if let Ok(program) = plan.prepare() {
                let leaving = Connection::leaving_log(namespace, &Arc::new(place));
                // without it they learn at their next message that nobody listens
                let _ = self.spawner.spawn(&Arc::new(program), leaving);
            }
        }
        log.socket
    }
}
