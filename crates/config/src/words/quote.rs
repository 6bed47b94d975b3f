//! Texts and keys as TOML.

use std::fmt::Write as _;

/// A basic string.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || dubious(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Characters that a reader does not see, or sees elsewhere than they are.
fn dubious(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A key, bare where it can be.
pub(crate) fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !name.is_empty() && name.bytes().all(bare) { name.into() } else { text(name) }
}

/// A list on one line.
pub(crate) fn list(entries: impl IntoIterator<Item = String>) -> String {
    let entries: Vec<_> = entries.into_iter().collect();
    format!("[{}]", entries.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_survives() {
        let ugly = "\u{1}\u{7f}\u{85}\"\\\r\n\t é \u{202e} \u{1f600} '''";
        let line = format!("{} = {}", key("a b"), text(ugly));
        let table = toml::de::DeTable::parse(&line).unwrap();
        let value = table.get_ref().get("a b").unwrap();
        assert_eq!(value.get_ref().as_str(), Some(ugly));
        assert!(!line.contains('\u{202e}'));
        assert_eq!(key("keep-alive"), "keep-alive");
    }
}
