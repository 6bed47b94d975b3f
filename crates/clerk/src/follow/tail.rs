//! Reading on in a file that others write, cut, copy and rename.
//!
//! Where one was is an offset and the hash of the bytes before it. These bytes are read again together
//! with those behind, in one call: where they are others, the file was cut or is another, whatever its
//! name, number and size say.

use portreeve_ledger::Position;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

/// Bytes before an offset that are known.
const TAIL: usize = 64;
/// Bytes that are looked at, at once.
pub(crate) const CHUNK: usize = 64 << 10;
/// Bytes of a line that are kept; the rest is passed over.
pub(crate) const LONGEST: usize = 8 << 10;

/// Where one is in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes that need not be read again.
    pub(crate) offset: u64,
    /// So many before it are known.
    tail: u32,
    /// By this.
    mark: u64,
    /// Whether it is within a line of which the rest is passed over.
    within: bool,
}

impl Place {
    /// That of a position.
    pub(crate) fn of(position: &Position) -> Self {
        let Position { offset, tail, mark, within, .. } = *position;
        Self { offset, tail, mark, within }
    }

    /// As a position has it.
    pub(crate) fn write(&self, position: &mut Position) {
        (position.offset, position.tail) = (self.offset, self.tail);
        (position.mark, position.within) = (self.mark, self.within);
    }

    /// At an offset of a file that nobody has read: at the start of the next line. Nothing is known of
    /// an empty one.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn at(file: &File, offset: u64) -> io::Result<Self> {
        let tail = usize::try_from(offset).unwrap_or(TAIL).min(TAIL);
        let mut bytes = [0; TAIL];
        let bytes = bytes.get_mut(..tail).unwrap_or_default();
        let read = read_at(file, bytes, offset.saturating_sub(tail as u64))?;
        if read < tail {
            return Ok(Self::default()); // it was cut just now
        }
        let within = bytes.last().is_some_and(|byte| *byte != b'\n');
        Ok(Self { offset, tail: u32::try_from(tail).unwrap_or(0), mark: hash(bytes), within })
    }

    /// Whether something is known by which it could be found in another file.
    pub(crate) fn is_known(&self) -> bool {
        self.tail > 0
    }

    /// Whether a file holds, before this offset, what was read there.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn is_in(&self, file: &File) -> io::Result<bool> {
        let mut buffer = [0; TAIL];
        Ok(!matches!(self.read(file, &mut buffer)?, Took::Other))
    }

    /// Reads what is behind it, as much as the buffer holds beside what is known.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn read<'b>(&self, file: &File, buffer: &'b mut [u8]) -> io::Result<Took<'b>> {
        let tail = usize::try_from(self.tail).unwrap_or(TAIL).min(buffer.len());
        let read = read_at(file, buffer, self.offset.saturating_sub(tail as u64))?;
        let bytes = buffer.get(..read).unwrap_or_default();
        Ok(match bytes.split_at_checked(tail) {
            Some((known, _)) if tail > 0 && hash(known) != self.mark => Took::Other,
            Some((_, [])) => Took::Nothing,
            Some(_) => Took::New { bytes, known: tail },
            None => Took::Other,
        })
    }

    /// Behind NUL bytes, the next that were ever written: a file may be longer than its content.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn past_hole(self, file: &File) -> io::Result<Self> {
        let found = rustix::fs::seek(file, rustix::fs::SeekFrom::Data(self.offset));
        let data = match found {
            Ok(data) => data,
            Err(rustix::io::Errno::NXIO) => file.metadata()?.len(),
            Err(_) => return Ok(self), // a file system that does not tell
        };
        match data > self.offset {
            true => Ok(Self { within: false, ..Self::at(file, data)? }),
            false => Ok(self),
        }
    }

    /// The place behind so many of the bytes that were read here, where [`scan`] stopped.
    fn behind(&self, bytes: &[u8], known: usize, used: usize, within: bool) -> Self {
        let end = known.saturating_add(used);
        let from = end.saturating_sub(TAIL);
        let tail = bytes.get(from..end).unwrap_or_default();
        Self {
            offset: self.offset.saturating_add(used as u64),
            tail: u32::try_from(tail.len()).unwrap_or(0),
            mark: hash(tail),
            within,
        }
    }

    /// Gives the lines of the bytes that were read here to `each`, until it wants no more. Gives the
    /// place behind them.
    pub(crate) fn scan(
        &self,
        bytes: &[u8],
        known: usize,
        each: &mut dyn FnMut(Line<'_>) -> Go,
    ) -> Self {
        let new = bytes.get(known..).unwrap_or_default();
        let (used, within) = scan(new, self.within, each);
        self.behind(bytes, known, used, within)
    }
}

/// What reading gave.
#[derive(Debug)]
pub(crate) enum Took<'b> {
    /// Bytes: `known` ones that were read before, and those behind them.
    New {
        /// All of them.
        bytes: &'b [u8],
        /// How many were known.
        known: usize,
    },
    /// There are no more.
    Nothing,
    /// What was read before is not there: the file was cut, or is another.
    Other,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    /// Enough for now: this line was the last.
    Enough,
}

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'b> {
    pub(crate) bytes: &'b [u8],
    /// It was longer.
    pub(crate) cut: bool,
    /// Bytes up to its end, of those that were scanned.
    pub(crate) end: usize,
}

/// Gives whole lines, and the first [`LONGEST`] bytes of longer ones; says how many bytes were used,
/// and whether what follows belongs to a line that was cut. NUL bytes before a line are what a crash
/// or a writer that did not notice that its file was cut leaves: they are no part of it.
fn scan(new: &[u8], mut within: bool, each: &mut dyn FnMut(Line<'_>) -> Go) -> (usize, bool) {
    let mut used = 0;
    loop {
        let rest = new.get(used..).unwrap_or_default();
        if within {
            match end_of(rest) {
                Some(end) => {
                    used = used.saturating_add(end).saturating_add(1);
                    within = false;
                    continue;
                }
                None => return (new.len(), true),
            }
        }
        let nuls = rest.iter().take_while(|byte| **byte == 0).count();
        if nuls > 0 {
            used = used.saturating_add(nuls);
            continue;
        }
        let head = rest.get(..LONGEST.saturating_add(1)).unwrap_or(rest);
        let line = match end_of(head) {
            Some(end) => {
                used = used.saturating_add(end).saturating_add(1);
                Line { bytes: head.get(..end).unwrap_or_default(), cut: false, end: used }
            }
            None if rest.len() <= LONGEST => return (used, false),
            None => {
                used = used.saturating_add(LONGEST);
                within = true;
                Line { bytes: rest.get(..LONGEST).unwrap_or_default(), cut: true, end: used }
            }
        };
        if !line.bytes.is_empty() && each(line) == Go::Enough {
            return (used, within);
        }
    }
}

fn end_of(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}

/// Reads until the buffer is full or the file ends.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while let Some(room) = buffer.get_mut(read..).filter(|room| !room.is_empty()) {
        match file.read_at(room, offset.saturating_add(read as u64)) {
            Ok(0) => break,
            Ok(length) => read = read.saturating_add(length),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// FNV-1a: the same in every version. Who could find two texts of one hash could as well write the
/// same text twice.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::io::Write;

    fn lines(new: &[u8], within: bool) -> (Vec<(Vec<u8>, bool)>, usize, bool) {
        let mut lines = Vec::new();
        let (used, within) = scan(new, within, &mut |line| {
            lines.push((line.bytes.to_vec(), line.cut));
            Go::On
        });
        (lines, used, within)
    }

    #[test]
    fn lines_are_whole_or_wait_and_long_ones_are_cut() {
        let line = |text: &[u8]| (text.to_vec(), false);
        assert_eq!(lines(b"a\nb\r\nc", false), (vec![line(b"a"), line(b"b\r")], 5, false));
        assert_eq!(lines(b"\n\n\0\0x\n\0", false), (vec![line(b"x")], 7, false));
        assert_eq!(lines(b"rest\nnext\n", true), (vec![line(b"next")], 10, false));
        assert_eq!(lines(b"rest", true), (vec![], 4, true));
        assert_eq!(lines(b"a\0b\n", false), (vec![line(b"a\0b")], 4, false));
        for length in [LONGEST - 1, LONGEST, LONGEST + 1, 3 * LONGEST] {
            let long = vec![b'x'; length];
            let cut = length > LONGEST;
            let want = vec![(long[..length.min(LONGEST)].to_vec(), cut)];
            let whole = [&long[..], b"\n"].concat();
            assert_eq!(lines(&whole, false), (want.clone(), length + 1, false), "{length}");
            let (found, used, within) = lines(&long, false);
            if cut {
                assert_eq!((found, used, within), (want, length, true), "{length}");
            } else {
                assert_eq!((found, used, within), (vec![], 0, false), "{length}");
            }
        }
        let enough = scan(b"a\nb\n", false, &mut |_| Go::Enough);
        assert_eq!(enough, (2, false));
    }

    /// Reads to the end; `None` when the file is another.
    fn read(file: &File, place: &mut Place, buffer: usize) -> Option<Vec<String>> {
        let mut buffer = vec![0; buffer + TAIL];
        let mut lines = Vec::new();
        loop {
            let next = match place.read(file, &mut buffer).unwrap() {
                Took::Other => return None,
                Took::Nothing => return Some(lines),
                Took::New { bytes, known } => place.scan(bytes, known, &mut |line| {
                    lines.push(String::from_utf8(line.bytes.to_vec()).unwrap());
                    Go::On
                }),
            };
            if next == *place {
                return Some(lines);
            }
            *place = next;
        }
    }

    #[test]
    fn a_file_that_was_cut_or_replaced_is_told_from_one_that_grew() {
        let scratch = Scratch::new();
        let path = scratch.path().join("log");
        let mut writer = File::create(&path).unwrap();
        let file = File::open(&path).unwrap();
        let mut place = Place::default();
        assert_eq!(read(&file, &mut place, 100).unwrap(), [] as [&str; 0]);
        writer.write_all(b"one\ntwo\nthr").unwrap();
        assert_eq!(read(&file, &mut place, 100).unwrap(), ["one", "two"]);
        writer.write_all(b"ee\n").unwrap();
        assert_eq!(read(&file, &mut place, 10).unwrap(), ["three"]);
        let kept = place;
        assert!(kept.is_in(&file).unwrap() && kept.is_known());
        // cut, and written past where we were, before anybody looked
        let copy = scratch.path().join("log.1");
        std::fs::copy(&path, &copy).unwrap();
        let mut more = std::fs::OpenOptions::new().append(true).open(&copy).unwrap();
        more.write_all(b"four\n").unwrap();
        std::fs::write(&path, "FIVE\nSIX\nSEVEN\nEIGHT\n").unwrap();
        assert_eq!(read(&file, &mut place, 100), None);
        assert!(!kept.is_in(&file).unwrap());
        // the copy has what was not read
        let copied = File::open(&copy).unwrap();
        assert!(kept.is_in(&copied).unwrap());
        place = kept;
        assert_eq!(read(&copied, &mut place, 100).unwrap(), ["four"]);
        std::fs::write(&path, "").unwrap();
        assert_eq!(read(&file, &mut kept.clone(), 100), None, "cut and empty");
        // as a position has it
        let mut position = Position::default();
        place.write(&mut position);
        assert_eq!(Place::of(&position), place);
    }

    #[test]
    fn what_was_never_written_is_not_read() {
        let scratch = Scratch::new();
        let path = scratch.path().join("log");
        let mut writer = File::create(&path).unwrap();
        writer.write_all(b"one\n").unwrap();
        writer.set_len(1 << 30).unwrap();
        let file = File::open(&path).unwrap();
        let place = Place::at(&file, 8192).unwrap().past_hole(&file).unwrap();
        if place.offset < 1 << 30 {
            return; // a file system without holes
        }
        let mut end = File::options().append(true).open(&path).unwrap();
        end.write_all(b"two\n").unwrap();
        assert_eq!(read(&file, &mut place.clone(), 100).unwrap(), ["two"]);
    }

    #[test]
    fn who_begins_in_the_middle_of_a_line_passes_over_it() {
        let scratch = Scratch::new();
        let path = scratch.path().join("log");
        std::fs::write(&path, "one\ntwo\nthree\n").unwrap();
        let file = File::open(&path).unwrap();
        for (offset, want) in [(0, 3), (1, 2), (3, 2), (4, 2), (8, 1), (14, 0), (99, 3)] {
            let mut place = Place::at(&file, offset).unwrap();
            assert_eq!(read(&file, &mut place, 100).unwrap().len(), want, "{offset}");
        }
    }
}
