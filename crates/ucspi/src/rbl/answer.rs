//! What a name server's answer holds (RFC 1035, 4.1), as far as these questions go.

use std::net::Ipv4Addr;

/// Numbers of kinds of records, and the class of all of them.
const A: u16 = 1;
const TXT: u16 = 16;
const INTERNET: u16 = 1;

/// The records of an answer, whatever name they are of: a resolver follows aliases by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Texts of all of its TXT records, one behind the other; at most as long as the packet.
    pub text: Vec<u8>,
    /// Of its A records.
    pub addresses: Vec<Ipv4Addr>,
}

/// The records of an answer's packet; nothing when it is damaged. Works in one pass, never follows a
/// pointer, and holds no more than the packet.
#[must_use]
pub fn records(packet: &[u8]) -> Option<Records> {
    let (header, mut rest) = packet.split_first_chunk::<12>()?;
    let [_, _, _, _, questions_high, questions_low, answers_high, answers_low, ..] = *header;
    for _ in 0..u16::from_be_bytes([questions_high, questions_low]) {
        rest = behind_name(rest)?.get(4..)?;
    }
    let mut found = Records::default();
    for _ in 0..u16::from_be_bytes([answers_high, answers_low]) {
        let (head, data) = behind_name(rest)?.split_first_chunk::<10>()?;
        let [kind_high, kind_low, class_high, class_low, _, _, _, _, long, short] = *head;
        let length = usize::from(u16::from_be_bytes([long, short]));
        let (data, behind) = data.split_at_checked(length)?;
        rest = behind;
        if u16::from_be_bytes([class_high, class_low]) != INTERNET {
            continue;
        }
        match u16::from_be_bytes([kind_high, kind_low]) {
            TXT => texts(data, &mut found.text)?,
            A => found.addresses.push(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?)),
            _ => {}
        }
    }
    Some(found)
}

/// What follows a name: labels up to the root, or up to a pointer, which ends it.
fn behind_name(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (length, behind) = rest.split_first()?;
        rest = match length {
            0 => return Some(behind),
            1..64 => behind.get(usize::from(*length)..)?,
            192.. => return behind.get(1..),
            _ => return None,
        };
    }
}

/// Each with its length before it.
fn texts(mut data: &[u8], text: &mut Vec<u8>) -> Option<()> {
    while let Some((length, behind)) = data.split_first() {
        let (part, rest) = behind.split_at_checked(usize::from(*length))?;
        text.extend_from_slice(part);
        data = rest;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer about `a.b` with these records, each kind, class and data.
    fn packet(answers: &[(u16, u16, &[u8])]) -> Vec<u8> {
        let mut packet = vec![7, 7, 0x81, 0x80, 0, 1, 0, u8::try_from(answers.len()).unwrap()];
        packet.extend([0; 4]);
        packet.extend(b"\x01a\x01b\0\0\x10\0\x01");
        for (kind, class, data) in answers {
            packet.extend([0xc0, 12]);
            packet.extend(kind.to_be_bytes());
            packet.extend(class.to_be_bytes());
            packet.extend([0; 4]);
            packet.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            packet.extend(*data);
        }
        packet
    }

    #[test]
    fn texts_are_put_together_and_other_records_passed_over() {
        let records = records(&packet(&[
            (5, 1, b"\x01c\0"),
            (TXT, 1, b"\x03one\x00\x04 two"),
            (TXT, 3, b"\x05chaos"),
            (A, 1, &[127, 0, 0, 2]),
            (TXT, 1, b"\x01!"),
        ]));
        let want = Records { text: b"one two!".to_vec(), addresses: vec![[127, 0, 0, 2].into()] };
        assert_eq!(records, Some(want));
        assert_eq!(super::records(&packet(&[])), Some(Records::default()));
    }

    #[test]
    fn a_damaged_packet_says_nothing() {
        let whole = packet(&[(TXT, 1, b"\x03one"), (A, 1, &[127, 0, 0, 2])]);
        for length in 0..whole.len() {
            assert_eq!(records(&whole[..length]), None, "{length}");
        }
        assert_eq!(records(&packet(&[(TXT, 1, b"\x04one")])), None);
        assert_eq!(records(&packet(&[(A, 1, b"abc")])), None);
        let mut odd = whole;
        odd[12] = 0x40;
        assert_eq!(records(&odd), None);
    }
}
