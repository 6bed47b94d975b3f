//! Following the rules to their end: a decision, and every option of the rule it was made by, with
//! `%` replaced and what it names found out. Nothing is carried out.

use super::decide::{Decision, End, Found, Start};
use super::expand::{TooLong, expand};
use super::request::{Answers, Need, Request, User};
use crate::errand::answer;
use crate::{Answered, Effect, Effects, Errand, MOST_ERRANDS, Said};
use portreeve_model::Origin;
use portreeve_model::wrappers::{Deed, HostWords, Setting};

/// Bytes that a banner may grow to when `%` is replaced.
const GROWN_BANNER: usize = 256 << 10;

/// Seconds that an ident server has where no rule says otherwise.
pub const USER_SECONDS: u32 = 10;

/// How far the rules can be followed with what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Followed<'r> {
    /// This must be found out first, a user within so many seconds, for the rule that begins there.
    Need(Need, u32, Option<Origin>),
    /// A process has to answer this first, for the rule that begins there.
    Run(Errand, Option<Origin>),
    /// To their end.
    Settled(Settled<'r>),
}

/// What the rules come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled<'r> {
    /// Who comes in.
    pub ending: Ending,
    /// The rule that matched, if one did.
    pub found: Option<Found<'r>>,
    /// What is to be done, in order: also what stood in front of an `aclexec` that failed.
    pub effects: Effects,
}

/// How it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As the rules say; a `twist` is among the effects.
    Rules(End),
    /// Refused: this option of the rule could not be followed.
    Fault(Fault),
}

/// Why an option cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// With `%` replaced it is too long.
    TooLong,
    /// There is no such user or group.
    Nobody,
    /// Its name is none that a variable can have, or its text holds a zero byte.
    Text,
    /// Its command could not be run, or did not end in time.
    Unanswered,
    /// The rules ask more than [`MOST_ERRANDS`] processes.
    TooMany,
}

/// Why the options of a rule are left before their end.
enum Leave {
    Need(Need),
    Run(Errand),
    /// Its `aclexec` failed: the rule does not match.
    Over,
    Fault(Fault),
}

/// Follows the rules that `decide` knows.
pub fn follow<'r>(
    decide: &dyn Fn(&Request, &Answers, Start) -> Decision<'r>,
    words: &HostWords,
    mut request: Request,
    done: &[Answered],
) -> Followed<'r> {
    let answers = Answers { netgroups: netgroups(done), ..Answers::default() };
    let mut start = Start::Beginning;
    let mut follower =
        Follower { request: &mut request, words, done, effects: Effects::default(), seconds: None };
    loop {
        let decided = match decide(follower.request, &answers, start) {
            Decision::Need(Need::Netgroup { group, host }, rule) => {
                let errand = Errand::Netgroup { group, host };
                return match done.len() < MOST_ERRANDS {
                    true => Followed::Run(errand, Some(rule)),
                    false => follower.settled(Ending::Fault(Fault::TooMany), None),
                };
            }
            Decision::Need(need, rule) => return follower.needs(need, Some(rule)),
            Decision::Decided(decided) => decided,
        };
        let options = decided.settings.iter().map(|setting| &setting.value);
        let left = options.map(|setting| follower.option(setting)).find_map(Result::err);
        let ending = match left {
            None => Ending::Rules(decided.end),
            Some(Leave::Need(need)) => {
                return follower.needs(need, decided.found.map(|found| found.origin));
            }
            Some(Leave::Run(errand)) => {
                return Followed::Run(errand, decided.found.map(|found| found.origin));
            }
            Some(Leave::Fault(fault)) => Ending::Fault(fault),
            Some(Leave::Over) => match decided.found {
                Some(found) => {
                    start = Start::After(found.which, found.number);
                    continue;
                }
                None => Ending::Fault(Fault::Unanswered), // no option without a rule
            },
        };
        return follower.settled(ending, decided.found);
    }
}

fn netgroups(done: &[Answered]) -> std::collections::BTreeMap<(Vec<u8>, Vec<u8>), Said> {
    let group = |done: &Answered| match &done.errand {
        Errand::Netgroup { group, host } => Some(((group.clone(), host.clone()), done.said)),
        Errand::Command { .. } => None,
    };
    done.iter().filter_map(group).collect()
}

struct Follower<'f> {
    request: &'f mut Request,
    words: &'f HostWords,
    done: &'f [Answered],
    effects: Effects,
    /// What `rfc931` last said.
    seconds: Option<u32>,
}

impl Follower<'_> {
    fn needs<'r>(&self, need: Need, rule: Option<Origin>) -> Followed<'r> {
        Followed::Need(need, self.seconds.unwrap_or(USER_SECONDS), rule)
    }

    fn settled<'r>(self, ending: Ending, found: Option<Found<'r>>) -> Followed<'r> {
        Followed::Settled(Settled { ending, found, effects: self.effects })
    }

    /// Goes past one option.
    fn option(&mut self, setting: &Setting) -> Result<(), Leave> {
        let value = setting.value.as_deref().unwrap_or_default();
        let text = match setting.deed.expands() {
            true => self.replaced(value)?.trim_ascii().to_vec(),
            false => value.to_vec(),
        };
        let effect = match &setting.deed {
            Deed::Allow | Deed::Deny | Deed::Wrong(_) => return Ok(()),
            Deed::Rfc931(seconds) => {
                self.seconds = seconds.or(self.seconds);
                return match self.request.user {
                    User::NotAsked => Err(Leave::Need(Need::User)),
                    User::Known(_) | User::Unknown => Ok(()),
                };
            }
            Deed::Aclexec => return self.agrees(text),
            Deed::Banners => match self.banner(&text)? {
                nothing if nothing.is_empty() => return Ok(()),
                bytes => Effect::Banner(bytes),
            },
            Deed::Severity(facility, severity) => Effect::Severity(*facility, *severity),
            Deed::Spawn => Effect::Spawn(without_zeros(text)?),
            Deed::Twist => Effect::Twist(without_zeros(text)?),
            Deed::KeepAlive => Effect::KeepAlive,
            Deed::Linger(seconds) => Effect::Linger(*seconds),
            Deed::Nice(by) => Effect::Nice(*by),
            Deed::SetEnv => {
                let (name, value) = variable(&text).ok_or(Leave::Fault(Fault::Text))?;
                Effect::Variable(name.to_vec(), value.to_vec())
            }
            Deed::Umask(mask) => Effect::Umask(*mask),
            Deed::User => {
                let user = self.words.users.get(&text).ok_or(Leave::Fault(Fault::Nobody))?;
                Effect::User(user.clone())
            }
            Deed::Group => {
                let group = self.words.groups.get(&text).ok_or(Leave::Fault(Fault::Nobody))?;
                Effect::Group(*group)
            }
        };
        self.effects.push(effect);
        Ok(())
    }

    /// Whether an `aclexec` succeeds.
    fn agrees(&self, text: Vec<u8>) -> Result<(), Leave> {
        let command = without_zeros(text)?;
        let errand = Errand::Command { command, so_far: self.effects.clone() };
        match answer(self.done, &errand) {
            Some(Said::Yes) => Ok(()),
            Some(Said::No) => Err(Leave::Over),
            Some(Said::Nothing) => Err(Leave::Fault(Fault::Unanswered)),
            None if self.done.len() < MOST_ERRANDS => Err(Leave::Run(errand)),
            None => Err(Leave::Fault(Fault::TooMany)),
        }
    }

    /// A text with `%` replaced.
    fn replaced(&mut self, text: &[u8]) -> Result<Vec<u8>, Leave> {
        let mut needed = None;
        let mut find_out = |need: Need, _: &mut Request| {
            needed.get_or_insert(need);
        };
        let replaced = expand(text, self.request, &mut find_out);
        match (needed, replaced) {
            (Some(need), _) => Err(Leave::Need(need)),
            (None, Ok((text, _))) => Ok(text),
            (None, Err(TooLong)) => Err(Leave::Fault(Fault::TooLong)),
        }
    }

    /// What the daemon's file in a folder says: zero bytes at its start as they are, then lines with
    /// `%` replaced, ended as terminals like it.
    fn banner(&mut self, folder: &[u8]) -> Result<Vec<u8>, Leave> {
        let key = (folder.to_vec(), self.request.daemon.clone());
        let Some(content) = self.words.banners.get(&key) else { return Ok(Vec::new()) };
        let zeros = content.iter().take_while(|byte| **byte == 0).count();
        let (zeros, lines) = content.split_at_checked(zeros).unwrap_or_default();
        let mut out = zeros.to_vec();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            out.extend(self.replaced(text)?);
            if line.len() > text.len() {
                out.extend_from_slice(b"\r\n");
            }
            if out.len() > GROWN_BANNER {
                return Err(Leave::Fault(Fault::TooLong));
            }
        }
        Ok(out)
    }
}

/// A command cannot hold a zero byte: it would end there.
fn without_zeros(text: Vec<u8>) -> Result<Vec<u8>, Leave> {
    if text.contains(&0) { Err(Leave::Fault(Fault::Text)) } else { Ok(text) }
}

/// `NAME VALUE`, as a variable; nothing when the name cannot be one.
fn variable(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (name, value) = text.split_at_checked(end)?;
    let fine = !name.is_empty() && !name.contains(&b'=') && !text.contains(&0);
    fine.then(|| (name, value.trim_ascii()))
}

#[cfg(test)]
mod tests;
