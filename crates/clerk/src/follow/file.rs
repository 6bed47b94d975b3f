//! Following one file, a turn at a time.

use crate::follow::tail::{CHUNK, Go, Line, Place, Took};
use crate::follow::told::Spot;
use crate::follow::{Follows, Found, millis};
use portreeve_detect::frame;
use portreeve_judge::{Booked, readers::From};
use portreeve_ledger::{Change, Position};
use portreeve_sys::clock;
use portreeve_wire::watched::FileId;
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;

/// A turn takes no longer than this, and not much longer than one line.
const TURN: Duration = Duration::from_millis(5);
/// Lines between two looks at the clock.
const LOOK: u32 = 32;
/// Bytes before a place that are read once more when a clerk begins, so that it knows what the one
/// before it had read of sessions that are not over.
const WARM: u64 = 64 << 10;
/// A file that was renamed and to which nothing has been written for so long is left; one that was
/// removed, sooner.
const QUIET: Duration = Duration::from_secs(600);
const QUIET_REMOVED: Duration = Duration::from_secs(60);

/// One file.
#[derive(Debug)]
pub(crate) struct Followed {
    /// The monitor's number, if it has the file too.
    pub(crate) number: Option<u64>,
    pub(crate) path: RefCell<String>,
    /// The pattern that it was found by, if the monitor has it.
    pub(crate) pattern: RefCell<String>,
    pub(crate) id: FileId,
    pub(crate) watches: RefCell<Vec<u32>>,
    /// Whether it lies where it lay.
    pub(crate) current: Cell<bool>,
    /// What its growth is called.
    pub(crate) growth: Cell<Option<i32>>,
    file: File,
    place: Cell<Place>,
    /// What the ledger knows of the place.
    kept: Cell<Option<Place>>,
    /// A change is on its way to the ledger.
    writing: Cell<bool>,
    /// Lines before this time are too old, microseconds; 0: none is.
    since: Cell<i64>,
    pub(crate) wake: Notify,
    /// The size when it was last read to its end.
    seen: Cell<u64>,
    /// When something was read last (monotonic).
    active: Cell<Duration>,
    pub(crate) long: Cell<u64>,
    pub(crate) old: Cell<u64>,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// There may be more.
    More,
    /// All is read.
    Nothing,
    /// What was read before is not in the file any more.
    Replaced,
}

/// What was read in a turn.
struct Taken {
    turn: Turn,
    place: Place,
    lines: u64,
    found: Found,
}

impl Followed {
    /// A file to be read from a place that the ledger knows, or from its beginning.
    pub(crate) fn new(
        number: Option<u64>,
        path: String,
        id: FileId,
        watches: Vec<u32>,
        file: File,
        place: Option<Place>,
    ) -> Self {
        Self {
            number,
            path: RefCell::new(path),
            pattern: RefCell::default(),
            id,
            watches: RefCell::new(watches),
            current: Cell::new(number.is_some()),
            file,
            growth: Cell::new(None),
            place: Cell::new(place.unwrap_or_default()),
            kept: Cell::new(place),
            writing: Cell::new(false),
            since: Cell::new(0),
            wake: Notify::new(),
            seen: Cell::new(0),
            active: Cell::new(clock::monotonic()),
            long: Cell::new(0),
            old: Cell::new(0),
        }
    }

    /// Lines from before this time (microseconds) are passed over.
    pub(crate) fn not_before(&self, since: i64) {
        self.since.set(since);
    }

    /// Reads from there on.
    pub(crate) fn go_to(&self, place: Place) {
        self.place.set(place);
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn offset(&self) -> u64 {
        self.place.get().offset
    }

    pub(crate) fn size(&self) -> u64 {
        self.file.metadata().map_or(0, |found| found.len())
    }

    /// When it was written last, milliseconds since the epoch.
    pub(crate) fn modified(&self) -> i64 {
        modified(&self.file)
    }

    /// Reads for ever.
    pub(crate) async fn follow(self: Rc<Self>, all: Rc<Follows>, warm: bool) {
        if warm {
            self.warm(&all);
        }
        loop {
            match self.turn(&all).await {
                Turn::More => tokio::task::yield_now().await,
                Turn::Nothing => self.wake.notified().await,
                Turn::Replaced => self.replaced(&all).await,
            }
        }
    }

    /// Reads once more what was read before, for what the detectors remember of it.
    fn warm(&self, all: &Follows) {
        let place = self.place.get();
        let begin = place.offset.saturating_sub(WARM);
        let Ok(mut at) = Place::at(&self.file, begin) else { return };
        let mut buffer = vec![0; CHUNK];
        let path = self.path.borrow().clone();
        while at.offset < place.offset {
            let Ok(Took::New { bytes, known }) = at.read(&self.file, &mut buffer) else { return };
            let mut left = place.offset.saturating_sub(at.offset);
            let next = at.scan(bytes, known, &mut |line| {
                let length = (line.bytes.len() as u64).saturating_add(1);
                if length > left {
                    return Go::Enough;
                }
                left = left.saturating_sub(length);
                let _ = all.read(&self.watches.borrow(), &record(line), From::File(&path));
                Go::On
            });
            if next.offset <= at.offset {
                return;
            }
            at = next;
        }
    }

    async fn turn(&self, all: &Follows) -> Turn {
        let size = self.size();
        let taken = match self.take(all) {
            Ok(taken) => taken,
            Err(error) => {
                all.alarm(&format!("`{}` cannot be read: {error}", self.path.borrow()));
                return Turn::Nothing;
            }
        };
        if taken.turn == Turn::Nothing {
            self.seen.set(size);
        }
        if taken.place != self.place.get() {
            self.active.set(clock::monotonic());
            all.counted(&self.path.borrow(), taken.lines, taken.found.offences.len() as u64);
            self.place.set(taken.place);
            if !taken.found.offences.is_empty() {
                self.write(taken.found, all).await;
            }
        }
        taken.turn
    }

    /// Reads some.
    fn take(&self, all: &Follows) -> io::Result<Taken> {
        let place = self.place.get();
        let nothing = |turn| Ok(Taken { turn, place, lines: 0, found: Found::default() });
        let mut buffer = all.buffer.borrow_mut();
        let (bytes, known) = match place.read(&self.file, &mut buffer)? {
            Took::New { bytes, known } => (bytes, known),
            Took::Nothing => return nothing(Turn::Nothing),
            Took::Other => return nothing(Turn::Replaced),
        };
        let until = clock::monotonic().saturating_add(TURN);
        let (mut lines, mut found) = (0_u64, Found::default());
        let path = self.path.borrow().clone();
        let mut to_look = LOOK;
        let next = place.scan(bytes, known, &mut |line| {
            lines = lines.saturating_add(1);
            if line.cut {
                self.long.set(self.long.get().saturating_add(1));
            }
            let booked = self.line(line, &path, all);
            let offset = place.offset.saturating_add(line.end as u64);
            let spot = Spot::File { path: &path, inode: self.id.inode, offset };
            all.tell(booked, &spot, &mut found);
            to_look = to_look.saturating_sub(1);
            if to_look == 0 {
                to_look = LOOK;
                if clock::monotonic() >= until {
                    return Go::Enough;
                }
            }
            Go::On
        });
        let nuls = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        let next = match lines == 0 && next != place && bytes.get(known..).is_some_and(nuls) {
            true => next.past_hole(&self.file)?,
            false => next,
        };
        // without a whole line there is nothing to do until more has been written
        let turn = if next == place { Turn::Nothing } else { Turn::More };
        Ok(Taken { turn, place: next, lines, found })
    }

    fn line(&self, line: Line<'_>, path: &str, all: &Follows) -> Booked {
        let record = record(line);
        let watches = self.watches.borrow();
        if self.since.get() > 0 {
            match all.time(&watches, &record) {
                Some(at) if at < self.since.get() => {
                    self.old.set(self.old.get().saturating_add(1));
                    return Booked::Nothing;
                }
                Some(_) => self.since.set(0), // so are those behind it
                None => {}
            }
        }
        all.read(&watches, &record, From::File(path))
    }

    /// Has what was found, and the place behind it, written in one commit.
    async fn write(&self, found: Found, all: &Follows) {
        let place = self.place.get();
        let position = Box::new(self.position(place, all));
        self.writing.set(true);
        let Found { offences, proposals } = found;
        all.commit(Change::Read { offences, proposals, position }).await;
        self.writing.set(false);
        self.kept.set(Some(place));
    }

    fn position(&self, place: Place, all: &Follows) -> Position {
        let source = self.path.borrow().clone();
        let (lines, offences) = all.totals(&source);
        let FileId { device, inode } = self.id;
        // the file's owner may set any time: one that is to come counts for now
        let at = self.modified().min(millis());
        let mut position =
            Position { source, device, inode, lines, offences, at, ..Position::default() };
        place.write(&mut position);
        position
    }

    /// A position that the ledger does not have, if it may be written now.
    pub(crate) fn unkept(&self, all: &Follows) -> Option<Position> {
        let place = self.place.get();
        if self.writing.get() || self.kept.replace(Some(place)) == Some(place) {
            return None;
        }
        Some(self.position(place, all))
    }

    /// The file was cut. What it held and was not read may be in a copy: that is remembered, and
    /// looked for. Then the file is read from its beginning.
    async fn replaced(&self, all: &Follows) {
        let lost = self.place.replace(Place::default());
        let path = self.path.borrow().clone();
        if lost.is_known() {
            let mut old = self.position(lost, all);
            (old.device, old.inode) = (0, old.mark); // a file that nobody has found yet
            all.remember(&old);
            let change = Change::Read {
                offences: Vec::new(),
                proposals: Vec::new(),
                position: Box::new(old),
            };
            self.writing.set(true);
            all.commit(change).await;
            self.writing.set(false);
        }
        self.write(Found::default(), all).await;
        all.ask_beside(&path);
    }

    /// It has grown since it was read to its end, or was cut.
    pub(crate) fn nudge(&self) {
        if self.size() != self.seen.get() {
            self.wake.notify_one();
        }
    }

    /// Whether nothing more is to be expected of it.
    pub(crate) fn is_over(&self) -> bool {
        let Ok(found) = self.file.metadata() else { return true };
        let bound = if found.nlink() == 0 { QUIET_REMOVED } else { QUIET };
        let quiet = clock::monotonic().saturating_sub(self.active.get());
        !self.current.get()
            && !self.writing.get()
            && found.len() == self.seen.get()
            && quiet >= bound
    }
}

/// When a file was written last, milliseconds since the epoch.
pub(crate) fn modified(file: &File) -> i64 {
    file.metadata().map_or(0, |found| {
        let nanos = found.mtime_nsec().div_euclid(1_000_000);
        found.mtime().saturating_mul(1000).saturating_add(nanos)
    })
}

fn record(line: Line<'_>) -> portreeve_detect::Record<'_> {
    portreeve_detect::Record { cut: line.cut, ..frame::read(line.bytes) }
}
