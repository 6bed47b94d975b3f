//! Words of a plan's text: any bytes, in visible ASCII.

/// As a word.
pub(super) fn escaped(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "%".into();
    }
    let mut word = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'%' => word.push_str("%25"),
            0x21..=0x7e => word.push(char::from(*byte)),
            _ => {
                word.push('%');
                word.extend([byte >> 4, byte & 15].map(|digit| {
                    char::from_digit(u32::from(digit), 16)
                        .map_or('0', |digit| digit.to_ascii_uppercase())
                }));
            }
        }
    }
    word
}

/// What a word stands for; nothing when it is not one, or stands for a NUL byte.
pub(super) fn unescaped(word: &[u8]) -> Option<Vec<u8>> {
    if word == b"%" {
        return Some(Vec::new());
    }
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    loop {
        rest = match rest {
            [] => break,
            [b'%', high, low, rest @ ..] => {
                match digit(*high)? << 4 | digit(*low)? {
                    0 => return None,
                    byte => bytes.push(byte),
                }
                rest
            }
            [byte @ 0x21..=0x7e, rest @ ..] if *byte != b'%' => {
                bytes.push(*byte);
                rest
            }
            _ => return None,
        };
    }
    (!bytes.is_empty()).then_some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10)),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_bytes_are_digits() {
        for (bytes, word) in [
            (&b""[..], "%"),
            (b"a b", "a%20b"),
            (b"100%", "100%25"),
            (b"\n\xff\x7f~", "%0A%FF%7F~"),
            ("\u{e4}".as_bytes(), "%C3%A4"),
        ] {
            assert_eq!(escaped(bytes), word);
            assert_eq!(unescaped(word.as_bytes()).as_deref(), Some(bytes));
        }
        assert_eq!(unescaped(b"%0a").as_deref(), Some(&b"\n"[..]));
        for wrong in ["", "a%", "%2", "%zz", "%00", "a b", "\u{e4}"] {
            assert_eq!(unescaped(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
