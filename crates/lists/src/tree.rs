//! Sorted steps, and tables that lead from an address to the few steps around it.
//!
//! Memory that is not in the processor's cache costs more than everything else here, so a search
//! goes there as seldom as can be. A node spreads a run of steps evenly over a table, from the first
//! address of the run to the last, with a place for every few steps; where many fall into one place
//! there is a node below it. Evenly spread addresses need one table, and those of the networks that
//! are in use two, whatever they have in common. Steps that are still many after four nodes, such as
//! thousands within one IPv6 /64, are halved.

use crate::flatten::Step;
use crate::key::Key;

/// Steps for each place of a table.
const PER_PLACE: usize = 8;

/// A run longer than this gets a node of its own.
const LONG: usize = 32;

/// Nodes below one another.
const DEPTH: u32 = 4;

/// Marks an entry of a table that is the number of a node.
const NODE: u32 = 1 << 31;

/// Bytes of an entry of a table, of a value, and of a node.
const ENTRY: usize = 4;
const VALUE: usize = 4;
const NODE_BYTES: usize = 32;

/// How large the parts of a tree are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) steps: u32,
    pub(crate) entries: u32,
    pub(crate) nodes: u32,
}

/// A run of steps spread over a table. The table has one entry more than places: where each run
/// begins, and where the last one ends.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// What is spread of the first key.
    base: u64,
    /// Its steps are from this one on, and before that one.
    first: u32,
    end: u32,
    /// Where its table begins, and how many places it has.
    table: u32,
    places: u32,
    /// How many bits of the distance from the base are left out.
    shift: u32,
}

/// Where a tree lies in an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tree {
    nodes: usize,
    entries: usize,
    steps: usize,
    end: usize,
}

impl Tree {
    /// A tree of these sizes, from a byte of the image on; `None` when it would end past what can be
    /// counted.
    pub(crate) fn at<K: Key>(start: usize, sizes: Sizes) -> Option<Self> {
        let behind = |start: usize, count: u32, each: usize| {
            usize::try_from(count).ok()?.checked_mul(each)?.checked_add(start)
        };
        let entries = behind(start, sizes.nodes, NODE_BYTES)?;
        let steps = behind(entries, sizes.entries, ENTRY)?;
        let end = behind(steps, sizes.steps, K::BYTES.checked_add(VALUE)?)?;
        Some(Self { nodes: start, entries, steps, end })
    }

    /// The first byte behind it.
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// The value of the last step that begins at or before an address.
    #[inline]
    pub(crate) fn value<K: Key>(&self, image: &[u8], wanted: K) -> Option<u32> {
        let each = K::BYTES.wrapping_add(VALUE);
        let steps = image.get(self.steps..self.end)?;
        let (first, end) = self.run(image, wanted.spread())?;
        let mut before = usize::try_from(first).ok()?;
        let mut run = usize::try_from(end).ok()?.checked_sub(before)?;
        while run > LONG {
            let half = run >> 1;
            let middle = before.checked_add(half)?;
            let key = K::read(steps.get(middle.checked_mul(each)?..)?);
            (before, run) =
                if key <= wanted { (middle, run.wrapping_sub(half)) } else { (before, half) };
        }
        let from = steps.get(before.checked_mul(each)?..)?.get(..run.checked_mul(each)?)?;
        // each is looked at, whichever is the one: no read waits for another
        let is_before = |step: &[u8]| usize::from(K::read(step) <= wanted);
        let count = from.chunks_exact(each).map(is_before).fold(0_usize, usize::wrapping_add);
        let last = before.checked_add(count)?.checked_sub(1)?;
        let value = last.checked_mul(each)?.checked_add(K::BYTES)?;
        u32::from_le_bytes(*steps.get(value..)?.first_chunk()?).checked_sub(1)
    }

    /// The steps among which the last one at or before an address is; it may be the one before them.
    fn run(&self, image: &[u8], wanted: u64) -> Option<(u32, u32)> {
        let mut node = self.node(image, 0)?;
        for _ in 0..DEPTH {
            let Some(distance) = wanted.checked_sub(node.base) else {
                return Some((node.first, node.first));
            };
            let place = distance.checked_shr(node.shift)?;
            let Some(place) = u32::try_from(place).ok().filter(|place| *place < node.places) else {
                return Some((node.end, node.end));
            };
            let at = node.table.checked_add(place)?;
            let [this, next] = self.two_entries(image, at)?;
            if this & NODE == 0 {
                let end = match next & NODE {
                    0 => next,
                    _ => self.node(image, next ^ NODE)?.first,
                };
                return Some((this, end));
            }
            node = self.node(image, this ^ NODE)?;
        }
        None
    }

    fn two_entries(&self, image: &[u8], number: u32) -> Option<[u32; 2]> {
        let at = usize::try_from(number).ok()?.checked_mul(ENTRY)?.checked_add(self.entries)?;
        let [a, b, c, d, e, f, g, h] = *image.get(at..self.steps)?.first_chunk()?;
        Some([u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])])
    }

    fn node(&self, image: &[u8], number: u32) -> Option<Node> {
        let at = usize::try_from(number).ok()?.checked_mul(NODE_BYTES)?.checked_add(self.nodes)?;
        let node: &[u8; NODE_BYTES] = image.get(at..self.entries)?.first_chunk()?;
        let (base, rest) = node.split_first_chunk()?;
        let ([first, end, table, places, shift, ..], _) = rest.as_chunks::<4>() else {
            return None;
        };
        Some(Node {
            base: u64::from_le_bytes(*base),
            first: u32::from_le_bytes(*first),
            end: u32::from_le_bytes(*end),
            table: u32::from_le_bytes(*table),
            places: u32::from_le_bytes(*places),
            shift: u32::from_le_bytes(*shift),
        })
    }
}

/// A tree in the making.
#[derive(Debug)]
pub(crate) struct Grown<'a, K> {
    steps: &'a [Step<K>],
    nodes: Vec<Node>,
    entries: Vec<u32>,
}

impl<'a, K: Key> Grown<'a, K> {
    /// The tree of sorted steps; `None` where they are too many.
    pub(crate) fn new(steps: &'a [Step<K>]) -> Option<Self> {
        let mut grown = Self { steps, nodes: Vec::new(), entries: Vec::new() };
        if !steps.is_empty() {
            grown.grow(0, steps.len(), DEPTH)?;
        }
        let fits = |count: usize| u32::try_from(count).is_ok_and(|count| count < NODE);
        let fits = fits(steps.len()) && fits(grown.entries.len()) && fits(grown.nodes.len());
        fits.then_some(grown)
    }

    /// Makes the node of a run; its number.
    fn grow(&mut self, first: usize, end: usize, depth: u32) -> Option<u32> {
        let run = self.steps.get(first..end)?;
        let base = run.first()?.from.spread();
        let range = run.last()?.from.spread().checked_sub(base)?;
        let most = u64::try_from((run.len() / PER_PLACE).next_power_of_two().max(2)).ok()?;
        let shift = (0..64).find(|shift| range.checked_shr(*shift).is_some_and(|r| r < most))?;
        let place = |step: &Step<K>| step.from.spread().checked_sub(base)?.checked_shr(shift);
        let places = range.checked_shr(shift)?.checked_add(1)?;
        let (table, number) = (self.entries.len(), u32::try_from(self.nodes.len()).ok()?);
        let count = |number: usize| u32::try_from(number).ok();
        self.nodes.push(Node {
            base,
            first: count(first)?,
            end: count(end)?,
            table: count(table)?,
            places: u32::try_from(places).ok()?,
            shift,
        });
        let mut begun = first;
        let mut long = Vec::new();
        for at in 0..places {
            let rest = self.steps.get(begun..end)?;
            let length = rest.iter().take_while(|step| place(step) == Some(at)).count();
            let next = begun.checked_add(length)?;
            let spread = rest.get(..length).is_some_and(|run| {
                let ends = run.first().zip(run.last());
                ends.is_some_and(|(first, last)| first.from.spread() < last.from.spread())
            });
            if length > LONG && spread && depth > 1 {
                long.push((self.entries.len(), begun, next));
            }
            self.entries.push(count(begun)?);
            begun = next;
        }
        self.entries.push(count(end)?);
        for (entry, first, end) in long {
            let below = self.grow(first, end, depth.saturating_sub(1))?;
            *self.entries.get_mut(entry)? = below | NODE;
        }
        Some(number)
    }

    pub(crate) fn sizes(&self) -> Sizes {
        // each is below 2^31, which was looked at when it was made
        let count = |number: usize| u32::try_from(number).unwrap_or(0);
        Sizes {
            steps: count(self.steps.len()),
            entries: count(self.entries.len()),
            nodes: count(self.nodes.len()),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for node in &self.nodes {
            out.extend_from_slice(&node.base.to_le_bytes());
            for number in [node.first, node.end, node.table, node.places, node.shift, 0] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        self.entries.iter().for_each(|entry| out.extend_from_slice(&entry.to_le_bytes()));
        for step in self.steps {
            step.from.write(out);
            // one more than it is; 0: none
            let value = step.value.map_or(0, |value| value.saturating_add(1));
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}
