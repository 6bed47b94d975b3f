//! What is known of the sources' changes, and when they are read again. Time is an argument.
//!
//! Changes are numbered. A reading holds what had changed before it began, so it is worth the number
//! of the last change that was known then; a connection is decided by a source whose reading is worth
//! the last change before it came, or whose last change that is.

use std::time::Duration;

/// A change is followed by others, as a rule: a reading waits until none came for so long.
const QUIET: Duration = Duration::from_millis(20);
/// But not longer than this after the first.
const RESTLESS: Duration = Duration::from_millis(100);
/// From one reading's beginning to the next one's.
const APART: Duration = Duration::from_millis(250);
/// A file that somebody writes to and does not close is read so long after the last writing.
const WRITTEN: Duration = Duration::from_secs(1);
/// But not longer than this after the first.
const WRITING: Duration = Duration::from_secs(5);
/// First and longest wait after a reading that failed as a whole; doubled from one to the next.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// A moment in the order of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

/// One source.
#[derive(Clone, Debug, Default)]
struct Source {
    /// Its last change.
    changed: Moment,
    /// What the reading is worth that is in force, or that was refused.
    read: Moment,
    /// It is being written to: since when, and when last.
    writing: Option<(Duration, Duration)>,
    /// Why its last reading was refused.
    bad: Option<String>,
}

/// All of them, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Book {
    last: Moment,
    sources: Vec<Source>,
    /// What the reading under way will be worth.
    reading: Option<Moment>,
    begun: Option<Duration>,
    /// When the first and the last of the changes came that no reading has begun for.
    restless: Option<(Duration, Duration)>,
    /// Until when none is tried again, and how long that was.
    failed: Option<(Duration, Duration)>,
}

impl Book {
    /// A book about so many sources, which were read when `worth` was the last change. What `old`
    /// has for a source goes over: `from` says which of its sources is the same.
    pub(crate) fn follow(
        old: &Self,
        count: usize,
        worth: Moment,
        from: impl Fn(usize) -> Option<usize>,
    ) -> Self {
        let same = |at| {
            let old = from(at).and_then(|at| old.sources.get(at)).cloned().unwrap_or_default();
            let bad = old.bad.filter(|_| old.read > worth);
            Source { read: worth.max(old.read), bad, ..old }
        };
        let sources = (0..count).map(same).collect();
        let Self { last, begun, restless, failed, .. } = *old;
        let mut new = Self { last, sources, reading: None, begun, restless, failed };
        new.given_up();
        new
    }

    /// The last change that is known.
    pub(crate) fn now(&self) -> Moment {
        self.last
    }

    /// A source has changed.
    pub(crate) fn changed(&mut self, source: usize, now: Duration) {
        let Some(found) = self.sources.get_mut(source) else { return };
        self.last.0 = self.last.0.saturating_add(1);
        found.changed = self.last;
        found.writing = None;
        let first = self.restless.map_or(now, |(first, _)| first);
        self.restless = Some((first, now));
    }

    /// All have, perhaps.
    pub(crate) fn all_changed(&mut self, now: Duration) {
        (0..self.sources.len()).for_each(|source| self.changed(source, now));
    }

    /// Somebody writes to a file of a source, and has not closed it.
    pub(crate) fn written(&mut self, source: usize, now: Duration) {
        let Some(found) = self.sources.get_mut(source) else { return };
        let first = found.writing.map_or(now, |(first, _)| first);
        found.writing = Some((first, now));
    }

    /// Takes files that are written to and not closed for changed, when it is time.
    pub(crate) fn tick(&mut self, now: Duration) {
        let due = |one: &Source| one.writing.map(written_until).is_some_and(|due| due <= now);
        let all: Vec<usize> =
            self.sources.iter().enumerate().filter(|(_, s)| due(s)).map(|(at, _)| at).collect();
        all.into_iter().for_each(|source| self.changed(source, now));
    }

    /// The sources that no reading has begun for since they changed.
    fn stale(&self) -> impl Iterator<Item = usize> + '_ {
        let worth = |one: &Source| self.reading.map_or(one.read, |reading| reading.max(one.read));
        let stale = move |(at, one): (usize, &Source)| (worth(one) < one.changed).then_some(at);
        self.sources.iter().enumerate().filter_map(stale)
    }

    /// When the next reading begins, as far as is known.
    pub(crate) fn begins_at(&self) -> Option<Duration> {
        let (first, last) = self.restless?;
        self.stale().next()?;
        let quiet = last.saturating_add(QUIET).min(first.saturating_add(RESTLESS));
        let apart = self.begun.map_or(Duration::ZERO, |begun| begun.saturating_add(APART));
        let again = self.failed.map_or(Duration::ZERO, |(until, _)| until);
        Some(quiet.max(apart).max(again))
    }

    /// When something is to be done.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let written = self.sources.iter().filter_map(|one| one.writing.map(written_until));
        let begins = self.begins_at().filter(|_| self.reading.is_none());
        written.chain(begins).min()
    }

    /// Begins a reading, if it is time and none is under way: gives the sources to be read.
    pub(crate) fn begin(&mut self, now: Duration) -> Vec<usize> {
        if self.reading.is_some() || self.begins_at().is_none_or(|at| at > now) {
            return Vec::new();
        }
        let stale = self.stale().collect();
        self.reading = Some(self.last);
        self.begun = Some(now);
        self.restless = None;
        stale
    }

    /// A reading has ended; what it said of each source is told with [`Self::read`].
    pub(crate) fn ended(&mut self) -> Option<Moment> {
        self.failed = None;
        self.reading.take()
    }

    /// A source was read: it is in force, or it was refused for a reason. Gives why it was refused
    /// before.
    pub(crate) fn read(
        &mut self,
        source: usize,
        worth: Moment,
        refused: Option<String>,
    ) -> Option<String> {
        let found = self.sources.get_mut(source)?;
        found.read = found.read.max(worth);
        std::mem::replace(&mut found.bad, refused)
    }

    /// The reading has failed as a whole: it is tried again, later each time. Gives when.
    pub(crate) fn failed(&mut self, now: Duration) -> Duration {
        self.reading = None;
        let wait = self.failed.map_or(FIRST, |(_, wait)| wait.saturating_mul(2).min(LONGEST));
        let until = now.saturating_add(wait);
        self.failed = Some((until, wait));
        self.restless.get_or_insert((now, now));
        wait
    }

    /// The reading is given up; another may follow at once.
    pub(crate) fn given_up(&mut self) {
        self.reading = None;
        if self.stale().next().is_some() {
            self.restless = self.restless.or(Some((Duration::ZERO, Duration::ZERO)));
        }
    }

    /// Whether a connection that came at this moment is decided by what is in force.
    pub(crate) fn is_fresh(&self, source: usize, came: Moment) -> bool {
        self.sources.get(source).is_none_or(|one| one.read >= one.changed.min(came))
    }

    /// Whether no reading can begin before this time that a connection could wait for.
    pub(crate) fn is_hopeless(&self, until: Duration) -> bool {
        self.reading.is_none() && self.begins_at().is_none_or(|at| at >= until)
    }

    /// Whether a source has been read, and not refused, since this moment.
    pub(crate) fn is_newer(&self, source: usize, than: Moment) -> bool {
        self.sources.get(source).is_some_and(|one| one.read > than && one.bad.is_none())
    }

    /// Why a source's last reading was refused.
    pub(crate) fn bad(&self, source: usize) -> Option<&str> {
        self.sources.get(source).and_then(|one| one.bad.as_deref())
    }
}

/// When a file that is written to is read, closed or not.
fn written_until((first, last): (Duration, Duration)) -> Duration {
    last.saturating_add(WRITTEN).min(first.saturating_add(WRITING))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    fn book(count: usize) -> Book {
        Book::follow(&Book::default(), count, Moment::default(), |_| None)
    }

    /// A reading that begins at `now` and reads everything well.
    fn read(book: &mut Book, now: Duration) -> Vec<usize> {
        let sources = book.begin(now);
        let Some(worth) = book.ended() else { return sources };
        sources.iter().for_each(|one| assert_eq!(book.read(*one, worth, None), None));
        sources
    }

    #[test]
    fn nothing_is_read_that_has_not_changed() {
        let mut book = book(3);
        assert_eq!((book.next_due(), book.begin(ms(99))), (None, vec![]));
        book.changed(1, ms(1000));
        assert_eq!(book.next_due(), Some(ms(1020)));
        assert_eq!(book.begin(ms(1019)), []);
        assert_eq!(read(&mut book, ms(1020)), [1]);
        assert_eq!((book.next_due(), book.begin(ms(9999))), (None, vec![]));
        book.changed(7, ms(1)); // there is no such source
        assert_eq!(book.next_due(), None);
    }

    #[test]
    fn a_burst_is_one_reading_and_a_file_that_never_rests_is_read_a_few_times_a_second() {
        let mut book = book(1);
        let mut readings = Vec::new();
        for now in 0..10_000 {
            book.changed(0, ms(now));
            book.tick(ms(now));
            if !book.begin(ms(now)).is_empty() {
                readings.push(now);
            }
            // each takes 50 ms
            if readings.last() == now.checked_sub(50).as_ref()
                && let Some(worth) = book.ended()
            {
                book.read(0, worth, None);
            }
        }
        assert_eq!(readings.first(), Some(&100));
        assert_eq!(readings.len(), 40, "{readings:?}");
    }

    #[test]
    fn a_connection_is_decided_by_a_reading_that_began_after_it_came() {
        let mut book = book(2);
        let early = book.now();
        book.changed(0, ms(0));
        let came = book.now();
        assert!(!book.is_fresh(0, came), "changed, not read");
        assert!(book.is_fresh(0, early) && book.is_fresh(1, came));
        assert_eq!(book.begin(ms(20)), [0]);
        book.changed(0, ms(30)); // while it is read: it may have been read before
        let later = book.now();
        let worth = book.ended().unwrap();
        book.read(0, worth, None);
        assert!(book.is_fresh(0, came), "this reading began after it came");
        assert!(!book.is_fresh(0, later), "and before this one did");
        assert_eq!(book.begins_at(), Some(ms(270)));
        assert_eq!(read(&mut book, ms(270)), [0]);
        assert!(book.is_fresh(0, later) && book.is_fresh(0, book.now()));
        book.changed(1, ms(300));
        assert!(book.is_fresh(0, book.now()), "another source's changes are not its own");
    }

    #[test]
    fn a_file_that_is_written_to_is_read_when_it_is_closed_or_rests() {
        let mut book = book(1);
        book.written(0, ms(0));
        book.tick(ms(900));
        book.written(0, ms(900));
        assert!(book.is_fresh(0, book.now()), "half a file decides nothing");
        assert_eq!(book.next_due(), Some(ms(1900)));
        book.changed(0, ms(950)); // closed
        assert_eq!(book.next_due(), Some(ms(970)));
        assert_eq!(read(&mut book, ms(970)), [0]);
        book.written(0, ms(2000));
        book.tick(ms(3000));
        assert_eq!(read(&mut book, ms(3020)), [0]);
        for now in (4000..9000).step_by(500) {
            book.tick(ms(now));
            assert_eq!(book.begin(ms(now)), []);
            book.written(0, ms(now));
        }
        book.tick(ms(9000));
        assert_eq!(read(&mut book, ms(9020)), [0], "never closed, never at rest");
    }

    #[test]
    fn a_refused_reading_is_one_and_is_remembered_until_a_good_one() {
        let mut book = book(1);
        for (refused, before) in
            [(Some("bad"), None), (Some("worse"), Some("bad")), (None, Some("worse")), (None, None)]
        {
            let now = book.begun.unwrap_or_default() + ms(1000);
            book.changed(0, now);
            book.begin(now + ms(20));
            let worth = book.ended().unwrap();
            let was = book.read(0, worth, refused.map(str::to_owned));
            assert_eq!((was.as_deref(), book.bad(0)), (before, refused));
            assert!(book.is_fresh(0, book.now()), "what was before decides");
            assert_eq!(book.next_due(), None, "nobody reads it again before it changes");
        }
    }

    #[test]
    fn a_reading_that_fails_is_tried_again_later_each_time() {
        let mut book = book(1);
        book.changed(0, ms(0));
        let mut now = ms(20);
        let mut waits = Vec::new();
        for _ in 0..10 {
            assert_eq!(book.begin(now), [0]);
            assert!(!book.is_hopeless(now), "one is under way");
            let wait = book.failed(now);
            assert!(!book.is_fresh(0, book.now()));
            assert_eq!(book.next_due(), Some(now + wait.max(APART)));
            assert_eq!(book.is_hopeless(now + ms(2000)), wait >= ms(2000));
            now += wait.max(APART);
            waits.push(u64::try_from(wait.as_millis()).unwrap());
        }
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(read(&mut book, now), [0]);
        book.changed(0, now + ms(1000));
        assert_eq!(book.begin(now + ms(1020)), [0]);
        assert_eq!(book.failed(now), ms(250), "a good one ends it");
    }

    #[test]
    fn what_is_known_of_a_source_goes_over_to_another_configuration() {
        let mut old = book(2);
        old.changed(0, ms(0));
        let worth = old.now(); // here a configuration begins to be read
        old.changed(1, ms(5));
        let new = Book::follow(&old, 3, worth, |at| at.checked_sub(1));
        let came = new.now();
        assert!(new.is_fresh(0, came), "it is new, and was read");
        assert!(new.is_fresh(1, came), "it changed before the reading");
        assert!(!new.is_fresh(2, came), "it changed after that began");
        let mut new = new;
        assert_eq!(new.begin(ms(25)), [2]);
    }
}
