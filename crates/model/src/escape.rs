//! Text from outside, such that no terminal and no line-by-line reader can be deceived by it.

/// Writes control characters, characters that reorder or break lines, and bytes that are no UTF-8
/// as `\xNN`. `\x` always begins an escape: a backslash before an `x` is itself written `\x5c`.
pub fn escape(bytes: &[u8]) -> String {
    escape_but(bytes, |_| false)
}

/// As [`escape`], for a text of several lines: newlines stay.
pub fn escape_lines(text: &str) -> String {
    escape_but(text.as_bytes(), |c| c == '\n')
}

fn escape_but(bytes: &[u8], keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid().chars();
        while let Some(c) = rest.next() {
            // A backslash at the end of the valid part may meet only an escape of ours.
            let before_x = || rest.as_str().starts_with('x') || rest.as_str().is_empty();
            if !keep(c) && (deceives(c) || (c == '\\' && before_x())) {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_byte(&mut out, byte));
            } else {
                out.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| push_byte(&mut out, *byte));
    }
    out
}

fn push_byte(out: &mut String, byte: u8) {
    out.push_str("\\x");
    for digit in [byte >> 4, byte & 15] {
        out.extend(char::from_digit(digit.into(), 16));
    }
}

/// Whether a character changes how the ones around it are shown or where a line ends.
pub fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' // marks of direction
            | '\u{2028}' | '\u{2029}' // line and paragraph separators
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // embeddings and overrides
            | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_written_out_and_the_rest_stays() {
        for (bytes, want) in [
            (&b"plain text"[..], "plain text"),
            ("Grüße, 日本".as_bytes(), "Grüße, 日本"),
            (b"\x1b[31mred\x07", r"\x1b[31mred\x07"),
            (b"one\r\ntwo\tthree\0", r"one\x0d\x0atwo\x09three\x00"),
            (b"\xff\xfe latin \xe4", r"\xff\xfe latin \xe4"),
            (b"cut \xe2\x82", r"cut \xe2\x82"),
            ("c1 \u{9b}31m".as_bytes(), r"c1 \xc2\x9b31m"),
            ("\u{202e}txt.exe".as_bytes(), r"\xe2\x80\xaetxt.exe"),
            (br"DOMAIN\user", r"DOMAIN\user"),
            (br"not an escape: \x1b", r"not an escape: \x5cx1b"),
            (b"\\\xff", r"\x5c\xff"),
            (b"ends with \\", r"ends with \x5c"),
        ] {
            assert_eq!(escape(bytes), want, "{bytes:?}");
        }
        assert_eq!(escape_lines("a\nb\tc\x1b"), "a\nb\\x09c\\x1b");
    }

    #[test]
    fn different_bytes_never_look_the_same() {
        let alphabet = [b'\\', b'x', b'5', b'c', b'a', 0x1b, 0xff, 0xc3, 0xa4, b'\n'];
        let mut seen = std::collections::HashMap::new();
        for n in 0..10_000_usize {
            let bytes: Vec<u8> = [n / 1000, n / 100 % 10, n / 10 % 10, n % 10]
                .into_iter()
                .map(|digit| alphabet[digit])
                .collect();
            let other = seen.insert(escape(&bytes), bytes.clone());
            assert_eq!(other, None, "as {bytes:?}");
        }
    }
}
