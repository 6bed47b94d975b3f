//! Words that stand where an address or a host name is wanted but are neither.

use super::super::codes;
use super::super::lex::Word;
use super::super::report::{error, quote};
use portreeve_diag::Diagnostic;
use portreeve_model::HostPattern;

/// Reads a host name, or `.domain`; a slip in an address is not taken for a name.
pub(in super::super) fn host(text: &str) -> Option<HostPattern> {
    let labels: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    let numeric = |label: &&&str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit());
    // No top-level domain begins with a digit: `10.0.0.1o` and `10.0.o.1` are slips, and so is
    // `10.0.0.l`.
    let last = labels.last().copied().unwrap_or("");
    let slip = labels.len() > 1 && last.starts_with(|c: char| c.is_ascii_digit());
    let nearly = labels.len() == 4 && labels.iter().filter(numeric).count() >= 3;
    HostPattern::parse(text).filter(|_| !slip && !nearly)
}

/// The finding for a placeholder such as `88.???.???.???`, if the word is one: examples print
/// them where the reader's own address belongs.
pub(in super::super) fn placeholder(word: &Word) -> Option<Diagnostic> {
    let text = word.text.as_str();
    let stand_in = |part: &str| !part.is_empty() && part.bytes().all(|b| b == b'x' || b == b'X');
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = text.split('.');
    let dotted = text.contains('.')
        && parts.clone().any(stand_in)
        && parts.all(|part| stand_in(part) || numeric(part));
    if !dotted && !text.contains(['?', '<', '>']) {
        return None;
    }
    let message = format!("{} is a placeholder, not an address", quote(text));
    let help = "replace it by the host's address, such as `192.0.2.1`";
    Some(error(codes::PLACEHOLDER, word.at, message).help(help))
}

/// The finding for a word of hosts.allow, if it is one: xinetd knows none of them.
pub(in super::super) fn wrappers_word(word: &Word) -> Option<Diagnostic> {
    const WORDS: [(&str, &str); 6] = [
        ("ALL", "write `0.0.0.0/0 ::/0` for everybody"),
        ("LOCAL", "write the networks or names that are meant"),
        ("KNOWN", "remove it; xinetd's lists have no such word"),
        ("UNKNOWN", "remove it; xinetd's lists have no such word"),
        ("PARANOID", "remove it; a name counts only if it resolves back to the address"),
        ("EXCEPT", "write the exceptions as `no_access`"),
    ];
    let text = word.text.as_str();
    let finding = |help: &str| {
        let message =
            format!("{} is a word of hosts.allow, which xinetd does not know", quote(text));
        Some(error(codes::WRAPPERS_WORD, word.at, message).help(help))
    };
    if let Some((_, help)) = WORDS.iter().find(|(known, _)| word.is(known)) {
        return finding(help);
    }
    let prefix = text.ends_with('.') && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match text {
        _ if text.contains('*') => finding("write the network, such as `192.0.2.0/24`"),
        _ if prefix && text.len() > 1 => finding("write the network, such as `192.0.2.0/24`"),
        _ if text.contains('@') => finding("write addresses, networks or host names"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_diag::{FileId, Span};

    #[test]
    fn slips_in_addresses_are_not_taken_for_names() {
        for (text, want) in [
            ("localhost", true),
            ("3com.example.com", true),
            ("1.2.example.com", true),
            (".example.com", true),
            ("a_b.example", true),
            ("10.0.0.1o", false),
            ("10.0.o.1", false),
            ("10.0.0.l", false),
            ("l0.0.0.1", false),
            ("10.0.0.300", false),
            ("a..b", false),
            ("-", false),
        ] {
            assert_eq!(host(text).is_some(), want, "{text}");
        }
    }

    #[test]
    fn placeholders_are_known_by_their_stand_ins() {
        for (text, want) in [
            ("88.???.???.???", true),
            ("192.168.1.x", true),
            ("x.x.x.x", true),
            ("10.0.0.XXX", true),
            ("<address>", true),
            ("10.0.*.1", false),
            ("10.0.0.1", false),
            ("x.org", false),
            ("xx", false),
        ] {
            let word = Word { text: text.into(), at: Span::new(FileId(0), 0, 0) };
            assert_eq!(placeholder(&word).is_some(), want, "{text}");
        }
    }
}
