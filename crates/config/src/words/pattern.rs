//! Entries of access lists: addresses, networks, ranges, host names and `.domains`.

use portreeve_model::{AddressRange, BadRange, HostPattern, Network, Pattern};
use std::net::IpAddr;

/// An entry, and what is odd about the way it is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What it matches.
    pub(crate) pattern: Pattern,
    /// What to tell the operator.
    pub(crate) oddity: Option<Oddity>,
}

/// Something an entry may not have been meant to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// A network written with an address inside it; the network it is read as.
    HostBits(Network),
    /// A host name that looks like an address.
    AddressLike,
}

/// Words of hosts.allow that would be read as host names, and never match.
const WORDS: [&str; 8] =
    ["all", "any", "everybody", "local", "known", "unknown", "paranoid", "except"];

/// Reads an entry.
pub(crate) fn parse(text: &str) -> Result<Entry, String> {
    if let Ok(network) = text.parse::<Network>() {
        let (address, _) = text.split_once('/').unwrap_or((text, ""));
        let given = address.parse::<IpAddr>().map(portreeve_model::unmapped);
        let odd = given.is_ok_and(|given| given != network.address());
        let oddity = odd.then_some(Oddity::HostBits(network));
        return Ok(Entry { pattern: Pattern::Network(network), oddity });
    }
    match text.parse::<AddressRange>() {
        Ok(range) => return Ok(Entry { pattern: Pattern::Range(range), oddity: None }),
        Err(BadRange::Address) if !range_like(text) => {}
        Err(why) => return Err(format!("`{text}`: {why}")),
    }
    if let Some((address, length)) = text.split_once('/') {
        return Err(match address.parse::<IpAddr>() {
            Ok(_) if length.contains('.') => {
                format!("`{text}`: write the mask as a prefix length, such as `/24`")
            }
            Ok(_) => format!("`{text}`: the prefix length is 0 to 32 (IPv4) or 0 to 128 (IPv6)"),
            Err(_) => format!("`{text}`: `{address}` is no address"),
        });
    }
    if WORDS.contains(&text.to_ascii_lowercase().as_str()) {
        return Err(format!("`{text}` has no special meaning here"));
    }
    if let Some(network) = beginning(text) {
        return Err(format!("`{text}`: write addresses that begin so as a network, `{network}`"));
    }
    if let Some(domain) = text.strip_prefix('*').filter(|it| HostPattern::parse(it).is_some())
        && domain.starts_with('.')
    {
        return Err(format!("`{text}`: write the names below a domain as `{domain}`"));
    }
    let host = HostPattern::parse(text);
    let host = host.ok_or_else(|| format!("`{text}` is no address, network or host name"))?;
    let oddity = address_like(text).then_some(Oddity::AddressLike);
    Ok(Entry { pattern: Pattern::Host(host), oddity })
}

/// The network of `192.0.2.`, which is how hosts.allow and tcprules write one.
fn beginning(text: &str) -> Option<Network> {
    let octets = text.strip_suffix('.')?;
    let count = octets.split('.').count();
    let zeros = ".0".repeat(4_usize.checked_sub(count).filter(|zeros| *zeros > 0)?);
    let length = count.checked_mul(8)?;
    format!("{octets}{zeros}/{length}").parse().ok()
}

/// Whether a text with a `-` was meant for a range: host names have them too.
fn range_like(text: &str) -> bool {
    let address = |side: &str| {
        let side = side.trim_matches([' ', '\t']);
        side.split('/').next().is_some_and(|side| side.parse::<IpAddr>().is_ok())
    };
    text.split_once('-').is_some_and(|(first, last)| address(first) || address(last))
}

/// Names such as `10.0.0.x` or `0x7f000001`, which other tools read as addresses.
fn address_like(text: &str) -> bool {
    let hexadecimal = text.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("0x"));
    let number = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit());
    let mut labels = text.split('.');
    let last = labels.next_back();
    let mut first = labels.peekable();
    hexadecimal
        || last.is_some_and(number)
        || (first.peek().is_some_and(|l| !l.is_empty()) && first.all(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_networks_or_names() {
        for (text, shown, odd) in [
            ("192.0.2.0/24", "192.0.2.0/24", false),
            ("192.0.2.1", "192.0.2.1", false),
            ("::ffff:192.0.2.1", "192.0.2.1", false),
            ("192.0.2.7/24", "192.0.2.0/24", true),
            ("2001:db8::/32", "2001:db8::/32", false),
            ("Gate.Example.org", "gate.example.org", false),
            (".example.org", ".example.org", false),
            ("localhost", "localhost", false),
            ("10.0.0.x", "10.0.0.x", true),
            ("0x7f000001", "0x7f000001", true),
            ("3com.com", "3com.com", false),
            ("192.0.2.10-192.0.2.20", "192.0.2.10-192.0.2.20", false),
            ("2001:db8:: - 2001:db8::f", "2001:db8::-2001:db8::f", false),
            ("10-0-0-1.pool.example", "10-0-0-1.pool.example", false),
        ] {
            let entry = parse(text).unwrap();
            assert_eq!(entry.pattern.to_string(), shown, "{text}");
            assert_eq!(entry.oddity.is_some(), odd, "{text}");
        }
        for bad in ["", "ALL", "local", "10.0.0", "10.1.2.3/255.0.0.0", "1.2.3.4/33", "a b", "x/8"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        for (bad, mend) in [
            ("10.", "as a network, `10.0.0.0/8`"),
            ("192.0.2.", "as a network, `192.0.2.0/24`"),
            ("*.example.org", "as `.example.org`"),
        ] {
            let why = parse(bad).unwrap_err();
            assert!(why.ends_with(mend), "{why}");
        }
        for plain in ["10.0.0.1.", "300.", "*", "*x.org", "."] {
            let why = parse(plain).unwrap_err();
            assert!(why.ends_with("is no address, network or host name"), "{why}");
        }
        for bad in ["10.0.0.9-10.0.0.1", "10.0.0.1-9", "10.0.0.1-::", "10.0.0.0-10.0.0.0/8", "a-::"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
