//! The first bytes of an image, and where everything else lies.

use crate::leaves::{Leaves, Sizes};
use crate::names::Names;
use std::fmt;

/// What an image begins with; the last byte is the format's number.
const MAGIC: [u8; 8] = *b"prlists\x02";

/// Bytes of the header; leaves begin at a multiple of it.
const HEADER: usize = 128;

/// Slots that a look-up of a name tries, at most. At most half of them are taken, so that of the
/// most names that an image can have none is farther than some hundred slots from its place; where
/// one claims more, whoever looks a name up would walk along the whole table.
const MOST_PROBES: u32 = 1 << 10;

/// The bytes are no image: another format, or cut, or longer than their own header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are no image of a list, or not the whole of one")
    }
}

impl std::error::Error for Damaged {}

/// What the header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) seed: u64,
    /// The leaves of each family.
    pub(crate) v4: Sizes,
    pub(crate) v6: Sizes,
    /// Slots of the names' table, and bytes of their texts.
    pub(crate) slots: u32,
    pub(crate) texts: u32,
    /// Slots that a look-up has to try.
    pub(crate) probes: u32,
    /// The smallest value of a name, one more than it is; 0: none.
    pub(crate) first_name: u32,
    /// Entries, as they were given.
    pub(crate) v4_entries: u32,
    pub(crate) v6_entries: u32,
    pub(crate) names: u32,
}

impl Header {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.seed.to_le_bytes());
        for number in [
            self.slots,
            self.texts,
            self.probes,
            self.first_name,
            self.v4_entries,
            self.v6_entries,
            self.names,
            0,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for sizes in [self.v4, self.v6] {
            out.extend_from_slice(&sizes.base.to_le_bytes());
            for number in [sizes.leaves, sizes.places, sizes.shift, sizes.halvings] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        out.resize(HEADER, 0);
    }

    pub(crate) fn read(image: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER] = image.first_chunk()?;
        let seed = header.strip_prefix(&MAGIC)?.first_chunk()?;
        let (numbers, _) = header.get(16..)?.as_chunks::<4>();
        let mut numbers = numbers.iter().map(|number| u32::from_le_bytes(*number));
        let mut next = || numbers.next();
        let read = Self {
            seed: u64::from_le_bytes(*seed),
            slots: next()?,
            texts: next()?,
            probes: next()?,
            first_name: next()?,
            v4_entries: next()?,
            v6_entries: next()?,
            names: next()?,
            ..Self::default()
        };
        next()?;
        let mut sizes = || {
            let (low, high) = (next()?, next()?);
            Some(Sizes {
                base: u64::from(high) << 32 | u64::from(low),
                leaves: next()?,
                places: next()?,
                shift: next()?,
                halvings: next()?,
            })
        };
        Some(Self { v4: sizes()?, v6: sizes()?, ..read })
    }
}

/// Where the parts of an image lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) header: Header,
    pub(crate) v4: Leaves,
    pub(crate) v6: Leaves,
    pub(crate) names: Names,
    /// Bytes of the whole.
    pub(crate) end: usize,
}

impl Layout {
    /// The layout that a header means; `None` when no memory could hold it.
    pub(crate) fn of(header: Header) -> Option<Self> {
        let count = |number: u32| usize::try_from(number).ok();
        let v4 = Leaves::at::<u32>(HEADER, header.v4)?;
        let v6 = Leaves::at::<u128>(v4.end(), header.v6)?;
        let table = count(header.slots)?.checked_mul(Names::SLOT)?;
        let slots = v6.end();
        let texts = slots.checked_add(table)?;
        let end = texts.checked_add(count(header.texts)?)?;
        let names = Names { header, slots, texts, end };
        Some(Self { header, v4, v6, names, end })
    }

    /// The layout of an image, if it is one: its length is what the header says.
    pub(crate) fn read(image: &[u8]) -> Result<Self, Damaged> {
        let header = Header::read(image).ok_or(Damaged)?;
        let fits = header.slots == 0 || header.slots.is_power_of_two();
        let fits = fits && header.probes <= MOST_PROBES;
        let layout = Self::of(header).filter(|layout| fits && layout.end == image.len());
        layout.ok_or(Damaged)
    }
}
