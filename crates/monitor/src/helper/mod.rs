//! A helper program of our own: started, watched, started again with growing delay.

pub(crate) mod clerk;
pub(crate) mod dns_lists;
pub(crate) mod outbox;
pub(crate) mod programs;
pub(crate) mod relay;
pub(crate) mod retired;

use crate::accept::backlog::Backlog;
use crate::convert::describe;
use portreeve_sys::channel::{self, Channel};
use portreeve_sys::poll::{Interest, Poller};
use portreeve_sys::spawn::{Connection, Plan, Program, Spawner};
use portreeve_sys::{Capability, Pid, Status, spawn};
use portreeve_wire::Phase;
use portreeve_wire::event::{Helper, What};
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// First and longest delay before a dead helper is started again.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
/// One that lived so long starts over with the shortest delay.
const STEADY: Duration = Duration::from_secs(60);
/// A helper that has not said that it is ready after so long is ended.
const READY_WITHIN: Duration = Duration::from_secs(15);

/// A helper that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) pid: Pid,
    pub(crate) channel: Channel,
    /// The helper's own end, kept so that what it never read can be taken back.
    pub(crate) theirs: Channel,
    pub(crate) phase: Phase,
    since: Duration,
    /// What it has not taken yet, of a helper whose messages have no queue of their own.
    pub(crate) backlog: Backlog,
    /// Whether the poller wakes us when the channel takes more.
    waits_to_write: bool,
    /// It has been killed, and is waited for.
    ending: bool,
}

/// A helper, running or not.
#[derive(Debug)]
pub(crate) struct HelperProcess {
    pub(crate) helper: Helper,
    token: u64,
    program: Option<Arc<Program>>,
    pub(crate) running: Option<Running>,
    pub(crate) restarts: u32,
    pub(crate) trouble: Option<String>,
    delay: Duration,
    start_at: Option<Duration>,
    /// It is finishing, or has finished, for a successor: its end is expected, and none follows.
    pub(crate) held: bool,
}

impl HelperProcess {
    pub(crate) fn new(helper: Helper, token: u64) -> Self {
        Self {
            helper,
            token,
            program: None,
            running: None,
            restarts: 0,
            trouble: None,
            delay: SHORTEST,
            start_at: Some(Duration::ZERO),
            held: false,
        }
    }

    /// What to run from the next start on.
    pub(crate) fn set_program(&mut self, path: &Path, args: &[PathBuf], ids: Option<spawn::Ids>) {
        self.set_program_with(path, args, ids, &[]);
    }

    /// As [`Self::set_program`], of one that keeps some of root's rights.
    pub(crate) fn set_program_with(
        &mut self,
        path: &Path,
        args: &[PathBuf],
        ids: Option<spawn::Ids>,
        rights: &[Capability],
    ) {
        let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).ok();
        let Some(path) = text(path) else { return };
        let mut plan = Plan::new(path.clone());
        plan.argv =
            std::iter::once(Some(path)).chain(args.iter().map(|a| text(a))).flatten().collect();
        plan.new_session = true;
        plan.umask = Some(0o027);
        plan.directory = Some(c"/".to_owned());
        plan.no_new_privs = true;
        plan.reserved = true;
        plan.ids = ids;
        plan.ambient = rights.to_vec();
        match plan.prepare() {
            Ok(program) => {
                if self.program.is_none() {
                    self.trouble = None;
                    self.start_at = Some(Duration::ZERO);
                }
                self.program = Some(Arc::new(program));
            }
            Err(bad) => self.trouble = Some(bad.to_string()),
        }
    }

    /// It cannot run, for this reason; what runs goes on.
    pub(crate) fn refuse(&mut self, why: &str) {
        self.program = None;
        self.trouble = Some(why.to_owned());
    }

    /// Whether there is a program to run.
    pub(crate) fn can_run(&self) -> bool {
        self.program.is_some()
    }

    /// Whether it is at work: started and ready.
    pub(crate) fn is_working(&self) -> bool {
        self.running.as_ref().is_some_and(|r| r.phase == Phase::Working)
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        match &self.running {
            Some(r) if r.phase == Phase::Starting && !r.ending => {
                Some(r.since.saturating_add(READY_WITHIN))
            }
            Some(_) => None,
            None => self.start_at.filter(|_| self.program.is_some() && !self.held),
        }
    }

    /// Whether it is to be started now.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        self.running.is_none() && self.next_due().is_some_and(|due| due <= now)
    }

    /// Starts it if its time has come, or ends one that does not get ready.
    pub(crate) fn tick(
        &mut self,
        spawner: &mut Spawner,
        poller: &Poller,
        outputs: &Outputs,
        now: Duration,
    ) -> Option<What> {
        if self.next_due().is_none_or(|due| now < due) {
            return None;
        }
        if self.running.is_some() {
            self.end("was not ready in time");
            return None;
        }
        self.start_at = None;
        self.start(spawner, poller, outputs, now).err().map(|reason| self.failed(reason, now))
    }

    /// It has said that it is ready: it is at work from now on.
    pub(crate) fn ready(&mut self) -> Option<What> {
        let running = self.running.as_mut()?;
        running.phase = Phase::Working;
        let pid = u32::try_from(running.pid.as_raw()).unwrap_or(0);
        Some(What::HelperStarted { helper: self.helper, pid })
    }

    fn start(
        &mut self,
        spawner: &mut Spawner,
        poller: &Poller,
        outputs: &Outputs,
        now: Duration,
    ) -> Result<(), String> {
        let program = self.program.clone().ok_or("nothing to run")?;
        let (channel, theirs) = channel::pair().map_err(|e| format!("no channel: {e}"))?;
        let given = theirs.as_fd().try_clone_to_owned().map_err(|e| format!("no channel: {e}"))?;
        let connection = Connection::new()
            .share(&outputs.null, &[0, 1])
            .share(&outputs.stderr, &[2])
            .give(given, &[3]);
        poller.add(&channel, self.token, Interest::READ).map_err(|e| e.to_string())?;
        let pid = spawner.spawn(&program, connection).map_err(|e| e.to_string())?;
        self.running = Some(Running {
            pid,
            channel,
            theirs,
            phase: Phase::Starting,
            since: now,
            backlog: Backlog::default(),
            waits_to_write: false,
            ending: false,
        });
        Ok(())
    }

    /// Whether it is at work, and its channel has taken all that was sent.
    pub(crate) fn takes_more(&self) -> bool {
        let taking = |r: &Running| r.phase == Phase::Working && !r.waits_to_write;
        self.running.as_ref().is_some_and(taking)
    }

    /// Kills it for a reason; its exit is reaped like any other.
    pub(crate) fn end(&mut self, reason: &str) {
        self.trouble = Some(reason.to_owned());
        if let Some(running) = self.running.as_mut() {
            running.ending = true;
            // fails only if it is gone already
            let _ = portreeve_sys::process::kill(running.pid, portreeve_sys::Signal::Kill);
        }
    }

    /// Whether it has been killed and is waited for.
    pub(crate) fn is_ending(&self) -> bool {
        self.running.as_ref().is_some_and(|r| r.ending)
    }

    /// No successor comes: it is started again at once if it has finished.
    pub(crate) fn release(&mut self, now: Duration) {
        if std::mem::take(&mut self.held) && self.running.is_none() {
            self.start_at = Some(now);
        }
    }

    /// It has ended: gives back what was kept of it, and what there is to tell.
    pub(crate) fn ended(
        &mut self,
        status: Status,
        now: Duration,
    ) -> Option<(Running, Option<What>)> {
        let running = self.running.take()?;
        if now.saturating_sub(running.since) >= STEADY {
            self.delay = SHORTEST;
        }
        let reason = match self.trouble.take() {
            Some(trouble) => format!("{} ({trouble})", describe(status)),
            None => describe(status),
        };
        let what = (!self.held).then(|| self.failed(reason, now));
        Some((running, what))
    }

    fn failed(&mut self, reason: String, now: Duration) -> What {
        let delay = self.delay;
        self.delay = delay.saturating_mul(2).min(LONGEST);
        self.start_at = Some(now.saturating_add(delay));
        self.restarts = self.restarts.saturating_add(1);
        let retry = u32::try_from(delay.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        What::HelperDied { helper: self.helper, reason, retry }
    }

    /// Asks the poller to say when the channel takes more, or to stop saying so.
    pub(crate) fn wait_to_write(&mut self, poller: &Poller, on: bool) {
        let token = self.token;
        let Some(running) = self.running.as_mut().filter(|r| r.waits_to_write != on) else {
            return;
        };
        let interest = if on { Interest::READ_WRITE } else { Interest::READ };
        if poller.modify(&running.channel, token, interest).is_ok() {
            running.waits_to_write = on;
        }
    }
}

/// What a helper gets as standard descriptors.
#[derive(Debug)]
pub(crate) struct Outputs {
    pub(crate) null: Arc<OwnedFd>,
    pub(crate) stderr: Arc<OwnedFd>,
}
