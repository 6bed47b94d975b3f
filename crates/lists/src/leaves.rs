//! Sorted items in leaves, and a guide that leads from an address to its leaf.
//!
//! Memory that is not in the processor's cache costs more than everything else here, and so does a
//! jump that the processor guesses wrong while it waits for that memory: then it cannot begin with
//! the next look-up meanwhile. So a look-up goes to one leaf alone, whose items lie side by side in
//! one line of the cache (two for IPv6), and takes the same steps for every address.
//!
//! The guide spreads the addresses from the first to the last evenly over places and says among
//! which leaves the one of a place is; it is found by as many halvings as the most crowded place
//! needs, of a table of the first addresses of leaves. Both are a tenth of the leaves, and so stay
//! in the cache when those do not. Of an IPv6 address they know the network half alone: where the
//! leaf begins within the same /64, but behind the address, the leaves before it are halved.

use crate::flatten::Step;
use crate::key::{ALONE, Item, Key, Spread};
use std::hint::select_unpredictable;

/// Bytes of an entry of the guide.
const ENTRY: usize = 4;

/// Where leaves begin is a multiple of this, counted from the image's first byte.
const ALIGNED: usize = 128;

/// Halvings that can tell any number of leaves apart.
const MOST_HALVINGS: u32 = 32;

/// How large the parts are, and how the guide spreads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// What is spread of the first key.
    pub(crate) base: u64,
    pub(crate) leaves: u32,
    /// Places of the guide; it has one entry more.
    pub(crate) places: u32,
    /// How many bits of the distance from the base are left out.
    pub(crate) shift: u32,
    /// How often the leaves of a place are halved until one is left.
    pub(crate) halvings: u32,
}

/// Where the leaves of a family lie in an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaves {
    sizes: Sizes,
    start: usize,
    firsts: usize,
    guide: usize,
    end: usize,
}

impl Leaves {
    /// Leaves of these sizes, from a byte of the image on; `None` when they would end past what can
    /// be counted, or be searched for ever.
    pub(crate) fn at<K: Key>(start: usize, sizes: Sizes) -> Option<Self> {
        let behind = |start: usize, count: u32, each: usize| {
            usize::try_from(count).ok()?.checked_mul(each)?.checked_add(start)
        };
        if sizes.shift >= u64::BITS || sizes.halvings > MOST_HALVINGS {
            return None;
        }
        let firsts = behind(start, sizes.leaves, K::LEAF)?;
        let guide = behind(firsts, sizes.leaves, K::Spread::BYTES)?;
        let entries = if sizes.leaves == 0 { 0 } else { sizes.places.checked_add(1)? };
        let end = behind(guide, entries, ENTRY)?.checked_next_multiple_of(ALIGNED)?;
        Some(Self { sizes, start, firsts, guide, end })
    }

    /// The first byte behind them.
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// The value that holds at an address.
    #[inline]
    pub(crate) fn value<K: Key>(&self, image: &[u8], wanted: K) -> Option<u32> {
        let leaf = self.leaf::<K>(image, wanted.spread())?;
        let value = match K::find(self.bytes::<K>(image, leaf)?, wanted) {
            Some(value) => value,
            None => self.before(image, leaf, wanted)?,
        };
        value.checked_sub(1)
    }

    /// The last leaf that begins at or before what is spread of an address, or else the first.
    #[inline]
    fn leaf<K: Key>(&self, image: &[u8], wanted: K::Spread) -> Option<usize> {
        // whatever the numbers are, nothing is read but inside of the image
        let distance = wanted.into().saturating_sub(self.sizes.base);
        let place = distance.wrapping_shr(self.sizes.shift);
        let place = place.min(u64::from(self.sizes.places).checked_sub(1)?);
        let at = usize::try_from(place).ok()?.wrapping_mul(ENTRY).wrapping_add(self.guide);
        let [a, b, c, d, e, f, g, h] = *image.get(at..)?.first_chunk()?;
        let start = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
        let last = usize::try_from(u32::from_le_bytes([e, f, g, h])).ok()?;
        let mut count = last.wrapping_sub(start).wrapping_add(1);
        let at = start.wrapping_mul(K::Spread::BYTES).wrapping_add(self.firsts);
        let firsts = image.get(at..)?;
        let mut leaf = 0_usize;
        for _ in 0..self.sizes.halvings {
            let half = count >> 1;
            let middle = leaf.wrapping_add(half);
            let first = K::Spread::read(firsts, middle)?;
            leaf = select_unpredictable(first <= wanted, middle, leaf);
            count = count.wrapping_sub(half);
        }
        Some(start.wrapping_add(leaf))
    }

    /// What the last of the leaves before one says that begins at or before an address.
    #[cold]
    fn before<K: Key>(&self, image: &[u8], mut end: usize, wanted: K) -> Option<u32> {
        let mut start = 0;
        while start < end {
            let middle = start.midpoint(end);
            if K::first(self.bytes::<K>(image, middle)?)? <= wanted {
                start = middle.checked_add(1)?;
            } else {
                end = middle;
            }
        }
        K::find(self.bytes::<K>(image, start.checked_sub(1)?)?, wanted)
    }

    /// From a leaf's first byte on.
    #[inline]
    fn bytes<'i, K: Key>(&self, image: &'i [u8], leaf: usize) -> Option<&'i [u8]> {
        image.get(leaf.wrapping_mul(K::LEAF).wrapping_add(self.start)..)
    }
}

/// The items of sorted steps.
#[derive(Clone, Debug)]
struct Items<'a, K>(std::slice::Iter<'a, Step<K>>);

impl<K: Key> Iterator for Items<'_, K> {
    type Item = Item<K>;

    fn next(&mut self) -> Option<Item<K>> {
        let step = self.0.next()?;
        let value = step.value.map_or(0, |value| value.saturating_add(1));
        let (key, end) = (step.from, step.from.last().after());
        let ends = |next: &Step<K>| next.value.is_none() && Some(next.from) == end;
        match self.0.as_slice().first() {
            Some(next) if ends(next) => {
                self.0.next();
                Some(Item { key, value: value | ALONE })
            }
            _ => Some(Item { key, value }),
        }
    }
}

/// Leaves in the making.
#[derive(Debug)]
pub(crate) struct Grown<'a, K: Key> {
    steps: &'a [Step<K>],
    sizes: Sizes,
    firsts: Vec<K::Spread>,
    guide: Vec<u32>,
}

impl<'a, K: Key> Grown<'a, K> {
    /// The leaves of sorted steps; `None` where they are too many.
    pub(crate) fn new(steps: &'a [Step<K>]) -> Option<Self> {
        let items = Items(steps.iter());
        let firsts: Vec<K::Spread> =
            items.step_by(K::ITEMS).map(|item| item.key.spread()).collect();
        let mut grown = Self { steps, sizes: Sizes::default(), firsts, guide: Vec::new() };
        if !grown.firsts.is_empty() {
            grown.lay_guide()?;
        }
        Some(grown)
    }

    /// A place for two leaves, or somewhat more.
    fn lay_guide(&mut self) -> Option<()> {
        let (base, last) = ((*self.firsts.first()?).into(), (*self.firsts.last()?).into());
        let range: u64 = last.checked_sub(base)?;
        let most = (self.firsts.len() / 2).next_power_of_two().max(2);
        let most = u64::try_from(most).ok()?;
        let shift =
            (0..u64::BITS).find(|shift| range.checked_shr(*shift).is_some_and(|r| r < most));
        let shift = shift?;
        let places = range.checked_shr(shift)?.checked_add(1)?;
        let mut next = 0_u32;
        let mut crowd = 1;
        let mut begun = self.firsts.iter().map(|first| (*first).into()).peekable();
        for place in 0..places {
            let before = next.saturating_sub(1);
            self.guide.push(before);
            let here = |first: &u64| first.wrapping_sub(base).checked_shr(shift) == Some(place);
            while begun.next_if(here).is_some() {
                next = next.checked_add(1)?;
            }
            crowd = crowd.max(next.saturating_sub(before));
        }
        self.guide.push(next.saturating_sub(1));
        let halvings = crowd.checked_next_power_of_two()?.ilog2();
        let places = u32::try_from(places).ok()?;
        self.sizes = Sizes { base, leaves: next, places, shift, halvings };
        Some(())
    }

    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Appends them, at the place where an image has them.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut leaf = Vec::with_capacity(K::ITEMS);
        for item in Items(self.steps.iter()) {
            leaf.push(item);
            if leaf.len() == K::ITEMS {
                K::leaf(&leaf, out);
                leaf.clear();
            }
        }
        if let Some(last) = leaf.last().copied() {
            // the same again says the same
            leaf.resize(K::ITEMS, last);
            K::leaf(&leaf, out);
        }
        self.firsts.iter().for_each(|first| first.write(out));
        self.guide.iter().for_each(|entry| out.extend_from_slice(&entry.to_le_bytes()));
        out.resize(out.len().next_multiple_of(ALIGNED), 0);
    }
}
