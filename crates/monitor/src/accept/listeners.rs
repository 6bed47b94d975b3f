//! The listening sockets: opened, tried again with delay, kept over reloads, never silently gone.

use crate::door::current::Wanted;
use crate::door::token::Token;
use crate::succession::legacy::Given;
use portreeve_model::{KeepAlive, Probes};
use portreeve_sys::descriptor;
use portreeve_sys::poll::{Interest, Poller};
use portreeve_sys::socket::{self, ListenError, ListenOptions, ListenStep};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// The first wait before a bind is tried again; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_secs(1);
/// An address that appears, or a port that falls free, is taken within this time.
const LONGEST: Duration = Duration::from_secs(8);

/// Connections taken from one listener before the others have their turn.
const BATCH: usize = 16;
/// After a batch of one, so many more are expected to be alone.
const ALONE: u8 = 8;

/// EAFNOSUPPORT: the host has no IPv6.
const NO_SUCH_FAMILY: i32 = 97;

/// One wanted address.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) want: Wanted,
    pub(crate) socket: Option<OwnedFd>,
    pub(crate) down: Option<Down>,
    watched: bool,
    /// Whether somebody else keeps the socket open beside us, as a socket unit does.
    pub(crate) foreign: bool,
    /// So many times more one connection is taken and no second looked for.
    alone: u8,
    /// Left alone until this time: its program's earlier starts are still under way.
    held: Option<Duration>,
}

/// Why an address is not listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Down {
    pub(crate) reason: String,
    pub(crate) retry_at: Duration,
    delay: Duration,
}

impl Down {
    /// An address given back is not tried again.
    pub(crate) fn is_tried_again(&self) -> bool {
        self.retry_at < Duration::MAX
    }
}

/// Why an address that was given back is not listened on.
const GIVEN_BACK: &str =
    "given back to the program that had it: `portreeve takeover` or `portreeve reload` asks again";

/// What changed, for events.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Up(Wanted),
    Down(Wanted, String, Duration),
}

/// All of them, by a number that is never reused.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    all: BTreeMap<u64, Listener>,
    next: u64,
    /// Keys of services whose addresses are another program's until asked for again.
    given_back: BTreeSet<String>,
    /// Sockets that others opened: taken instead of binding, where they fit.
    given: Vec<Given>,
    /// Whether a socket came or went since somebody asked.
    changed: bool,
}

impl Listeners {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.all.values()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Listener> {
        self.all.get(&number)
    }

    /// Makes the sockets fit what is wanted: same address and family keep their socket, others
    /// close first, so that a moved service can bind its port again.
    pub(crate) fn fit(
        &mut self,
        poller: &Poller,
        wanted: Vec<Wanted>,
        now: Duration,
    ) -> Vec<Change> {
        let mut old = std::mem::take(&mut self.all);
        let mut waiting = Vec::new();
        for want in wanted {
            let same = |l: &Listener| l.want.address == want.address && l.want.dual == want.dual;
            let found = old.iter().find(|(_, l)| same(l)).map(|(number, _)| *number);
            match found.and_then(|number| Some((number, old.remove(&number)?))) {
                Some((number, mut kept)) if kept.want.options == want.options => {
                    kept.want = want;
                    self.all.insert(number, kept);
                }
                Some((number, mut kept)) => {
                    if let Some(fd) = kept.socket.as_ref()
                        && socket::reconfigure(fd, &options(&want)).is_ok()
                    {
                        self.all.insert(number, Listener { want, ..kept });
                    } else {
                        kept.let_go(poller);
                        waiting.push(want);
                    }
                }
                None => waiting.push(want),
            }
        }
        self.changed = true;
        old.values_mut().for_each(|unwanted| unwanted.let_go(poller));
        waiting.into_iter().filter_map(|want| self.open_new(want, now)).collect()
    }

    fn open_new(&mut self, want: Wanted, now: Duration) -> Option<Change> {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        self.all.insert(
            number,
            Listener {
                want,
                socket: None,
                down: None,
                watched: false,
                foreign: false,
                alone: 0,
                held: None,
            },
        );
        self.open(number, now)
    }

    /// Tries those whose time has come.
    pub(crate) fn retry(&mut self, now: Duration) -> Vec<Change> {
        let due = |(number, l): (&u64, &Listener)| {
            l.down.as_ref().is_some_and(|down| down.retry_at <= now).then_some(*number)
        };
        let due: Vec<u64> = self.all.iter().filter_map(due).collect();
        due.into_iter().filter_map(|number| self.open(number, now)).collect()
    }

    /// When the next try is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let tried = self.all.values().filter_map(|l| l.down.as_ref());
        let retries = tried.filter(|down| down.is_tried_again()).map(|down| down.retry_at);
        retries.chain(self.all.values().filter_map(|l| l.held)).min()
    }

    /// Closes the sockets of these services, and opens none until they are asked for again.
    pub(crate) fn give_back(&mut self, poller: &Poller, keys: &[String]) {
        self.given_back.extend(keys.iter().cloned());
        self.changed = true; // whoever keeps copies of the sockets has to let go of them too
        for listener in self.all.values_mut().filter(|l| keys.contains(&l.want.key)) {
            listener.let_go(poller);
            listener.down = Some(given_back());
        }
    }

    /// Keys of services whose addresses are given back.
    pub(crate) fn given_back(&self) -> impl Iterator<Item = &String> {
        self.given_back.iter()
    }

    /// Asks for the addresses of these services now.
    pub(crate) fn claim(&mut self, keys: &[String], now: Duration) -> Vec<Change> {
        self.given_back.retain(|key| !keys.contains(key));
        let down = |(number, l): (&u64, &Listener)| {
            (l.down.is_some() && keys.contains(&l.want.key)).then_some(*number)
        };
        let down: Vec<u64> = self.all.iter().filter_map(down).collect();
        down.into_iter().filter_map(|number| self.open(number, now)).collect()
    }

    /// Nothing is given back any more; [`Self::fit`] follows.
    pub(crate) fn take_all_again(&mut self) {
        self.given_back.clear();
        for down in self.all.values_mut().filter_map(|l| l.down.as_mut()) {
            if !down.is_tried_again() {
                down.retry_at = Duration::ZERO;
            }
        }
    }

    fn open(&mut self, number: u64, now: Duration) -> Option<Change> {
        let listener = self.all.get_mut(&number)?;
        if self.given_back.contains(&listener.want.key) {
            listener.down = Some(given_back());
            return None;
        }
        let opened = match take(&mut self.given, &listener.want) {
            Some((fd, foreign)) => Ok((fd, foreign)),
            None => bind(&listener.want)
                .and_then(|fd| descriptor::raise(fd).map_err(|e| e.to_string()))
                .map(|fd| (fd, false)),
        };
        match opened {
            Ok((fd, foreign)) => {
                listener.foreign = foreign;
                self.changed = true;
                listener.socket = Some(fd);
                listener.watched = false; // from the next turn on
                listener.down = None;
                Some(Change::Up(listener.want.clone()))
            }
            Err(reason) => {
                let told = listener.down.as_ref().is_some_and(|down| down.reason == reason);
                let doubled = |down: &Down| down.delay.saturating_mul(2).min(LONGEST);
                let delay = listener.down.as_ref().map_or(SHORTEST, doubled);
                let retry_at = now.saturating_add(delay);
                listener.down = Some(Down { reason: reason.clone(), retry_at, delay });
                (!told).then(|| Change::Down(listener.want.clone(), reason, delay))
            }
        }
    }

    /// Watches the sockets or leaves them alone; they stay open, and the kernel queues meanwhile.
    pub(crate) fn watch(&mut self, poller: &Poller, on: bool, now: Duration) {
        for (number, listener) in &mut self.all {
            listener.held = listener.held.filter(|until| *until > now);
            let on = on && listener.held.is_none();
            let Some(fd) = listener.socket.as_ref().filter(|_| listener.watched != on) else {
                continue;
            };
            let done = match on {
                true => poller.add(fd, Token::Listener(*number).bits(), Interest::READ),
                false => poller.remove(fd),
            };
            if done.is_ok() {
                listener.watched = on;
            }
        }
    }

    /// How many connections to take from one in this turn: a batch, but one where the last batch held
    /// no second. Looking for it is a call of its own; whoever waits is taken in the next turn.
    pub(crate) fn next_batch(&mut self, number: u64) -> usize {
        let Some(listener) = self.all.get_mut(&number) else { return 0 };
        match listener.alone.checked_sub(1) {
            Some(left) => {
                listener.alone = left;
                1
            }
            None => BATCH,
        }
    }

    /// A batch is over because nobody waits any more.
    pub(crate) fn emptied(&mut self, number: u64, taken: usize) {
        if let Some(listener) = self.all.get_mut(&number) {
            listener.alone = if taken > 1 { 0 } else { ALONE };
        }
    }

    /// Leaves one alone for a moment.
    pub(crate) fn hold(&mut self, number: u64, until: Duration) {
        if let Some(listener) = self.all.get_mut(&number) {
            listener.held = Some(until);
        }
    }

    /// Takes a broken socket out of service; it is opened again after the shortest wait.
    pub(crate) fn broken(
        &mut self,
        poller: &Poller,
        number: u64,
        reason: String,
        now: Duration,
    ) -> Option<Change> {
        let listener = self.all.get_mut(&number)?;
        listener.let_go(poller);
        self.changed = true;
        let retry_at = now.saturating_add(SHORTEST);
        listener.down = Some(Down { reason: reason.clone(), retry_at, delay: SHORTEST });
        Some(Change::Down(listener.want.clone(), reason, SHORTEST))
    }

    /// Whether a socket came or went since this was asked last.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Takes sockets that were opened before this process began.
    pub(crate) fn give(&mut self, sockets: Vec<Given>) {
        self.given.extend(sockets);
    }

    /// Closes those given that nobody wants; where they listened, but for second descriptors of
    /// sockets that are in use.
    pub(crate) fn drop_unwanted(&mut self) -> Vec<SocketAddr> {
        let used = self.all.values().filter_map(|l| socket::place(l.socket.as_ref()?).ok());
        let used: Vec<u64> = used.map(|place| place.inode).collect();
        let given = std::mem::take(&mut self.given);
        let unwanted = given.iter().filter(|g| !used.contains(&g.place.inode));
        unwanted.map(|given| given.place.address).collect()
    }

    /// Closes everything: nobody comes in any more.
    pub(crate) fn close(&mut self, poller: &Poller) {
        self.given.clear();
        self.changed = true;
        self.all.values_mut().for_each(|listener| listener.let_go(poller));
        self.all.clear();
    }
}

fn given_back() -> Down {
    Down { reason: GIVEN_BACK.to_owned(), retry_at: Duration::MAX, delay: SHORTEST }
}

impl Listener {
    /// Closes its socket. Whoever gave it, or keeps it for us, may have it open still: then epoll
    /// would go on to tell of it, and nobody here could make it stop.
    fn let_go(&mut self, poller: &Poller) {
        if let Some(fd) = self.socket.take()
            && std::mem::take(&mut self.watched)
        {
            let _ = poller.remove(&fd);
        }
    }

    /// Its socket's name in a successor's or a service manager's hands.
    pub(crate) fn name(&self) -> String {
        let address = self.want.address.ip().to_string().replace(':', ".");
        let dual = if self.want.dual { "-dual" } else { "" };
        let whose = if self.foreign { "unit" } else { "listener" };
        format!("{whose}-{address}-{}{dual}", self.want.address.port())
    }
}

/// A given socket that listens where it is wanted, if there is one.
fn take(given: &mut Vec<Given>, want: &Wanted) -> Option<(OwnedFd, bool)> {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, want.address.port()));
    let fits = |given: &Given| {
        let same = given.place.address == want.address && given.place.dual == want.dual;
        // what a host without IPv6 gave for a dual-stack address
        same || want.dual && want.address.ip().is_unspecified() && given.place.address == any
    };
    let at = given.iter().position(fits)?;
    let Given { fd, foreign, .. } = given.swap_remove(at);
    // one that cannot be made ours is closed, and its address bound anew
    Some((socket::take(fd, &options(want)).ok()?, foreign))
}

fn options(want: &Wanted) -> ListenOptions {
    ListenOptions {
        v6only: want.address.is_ipv6().then_some(!want.dual),
        backlog: i32::try_from(want.options.backlog).unwrap_or(i32::MAX),
        keepalive: keep_alive(want.options.keepalive),
        nodelay: want.options.nodelay,
    }
}

fn keep_alive(wanted: KeepAlive) -> socket::KeepAlive {
    match wanted {
        KeepAlive::Off => socket::KeepAlive::Off,
        KeepAlive::System => socket::KeepAlive::System,
        KeepAlive::Probes(Probes { every, tries }) => {
            socket::KeepAlive::Probes { every: Duration::from_secs(every.into()), tries }
        }
    }
}

/// Binds and listens; without IPv6 on the host a dual-stack service takes IPv4 alone.
fn bind(want: &Wanted) -> Result<OwnedFd, String> {
    let options = options(want);
    let opened = match socket::listen(want.address, &options) {
        Err(ListenError { step: ListenStep::Socket, error, .. })
            if want.dual && error.raw_os_error() == Some(NO_SUCH_FAMILY) =>
        {
            let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, want.address.port()));
            socket::listen(any, &ListenOptions { v6only: None, ..options })
        }
        other => other,
    };
    opened.map_err(|error| explain(&error))
}

/// The reason for people: for a port in use, who holds it.
fn explain(error: &ListenError) -> String {
    let (kind, address) = (error.error.kind(), error.address);
    if kind == ErrorKind::AddrInUse {
        let holder = socket::port_holder(address)
            .map(|holder| format!(" by process {} ({})", holder.pid, holder.program));
        return format!("port {} is in use{}", address.port(), holder.unwrap_or_default());
    }
    if kind == ErrorKind::AddrNotAvailable {
        return format!("address {} is not on this host", address.ip());
    }
    if kind == ErrorKind::PermissionDenied {
        return format!("port {} needs root's rights", address.port());
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn a_socket_that_somebody_else_keeps_open_wakes_nobody_once_it_is_let_go() {
        let now = Duration::from_secs(1);
        let poller = || Poller::new().unwrap();
        let deeds: [fn(&mut Listeners, &Poller); 4] = [
            |listeners, poller| listeners.give_back(poller, &["web".to_owned()]),
            |listeners, poller| drop(listeners.fit(poller, Vec::new(), Duration::ZERO)),
            |listeners, poller| drop(listeners.broken(poller, 0, "so".into(), Duration::ZERO)),
            Listeners::close,
        ];
        for (mut poller, deed) in deeds.map(|deed| (poller(), deed)) {
            let theirs = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = theirs.local_addr().unwrap();
            let fd = OwnedFd::from(theirs.try_clone().unwrap());
            let place = socket::place(&fd).unwrap();
            let mut listeners = Listeners::default();
            listeners.give(vec![Given { place, fd, foreign: true, stored: None }]);
            let want = Wanted {
                service: 0,
                key: "web".into(),
                address,
                dual: false,
                options: portreeve_model::SocketOptions::default(),
            };
            assert_eq!(listeners.fit(&poller, vec![want.clone()], now), [Change::Up(want)]);
            listeners.watch(&poller, true, now);
            deed(&mut listeners, &poller);
            let _waiting = TcpStream::connect(address).unwrap();
            let mut events = Vec::new();
            poller.wait(&mut events, Some(Duration::from_millis(100))).unwrap();
            assert_eq!(events, []);
        }
    }
}
