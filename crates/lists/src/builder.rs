//! Making an image.

use crate::flatten::{Span, flatten};
use crate::header::{Header, Layout};
use crate::leaves::Grown;
use crate::names::{LONGEST, Table};
use portreeve_model::{AddressRange, HostPattern, Network};
use std::fmt;
use std::net::IpAddr;

/// The entries are more than an image can hold: its parts are counted by 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list has more entries than an image holds")
    }
}

impl std::error::Error for TooLarge {}

/// Entries of an image in the making, in any order.
///
/// A value is what a look-up gives back, such as the line an entry was written in; values past
/// [`Builder::MAX_VALUE`] count as it.
#[derive(Clone, Debug)]
pub struct Builder {
    seed: u64,
    v4: Vec<Span<u32>>,
    v6: Vec<Span<u128>>,
    texts: Vec<u8>,
    names: u32,
    first_name: u32,
}

impl Builder {
    /// The greatest value.
    pub const MAX_VALUE: u32 = (1 << 31) - 2;

    /// No entries. The seed should be a random number that whoever writes the names of a list cannot
    /// know: see [`Set::by_name`](crate::Set::by_name).
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let (v4, v6, texts) = (Vec::new(), Vec::new(), Vec::new());
        Self { seed, v4, v6, texts, names: 0, first_name: 0 }
    }

    /// Adds a network.
    pub fn network(&mut self, network: Network, value: u32) {
        self.range(network.into(), value);
    }

    /// Adds all addresses of a range.
    pub fn range(&mut self, range: AddressRange, value: u32) {
        let value = value.min(Self::MAX_VALUE);
        match (range.first(), range.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                self.v4.push(Span { first: first.into(), last: last.into(), value });
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                self.v6.push(Span { first: first.into(), last: last.into(), value });
            }
            _ => {} // a range is of one family
        }
    }

    /// Adds a host name or a domain. One longer than a name can be matches nothing.
    pub fn host(&mut self, host: &HostPattern, value: u32) {
        let value = value.min(Self::MAX_VALUE);
        let (HostPattern::Exact(text) | HostPattern::Below(text)) = host;
        let kept = text.as_bytes().get(..text.len().min(LONGEST)).unwrap_or_default();
        let Ok(length) = u8::try_from(kept.len()) else { return };
        self.texts.push(length);
        self.texts.extend_from_slice(kept);
        self.texts.extend_from_slice(&value.to_le_bytes());
        self.names = self.names.saturating_add(1);
        let value = value.saturating_add(1);
        self.first_name = if self.first_name == 0 { value } else { self.first_name.min(value) };
    }

    /// The image.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn build(self) -> Result<Vec<u8>, TooLarge> {
        let Self { seed, v4, v6, mut texts, names, first_name } = self;
        let count = |number: usize| u32::try_from(number).map_err(|_| TooLarge);
        let (v4_entries, v6_entries) = (count(v4.len())?, count(v6.len())?);
        let table = Table::of(seed, usize::try_from(names).map_err(|_| TooLarge)?, &mut texts);
        let (v4, v6) = (flatten(v4), flatten(v6));
        let (v4, v6) = Grown::new(&v4).zip(Grown::new(&v6)).ok_or(TooLarge)?;
        let header = Header {
            seed,
            v4: v4.sizes(),
            v6: v6.sizes(),
            slots: count(table.slots.len())?,
            texts: count(texts.len())?,
            probes: count(table.probes)?,
            first_name,
            v4_entries,
            v6_entries,
            names,
        };
        let layout = Layout::of(header).ok_or(TooLarge)?;
        let mut out = Vec::with_capacity(layout.end);
        header.write(&mut out);
        v4.write(&mut out);
        v6.write(&mut out);
        for (place, tag) in table.slots {
            out.extend_from_slice(&place.to_le_bytes());
            out.extend_from_slice(&tag.to_le_bytes());
        }
        out.extend_from_slice(&texts);
        Ok(out)
    }
}
