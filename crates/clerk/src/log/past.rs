//! The last lines of the log, found backwards across its files and then given in order. Holds a
//! block at a time, whatever is asked for.

use crate::log::Folder;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes looked at, at once.
const BLOCK: usize = 64 << 10;

/// Bytes looked at for one reader, at most: about 400,000 lines.
const MOST_READ: u64 = 128 << 20;

/// A stretch of a file: from the start of a line to the end of one.
#[derive(Debug)]
struct Stretch {
    file: File,
    at: u64,
    end: u64,
}

/// Lines of the past, oldest first.
#[derive(Debug)]
pub(crate) struct Past {
    stretches: VecDeque<Stretch>,
    /// Lines that are not on disk yet.
    unwritten: VecDeque<String>,
}

impl Past {
    /// The last `last` lines. `half` bytes of a line of `unwritten` are already at the end of the
    /// newest file.
    pub(crate) fn find<'a>(
        folder: &Folder,
        half: usize,
        unwritten: impl DoubleEndedIterator<Item = &'a String>,
        last: u32,
    ) -> Self {
        let mut wanted = u64::from(last);
        let mut newest: VecDeque<String> = VecDeque::new();
        for line in unwritten.rev().take(usize::try_from(last).unwrap_or(usize::MAX)) {
            newest.push_front(line.clone());
            wanted = wanted.saturating_sub(1);
        }
        let mut stretches = VecDeque::new();
        let mut budget = MOST_READ;
        for number in 0..=u32::MAX {
            if wanted == 0 || budget == 0 {
                break;
            }
            let file = match folder.read(number) {
                Some(file) => file,
                None if number == 0 => continue, // not made yet since the last rotation
                None => break,
            };
            let size = file.metadata().map_or(0, |metadata| metadata.len());
            let half = if number == 0 { u64::try_from(half).unwrap_or(0) } else { 0 };
            let end = size.saturating_sub(half);
            // A file that cannot be read backwards is one of which nothing is shown.
            let at = start_of_last(&file, end, &mut wanted, &mut budget).unwrap_or(end);
            stretches.push_front(Stretch { file, at, end });
        }
        Self { stretches, unwritten: newest }
    }
}

/// Where the last `wanted` lines before `end` begin; `wanted` and `budget` are used up.
fn start_of_last(file: &File, end: u64, wanted: &mut u64, budget: &mut u64) -> io::Result<u64> {
    let mut start = end;
    let mut block_end = end;
    let mut block = vec![0; BLOCK];
    while block_end > 0 && *wanted > 0 && *budget > 0 {
        let block_start = block_end.saturating_sub(BLOCK as u64);
        let length = usize::try_from(block_end.saturating_sub(block_start)).unwrap_or(0);
        let bytes = block.get_mut(..length).unwrap_or_default();
        file.read_exact_at(bytes, block_start)?;
        *budget = budget.saturating_sub(block_end.saturating_sub(block_start));
        for (offset, _) in bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let after = block_start.saturating_add(offset as u64).saturating_add(1);
            if after == end {
                continue; // the end of the last line, not the start of one
            }
            start = after;
            *wanted = wanted.saturating_sub(1);
            if *wanted == 0 {
                return Ok(start);
            }
        }
        block_end = block_start;
    }
    if block_end == 0 && end > 0 {
        *wanted = wanted.saturating_sub(1);
        start = 0;
    }
    Ok(start)
}

/// Gives the lines of a [`Past`], a batch at a time.
#[derive(Debug)]
pub(crate) struct Reader {
    past: Past,
    buffer: Vec<u8>,
}

impl Reader {
    /// From the oldest on.
    pub(crate) fn new(past: Past) -> Self {
        Self { past, buffer: Vec::new() }
    }

    /// The next lines, whole, with their newlines; `None` after the last. What cannot be read is
    /// passed over.
    pub(crate) fn next(&mut self) -> Option<Vec<String>> {
        while let Some(stretch) = self.past.stretches.front_mut() {
            let left = usize::try_from(stretch.end.saturating_sub(stretch.at)).unwrap_or(BLOCK);
            let held = self.buffer.len();
            self.buffer.resize(held.saturating_add(left.min(BLOCK)), 0);
            let space = self.buffer.get_mut(held..).unwrap_or_default();
            let read =
                if space.is_empty() { Ok(0) } else { stretch.file.read_at(space, stretch.at) };
            let read = read.unwrap_or(0);
            stretch.at = stretch.at.saturating_add(read as u64);
            self.buffer.truncate(held.saturating_add(read));
            let over = read == 0;
            if over {
                self.past.stretches.pop_front();
            }
            let whole = match self.buffer.iter().rposition(|byte| *byte == b'\n') {
                Some(at) => at.saturating_add(1),
                None => 0,
            };
            let rest = self.buffer.split_off(whole);
            let lines = std::mem::replace(&mut self.buffer, rest);
            if over {
                self.buffer.clear(); // a line that was never finished
            }
            if !lines.is_empty() {
                let lines = lines.split_inclusive(|byte| *byte == b'\n');
                return Some(lines.map(|line| String::from_utf8_lossy(line).into()).collect());
            }
        }
        let last = std::mem::take(&mut self.past.unwritten);
        (!last.is_empty()).then(|| last.into())
    }
}
