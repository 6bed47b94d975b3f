//! Bans, as the state keeps them.

use super::State;
use crate::{Ban, BanOutcome, Shut};
use portreeve_model::{Network, unmapped};
use std::net::IpAddr;

impl State {
    /// Shuts a network out. Whoever calls has judged it with [`State::judge_ban`] or
    /// [`State::judge_network`].
    ///
    /// When the set is full the ban that ends soonest goes, this one maybe, and is counted; one
    /// for ever never goes.
    pub fn ban(&mut self, ban: Ban) -> BanOutcome {
        self.bans.add(ban)
    }

    /// Lifts the ban of exactly this network out of this service, by its name, or out of all where
    /// that is empty.
    pub fn unban(&mut self, network: Network, only: &str) -> Option<Ban> {
        self.bans.remove(network, only)
    }

    /// The ban in force on a peer at this service, by its name: the narrowest of several.
    #[must_use]
    pub fn is_banned(&self, peer: IpAddr, service: &str, wall: i64) -> Option<&Ban> {
        self.bans.find(unmapped(peer), service, self.ban_time(wall))
    }

    /// The time that bans go by: the clock on the wall, but where that was set by hand it is as if
    /// it had not been. A clock that is set forward by mistake ends no ban.
    #[must_use]
    pub fn ban_time(&self, wall: i64) -> i64 {
        wall.saturating_add(self.ban_skew)
    }

    /// What to add to the clock on the wall for [`State::ban_time`], in seconds.
    pub fn set_ban_skew(&mut self, skew: i64) {
        self.ban_skew = skew;
    }

    /// What [`State::set_ban_skew`] set.
    #[must_use]
    pub fn ban_skew(&self) -> i64 {
        self.ban_skew
    }

    /// How much judges shut out.
    #[must_use]
    pub fn shut_by_judges(&self) -> Shut {
        self.bans.judged()
    }

    /// All bans: those that end soonest first, then those for ever.
    pub fn bans(&self) -> impl Iterator<Item = &Ban> {
        self.bans.iter()
    }

    /// The ban of exactly this network out of this service, by its name, or out of all where that
    /// is empty.
    #[must_use]
    pub fn ban_of(&self, network: Network, only: &str) -> Option<&Ban> {
        self.bans.get(network, only)
    }

    /// All bans of exactly this network: out of all services, and out of some by themselves.
    pub fn bans_of(&self, network: Network) -> impl Iterator<Item = &Ban> {
        self.bans.all_of(network)
    }

    /// All bans that an address lies in.
    pub fn bans_over(&self, address: IpAddr) -> impl Iterator<Item = &Ban> {
        self.bans.over(unmapped(address))
    }

    /// Bans from a place on, with their places, to go through them in pieces: the order means
    /// nothing, and a ban that is lengthened meanwhile may be met twice.
    pub fn bans_from(&self, place: u32) -> impl Iterator<Item = (u32, &Ban)> {
        self.bans.from(place)
    }

    /// How many bans are of networks wider than these prefix lengths.
    #[must_use]
    pub fn bans_wider(&self, v4: u8, v6: u8) -> usize {
        self.bans.wider(v4, v6)
    }

    /// How many bans there are, ended ones not yet taken out included.
    #[must_use]
    pub fn bans_len(&self) -> usize {
        self.bans.len()
    }

    /// How many bans went, or never came in, for want of room.
    #[must_use]
    pub fn bans_evicted(&self) -> u64 {
        self.bans.evicted()
    }

    /// Takes out bans that have ended, [`EXPIRE_BATCH`](crate::EXPIRE_BATCH) at most in one call.
    /// They do not apply even while they are still here.
    pub fn expire(&mut self, wall: i64) -> Vec<Ban> {
        let time = self.ban_time(wall);
        self.bans.expire(time)
    }

    /// When the next ban ends, in seconds since the epoch by the clock on the wall.
    #[must_use]
    pub fn next_ban_end(&self) -> Option<i64> {
        self.bans.next_end().map(|end| end.saturating_sub(self.ban_skew))
    }
}
