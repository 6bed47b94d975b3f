//! The access lists of a service: every one must grant.
//!
//! Addresses go first, over all lists: a rule on an address that decides spares the look-up of
//! names. Names are asked only when the verdict hangs on one.

use super::{Case, Stop};
use crate::rules::{Found, List};
use crate::trace::Question;
use crate::{Detail, Names, Need, Reason, Tables};
use portreeve_model::Origin;
use std::net::IpAddr;

/// What one list says.
enum Weighed<'a> {
    /// A rule denies.
    Denied(Found<'a>),
    /// A rule denies by name, and the look-up failed.
    Unnameable(Found<'a>),
    /// Nothing in the list of those who may come in matches.
    NoEntry(Origin),
    /// The peer may come in, by this rule where the list names those who may.
    Granted(Option<Found<'a>>),
    /// It hangs on a name.
    Unclear(Option<Found<'a>>),
}

/// Weighs a peer against a list; a match in `deny` refuses whatever else matches.
fn weigh<'a>(list: &'a List, tables: &Tables, peer: IpAddr, names: Names<'_>) -> Weighed<'a> {
    if let Some(found) = list.deny.by_address(tables, peer).or_else(|| list.deny.unusable()) {
        return Weighed::Denied(found);
    }
    let allow = list.allow.as_ref();
    let allowed = allow.and_then(|(rules, _)| rules.by_address(tables, peer));
    let missed = allow.filter(|_| allowed.is_none());
    if let Some((_, origin)) = missed.filter(|(rules, _)| rules.first_name(tables).is_none()) {
        return Weighed::NoEntry(*origin);
    }
    let denying = list.deny.first_name(tables);
    let by_name = match (names, denying) {
        (Names::NotAsked, Some(rule)) => return Weighed::Unclear(Some(rule)),
        (Names::NotAsked, None) => match missed {
            Some((rules, _)) => return Weighed::Unclear(rules.first_name(tables)),
            None => return Weighed::Granted(allowed),
        },
        (Names::Failed, Some(rule)) => return Weighed::Unnameable(rule),
        (Names::Failed, None) | (Names::None | Names::Unconfirmed, _) => &[],
        (Names::Confirmed(names), _) => names,
    };
    match (list.deny.by_name(tables, by_name), missed) {
        (Some(found), _) => Weighed::Denied(found),
        (None, None) => Weighed::Granted(allowed),
        (None, Some((rules, origin))) => match rules.by_name(tables, by_name) {
            Some(found) => Weighed::Granted(Some(found)),
            None => Weighed::NoEntry(*origin),
        },
    }
}

impl Case<'_> {
    pub(super) fn lists(&mut self) -> Result<(), Stop> {
        let lists = &self.table.lists;
        let mut unclear = false;
        for (number, list) in (0..).zip(lists) {
            let weighed = weigh(list, self.tables, self.peer, Names::NotAsked);
            if matches!(weighed, Weighed::Unclear(_)) {
                unclear = true;
            } else {
                self.hear(|case| case.list(number, list, weighed))?;
            }
        }
        if !unclear {
            return Ok(());
        }
        for (number, list) in (0..).zip(lists) {
            if let Weighed::Unclear(_) = weigh(list, self.tables, self.peer, Names::NotAsked) {
                let weighed = weigh(list, self.tables, self.peer, self.facts.names);
                self.hear(|case| case.list(number, list, weighed))?;
            }
        }
        Ok(())
    }

    fn list(&mut self, number: u32, list: &List, weighed: Weighed<'_>) -> Result<(), Stop> {
        let question = Question::List(number);
        let names_failed = self.facts.names == Names::Failed;
        let dialect = list.dialect;
        match weighed {
            Weighed::Denied(found) => {
                self.pass_unless(question, Some(Reason::Rule), found.origin(), || Detail::Denied {
                    rule: found.text().into(),
                })
            }
            Weighed::Unnameable(found) => {
                self.pass_unless(question, Some(Reason::NamesFailed), found.origin(), || {
                    Detail::Unnamed { rule: found.text().into() }
                })
            }
            Weighed::NoEntry(origin) => {
                let tables = self.tables;
                let named = list.allow.as_ref().and_then(|(rules, _)| rules.first_name(tables));
                self.pass_unless(question, Some(Reason::Rule), Some(origin), || Detail::NoEntry {
                    dialect,
                    names_failed: names_failed && named.is_some(),
                })
            }
            Weighed::Granted(Some(_)) if !self.trace.wanted() => Ok(()),
            Weighed::Granted(Some(found)) => {
                self.pass_unless(question, None, found.origin(), || Detail::Allowed {
                    rule: found.text().into(),
                })
            }
            Weighed::Granted(None) => self.unasked(question),
            Weighed::Unclear(found) => {
                let origin = found.and_then(|found| found.origin());
                Err(self.need(question, Need::Names, origin, || {
                    found.map_or(Detail::Nothing, |found| Detail::Unnamed {
                        rule: found.text().into(),
                    })
                }))
            }
        }
    }
}
