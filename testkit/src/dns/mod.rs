//! A tiny name server (RFC 1035) that answers from a table, or misbehaves as told.
//!
//! It knows A, AAAA, PTR and TXT, one question a packet, answers of up to 512 bytes, and over TCP one
//! question a connection.

mod packet;
mod stream;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use crate::World;
use crate::must::Must;
use packet::{Kind, Question, Rcode};

/// How often the thread looks whether it should end.
const LOOK: Duration = Duration::from_millis(20);

/// What to do instead of answering at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Say nothing.
    Drop,
    /// Answer after a while.
    Late(Duration),
    /// Answer SERVFAIL.
    Fail,
    /// Answer with an id that nobody has used.
    WrongId,
    /// Answer about another name.
    WrongName,
    /// Answer from another port.
    Elsewhere,
    /// Answer that the name is another name for itself.
    Loop,
    /// Answer with bytes that are no answer.
    Garbage,
    /// Answer that it does not fit into a datagram; all of it over TCP.
    Truncate,
    /// The same, but over TCP there is only silence.
    TruncateForEver,
}

/// What is answered: addresses of names, names of addresses, and who is to be ill served.
///
/// Names are without the last dot, and compared without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    addresses: Vec<(String, IpAddr)>,
    names: Vec<(String, String)>,
    texts: Vec<(String, String)>,
    ill: BTreeMap<String, Misbehaviour>,
}

impl Zone {
    /// Nothing: every name is unknown (NXDOMAIN).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name has this address (A or AAAA), beside those it has.
    ///
    /// # Panics
    /// When the text is no address.
    #[must_use]
    #[track_caller]
    pub fn address(mut self, name: &str, address: &str) -> Self {
        self.addresses.push((name.to_ascii_lowercase(), address.parse().must(address)));
        self
    }

    /// The name has this text (TXT), beside those it has.
    #[must_use]
    pub fn text(mut self, name: &str, text: &str) -> Self {
        self.texts.push((name.to_ascii_lowercase(), text.to_owned()));
        self
    }

    /// The address has this name (PTR), beside those it has. Any bytes may stand in the name.
    ///
    /// # Panics
    /// When the text is no address.
    #[must_use]
    #[track_caller]
    pub fn name(mut self, address: &str, name: &str) -> Self {
        self.names.push((reverse(address.parse().must(address)), name.to_owned()));
        self
    }

    /// Both: the address has the name, and the name the address.
    ///
    /// # Panics
    /// When the text is no address.
    #[must_use]
    #[track_caller]
    pub fn host(self, name: &str, address: &str) -> Self {
        self.address(name, address).name(address, name)
    }

    /// Questions for a name, or for the name of an address, are ill served.
    #[must_use]
    pub fn ill(mut self, name_or_address: &str, how: Misbehaviour) -> Self {
        let name = match name_or_address.parse() {
            Ok(address) => reverse(address),
            Err(_) => name_or_address.to_ascii_lowercase(),
        };
        self.ill.insert(name, how);
        self
    }

    fn answers(&self, question: &Question) -> (Rcode, Vec<Vec<u8>>) {
        let name = question.name.to_ascii_lowercase();
        let addresses = self.addresses.iter().filter(|(known, _)| *known == name);
        let names = self.names.iter().filter(|(known, _)| *known == name);
        if addresses.clone().count() + names.clone().count() == 0 {
            return (Rcode::NoSuchName, Vec::new());
        }
        let answers = match question.kind {
            Kind::A => addresses.filter_map(|(_, ip)| packet::a(*ip)).collect(),
            Kind::Aaaa => addresses.filter_map(|(_, ip)| packet::aaaa(*ip)).collect(),
            Kind::Txt => {
                let texts = self.texts.iter().filter(|(known, _)| *known == name);
                texts.map(|(_, text)| packet::text(text)).collect()
            }
            Kind::Ptr => names.map(|(_, name)| packet::encode(name)).collect(),
            Kind::Other(_) => Vec::new(),
        };
        (Rcode::Good, answers)
    }
}

/// A question that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuery {
    /// The name, as it was written.
    pub name: String,
    /// `A`, `AAAA`, `PTR`, `TXT` or a number.
    pub kind: String,
}

/// A running name server. It ends when dropped.
#[derive(Debug)]
pub struct DnsServer {
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    zone: Mutex<Zone>,
    queries: Mutex<Vec<DnsQuery>>,
    stop: AtomicBool,
}

impl DnsServer {
    /// Answers at an address of a client (or of the `door`), such as `192.0.2.53:53`.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    #[track_caller]
    pub fn start(world: &World, client: &str, at: &str, zone: Zone) -> Self {
        let socket = world.datagrams(client, at).must(format!("serve names at {at}"));
        socket.set_read_timeout(Some(LOOK)).must("bound a read");
        let listener = world.listen(client, at).must(format!("serve names over TCP at {at}"));
        listener.set_nonblocking(true).must("make a listener non-blocking");
        let address: SocketAddr = at.parse().must("an address with a port");
        let other = SocketAddr::new(address.ip(), 0).to_string();
        let elsewhere = world.datagrams(client, &other).must("a second socket");
        let zone = Mutex::new(zone);
        let state = State { zone, queries: Mutex::default(), stop: AtomicBool::new(false) };
        let state = Arc::new(state);
        let datagrams = std::thread::spawn({
            let state = state.clone();
            move || serve(&socket, &elsewhere, &state)
        });
        let streams = std::thread::spawn({
            let state = state.clone();
            move || stream::serve(&listener, &state)
        });
        Self { state, threads: vec![datagrams, streams] }
    }

    /// Answers the next questions from another table.
    pub fn replace(&self, zone: Zone) {
        *self.state.zone.lock().unwrap_or_else(PoisonError::into_inner) = zone;
    }

    /// The questions so far.
    #[must_use]
    pub fn queries(&self) -> Vec<DnsQuery> {
        self.state.queries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl World {
    /// Makes the door ask a name server at this address: port 53, one second, two tries.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[track_caller]
    pub fn set_resolver(&self, address: &str) {
        let text = format!("nameserver {address}\noptions timeout:1 attempts:2\n");
        std::fs::write(self.etc("resolv.conf"), text).must("write resolv.conf");
    }
}

fn serve(socket: &UdpSocket, elsewhere: &UdpSocket, state: &State) {
    let mut buffer = [0; 1024];
    while !state.stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let packet = buffer.get(..length).unwrap_or_default();
        let Some(question) = Question::parse(packet) else { continue };
        let (ill, mut reply) = state.answer(&question);
        match ill {
            Some(Misbehaviour::Drop) => {}
            Some(Misbehaviour::Fail) => send(socket, &question.reply(Rcode::Failure, &[]), from),
            Some(Misbehaviour::Late(wait)) => send_late(socket, reply, from, wait),
            Some(Misbehaviour::WrongId) => {
                reply.iter_mut().take(2).for_each(|byte| *byte ^= 0x55);
                send(socket, &reply, from);
            }
            Some(Misbehaviour::WrongName) => {
                // the first letter of the question that is repeated, to which the answer points
                reply.iter_mut().skip(13).take(1).for_each(|byte| *byte ^= 1);
                send(socket, &reply, from);
            }
            Some(Misbehaviour::Elsewhere) => send(elsewhere, &reply, from),
            Some(Misbehaviour::Loop) => send(socket, &question.alias_of_itself(), from),
            Some(Misbehaviour::Garbage) => {
                let id = reply.get(..2).unwrap_or_default();
                send(socket, &[id, &[0xaa; 300]].concat(), from);
            }
            Some(Misbehaviour::Truncate | Misbehaviour::TruncateForEver) => {
                let mut cut = question.reply(Rcode::Good, &[]);
                cut.iter_mut().skip(2).take(1).for_each(|byte| *byte |= 2);
                send(socket, &cut, from);
            }
            None => send(socket, &reply, from),
        }
    }
}

impl State {
    /// Notes a question, and gives how it is ill served, and the right answer.
    fn answer(&self, question: &Question) -> (Option<Misbehaviour>, Vec<u8>) {
        let query = DnsQuery { name: question.name.clone(), kind: question.kind.to_string() };
        self.queries.lock().unwrap_or_else(PoisonError::into_inner).push(query);
        let zone = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        let ill = zone.ill.get(&question.name.to_ascii_lowercase()).copied();
        let (rcode, answers) = zone.answers(question);
        (ill, question.reply(rcode, &answers))
    }
}

fn send(socket: &UdpSocket, reply: &[u8], to: SocketAddr) {
    // An asker that is gone is its own affair.
    let _ = socket.send_to(reply, to);
}

fn send_late(socket: &UdpSocket, reply: Vec<u8>, to: SocketAddr, wait: Duration) {
    let Ok(socket) = socket.try_clone() else { return };
    std::thread::spawn(move || {
        sleep(wait);
        send(&socket, &reply, to);
    });
}

/// The name under which an address is asked for.
fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_asked_for_by_their_reverse_names() {
        assert_eq!(reverse("192.0.2.7".parse().unwrap()), "7.2.0.192.in-addr.arpa");
        let six = reverse("2001:db8::7".parse().unwrap());
        assert!(six.starts_with("7.0.0.0.") && six.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa"), "{six}");
        assert_eq!(six.len(), 32 * 2 + "ip6.arpa".len());
    }

    #[test]
    fn a_name_without_the_asked_kind_is_known_but_empty() {
        let zone = Zone::new().host("Mail.example", "192.0.2.7");
        let ask = |name: &str, kind| {
            let (rcode, answers) = zone.answers(&Question::about(name, kind));
            (rcode, answers.len())
        };
        assert_eq!(ask("mAil.example", Kind::A), (Rcode::Good, 1));
        assert_eq!(ask("mail.example", Kind::Aaaa), (Rcode::Good, 0));
        assert_eq!(ask("7.2.0.192.in-addr.arpa", Kind::Ptr), (Rcode::Good, 1));
        assert_eq!(ask("other.example", Kind::A), (Rcode::NoSuchName, 0));
    }
}
