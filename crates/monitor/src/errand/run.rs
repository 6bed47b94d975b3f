//! Processes for rules: started, heard, ended.

use crate::accept::pending::{Arrival, For};
use crate::convert::describe;
use crate::door::Door;
use crate::door::current::Current;
use crate::errand::{ANSWER_WITHIN, About, Job, Kind, SPAWN_WITHIN, program};
use portreeve_policy::{Answered, Effects, Errand, Reason, Refusal, Said, ServiceIndex};
use portreeve_sys::spawn::{Connection, Program};
use portreeve_sys::{Exit, Pid, Status};
use portreeve_wire::SessionId;
use portreeve_wire::event::{RuleCommand, SessionRef, What};
use std::sync::Arc;
use std::time::Duration;

/// Why a command was not run.
const TOO_MANY: &str = "not run: too many of them run already";

impl Door {
    /// A rule asks something that a process answers; the connection waits for it.
    pub(crate) fn ask_process(&mut self, current: &Arc<Current>, arrival: Arrival, errand: Errand) {
        if !self.waiting.has_room(arrival.peer) {
            let reason = Reason::Overloaded;
            self.state.count_refusal(&current.tables, ServiceIndex(arrival.service), reason);
            return self.refuse(current, arrival, &Refusal::plain(reason));
        }
        let question = self.waiting.question();
        let (kind, text) = match &errand {
            Errand::Command { command, .. } => (Kind::Command(question), shown(command)),
            Errand::Netgroup { group, host } => {
                (Kind::Netgroup(question), format!("{} {}", shown(group), shown(host)))
            }
        };
        let program = match &errand {
            Errand::Command { command, so_far } => {
                let plan = current.program(arrival.service).map(|program| program.plan());
                program::shell(plan, command, so_far, self.root)
            }
            Errand::Netgroup { group, host } => {
                program::netgroup(&self.paths, group, host, self.root)
            }
        };
        let about = about(current, &arrival, text);
        match self.start_job(program, kind, about, &arrival, ANSWER_WITHIN) {
            Ok(()) => {
                let deadline = self.now.mono.saturating_add(ANSWER_WITHIN);
                self.waiting.add(question, For::Process(arrival, errand), deadline);
            }
            Err(()) => self.process_said(arrival, errand, Said::Nothing),
        }
    }

    /// What a process answered, or did not: the decision goes on.
    pub(crate) fn process_said(&mut self, mut arrival: Arrival, errand: Errand, said: Said) {
        arrival.known.answered.push(Answered { errand, said });
        self.decide(arrival);
    }

    /// Runs a `spawn`, as the service would run with what the rules wanted before it.
    pub(crate) fn run_spawn(
        &mut self,
        current: &Arc<Current>,
        arrival: &Arrival,
        command: &[u8],
        so_far: &Effects,
    ) {
        let plan = current.program(arrival.service).map(|program| program.plan());
        let program = program::shell(plan, command, so_far, self.root);
        let about = about(current, arrival, shown(command));
        let _ = self.start_job(program, Kind::Spawn, about, arrival, SPAWN_WITHIN);
    }

    /// Starts one away from the peer: its input and output are /dev/null. Why it could not is told.
    fn start_job(
        &mut self,
        program: Result<Arc<Program>, String>,
        kind: Kind,
        about: About,
        arrival: &Arrival,
        within: Duration,
    ) -> Result<(), ()> {
        let started = match program {
            Err(why) => Err(format!("not run: {why}")),
            Ok(_) if !self.jobs.has_room(kind == Kind::Spawn, arrival.peer) => {
                Err(TOO_MANY.to_owned())
            }
            Ok(program) => {
                let connection = Connection::new()
                    .share(&self.outputs.null, &[0, 1, 2])
                    .env("REMOTE_HOST", arrival.peer.address.to_string());
                let spawned = self.spawner.spawn(&program, connection);
                spawned.map_err(|why| format!("not run: {why}"))
            }
        };
        match started {
            Ok(pid) => {
                let due = self.now.mono.saturating_add(within);
                self.jobs.add(pid, kind, about, due);
                Ok(())
            }
            Err(why) => {
                self.tell_command(kind.option(), about, why, None);
                Err(())
            }
        }
    }

    /// Tells what became of a rule's command.
    pub(crate) fn tell_command(
        &mut self,
        option: &str,
        about: About,
        outcome: String,
        session: Option<SessionId>,
    ) {
        let About { key, peer, text: command } = about;
        let option = option.to_owned();
        let one = RuleCommand { key, peer, option, command, outcome, session, count: 1 };
        if let Some(one) = self.teller.take(one, self.now.mono) {
            self.event(What::RuleCommand(one));
        }
    }

    /// A `twist` serves a session.
    pub(crate) fn twisted(&mut self, session: &SessionRef, command: &[u8]) {
        let (key, peer, text) = (session.key.clone(), session.peer, shown(command));
        let about = About { key, peer, text };
        let outcome = "serves the connection".to_owned();
        self.tell_command("twist", about, outcome, Some(session.session));
    }

    /// A process has ended: was it one of these?
    pub(crate) fn job_ended(&mut self, exit: Exit) -> bool {
        let Some(job) = self.jobs.ended(exit.pid, self.now.mono) else { return false };
        let Job { kind, about, trouble, .. } = job;
        if let Some(why) = &trouble {
            self.tell_command(kind.option(), about, format!("not run: {why}"), None);
        } else if let (Kind::Command(_), false) = (kind, exit.status == Status::Code(0)) {
            self.tell_command(kind.option(), about, describe(exit.status), None);
        }
        let Some(question) = kind.question() else { return true };
        let code = match exit.status {
            Status::Code(code) if trouble.is_none() => Some(code),
            Status::Code(_) | Status::Signal(_) => None,
        };
        let said = match kind {
            Kind::Spawn | Kind::Command(_) => Said::by_exit(code),
            Kind::Netgroup(_) => match code {
                Some(0) => Said::Yes,
                Some(1) => Said::No,
                Some(_) | None => Said::Nothing,
            },
        };
        let waits = |waiter: &For| matches!(waiter, For::Process(..));
        if let Some(For::Process(arrival, errand)) = self.waiting.take(question, waits) {
            self.process_said(arrival, errand, said);
        }
        true
    }

    /// One could not be executed: its exit is reaped like any other.
    pub(crate) fn job_not_started(&mut self, pid: Pid, reason: &str) -> bool {
        let job = self.jobs.get_mut(pid);
        job.map(|job| job.trouble = Some(reason.to_owned())).is_some()
    }

    /// Ends those whose time is over, and tells what was counted.
    pub(crate) fn tick_jobs(&mut self) {
        for job in self.jobs.tick(self.now.mono) {
            let outcome = "ended: it took too long".to_owned();
            self.tell_command(job.kind.option(), job.about, outcome, None);
        }
        for one in self.teller.flush(self.now.mono) {
            self.event(What::RuleCommand(one));
        }
    }
}

/// For whom something is run.
pub(crate) fn about(current: &Current, arrival: &Arrival, text: String) -> About {
    let key = current.service(arrival.service).map(|service| service.key.to_string());
    About { key: key.unwrap_or_default(), peer: arrival.peer, text }
}

/// Bytes of a command that are told.
const SHOWN: usize = 200;

/// A text of a rule, for people.
pub(crate) fn shown(text: &[u8]) -> String {
    let cut = text.get(..SHOWN).unwrap_or(text);
    let mut shown = String::from_utf8_lossy(cut).into_owned();
    if cut.len() < text.len() {
        shown.push('…');
    }
    shown
}
