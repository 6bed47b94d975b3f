//! Which offences an earlier clerk, killed before the ledger had them, has told the event log of.

use jiff::Timestamp;
use portreeve_model::Offence;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// Where the line ends that told of an offence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot<'a> {
    /// In a file.
    File {
        /// Where it lies.
        path: &'a str,
        /// The file's number.
        inode: u64,
        /// Bytes before the next line.
        offset: u64,
    },
    /// At an entry of the journal.
    Entry {
        /// Its cursor.
        cursor: &'a str,
    },
}

impl Spot<'_> {
    fn key(&self) -> Key {
        match self {
            Self::File { inode, offset, .. } => Key::Line(*inode, *offset),
            Self::Entry { cursor } => Key::Entry((*cursor).into()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Line(u64, u64),
    Entry(Box<str>),
}

/// What the end of the event log holds.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// What was told of.
    all: HashMap<Key, Deed>,
    /// The same of files, by where in its file the line ended and what was done: a file that was copied
    /// and cut is read on in the copy, which has another number.
    deeds: HashSet<(u64, Deed)>,
}

/// What tells an offence from others at such a place: when it was, in milliseconds, as the line says,
/// and whose account it was about.
type Deed = (i64, Option<Box<str>>);

/// The part of an event that says where its line was.
#[derive(Debug, Deserialize)]
struct Where {
    at: String,
    event: String,
    user: Option<Box<str>>,
    inode: Option<u64>,
    offset: Option<u64>,
    cursor: Option<Box<str>>,
}

impl Told {
    /// Takes a line of the log.
    pub(crate) fn add(&mut self, line: &str) {
        let Ok(found) = serde_json::from_str::<Where>(line) else { return };
        if found.event != "offence" {
            return;
        }
        let Ok(at) = found.at.parse::<Timestamp>() else { return };
        let deed = (at.as_millisecond(), found.user);
        if let Some((inode, offset)) = found.inode.zip(found.offset) {
            self.deeds.insert((offset, deed.clone()));
            self.all.insert(Key::Line(inode, offset), deed);
        } else if let Some(cursor) = found.cursor {
            self.all.insert(Key::Entry(cursor), deed);
        }
    }

    /// Whether this has been told; asked once, since numbers of files come again.
    pub(crate) fn take(&mut self, spot: &Spot<'_>, offence: &Offence) -> bool {
        if self.all.is_empty() && self.deeds.is_empty() {
            return false;
        }
        let found = self.all.remove(&spot.key());
        let Spot::File { offset, .. } = spot else { return found.is_some() };
        let at = i64::try_from(offence.at).unwrap_or(i64::MAX);
        let own = || (at, offence.user.as_deref().map(Into::into));
        let deed = found.clone().unwrap_or_else(own);
        self.deeds.remove(&(*offset, deed)) || found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(at: u64, user: &str) -> Offence {
        Offence {
            at,
            kind: "x".into(),
            peer: None,
            port: None,
            service: String::new(),
            user: Some(user.into()),
            source: "file".into(),
            watch: None,
            detector: None,
            session: None,
            certain: false,
            count: 1,
            why: String::new(),
            sentence: None,
            spared: None,
        }
    }

    fn told(lines: &[&str]) -> Told {
        let mut told = Told::default();
        lines.iter().for_each(|line| told.add(line));
        told
    }

    #[test]
    fn what_the_log_holds_is_told_once() {
        let mut told = told(&[
            "{\"at\":\"2026-11-22T10:00:00Z\",\"event\":\"offence\",\"file\":\"/a\",\"inode\":7,\"offset\":100}\n",
            "{\"at\":\"2026-11-22T10:00:00Z\",\"event\":\"offence\",\"cursor\":\"s=1\"}\n",
            "{\"at\":\"2026-11-22T10:00:00Z\",\"event\":\"evidence\",\"inode\":7,\"offset\":200}\n",
            "{\"at\":\"2026-11-22T10:00:00Z\",\"event\":\"offence\",\"kind\":\"x\"}\n",
            "{\"at\":\"x\",\"event\":\"off",
        ]);
        let spot = |offset| Spot::File { path: "/b", inode: 7, offset };
        let one = by(1, "joe");
        assert!(told.take(&spot(100), &one) && !told.take(&spot(100), &one));
        assert!(!told.take(&spot(200), &one));
        assert!(told.take(&Spot::Entry { cursor: "s=1" }, &one));
        assert!(told.all.is_empty() && told.deeds.is_empty());
    }

    #[test]
    fn a_copy_of_the_file_is_known_by_what_was_done() {
        let line = "{\"at\":\"1970-01-01T00:00:01.500Z\",\"event\":\"offence\",\"user\":\"joe\",\
                    \"file\":\"/a\",\"inode\":7,\"offset\":100}\n";
        let copy = |offset| Spot::File { path: "/a", inode: 8, offset };
        assert!(told(&[line]).take(&copy(100), &by(1500, "joe")));
        assert!(!told(&[line]).take(&copy(100), &by(1501, "joe")), "at another time");
        assert!(!told(&[line]).take(&copy(100), &by(1500, "jim")), "another's account");
        assert!(!told(&[line]).take(&copy(99), &by(1500, "joe")), "another line");
    }
}
