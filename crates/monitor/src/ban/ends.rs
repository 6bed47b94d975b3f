//! Sessions of a network that end when it is banned, a piece of them each turn, so that a ban of many
//! does not hold up the door.

use crate::door::Door;
use portreeve_model::{Authentication, EndOnBan};
use portreeve_wire::clerk::BanKey;
use portreeve_wire::event::EndCause;
use std::collections::VecDeque;
use std::net::IpAddr;

/// Sessions that are looked at in one turn.
const MOST_LOOKED_AT: usize = 256;
/// Bans that wait for their sessions to be ended, at most. Each of them had a session when it came.
const MOST_BANS: usize = 65_536;

/// A ban, and how far its sessions have been looked at.
#[derive(Debug)]
struct Ending {
    ban: BanKey,
    after: Option<(IpAddr, u64)>,
}

/// Bans whose sessions are to end.
#[derive(Debug, Default)]
pub(crate) struct Endings(VecDeque<Ending>);

impl Endings {
    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Door {
    /// A ban has just been made: sessions that it is to end are ended, in this turn and those after it.
    pub(crate) fn end_banned(&mut self, ban: &BanKey) {
        let wanted = self.current.config.settings.ban.ends != EndOnBan::None;
        if wanted && self.sessions.of_network(ban.network, None).next().is_some() {
            if self.judging.endings.0.len() >= MOST_BANS {
                return self.alarm("too many sessions are to end for bans: some go on");
            }
            self.judging.endings.0.push_back(Ending { ban: ban.clone(), after: None });
        }
    }

    /// Whether a session is one that ends with a ban of its peer.
    fn ends_with_ban(&self, number: u64, only: &str) -> bool {
        let Some(session) = self.sessions.get(number).filter(|s| s.ending.is_none()) else {
            return false;
        };
        let fits = match self.current.config.settings.ban.ends {
            EndOnBan::None => false,
            // One whose service cannot say that somebody has authenticated is not known to be a
            // startup, however young it is.
            EndOnBan::Startups => {
                let says = !matches!(session.authentication, Authentication::None);
                says && session.reservation.is_startup()
            }
            EndOnBan::All => true,
        };
        // by its name; one that has left the configuration goes by its key
        let key = &session.reference.key;
        let service = self.current.config.services.iter().find(|s| s.key.as_str() == key);
        let name = service.map_or(key.as_str(), |service| service.name.as_str());
        fits && (only.is_empty() || only == name)
    }

    /// Ends some of those that are to end.
    pub(crate) fn tick_endings(&mut self) {
        let mut left = MOST_LOOKED_AT;
        while left > 0
            && let Some(Ending { ban, after }) = self.judging.endings.0.pop_front()
        {
            let found = self.sessions.of_network(ban.network, after);
            let some: Vec<(IpAddr, u64)> = found.take(left).collect();
            for (_, number) in &some {
                if self.ends_with_ban(*number, &ban.only) {
                    self.end_session(*number, EndCause::Banned);
                }
            }
            if let Some(last) = some.last().filter(|_| some.len() == left) {
                self.judging.endings.0.push_front(Ending { ban, after: Some(*last) });
            }
            left = left.saturating_sub(some.len().max(1));
        }
    }
}
