//! The event log's files: written, rotated, kept in memory while the disk is full, read backwards.

mod folder;
mod past;
#[cfg(test)]
mod tests;

pub(crate) use folder::Folder;
pub(crate) use past::{Past, Reader};

use portreeve_model::LogRotation;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

/// Bytes of lines that wait in memory while they cannot be written.
const MOST_WAITING: usize = 8 << 20;

/// Lines that an earlier clerk left, of which some may come again: more than a message has.
const MOST_LEFT: u32 = 4096;

/// Bytes of a line that an earlier clerk did not finish.
const LONGEST_LINE: u64 = 1 << 20;

/// What has changed about the log's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Something is wrong.
    Trouble(String),
    /// What was wrong no longer is.
    Mended(String),
    /// So many lines were lost; to be said in the log itself.
    Lost(u64),
}

/// The event log. Every line given to it is written in order, or counted as lost.
#[derive(Debug)]
pub(crate) struct EventLog {
    folder: Folder,
    rotation: LogRotation,
    file: Option<File>,
    size: u64,
    /// The line at whose `written` byte the disk was full.
    torn: Option<Torn>,
    /// How the files ended before this clerk wrote: lines, and one that its writer did not finish.
    left: Option<Left>,
    /// The line at the file's end is to be finished, not closed.
    finishing: bool,
    waiting: VecDeque<String>,
    bytes: usize,
    lost: u64,
    trouble: Option<String>,
    news: Vec<News>,
}

/// What an earlier clerk has written of some lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// So many, the first of them.
    pub(crate) whole: usize,
    /// The next in part; now it is whole too.
    pub(crate) finished: bool,
}

/// The end of the files as an earlier clerk left it.
#[derive(Debug)]
struct Left {
    lines: Vec<String>,
    unfinished: Vec<u8>,
}

#[derive(Debug)]
struct Torn {
    line: String,
    written: usize,
}

impl EventLog {
    /// A log in a directory. The file is opened with the first line.
    pub(crate) fn new(folder: Folder, rotation: LogRotation) -> Self {
        let left = Left::find(&folder);
        Self {
            left: Some(left),
            finishing: false,
            folder,
            rotation,
            file: None,
            size: 0,
            torn: None,
            waiting: VecDeque::new(),
            bytes: 0,
            lost: 0,
            trouble: None,
            news: Vec::new(),
        }
    }

    /// Other bounds from now on.
    pub(crate) fn set_rotation(&mut self, rotation: LogRotation) {
        self.rotation = rotation;
    }

    /// What has changed since this was last asked.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// How many of the first lines that are to be written are there already: the clerk that wrote
    /// them was killed before it could say so. A line that it did not finish is finished. None are,
    /// once this has been asked.
    pub(crate) fn find_written(&mut self, lines: impl FnOnce() -> Vec<String>) -> Written {
        let Some(Left { lines: there, unfinished }) = self.left.take() else {
            return Written::default();
        };
        let lines = lines();
        let same = |count: &usize| {
            let from = there.len().saturating_sub(*count);
            there.get(from..) == lines.get(..*count)
        };
        let most = there.len().min(lines.len());
        let whole = (1..=most).rev().find(same).unwrap_or(0);
        let next = lines.get(whole);
        let Some(line) = next.filter(|line| {
            !unfinished.is_empty()
                && self.file.is_none()
                && line.as_bytes().starts_with(&unfinished)
        }) else {
            return Written { whole, finished: false };
        };
        self.torn = Some(Torn { line: line.clone(), written: unfinished.len() });
        self.finishing = true;
        if let Err(error) = self.write_waiting() {
            self.troubled(&error);
        }
        Written { whole, finished: true }
    }

    /// Whether the directory is still where it was.
    pub(crate) fn is_there(&self) -> bool {
        self.folder.is_there()
    }

    /// No more is written: gives how many lines were never.
    pub(crate) fn retire(&mut self) -> u64 {
        self.left = None;
        if self.trouble.is_some() {
            let waiting = self.waiting.len() as u64 + u64::from(self.torn.is_some());
            self.lost = self.lost.saturating_add(waiting);
            self.waiting.clear();
            (self.torn, self.file, self.bytes) = (None, None, 0);
            self.news.extend(self.trouble.take().map(News::Mended));
        }
        std::mem::take(&mut self.lost)
    }

    /// Lines that wait in memory.
    pub(crate) fn unwritten(&self) -> u64 {
        self.waiting.len() as u64 + u64::from(self.torn.is_some()) + self.lost
    }

    /// Writes a line, which has its newline, behind all that were given before.
    pub(crate) fn append(&mut self, line: String) {
        if self.waiting.is_empty() && self.torn.is_none() && self.trouble.is_none() {
            match self.write(&line, 0) {
                Ok(()) => return,
                Err((error, 0)) => self.troubled(&error),
                Err((error, written)) => {
                    self.troubled(&error);
                    self.torn = Some(Torn { line, written });
                    return;
                }
            }
        }
        self.wait(line);
    }

    fn wait(&mut self, line: String) {
        if self.bytes.saturating_add(line.len()) > MOST_WAITING {
            self.lost = self.lost.saturating_add(1);
        } else {
            self.bytes = self.bytes.saturating_add(line.len());
            self.waiting.push_back(line);
        }
    }

    /// Looks after the file: somebody may have moved it, or made room on the disk.
    pub(crate) fn tend(&mut self) {
        if self.torn.is_none()
            && self.file.as_ref().is_some_and(|file| !self.folder.is_newest(file))
        {
            self.file = None;
        }
        if self.trouble.is_none() && self.waiting.is_empty() {
            return;
        }
        match self.write_waiting() {
            Err(error) => self.troubled(&error),
            Ok(()) => {
                self.waiting.shrink_to_fit();
                self.news.extend(self.trouble.take().map(News::Mended));
                let lost = std::mem::take(&mut self.lost);
                self.news.extend((lost > 0).then_some(News::Lost(lost)));
            }
        }
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        if let Some(torn) = self.torn.take()
            && let Err((error, written)) = self.write(&torn.line, torn.written)
        {
            let written = torn.written.saturating_add(written);
            self.torn = Some(Torn { line: torn.line, written });
            return Err(error);
        }
        while let Some(line) = self.waiting.pop_front() {
            self.bytes = self.bytes.saturating_sub(line.len());
            match self.write(&line, 0) {
                Ok(()) => {}
                Err((error, 0)) => {
                    self.bytes = self.bytes.saturating_add(line.len());
                    self.waiting.push_front(line);
                    return Err(error);
                }
                Err((error, written)) => {
                    self.torn = Some(Torn { line, written });
                    return Err(error);
                }
            }
        }
        // Nothing waited, and still there was trouble: with the file itself.
        self.file().map(drop)
    }

    fn troubled(&mut self, error: &io::Error) {
        let text = format!("the event log cannot be written: {error}");
        if self.trouble.as_ref() != Some(&text) {
            self.news.extend(self.trouble.take().map(News::Mended));
            self.news.push(News::Trouble(text.clone()));
            self.trouble = Some(text);
        }
    }

    /// Writes a line from its byte `from` on; an error comes with how many bytes were.
    fn write(&mut self, line: &str, from: usize) -> Result<(), (io::Error, usize)> {
        let rest = line.as_bytes().get(from..).unwrap_or_default();
        let length = u64::try_from(rest.len()).unwrap_or(u64::MAX);
        self.file().map_err(|error| (error, 0))?;
        if from == 0 && self.size > 0 && self.size.saturating_add(length) > self.rotation.size {
            self.rotate().map_err(|error| (error, 0))?;
        }
        let mut file = self.file().map_err(|error| (error, 0))?;
        let mut written = 0;
        let outcome = loop {
            let left = rest.get(written..).unwrap_or_default();
            if left.is_empty() {
                break Ok(());
            }
            match file.write(left) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => written = written.saturating_add(bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.size = self.size.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        outcome.map_err(|error| (error, written))
    }

    fn rotate(&mut self) -> io::Result<()> {
        // Another clerk, not quite ended, may have done it already.
        let ours = self.file.take().is_none_or(|file| self.folder.is_newest(&file));
        self.size = 0;
        if ours { self.folder.rotate(self.rotation.keep) } else { Ok(()) }
    }

    fn file(&mut self) -> io::Result<&File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let file = self.folder.newest()?;
                self.size = file.metadata()?.len();
                if !std::mem::take(&mut self.finishing) && ends_torn(&file, self.size)? {
                    (&file).write_all(b"\n")?;
                    self.size = self.size.saturating_add(1);
                }
                file
            }
        };
        Ok(self.file.insert(file))
    }

    /// The last lines so far, on disk and in memory.
    pub(crate) fn past(&self, last: u32) -> Past {
        let unwritten = self.torn.iter().map(|torn| &torn.line).chain(&self.waiting);
        let half = self.torn.as_ref().map_or(0, |torn| torn.written);
        Past::find(&self.folder, half, unwritten, last)
    }
}

impl Left {
    fn find(folder: &Folder) -> Self {
        let mut reader = Reader::new(Past::find(folder, 0, std::iter::empty(), MOST_LEFT));
        let lines = std::iter::from_fn(|| reader.next()).flatten().collect();
        Self {
            lines,
            unfinished: folder.read(0).and_then(|file| unfinished(&file)).unwrap_or_default(),
        }
    }
}

/// What is behind the last newline of a file, if it is short enough to be the begin of a line.
fn unfinished(file: &File) -> Option<Vec<u8>> {
    let size = file.metadata().ok()?.len();
    let from = size.saturating_sub(LONGEST_LINE);
    let mut end = vec![0; usize::try_from(size.saturating_sub(from)).ok()?];
    file.read_exact_at(&mut end, from).ok()?;
    let last = end.rsplit(|byte| *byte == b'\n').next()?;
    (last.len() as u64 != LONGEST_LINE).then(|| last.to_vec())
}

/// Whether the file ends within a line: its writer was killed at a full disk.
fn ends_torn(file: &File, size: u64) -> io::Result<bool> {
    let Some(last) = size.checked_sub(1) else { return Ok(false) };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte != *b"\n")
}
