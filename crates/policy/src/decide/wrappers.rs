//! hosts.allow and hosts.deny: their rules must grant, too.

use super::{Case, Stop};
use crate::explain::hosts::{matched, outcome};
use crate::trace::{Answer, Question};
use crate::wrappers::{
    End, Ending, Endpoint, Followed, Name, Need as HostNeed, Request, Settled, Side, User, follow,
};
use crate::{Detail, IdentAnswer, Names, Need, Reason, Refusal};
use portreeve_model::{WrappersUse, unmapped};
use std::net::IpAddr;

impl Case<'_> {
    pub(super) fn wrappers(&mut self) -> Result<(), Stop> {
        let (table, tables) = (self.table, self.tables);
        let Some(used) = &table.wrappers else { return Ok(()) };
        let Some(rules) = tables.hosts(used.source) else {
            let origin = Some(used.origin);
            return self.pass_unless(
                Question::HostsAccess,
                Some(Reason::HostsAccess),
                origin,
                || Detail::Hosts { rule: "".into(), outcome: "they have not been read".into() },
            );
        };
        let decide = |request: &Request, answers: &_, start| rules.decide(request, answers, start);
        let request = self.request(used);
        match follow(&decide, rules.words(), request, self.facts.answered) {
            Followed::Settled(settled) => self.settled(used, settled),
            Followed::Run(errand, rule) => {
                if self.trace.wanted() {
                    let detail = Detail::Errand { errand: errand.clone() };
                    let origin = Some(rule.unwrap_or(used.origin));
                    self.show(Question::HostsAccess, Answer::Run, origin, &detail);
                }
                Err(Stop::Run(errand))
            }
            Followed::Need(need, seconds, rule) => {
                let need = match need {
                    HostNeed::Name(Side::Client) => Need::Names,
                    HostNeed::Name(Side::Server) => Need::ServerNames,
                    HostNeed::User => Need::User(seconds),
                    // follow() makes errands of these
                    HostNeed::List(_) | HostNeed::Netgroup { .. } => Need::Names,
                };
                let origin = Some(rule.unwrap_or(used.origin));
                Err(self.need(Question::HostsAccess, need, origin, || Detail::Nothing))
            }
        }
    }

    fn settled(&mut self, used: &WrappersUse, settled: Settled<'_>) -> Result<(), Stop> {
        let Settled { ending, found, effects } = settled;
        let granted = matches!(ending, Ending::Rules(End::Granted | End::Delegated));
        let refused = (!granted).then_some(Reason::HostsAccess);
        let origin = found.map_or(used.origin, |found| found.origin);
        let detail = || Detail::Hosts {
            rule: found.map(|found| matched(&found)).unwrap_or_default().into(),
            outcome: outcome(&ending, &effects).into(),
        };
        match self.pass_unless(Question::HostsAccess, refused, Some(origin), detail) {
            Ok(()) => {
                self.effects.append(effects);
                Ok(())
            }
            Err(Stop::Refuse(refusal)) => Err(Stop::Refuse(Refusal { effects, ..refusal })),
            Err(other) => Err(other),
        }
    }

    /// The connection as the rules see it.
    fn request(&self, used: &WrappersUse) -> Request {
        let facts = self.facts;
        let server = facts.own.address.map(unmapped);
        Request {
            daemon: used.daemon.as_bytes().to_vec(),
            client: endpoint(Some(self.peer), facts.port, facts.names),
            server: endpoint(server, facts.own.port, facts.server_names),
            user: match facts.ident {
                IdentAnswer::NotAsked => User::NotAsked,
                IdentAnswer::Answered(user) => User::Known(user.trim_ascii().to_vec()),
                IdentAnswer::Declined | IdentAnswer::Missing => User::Unknown,
            },
            pid: facts.own.process,
        }
    }
}

fn endpoint(address: Option<IpAddr>, port: u16, names: Names<'_>) -> Endpoint {
    let name = match names {
        Names::NotAsked => Name::NotAsked,
        // the ancestor knows one name of an address: the first that it is told
        Names::Confirmed([first, ..]) => Name::Known(first.as_bytes().to_vec()),
        Names::Confirmed([]) | Names::None => Name::Unknown,
        Names::Unconfirmed => Name::Paranoid,
        Names::Failed => Name::Failed,
    };
    Endpoint { address: address.map(|address| address.to_string()), port, name }
}
