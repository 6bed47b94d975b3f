//! Rules of tcprules(1): tcpserver's order of look-ups, with nothing looked up that could not change
//! the end.

use super::{Case, Stop};
use crate::trace::Question;
use crate::{Detail, Effect, IdentAnswer, Names, Need, Reason};
use portreeve_model::{Asked, Dialect, Origin, RulesUse};
use portreeve_ucspi::environment::info;
use portreeve_ucspi::image::{self, Hosts, Image, Info, Match, Peer, Unknown};
use portreeve_ucspi::rules::Action;
use std::fmt::{self, Write};

impl Case<'_> {
    pub(super) fn rules(&mut self) -> Result<(), Stop> {
        let (table, tables) = (self.table, self.tables);
        let Some(used) = &table.rules else { return Ok(()) };
        let source = tables.source(used.source);
        let image = source.and_then(|source| source.image.as_ref().ok());
        let Some(decided) = image.and_then(|image| self.weigh(used, image.bytes())) else {
            // the bytes are not what the compiler wrote: nothing may be concluded
            let why = Some(Reason::Unreadable);
            return self.pass_unless(Question::Rules, why, Some(used.origin), || {
                let path = source.map_or("?", |source| &*source.path).into();
                Detail::Unreadable { path, why: "its image is damaged".into() }
            });
        };
        let file = source.map_or(used.origin.file, |source| source.file);
        let place = Origin { file, line: 0, column: 1, dialect: Dialect::Rules };
        match decided {
            image::Answer::Decided(found) => self.ruled(found, place),
            image::Answer::Ask(unknown) => Err(self.unclear(need_of(unknown), place)),
            image::Answer::Unclear(unknown) => {
                let reason = match unknown {
                    Unknown::Hosts => Reason::NamesFailed,
                    Unknown::Info => Reason::Ident,
                };
                let need = need_of(unknown);
                self.pass_unless(Question::Rules, Some(reason), Some(place), || {
                    Detail::RulesUnclear { need }
                })
            }
        }?;
        // what only the service wants to know is asked of those alone who come in so far
        for (asked, need, known) in [
            (used.names, Need::Names, self.facts.names != Names::NotAsked),
            (used.ident, Need::Ident, self.facts.ident != IdentAnswer::NotAsked),
        ] {
            if asked == Asked::Always && !known {
                return Err(self.unclear(need, place));
            }
        }
        Ok(())
    }

    /// What an image says of the peer; nothing if it is none.
    fn weigh<'i>(&self, used: &RulesUse, image: &'i [u8]) -> Option<image::Answer<'i>> {
        let image = Image::open(image).ok()?;
        let (names, user) = (self.hosts(used), self.user(used));
        let names = names.map(|names| names.iter().map(String::as_bytes).collect::<Vec<_>>());
        let hosts = match (&names, self.facts.names) {
            (Some(names), _) => Hosts::Known(names),
            (None, Names::NotAsked) => Hosts::NotAsked,
            (None, _) => Hosts::Failed,
        };
        let info = match (&user, self.facts.ident) {
            (Some(Some(user)), _) => Info::Known(user),
            (Some(None), _) => Info::None,
            (None, IdentAnswer::NotAsked) => Info::NotAsked,
            (None, _) => Info::Failed,
        };
        let mut text = Text { bytes: [0; Text::MOST], length: 0 };
        write!(text, "{}", self.peer).ok()?;
        image.decide(&Peer { address: text.bytes(), hosts, info }).ok()
    }

    /// A rule decides, or none does.
    fn ruled(&mut self, found: Option<Match<'_>>, place: Origin) -> Result<(), Stop> {
        let line = found.as_ref().and_then(|found| found.line).unwrap_or(0);
        let refused = found.as_ref().is_some_and(|found| found.rule.action == Action::Deny);
        let reason = refused.then_some(Reason::Rule);
        let detail = || match &found {
            Some(found) => Detail::Ruled {
                key: shown(&found.key),
                sets: found.rule.settings.iter().map(|one| shown(one.name)).collect(),
            },
            None => Detail::Unruled,
        };
        self.pass_unless(Question::Rules, reason, Some(Origin { line, ..place }), detail)?;
        for one in found.iter().flat_map(|found| &found.rule.settings) {
            // a variable without a name is none
            if !one.name.is_empty() {
                self.effects.push(Effect::Variable(one.name.to_vec(), one.value.to_vec()));
            }
        }
        Ok(())
    }

    /// Something has to be asked first.
    fn unclear(&mut self, need: Need, place: Origin) -> Stop {
        self.need(Question::Rules, need, Some(place), || Detail::RulesUnclear { need })
    }

    /// The peer's names that may be believed, if that much is known.
    fn hosts(&self, used: &RulesUse) -> Option<&[String]> {
        match (used.names, self.facts.names) {
            (Asked::Never, _) | (_, Names::None | Names::Unconfirmed) => Some(&[]),
            (_, Names::Confirmed(names)) => Some(names),
            (_, Names::NotAsked | Names::Failed) => None,
        }
    }

    /// The peer's user, or that it has none, if that much is known.
    fn user(&self, used: &RulesUse) -> Option<Option<Vec<u8>>> {
        match (used.ident, self.facts.ident) {
            (Asked::Never, _) => Some(None),
            (_, IdentAnswer::Answered(user)) => Some(Some(info(user))),
            // as the ancestor takes an answer that names nobody
            (_, IdentAnswer::Declined) => Some(Some(Vec::new())),
            (_, IdentAnswer::NotAsked | IdentAnswer::Missing) => None,
        }
    }
}

fn need_of(unknown: Unknown) -> Need {
    match unknown {
        Unknown::Hosts => Need::Names,
        Unknown::Info => Need::Ident,
    }
}

fn shown(name: &[u8]) -> Box<str> {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'\\' | b'\'' | b'"');
    match str::from_utf8(name) {
        // most names, and the whole of them at once
        Ok(name) if name.as_bytes().iter().all(plain) => name.into(),
        _ => name.escape_ascii().to_string().into(),
    }
}

/// The text of an address, where nothing has to be asked of the allocator.
struct Text {
    bytes: [u8; Self::MOST],
    length: usize,
}

impl Text {
    /// Bytes of the longest.
    const MOST: usize = 64;

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.checked_add(text.len()).ok_or(fmt::Error)?;
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
