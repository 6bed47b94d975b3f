//! What this machine allows: how long it waits for memory, and what a set of addresses takes that
//! knows no networks.

use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use portreeve_lists::Set;
use portreeve_model::Network;
use portreeve_policy::Image;

use super::entries::mix;
use super::ours::{place, written};
use crate::Failure;

/// Bytes of a line of the processor's cache.
const LINE: usize = 64;

/// Lines of memory, each of which names the one to be read next: all of them in one round, in no
/// order.
pub(crate) struct Chase {
    image: Image,
    at: usize,
}

impl Chase {
    /// As many bytes as an image has, mapped as it is.
    pub(crate) fn beside(image: &[u8]) -> Result<Self, Failure> {
        let count = (image.len() / LINE).max(1);
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            let drawn = usize::try_from(mix(last as u64) >> 33).unwrap_or(0);
            order.swap(last, drawn % (last + 1));
        }
        let mut bytes = vec![0; count * LINE];
        for (this, next) in order.iter().zip(order.iter().cycle().skip(1)) {
            let here = bytes.get_mut(this * LINE..).and_then(<[u8]>::first_chunk_mut);
            *here.ok_or("a line outside")? = next.to_le_bytes();
        }
        Ok(Self { image: place(written(&bytes)?)?, at: 0 })
    }

    /// Reads the line that the last one named.
    pub(crate) fn next(&mut self) -> bool {
        let line = self.image.bytes().get(self.at * LINE..).and_then(<[u8]>::first_chunk);
        self.at = line.map_or(0, |line| usize::from_le_bytes(*line));
        self.at % 2 == 1
    }
}

/// Looks peers up in a list, each chosen by the answer about the one before: no two at once.
pub(crate) struct InTurn<'a> {
    set: &'a Set<&'a [u8]>,
    peers: &'a [IpAddr],
    at: usize,
}

impl<'a> InTurn<'a> {
    pub(crate) fn new(set: &'a Set<&'a [u8]>, peers: &'a [IpAddr]) -> Self {
        Self { set, peers, at: 0 }
    }

    /// Whether the list holds the next.
    pub(crate) fn next(&mut self) -> bool {
        let Some(peer) = self.peers.get(self.at) else {
            self.at = 0;
            return false;
        };
        let holds = self.set.by_address(*peer).is_some();
        self.at += 1 + usize::from(holds);
        holds
    }
}

/// The first addresses of the entries, each as one address.
pub(crate) fn hashed(entries: &[Network]) -> HashSet<IpAddr, impl BuildHasher + use<>> {
    let mut set = HashSet::with_capacity_and_hasher(entries.len(), RandomState::default());
    set.extend(entries.iter().map(|entry| entry.address()));
    set
}
