//! A database that is made beside the one in use, and takes its place whole.

use crate::trouble::Trouble;
use portreeve_ucspi::cdb::{HEADER, Maker};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What the two suites say when something fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// Before the name of the file that cannot be written.
    pub(crate) write: &'static str,
    /// Before the names of both, when the one cannot become the other.
    pub(crate) rename: &'static str,
}

/// A database being made.
#[derive(Debug)]
pub(crate) struct Fresh<'a> {
    place: &'a Path,
    beside: &'a Path,
    words: Words,
    file: BufWriter<File>,
    maker: Maker,
}

impl<'a> Fresh<'a> {
    /// Begins: `beside` is made, or emptied.
    pub(crate) fn create(place: &'a Path, beside: &'a Path, words: Words) -> Result<Self, Trouble> {
        let deed = format!("unable to create {}", beside.display());
        let opened =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(beside);
        let file = opened.map_err(|error| Trouble::system(&deed, &error))?;
        let mut file = BufWriter::with_capacity(64 << 10, file);
        file.write_all(&[0; HEADER]).map_err(|error| Trouble::system(&deed, &error))?;
        Ok(Self { place, beside, words, file, maker: Maker::new() })
    }

    /// Whether a record of these lengths fits, before its bytes are read.
    pub(crate) fn room(&self, key_length: u32, data_length: u32) -> Result<(), Trouble> {
        self.maker.room(key_length, data_length).map(|_| ()).map_err(|_| self.full())
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, key: &[u8], data: &[u8]) -> Result<(), Trouble> {
        let head = self.maker.record(key, data.len()).map_err(|_| self.full())?;
        for part in [&head, key, data] {
            self.file.write_all(part).map_err(|error| self.unwritten(&error))?;
        }
        Ok(())
    }

    /// Writes what is left, and puts the database into its place.
    pub(crate) fn finish(self) -> Result<(), Trouble> {
        let Self { place, beside, words, mut file, maker } = self;
        let unwritten = |error: io::Error| unwritten(words, beside, &error);
        let ending = maker.finish().map_err(|_| full(words, beside))?;
        for table in ending.tables {
            file.write_all(&table).map_err(unwritten)?;
        }
        file.seek(SeekFrom::Start(0)).map_err(unwritten)?;
        file.write_all(&ending.header).map_err(unwritten)?;
        let file = file.into_inner().map_err(|error| unwritten(error.into_error()))?;
        file.sync_all().map_err(unwritten)?;
        drop(file);
        let deed = format!("{} {} to {}", words.rename, beside.display(), place.display());
        fs::rename(beside, place).map_err(|error| Trouble::system(&deed, &error))
    }

    fn full(&self) -> Trouble {
        full(self.words, self.beside)
    }

    fn unwritten(&self, error: &io::Error) -> Trouble {
        unwritten(self.words, self.beside, error)
    }
}

/// The ancestors' word for a file that would reach 4 GiB is that of a full memory.
fn full(words: Words, beside: &Path) -> Trouble {
    Trouble::because(&format!("{} {}", words.write, beside.display()), "out of memory")
}

fn unwritten(words: Words, beside: &Path, error: &io::Error) -> Trouble {
    Trouble::system(&format!("{} {}", words.write, beside.display()), error)
}
