//! Room: the rate, then sessions, then startups. Only a peer that came through everything else is
//! asked, and counts.

use super::{Arrived, Case, Stop};
use crate::early_drop::drop_chance;
use crate::state::What;
use crate::trace::Question;
use crate::{Detail, Reason};
use portreeve_model::{Network, PerSource, Sited};

impl Case<'_> {
    pub(super) fn room(&mut self) -> Result<(), Stop> {
        self.hear(Self::rate)?;
        self.hear(Self::instances)?;
        let (sessions, startups) = (self.table.per_source, self.table.per_source_startups);
        self.hear(|case| {
            case.source(Question::PerSource, sessions, What::Sessions, Reason::PerSource)
        })?;
        self.hear(Self::startups)?;
        let full = Reason::PerSourceStartups;
        self.hear(|case| case.source(Question::PerSourceStartups, startups, What::Startups, full))
    }

    fn rate(&mut self) -> Result<(), Stop> {
        self.arrived = Arrived::Counted;
        let Some(rate) = self.table.rate else { return self.unasked(Question::Rate) };
        let window = self.slot.and_then(|slot| slot.window);
        let open = window.filter(|window| window.is_open(self.facts.now, rate.value.per));
        let count = open.map_or(0, |window| window.count);
        let tripped = (count >= rate.value.connections).then_some(Reason::Rate);
        let detail = || Detail::Rate { count, rate: rate.value };
        self.pass_unless(Question::Rate, tripped, Some(rate.origin), detail)
    }

    fn instances(&mut self) -> Result<(), Stop> {
        let Some(limit) = self.table.instances else { return self.unasked(Question::Instances) };
        let now = self.slot.map_or(0, |slot| slot.sessions);
        let full = (now >= limit.value).then_some(Reason::Instances);
        let detail = || Detail::Count { now, limit: limit.value };
        self.pass_unless(Question::Instances, full, Some(limit.origin), detail)
    }

    fn source(
        &mut self,
        question: Question,
        limit: Option<Sited<PerSource>>,
        what: What,
        reason: Reason,
    ) -> Result<(), Stop> {
        let Some(Sited { value: PerSource { max, width }, origin }) = limit else {
            return self.unasked(question);
        };
        let peer = self.peer;
        let now = self.slot.map_or(0, |slot| slot.sources.count(peer, width, what));
        let full = (now >= max).then_some(reason);
        self.pass_unless(question, full, Some(origin), || Detail::Source {
            source: Network::around(peer, width.v4, width.v6),
            now,
            limit: max,
        })
    }

    fn startups(&mut self) -> Result<(), Stop> {
        let Some(limit) = self.table.startups else { return self.unasked(Question::Startups) };
        let now = self.slot.map_or(0, |slot| slot.startup_count());
        let chance = drop_chance(limit.value, now);
        let dropped = (self.facts.dice.min(99) < chance).then_some(Reason::Startups);
        let detail = || Detail::Drop { now, limit: limit.value, chance };
        self.pass_unless(Question::Startups, dropped, Some(limit.origin), detail)
    }
}
