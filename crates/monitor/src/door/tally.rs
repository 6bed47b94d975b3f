//! Admitted and refused in the last minute, service by service.

use std::collections::HashMap;
use std::time::Duration;

const SECONDS: usize = 60;

/// Counts for one service, second by second.
#[derive(Debug)]
struct Minute {
    cells: [(u32, u32); SECONDS],
    last: u64,
}

/// By service key; services that leave the configuration leave here too.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    all: HashMap<String, Minute>,
}

impl Minute {
    /// Clears the seconds that have passed since the last count.
    fn advance(&mut self, second: u64) {
        let passed = usize::try_from(second.saturating_sub(self.last)).unwrap_or(SECONDS);
        for back in 0..passed.min(SECONDS) {
            if let Some(cell) = self.cells.get_mut(index(second.saturating_sub(back as u64))) {
                *cell = (0, 0);
            }
        }
        self.last = self.last.max(second);
    }
}

fn index(second: u64) -> usize {
    usize::try_from(second.checked_rem(SECONDS as u64).unwrap_or(0)).unwrap_or(0)
}

impl Tally {
    fn cell(&mut self, key: &str, now: Duration) -> Option<&mut (u32, u32)> {
        let second = now.as_secs();
        if !self.all.contains_key(key) {
            let fresh = Minute { cells: [(0, 0); SECONDS], last: second };
            self.all.insert(key.to_owned(), fresh);
        }
        let minute = self.all.get_mut(key)?;
        minute.advance(second);
        minute.cells.get_mut(index(second))
    }

    pub(crate) fn admitted(&mut self, key: &str, now: Duration) {
        if let Some(cell) = self.cell(key, now) {
            cell.0 = cell.0.saturating_add(1);
        }
    }

    pub(crate) fn refused(&mut self, key: &str, now: Duration) {
        if let Some(cell) = self.cell(key, now) {
            cell.1 = cell.1.saturating_add(1);
        }
    }

    /// Admitted and refused in the last sixty seconds.
    pub(crate) fn last_minute(&mut self, key: &str, now: Duration) -> (u32, u32) {
        let Some(minute) = self.all.get_mut(key) else { return (0, 0) };
        minute.advance(now.as_secs());
        let add =
            |a: (u32, u32), b: &(u32, u32)| (a.0.saturating_add(b.0), a.1.saturating_add(b.1));
        minute.cells.iter().fold((0, 0), add)
    }

    pub(crate) fn keep(&mut self, is_service: impl Fn(&str) -> bool) {
        self.all.retain(|key, _| is_service(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_forgets_what_is_older() {
        let mut tally = Tally::default();
        let at = Duration::from_secs;
        tally.admitted("ssh", at(10));
        tally.refused("ssh", at(11));
        tally.admitted("ssh", at(69));
        assert_eq!(tally.last_minute("ssh", at(69)), (2, 1));
        assert_eq!(tally.last_minute("ssh", at(70)), (1, 1));
        assert_eq!(tally.last_minute("ssh", at(71)), (1, 0));
        assert_eq!(tally.last_minute("ssh", at(500)), (0, 0));
    }
}
