//! Which rule decides, when not everything is known of the peer.

use super::build::{self, MOST_DATA};
use super::steps::{Does, Step, Summary};
use super::{HEAD, MARK};
use crate::cdb::{Damaged, Reader};
use crate::rules::{Action, Stored};
use std::borrow::Cow;

/// Bytes that a builder adds to a rule's data, at most, for its line.
const LINE: usize = 16;

/// An image, looked into.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    summary: Summary,
    database: Reader<'a>,
    /// What rules with a user do, by what stands behind their `@`; empty without any.
    users: Option<Reader<'a>>,
}

/// Who comes.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// Its address, in the text of `TCPREMOTEIP`.
    pub address: &'a [u8],
    /// Its host names, in lower case, without a final dot.
    pub hosts: Hosts<'a>,
    /// What its ident server says.
    pub info: Info<'a>,
}

/// What is known of the peer's host names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts<'a> {
    /// Nobody has asked.
    NotAsked,
    /// All that may be believed; none of them: it has no name.
    Known(&'a [&'a [u8]]),
    /// Nobody could tell.
    Failed,
}

/// What is known of the peer's user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Info<'a> {
    /// Nobody has asked.
    NotAsked,
    /// This was said, perhaps nothing.
    Known(&'a [u8]),
    /// It is not asked for: the peer has none.
    None,
    /// Nobody could tell.
    Failed,
}

/// What is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The peer's host names.
    Hosts,
    /// The peer's user.
    Info,
}

/// The rule that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// Its key.
    pub key: Vec<u8>,
    /// In which step it was found.
    pub step: Step,
    /// What it does.
    pub rule: Stored<'a>,
    /// The line it was written in, where its text was read.
    pub line: Option<u32>,
}

/// What an image says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// This rule decides; `None`: none does, so that the peer is let in.
    Decided(Option<Match<'a>>),
    /// It hangs on this.
    Ask(Unknown),
    /// It hangs on this, which nobody could tell: a rule would refuse the peer, were it the one that
    /// it is about.
    Unclear(Unknown),
}

impl<'a> Image<'a> {
    /// Looks at an image's head.
    ///
    /// # Errors
    /// [`Damaged`] when it is none.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Damaged> {
        let rest = bytes.strip_prefix(&MARK).ok_or(Damaged)?;
        let (summary, rest) = rest.split_first_chunk::<8>().ok_or(Damaged)?;
        let (length, rest) = rest.split_first_chunk::<8>().ok_or(Damaged)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| Damaged)?;
        let (database, users) = rest.split_at_checked(length).ok_or(Damaged)?;
        Ok(Self {
            summary: Summary(u64::from_le_bytes(*summary)),
            database: Reader::new(database),
            users: (!users.is_empty()).then(|| Reader::new(users)),
        })
    }

    /// The database itself, of an image's bytes.
    #[must_use]
    pub fn database(bytes: &[u8]) -> Option<&[u8]> {
        let image = Image::open(bytes).ok()?;
        bytes.get(HEAD..HEAD.checked_add(image.database.bytes().len())?)
    }

    /// Whether a key can be asked for in this step at all.
    #[must_use]
    pub fn has(&self, step: Step) -> bool {
        self.summary.has(step)
    }

    /// Whether a rule refuses anybody.
    #[must_use]
    pub fn refuses(&self) -> bool {
        Step::ALL.iter().any(|step| self.summary.of(*step).may_refuse())
    }

    /// Which rule decides about a peer. What is not known of it is asked for when the end hangs on
    /// it; what nobody could tell never lets a peer in past a rule that might refuse it.
    ///
    /// With several names each step is taken for all of them, and of two rules in one step, with
    /// ends of names of one length, one that refuses counts.
    ///
    /// # Errors
    /// [`Damaged`]: nothing may be concluded.
    pub fn decide(&self, peer: &Peer<'_>) -> Result<Answer<'a>, Damaged> {
        let best = self.best(peer)?;
        let rule = best.as_ref().map(|found| &found.rule);
        let before = |step: Step| best.as_ref().is_none_or(|found| step < found.step);
        let by_host = match peer.hosts {
            Hosts::Known(_) => Does::default(),
            Hosts::NotAsked | Hosts::Failed => {
                let user = Some(Step::UserHost).filter(|_| peer.info != Info::None);
                let steps = user.into_iter().chain([Step::Host, Step::Tail, Step::AnyHost]);
                let open = steps.filter(|step| before(*step)).map(|step| self.summary.of(step));
                open.fold(Does::default(), Does::or)
            }
        };
        let by_info = match peer.info {
            Info::Known(_) | Info::None => Does::default(),
            Info::NotAsked | Info::Failed => self.by_user(peer, &before)?,
        };
        if peer.hosts == Hosts::NotAsked && by_host.may_change(rule) {
            return Ok(Answer::Ask(Unknown::Hosts));
        }
        if peer.info == Info::NotAsked && by_info.may_change(rule) {
            return Ok(Answer::Ask(Unknown::Info));
        }
        if rule.is_none_or(|rule| rule.action == Action::Allow) {
            // what was not asked for could change nothing, or the question would have been put
            if by_host.may_refuse() {
                return Ok(Answer::Unclear(Unknown::Hosts));
            }
            if by_info.may_refuse() {
                return Ok(Answer::Unclear(Unknown::Info));
            }
        }
        Ok(Answer::Decided(best))
    }

    /// What rules with a user could do to the peer, were its user known.
    fn by_user(&self, peer: &Peer<'_>, before: &dyn Fn(Step) -> bool) -> Result<Does, Damaged> {
        let Some(users) = self.users else { return Ok(Does::default()) };
        let mut open = Does::default();
        let mut ask = |whose: &[u8]| {
            let does = users.get(whose)?.and_then(<[u8]>::first);
            open = open.or(Does(does.copied().unwrap_or(0)));
            Ok::<(), Damaged>(())
        };
        if before(Step::UserAddress) {
            ask(peer.address)?;
        }
        if let (true, Hosts::Known(hosts)) = (before(Step::UserHost), peer.hosts) {
            for host in hosts {
                ask(&[b"=", *host].concat())?;
            }
        }
        Ok(open)
    }

    /// The rule that decides by what is known.
    fn best(&self, peer: &Peer<'_>) -> Result<Option<Match<'a>>, Damaged> {
        let address = peer.address;
        let hosts = if let Hosts::Known(hosts) = peer.hosts { hosts } else { &[] };
        for step in Step::ALL {
            if !self.summary.has(step) {
                continue;
            }
            let found = match (step, peer.info) {
                (Step::UserAddress, Info::Known(info)) => {
                    self.first(step, [Cow::from([info, b"@", address].concat())])?
                }
                (Step::UserHost, Info::Known(info)) => {
                    let key = |host: &&[u8]| Cow::from([info, b"@=", *host].concat());
                    self.first(step, hosts.iter().map(key))?
                }
                (Step::UserAddress | Step::UserHost, _) => None,
                (Step::Address, _) => self.first(step, [Cow::from(address)])?,
                (Step::Host, _) => self.first(step, hosts.iter().map(|host| named(host)))?,
                (Step::Prefix, _) => self.prefix(address)?,
                (Step::Tail, _) => self.tail(hosts)?,
                (Step::AnyHost, _) => self.first(step, hosts.first().map(|_| named(b"")))?,
                (Step::Everybody, _) => self.first(step, [Cow::default()])?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The first of these keys that is there, or the first whose rule refuses.
    fn first<'k>(
        &self,
        step: Step,
        keys: impl IntoIterator<Item = Cow<'k, [u8]>>,
    ) -> Result<Option<Match<'a>>, Damaged> {
        let mut best = None;
        for key in keys {
            let Some(data) = self.database.get(&key)? else { continue };
            if data.len() > MOST_DATA.saturating_add(LINE) {
                return Err(Damaged); // no builder writes this, and all of it would be looked through
            }
            let key = key.into_owned();
            let found = Match { key, step, rule: Stored::parse(data), line: build::line(data) };
            if found.rule.action == Action::Deny {
                return Ok(Some(found));
            }
            best.get_or_insert(found);
        }
        Ok(best)
    }

    fn prefix(&self, address: &[u8]) -> Result<Option<Match<'a>>, Damaged> {
        let ends = address.iter().enumerate().rev();
        for (at, _) in ends.filter(|(_, byte)| matches!(byte, b'.' | b':')) {
            let prefix = address.get(..=at).unwrap_or_default();
            if let Some(found) = self.first(Step::Prefix, [Cow::from(prefix)])? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn tail(&self, hosts: &[&[u8]]) -> Result<Option<Match<'a>>, Damaged> {
        let tails = |host: &'_ [u8]| -> Vec<Vec<u8>> {
            let dots = host.iter().enumerate().filter(|(_, byte)| **byte == b'.');
            dots.filter_map(|(at, _)| Some(host.get(at..)?.to_vec())).collect()
        };
        let mut all: Vec<Vec<u8>> = hosts.iter().flat_map(|host| tails(host)).collect();
        all.sort_by_key(|tail| std::cmp::Reverse(tail.len()));
        for same in all.chunk_by(|one, other| one.len() == other.len()) {
            if let Some(found) = self.first(Step::Tail, same.iter().map(|tail| named(tail)))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// The key of a name, or of the end of one.
fn named(name: &[u8]) -> Cow<'static, [u8]> {
    [b"=", name].concat().into()
}
