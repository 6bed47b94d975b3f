//! The one decision, in the order of admission.
//!
//! Each question is a function that passes or stops; what a question would change is not changed
//! here but in [`admit`], so that [`consider`] gives the very same answer.

mod dns_lists;
mod lists;
mod room;
mod rules;
mod wrappers;

use crate::state::{Slot, State};
use crate::tables::{ServiceTable, Source};
use crate::trace::{Answer, Question, Step, Trace};
use crate::{
    Detail, Effects, Errand, Facts, IdentAnswer, Need, Reason, Refusal, Reservation, ServiceIndex,
    Sprung, Tables, Verdict,
};
use portreeve_model::{Origin, unmapped};
use std::net::IpAddr;
use std::time::Duration;

/// Decides about a connection and takes what a grant takes: counters are taken already when the
/// [`Reservation`] comes back, and it has to be given back with [`State::release`].
pub fn admit(
    tables: &Tables,
    service: ServiceIndex,
    state: &mut State,
    facts: &Facts<'_>,
    trace: &mut dyn Trace,
) -> Verdict<Reservation> {
    let Some(table) = tables.get(service) else { return Verdict::Refuse(unknown()) };
    let (verdict, arrived) = decide(tables, service, table, state, facts, trace, Hearing::Short);
    if let (Arrived::Counted, Some(rate)) = (arrived, table.rate) {
        let tripped = matches!(&verdict, Verdict::Refuse(why) if why.reason == Reason::Rate);
        state.arrived(service, table, rate.value, facts.now, tripped);
    }
    if let Some(slot) = state.slot_mut(service, table) {
        match &verdict {
            Verdict::Refuse(refusal) => slot.count_refusal(refusal.reason),
            Verdict::Sprung(_) => slot.sprung = slot.sprung.saturating_add(1),
            Verdict::Grant((), _) | Verdict::Need(_) | Verdict::Run(_) => {}
        }
    }
    match verdict {
        Verdict::Grant((), effects) => {
            Verdict::Grant(state.reserve(service, table, facts), effects)
        }
        Verdict::Need(need) => Verdict::Need(need),
        Verdict::Run(errand) => Verdict::Run(errand),
        Verdict::Refuse(refusal) => Verdict::Refuse(refusal),
        Verdict::Sprung(sprung) => Verdict::Sprung(sprung),
    }
}

/// Decides as [`admit`] would at this moment, and takes nothing.
pub fn consider(
    tables: &Tables,
    service: ServiceIndex,
    state: &State,
    facts: &Facts<'_>,
    trace: &mut dyn Trace,
) -> Verdict<()> {
    match tables.get(service) {
        Some(table) => decide(tables, service, table, state, facts, trace, Hearing::Short).0,
        None => Verdict::Refuse(unknown()),
    }
}

/// Considers, and asks the questions behind the one that decided too: their steps say what they
/// would have answered. The verdict is that of [`consider`].
pub fn follow(
    tables: &Tables,
    service: ServiceIndex,
    state: &State,
    facts: &Facts<'_>,
    trace: &mut dyn Trace,
) -> Verdict<()> {
    match tables.get(service) {
        Some(table) => decide(tables, service, table, state, facts, trace, Hearing::Whole).0,
        None => Verdict::Refuse(unknown()),
    }
}

/// A service that is in no table cannot be open.
fn unknown() -> Refusal {
    Refusal::plain(Reason::Disabled)
}

/// Whether a connection came as far as the rate, and so counts in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrived {
    Counted,
    StoppedBefore,
}

/// How far the questions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    /// To the one that decides.
    Short,
    /// To the last, for whoever wants to know what the others would have said.
    Whole,
}

/// Which questions are being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Whether the access lists let the peer in: one that refuses is heard, though another wants
    /// something looked up first.
    Lists,
    /// The others.
    Others,
}

/// Why the questions end before the last.
enum Stop {
    Refuse(Refusal),
    Need(Need),
    Run(Errand),
    Sprung(Sprung),
}

impl Stop {
    fn refuse(reason: Reason, origin: Option<Origin>, detail: Detail) -> Self {
        Self::Refuse(Refusal { reason, origin, detail, effects: Effects::default() })
    }
}

/// One connection being decided.
struct Case<'a> {
    table: &'a ServiceTable,
    tables: &'a Tables,
    state: &'a State,
    /// `None` while nothing is counted for the service.
    slot: Option<&'a Slot>,
    facts: &'a Facts<'a>,
    peer: IpAddr,
    trace: &'a mut dyn Trace,
    arrived: Arrived,
    hearing: Hearing,
    /// What decided already, where all are heard.
    stopped: Option<Stop>,
    /// What the lists that let the peer in want done.
    effects: Effects,
    part: Part,
}

fn decide(
    tables: &Tables,
    service: ServiceIndex,
    table: &ServiceTable,
    state: &State,
    facts: &Facts<'_>,
    trace: &mut dyn Trace,
    hearing: Hearing,
) -> (Verdict<()>, Arrived) {
    let mut case = Case {
        table,
        tables,
        state,
        slot: state.slot(service, table),
        facts,
        peer: unmapped(facts.peer),
        trace,
        arrived: Arrived::StoppedBefore,
        hearing,
        stopped: None,
        effects: Effects::default(),
        part: Part::Others,
    };
    let verdict = match case.ask_all() {
        Ok(()) => Verdict::Grant((), case.effects),
        Err(Stop::Refuse(refusal)) => Verdict::Refuse(refusal),
        Err(Stop::Need(need)) => Verdict::Need(need),
        Err(Stop::Run(errand)) => Verdict::Run(errand),
        Err(Stop::Sprung(sprung)) => Verdict::Sprung(sprung),
    };
    (verdict, case.arrived)
}

impl Case<'_> {
    /// The order of admission.
    fn ask_all(&mut self) -> Result<(), Stop> {
        self.hear(Self::enabled)?;
        self.hear(Self::door_has_room)?;
        self.hear(Self::not_pausing)?;
        self.hear(Self::load)?;
        self.hear(Self::not_banned)?;
        self.hear(Self::hours)?;
        self.hear(Self::sources)?;
        self.access_lists()?;
        self.hear(Self::dns_lists)?;
        self.hear(Self::trap)?;
        self.hear(Self::ident)?;
        self.hear(Self::room)?;
        self.stopped.take().map_or(Ok(()), Err)
    }

    /// The access lists. What can be said at once goes first: while one has to ask or run something,
    /// the others may refuse without.
    fn access_lists(&mut self) -> Result<(), Stop> {
        self.part = Part::Lists;
        self.hear(Self::lists)?;
        self.hear(Self::wrappers)?;
        self.hear(Self::rules)?;
        self.part = Part::Others;
        match self.hearing {
            Hearing::Short => self.stopped.take().map_or(Ok(()), Err),
            Hearing::Whole => Ok(()),
        }
    }

    /// Asks a question. Where all are heard, one that decides is kept, if it is the first, and the
    /// next is asked too; so is, among access lists, one that has something to be asked or run.
    fn hear(&mut self, question: impl FnOnce(&mut Self) -> Result<(), Stop>) -> Result<(), Stop> {
        let Err(stop) = question(self) else { return Ok(()) };
        let waits = matches!(stop, Stop::Need(_) | Stop::Run(_)) && self.part == Part::Lists;
        if self.hearing == Hearing::Short && !waits {
            return Err(stop);
        }
        if waits {
            self.stopped.get_or_insert(stop);
        } else if !self.is_decided() {
            self.stopped = Some(stop);
        }
        Ok(())
    }

    /// Whether a question decided already, where all are heard.
    fn is_decided(&self) -> bool {
        match (&self.stopped, self.part) {
            (None, _) | (Some(Stop::Need(_) | Stop::Run(_)), Part::Lists) => false,
            (Some(_), _) => true,
        }
    }

    /// Shows a step, to whoever wants steps.
    fn show(
        &mut self,
        question: Question,
        answer: Answer,
        origin: Option<Origin>,
        detail: &Detail,
    ) {
        let after = self.is_decided();
        self.trace.step(Step { question, answer, origin, detail, after });
    }

    /// Takes a step: on, or refused. The detail is built only when somebody will see it.
    fn pass_unless(
        &mut self,
        question: Question,
        refused: Option<Reason>,
        origin: Option<Origin>,
        detail: impl FnOnce() -> Detail,
    ) -> Result<(), Stop> {
        if refused.is_none() && !self.trace.wanted() {
            return Ok(());
        }
        let detail = detail();
        let answer = refused.map_or(Answer::Pass, Answer::Refuse);
        self.show(question, answer, origin, &detail);
        match refused {
            None => Ok(()),
            Some(reason) => Err(Stop::refuse(reason, origin, detail)),
        }
    }

    /// A question that the configuration does not ask.
    fn unasked(&mut self, question: Question) -> Result<(), Stop> {
        self.pass_unless(question, None, None, || Detail::Nothing)
    }

    fn enabled(&mut self) -> Result<(), Stop> {
        let off = self.slot.is_some_and(|slot| slot.disabled);
        let origin = Some(self.table.origin);
        self.pass_unless(Question::Enabled, off.then_some(Reason::Disabled), origin, || {
            Detail::Nothing
        })
    }

    fn door_has_room(&mut self) -> Result<(), Stop> {
        let (now, limit) = (self.state.live, self.state.max_sessions);
        let full = (now >= limit).then_some(Reason::Overloaded);
        self.pass_unless(Question::Sessions, full, None, || Detail::Count { now, limit })
    }

    fn not_pausing(&mut self) -> Result<(), Stop> {
        let Some(rate) = self.table.rate else { return self.unasked(Question::Pause) };
        let end = self.slot.and_then(|slot| slot.pause);
        let left = end.map_or(Duration::ZERO, |end| end.saturating_sub(self.facts.now));
        let paused = (!left.is_zero()).then_some(Reason::Paused);
        self.pass_unless(Question::Pause, paused, Some(rate.origin), || Detail::Pause { left })
    }

    /// xinetd refuses at the limit too, and so does this. A load that cannot be read refuses: a
    /// limit never silently does not apply.
    fn load(&mut self) -> Result<(), Stop> {
        let Some(limit) = self.table.load else { return self.unasked(Question::Load) };
        let now = self.facts.load;
        let high = now.is_none_or(|now| now >= limit.value).then_some(Reason::Load);
        let detail = || Detail::Load { now, limit: limit.value };
        self.pass_unless(Question::Load, high, Some(limit.origin), detail)
    }

    fn not_banned(&mut self) -> Result<(), Stop> {
        let Some(ban) = self.state.is_banned(self.peer, &self.table.name, self.facts.wall) else {
            return self.unasked(Question::Ban);
        };
        if let Some(rule) = self.tables.never_ban.covers(self.peer) {
            let detail = || Detail::Spared { network: ban.network, rule: rule.text().into() };
            return self.pass_unless(Question::Ban, None, rule.origin(), detail);
        }
        self.pass_unless(Question::Ban, Some(Reason::Banned), None, || Detail::Ban {
            network: ban.network,
            until: ban.until.map(|until| until.saturating_sub(self.state.ban_skew())),
            only: ban.source.only.clone(),
            cause: ban.cause().into(),
        })
    }

    fn hours(&mut self) -> Result<(), Stop> {
        let Some(hours) = &self.table.hours else { return self.unasked(Question::Hours) };
        let (minute, open) = hours.at(self.facts.wall);
        let closed = open.is_none().then_some(Reason::Hours);
        let origin = open.map_or(hours.origin, |range| range.origin);
        self.pass_unless(Question::Hours, closed, Some(origin), || Detail::Hours {
            minute,
            zone: hours.zone.name.as_str().into(),
            open: open.map(|range| (range.from, range.to)),
        })
    }

    /// An access list whose source cannot be used lets nobody in. Nothing is said of those that can.
    fn sources(&mut self) -> Result<(), Stop> {
        let tables = self.tables;
        for id in &self.table.sources {
            let (origin, path, why) = match tables.source(*id) {
                Some(Source { image: Ok(_), .. }) => continue,
                Some(Source { image: Err(why), path, origin, .. }) => {
                    (Some(*origin), &**path, &**why)
                }
                None => (None, "?", "it is not known"),
            };
            self.pass_unless(Question::Sources, Some(Reason::Unreadable), origin, || {
                Detail::Unreadable { path: path.into(), why: why.into() }
            })?;
        }
        Ok(())
    }

    /// A trap is sprung by whoever the lists would let in. Ident is not asked: whoever has no ident
    /// server touched it all the same.
    fn trap(&mut self) -> Result<(), Stop> {
        let Some(trap) = self.table.trap else { return Ok(()) };
        let origin = self.table.origin;
        if self.trace.wanted() {
            let rule = self.tables.never_ban.covers(self.peer);
            let spared = rule.map(|rule| (rule.text().into(), rule.origin()));
            let detail = Detail::Trap { sentence: trap.sentence, spared };
            self.show(Question::Trap, Answer::Sprung, Some(origin), &detail);
        }
        Err(Stop::Sprung(Sprung { sentence: trap.sentence, origin }))
    }

    fn ident(&mut self) -> Result<(), Stop> {
        if !self.table.ident_required {
            return self.unasked(Question::Ident);
        }
        let origin = Some(self.table.origin);
        let missing = match self.facts.ident {
            IdentAnswer::NotAsked => {
                return Err(self.need(Question::Ident, Need::Ident, origin, || Detail::Nothing));
            }
            IdentAnswer::Answered(_) => None,
            IdentAnswer::Declined | IdentAnswer::Missing => Some(Reason::Ident),
        };
        self.pass_unless(Question::Ident, missing, origin, || Detail::Nothing)
    }

    /// Stops until something has been asked.
    fn need(
        &mut self,
        question: Question,
        need: Need,
        origin: Option<Origin>,
        detail: impl FnOnce() -> Detail,
    ) -> Stop {
        if self.trace.wanted() {
            let detail = detail();
            self.show(question, Answer::Need(need), origin, &detail);
        }
        Stop::Need(need)
    }
}
