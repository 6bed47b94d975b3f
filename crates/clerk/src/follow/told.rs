//! Which offences an earlier clerk, killed before the ledger had them, has told the event log of.

use serde::Deserialize;
use std::collections::HashSet;

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
pub(crate) struct Told(HashSet<Key>);

/// The part of an event that says where its line was.
#[derive(Debug, Deserialize)]
struct Where {
    event: String,
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
        let line = found.inode.zip(found.offset).map(|(inode, offset)| Key::Line(inode, offset));
        self.0.extend(line.or_else(|| found.cursor.map(Key::Entry)));
    }

    /// Whether this has been told; asked once, since numbers of files come again.
    pub(crate) fn take(&mut self, spot: &Spot<'_>) -> bool {
        !self.0.is_empty() && self.0.remove(&spot.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_log_holds_is_told_once() {
        let mut told = Told::default();
        for line in [
            "{\"at\":\"x\",\"event\":\"offence\",\"file\":\"/a\",\"inode\":7,\"offset\":100}\n",
            "{\"at\":\"x\",\"event\":\"offence\",\"cursor\":\"s=1\"}\n",
            "{\"at\":\"x\",\"event\":\"evidence\",\"inode\":7,\"offset\":200}\n",
            "{\"at\":\"x\",\"event\":\"offence\",\"kind\":\"x\"}\n",
            "{\"at\":\"x\",\"event\":\"off",
        ] {
            told.add(line);
        }
        let spot = |offset| Spot::File { path: "/b", inode: 7, offset };
        assert!(told.take(&spot(100)) && !told.take(&spot(100)) && !told.take(&spot(200)));
        assert!(told.take(&Spot::Entry { cursor: "s=1" }) && told.0.is_empty());
    }
}
