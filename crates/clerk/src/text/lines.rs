//! A stream of bytes as lines of bounded length.

/// Where a line begins: how sure it is that no peer's text is in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// A write(2) of the service begins with it: the pipe keeps writes apart.
    Write,
    /// A newline was before it. The newline may be in the middle of what the service wrote, put
    /// there by a peer.
    Newline,
    /// The reader came in the middle of the stream.
    Unknown,
}

/// How reads of the stream relate to the writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Each read gives one write (a pipe in packet mode).
    Packets,
    /// They have nothing to do with one another.
    Stream,
}

/// One line without its end (`\n` or `\r\n`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its start, at most as long as the splitter keeps.
    pub(crate) bytes: &'a [u8],
    /// Whether there was more of it.
    pub(crate) cut: bool,
    /// Where it begins.
    pub(crate) start: Start,
}

/// Splits what is fed to it. Holds at most one line's start.
#[derive(Debug)]
pub(crate) struct Splitter {
    keep: usize,
    reads: Reads,
    held: Vec<u8>,
    cut: bool,
    /// Where the line in `held` begins; `None` between lines.
    open: Option<Start>,
    fresh: bool,
    resumed: bool,
}

impl Splitter {
    /// Keeps so many bytes of a line. `resumed`: an earlier reader has read a part.
    pub(crate) fn new(keep: usize, reads: Reads, resumed: bool) -> Self {
        Self { keep, reads, held: Vec::new(), cut: false, open: None, fresh: true, resumed }
    }

    /// What one read gave; calls `each` for every line that is now complete. Empty lines say
    /// nothing and are passed over.
    pub(crate) fn feed(&mut self, read: &[u8], each: &mut dyn FnMut(Line<'_>)) {
        let mut first = true;
        for piece in read.split_inclusive(|byte| *byte == b'\n') {
            let start = *self.open.get_or_insert(match (self.reads, first) {
                (Reads::Packets, true) => Start::Write,
                _ if self.fresh && self.resumed => Start::Unknown,
                (Reads::Stream, true) if self.fresh => Start::Write,
                _ => Start::Newline,
            });
            (first, self.fresh) = (false, false);
            match piece.strip_suffix(b"\n") {
                None => self.hold(piece),
                Some(end) if self.held.is_empty() && !self.cut => {
                    self.open = None;
                    let whole = end.strip_suffix(b"\r").unwrap_or(end);
                    let bytes = whole.get(..self.keep).unwrap_or(whole);
                    give(Line { bytes, cut: bytes.len() < whole.len(), start }, each);
                }
                Some(end) => {
                    self.hold(end);
                    self.finish(each);
                }
            }
        }
    }

    /// The stream is over: what is left of it is a line too.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(Line<'_>)) {
        let Some(start) = self.open.take() else { return };
        let bytes = self.held.strip_suffix(b"\r").unwrap_or(&self.held);
        give(Line { bytes, cut: self.cut, start }, each);
        self.held.clear();
        self.held.shrink_to(256);
        self.cut = false;
    }

    fn hold(&mut self, piece: &[u8]) {
        let room = self.keep.saturating_sub(self.held.len());
        let taken = piece.get(..room).unwrap_or(piece);
        self.held.extend_from_slice(taken);
        // A carriage return that only ends the line is no loss.
        self.cut |= taken.len() < piece.len() && piece.get(taken.len()..) != Some(b"\r");
    }
}

fn give(line: Line<'_>, each: &mut dyn FnMut(Line<'_>)) {
    if !line.bytes.is_empty() || line.cut {
        each(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Start::{Newline, Unknown, Write};

    fn split(reads: Reads, resumed: bool, parts: &[&str]) -> Vec<(String, bool, Start)> {
        let mut splitter = Splitter::new(8, reads, resumed);
        let mut lines = Vec::new();
        let mut each = |line: Line<'_>| {
            let text = String::from_utf8(line.bytes.to_vec()).unwrap();
            lines.push((text, line.cut, line.start));
        };
        parts.iter().for_each(|part| splitter.feed(part.as_bytes(), &mut each));
        splitter.finish(&mut each);
        lines
    }

    type Row = (&'static [&'static str], &'static [(&'static str, bool, Start)]);

    fn check(reads: Reads, resumed: bool, rows: &[Row]) {
        for (parts, want) in rows {
            let want: Vec<_> = want.iter().map(|(t, c, s)| ((*t).to_owned(), *c, *s)).collect();
            assert_eq!(split(reads, resumed, parts), want, "{parts:?}");
        }
    }

    #[test]
    fn lines_are_split_joined_and_cut() {
        check(
            Reads::Stream,
            false,
            &[
                (&[], &[]),
                (&["one\ntwo\r\n"], &[("one", false, Write), ("two", false, Newline)]),
                (&["on", "e\r", "\ntwo"], &[("one", false, Write), ("two", false, Newline)]),
                (&["\n\r\n\n"], &[]),
                (&["12345678\n"], &[("12345678", false, Write)]),
                (&["12345678\r\n"], &[("12345678", false, Write)]),
                (&["12345678", "\r\n"], &[("12345678", false, Write)]),
                (&["123456789\nx\n"], &[("12345678", true, Write), ("x", false, Newline)]),
                (&["12345", "6789", "0\nx"], &[("12345678", true, Write), ("x", false, Newline)]),
                (&["12345678\rx\n"], &[("12345678", true, Write)]),
                (&["12345678901234567890"], &[("12345678", true, Write)]),
            ],
        );
    }

    #[test]
    fn only_a_packet_pipe_tells_where_a_write_began() {
        check(
            Reads::Packets,
            false,
            &[
                (
                    &["a\nb\n", "c\n"],
                    &[("a", false, Write), ("b", false, Newline), ("c", false, Write)],
                ),
                (&["a", "b\n", "c"], &[("ab", false, Write), ("c", false, Write)]),
            ],
        );
        check(
            Reads::Stream,
            false,
            &[(&["a\n", "b\n"], &[("a", false, Write), ("b", false, Newline)])],
        );
    }

    #[test]
    fn whoever_comes_in_the_middle_knows_the_start_only_of_packets() {
        check(
            Reads::Stream,
            true,
            &[(&["lf\nb\n"], &[("lf", false, Unknown), ("b", false, Newline)])],
        );
        check(
            Reads::Packets,
            true,
            &[(&["a\nb\n"], &[("a", false, Write), ("b", false, Newline)])],
        );
    }

    #[test]
    fn a_long_line_holds_no_more_than_its_bound() {
        let mut splitter = Splitter::new(100, Reads::Stream, false);
        let mut lines = 0;
        (0..1000).for_each(|_| splitter.feed(&[b'x'; 4096], &mut |_| lines += 1));
        assert!(splitter.held.capacity() <= 4096 && lines == 0);
    }
}
