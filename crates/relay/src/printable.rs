//! Octets of strangers, for people.

use std::fmt::Write as _;

/// Printable ASCII as it is, all else and the backslash as `\xNN`: unambiguous, and harmless in a
/// log. At most `most` bytes, cut between characters.
pub(crate) fn escape(octets: &[u8], most: usize) -> String {
    let mut out = String::new();
    for octet in octets {
        let plain = matches!(octet, b' '..=b'~') && *octet != b'\\';
        if out.len() + if plain { 1 } else { 4 } > most {
            break;
        }
        if plain {
            out.push(char::from(*octet));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\x{octet:02x}");
        }
    }
    out
}
