//! Another configuration: read by the compiler, then swapped in whole or refused whole.

use crate::accept::listeners::Change;
use crate::accept::pending::{self, For};
use crate::configuration::compiler::{self, Job, Progress};
use crate::door::current::Current;
use crate::door::token::Token;
use crate::door::{Door, Stage};
use crate::sources::images::{self, Held, Read};
use crate::succession::inherit::UNREAD;
use portreeve_model::{Config, Offer, Problem, Resolved, Settings, difference};
use portreeve_policy::{Reason, Refusal, ServiceIndex};
use portreeve_sys::poll::Interest;
use portreeve_wire::End;
use portreeve_wire::compile::Answer as Compiled;
use portreeve_wire::control::Answer;
use portreeve_wire::event::What;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// While a service is down for want of something, the host is asked again so often.
const ASK_AGAIN: Duration = Duration::from_secs(4);
/// Where somebody may be shut out, it is asked so often whom it asks for names.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

impl Asked {
    /// Whether another configuration may follow from it.
    pub(crate) fn is_reload(&self) -> bool {
        match self {
            Self::Reload(_) | Self::Trial(..) => true,
            Self::Resolve => false,
        }
    }
}

/// Who waits for a run of the compiler.
#[derive(Debug)]
pub(crate) enum Asked {
    /// A reload, by a signal or by these askers.
    Reload(Vec<u64>),
    /// A reload on trial, by this asker, for so long.
    Trial(u64, Duration),
    /// Ourselves: has the host got what services want?
    Resolve,
}

/// Bytes of findings or changes in one event: with all around them they fit a message.
const MOST_TOLD: usize = 120 << 10;

/// Findings as the event log has them: whole lines, and a word about the rest.
pub(crate) fn shortened(findings: &str) -> String {
    if findings.len() <= MOST_TOLD {
        return findings.to_owned();
    }
    let (mut told, mut bytes) = (String::new(), 0_usize);
    for line in findings.split_inclusive('\n') {
        bytes = bytes.saturating_add(line.len());
        if bytes > MOST_TOLD {
            break;
        }
        told.push_str(line);
    }
    told.push_str("and more: `portreeve check` tells all\n");
    told
}

/// Changes as the event log has them.
fn some_of(changes: &[String]) -> Vec<String> {
    let mut bytes = 0_usize;
    let fits = |change: &&String| {
        bytes = bytes.saturating_add(change.len()).saturating_add(16);
        bytes <= MOST_TOLD
    };
    let mut told: Vec<_> = changes.iter().take_while(fits).cloned().collect();
    let more = changes.len().saturating_sub(told.len());
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told
}

impl Door {
    /// Asks for a reload; one that runs already may have read too early, so another follows it.
    pub(crate) fn ask_reload(&mut self, client: Option<u64>) {
        if self.stage == Stage::Closing {
            if let Some(number) = client {
                self.reply(number, &Answer::Failed("the door is closing".into()));
            }
            return;
        }
        if let Some(why) = self.trials.refusal(self.now.mono) {
            return self.not_compiled(Asked::Reload(client.into_iter().collect()), &why);
        }
        let askers = client.into_iter().collect::<Vec<_>>();
        match (&self.compile, self.reload_again.as_mut()) {
            (None, _) => self.start_compiler(Asked::Reload(askers)),
            (Some(_), Some(Asked::Reload(waiting))) => waiting.extend(askers),
            (Some((_, Asked::Trial(..))), _) | (Some(_), Some(Asked::Trial(..))) => {
                let why = "a reload on trial is under way";
                self.not_compiled(Asked::Reload(askers), why);
            }
            (Some(_), _) => self.reload_again = Some(Asked::Reload(askers)),
        }
    }

    /// Asks for a reload on trial, which stands alone: no other is under way.
    pub(crate) fn ask_reload_for(&mut self, client: u64, time: Duration) {
        let under_way = match (&self.compile, &self.reload_again) {
            (Some((_, Asked::Reload(_) | Asked::Trial(..))), _) | (_, Some(_)) => {
                Some("a reload is under way; try again".to_owned())
            }
            // a successor knows of no trial: nothing would come back
            (_, None) if self.upgrade.is_some() => Some("an upgrade is under way".to_owned()),
            (Some((_, Asked::Resolve)) | None, None) => self.trials.refusal(self.now.mono),
        };
        let asked = Asked::Trial(client, time);
        match under_way {
            _ if self.stage != Stage::Open => {
                self.reply(client, &Answer::Failed("the door is not open".into()));
            }
            Some(why) => self.not_compiled(asked, &why),
            None if self.compile.is_some() => self.reload_again = Some(asked),
            None => self.start_compiler(asked),
        }
    }

    /// Why nobody may take over now: a trial, or one that is about to begin, would be forgotten, and
    /// with it the configuration that comes back.
    pub(crate) fn on_trial(&self) -> Option<String> {
        let compiles = self.compile.as_ref().map(|(_, asked)| asked);
        let about_to =
            compiles.into_iter().chain(&self.reload_again).any(|a| matches!(a, Asked::Trial(..)));
        match about_to {
            true => Some("a reload on trial is under way".to_owned()),
            false => self.trials.refusal(self.now.mono),
        }
    }

    fn start_compiler(&mut self, asked: Asked) {
        self.hear_changes();
        let current = Arc::clone(&self.current);
        let job = match asked {
            Asked::Reload(_) | Asked::Trial(..) => Job::Load(&self.args.entry),
            Asked::Resolve => Job::Resolve(&current.config),
        };
        let (paths, now) = (&self.paths, self.now.mono);
        let run = compiler::start(job, paths, self.root, &mut self.spawner, &self.outputs, now);
        let watched = run.and_then(|run| {
            let added = self.poller.add(&run.pipe, Token::Compiler.bits(), Interest::READ);
            added.map(|()| run).map_err(|e| e.to_string())
        });
        match watched {
            Ok(run) => {
                if asked.is_reload() {
                    self.sources.load = (self.sources.book.now(), self.now.unix());
                    self.manager.reloading(now);
                }
                self.compile = Some((run, asked));
            }
            Err(why) => self.not_compiled(asked, &format!("the compiler cannot be started: {why}")),
        }
    }

    pub(crate) fn on_compiler(&mut self) {
        let Some((mut run, asked)) = self.compile.take() else { return };
        match run.read() {
            Progress::More => self.compile = Some((run, asked)),
            Progress::Done(answer, read) => self.compiled(asked, *answer, read),
            Progress::Failed(why) => {
                self.not_compiled(asked, &format!("the compiler failed: {why}"))
            }
        }
        self.next_compile();
    }

    /// Ends a run that takes too long, and asks the host again when it is time.
    pub(crate) fn tick_compile(&mut self) {
        if let Some((run, asked)) = self.compile.take_if(|(run, _)| run.deadline <= self.now.mono) {
            run.kill();
            self.not_compiled(
                asked,
                "the compiler gave no answer in time (user look-ups may hang)",
            );
            self.next_compile();
        }
        let due = self.resolve_at.is_some_and(|at| at <= self.now.mono);
        if due && self.compile.is_none() && self.stage == Stage::Open {
            self.resolve_at = None;
            self.start_compiler(Asked::Resolve);
        }
    }

    /// Ends a run for a successor, which reads everything anew.
    pub(crate) fn cut_compile_short(&mut self) {
        let again = self.reload_again.take();
        if let Some((run, asked)) = self.compile.take() {
            run.kill();
            for asked in [asked].into_iter().chain(again) {
                let why = "cut short by an upgrade, after which the configuration is read anew";
                self.not_compiled(asked, why);
            }
        }
    }

    fn next_compile(&mut self) {
        if self.compile.is_none()
            && let Some(asked) = self.reload_again.take()
        {
            self.start_compiler(asked);
        }
    }

    fn compiled(&mut self, asked: Asked, answer: Compiled, read: Vec<Read>) {
        let (clients, trial) = match asked {
            Asked::Resolve => return self.resolved(answer),
            Asked::Reload(clients) => (clients, None),
            Asked::Trial(client, time) => (vec![client], Some(time)),
        };
        let refusal = match &answer {
            Compiled::Compiled { config, resolved, .. } if !resolved.is_of(config) => {
                Some("the compiler contradicts itself")
            }
            Compiled::Compiled { config, .. }
                if is_fixed(&self.current.config.settings, &config.settings) =>
            {
                Some(
                    "`clerk-user`, `relay-user` and `control-group` apply when the door opens: \
                     stop it and run it again, or undo that edit",
                )
            }
            Compiled::Compiled { .. } | Compiled::Refused { .. } => None,
            Compiled::Resolved(_) | Compiled::Sources { .. } => {
                Some("the compiler answered another question")
            }
        };
        match (refusal, answer) {
            (Some(why), _) => self.refuse_reload(clients, why.to_owned()),
            (None, Compiled::Compiled { config, resolved, findings, .. }) => {
                let held = match images::all(&config.sources, read, self.now.unix()) {
                    Ok(held) => held,
                    Err(why) => return self.refuse_reload(clients, why),
                };
                let before = Arc::clone(&self.current);
                let changes = difference(&before.config, &config);
                if !std::mem::take(&mut self.unread) {
                    self.listeners.take_all_again();
                }
                let (worth, at) = self.sources.load;
                let held = self.newest(held, &config, worth);
                self.swap(config.into(), resolved.into(), held);
                self.follow_sources(&before, worth, at);
                self.follow_watches();
                self.alarms.remove(UNREAD);
                self.event(What::Reloaded { changes: some_of(&changes) });
                if let Some(time) = trial {
                    self.begin_trial(before, time);
                }
                let answer = Answer::Reloaded { changes, findings };
                clients.into_iter().for_each(|number| self.reply(number, &answer));
            }
            (None, Compiled::Refused { findings, .. }) => self.refuse_reload(clients, findings),
            (None, Compiled::Resolved(_) | Compiled::Sources { .. }) => {}
        }
    }

    /// What the host says now about the configuration in force.
    fn resolved(&mut self, answer: Compiled) {
        match answer {
            Compiled::Resolved(resolved)
                if resolved.is_of(&self.current.config) && *resolved != *self.current.resolved =>
            {
                let current = Arc::clone(&self.current);
                self.swap(Arc::clone(&current.config), resolved.into(), current.held.clone());
            }
            Compiled::Resolved(_)
            | Compiled::Compiled { .. }
            | Compiled::Refused { .. }
            | Compiled::Sources { .. } => {
                self.ask_again();
            }
        }
    }

    fn not_compiled(&mut self, asked: Asked, why: &str) {
        match asked {
            Asked::Reload(clients) => self.refuse_reload(clients, why.to_owned()),
            Asked::Trial(client, _) => self.refuse_reload(vec![client], why.to_owned()),
            Asked::Resolve => self.ask_again(),
        }
    }

    fn refuse_reload(&mut self, clients: Vec<u64>, findings: String) {
        if std::mem::take(&mut self.unread) {
            self.alarm(UNREAD);
        }
        self.event(What::ReloadRefused { text: shortened(&findings) });
        let answer = Answer::ReloadRefused { findings };
        clients.into_iter().for_each(|number| self.reply(number, &answer));
    }

    pub(crate) fn ask_again(&mut self) {
        let shuts_out = !self.current.config.judges.is_empty()
            || self.current.config.services.iter().any(|s| matches!(s.offer, Offer::Trap(_)));
        let after = match self.current.has_problems() {
            true => Some(ASK_AGAIN),
            false => shuts_out.then_some(LOOK_AGAIN),
        };
        self.resolve_at = after.map(|after| self.now.mono.saturating_add(after));
    }

    /// Puts a configuration in force: counters, sessions, listeners and waiting connections go over.
    pub(crate) fn swap(&mut self, config: Arc<Config>, resolved: Arc<Resolved>, held: Vec<Held>) {
        self.spawner.refresh();
        self.tell_gathered();
        let old = Arc::clone(&self.current);
        let generation = old.generation.saturating_add(1);
        let new = Arc::new(Current::new(config, resolved, held, &self.inherited, generation));
        self.state.adopt(&new.tables);
        self.current = Arc::clone(&new);
        if Self::protects_others(&old, &new) {
            self.judge_bans_again();
        }
        self.follow_enforcers();
        self.tell_problems(Some(&old));
        self.follow_kept(Some(&old));
        self.look_for_idle_times();
        let index_of = |service: u32| {
            let key = &old.service(service)?.key;
            let at = new.config.services.iter().position(|s| s.key == *key)?;
            u32::try_from(at).ok()
        };
        for waiter in self.waiting.renumber(index_of) {
            self.service_gone(&old, waiter);
        }
        for mut arrival in std::mem::take(&mut self.undecided) {
            match index_of(arrival.service) {
                Some(service) => {
                    arrival.service = service;
                    self.undecided.push(arrival);
                }
                // what it would have waited for makes no difference any more
                None => self.service_gone(&old, For::Decision(arrival, pending::Asked::Names)),
            }
        }
        self.forget_lists();
        for arrival in self.sources.parked.renumber(index_of) {
            self.service_gone(&old, For::Decision(arrival, pending::Asked::Names));
        }
        self.tally.keep(|key| new.config.services.iter().any(|s| s.key.as_str() == key));
        self.set_helper_programs();
        self.configure_clerk();
        if self.stage == Stage::Open {
            self.fit_listeners();
        }
        self.ask_again();
    }

    fn service_gone(&mut self, old: &Arc<Current>, waiter: For) {
        match waiter {
            For::Decision(arrival, _) | For::Process(arrival, _) => {
                let refusal = Refusal::plain(Reason::Disabled);
                self.refuse(old, arrival, &refusal);
            }
            For::Banner(_, reservation) => self.state.release(reservation),
            For::Record(_) => {}
        }
    }

    /// Tells which services went down or came up, and switches them off or on in admission.
    pub(crate) fn tell_problems(&mut self, old: Option<&Arc<Current>>) {
        let new = Arc::clone(&self.current);
        let before: BTreeMap<&str, Vec<Problem>> = old
            .into_iter()
            .flat_map(|old| old.indexed().map(|(i, s, _)| (s.key.as_str(), old.problems(i))))
            .collect();
        for (index, service, _) in new.indexed() {
            let problems = new.problems(index);
            let runs = problems.is_empty();
            self.state.set_enabled(&new.tables, ServiceIndex(index), runs);
            let key = service.key.to_string();
            let was = before.get(key.as_str()).cloned().unwrap_or_default();
            if runs && !was.is_empty() {
                self.event(What::ServiceUp { key });
            } else {
                for problem in problems.iter().filter(|p| !was.contains(p)) {
                    let origin = Some(new.show(problem.origin));
                    let (key, reason) = (key.clone(), problem.reason.clone());
                    self.event(What::ServiceDown { key, reason, origin });
                }
            }
        }
        let gone: Vec<String> = self
            .alarms
            .iter()
            .filter(|a| old.is_some_and(|o| o.resolved.problems.contains(a)))
            .filter(|a| !new.resolved.problems.contains(a))
            .cloned()
            .collect();
        self.alarms.retain(|alarm| !gone.contains(alarm));
        for problem in &new.resolved.problems {
            self.alarm(problem);
        }
    }

    /// Begins to listen.
    pub(crate) fn open(&mut self) {
        if matches!(self.stage, Stage::Waiting(_)) {
            self.stage = Stage::Open;
            self.fit_listeners();
            self.ask_again();
        }
    }

    fn fit_listeners(&mut self) {
        let wanted = self.current.wanted();
        let changes = self.listeners.fit(&self.poller, wanted, self.now.mono);
        self.tell(changes);
        if self.current.has_problems() {
            return; // a service that is down may want a given socket when it comes up
        }
        for address in self.listeners.drop_unwanted() {
            self.alarm(&format!(
                "the socket at {address} that was given at the start is wanted by no service: closed"
            ));
        }
    }

    pub(crate) fn tell(&mut self, changes: Vec<Change>) {
        let end = |a: std::net::SocketAddr| End { address: a.ip(), port: a.port() };
        for change in changes {
            let what = match change {
                Change::Up(w) => {
                    What::ListenerUp { key: w.key, address: end(w.address), dual: w.dual }
                }
                Change::Down(w, reason, delay) => What::ListenerDown {
                    key: w.key,
                    address: end(w.address),
                    reason,
                    retry: u32::try_from(delay.as_secs()).unwrap_or(u32::MAX),
                },
            };
            self.event(what);
        }
    }
}

/// Whether the settings differ in what cannot change while the door is open: who its helpers are,
/// whose its directories are, who may ask.
fn is_fixed(old: &Settings, new: &Settings) -> bool {
    (&old.clerk_user, &old.relay_user, &old.control_group)
        != (&new.clerk_user, &new.relay_user, &new.control_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_configuration_fits_a_message() {
        let findings = format!("{}\n", "x".repeat(99)).repeat(5000);
        let told = shortened(&findings);
        assert!(told.len() <= MOST_TOLD + 100 && told.ends_with("tells all\n"));
        assert!(told.lines().rev().skip(1).all(|line| line.len() == 99), "whole lines");
        assert_eq!(shortened("short\n"), "short\n");
        let changes = vec!["added: ssh".to_owned(); 10_000];
        let told = some_of(&changes);
        let more = 10_000 - (told.len() - 1);
        assert_eq!(told.last(), Some(&format!("and {more} more")));
        assert_eq!(some_of(&changes[..3]), changes[..3]);
    }
}
