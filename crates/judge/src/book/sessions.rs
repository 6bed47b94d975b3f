//! The door's own sessions, live and just ended: whom a line belongs to that names one's peer.

use portreeve_wire::event::SessionRef;
use portreeve_wire::{End, SessionId};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// A session that has ended is remembered for so long: its last lines may still be on their way
/// through a log.
const AFTER: u64 = 120_000;
/// Sessions that have ended and are remembered.
const MOST_ENDED: usize = 16_384;
/// Sessions in all: as many as there can be, should the news of an end ever be lost.
const MOST: usize = 1_000_000;

/// One session.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) of: SessionRef,
    /// It has said, by a voice of its own, that it has authenticated.
    pub(super) authenticated: bool,
    /// That somebody has authenticated in it was told of, by whatever source.
    pub(super) shown: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    all: HashMap<SessionId, Known>,
    by_peer: HashMap<End, SessionId>,
    by_process: HashMap<u32, SessionId>,
    /// When they ended, milliseconds.
    ended: VecDeque<(u64, SessionId)>,
}

impl Sessions {
    /// A session that is there, from now on if it was not known.
    pub(super) fn begin(&mut self, of: &SessionRef) -> Option<&mut Known> {
        if !self.all.contains_key(&of.session) {
            if self.all.len() >= MOST {
                return None;
            }
            self.by_peer.insert(of.peer, of.session);
            self.by_process.extend(of.pid.map(|pid| (pid, of.session)));
            self.all
                .insert(of.session, Known { of: of.clone(), authenticated: false, shown: false });
        }
        self.all.get_mut(&of.session)
    }

    /// It has ended; it is remembered for a while.
    pub(super) fn end(&mut self, session: SessionId, now: u64) {
        if self.all.contains_key(&session) {
            self.ended.push_back((now, session));
        }
    }

    pub(super) fn get(&self, session: SessionId) -> Option<&Known> {
        self.all.get(&session)
    }

    pub(super) fn get_mut(&mut self, session: SessionId) -> Option<&mut Known> {
        self.all.get_mut(&session)
    }

    /// The session that a line of this host is about which names this peer: by its port, or, where
    /// the line has none, by its process.
    pub(super) fn named(
        &self,
        address: IpAddr,
        port: Option<u16>,
        pid: Option<u32>,
    ) -> Option<&SessionRef> {
        let found = match port {
            Some(port) => self.by_peer.get(&End { address, port }),
            None => self.by_process.get(&pid?),
        };
        let known = self.all.get(found?)?;
        (known.of.peer.address == address).then_some(&known.of)
    }

    /// Forgets those that ended long ago; gives them.
    pub(super) fn expire(&mut self, now: u64) -> Vec<SessionId> {
        let mut gone = Vec::new();
        while let Some((at, session)) = self.ended.front().copied()
            && (now.abs_diff(at) > AFTER || self.ended.len() > MOST_ENDED)
        {
            self.ended.pop_front();
            if let Some(known) = self.all.remove(&session) {
                // Newer sessions may have the places.
                let Known { of, .. } = known;
                if self.by_peer.get(&of.peer) == Some(&session) {
                    self.by_peer.remove(&of.peer);
                }
                if let Some(pid) = of.pid
                    && self.by_process.get(&pid) == Some(&session)
                {
                    self.by_process.remove(&pid);
                }
            }
            gone.push(session);
        }
        gone
    }
}
