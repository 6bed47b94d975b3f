//! Lines of several logs, in the order of their times, in bounded memory.

use super::input::{Log, open};
use crate::detect::Lines;
use crate::exit::Failure;
use portreeve_detect::{Record, frame};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Read;

/// The time that a file was written last is behind the clock by up to a tick of the kernel's, and lines are
/// put by for a while before they are written; microseconds.
const COARSE: i64 = 1_000_000;

/// When a line of a log was written, by a clock.
type Resolve<'r> = &'r dyn Fn(usize, &Record<'_>, i64) -> Option<i64>;

/// One log being read.
struct Stream {
    log: Log,
    /// The part that is read, and those that come.
    next_part: usize,
    lines: Option<Lines<Box<dyn Read>>>,
    line: Vec<u8>,
    number: u64,
    cut: bool,
    /// The clock by which its lines are read, microseconds: when the part was written last.
    now: i64,
    /// The latest time that a line of it has said.
    latest: i64,
}

/// A line, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'l> {
    /// Its log's place.
    pub(super) log: usize,
    /// The part's place in the log.
    pub(super) part: usize,
    /// Its number, from 1.
    pub(super) number: u64,
    pub(super) bytes: &'l [u8],
    pub(super) cut: bool,
    /// When it was written, as far as is known: the line's time, or that of the line before; microseconds.
    pub(super) at: i64,
    /// By which clock it is read.
    pub(super) now: i64,
}

/// All logs.
pub(super) struct Merge<'r> {
    streams: Vec<Stream>,
    waiting: BinaryHeap<Reverse<(i64, usize)>>,
    resolve: Resolve<'r>,
    /// Bytes of lines that were handed out.
    pub(super) done: u64,
}

impl<'r> Merge<'r> {
    /// Those of these logs. `resolve` says when a line of a log was written, by a clock.
    ///
    /// # Errors
    /// One cannot be read.
    pub(super) fn new(logs: Vec<Log>, resolve: Resolve<'r>) -> Result<Self, Failure> {
        let streams = logs.into_iter().map(|log| Stream {
            log,
            next_part: 0,
            lines: None,
            line: Vec::new(),
            number: 0,
            cut: false,
            now: 0,
            latest: i64::MIN,
        });
        let streams: Vec<_> = streams.collect();
        let mut merge = Self { streams, waiting: BinaryHeap::new(), resolve, done: 0 };
        for place in 0..merge.streams.len() {
            merge.advance(place)?;
        }
        Ok(merge)
    }

    /// Gives the earliest line that is left.
    ///
    /// # Errors
    /// A log cannot be read on.
    pub(super) fn next(&mut self, each: &mut dyn FnMut(&Line<'_>)) -> Result<bool, Failure> {
        let Some(Reverse((at, place))) = self.waiting.pop() else { return Ok(false) };
        if let Some(stream) = self.streams.get(place) {
            self.done = self.done.saturating_add(stream.line.len() as u64).saturating_add(1);
            // A line from the future is read by the clock of the lines before it.
            let now = if at > stream.now { at.min(stream.latest) } else { stream.now };
            each(&Line {
                log: place,
                part: stream.next_part.saturating_sub(1),
                number: stream.number,
                bytes: &stream.line,
                cut: stream.cut,
                at,
                now,
            });
        }
        self.advance(place)?;
        Ok(true)
    }

    /// Reads a stream's next line.
    fn advance(&mut self, place: usize) -> Result<(), Failure> {
        let Some(stream) = self.streams.get_mut(place) else { return Ok(()) };
        if !stream.take()? {
            return Ok(());
        }
        let record = frame::read(&stream.line);
        let said = (self.resolve)(place, &record, stream.now).filter(|at| *at <= stream.now);
        stream.latest = stream.latest.max(said.unwrap_or(i64::MIN));
        let at = if stream.latest == i64::MIN { stream.now } else { stream.latest };
        self.waiting.push(Reverse((at, place)));
        Ok(())
    }
}

impl Stream {
    /// Whether there was another line.
    fn take(&mut self) -> Result<bool, Failure> {
        loop {
            if let Some(lines) = &mut self.lines {
                if let Some(line) = lines.next() {
                    self.line.clear();
                    self.line.extend_from_slice(line.bytes);
                    (self.number, self.cut) = (line.number, line.cut);
                    return Ok(true);
                }
                let part = self.log.parts.get(self.next_part.saturating_sub(1));
                let shown = part.map(|part| part.path.display().to_string()).unwrap_or_default();
                let failed = |error| Failure::system(format!("read {shown}"), &error);
                if lines.read().map_err(failed)? {
                    continue;
                }
                self.lines = None;
            }
            let Some(part) = self.log.parts.get(self.next_part) else { return Ok(false) };
            self.next_part += 1;
            self.now = part.written.saturating_add(COARSE);
            self.lines = Some(Lines::new(open(part)?));
        }
    }
}
