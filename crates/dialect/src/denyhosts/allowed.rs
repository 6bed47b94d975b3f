//! `allowed-hosts`: who is never denied.

use super::codes;
use super::values::shown;
use crate::Files;
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level, Sources, Span};
use portreeve_model::AddressRange;
use std::net::{IpAddr, Ipv4Addr};

/// How `a.b.c.[x-y]` is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Up to y, and y is not in it: as DenyHosts does.
    #[default]
    EndLeftOut,
    /// Up to y, with y: as it is written.
    AsWritten,
}

impl Reading {
    /// Both, with their words.
    pub const WORDS: [(&'static str, Self); 2] =
        [("end-left-out", Self::EndLeftOut), ("as-written", Self::AsWritten)];
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whom it allows.
    pub range: AddressRange,
    /// As it is written.
    pub text: String,
    /// Where.
    pub at: Span,
}

/// A whole list.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// Its entries, in their order.
    pub entries: Vec<Entry>,
    /// Host names in it, which are not looked up.
    pub names: Vec<String>,
}

/// Entries of a list, at most.
const MOST: usize = 10_000;

impl Allowed {
    /// Reads `allowed-hosts` of a work directory; one that is not there allows nobody. `at`: where the
    /// directory is named.
    pub fn read(
        directory: &str,
        at: Option<Span>,
        reading: Reading,
        files: &mut dyn Files,
        sources: &mut Sources,
        found: &mut Diagnostics,
    ) -> Self {
        let path = format!("{}/allowed-hosts", directory.trim_end_matches('/'));
        match files.read_optional(&path) {
            Ok(Some(bytes)) => {
                let file = sources.add(path, String::from_utf8_lossy(&bytes));
                Self::of(file, sources, reading, found)
            }
            Ok(None) => Self::default(),
            Err(failure) => {
                let message = format!("`{}` cannot be read: {}", shown(&path), failure.reason);
                let finding = Diagnostic::new(Level::Error, codes::UNREADABLE, at, message);
                found.push(finding.help("whoever it allows could be banned without it"));
                Self::default()
            }
        }
    }

    /// Reads a text.
    pub fn of(file: FileId, sources: &Sources, reading: Reading, found: &mut Diagnostics) -> Self {
        let mut allowed = Self::default();
        let mut start = 0;
        for line in sources.text(file).split_inclusive('\n') {
            let begin = start + (line.len() - line.trim_start().len());
            start += line.len();
            let text = line.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let at = Span::new(file, begin, begin + text.len());
            if allowed.entries.len() + allowed.names.len() >= MOST {
                let message = format!("more than {MOST} entries");
                found.push(Diagnostic::new(Level::Error, codes::TOO_LARGE, Some(at), message));
                break;
            }
            allowed.entry(text, at, reading, found);
        }
        allowed
    }

    fn entry(&mut self, text: &str, at: Span, reading: Reading, found: &mut Diagnostics) {
        let mut warn = |code, message: String, help: &str| {
            found.push(Diagnostic::new(Level::Warning, code, Some(at), message).help(help));
        };
        let Some((range, rest)) = range(text, reading) else {
            if let Ok(address) = text.parse::<IpAddr>() {
                return self.push(AddressRange::new(address, address).ok(), text, at);
            }
            let message = format!("`{}` is a host's name, and no name is looked up", shown(text));
            warn(codes::ALLOWED_NAME, message, "write its address");
            self.names.push(text.to_owned());
            return;
        };
        if !rest.is_empty() {
            let message = format!("`{}` behind the address is not read", shown(rest));
            let help = match rest.starts_with(['/', '-']) {
                true => "networks are written `a.b.c.*`, or in `never` of `[ban]`",
                false => "put it in a line of its own, with `#` first",
            };
            warn(codes::ALLOWED_REST, message, help);
        }
        match range {
            Span4::Empty => {
                let message = format!("`{}` allows nobody", shown(text));
                warn(codes::ALLOWED_EMPTY, message, "the first number must be the lesser one");
            }
            Span4::Wrong => {
                let message = format!("`{}` is no address: a number is above 255", shown(text));
                warn(codes::ALLOWED_EMPTY, message, "write an address");
            }
            Span4::Dashed(range, end) => {
                let message = match reading {
                    Reading::EndLeftOut => {
                        format!(
                            "`{}` does not allow {end}: DenyHosts leaves the end out",
                            shown(text)
                        )
                    }
                    Reading::AsWritten => {
                        format!("`{}` allows {end} too, which DenyHosts leaves out", shown(text))
                    }
                };
                let help = match reading {
                    Reading::EndLeftOut => {
                        "`allowed-ranges = \"as-written\"` of the import takes it in"
                    }
                    Reading::AsWritten => {
                        "`allowed-ranges = \"end-left-out\"` of the import reads it as DenyHosts does"
                    }
                };
                warn(codes::ALLOWED_RANGE, message, help);
                self.push(Some(range), text, at);
            }
            Span4::Plain(range) => self.push(Some(range), text, at),
        }
    }

    fn push(&mut self, range: Option<AddressRange>, text: &str, at: Span) {
        self.entries.extend(range.map(|range| Entry { range, text: text.to_owned(), at }));
    }

    /// Whether somebody is allowed.
    #[must_use]
    pub fn contains(&self, peer: IpAddr) -> bool {
        self.entries.iter().any(|entry| entry.range.contains(peer))
    }
}

enum Span4 {
    /// An address, or all of its last number.
    Plain(AddressRange),
    /// A range with a dash, and the address that is its end.
    Dashed(AddressRange, Ipv4Addr),
    /// A range in which nobody is.
    Empty,
    /// Numbers above 255.
    Wrong,
}

/// What a line says that begins with four numbers, and what stands behind it.
fn range(text: &str, reading: Reading) -> Option<(Span4, &str)> {
    let mut rest = text;
    let mut three = [0_u32; 3];
    for number in &mut three {
        let (read, behind) = digits(rest)?;
        *number = read;
        rest = behind.strip_prefix('.')?;
    }
    let address = |last: u32| {
        let all: Option<Vec<u8>> =
            three.iter().chain([&last]).map(|number| u8::try_from(*number).ok()).collect();
        <[u8; 4]>::try_from(all?).ok().map(Ipv4Addr::from)
    };
    let between = |first: u32, last: u32| {
        let ends = address(first)?.into();
        AddressRange::new(ends, address(last)?.into()).ok()
    };
    if let Some(behind) = rest.strip_prefix('*') {
        return Some((between(0, 255).map_or(Span4::Wrong, Span4::Plain), behind));
    }
    if let Some((last, behind)) = digits(rest) {
        return Some((between(last, last).map_or(Span4::Wrong, Span4::Plain), behind));
    }
    let (first, behind) = digits(rest.strip_prefix('[')?)?;
    let (last, behind) = digits(behind.strip_prefix('-')?)?;
    let behind = behind.strip_prefix(']')?;
    // DenyHosts has texts, and `a.b.c.256` is nobody's
    let Some(end) = address(last.min(255)) else { return Some((Span4::Wrong, behind)) };
    let to = match reading {
        Reading::EndLeftOut => last.min(256).checked_sub(1),
        Reading::AsWritten => Some(last.min(255)),
    };
    let span = to.filter(|to| first <= *to).and_then(|to| between(first, to));
    Some((span.map_or(Span4::Empty, |range| Span4::Dashed(range, end)), behind))
}

/// One to three digits.
fn digits(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, reading: Reading) -> (Allowed, Vec<&'static str>) {
        let mut sources = Sources::new();
        let file = sources.add("allowed-hosts", text);
        let mut found = Diagnostics::new();
        let allowed = Allowed::of(file, &sources, reading, &mut found);
        (allowed, found.iter().map(|finding| finding.code.0).collect())
    }

    #[test]
    fn every_form_is_read() {
        for (text, want, codes) in [
            ("192.0.2.7", "192.0.2.7-192.0.2.7", &[][..]),
            ("  192.0.2.7  \n", "192.0.2.7-192.0.2.7", &[]),
            ("192.0.2.*", "192.0.2.0-192.0.2.255", &[]),
            ("192.0.2.[6-9]", "192.0.2.6-192.0.2.8", &["denyhosts-allowed-range"]),
            ("192.0.2.[0-256]", "192.0.2.0-192.0.2.255", &["denyhosts-allowed-range"]),
            ("192.0.2.[9-9]", "", &["denyhosts-allowed-empty"]),
            ("192.0.2.300", "", &["denyhosts-allowed-empty"]),
            ("192.0.2.7 me", "192.0.2.7-192.0.2.7", &["denyhosts-allowed-rest"]),
            ("192.0.2.0/24", "192.0.2.0-192.0.2.0", &["denyhosts-allowed-rest"]),
            ("home.example.org", "", &["denyhosts-allowed-name"]),
            ("2001:db8::7", "2001:db8::7-2001:db8::7", &[]),
            ("# 192.0.2.7\n\n", "", &[]),
        ] {
            let (allowed, found) = of(text, Reading::EndLeftOut);
            let ranges: Vec<_> = allowed.entries.iter().map(|e| e.range.to_string()).collect();
            assert_eq!((ranges.join(" ").as_str(), &*found), (want, codes), "{text}");
        }
        let (allowed, found) = of("192.0.2.[6-9]\n", Reading::AsWritten);
        assert_eq!(allowed.entries[0].range.to_string(), "192.0.2.6-192.0.2.9");
        assert_eq!(found, ["denyhosts-allowed-range"]);
    }
}
