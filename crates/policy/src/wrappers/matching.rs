//! Whether a list matches a request.

use super::pages::{List as Listed, Lists};
use super::request::{Answers, Endpoint, Name, Need, Request, Side};
use crate::Said;
use portreeve_model::unmapped;
use portreeve_model::wrappers::{
    Broken, ClientPattern, Concerns, DaemonPattern, HostPattern, List, Token, Word,
};
use std::net::{IpAddr, Ipv4Addr};

/// Files within files: deeper is taken for a file that cannot be read.
const DEEPEST: usize = 8;

/// Patterns that are looked at for one decision, beside those of addresses; past it, a file counts
/// as one that cannot be read.
const MOST_PATTERNS: u32 = 1_000_000;

/// What a token or a list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    No,
    Yes,
    /// It may be about this request: nobody can tell.
    Open(Why),
}

/// Why nobody can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was written wrong.
    Broken(Broken),
    /// A file that it names cannot be read, or leads to too many others.
    List(Vec<u8>),
    /// It refuses by name, and the look-up failed.
    NameFailed,
    /// It refuses the members of this netgroup, and nobody could say who they are.
    Netgroup(Vec<u8>),
}

/// The token that spoke, by its part and place in the list.
pub(super) type Place = (usize, usize);

/// A walk through the rules for one request.
pub(super) struct Matcher<'a> {
    pub(super) request: &'a Request,
    pub(super) answers: &'a Answers,
    lists: Lists<'a>,
    /// What the rule at hand would do.
    pub(super) effect: Effect,
    /// Whether the token at hand stands behind an odd number of `EXCEPT`.
    excepts: bool,
    left: u32,
    /// The files that led to the pattern at hand: one that leads to itself cannot be read to its end.
    open: Vec<Vec<u8>>,
}

/// What a rule does to whom it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Grants,
    /// Or gives to another program.
    Refuses,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(request: &'a Request, answers: &'a Answers, lists: Lists<'a>) -> Self {
        let effect = Effect::Refuses;
        Self {
            request,
            answers,
            lists,
            effect,
            excepts: false,
            left: MOST_PATTERNS,
            open: Vec::new(),
        }
    }

    /// Whether the daemon list matches, and by which token.
    pub(super) fn daemons(
        &mut self,
        list: &List<DaemonPattern>,
    ) -> Result<(Answer, Option<Place>), Need> {
        self.list(list, Self::daemon)
    }

    /// Whether the client list matches, and by which token.
    pub(super) fn clients(
        &mut self,
        list: &List<ClientPattern>,
    ) -> Result<(Answer, Option<Place>), Need> {
        self.list(list, Self::client)
    }

    /// `a EXCEPT b EXCEPT c` is a except (b except c): each part counts only where those before it
    /// match. Where one is open, so is the list.
    fn list<T>(
        &mut self,
        list: &List<T>,
        one: fn(&mut Self, &T) -> Result<Answer, Need>,
    ) -> Result<(Answer, Option<Place>), Need> {
        let mut matched = false;
        let mut first = None;
        for (number, part) in list.parts.iter().enumerate() {
            self.excepts = number % 2 == 1;
            let (answer, at) = self.part(part, one)?;
            match answer {
                Answer::No => break,
                Answer::Open(why) => return Ok((Answer::Open(why), at.map(|at| (number, at)))),
                Answer::Yes => matched = !matched,
            }
            first = first.or(at.map(|at| (number, at)));
        }
        Ok((if matched { Answer::Yes } else { Answer::No }, first))
    }

    /// The first token that matches decides; else one that is open.
    fn part<T>(
        &mut self,
        part: &[Token<T>],
        one: fn(&mut Self, &T) -> Result<Answer, Need>,
    ) -> Result<(Answer, Option<usize>), Need> {
        let mut open = (Answer::No, None);
        for (at, token) in part.iter().enumerate() {
            match one(self, &token.pattern)? {
                Answer::Yes => return Ok((Answer::Yes, Some(at))),
                Answer::Open(why) if open.0 == Answer::No => open = (Answer::Open(why), Some(at)),
                Answer::Open(_) | Answer::No => {}
            }
        }
        Ok(open)
    }

    fn daemon(&mut self, pattern: &DaemonPattern) -> Result<Answer, Need> {
        let named = |word: &Word| word.matches(&self.request.daemon);
        // a server whose port is not known has port 0, which no rule means
        let port = self.request.server.port;
        let came_to = |wanted: u16| port != 0 && port == wanted;
        let (here, host) = match pattern {
            DaemonPattern::Name(word) => (named(word), None),
            DaemonPattern::Port(port) => (came_to(*port), None),
            DaemonPattern::At(word, host) => (named(word), Some(host)),
            DaemonPattern::PortAt(port, host) => (came_to(*port), Some(host)),
        };
        match (here, host) {
            (false, _) => Ok(Answer::No),
            (true, None) => Ok(Answer::Yes),
            (true, Some(host)) => self.host(host, Side::Server, 0),
        }
    }

    fn client(&mut self, pattern: &ClientPattern) -> Result<Answer, Need> {
        match pattern {
            ClientPattern::Host(host) => self.host(host, Side::Client, 0),
            ClientPattern::User(user, host) => match self.host(host, Side::Client, 0)? {
                Answer::Yes => {
                    let known = self.request.user_text().ok_or(Need::User)?;
                    Ok(answer(user.matches(known)))
                }
                other @ (Answer::No | Answer::Open(_)) => Ok(other),
            },
        }
    }

    fn host(&mut self, pattern: &HostPattern, side: Side, depth: usize) -> Result<Answer, Need> {
        self.left = self.left.saturating_sub(1);
        let end = self.request.side(side);
        match pattern {
            HostPattern::Netgroup(group) => {
                let host = self.name(end, side)?.to_vec();
                if !end.has_name() {
                    return Ok(self.by_name(end, false));
                }
                let key = (group.clone(), host);
                match self.answers.netgroups.get(&key) {
                    Some(Said::Yes) => Ok(Answer::Yes),
                    Some(Said::No) => Ok(Answer::No),
                    Some(Said::Nothing) => Ok(self.unanswered(Why::Netgroup(key.0))),
                    None => Err(Need::Netgroup { group: key.0, host: key.1 }),
                }
            }
            HostPattern::File(path) => self.file(path, side, depth),
            HostPattern::Known => {
                self.name(end, side)?;
                Ok(self.by_name(end, end.address.is_some() && end.has_name()))
            }
            HostPattern::Local => {
                let name = self.name(end, side)?;
                Ok(self.by_name(end, end.has_name() && !name.contains(&b'.')))
            }
            HostPattern::Masked { net, mask } => Ok(answer(in_mask(end, *net, *mask))),
            HostPattern::Network(network) => {
                Ok(answer(ip(end).is_some_and(|address| network.contains(address))))
            }
            HostPattern::Word(word) => {
                if word.matches(&end.compared_address()) {
                    return Ok(Answer::Yes);
                }
                if word.is_numeric() {
                    return Ok(Answer::No);
                }
                let name = self.name(end, side)?;
                Ok(self.by_name(end, word.matches(name)))
            }
            HostPattern::Never(_) => Ok(Answer::No),
            HostPattern::Broken(broken) => Ok(match concerns(*broken, end) {
                true => Answer::Open(Why::Broken(*broken)),
                false => Answer::No,
            }),
        }
    }

    /// Of names: where one could not be looked up, no rule grants by it, no exception saves by it
    /// from a rule that refuses, and a rule that refuses by it is not passed by.
    fn by_name(&self, end: &Endpoint, matches: bool) -> Answer {
        match end.name {
            Name::Failed => self.unanswered(Why::NameFailed),
            Name::NotAsked | Name::Known(_) | Name::Unknown | Name::Paranoid => answer(matches),
        }
    }

    /// A look-up that failed lets nobody in.
    fn unanswered(&self, why: Why) -> Answer {
        match (self.effect, self.excepts) {
            (Effect::Grants, excepts) => answer(excepts),
            (Effect::Refuses, true) => Answer::No,
            (Effect::Refuses, false) => Answer::Open(why),
        }
    }

    fn name(&self, end: &'a Endpoint, side: Side) -> Result<&'a [u8], Need> {
        end.name_text().ok_or(Need::Name(side))
    }

    fn file(&mut self, path: &[u8], side: Side, depth: usize) -> Result<Answer, Need> {
        let unread = Answer::Open(Why::List(path.to_vec()));
        let (set, patterns) = match self.lists.get(path) {
            Listed::NotAsked => return Err(Need::List(path.to_vec())),
            Listed::Missing => return Ok(Answer::No),
            Listed::Patterns(..) | Listed::Unreadable if depth >= DEEPEST => return Ok(unread),
            Listed::Unreadable => return Ok(unread),
            Listed::Patterns(..) if self.open.iter().any(|open| open == path) => return Ok(unread),
            Listed::Patterns(set, patterns) => (set, patterns),
        };
        let held = |address| set.is_some_and(|set| set.by_address(address).is_some());
        // whatever the others say: one that matches decides
        if ip(self.request.side(side)).is_some_and(held) {
            return Ok(Answer::Yes);
        }
        self.open.push(path.to_vec());
        let said = self.patterns(patterns, side, depth, unread);
        self.open.pop();
        said
    }

    /// Whether a pattern of a file matches; `unread` is what is said where they are too many.
    fn patterns(
        &mut self,
        patterns: &[HostPattern],
        side: Side,
        depth: usize,
        unread: Answer,
    ) -> Result<Answer, Need> {
        let mut open = Answer::No;
        for pattern in patterns {
            if self.left == 0 {
                return Ok(unread);
            }
            match self.host(pattern, side, depth.saturating_add(1))? {
                Answer::Yes => return Ok(Answer::Yes),
                Answer::Open(why) if open == Answer::No => open = Answer::Open(why),
                Answer::Open(_) | Answer::No => {}
            }
        }
        Ok(open)
    }
}

fn answer(matches: bool) -> Answer {
    if matches { Answer::Yes } else { Answer::No }
}

/// The address, without its scope.
pub(super) fn ip(end: &Endpoint) -> Option<IpAddr> {
    let text = end.address.as_deref()?;
    let text = text.split_once('%').map_or(text, |(address, _)| address);
    text.parse().ok().map(unmapped)
}

fn in_mask(end: &Endpoint, net: Ipv4Addr, mask: Ipv4Addr) -> bool {
    match ip(end) {
        Some(IpAddr::V4(address)) => u32::from(address) & u32::from(mask) == u32::from(net),
        Some(IpAddr::V6(_)) | None => false,
    }
}

/// Whether a broken pattern may have been about this end: one without an address is anybody.
fn concerns(broken: Broken, end: &Endpoint) -> bool {
    let Some(address) = ip(end) else { return true };
    match broken {
        Broken::Length(Concerns::V4) => address.is_ipv4(),
        Broken::Length(Concerns::V6) => address.is_ipv6(),
        Broken::Bare(network) => network.contains(address),
        Broken::Bracket | Broken::Long => true,
    }
}
