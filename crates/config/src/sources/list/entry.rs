//! One line of a list.

use crate::codes;
use crate::words::pattern::{self, Oddity};
use portreeve_diag::{Code, Level};
use portreeve_model::{Network, Pattern};
use std::net::Ipv4Addr;
use std::ops::Range;

/// Bytes of the longest entry: two IPv6 addresses, or a host name, and some blanks.
const LONGEST: usize = 300;

/// An entry.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    /// What it matches.
    pub(super) pattern: Pattern,
    /// What is odd about the way it is written.
    pub(super) odd: Option<Trouble>,
}

/// Something to tell about a line.
#[derive(Debug, PartialEq)]
pub(super) struct Trouble {
    /// How bad.
    pub(super) level: Level,
    /// What kind.
    pub(super) code: Code,
    /// In words.
    pub(super) message: String,
    /// The edit that mends it.
    pub(super) help: String,
    /// Bytes of the line that it is about.
    pub(super) at: Range<usize>,
}

/// Reads a line, without its line feed: nothing, an entry, or what is wrong.
pub(super) fn parse(line: &[u8]) -> Result<Option<Entry>, Trouble> {
    let end = line.iter().position(|byte| *byte == b'#').unwrap_or(line.len());
    let written = line.get(..end).unwrap_or(line);
    let entry = written.trim_ascii();
    if entry.is_empty() {
        return Ok(None);
    }
    if let Some(network) = plain_v4(entry) {
        return Ok(Some(Entry { pattern: Pattern::Network(network), odd: None }));
    }
    let start = written.len().saturating_sub(written.trim_ascii_start().len());
    slowly(entry, start).map(Some)
}

/// What nearly every line of a long list is: an IPv4 address, or a network with no host bits.
fn plain_v4(entry: &[u8]) -> Option<Network> {
    let (mut address, mut octet, mut digits, mut dots) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut length = None;
    for (at, byte) in entry.iter().enumerate() {
        match byte {
            b'0'..=b'9' if digits == 0 || (digits < 3 && octet > 0) => {
                octet = octet.checked_mul(10)?.checked_add(u32::from(byte - b'0'))?;
                digits += 1;
            }
            b'.' if digits > 0 && octet <= 255 && dots < 3 => {
                address = address << 8 | octet;
                (octet, digits, dots) = (0, 0, dots + 1);
            }
            b'/' => {
                length = Some(match entry.get(at + 1..)? {
                    [one @ b'0'..=b'9'] => one - b'0',
                    [ten @ b'1'..=b'3', one @ b'0'..=b'9'] => (ten - b'0') * 10 + (one - b'0'),
                    _ => return None,
                });
                break;
            }
            _ => return None,
        }
    }
    let whole = dots == 3 && digits > 0 && octet <= 255;
    let address = Ipv4Addr::from(address << 8 | octet);
    let network = Network::new(address.into(), length.unwrap_or(32)).ok().filter(|_| whole)?;
    // host bits are worth a word
    (network.address() == address).then_some(network)
}

fn slowly(entry: &[u8], start: usize) -> Result<Entry, Trouble> {
    let all = start..start.saturating_add(entry.len());
    let bad = |code, message: String, help: &str| {
        let at = all.clone();
        Trouble { level: Level::Error, code, message, help: help.into(), at }
    };
    if entry.len() > LONGEST {
        let message =
            format!("an entry of {} bytes: nothing that can be listed is so long", entry.len());
        return Err(bad(codes::BAD_PATTERN, message, "write one entry on each line"));
    }
    let text = str::from_utf8(entry).map_err(|error| Trouble {
        at: start.saturating_add(error.valid_up_to())..all.end,
        ..bad(codes::NOT_UTF8, "no entry has such bytes".into(), "write host names in ASCII")
    })?;
    if text.starts_with('@') {
        let message = format!("`{text}`: a list names no other list");
        return Err(bad(codes::BAD_PATTERN, message, "name both in the configuration"));
    }
    let read = pattern::parse(text);
    if let (Err(_), Some(blank)) = (&read, text.find(|c: char| c.is_ascii_whitespace())) {
        let message = "something stands behind the entry".to_owned();
        let help = "write one entry on each line, and `#` before a comment";
        let behind = start.saturating_add(blank).saturating_add(1);
        return Err(Trouble { at: behind..all.end, ..bad(codes::BAD_PATTERN, message, help) });
    }
    let help = "write an address, a network such as `192.0.2.0/24`, a range such as \
                `192.0.2.10-192.0.2.20`, a host name or a `.domain`";
    let read = read.map_err(|reason| bad(codes::BAD_PATTERN, reason, help))?;
    let odd = read.oddity.map(|oddity| match oddity {
        Oddity::HostBits(network) => Trouble {
            level: Level::Warning,
            help: format!("write `{network}`, or the address alone"),
            ..bad(codes::HOST_BITS, format!("`{text}` is an address inside `{network}`"), "")
        },
        Oddity::AddressLike => Trouble {
            level: Level::Warning,
            help: "write a whole address, or a network with its prefix length".into(),
            ..bad(codes::LOOKS_LIKE_ADDRESS, format!("`{text}` is read as a host name"), "")
        },
    });
    Ok(Entry { pattern: read.pattern, odd })
}
