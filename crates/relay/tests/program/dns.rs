//! A name server that says whatever a test wants, over datagrams and streams (RFC 1035).

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;

pub(crate) const A: u16 = 1;
pub(crate) const CNAME: u16 = 5;
pub(crate) const SOA: u16 = 6;
pub(crate) const PTR: u16 = 12;
pub(crate) const TXT: u16 = 16;
pub(crate) const AAAA: u16 = 28;

/// A record: owner (the question's, if none), type, seconds it holds, data.
#[derive(Clone)]
pub(crate) struct Record(
    pub(crate) Option<Vec<u8>>,
    pub(crate) u16,
    pub(crate) u32,
    pub(crate) Vec<u8>,
);

/// What to say to a question.
pub(crate) enum Reply {
    /// These answers; cut, if the question came by datagram and they do not fit.
    Answers(Vec<Record>),
    /// This code, and in the authority section an SOA whose minimum is this.
    Code(u8, Option<u32>),
    /// These bytes behind the question's id.
    Raw(Vec<u8>),
    /// These answers, some bytes of which are others: which, is drawn from the number.
    Damaged(Vec<Record>, u64),
    /// Nothing.
    Silence,
    /// The other, after a while.
    Late(Duration, Box<Reply>),
}

/// A running server; its threads end with the test's process.
pub(crate) struct Server {
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

impl Server {
    /// Answers at port 53 of `address` as `say` says, given the lower-cased name and the type.
    pub(crate) fn start(
        address: &str,
        say: impl Fn(&str, u16) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let say: Say = Arc::new(say);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let socket = UdpSocket::bind((address, 53)).expect("serve datagrams");
        let listener = TcpListener::bind((address, 53)).expect("serve streams");
        spawn({
            let (say, asked) = (say.clone(), asked.clone());
            move || datagrams(&socket, &say, &asked)
        });
        spawn({
            let asked = asked.clone();
            move || {
                for stream in listener.incoming().flatten() {
                    let (say, asked) = (say.clone(), asked.clone());
                    spawn(move || streams(stream, &say, &asked));
                }
            }
        });
        Self { asked }
    }

    /// How often `name` was asked for by type `kind`.
    pub(crate) fn asked(&self, name: &str, kind: u16) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(known, of)| known == name && *of == kind).count()
    }

    /// How many questions came.
    pub(crate) fn questions(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

type Say = Arc<dyn Fn(&str, u16) -> Reply + Send + Sync>;

fn datagrams(socket: &UdpSocket, say: &Say, asked: &Arc<Mutex<Vec<(String, u16)>>>) {
    let mut buffer = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let Some((name, kind, question)) = parse(&buffer[..length]) else { continue };
        asked.lock().unwrap().push((name.clone(), kind));
        let id = [buffer[0], buffer[1]];
        let (say, socket) = (say.clone(), socket.try_clone().unwrap());
        let answer = move || {
            let reply = say(&name, kind);
            if let Some(packet) = packet(id, &question, reply, 1200) {
                let _ = socket.send_to(&packet, from);
            }
        };
        spawn(answer);
    }
}

fn streams(mut stream: std::net::TcpStream, say: &Say, asked: &Mutex<Vec<(String, u16)>>) {
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut query = vec![0; u16::from_be_bytes(length).into()];
        if stream.read_exact(&mut query).is_err() {
            return;
        }
        let Some((name, kind, question)) = parse(&query) else { return };
        asked.lock().unwrap().push((name.clone(), kind));
        let id = [query[0], query[1]];
        let Some(packet) = packet(id, &question, say(&name, kind), 65_000) else { continue };
        let length = u16::try_from(packet.len()).unwrap().to_be_bytes();
        if stream.write_all(&[&length, packet.as_slice()].concat()).is_err() {
            return;
        }
    }
}

/// Name, type and bytes of the one question.
fn parse(query: &[u8]) -> Option<(String, u16, Vec<u8>)> {
    let mut at = 12;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes(query.get(at..at + 2)?.try_into().ok()?);
    Some((labels.join("."), kind, query.get(12..at + 4)?.to_vec()))
}

fn packet(id: [u8; 2], question: &[u8], reply: Reply, most: usize) -> Option<Vec<u8>> {
    let header = |flags: u8, code: u8, answers: usize, authorities: u8| {
        let answers = u16::try_from(answers).unwrap().to_be_bytes();
        [&id[..], &[0x81 | flags, 0x80 | code, 0, 1], &answers, &[0, authorities, 0, 0], question]
            .concat()
    };
    match reply {
        Reply::Answers(records) => {
            let mut packet = header(0, 0, records.len(), 0);
            packet.extend(records.iter().flat_map(record));
            Some(if packet.len() > most { header(2, 0, 0, 0) } else { packet })
        }
        Reply::Code(code, None) => Some(header(0, code, 0, 0)),
        Reply::Code(code, Some(minimum)) => {
            let mut data = [name("ns.example"), name("root.example")].concat();
            data.extend([0; 16]);
            data.extend(minimum.to_be_bytes());
            let mut packet = header(0, code, 0, 1);
            packet.extend(record(&Record(None, SOA, minimum, data)));
            Some(packet)
        }
        Reply::Damaged(records, mut dice) => {
            let mut packet = packet(id, question, Reply::Answers(records), most)?;
            for _ in 0..1 + dice % 4 {
                dice = dice
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let [.., place0, place1, byte, how] = dice.to_be_bytes();
                let place =
                    2 + usize::from(u16::from_be_bytes([place0, place1])) % (packet.len() - 2);
                match how % 4 {
                    0 => packet.truncate(place),
                    1 => packet[place] = 0xc0 | byte,
                    _ => packet[place] ^= byte,
                }
                if packet.len() < 3 {
                    break;
                }
            }
            Some(packet)
        }
        Reply::Raw(bytes) => Some([&id[..], &bytes].concat()),
        Reply::Silence => None,
        Reply::Late(wait, then) => {
            sleep(wait);
            self::packet(id, question, *then, most)
        }
    }
}

fn record(record: &Record) -> Vec<u8> {
    let Record(owner, kind, seconds, data) = record;
    let mut bytes = owner.clone().unwrap_or_else(|| vec![0xc0, 12]);
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(seconds.to_be_bytes());
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

/// A name as labels.
pub(crate) fn name(text: &str) -> Vec<u8> {
    labels(&text.split('.').map(str::as_bytes).collect::<Vec<_>>())
}

/// Any labels.
pub(crate) fn labels(labels: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in labels {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(*label);
    }
    bytes.push(0);
    bytes
}

/// A record of the asked name that gives it a name.
pub(crate) fn ptr(text: &str) -> Record {
    Record(None, PTR, 60, name(text))
}

/// A record of the asked name that gives it an address.
pub(crate) fn address(text: &str) -> Record {
    match text.parse().expect("an address") {
        std::net::IpAddr::V4(ip) => Record(None, A, 60, ip.octets().to_vec()),
        std::net::IpAddr::V6(ip) => Record(None, AAAA, 60, ip.octets().to_vec()),
    }
}

/// A record of the asked name with a text of one string for each of `strings`.
pub(crate) fn text(strings: &[&[u8]]) -> Record {
    let string = |text: &&[u8]| [&[u8::try_from(text.len()).unwrap()], *text].concat();
    Record(None, TXT, 60, strings.iter().flat_map(string).collect())
}

/// "There is no such name."
pub(crate) fn nothing() -> Reply {
    Reply::Code(3, Some(60))
}
