//! A host made of one input: the files of a configuration, divided by form feeds.

use portreeve_config::{Unread, World};
use portreeve_dialect::{DirectoryEntry, EntryKind};
use portreeve_model::Zone;
use std::collections::BTreeMap;

/// Names of ports that the corpora use.
const SERVICES: &str = "echo 7/tcp\nftp 21/tcp\nssh 22/tcp\ntelnet 23/tcp\nsmtp 25/tcp\nhttp 80/tcp www\n\
                        imaps 993/tcp\nrootexternalssh 33333/tcp\n";

/// The host. The main file is the first piece; every further path that is asked for is the next.
pub(crate) struct Host<'a> {
    main: &'static str,
    pieces: Vec<&'a [u8]>,
    given: BTreeMap<String, usize>,
}

impl<'a> Host<'a> {
    pub(crate) fn new(main: &'static str, input: &'a [u8]) -> Self {
        let pieces = input.split(|byte| *byte == 0x0c).collect();
        Self { main, pieces, given: BTreeMap::from([(main.to_owned(), 0)]) }
    }

    /// A further file.
    pub(crate) fn with(mut self, path: &str, text: &'a [u8]) -> Self {
        self.given.insert(path.to_owned(), self.pieces.len());
        self.pieces.push(text);
        self
    }

    /// The texts that were read, under the paths they were read from.
    pub(crate) fn text(&self, path: &str) -> Option<&'a [u8]> {
        self.pieces.get(*self.given.get(path)?).copied()
    }
}

impl World for Host<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, Unread> {
        match path {
            "/etc/services" => return Ok(SERVICES.into()),
            "/etc/hosts.allow" | "/etc/hosts.deny" => return Err(Unread::absent()),
            _ => {}
        }
        let next = self.given.len();
        if next < self.pieces.len() {
            self.given.entry(path.to_owned()).or_insert(next);
        }
        self.text(path).map(<[u8]>::to_vec).ok_or_else(Unread::absent)
    }

    fn list(&mut self, directory: &str) -> Result<Vec<DirectoryEntry>, Unread> {
        let more = self.pieces.len().saturating_sub(self.given.len()).min(8);
        if more == 0 || directory == self.main {
            return Err(Unread::absent());
        }
        let entry = |n| DirectoryEntry { name: format!("{n}.toml"), kind: EntryKind::File };
        Ok((0..more).map(entry).collect())
    }

    fn zone(&mut self, name: &str) -> Option<Zone> {
        let known = ["local", "UTC", "Europe/Paris"].contains(&name);
        known.then(|| Zone { name: name.into(), offsets: vec![(0, 3600)] })
    }

    fn idle_times(&mut self) -> Result<(), String> {
        Ok(())
    }
}
