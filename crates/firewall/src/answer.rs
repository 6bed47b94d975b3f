//! What the kernel says, read: headers, attributes, errors. It is the kernel's word, and bounded all
//! the same: whatever the bytes are, reading them ends.

use std::iter;

/// `NLMSG_ERROR` and `NLMSG_DONE`.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// Bytes of a netlink header, and of an nfnetlink header behind it.
const HEADER: usize = 16;
const FAMILY: usize = 4;
/// `NLM_F_ACK_TLVS` and `NLM_F_CAPPED`.
const TLVS: u16 = 0x200;
const CAPPED: u16 = 0x100;
/// `NLM_F_DUMP_INTR`.
const INTERRUPTED: u16 = 0x10;
/// `NLMSGERR_ATTR_MSG`.
const WORDS: u16 = 1;

/// One message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    flags: u16,
    /// Its number: the question's.
    pub(crate) number: u32,
    /// Whose change it tells of.
    pub(crate) port: u32,
    body: &'a [u8],
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done.
    Done,
    /// It was refused: the error's number, and the kernel's words if it has any.
    Refused(i32, String),
}

/// The messages of a packet.
pub(crate) fn messages(mut packet: &[u8]) -> impl Iterator<Item = Message<'_>> {
    iter::from_fn(move || {
        let length = usize::try_from(u32_at(packet, 0)?).ok()?.max(HEADER);
        let message = packet.get(..length)?;
        packet = packet.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Message {
            kind: u16_at(message, 4)?,
            flags: u16_at(message, 6)?,
            number: u32_at(message, 8)?,
            port: u32_at(message, 12)?,
            body: message.get(HEADER..)?,
        })
    })
}

/// Attributes, each with its kind.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let kind = u16_at(bytes, 2)? & 0x3fff;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

impl<'a> Message<'a> {
    /// Whether it says what became of a question, and what: of a list, at its end.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        if self.kind != ERROR && self.kind != DONE {
            return None;
        }
        let error = u32_at(self.body, 0).map_or(0, u32::cast_signed).saturating_neg();
        if error == 0 {
            return Some(Outcome::Done);
        }
        Some(Outcome::Refused(error, self.words().unwrap_or_default()))
    }

    fn words(&self) -> Option<String> {
        if self.flags & TLVS == 0 {
            return None;
        }
        // the error, and the message it is about: its header, or the whole of it
        let about = self.body.get(4..)?;
        let length = match self.flags & CAPPED {
            0 if self.kind == ERROR => usize::try_from(u32_at(about, 0)?).ok()?.max(HEADER),
            _ if self.kind == DONE => 0,
            _ => HEADER,
        };
        let rest = about.get(length.next_multiple_of(4)..)?;
        let (_, words) = attributes(rest).find(|(kind, _)| *kind == WORDS)?;
        Some(text(words)?.to_owned())
    }

    /// Whether something changed while the list that it is of was made.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.flags & INTERRUPTED != 0
    }

    /// The family of the table that it is about.
    pub(crate) fn family(&self) -> u8 {
        self.body.first().copied().unwrap_or(0)
    }

    /// Its attributes.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        attributes(self.body.get(FAMILY..).unwrap_or_default())
    }

    fn one(&self, kind: u16) -> Option<&'a [u8]> {
        self.all().find(|(other, _)| *other == kind).map(|(_, value)| value)
    }

    /// An attribute that is a text.
    pub(crate) fn text(&self, kind: u16) -> Option<&'a str> {
        text(self.one(kind)?)
    }

    /// One that is a number.
    pub(crate) fn number(&self, kind: u16) -> Option<u32> {
        number(self.one(kind)?)
    }

    /// One that is a long number.
    pub(crate) fn long(&self, kind: u16) -> Option<u64> {
        long(self.one(kind)?)
    }

    /// The attributes in an attribute.
    pub(crate) fn inside(
        &self,
        kind: u16,
    ) -> Option<impl Iterator<Item = (u16, &'a [u8])> + use<'a>> {
        Some(attributes(self.one(kind)?))
    }
}

/// A text as the kernel writes it, with a zero at its end.
fn text(value: &[u8]) -> Option<&str> {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    std::str::from_utf8(value.get(..end)?).ok()
}

/// A number of 32 bits as nf_tables writes it.
pub(crate) fn number(value: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(value.try_into().ok()?))
}

/// A number of 64 bits.
pub(crate) fn long(value: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(value.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let number = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(number.try_into().ok()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let number = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_ne_bytes(number.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(16 + body.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([7, 0, 0, 0, 9, 0, 0, 0]);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn an_error_comes_with_the_kernels_words() {
        let mut body = (-2_i32).to_ne_bytes().to_vec();
        body.extend([20, 0, 0, 0].into_iter().chain([0; 12]));
        body.extend([8, 0, 1, 0].into_iter().chain(*b"no!\0"));
        let bytes = message(2, 0x300, &body);
        let first = messages(&bytes).next().unwrap();
        assert_eq!(first.outcome(), Some(Outcome::Refused(2, "no!".into())));
        let bytes = message(2, 0, &[0; 20]);
        assert_eq!(messages(&bytes).next().unwrap().outcome(), Some(Outcome::Done));
        let bytes = message(3, 0, &[0; 4]);
        assert_eq!(messages(&bytes).next().unwrap().outcome(), Some(Outcome::Done));
    }

    #[test]
    fn whatever_the_bytes_are_reading_them_ends() {
        for bytes in [&[][..], &[0; 3], &[0; 64], &[255; 64], &[1; 64], &[16, 0, 0, 0]] {
            assert!(messages(bytes).count() <= 4, "{bytes:?}");
            assert!(attributes(bytes).count() <= 16, "{bytes:?}");
        }
        let short = message(2, 0x200, &[1, 0, 0, 0]);
        assert!(messages(&short).next().unwrap().outcome().is_some());
    }
}
