//! Looking at everything in a file, in one pass over its records and one over its tables.

use super::reader::{Damaged, Reader, widen};
use super::{HEADER, TABLES, hash, table_of};
use std::fmt;

/// Slots in a row that are taken, at most. A search may have to look at all of them; a file that
/// its makers made has some tens.
pub(super) const LONGEST_RUN: usize = 1 << 16;

/// What is wrong with a file, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The byte, counted from 0.
    pub at: usize,
    /// What is wrong there.
    pub what: Wrong,
}

/// What may be wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It ends before its header does.
    Header,
    /// The table of this number lies outside of the file, or on its records or another table.
    Table(usize),
    /// A record reaches past the last one.
    Record,
    /// A slot leads to no record.
    Slot,
    /// A slot has another hash than its record, or stands in another's table.
    Hash,
    /// A slot where no search for its record comes along.
    Unreachable,
    /// A second slot for one record.
    Twice,
    /// A record that is in no table.
    Lost,
    /// More slots in a row than a search should have to look at: one key stands here very often.
    Crowded,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, what } = self;
        match what {
            Wrong::Header => write!(out, "it ends at byte {at}, within its header"),
            Wrong::Table(number) => {
                write!(out, "hash table {number}, said at byte {at}, does not lie in the file")
            }
            Wrong::Record => write!(out, "the record at byte {at} is longer than the rest"),
            Wrong::Slot => write!(out, "the slot at byte {at} leads to no record"),
            Wrong::Hash => write!(out, "the slot at byte {at} is not its record's"),
            Wrong::Unreachable => write!(out, "nobody finds the slot at byte {at}"),
            Wrong::Twice => write!(out, "the slot at byte {at} is its record's second"),
            Wrong::Lost => write!(out, "the record at byte {at} is in no hash table"),
            Wrong::Crowded => {
                write!(out, "from byte {at} on over {LONGEST_RUN} slots are taken in a row")
            }
        }
    }
}

impl std::error::Error for Damage {}

impl Reader<'_> {
    /// Looks at everything: every record lies in the file and is found under its key, every table
    /// holds nothing but those, and no search is long. How many records there are.
    ///
    /// # Errors
    /// The first [`Damage`].
    pub fn examine(&self) -> Result<usize, Damage> {
        let size = self.bytes().len();
        if size < HEADER {
            return Err(Damage { at: size, what: Wrong::Header });
        }
        let mut ledger = Ledger::of(self)?;
        for number in 0..TABLES {
            self.examine_table(number, &mut ledger)?;
        }
        match ledger.starts.first_without(&ledger.seen) {
            None => Ok(ledger.records),
            Some(at) => Err(Damage { at, what: Wrong::Lost }),
        }
    }

    fn examine_table(&self, number: usize, ledger: &mut Ledger) -> Result<(), Damage> {
        let said = number.saturating_mul(8);
        let outside = Damage { at: said, what: Wrong::Table(number) };
        let (at, slots) = self.pair(said).map_err(|Damaged| outside)?;
        let (at, slots) = (widen(at), widen(slots));
        if slots == 0 {
            return Ok(());
        }
        let bytes = slots.checked_mul(8).and_then(|bytes| at.checked_add(bytes));
        ledger.slots = ledger.slots.saturating_add(slots);
        let room = self.bytes().len().saturating_sub(ledger.end) / 8;
        let within = bytes.is_some_and(|end| end <= self.bytes().len());
        // more slots than there is room for: tables that lie upon one another
        if at < ledger.end || !within || ledger.slots > room {
            return Err(outside);
        }
        let place = |slot: usize| at.saturating_add(slot.saturating_mul(8));
        let pair = |slot: usize| self.pair(place(slot)).map_err(|Damaged| outside);
        // the run of taken slots that goes round the end has its beginning there
        let mut run = 0_usize;
        for slot in (0..slots).rev().take(LONGEST_RUN.saturating_add(1)) {
            if pair(slot)?.1 == 0 {
                break;
            }
            run = run.saturating_add(1);
        }
        for slot in 0..slots {
            let (hash, position) = pair(slot)?;
            if position == 0 {
                run = 0;
                continue;
            }
            let damage = |what| Damage { at: place(slot), what };
            let own = widen(hash >> 8).checked_rem(slots).unwrap_or(0);
            let round = slot.saturating_add(slots).saturating_sub(own);
            let away = slot.checked_sub(own).unwrap_or(round);
            if run > LONGEST_RUN {
                return Err(damage(Wrong::Crowded));
            }
            if away > run {
                return Err(damage(Wrong::Unreachable));
            }
            if table_of(hash) != number || self.key_hash(position) != Some(hash) {
                let known = ledger.starts.has(widen(position));
                return Err(damage(if known { Wrong::Hash } else { Wrong::Slot }));
            }
            ledger.see(position).map_err(damage)?;
            run = run.saturating_add(1);
        }
        Ok(())
    }

    /// The hash of the key of the record at a place, if one is there.
    fn key_hash(&self, position: u32) -> Option<u32> {
        self.record(widen(position)).ok().map(|(record, _)| hash(record.key))
    }
}

/// Where records begin, and which were seen in a table.
struct Ledger {
    starts: Bytes,
    seen: Bytes,
    records: usize,
    /// Where the last record ends.
    end: usize,
    /// Of all tables so far.
    slots: usize,
}

impl Ledger {
    fn of(reader: &Reader<'_>) -> Result<Self, Damage> {
        let outside = Damage { at: 0, what: Wrong::Table(0) };
        let (end, _) = reader.pair(0).map_err(|Damaged| outside)?;
        let end = widen(end);
        if end > reader.bytes().len() {
            return Err(outside);
        }
        let (mut starts, mut records) = (Bytes::before(end), 0_usize);
        let mut at = HEADER;
        while at < end {
            let damage = Damage { at, what: Wrong::Record };
            let next = reader.record(at).map_err(|Damaged| damage)?.1;
            if next > end {
                return Err(damage);
            }
            starts.add(at);
            records = records.saturating_add(1);
            at = next;
        }
        Ok(Self { starts, seen: Bytes::before(end), records, end: end.max(HEADER), slots: 0 })
    }

    fn see(&mut self, position: u32) -> Result<(), Wrong> {
        let at = widen(position);
        if !self.starts.has(at) {
            return Err(Wrong::Slot);
        }
        if self.seen.has(at) {
            return Err(Wrong::Twice);
        }
        self.seen.add(at);
        Ok(())
    }
}

/// Some of the bytes before one, a bit for each: slots come in no order, and to search a million
/// places for each of them would be most of the work.
#[derive(Debug)]
pub(super) struct Bytes(Vec<u64>);

impl Bytes {
    pub(super) fn before(end: usize) -> Self {
        Self(vec![0; end.div_ceil(64)])
    }

    pub(super) fn add(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    /// The first that is not among those of the other.
    fn first_without(&self, other: &Self) -> Option<usize> {
        let words = self.0.iter().zip(&other.0).map(|(own, other)| own & !other);
        let (at, word) = words.enumerate().find(|(_, word)| *word != 0)?;
        at.checked_mul(64)?.checked_add(usize::try_from(word.trailing_zeros()).ok()?)
    }
}
