//! Messages to nf_tables, as bytes: headers, attributes, batches (linux/netlink.h,
//! linux/netfilter/nfnetlink.h).

/// `NFNL_SUBSYS_NFTABLES`.
pub(crate) const NFTABLES: u16 = 10;
/// `NFPROTO_INET`: the family whose tables see IPv4 and IPv6.
pub(crate) const INET: u8 = 1;
/// `NFNL_MSG_BATCH_BEGIN` and `NFNL_MSG_BATCH_END`.
const BEGIN: u16 = 16;
const END: u16 = 17;
/// `NLA_F_NESTED`.
const NESTED: u16 = 1 << 15;

/// Flags of a message.
const REQUEST: u16 = 1;
const ACK: u16 = 4;
const DUMP: u16 = 0x300;
const CREATE: u16 = 0x400;
const APPEND: u16 = 0x800;

/// What a message asks for (`enum nf_tables_msg_types`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ask {
    NewTable = 0,
    DelTable = 2,
    NewChain = 3,
    GetChain = 4,
    DelChain = 5,
    NewRule = 6,
    GetRule = 7,
    DelRule = 8,
    NewSet = 9,
    GetSet = 10,
    DelSet = 11,
    NewElements = 12,
    DelElements = 14,
}

impl Ask {
    /// The kind of a message that asks for it, or tells of it.
    pub(crate) const fn kind(self) -> u16 {
        (NFTABLES << 8) | self as u16
    }

    fn flags(self) -> u16 {
        match self {
            Self::NewRule => REQUEST | ACK | CREATE | APPEND,
            Self::NewTable | Self::NewChain | Self::NewSet | Self::NewElements => {
                REQUEST | ACK | CREATE
            }
            Self::DelTable | Self::DelChain | Self::DelRule | Self::DelSet | Self::DelElements => {
                REQUEST | ACK
            }
            Self::GetChain | Self::GetRule | Self::GetSet => REQUEST | DUMP,
        }
    }
}

/// Attributes that are being written.
#[derive(Debug, Default)]
pub(crate) struct Attributes(Vec<u8>);

impl Attributes {
    /// One of these bytes; they are few.
    pub(crate) fn bytes(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(value.len().saturating_add(4)).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.pad();
    }

    /// A text, with the zero at its end.
    pub(crate) fn text(&mut self, kind: u16, value: &str) {
        self.bytes(kind, &[value.as_bytes(), &[0]].concat());
    }

    /// A number of 32 bits, as nf_tables has all of them: its highest byte first.
    pub(crate) fn number(&mut self, kind: u16, value: u32) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// A number of 64 bits.
    pub(crate) fn long(&mut self, kind: u16, value: u64) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// Attributes in an attribute: not more than 64 KiB, which is the callers' to see to.
    pub(crate) fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let at = self.0.len();
        self.bytes(kind | NESTED, &[]);
        fill(self);
        let length = u16::try_from(self.0.len().saturating_sub(at)).unwrap_or(u16::MAX);
        if let Some(place) = self.0.get_mut(at..at.saturating_add(2)) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
    }

    fn pad(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }
}

/// Messages that are carried out together or not at all.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    first: u32,
    next: u32,
    asked: Vec<Ask>,
    /// Elements that it adds and removes.
    pub(crate) elements: usize,
}

impl Batch {
    /// An empty one, whose messages are numbered from `first` on.
    pub(crate) fn new(first: u32) -> Self {
        let mut batch =
            Self { bytes: Vec::new(), first, next: first, asked: Vec::new(), elements: 0 };
        batch.frame(BEGIN);
        batch
    }

    /// Adds a message.
    pub(crate) fn ask(&mut self, ask: Ask, fill: impl FnOnce(&mut Attributes)) {
        let mut body = Attributes::default();
        fill(&mut body);
        write(&mut self.bytes, (ask.kind(), ask.flags(), self.next), (INET, 0), &body.0);
        self.next = self.next.wrapping_add(1);
        self.asked.push(ask);
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Its bytes; the numbers and kinds of its messages; the number after it.
    pub(crate) fn finish(mut self) -> (Vec<u8>, Vec<(u32, Ask)>, u32) {
        self.frame(END);
        // the first was the frame's
        let asked = (self.first.wrapping_add(1)..).zip(self.asked).collect();
        (self.bytes, asked, self.next)
    }

    fn frame(&mut self, kind: u16) {
        write(&mut self.bytes, (kind, REQUEST, self.next), (0, NFTABLES), &[]);
        self.next = self.next.wrapping_add(1);
    }
}

/// A question for a list, in `number`.
pub(crate) fn question(ask: Ask, number: u32, fill: impl FnOnce(&mut Attributes)) -> Vec<u8> {
    let mut body = Attributes::default();
    fill(&mut body);
    let mut bytes = Vec::new();
    write(&mut bytes, (ask.kind(), ask.flags(), number), (INET, 0), &body.0);
    bytes
}

/// Writes a message: its kind, flags and number; its family and resource; its attributes.
fn write(
    to: &mut Vec<u8>,
    (kind, flags, number): (u16, u16, u32),
    (family, resource): (u8, u16),
    attributes: &[u8],
) {
    let length = u32::try_from(attributes.len().saturating_add(20)).unwrap_or(u32::MAX);
    to.extend_from_slice(&length.to_ne_bytes());
    to.extend_from_slice(&kind.to_ne_bytes());
    to.extend_from_slice(&flags.to_ne_bytes());
    to.extend_from_slice(&number.to_ne_bytes());
    to.extend_from_slice(&0_u32.to_ne_bytes()); // the kernel fills in who asks
    to.extend_from_slice(&[family, 0]);
    to.extend_from_slice(&resource.to_be_bytes());
    to.extend_from_slice(attributes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::messages;

    #[test]
    fn what_is_written_can_be_read() {
        let mut batch = Batch::new(7);
        batch.ask(Ask::NewTable, |body| body.text(1, "portreeve"));
        batch.ask(Ask::NewSet, |body| {
            body.number(3, 4);
            body.nest(9, |desc| desc.long(1, 5));
        });
        let (bytes, asked, next) = batch.finish();
        assert_eq!((asked.as_slice(), next), (&[(8, Ask::NewTable), (9, Ask::NewSet)][..], 11));
        let all: Vec<_> = messages(&bytes).collect();
        let kinds: Vec<_> = all.iter().map(|m| (m.kind, m.number)).collect();
        assert_eq!(kinds, [(16, 7), (0xa00, 8), (0xa09, 9), (17, 10)]);
        assert_eq!(all[1].text(1), Some("portreeve"));
        assert_eq!(all[2].number(3), Some(4));
        assert_eq!(all[2].inside(9).and_then(|mut inner| inner.next()).unwrap().1.len(), 8);
    }
}
