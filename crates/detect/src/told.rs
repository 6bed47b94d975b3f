//! Failures that were told, by address: where a server tells of one try in two lines that do not say
//! which session they are of, the second is not charged again.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::Named;

/// Counts of failures told and not yet seen in the other line, of so many addresses; those that
/// were not told of the longest go.
#[derive(Debug)]
pub(crate) struct Told {
    young: HashMap<IpAddr, u32>,
    old: HashMap<IpAddr, u32>,
    half: usize,
}

impl Told {
    /// Of at most so many addresses, and at least two.
    pub(crate) fn new(bound: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: (bound / 2).max(1) }
    }

    /// A failure of this address was told, so many times.
    pub(crate) fn add(&mut self, named: &Named, times: u32) {
        let Some(address) = named.address() else { return };
        let count = self.forget(address).saturating_add(times);
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(address, count);
    }

    /// How many of this many failures were not told before. All of them are, from now on.
    pub(crate) fn rest(&mut self, named: &Named, times: u32) -> u32 {
        let Some(address) = named.address() else { return times };
        let count = self.forget(address);
        if count > times {
            self.add(named, count.saturating_sub(times));
        }
        times.saturating_sub(count)
    }

    fn forget(&mut self, address: IpAddr) -> u32 {
        let old = self.old.remove(&address);
        self.young.remove(&address).or(old).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_told_once_and_the_table_is_bounded() {
        let at = |last: u8| Named::Address([192, 0, 2, last].into());
        let mut told = Told::new(4);
        told.add(&at(1), 1);
        told.add(&at(1), 1);
        assert_eq!(told.rest(&at(1), 1), 0);
        assert_eq!(told.rest(&at(1), 3), 2);
        assert_eq!(told.rest(&at(1), 1), 1);
        assert_eq!(told.rest(&Named::Nobody, 2), 2);
        for last in 0..100 {
            told.add(&at(last), 1);
            assert!(told.young.len() + told.old.len() <= 4);
        }
        assert_eq!(told.rest(&at(99), 1), 0);
        assert_eq!(told.rest(&at(0), 1), 1);
    }
}
