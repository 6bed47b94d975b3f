//! The decision: hosts.allow, then hosts.deny, then whoever is left is granted.

pub use super::matching::Why;
use super::matching::{Answer, Effect, Matcher, Place, ip};
use super::pages::{Lists, Page, Pages, PlainRules};
use super::request::{Answers, Need, Request};
use portreeve_model::wrappers::{Deed, Rule, Setting, Table, Tables, Which, WrongOption};
use portreeve_model::{Origin, Sited};

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first rule.
    Beginning,
    /// Behind a rule whose `aclexec` failed. In hosts.allow the rest of the file is passed over, as
    /// by the ancestor: that grants less. In hosts.deny the next rule is looked at.
    After(Which, usize),
}

/// What is known now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision<'r> {
    /// It cannot be said before this is found out, for the rule that begins there.
    Need(Need, Origin),
    /// It is decided.
    Decided(Decided<'r>),
}

/// A decision, and what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided<'r> {
    /// How it ends once everything in `settings` is done.
    pub end: End,
    /// The rule that matched; `None` when none did, or a file could not be read.
    pub found: Option<Found<'r>>,
    /// What is to be done, in order; with the last, `end` is reached.
    pub settings: &'r [Sited<Setting>],
}

/// How a request ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The daemon runs.
    Granted,
    /// It does not.
    Refused,
    /// Another program runs in its place: `twist`.
    Delegated,
    /// Refused: an option of the rule cannot be carried out.
    Wrong(WrongOption),
    /// Refused: nobody can tell whether the rule matches.
    Open(Why),
    /// Refused: this file cannot be read.
    Unreadable(Which),
}

/// The rule that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'r> {
    /// Its file.
    pub which: Which,
    /// Its place there, from 0; where plain rules are kept together, theirs.
    pub number: usize,
    /// Where it begins.
    pub origin: Origin,
    /// Its last line in the file.
    pub line: u32,
    /// The rule; where plain rules are kept together, the first of those with its daemon list.
    pub rule: &'r Rule,
    /// The word of its daemon list that decided.
    pub daemon: Option<Origin>,
    /// The word of its client list.
    pub client: Option<Origin>,
}

/// Decides, or says what it must know.
pub fn decide<'r>(
    tables: &'r Tables,
    request: &Request,
    answers: &Answers,
    start: Start,
) -> Decision<'r> {
    let pages = |which| match tables.table(which) {
        Table::Rules(rules) => Pages::Rules(rules),
        Table::Unreadable => Pages::Unreadable,
    };
    decide_by(&pages, Lists::Asked(&answers.lists), request, answers, start)
}

/// Decides by rules that are kept in any way.
pub(super) fn decide_by<'r>(
    pages: &dyn Fn(Which) -> Pages<'r>,
    lists: Lists<'_>,
    request: &Request,
    answers: &Answers,
    start: Start,
) -> Decision<'r> {
    match search(pages, lists, request, answers, start) {
        Ok(decided) => Decision::Decided(decided),
        Err((need, rule)) => Decision::Need(need, rule),
    }
}

fn search<'r>(
    pages: &dyn Fn(Which) -> Pages<'r>,
    lists: Lists<'_>,
    request: &Request,
    answers: &Answers,
    start: Start,
) -> Result<Decided<'r>, (Need, Origin)> {
    for which in [Which::Allow, Which::Deny] {
        let from = match start {
            Start::Beginning => 0,
            Start::After(Which::Allow, _) if which == Which::Allow => continue,
            Start::After(Which::Allow, _) => 0,
            Start::After(Which::Deny, _) if which == Which::Allow => continue,
            Start::After(Which::Deny, number) => number.saturating_add(1),
        };
        let pages = pages(which);
        if let Pages::Unreadable = pages {
            return Ok(Decided { end: End::Unreadable(which), found: None, settings: &[] });
        }
        let mut matcher = Matcher::new(request, answers, lists);
        let mut number = from;
        while let Some(page) = pages.get(number) {
            let decided = match page {
                Page::Rule(rule) => {
                    let asks = |need| (need, rule.origin);
                    one(&mut matcher, which, rule, number).map_err(asks)?
                }
                Page::Plain(lists) => plain(&mut matcher, which, lists, number)?,
            };
            if let Some(decided) = decided {
                return Ok(decided);
            }
            number = number.saturating_add(1);
        }
    }
    Ok(Decided { end: End::Granted, found: None, settings: &[] })
}

fn one<'r>(
    matcher: &mut Matcher<'_>,
    which: Which,
    rule: &'r Rule,
    number: usize,
) -> Result<Option<Decided<'r>>, Need> {
    let (end, settings) = ending(rule, which);
    matcher.effect = if end == End::Granted { Effect::Grants } else { Effect::Refuses };
    let (daemons, daemon) = matcher.daemons(&rule.daemons)?;
    if daemons == Answer::No {
        return Ok(None);
    }
    let (clients, client) = matcher.clients(&rule.clients)?;
    if clients == Answer::No {
        return Ok(None);
    }
    let found = Found {
        which,
        number,
        origin: rule.origin,
        line: rule.line,
        rule,
        daemon: daemon.and_then(|at| origin(&rule.daemons.parts, at)),
        client: client.and_then(|at| origin(&rule.clients.parts, at)),
    };
    let decided = match (daemons, clients) {
        (Answer::Open(why), _) | (_, Answer::Open(why)) => {
            Decided { end: End::Open(why), found: Some(found), settings: &[] }
        }
        (Answer::Yes | Answer::No, _) => Decided { end, found: Some(found), settings },
    };
    Ok(Some(decided))
}

/// The first rule of some plain ones that matches.
fn plain<'r>(
    matcher: &mut Matcher<'_>,
    which: Which,
    lists: &'r [PlainRules],
    number: usize,
) -> Result<Option<Decided<'r>>, (Need, Origin)> {
    let client = ip(&matcher.request.client);
    let mut first: Option<(u32, &'r PlainRules, Option<Place>)> = None;
    for list in lists {
        // plain daemon lists never need anything
        let asks = |need| (need, list.first.origin);
        let (answer, daemon) = matcher.daemons(&list.first.daemons).map_err(asks)?;
        if answer != Answer::Yes {
            continue;
        }
        let Some(line) = list.line(client) else { continue };
        if first.is_none_or(|(before, ..)| line < before) {
            first = Some((line, list, daemon));
        }
    }
    Ok(first.map(|(line, list, daemon)| {
        let rule = &list.first;
        let found = Found {
            which,
            number,
            origin: Origin { line, ..rule.origin },
            line,
            rule,
            daemon: daemon.and_then(|at| origin(&rule.daemons.parts, at)),
            client: None,
        };
        Decided { end: end_in(which), found: Some(found), settings: &[] }
    }))
}

fn origin<T>(
    parts: &[Vec<portreeve_model::wrappers::Token<T>>],
    (part, at): Place,
) -> Option<Origin> {
    Some(parts.get(part)?.get(at)?.origin)
}

/// What a rule leads to, and what is done on the way: all options up to one that is wrong.
fn ending(rule: &Rule, which: Which) -> (End, &[Sited<Setting>]) {
    let settings = rule.settings.as_slice();
    for (at, setting) in settings.iter().enumerate() {
        let Some(end) = end_of(&setting.value) else { continue };
        return (end, settings.get(..=at).unwrap_or(settings));
    }
    (end_in(which), settings)
}

/// What a rule leads to that says nothing else.
fn end_in(which: Which) -> End {
    match which {
        Which::Allow => End::Granted,
        Which::Deny => End::Refused,
    }
}

/// What an option ends with, if it ends a rule.
fn end_of(setting: &Setting) -> Option<End> {
    match setting.deed {
        Deed::Wrong(wrong) => Some(End::Wrong(wrong)),
        Deed::Allow => Some(End::Granted),
        Deed::Deny => Some(End::Refused),
        Deed::Twist => Some(End::Delegated),
        Deed::Severity(..)
        | Deed::Spawn
        | Deed::Aclexec
        | Deed::KeepAlive
        | Deed::Linger(_)
        | Deed::Rfc931(_)
        | Deed::Banners
        | Deed::Nice(_)
        | Deed::SetEnv
        | Deed::Umask(_)
        | Deed::User
        | Deed::Group => None,
    }
}
