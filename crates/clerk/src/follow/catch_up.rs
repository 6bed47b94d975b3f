//! Where in a long file the lines begin that are young enough, without reading all of it.

use crate::follow::tail::{Go, Place, Took};
use portreeve_detect::{Record, frame};
use std::fs::File;

/// A file up to this size is read from its beginning, and old lines are passed over one by one.
const SHORT: u64 = 1 << 20;
/// Bytes of one look.
const LOOK: usize = 32 << 10;

/// The place from which lines may be as young as `since`. Lines are taken to be in the order of their
/// times; where a stretch says nothing of time, nothing behind it is passed over.
pub(super) fn find(
    file: &File,
    size: u64,
    since: i64,
    time: &dyn Fn(&Record<'_>) -> Option<i64>,
) -> Place {
    let (mut low, mut high) = (0_u64, size);
    while high.saturating_sub(low) > SHORT {
        let middle = low.midpoint(high);
        match time_at(file, middle, time) {
            Some(at) if at < since => low = middle,
            Some(_) | None => high = middle,
        }
    }
    match low {
        0 => Place::default(),
        low => Place::at(file, low).unwrap_or_default(),
    }
}

/// When the first line was written behind an offset that says so.
fn time_at(file: &File, offset: u64, time: &dyn Fn(&Record<'_>) -> Option<i64>) -> Option<i64> {
    let place = Place::at(file, offset).ok()?;
    let mut buffer = vec![0; LOOK];
    let Ok(Took::New { bytes, known }) = place.read(file, &mut buffer) else { return None };
    let mut found = None;
    place.scan(bytes, known, &mut |line| {
        found = time(&frame::read(line.bytes));
        if found.is_some() { Go::Enough } else { Go::On }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::fmt::Write;

    #[test]
    fn a_long_file_is_entered_shortly_before_what_is_young_enough() {
        let scratch = Scratch::new();
        let path = scratch.path().join("log");
        let mut text = String::new();
        for second in 0..100_000 {
            writeln!(text, "@{second:06} host program[1]: {}", "x".repeat(60)).unwrap();
        }
        std::fs::write(&path, &text).unwrap();
        let file = File::open(&path).unwrap();
        let time = |record: &Record<'_>| -> Option<i64> {
            let text = std::str::from_utf8(record.line).ok()?;
            text.strip_prefix('@')?.get(..6)?.parse().ok()
        };
        let size = text.len() as u64;
        let line = size / 100_000;
        for since in [0, 1, 50_000, 99_999, 200_000] {
            let place = find(&file, size, since, &time);
            let first = place.offset / line;
            let since = since.unsigned_abs();
            assert!(first <= since && since.min(100_000) - first <= SHORT / line + 1, "{since}");
        }
        let silent = find(&file, size, 50_000, &|_| None);
        assert_eq!(silent.offset, 0, "nothing says that anything is old");
    }
}
