//! Host names that may be compared with a rule and written to a log.

use std::fmt;
use std::net::IpAddr;

/// Bytes of a name without its final dot, at most (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;

/// Bytes of a label, at most.
const MAX_LABEL: usize = 63;

/// A host name: lower case, no final dot, only letters, digits, `-` and `_`, never an address.
///
/// The underscore is no host character of RFC 952, but reverse zones in use have it, resolvers
/// let it pass, and it harms neither a log nor a comparison.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HostName(Box<str>);

impl HostName {
    /// The name written as `text`, with or without final dot, in any case.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        Self::from_labels(text.strip_suffix(b".").unwrap_or(text).split(|byte| *byte == b'.'))
    }

    /// The name made of `labels`. Labels of a DNS answer may hold any byte, dots among them, so
    /// they are looked at one by one.
    pub(crate) fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut name = String::new();
        for label in labels {
            if !is_label(label)
                || name.len() + label.len() >= MAX_NAME + usize::from(name.is_empty())
            {
                return None;
            }
            if !name.is_empty() {
                name.push('.');
            }
            name.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
        }
        // A reverse zone may claim the name `10.0.0.1`, which a rule or a reader would take for
        // an address. No host has a numeric last label (RFC 3696, 2).
        let last = name.rsplit('.').next().unwrap_or_default();
        let numeric = last.bytes().all(|byte| byte.is_ascii_digit());
        (!name.is_empty() && !numeric && name.parse::<IpAddr>().is_err())
            .then(|| Self(name.into_boxed_str()))
    }

    /// The labels, first one first.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split('.').map(str::as_bytes)
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_label(label: &[u8]) -> bool {
    let host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_LABEL).contains(&label.len())
        && label.iter().all(host)
        && label.first() != Some(&b'-')
        && label.last() != Some(&b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lowered_and_lose_their_final_dot() {
        for (given, want) in [
            ("Mail.Example.ORG.", "mail.example.org"),
            ("localhost", "localhost"),
            ("a_b.example.org", "a_b.example.org"),
            ("4.3.2.1.dialup.example.org", "4.3.2.1.dialup.example.org"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("3com.example.1a", "3com.example.1a"),
        ] {
            let name = HostName::parse(given.as_bytes()).expect(given);
            assert_eq!(name.to_string(), want);
            assert_eq!(HostName::from_labels(name.labels()), Some(name.clone()));
        }
    }

    #[test]
    fn what_is_no_host_name_is_nothing() {
        let bad: [&[u8]; 14] = [
            b"",
            b".",
            b"a..b",
            b".a",
            b"a..",
            b"-a.example",
            b"a-.example",
            b"a b.example",
            b"a\n.example",
            b"a\x1b[2J.example",
            b"b\xc3\xbccher.example",
            b"192.0.2.1",
            b"example.007",
            b"a\\.b.example",
        ];
        for bad in bad {
            assert_eq!(HostName::parse(bad), None, "{}", bad.escape_ascii());
        }
        assert_eq!(HostName::from_labels([b"a.b".as_slice(), b"example"]), None);
        assert_eq!(HostName::from_labels([]), None);
    }

    #[test]
    fn whatever_passes_is_harmless() {
        for text in crate::hostile::texts(b"Mail-1.Example_x.org..xn--a.10.0.0.1.", 4000) {
            let Some(name) = HostName::parse(&text) else { continue };
            let shown = name.to_string();
            let plain = |byte: u8| byte.is_ascii_lowercase() || b"0123456789.-_".contains(&byte);
            assert!(shown.len() <= MAX_NAME && shown.bytes().all(plain), "{shown:?}");
            assert!(shown.parse::<IpAddr>().is_err());
            assert_eq!(HostName::parse(shown.as_bytes()), Some(name));
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let label = "a".repeat(63);
        assert!(HostName::parse(label.as_bytes()).is_some());
        assert!(HostName::parse(format!("{label}a").as_bytes()).is_none());
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(longest.len(), MAX_NAME);
        assert!(HostName::parse(longest.as_bytes()).is_some());
        assert!(HostName::parse(format!("{longest}.").as_bytes()).is_some());
        assert!(HostName::parse(format!("{longest}a").as_bytes()).is_none());
    }
}
