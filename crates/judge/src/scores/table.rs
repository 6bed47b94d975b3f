//! A table of many small things, in which what is over soonest is found at once.

use super::queue::Queue;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::fmt::Debug;
use std::hash::BuildHasher;

/// Places that are made at once: a table grows without being copied.
const CHUNK: usize = 1024;

/// What a table holds.
pub(super) trait Held: Debug {
    /// When it is over: from then on it makes no difference. The one that is over soonest goes first when
    /// there is no room.
    fn over(&self) -> u64;
    /// Whether it makes no difference now.
    fn is_nothing(&self) -> bool;
    /// Bytes that it holds elsewhere.
    fn elsewhere(&self) -> usize {
        0
    }
}

#[derive(Debug)]
struct Seat<const N: usize, V> {
    key: [u32; N],
    /// When it is over, by the queue.
    queued: u64,
    held: Option<V>,
}

/// Things by keys of so many words.
///
/// Each thing has one place in a queue, at the time when it was over when it came; a thing that lasts
/// longer since is put back when its turn comes. So a change costs nothing, and finding what goes
/// first costs the logarithm of the number of things.
#[derive(Debug)]
pub(super) struct Table<const N: usize, V> {
    chunks: Vec<Vec<Seat<N, V>>>,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: RandomState,
    queue: Queue,
    len: usize,
    elsewhere: usize,
}

impl<const N: usize, V> Default for Table<N, V> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
            queue: Queue::default(),
            len: 0,
            elsewhere: 0,
        }
    }
}

fn place(slot: u32) -> (usize, usize) {
    let slot = slot as usize;
    (slot / CHUNK, slot % CHUNK)
}

fn seat<const N: usize, V>(chunks: &[Vec<Seat<N, V>>], slot: u32) -> Option<&Seat<N, V>> {
    let (chunk, at) = place(slot);
    chunks.get(chunk)?.get(at)
}

impl<const N: usize, V: Held> Table<N, V> {
    /// Bytes that one thing takes, with its share of index and queue, but for what it holds elsewhere.
    pub(super) const EACH: usize = size_of::<Seat<N, V>>() + 2 * 16 + 10;

    /// How many things there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// What they take.
    pub(super) const fn bytes(&self) -> usize {
        self.len.saturating_mul(Self::EACH).saturating_add(self.elsewhere)
    }

    fn find(&self, key: &[u32; N]) -> Option<u32> {
        let same = |slot: &u32| seat(&self.chunks, *slot).is_some_and(|seat| seat.key == *key);
        self.index.find(self.hasher.hash_one(key), same).copied()
    }

    /// Everything, in no order.
    pub(super) fn each(&self) -> impl Iterator<Item = (&[u32; N], &V)> {
        let seats = self.chunks.iter().flatten();
        seats.filter_map(|seat| seat.held.as_ref().map(|held| (&seat.key, held)))
    }

    /// What is there.
    pub(super) fn get(&self, key: &[u32; N]) -> Option<&V> {
        seat(&self.chunks, self.find(key)?)?.held.as_ref()
    }

    /// Changes what is there, or what is made now.
    pub(super) fn change<R>(
        &mut self,
        key: &[u32; N],
        make: impl FnOnce() -> V,
        deed: impl FnOnce(&mut V) -> R,
    ) -> R {
        if let Some(slot) = self.find(key) {
            let (chunk, at) = place(slot);
            let seat = self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(at));
            if let Some(held) = seat.and_then(|seat| seat.held.as_mut()) {
                let before = held.elsewhere();
                let done = deed(held);
                self.settle(slot, before);
                self.shrink();
                return done;
            }
        }
        let mut held = make();
        let done = deed(&mut held);
        if !held.is_nothing() {
            self.seat(*key, held);
        }
        done
    }

    /// Changes what is there, if anything is.
    pub(super) fn alter(&mut self, key: &[u32; N], deed: impl FnOnce(&mut V)) {
        if let Some(slot) = self.find(key) {
            self.alter_slot(slot, |_, held| deed(held));
            self.shrink();
        }
    }

    /// Changes each.
    pub(super) fn alter_all(&mut self, mut deed: impl FnMut(&[u32; N], &mut V)) {
        let places = self.chunks.iter().map(Vec::len).sum::<usize>();
        for slot in 0..u32::try_from(places).unwrap_or(u32::MAX) {
            self.alter_slot(slot, &mut deed);
        }
        self.shrink();
    }

    fn alter_slot(&mut self, slot: u32, deed: impl FnOnce(&[u32; N], &mut V)) {
        let (chunk, at) = place(slot);
        let seat = self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(at));
        let Some(Seat { key, held: Some(held), .. }) = seat else { return };
        let before = held.elsewhere();
        deed(key, held);
        self.settle(slot, before);
    }

    /// Books what a change of the thing there has brought.
    fn settle(&mut self, slot: u32, before: usize) {
        let (chunk, at) = place(slot);
        let seat = self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(at));
        let Some(Seat { queued, held: Some(held), .. }) = seat else { return };
        self.elsewhere = self.elsewhere.saturating_sub(before).saturating_add(held.elsewhere());
        if held.is_nothing() {
            self.remove(slot);
        } else if held.over() < *queued {
            *queued = held.over();
            self.queue.push(*queued, slot);
            self.tidy();
        }
    }

    fn seat(&mut self, key: [u32; N], held: V) {
        let queued = held.over();
        self.elsewhere = self.elsewhere.saturating_add(held.elsewhere());
        let new = Seat { key, queued, held: Some(held) };
        let slot = match self.free.pop() {
            Some(slot) => {
                let (chunk, at) = place(slot);
                let seat = self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(at));
                if let Some(seat) = seat {
                    *seat = new;
                }
                slot
            }
            None => {
                if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
                    // The first chunk grows by need: most tables stay small.
                    let whole = if self.chunks.is_empty() { 0 } else { CHUNK };
                    self.chunks.push(Vec::with_capacity(whole));
                }
                let full = self.chunks.len().saturating_sub(1).saturating_mul(CHUNK);
                let Some(chunk) = self.chunks.last_mut() else { return };
                let slot = u32::try_from(full.saturating_add(chunk.len())).unwrap_or(u32::MAX);
                chunk.push(new);
                slot
            }
        };
        self.len = self.len.saturating_add(1);
        let (chunks, hasher) = (&self.chunks, &self.hasher);
        let hash = |slot: &u32| seat(chunks, *slot).map_or(0, |seat| hasher.hash_one(seat.key));
        self.index.insert_unique(hasher.hash_one(key), slot, hash);
        self.queue.push(queued, slot);
        self.tidy();
    }

    fn remove(&mut self, slot: u32) {
        let (chunk, at) = place(slot);
        let seat = self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(at));
        let Some(seat) = seat else { return };
        let Some(held) = seat.held.take() else { return };
        self.elsewhere = self.elsewhere.saturating_sub(held.elsewhere());
        let hash = self.hasher.hash_one(seat.key);
        if let Ok(entry) = self.index.find_entry(hash, |known| *known == slot) {
            entry.remove();
        }
        self.len = self.len.saturating_sub(1);
        self.free.push(slot);
    }

    /// Lets go what is over soonest.
    pub(super) fn evict(&mut self) -> bool {
        while let Some((queued, slot)) = self.queue.pop() {
            let (chunk, at) = place(slot);
            let seat = self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(at));
            let Some(seat) = seat else { continue };
            match &seat.held {
                Some(held) if seat.queued == queued => {
                    if held.over() <= queued {
                        self.remove(slot);
                        self.shrink();
                        return true;
                    }
                    seat.queued = held.over();
                    let again = seat.queued;
                    self.queue.push(again, slot);
                }
                // It has gone, or has another place in the queue.
                Some(_) | None => {}
            }
        }
        false
    }

    /// Throws away places in the queue of what has gone or moved, when they are the most.
    fn tidy(&mut self) {
        if self.queue.len() <= self.len.saturating_mul(2).saturating_add(64) {
            return;
        }
        let mut known = vec![false; self.chunks.len().saturating_mul(CHUNK)];
        let chunks = &self.chunks;
        self.queue.retain(|(queued, slot)| {
            let seat = seat(chunks, slot);
            let Some(known) = known.get_mut(slot as usize) else { return false };
            let stays = seat.is_some_and(|seat| seat.held.is_some() && seat.queued == queued);
            stays && !std::mem::replace(known, true)
        });
    }

    /// Gives memory back when little is left of much.
    fn shrink(&mut self) {
        if self.chunks.len() < 4 || self.len.saturating_mul(4) > self.chunks.len() * CHUNK {
            return;
        }
        let mut smaller = Self { hasher: self.hasher.clone(), ..Self::default() };
        let seats = std::mem::take(&mut self.chunks).into_iter().flatten();
        for seat in seats {
            if let Some(held) = seat.held {
                smaller.seat(seat.key, held);
            }
        }
        *self = smaller;
    }
}
