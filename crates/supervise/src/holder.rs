//! What a keeper's two processes say to one another, a message a packet.
//!
//! The *holder* is the parent of all services and keeps what must outlive the *worker*, which has all
//! the sense: for each supervised folder a *slot* with open files, a process, and how that ended.
//! Numbers of slots are the worker's choice; labels and notes are its own memory, which the holder
//! gives to the next one unread.

use crate::end::End;
use crate::label;

/// Bytes of a label, at most: a name of a folder (255), its `/log`, and a few more.
pub const MOST_LABEL: usize = 300;

/// Bytes of a note, at most.
pub const MOST_NOTE: usize = 128;

/// Bytes of a message, at most.
pub const MOST: usize = 512;

/// Descriptors of a slot: its folder, and the lock, control and ok of its folder `supervise`.
pub const FILES: usize = 4;

/// Descriptors of a log's pipe: its reading end and its writing end.
pub const PIPE: usize = 2;

/// A slot's number.
pub type Slot = u32;

/// A process that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its number.
    pub pid: u32,
    /// When the worker began it, as `supervise/status` has it.
    pub since: [u8; label::SIZE],
}

/// From the worker to the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order<'a> {
    /// A new slot; with [`FILES`] descriptors.
    Keep(Slot, &'a [u8]),
    /// A slot's log is fed by this pipe; with [`PIPE`] descriptors. With none, its log is at its end:
    /// the pipe is closed.
    Pipe(Slot),
    /// A slot's process is this one now; with a descriptor of it. It ends the memory of the last one.
    /// With a note that came before it, or an empty one for none.
    Started(Slot, Begun, &'a [u8]),
    /// What the worker is to know of a slot when it comes back; and the process that it takes for
    /// running then (0 for none): if another one has ended, that is noted.
    Note(Slot, u32, &'a [u8]),
    /// A slot is over; its descriptors are to be closed.
    Forget(Slot),
}

/// From the holder to the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// First of all: how many descriptors a service may open (`u64::MAX` for any number).
    Hello(u64),
    /// A slot that an earlier worker has made; with its descriptors, or with none where they were
    /// lost.
    Slot {
        /// Its number.
        slot: Slot,
        /// Its process, the last one told of; whether it has ended stands in `end`.
        process: Option<Begun>,
        /// How that ended, where no worker has taken note of it.
        end: Option<End>,
        /// As [`Order::Keep`] had it.
        label: &'a [u8],
        /// As the last [`Order::Note`] had it.
        note: &'a [u8],
    },
    /// A slot's pipe; with its descriptors.
    Pipe(Slot),
    /// All slots have been told.
    Ready,
    /// A slot's process has ended.
    Ended(Slot, u32, End),
}

/// A message being written.
#[derive(Debug)]
pub struct Message {
    bytes: [u8; MOST],
    length: usize,
}

impl Message {
    fn new(kind: u8) -> Self {
        let mut message = Self { bytes: [0; MOST], length: 0 };
        message.put(&[kind]);
        message
    }

    /// What does not fit is cut: no message is as long as the room for one.
    fn put(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
            self.length = self.length.saturating_add(1);
        }
    }

    fn put_text(&mut self, text: &[u8], most: usize) {
        let text = text.get(..most).unwrap_or(text);
        self.put(&u16::try_from(text.len()).unwrap_or(0).to_le_bytes());
        self.put(text);
    }

    fn put_begun(&mut self, begun: Begun) {
        self.put(&begun.pid.to_le_bytes());
        self.put(&begun.since);
    }

    fn put_end(&mut self, end: Option<End>) {
        self.put(&match end {
            None => [0, 0],
            Some(End::Code(code)) => [1, code],
            Some(End::Signal(signal)) => [2, signal],
            Some(End::Unknown) => [3, 0],
        });
    }

    /// As it is to be sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// A message being read: every step gives nothing when it is not what it should be.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn text(&mut self, most: usize) -> Option<&'a [u8]> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        (length <= most).then_some(text)
    }

    fn begun(&mut self) -> Option<Begun> {
        Some(Begun { pid: self.number()?, since: self.take()? })
    }

    fn end(&mut self) -> Option<Option<End>> {
        Some(match self.take()? {
            [0, 0] => None,
            [1, code] => Some(End::Code(code)),
            [2, signal] => Some(End::Signal(signal)),
            [3, 0] => Some(End::Unknown),
            _ => return None,
        })
    }

    /// Nothing more may follow.
    fn whole<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

impl<'a> Order<'a> {
    /// As a packet.
    #[must_use]
    pub fn encode(&self) -> Message {
        let (kind, slot) = match *self {
            Self::Keep(slot, _) => (1, slot),
            Self::Pipe(slot) => (2, slot),
            Self::Started(slot, ..) => (3, slot),
            Self::Note(slot, ..) => (4, slot),
            Self::Forget(slot) => (5, slot),
        };
        let mut message = Message::new(kind);
        message.put(&slot.to_le_bytes());
        match *self {
            Self::Keep(_, label) => message.put_text(label, MOST_LABEL),
            Self::Started(_, begun, note) => {
                message.put_begun(begun);
                message.put_text(note, MOST_NOTE);
            }
            Self::Note(_, pid, note) => {
                message.put(&pid.to_le_bytes());
                message.put_text(note, MOST_NOTE);
            }
            Self::Pipe(_) | Self::Forget(_) => {}
        }
        message
    }

    /// From a packet; nothing when it is none of a worker's.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let ([kind], slot) = (reader.take()?, reader.number()?);
        let order = match kind {
            1 => Self::Keep(slot, reader.text(MOST_LABEL)?),
            2 => Self::Pipe(slot),
            3 => Self::Started(slot, reader.begun()?, reader.text(MOST_NOTE)?),
            4 => Self::Note(slot, reader.number()?, reader.text(MOST_NOTE)?),
            5 => Self::Forget(slot),
            _ => return None,
        };
        reader.whole(order)
    }
}

impl<'a> Word<'a> {
    /// As a packet.
    #[must_use]
    pub fn encode(&self) -> Message {
        match *self {
            Self::Hello(limit) => {
                let mut message = Message::new(11);
                message.put(&limit.to_le_bytes());
                message
            }
            Self::Slot { slot, process, end, label, note } => {
                let mut message = Message::new(12);
                message.put(&slot.to_le_bytes());
                // 0 is no process's number
                message.put_begun(process.unwrap_or(Begun { pid: 0, since: [0; label::SIZE] }));
                message.put_end(end);
                message.put_text(label, MOST_LABEL);
                message.put_text(note, MOST_NOTE);
                message
            }
            Self::Pipe(slot) => {
                let mut message = Message::new(13);
                message.put(&slot.to_le_bytes());
                message
            }
            Self::Ready => Message::new(14),
            Self::Ended(slot, pid, end) => {
                let mut message = Message::new(15);
                message.put(&slot.to_le_bytes());
                message.put(&pid.to_le_bytes());
                message.put_end(Some(end));
                message
            }
        }
    }

    /// From a packet; nothing when it is none of a holder's.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let [kind] = reader.take()?;
        let word = match kind {
            11 => Self::Hello(u64::from_le_bytes(reader.take()?)),
            12 => Self::Slot {
                slot: reader.number()?,
                process: Some(reader.begun()?).filter(|begun| begun.pid != 0),
                end: reader.end()?,
                label: reader.text(MOST_LABEL)?,
                note: reader.text(MOST_NOTE)?,
            },
            13 => Self::Pipe(reader.number()?),
            14 => Self::Ready,
            15 => Self::Ended(reader.number()?, reader.number()?, reader.end()??),
            _ => return None,
        };
        reader.whole(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Begun = Begun { pid: 77, since: *b"twelve bytes" };

    #[test]
    fn orders_come_back_whole_or_not_at_all() {
        for order in [
            Order::Keep(1, b"a name"),
            Order::Keep(2, &[b'x'; MOST_LABEL]),
            Order::Pipe(3),
            Order::Started(u32::MAX, BEGUN, b""),
            Order::Started(4, BEGUN, &[3; MOST_NOTE]),
            Order::Note(5, 0, b""),
            Order::Note(5, u32::MAX, &[0; MOST_NOTE]),
            Order::Forget(6),
        ] {
            let message = order.encode();
            let bytes = message.bytes();
            assert_eq!(Order::decode(bytes), Some(order));
            assert_eq!(Order::decode(&[bytes, b"x"].concat()), None);
            for length in 0..bytes.len() {
                assert_eq!(Order::decode(&bytes[..length]), None, "{order:?} cut at {length}");
            }
            assert_eq!(Word::decode(bytes), None);
        }
    }

    #[test]
    fn words_come_back_whole_or_not_at_all() {
        let slot = Word::Slot { slot: 9, process: None, end: None, label: b"", note: b"" };
        let full = Word::Slot {
            slot: 9,
            process: Some(BEGUN),
            end: Some(End::Signal(9)),
            label: &[1; MOST_LABEL],
            note: &[2; MOST_NOTE],
        };
        for word in [
            Word::Hello(u64::MAX),
            slot,
            full,
            Word::Pipe(4),
            Word::Ready,
            Word::Ended(1, 2, End::Code(255)),
            Word::Ended(1, 2, End::Unknown),
        ] {
            let message = word.encode();
            let bytes = message.bytes();
            assert_eq!(Word::decode(bytes), Some(word));
            assert_eq!(Word::decode(&[bytes, b"x"].concat()), None);
            for length in 0..bytes.len() {
                assert_eq!(Word::decode(&bytes[..length]), None, "{word:?} cut at {length}");
            }
            assert_eq!(Order::decode(bytes), None);
        }
    }

    #[test]
    fn no_message_is_longer_than_its_room() {
        let full = Word::Slot {
            slot: 9,
            process: Some(BEGUN),
            end: None,
            label: &[1; 9999],
            note: &[2; 9999],
        };
        let message = full.encode();
        assert!(message.bytes().len() < MOST && Word::decode(message.bytes()).is_some());
    }
}
