//! Lines of a log, however long and of whatever bytes, in bounded memory.

use memchr::memchr;
use std::io::{self, ErrorKind, Read};

/// Bytes of a line that are looked at; the rest of a longer one is counted and dropped.
pub(crate) const LONGEST: usize = 8 << 10;

/// Bytes read at a time. More do not read faster, and leave the caches of small machines.
const BUFFER: usize = 128 << 10;

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'b> {
    /// Which, from 1.
    pub(crate) number: u64,
    /// Its bytes without the line feed, [`LONGEST`] at most.
    pub(crate) bytes: &'b [u8],
    /// Whether there were more.
    pub(crate) cut: bool,
}

/// Lines of one source. What is read is kept in one buffer and handed out from there.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    from: R,
    buffer: Box<[u8]>,
    /// Where the first byte is that has not been handed out, and where they end.
    start: usize,
    end: usize,
    /// The line handed out last.
    number: u64,
    /// Whether what follows is the rest of such a line.
    within: bool,
    /// Whether the source has no more.
    ended: bool,
}

impl<R: Read> Lines<R> {
    /// Those of a source.
    pub(crate) fn new(from: R) -> Self {
        Self {
            from,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            number: 0,
            within: false,
            ended: false,
        }
    }

    /// The next line that has been read already, if there is one: else [`Self::read`] first.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        if self.within && !self.pass_rest() {
            return None;
        }
        let rest = self.buffer.get(self.start..self.end)?;
        let (length, step, cut) = match memchr(b'\n', rest) {
            Some(at) if at <= LONGEST => (at, at + 1, false),
            None if rest.len() <= LONGEST => match self.ended && !rest.is_empty() {
                true => (rest.len(), rest.len(), false), // a last line without its end
                false => return None,
            },
            Some(_) | None => {
                self.within = true;
                (LONGEST, LONGEST, true)
            }
        };
        self.start += step;
        self.number += 1;
        Some(Line { number: self.number, bytes: rest.get(..length)?, cut })
    }

    /// Drops the rest of a line that was too long; whether its end was there.
    fn pass_rest(&mut self) -> bool {
        let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
        let end = memchr(b'\n', rest);
        self.start += end.map_or(rest.len(), |at| at + 1);
        self.within = end.is_none();
        !self.within
    }

    /// Reads more; false where there is none. It is called when [`Self::next`] has nothing, and
    /// then there is always room.
    ///
    /// # Errors
    /// Whatever the source says, other than that it was interrupted.
    pub(crate) fn read(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        loop {
            match self.from.read(room) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(self.end > 0);
                }
                Ok(more) => {
                    self.end += more.min(room.len());
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes at a time, and is interrupted now and then.
    struct Drops<'t>(&'t [u8], usize, bool);

    impl Read for Drops<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(ErrorKind::Interrupted.into());
            }
            let most = self.1.min(to.len()).min(self.0.len());
            to[..most].copy_from_slice(&self.0[..most]);
            self.0 = &self.0[most..];
            Ok(most)
        }
    }

    fn all(text: &[u8], at_a_time: usize) -> (Vec<Vec<u8>>, u64) {
        let mut lines = Lines::new(Drops(text, at_a_time, false));
        let (mut found, mut cut) = (Vec::new(), 0);
        loop {
            while let Some(line) = lines.next() {
                found.push(line.bytes.to_vec());
                cut += u64::from(line.cut);
                assert_eq!(line.number, found.len() as u64);
            }
            if !lines.read().unwrap() {
                return (found, cut);
            }
        }
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let long = vec![b'x'; LONGEST];
        let longer = vec![b'y'; 3 * BUFFER + 5];
        let mut text = b"one\n\n\x00\xff\r\n".to_vec();
        for part in [&long[..], b"\n", &longer[..], b"\n", &long[..], b"z\nlast"] {
            text.extend_from_slice(part);
        }
        let want: Vec<&[u8]> =
            vec![b"one", b"", b"\x00\xff\r", &long, &longer[..LONGEST], &long, b"last"];
        for at_a_time in [1, 7, 4096, LONGEST + 1, BUFFER, usize::MAX] {
            let (found, cut) = all(&text, at_a_time);
            assert!(found == want, "{at_a_time}: {:?}", found.iter().map(Vec::len));
            assert_eq!(cut, 2, "{at_a_time}");
        }
    }

    #[test]
    fn ends_of_every_kind() {
        for (text, want) in
            [(&b""[..], 0), (b"\n", 1), (b"a", 1), (b"a\n", 1), (b"a\n\n", 2), (b"\na", 2)]
        {
            assert_eq!(all(text, 3).0.len(), want, "{text:?}");
        }
        let endless = vec![b'x'; 2 * BUFFER];
        let (found, cut) = all(&endless, 1000);
        assert_eq!((found.len(), found[0].len(), cut), (1, LONGEST, 1));
    }
}
