//! How things are, and what would be decided: answers for the owner.

use crate::accept::listeners::Listener;
use crate::door::{Door, Stage};
use crate::helper::HelperProcess;
use portreeve_model::{Authentication, Internal, Offer, Sentence, Service, Supposed, span};
use portreeve_policy::{
    Facts, IdentAnswer, Names, Own, Reason, ServiceIndex, StepRecord, Verdict, endings_sentence,
    errand_sentence, follow, need_sentence, refusal_sentence, refusals_sentence, step_sentence,
    supposed_lists,
};
use portreeve_wire::End;
use portreeve_wire::control::{
    Answer, Explanation, HelperStatus, JudgingStatus, ListenerStatus, ServiceStatus, Status, Step,
};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

impl Door {
    pub(crate) fn status(&mut self) -> Status {
        let current = Arc::clone(&self.current);
        let services =
            current.indexed().map(|(index, s, _)| self.service_status(index, s)).collect();
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        let all = self.alarms.iter().chain(&self.clerk_alarms);
        let mut alarms: Vec<String> = all.cloned().collect();
        if matches!(self.stage, Stage::Waiting(_)) {
            alarms.push("the door is not open yet: it waits for the bans of the ledger".to_owned());
        }
        let firewall = self.firewall_status();
        let process = firewall.is_some().then_some(&self.enforcers.nftables.process);
        let helpers = [&self.clerk, &self.relay].into_iter().chain(process);
        let helpers = helpers.map(|h| self.helper_status(h)).collect();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime: millis(self.now.mono.saturating_sub(self.opened)),
            stopping: self.stage == Stage::Closing,
            configuration: self.args.entry.path().display().to_string(),
            sessions: self.sessions.len(),
            max_sessions: current.config.settings.max_sessions,
            delayed: self.tarpit.len(),
            max_delayed: current.config.settings.delayed.max,
            delayed_crowded: self.tarpit.crowded,
            bans: u32::try_from(self.state.bans_len()).unwrap_or(u32::MAX),
            bans_evicted: self.state.bans_evicted(),
            events_lost: self.outbox.lost(),
            exhausted: self.scarce.as_ref().map(|s| s.what.clone()),
            alarms,
            cannot: self.cannot(),
            helpers,
            services,
            trial: self.trials.status(self.now.mono),
            newest_bans: self.newest_bans(),
            lists: self.list_status(),
            watches: self.watch_status(),
            offences: self.booked,
            judging: JudgingStatus {
                banned: self.judging.banned,
                refused: self.judging.refusals.counted(),
                known_good: u32::try_from(self.judging.known_good.len()).unwrap_or(u32::MAX),
                breaker: self.breaker_status(),
            },
            enforcers: self.enforcers.status(),
            firewall,
        }
    }

    fn cannot(&self) -> Vec<String> {
        if self.root {
            return Vec::new();
        }
        [
            "run services as other users",
            "give clerk and relay users of their own",
            "listen below the system's first unprivileged port",
            "change the root directory of a service",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn helper_status(&self, process: &HelperProcess) -> HelperStatus {
        let pid = process.running.as_ref().and_then(|r| u32::try_from(r.pid.as_raw()).ok());
        let away = match (&process.running, process.is_working()) {
            (None, _) => {
                let why = process.trouble.clone();
                Some(why.unwrap_or_else(|| "is not running; it is started again".to_owned()))
            }
            (Some(_), false) => Some("is starting".to_owned()),
            (Some(_), true) => process.trouble.clone(),
        };
        HelperStatus { helper: process.helper, pid, restarts: process.restarts, trouble: away }
    }

    fn service_status(&mut self, index: u32, service: &Service) -> ServiceStatus {
        let current = Arc::clone(&self.current);
        let now = self.now.mono;
        let key = service.key.to_string();
        let counts = self.state.status(&current.tables, ServiceIndex(index), now);
        let mine = |l: &&Listener| l.want.service == index;
        let listeners: Vec<_> =
            self.listeners.iter().filter(mine).map(|l| listener_status(l, now)).collect();
        let refused = counts.as_ref().map(|c| c.refused.clone()).unwrap_or_default();
        let sprung = counts.as_ref().map(|c| c.sprung).filter(|n| *n > 0);
        let sprung = sprung.map(|n| ("trap".to_owned(), n));
        let secs = |d: Duration| u32::try_from(d.as_secs().max(1)).unwrap_or(u32::MAX);
        ServiceStatus {
            last_minute: self.tally.last_minute(&key, now),
            key,
            name: service.name.to_string(),
            offer: offer(&service.offer),
            origin: current.show(service.origin.origin),
            problems: current.problems(index).into_iter().map(|p| p.reason).collect(),
            listeners,
            endings: endings_sentence(service),
            refusals: refusals_sentence(service),
            sessions: counts.as_ref().map_or(0, |c| c.sessions),
            instances: service.admission.instances.map(|limit| limit.value),
            startups: counts.as_ref().map_or(0, |c| c.startups),
            startups_by_age: service.admission.authentication == Authentication::None,
            paused: counts.as_ref().and_then(|c| c.pause_left).map(secs),
            admitted: counts.as_ref().map_or(0, |c| c.granted),
            refused: refused.iter().map(|(r, n)| (r.word().to_owned(), *n)).chain(sprung).collect(),
        }
    }

    /// What would be decided now, with the live counters and bans. Nothing is looked up: answers
    /// are supposed, or unknown.
    pub(crate) fn explain(
        &mut self,
        name: &str,
        (peer, port): (IpAddr, u16),
        at: Option<i64>,
        supposed: &Supposed,
    ) -> Answer {
        let current = Arc::clone(&self.current);
        let fits = |s: &Service| s.key.as_str() == name || s.name.as_str() == name;
        let found: Vec<u32> =
            current.indexed().filter(|(_, s, _)| fits(s)).map(|(index, ..)| index).collect();
        if found.is_empty() {
            return Answer::Failed(format!("there is no service `{}`", name.escape_debug()));
        }
        let facts = Facts {
            peer,
            port,
            now: self.now.mono,
            wall: at.unwrap_or_else(|| self.now.unix()),
            load: self.load.value,
            // the luckiest throw, as from the files: the step says the chance, and asking again
            // gives the same answer
            dice: 99,
            names: Names::supposed(supposed),
            server_names: Names::supposed_server(supposed),
            own: Own::default(),
            answered: &[],
            listed: None,
            ident: IdentAnswer::supposed(supposed),
        };
        let one = |index| self.explain_one(index, &facts, supposed);
        Answer::Explained(found.into_iter().map(one).collect())
    }

    fn explain_one(&self, index: u32, facts: &Facts<'_>, supposed: &Supposed) -> Explanation {
        let current = &self.current;
        let files = &current.config.files;
        let service = current.service(index);
        let key = service.map(|s| s.key.to_string()).unwrap_or_default();
        let mut steps: Vec<StepRecord> = Vec::new();
        let index_of = ServiceIndex(index);
        let listed = supposed_lists(current.tables.dns_zones(index_of), supposed);
        let own = service.map_or(Own::default(), |service| Own::supposed(service, supposed));
        let facts = &Facts { own, listed: listed.as_deref(), ..*facts };
        let verdict = follow(&current.tables, index_of, &self.state, facts, &mut steps);
        let (word, reason, text, origin) = match verdict {
            Verdict::Grant((), _) => ("granted", None, "granted".to_owned(), None),
            Verdict::Need(need) => ("unknown", None, need_sentence(need).to_owned(), None),
            Verdict::Run(errand) => ("unknown", None, errand_sentence(&errand), None),
            Verdict::Sprung(sprung) => {
                let text = format!("a trap: {}", sentence(sprung.sentence));
                ("trapped", None, text, Some(sprung.origin))
            }
            Verdict::Refuse(refusal) => {
                let problems = current.problems(index);
                let text = match (refusal.reason, problems.as_slice()) {
                    (Reason::Disabled, [problem, ..]) => {
                        format!("refused: {}: {}", refusal.reason.word(), problem.reason)
                    }
                    _ => refusal_sentence(&refusal, facts.peer, files),
                };
                ("refused", Some(refusal.reason.word().to_owned()), text, refusal.origin)
            }
        };
        let then = match word {
            "granted" => service.and_then(endings_sentence),
            "refused" | "trapped" => service.and_then(refusals_sentence),
            _ => None,
        };
        Explanation {
            then,
            service: key,
            verdict: word.to_owned(),
            reason,
            text,
            origin: origin.map(|origin| current.show(origin)),
            steps: steps.iter().map(|step| wire_step(step, facts.peer, files)).collect(),
        }
    }
}

fn wire_step(step: &StepRecord, peer: IpAddr, files: &[String]) -> Step {
    Step {
        row: step.number,
        question: step.question.word().to_owned(),
        answer: step_sentence(step, peer, files),
        origin: step.origin.map(|origin| origin.show(files)),
        word: step.answer.word().to_owned(),
        decided: step.decided(),
        after: step.after,
    }
}

/// A listener, as its owner is told of it.
pub(crate) fn listener_status(listener: &Listener, now: Duration) -> ListenerStatus {
    let tried = listener.down.as_ref().filter(|down| down.is_tried_again());
    let retry = tried
        .map(|down| u32::try_from(down.retry_at.saturating_sub(now).as_secs()).unwrap_or(u32::MAX));
    ListenerStatus {
        address: End { address: listener.want.address.ip(), port: listener.want.address.port() },
        dual: listener.want.dual,
        down: listener.down.as_ref().map(|down| down.reason.clone()),
        retry,
    }
}

fn offer(offer: &Offer) -> String {
    match offer {
        Offer::Program(program) => {
            let words = std::iter::once(&program.path).chain(&program.args);
            words.map(String::as_str).collect::<Vec<_>>().join(" ")
        }
        Offer::Internal(Internal::Echo) => "internal echo".to_owned(),
        Offer::Trap(trap) => format!("trap, {}", sentence(trap.sentence)),
    }
}

fn sentence(sentence: Sentence) -> String {
    match sentence {
        Sentence::For(time) => format!("shuts out for {}", span(time)),
        Sentence::Forever => "shuts out for ever".to_owned(),
        Sentence::Never => "records only".to_owned(),
    }
}
