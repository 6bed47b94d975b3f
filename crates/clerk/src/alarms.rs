//! What the owner should mend: said once when it begins and once when it is over.

use crate::link::Link;
use portreeve_wire::clerk::FromClerk;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Alarms that are told at a time, [`MORE`] among them.
const MOST_TOLD: usize = 32;

/// Alarms that may be on; further ones are not remembered.
const MOST_ON: usize = 1024;

/// Bytes of one alarm's text.
const MOST_TEXT: usize = 512;

/// In place of those that are too many.
const MORE: &str = "more is wrong than can be told at a time";

/// Alarms that are on.
#[derive(Debug)]
pub(crate) struct Alarms {
    link: Rc<Link>,
    all: RefCell<All>,
}

#[derive(Debug, Default)]
struct All {
    /// By the text that is told: two long ones may begin alike.
    on: BTreeMap<String, BTreeSet<String>>,
    told: BTreeSet<String>,
}

impl Alarms {
    pub(crate) fn new(link: Rc<Link>) -> Self {
        Self { link, all: RefCell::default() }
    }

    /// It is so.
    pub(crate) fn raise(&self, text: &str) {
        let said = self.all.borrow_mut().raise(text);
        said.iter().for_each(|message| self.link.send(message));
    }

    /// It is no longer so.
    pub(crate) fn over(&self, text: &str) {
        let said = self.all.borrow_mut().over(text);
        said.iter().for_each(|message| self.link.send(message));
    }

    /// As the flag says.
    pub(crate) fn set(&self, text: &str, on: bool) {
        if on { self.raise(text) } else { self.over(text) }
    }
}

impl All {
    /// Gives what is to be said about it.
    fn raise(&mut self, text: &str) -> Vec<FromClerk> {
        let shown = shorten(text);
        if let Some(texts) = self.on.get_mut(&shown) {
            texts.insert(text.to_owned());
        } else if self.on.len() < MOST_ON {
            self.on.insert(shown, BTreeSet::from([text.to_owned()]));
            return self.settle();
        }
        Vec::new()
    }

    /// Gives what is to be said about it.
    fn over(&mut self, text: &str) -> Vec<FromClerk> {
        let shown = shorten(text);
        let Some(texts) = self.on.get_mut(&shown) else { return Vec::new() };
        texts.remove(text);
        if !texts.is_empty() {
            return Vec::new();
        }
        self.on.remove(&shown);
        self.settle()
    }

    /// From what is told to what should be: those told stay so, others take the room that is left.
    fn settle(&mut self) -> Vec<FromClerk> {
        let over = self.told.extract_if(.., |text| text != MORE && !self.on.contains_key(text));
        let mut said: Vec<_> = over.map(FromClerk::AlarmOver).collect();
        let more = self.told.remove(MORE);
        // One place is left for `MORE`, so that no alarm has to make room for it.
        let room = (MOST_TOLD - 1).saturating_sub(self.told.len());
        let untold = self.on.keys().filter(|text| !self.told.contains(*text));
        let next: Vec<_> = untold.take(room).cloned().collect();
        said.extend(next.iter().cloned().map(FromClerk::Alarm));
        self.told.extend(next);
        let too_many = self.told.len() < self.on.len();
        match (more, too_many) {
            (false, true) => said.push(FromClerk::Alarm(MORE.to_owned())),
            (true, false) => said.push(FromClerk::AlarmOver(MORE.to_owned())),
            (true, true) | (false, false) => {}
        }
        if too_many {
            self.told.insert(MORE.to_owned());
        }
        said
    }
}

/// The text as it is told.
fn shorten(text: &str) -> String {
    const CUT: &str = "…";
    if text.len() <= MOST_TEXT {
        return text.to_owned();
    }
    let most = text.floor_char_boundary(MOST_TEXT - CUT.len());
    format!("{}{CUT}", text.get(..most).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(text: impl Into<String>) -> FromClerk {
        FromClerk::Alarm(text.into())
    }

    fn over(text: impl Into<String>) -> FromClerk {
        FromClerk::AlarmOver(text.into())
    }

    #[test]
    fn what_begins_and_ends_is_said_once() {
        let mut all = All::default();
        assert_eq!(all.raise("a"), [alarm("a")]);
        assert_eq!(all.raise("a"), []);
        assert_eq!(all.over("b"), []);
        assert_eq!(all.over("a"), [over("a")]);
        assert_eq!(all.over("a"), []);
    }

    #[test]
    fn long_texts_are_cut_and_one_of_two_alike_is_not_the_end_of_both() {
        let mut all = All::default();
        let (long, longer) = ("ä".repeat(300), "ä".repeat(301));
        let said = all.raise(&long);
        let [FromClerk::Alarm(text)] = said.as_slice() else { panic!("{said:?}") };
        assert!(text.len() <= MOST_TEXT && text.len() > MOST_TEXT - 4 && text.ends_with('…'));
        assert_eq!(all.raise(&longer), []);
        assert_eq!(all.over(&long), []);
        assert_eq!(all.over(&longer), [over(text)]);
        assert_eq!(all.raise(&"x".repeat(512)), [alarm("x".repeat(512))]);
    }

    #[test]
    fn too_many_wait_for_room() {
        let mut all = All::default();
        let name = |n: usize| format!("{n:04}");
        for n in 0..MOST_TOLD - 1 {
            assert_eq!(all.raise(&name(n)), [alarm(name(n))]);
        }
        assert_eq!(all.raise(&name(31)), [alarm(MORE)]);
        assert_eq!(all.raise(&name(32)), []);
        assert_eq!(all.told.len(), MOST_TOLD);
        assert_eq!(all.over(&name(5)), [over(name(5)), alarm(name(31))]);
        assert_eq!(all.over(&name(6)), [over(name(6)), alarm(name(32)), over(MORE)]);
        (0..5000).for_each(|n| drop(all.raise(&name(n))));
        assert_eq!((all.told.len(), all.on.len()), (MOST_TOLD, MOST_ON));
        let ended: usize = (0..5000).map(|n| all.over(&name(n)).len()).sum();
        assert!(ended > 0 && all.told.is_empty() && all.on.is_empty());
    }
}
