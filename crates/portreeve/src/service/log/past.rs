//! The last lines of a log, in its current file and those before it.

use super::PIECE;
use super::follow::Log;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Files that are read, at most.
const MOST: usize = 512;

/// Where the last lines of a log begin: files in the order of their lines, each with where in it.
/// The current file is the last of them, where there is one.
pub(super) fn last(log: &Log, lines: u32) -> io::Result<Vec<(File, u64)>> {
    let mut parts = Vec::new();
    let mut count = Count { wanted: u64::from(lines), seen: 0, at_end: true };
    let current = log.current()?;
    let mut names = log.older();
    let mut newest = [log.previous()?, current].into_iter().flatten().collect::<Vec<_>>();
    let mut next = newest.pop();
    while parts.len() < MOST {
        let Some(file) = next.take().or_else(|| newest.pop()) else {
            // one that was thrown away meanwhile is passed over
            let Some(label) = names.pop() else { break };
            next = log.archived(&label)?;
            continue;
        };
        let begins = count.back(&file)?;
        parts.push((file, begins.unwrap_or(0)));
        if begins.is_some() {
            break;
        }
    }
    parts.reverse();
    Ok(parts)
}

/// Counts line ends, from the last one back.
struct Count {
    wanted: u64,
    seen: u64,
    /// Nothing has been read: a line end here ends the last line.
    at_end: bool,
}

impl Count {
    /// Where in a file the first wanted line begins; nothing when it begins before the file.
    fn back(&mut self, mut file: &File) -> io::Result<Option<u64>> {
        let mut end = file.metadata()?.len();
        if self.wanted == 0 {
            return Ok(Some(end));
        }
        let mut piece = vec![0; PIECE];
        let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
        while end > 0 {
            let from = end.saturating_sub(most);
            let length = usize::try_from(end - from).unwrap_or(0);
            let bytes = piece.get_mut(..length).unwrap_or_default();
            file.seek(SeekFrom::Start(from))?;
            file.read_exact(bytes)?;
            for (at, byte) in bytes.iter().enumerate().rev() {
                let ends = *byte == b'\n' && !std::mem::take(&mut self.at_end);
                self.at_end = false;
                self.seen += u64::from(ends);
                if ends && self.seen == self.wanted {
                    let at = u64::try_from(at).unwrap_or(0);
                    return Ok(Some(from + at + 1));
                }
            }
            end = from;
        }
        Ok(None)
    }
}
