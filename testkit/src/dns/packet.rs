//! The few bytes of RFC 1035 that a name server for tests needs.

use std::fmt;
use std::net::IpAddr;

/// Time for which an answer may be kept: short, since tests change their tables.
const TTL: [u8; 4] = [0, 0, 0, 1];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    A,
    Aaaa,
    Ptr,
    Txt,
    Other(u16),
}

impl Kind {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Ptr => 12,
            Self::Txt => 16,
            Self::Aaaa => 28,
            Self::Other(number) => number,
        }
    }

    fn from_number(number: u16) -> Self {
        match number {
            1 => Self::A,
            12 => Self::Ptr,
            16 => Self::Txt,
            28 => Self::Aaaa,
            number => Self::Other(number),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A => f.write_str("A"),
            Self::Aaaa => f.write_str("AAAA"),
            Self::Ptr => f.write_str("PTR"),
            Self::Txt => f.write_str("TXT"),
            Self::Other(number) => number.fmt(f),
        }
    }
}

/// Outcome of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rcode {
    Good = 0,
    Failure = 2,
    NoSuchName = 3,
}

/// A question, and what a reply has to repeat of it.
#[derive(Debug)]
pub(super) struct Question {
    id: [u8; 2],
    /// Whether recursion was desired, which a reply repeats.
    recursion: bool,
    /// The question as it came: name, kind, class.
    raw: Vec<u8>,
    pub(super) name: String,
    pub(super) kind: Kind,
}

impl Question {
    /// Reads a packet with exactly one question; what follows it (EDNS) is left alone.
    pub(super) fn parse(packet: &[u8]) -> Option<Self> {
        let (header, body) = packet.split_first_chunk::<12>()?;
        let &[id0, id1, flags, _, 0, 1, ..] = header else { return None };
        if flags & 0xf8 != 0 {
            return None; // a reply, or no standard query
        }
        let mut labels = Vec::new();
        let mut rest = body;
        loop {
            let (&length, after) = rest.split_first()?;
            let (label, after) = after.split_at_checked(usize::from(length))?;
            rest = after;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(label));
        }
        let (&[k0, k1, _, _], after) = rest.split_first_chunk::<4>()?;
        let raw = body.get(..body.len() - after.len())?.to_vec();
        let kind = Kind::from_number(u16::from_be_bytes([k0, k1]));
        let name = labels.join(".");
        Some(Self { id: [id0, id1], recursion: flags & 1 != 0, raw, name, kind })
    }

    /// A question made here.
    #[cfg(test)]
    pub(super) fn about(name: &str, kind: Kind) -> Self {
        let mut raw = encode(name);
        raw.extend(kind.number().to_be_bytes());
        raw.extend([0, 1]);
        Self { id: [7, 7], recursion: true, raw, name: name.to_owned(), kind }
    }

    /// A reply that the name is another name for itself.
    pub(super) fn alias_of_itself(&self) -> Vec<u8> {
        let mut packet = self.reply(Rcode::Good, &[vec![0xc0, 12]]);
        // the kind of the one record, behind the name that points to the question
        let kind = 12 + self.raw.len() + 2;
        packet.iter_mut().skip(kind).take(2).zip([0, 5]).for_each(|(byte, new)| *byte = new);
        packet
    }

    /// A reply with these answers, each the data of a record of the asked kind.
    pub(super) fn reply(&self, rcode: Rcode, answers: &[Vec<u8>]) -> Vec<u8> {
        let count = u16::try_from(answers.len()).unwrap_or(u16::MAX);
        let mut packet = self.id.to_vec();
        // Reply, authoritative, recursion desired as asked and available.
        packet.extend([0x84 | u8::from(self.recursion), 0x80 | rcode as u8]);
        packet.extend([0, 1]);
        packet.extend(count.to_be_bytes());
        packet.extend([0; 4]);
        packet.extend(&self.raw);
        for data in answers {
            packet.extend([0xc0, 12]); // the name of the question
            packet.extend(self.kind.number().to_be_bytes());
            packet.extend([0, 1]);
            packet.extend(TTL);
            packet.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
            packet.extend(data);
        }
        packet
    }
}

/// A name as labels; a label longer than the format allows is cut.
pub(super) fn encode(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = label.as_bytes().get(..63).unwrap_or(label.as_bytes());
        bytes.push(u8::try_from(label.len()).unwrap_or(63));
        bytes.extend(label);
    }
    bytes.push(0);
    bytes
}

/// The data of a TXT record of one string, cut to what it may hold.
pub(super) fn text(text: &str) -> Vec<u8> {
    let text = text.as_bytes().get(..255).unwrap_or(text.as_bytes());
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    [&[length], text].concat()
}

/// The data of an A record.
pub(super) fn a(address: IpAddr) -> Option<Vec<u8>> {
    match address {
        IpAddr::V4(ip) => Some(ip.octets().to_vec()),
        IpAddr::V6(_) => None,
    }
}

/// The data of an AAAA record.
pub(super) fn aaaa(address: IpAddr) -> Option<Vec<u8>> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => Some(ip.octets().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A query for the address of `a.bc`, recursion desired.
    const QUERY: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x02bc\0\0\x01\0\x01";

    #[test]
    fn a_query_is_read_and_a_reply_repeats_it() {
        let question = Question::parse(QUERY).unwrap();
        assert_eq!((question.name.as_str(), question.kind), ("a.bc", Kind::A));
        let reply = question.reply(Rcode::Good, &[vec![192, 0, 2, 7]]);
        let mut want = QUERY.to_vec();
        want[2] = 0x85;
        want[3] = 0x80;
        want[7] = 1;
        want.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x01\0\x04\xc0\0\x02\x07");
        assert_eq!(reply, want);
    }

    #[test]
    fn what_is_no_query_is_left_unanswered() {
        for length in 0..QUERY.len() {
            assert!(Question::parse(&QUERY[..length]).is_none(), "{length} bytes");
        }
        let mut reply = QUERY.to_vec();
        reply[2] |= 0x80;
        assert!(Question::parse(&reply).is_none());
        assert_eq!(Question::parse(QUERY).unwrap().name, "a.bc");
        assert_eq!(encode("a.bc."), b"\x01a\x02bc\0");
    }
}
