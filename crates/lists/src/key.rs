//! The two kinds of numbers that addresses are: `u32` and `u128`.

use std::hint::select_unpredictable;

/// An address as a number.
pub(crate) trait Key: Copy + Ord {
    /// The least of all.
    const LEAST: Self;
    /// Items of a leaf.
    const ITEMS: usize;
    /// Bytes of a leaf.
    const LEAF: usize;

    /// What guides spread: the number itself, or the network half of an IPv6 address.
    type Spread: Spread;

    /// The one after, unless this is the last.
    fn after(self) -> Option<Self>;

    /// The last address of what is often one entry: of the address alone, or, where it is the first
    /// of an IPv6 /64, of that network.
    fn last(self) -> Self;

    /// What guides spread of it.
    fn spread(self) -> Self::Spread;

    /// Appends a leaf of these items, as many as one has.
    fn leaf(items: &[Item<Self>], out: &mut Vec<u8>);

    /// The first key of the leaf that some bytes begin with.
    fn first(leaf: &[u8]) -> Option<Self>;

    /// The value of the leaf that some bytes begin with, at an address, one more than it is, or 0;
    /// `None` when all of its items are behind that.
    fn find(leaf: &[u8], wanted: Self) -> Option<u32>;
}

/// From its key on a value holds, up to the next item's key or, where it is [`ALONE`], the key's
/// [`last`](Key::last) address, behind which there is no entry. The value is one more than it is;
/// 0: none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<K> {
    pub(crate) key: K,
    pub(crate) value: u32,
}

/// Marks the value of an item with nothing behind it. So are those of most lists, and then an entry
/// is one item.
pub(crate) const ALONE: u32 = 1 << 31;

/// A number that guides spread evenly.
pub(crate) trait Spread: Copy + Ord + Into<u64> {
    /// Bytes of one.
    const BYTES: usize;

    /// Appends its bytes.
    fn write(self, out: &mut Vec<u8>);

    /// The one at a place among some.
    fn read(all: &[u8], place: usize) -> Option<Self>;
}

/// Bytes of a line of the processor's cache.
const LINE: usize = 64;

macro_rules! key {
    ($type:ty, spread $spread_type:ty: $spread:expr, last $last:expr, $each:literal items in each of $lines:literal lines, halved $halves:expr) => {
        impl Key for $type {
            const LEAST: Self = 0;
            const ITEMS: usize = $each * $lines;
            const LEAF: usize = LINE * $lines;

            type Spread = $spread_type;

            fn after(self) -> Option<Self> {
                self.checked_add(1)
            }

            #[inline]
            fn last(self) -> Self {
                $last(self)
            }

            #[inline]
            fn spread(self) -> $spread_type {
                $spread(self)
            }

            fn leaf(items: &[Item<Self>], out: &mut Vec<u8>) {
                for items in items.chunks($each) {
                    let start = out.len();
                    items.iter().for_each(|item| out.extend_from_slice(&item.key.to_le_bytes()));
                    items.iter().for_each(|item| out.extend_from_slice(&item.value.to_le_bytes()));
                    out.resize(start.saturating_add(LINE), 0);
                }
            }

            #[inline]
            fn first(leaf: &[u8]) -> Option<Self> {
                leaf.first_chunk().map(|key| Self::from_le_bytes(*key))
            }

            #[inline]
            fn find(leaf: &[u8], wanted: Self) -> Option<u32> {
                const KEY: usize = size_of::<$type>();
                let leaf: &[u8; LINE * $lines] = leaf.first_chunk()?;
                let (lines, _) = leaf.as_chunks::<LINE>();
                // all lines are read, whichever is the one: none waits for another
                let begun = |line: &[u8; LINE]| Self::first(line).is_some_and(|key| key <= wanted);
                let begun = |line: &[u8; LINE]| usize::from(begun(line));
                let (before, rest) = lines.split_first()?;
                let number = rest.iter().map(begun).fold(0_usize, usize::wrapping_add);
                if begun(before) == 0 {
                    return None;
                }
                let (keys, values) = lines.get(number)?.split_first_chunk::<{ KEY * $each }>()?;
                let (keys, values) = (keys.as_chunks().0, values.as_chunks().0);
                let mut item = 0_usize;
                for further in $halves {
                    let next = item.wrapping_add(further);
                    let key = keys.get(next).map_or(Self::MAX, |key| Self::from_le_bytes(*key));
                    item = select_unpredictable(key <= wanted, next, item);
                }
                let key = Self::from_le_bytes(*keys.get(item)?);
                let value = u32::from_le_bytes(*values.get(item)?);
                let is_behind = (value & ALONE != 0) & (wanted > key.last());
                Some(select_unpredictable(is_behind, 0, value & !ALONE))
            }
        }

        impl Spread for $spread_type {
            const BYTES: usize = size_of::<$spread_type>();

            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn read(all: &[u8], place: usize) -> Option<Self> {
                let (all, _) = all.as_chunks();
                Some(Self::from_le_bytes(*all.get(place)?))
            }
        }
    };
}

key!(u32, spread u32: same, last same, 8 items in each of 2 lines, halved [4, 2, 1]);
key!(u128, spread u64: high, last last_of_64, 3 items in each of 3 lines, halved [1, 1]);

#[inline]
fn same(address: u32) -> u32 {
    address
}

#[inline]
fn high(address: u128) -> u64 {
    u64::try_from(address >> 64).unwrap_or(u64::MAX)
}

#[inline]
fn last_of_64(address: u128) -> u128 {
    let rest = u128::from(u64::MAX);
    select_unpredictable(address & rest == 0, address | rest, address)
}
