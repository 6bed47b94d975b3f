//! Refused connections that are kept open and silent for a while (a tarpit). Each costs an entry
//! here and a descriptor, and wakes nobody: what the peer sends is not read, only its going away is
//! noticed. Bounded in number, in number for one source network, and in time.

use crate::door::token::Token;
use portreeve_model::{Delayed, Network, SourceWidth};
use portreeve_sys::poll::{Interest, Poller};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

/// So many are ended in one turn of the loop; others have their turn between.
const TURN: usize = 256;

/// One of them.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) socket: OwnedFd,
    /// What it is told at last.
    pub(crate) words: Arc<[u8]>,
    source: Network,
    due: Duration,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Tarpit {
    all: BTreeMap<u64, Kept>,
    dues: BTreeSet<(Duration, u64)>,
    sources: HashMap<Network, u32>,
    next: u64,
    /// So many were closed at once, for want of a place.
    pub(crate) crowded: u64,
}

impl Tarpit {
    /// Keeps a connection until that time; it comes back if there is no place for it.
    pub(crate) fn add(
        &mut self,
        poller: &Poller,
        (peer, socket): (IpAddr, OwnedFd),
        words: Arc<[u8]>,
        due: Duration,
        bounds: Delayed,
    ) -> Result<(), OwnedFd> {
        let SourceWidth { v4, v6 } = SourceWidth::DEFAULT;
        let source = Network::around(peer, v4, v6);
        let same = self.sources.get(&source).copied().unwrap_or(0);
        let number = self.next;
        if self.len() >= bounds.max
            || same >= bounds.per_source
            || poller.add(&socket, Token::Delayed(number).bits(), Interest::HANGUP).is_err()
        {
            self.crowded = self.crowded.saturating_add(1);
            return Err(socket);
        }
        self.next = number.saturating_add(1);
        self.sources.insert(source, same.saturating_add(1));
        self.dues.insert((due, number));
        self.all.insert(number, Kept { socket, words, source, due });
        Ok(())
    }

    /// Takes one out, and out of what is watched: the relay may get a duplicate of the socket.
    pub(crate) fn take(&mut self, poller: &Poller, number: u64) -> Option<Kept> {
        let kept = self.all.remove(&number)?;
        self.dues.remove(&(kept.due, number));
        if let Some(count) = self.sources.get_mut(&kept.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.sources.remove(&kept.source);
            }
        }
        let _ = poller.remove(&kept.socket); // closing it would do, were there no duplicate
        Some(kept)
    }

    /// Takes those whose time is over, a bounded number in a turn.
    pub(crate) fn take_due(&mut self, poller: &Poller, now: Duration) -> Vec<Kept> {
        let due = self.dues.iter().take_while(|(due, _)| *due <= now).take(TURN);
        let due: Vec<u64> = due.map(|(_, number)| *number).collect();
        due.into_iter().filter_map(|number| self.take(poller, number)).collect()
    }

    /// Takes those who wait longest, when what they hold is needed by others.
    pub(crate) fn take_oldest(&mut self, poller: &Poller, count: usize) -> Vec<Kept> {
        let oldest: Vec<u64> = self.all.keys().take(count).copied().collect();
        oldest.into_iter().filter_map(|number| self.take(poller, number)).collect()
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.dues.first().map(|(due, _)| *due)
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    fn pair() -> (TcpStream, OwnedFd) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0.into())
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn places_are_bounded_in_all_and_for_a_source_and_come_back() {
        let (mut tarpit, poller) = (Tarpit::default(), Poller::new().unwrap());
        let bounds = Delayed { max: 3, per_source: 2 };
        let mut held = Vec::new();
        let mut add = |tarpit: &mut Tarpit, peer: &str, due| {
            let (near, far) = pair();
            held.push(near);
            let peer = (peer.parse().unwrap(), far);
            tarpit.add(&poller, peer, Arc::from(&b""[..]), at(due), bounds).is_ok()
        };
        assert!(add(&mut tarpit, "192.0.2.1", 9));
        assert!(add(&mut tarpit, "192.0.2.1", 5));
        assert!(!add(&mut tarpit, "192.0.2.1", 9), "two of one source");
        assert!(add(&mut tarpit, "2001:db8::1", 7));
        assert!(!add(&mut tarpit, "2001:db8:1::1", 9), "three in all");
        assert_eq!((tarpit.len(), tarpit.crowded, tarpit.next_due()), (3, 2, Some(at(5))));
        assert!(tarpit.take_due(&poller, at(4)).is_empty());
        assert_eq!(tarpit.take_due(&poller, at(7)).len(), 2, "whatever the order they came in");
        assert!(add(&mut tarpit, "192.0.2.1", 8));
        assert_eq!(tarpit.take_oldest(&poller, 1)[0].due, at(9));
        assert_eq!(tarpit.take_due(&poller, at(100)).len(), 1);
        assert!(tarpit.sources.is_empty() && tarpit.dues.is_empty());
    }

    #[test]
    fn what_a_peer_sends_wakes_nobody_and_its_going_away_does() {
        let (mut tarpit, mut poller) = (Tarpit::default(), Poller::new().unwrap());
        let (mut near, far) = pair();
        let peer = ("192.0.2.1".parse().unwrap(), far);
        let words = Arc::from(&b""[..]);
        tarpit.add(&poller, peer, words, at(9), Delayed::default()).unwrap();
        near.write_all(&[7; 20_000]).unwrap();
        let mut events = Vec::new();
        poller.wait(&mut events, Some(Duration::from_millis(200))).unwrap();
        assert_eq!(events, []);
        drop(near);
        poller.wait(&mut events, Some(at(20))).unwrap();
        assert_eq!(Token::from_bits(events[0].token), Some(Token::Delayed(0)));
        let duplicate = tarpit.take(&poller, 0).unwrap().socket.try_clone().unwrap();
        poller.wait(&mut events, Some(Duration::from_millis(50))).unwrap();
        assert_eq!(events, [], "though there is {duplicate:?}");
    }
}
