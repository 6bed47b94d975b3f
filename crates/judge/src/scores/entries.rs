//! Charges in the order of their times.

use crate::Strength;
use std::collections::VecDeque;

/// For whom a charge is; noughts where nobody will ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// The narrowest network.
    pub(super) network: u32,
    /// The account.
    pub(super) account: u32,
    /// The network of the level below.
    pub(super) child: u32,
}

/// A charge as it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Milliseconds since the epoch times four, plus the strength, in two halves.
    at: [u32; 2],
    /// Thousandths of a point; of what drains, milliseconds.
    pub(super) amount: u32,
    pub(super) names: Names,
}

const STRENGTHS: [Strength; 3] = [Strength::File, Strength::Journal, Strength::Session];

impl Entry {
    pub(super) fn new(at: u64, amount: u64, names: Names, strength: Strength) -> Self {
        let amount = u32::try_from(amount).unwrap_or(u32::MAX);
        Self { at: super::mix::halves(at << 2 | strength as u64), amount, names }
    }

    fn packed(&self) -> u64 {
        u64::from(self.at[0]) << 32 | u64::from(self.at[1])
    }

    pub(super) fn at(&self) -> u64 {
        self.packed() >> 2
    }

    pub(super) fn strength(&self) -> Strength {
        let known = STRENGTHS.into_iter().find(|known| *known as u64 == self.packed() & 3);
        known.unwrap_or(Strength::File)
    }

    /// Both as one: of the later time, the sum of both, the worse evidence.
    pub(super) fn with(&self, other: &Self, names: Names) -> Self {
        let amount = u64::from(self.amount).saturating_add(other.amount.into());
        let strength = self.strength().min(other.strength());
        Self::new(self.at().max(other.at()), amount, names, strength)
    }
}

/// Charges, oldest first. Most cells have one.
#[derive(Debug, Default)]
pub(super) enum Entries {
    #[default]
    None,
    One(Entry),
    Many(VecDeque<Entry>),
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(many) => many.len(),
        }
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        let (one, many) = match self {
            Self::None => (None, None),
            Self::One(one) => (Some(one), None),
            Self::Many(many) => (None, Some(many.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    pub(super) fn first_mut(&mut self) -> Option<&mut Entry> {
        match self {
            Self::None => None,
            Self::One(one) => Some(one),
            Self::Many(many) => many.front_mut(),
        }
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Entry> {
        match self {
            Self::None => None,
            Self::One(one) => Some(one),
            Self::Many(many) => many.back_mut(),
        }
    }

    pub(super) fn pop_first(&mut self) -> Option<Entry> {
        match std::mem::take(self) {
            Self::None => None,
            Self::One(one) => Some(one),
            Self::Many(mut many) => {
                let first = many.pop_front();
                *self = Self::Many(many);
                self.settle();
                first
            }
        }
    }

    /// At its place by its time, behind others of that time.
    pub(super) fn insert(&mut self, new: Entry) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(new),
            Self::One(one) => {
                let pair = if one.at() <= new.at() { [one, new] } else { [new, one] };
                Self::Many(VecDeque::from(pair))
            }
            Self::Many(mut many) => {
                let newer = many.iter().rev().take_while(|entry| entry.at() > new.at()).count();
                many.insert(many.len().saturating_sub(newer), new);
                Self::Many(many)
            }
        };
    }

    /// Those that are to stay stay.
    pub(super) fn retain(&mut self, mut stays: impl FnMut(&Entry) -> bool) {
        match self {
            Self::None => {}
            Self::One(one) => {
                if !stays(one) {
                    *self = Self::None;
                }
            }
            Self::Many(many) => many.retain(|entry| stays(entry)),
        }
        self.settle();
    }

    fn settle(&mut self) {
        if let Self::Many(many) = self
            && many.len() < 2
        {
            *self = many.pop_front().map_or(Self::None, Self::One);
        }
    }

    /// Bytes that they take elsewhere, with what the allocator adds.
    pub(super) fn elsewhere(&self) -> usize {
        match self {
            Self::None | Self::One(_) => 0,
            Self::Many(many) => {
                let inside = many.capacity().saturating_mul(size_of::<Entry>());
                inside.saturating_add(16)
            }
        }
    }
}
