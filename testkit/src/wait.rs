//! Waiting with an end: no test hangs, and no test sleeps longer than it has to.

use std::fmt::Display;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Pause between two looks. Short, since most waits are for something milliseconds away.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until there is something, and returns it.
///
/// # Panics
/// When `limit` has passed; the message says what was waited for.
#[track_caller]
pub fn poll_for<T>(limit: Duration, what: impl Display, mut look: impl FnMut() -> Option<T>) -> T {
    match poll(limit, &mut look) {
        Some(found) => found,
        None => panic!("waited {limit:?} in vain for {what}"),
    }
}

/// Looks until the answer is yes.
///
/// # Panics
/// When `limit` has passed; the message says what was waited for.
#[track_caller]
pub fn wait_for(limit: Duration, what: impl Display, mut look: impl FnMut() -> bool) {
    poll_for(limit, what, || look().then_some(()));
}

/// Looks until there is something or `limit` has passed; the last look is after the limit.
pub(crate) fn poll<T>(limit: Duration, look: &mut dyn FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        let late = Instant::now() >= end;
        match look() {
            Some(found) => return Some(found),
            None if late => return None,
            None => sleep(PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thing_found_is_returned() {
        let mut looks = 0;
        let found = poll_for(Duration::from_secs(5), "the third look", || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(found, 3);
    }

    #[test]
    fn a_wait_looks_once_more_after_its_end() {
        let mut looks = 0;
        assert_eq!(poll(Duration::ZERO, &mut || Some(looks)), Some(0));
        let gave_up: Option<()> = poll(Duration::from_millis(12), &mut || {
            looks += 1;
            None
        });
        assert!(gave_up.is_none() && looks >= 2);
    }

    #[test]
    #[should_panic(expected = "in vain for godot")]
    fn waiting_in_vain_names_what_was_waited_for() {
        wait_for(Duration::from_millis(1), "godot", || false);
    }
}
