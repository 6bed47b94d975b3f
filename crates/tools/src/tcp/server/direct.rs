//! One connection without a copy of the server: where nobody has to be asked who is there, the server
//! itself asks the rules, and starts the program beside itself, without waiting for it.

use super::child::{Ended, NO_PROGRAM, Obeyed, ends, prepare};
use super::options::Wanted;
use crate::chain::Program as Chain;
use crate::reason::reason;
use crate::tcp::ends::{forget, interface};
use portreeve_sys::clock::monotonic;
use portreeve_sys::descriptor::duplicate;
use portreeve_sys::inheritance::passes_on;
use portreeve_sys::socket::Accepted;
use portreeve_sys::spawn::{Connection, Plan, Program, SpawnError, Spawner, Started, Step};
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::Duration;

/// Starts under way at a time; for one more there is a copy of the server.
const MOST: usize = 32;

/// See the module.
#[derive(Debug)]
pub(super) struct Direct {
    spawner: Spawner,
    chain: Chain,
    /// The program at the place where it was last found.
    program: Option<Arc<Program>>,
    errors: Arc<OwnedFd>,
}

/// What came of a connection.
#[derive(Debug)]
pub(super) enum Begun {
    /// A child, which becomes the program, or of which [`Direct::collect`] tells why not.
    Child,
    /// No child: the peer is not let in, or something is wrong.
    Ended(Ended),
    /// A copy of the server is to do it.
    Copy,
}

impl Direct {
    /// Nothing where this is not how it can be done: a program gets no descriptors this way but its
    /// connection and standard error, so where this process was given others to pass on, it passes
    /// them on by copies of itself.
    pub(super) fn new(wanted: &Wanted) -> Option<Self> {
        if !wanted.is_plain() || passes_on().ok()? {
            return None;
        }
        let errors = Arc::new(duplicate(std::io::stderr()).ok()?);
        let spawner = Spawner::new(MOST).ok()?.failing_with(NO_PROGRAM);
        let mut chain = wanted.program.clone();
        forget(&mut chain);
        Some(Self { spawner, chain, program: None, errors })
    }

    /// Decides, and starts the program.
    pub(super) fn serve(&mut self, wanted: &Wanted, accepted: &Accepted) -> Begun {
        prepare(wanted, accepted);
        let decided = ends(wanted, accepted).and_then(|ends| {
            let obeyed = Obeyed::by(wanted, &ends)?;
            if obeyed.granted { Ok((ends, obeyed)) } else { Err(Ended::Denied) }
        });
        let (ends, obeyed) = match decided {
            Ok(decided) => decided,
            Err(ended) => return Begun::Ended(ended),
        };
        let Some(program) = self.program() else { return Begun::Copy };
        let mut connection = Connection::new().share(&self.errors, &[2]);
        let told = ends.variables().into_iter().chain(interface(&accepted.fd, accepted.peer));
        for (name, value) in told {
            connection = connection.env(name, OsStr::from_bytes(&value));
        }
        for (name, value) in &obeyed.settings {
            connection = connection.env(OsStr::from_bytes(name), OsStr::from_bytes(value));
        }
        let Ok(socket) = duplicate(&accepted.fd) else { return Begun::Copy };
        match self.spawner.spawn(&program, connection.give(socket, &[0, 1])) {
            Ok(_) => Begun::Child,
            Err(SpawnError::NoSlot | SpawnError::Connection(_)) => Begun::Copy,
            Err(SpawnError::Os(error)) => {
                Begun::Ended(Ended::Failed(format!("unable to fork: {}", reason(&error))))
            }
        }
    }

    /// Where it is now.
    fn program(&mut self) -> Option<Arc<Program>> {
        let place = self.chain.place()?;
        if let Some(program) = self.program.as_ref().filter(|it| it.path() == &*place) {
            return Some(Arc::clone(program));
        }
        let (argv, env) = self.chain.texts()?;
        let program = Plan { argv, env, ..Plan::new(place) }.prepare().ok()?;
        Some(Arc::clone(self.program.insert(Arc::new(program))))
    }

    /// Why programs of which it is known by now were not executed, as it is to be said. To be called
    /// when children have been reaped.
    pub(super) fn collect(&mut self) -> Vec<String> {
        if self.spawner.wait_hint().is_none() {
            return Vec::new();
        }
        let failed = |result| {
            let (step, error) = match result {
                Started::Executed | Started::Killed { .. } => return None,
                Started::Failed { step, errno } => (step, io::Error::from_raw_os_error(errno)),
                Started::TimedOut { step } => (step, io::ErrorKind::TimedOut.into()),
            };
            let deed = if step == Step::Exec {
                format!("unable to run {}", self.chain.name())
            } else {
                "unable to set up descriptors".to_owned()
            };
            Some(format!("{deed}: {}", reason(&error)))
        };
        let outcomes = self.spawner.collect(monotonic());
        outcomes.into_iter().filter_map(|outcome| failed(outcome.result)).collect()
    }

    /// How soon [`Self::collect`] is worth it.
    pub(super) fn wait_hint(&self) -> Option<Duration> {
        self.spawner.wait_hint()
    }
}
