//! What the words of a list mean.

use super::codes;
use super::raw::RawWord;
use crate::suggest::nearest;
use portreeve_diag::{Code, Diagnostic, Diagnostics, Level};
use portreeve_model::Network;
use portreeve_model::wrappers::{
    Broken, ClientPattern, Concerns, DaemonPattern, HostPattern, Never, Word,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is to be said of a pattern.
pub(super) struct Remark {
    level: Level,
    code: Code,
    text: String,
    help: &'static str,
}

impl Remark {
    fn new(level: Level, code: Code, text: impl Into<String>, help: &'static str) -> Self {
        Self { level, code, text: text.into(), help }
    }

    pub(super) fn said(self, word: &RawWord, out: &mut Diagnostics) {
        let Self { level, code, text, help } = self;
        out.push(Diagnostic::new(level, code, Some(word.at), text).help(help));
    }
}

/// A word of a daemon list.
pub(super) fn daemon(word: &RawWord, out: &mut Diagnostics) -> DaemonPattern {
    let (name, host) = divided(&word.text);
    let port = std::str::from_utf8(name).ok().filter(|it| it.bytes().all(|b| b.is_ascii_digit()));
    let port = port.and_then(|digits| digits.parse::<u16>().ok());
    let host = host.map(|host| pattern(host, word, out));
    match (port, host) {
        (Some(port), None) => DaemonPattern::Port(port),
        (Some(port), Some(host)) => DaemonPattern::PortAt(port, host),
        (None, None) => DaemonPattern::Name(Word::parse(name)),
        (None, Some(host)) => DaemonPattern::At(Word::parse(name), host),
    }
}

/// A word of a client list.
pub(super) fn client(word: &RawWord, out: &mut Diagnostics) -> ClientPattern {
    if word.text.starts_with(b"#") {
        let help = "put the comment on a line of its own";
        let text = "`#` does not begin a comment here: it and the words behind it are patterns";
        Remark::new(Level::Warning, codes::TRAILING_COMMENT, text, help).said(word, out);
    }
    match divided(&word.text) {
        (host, None) => ClientPattern::Host(pattern(host, word, out)),
        (user, Some(host)) => ClientPattern::User(Word::parse(user), pattern(host, word, out)),
    }
}

fn pattern(text: &[u8], word: &RawWord, out: &mut Diagnostics) -> HostPattern {
    let (pattern, remark) = host(text, word.bare);
    if let Some(remark) = remark {
        remark.said(word, out);
    }
    pattern
}

/// `left@right`, at the first `@` behind the first byte and outside brackets.
fn divided(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match outside(text, b'@', 1) {
        Some(at) => (text.get(..at).unwrap_or(text), text.get(at + 1..)),
        None => (text, None),
    }
}

/// Where a byte stands outside brackets.
fn outside(text: &[u8], wanted: u8, from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in text.iter().enumerate().skip(from) {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            byte if *byte == wanted && depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// What a word about hosts means; `bare` if it is known to be an IPv6 address outside brackets.
pub(super) fn host(text: &[u8], bare: bool) -> (HostPattern, Option<Remark>) {
    if bare && let Some(found) = outside_brackets(text) {
        return found;
    }
    match text {
        [] => {
            let help = "name a host, or leave the `@` out";
            let remark =
                Remark::new(Level::Warning, codes::NEVER_MATCHES, "no host behind `@`", help);
            (HostPattern::Never(Never::Empty), Some(remark))
        }
        [b'@', group @ ..] => (HostPattern::Netgroup(group.to_vec()), None),
        [b'/', ..] => (HostPattern::File(text.to_vec()), None),
        _ if text.eq_ignore_ascii_case(b"KNOWN") => (HostPattern::Known, None),
        _ if text.eq_ignore_ascii_case(b"LOCAL") => (HostPattern::Local, None),
        _ => match outside(text, b'/', 0) {
            Some(at) => {
                let (net, mask) = text.split_at_checked(at).unwrap_or((text, b""));
                masked(net, mask.get(1..).unwrap_or_default())
            }
            None => word(text),
        },
    }
}

fn word(text: &[u8]) -> (HostPattern, Option<Remark>) {
    let word = Word::parse(text);
    let doubt = match &word {
        Word::Same(same) => {
            let bracket = same.iter().any(|byte| matches!(byte, b'[' | b']'));
            if word.is_numeric() && ipv4(same).is_none() {
                Some("no address is written so; a part of one ends in a dot")
            } else if word.is_numeric() && canonical(same).is_none() {
                Some("addresses are compared as text, and none is written with such zeros")
            } else {
                bracket
                    .then_some("one IPv6 address stands in brackets; a prefix length follows them")
            }
        }
        Word::V6(address, _) => address
            .to_ipv4_mapped()
            .map(|_| "a client at such an address is compared as the IPv4 address it stands for"),
        Word::Glob(_) | Word::Tail(_) | Word::Head(_) | Word::All | Word::Known => None,
    };
    let nearly = match &word {
        Word::Same(same) => nearly_reserved(same),
        Word::V6(..) | Word::Glob(_) | Word::Tail(_) | Word::Head(_) | Word::All | Word::Known => {
            None
        }
    };
    if let Some((text, help)) = nearly {
        let remark = Remark::new(Level::Warning, codes::RESERVED_WORD, text, help);
        return (HostPattern::Word(word), Some(remark));
    }
    let remark = doubt.map(|text| {
        let help = "write `192.0.2.`, `192.0.2.0/24`, `192.0.2.7`, `[2001:db8::7]` or \
                    `[2001:db8::]/32`";
        Remark::new(Level::Warning, codes::NEVER_MATCHES, text, help)
    });
    (HostPattern::Word(word), remark)
}

/// What is to be said of a word in capitals that is a slip of the pen away from a reserved one.
fn nearly_reserved(text: &[u8]) -> Option<(String, &'static str)> {
    const WORDS: [(&str, &str); 6] = [
        ("ALL", "write `ALL`, if that is meant"),
        ("EXCEPT", "write `EXCEPT`, if that is meant"),
        ("KNOWN", "write `KNOWN`, if that is meant"),
        ("LOCAL", "write `LOCAL`, if that is meant"),
        ("PARANOID", "write `PARANOID`, if that is meant"),
        ("UNKNOWN", "write `UNKNOWN`, if that is meant"),
    ];
    let text = std::str::from_utf8(text).ok()?;
    let capitals = text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if !capitals || WORDS.iter().any(|(word, _)| *word == text) {
        return None;
    }
    let meant = nearest(text, WORDS.iter().map(|(word, _)| *word))?;
    let (_, help) = WORDS.iter().find(|(word, _)| *word == meant)?;
    Some((format!("`{text}` is the name of a host here"), help))
}

/// An IPv6 address outside brackets, perhaps with a prefix length.
fn outside_brackets(text: &[u8]) -> Option<(HostPattern, Option<Remark>)> {
    let text = std::str::from_utf8(text).ok()?;
    let network = text.parse::<Network>().or_else(|_| {
        let address = text.split_once('/').map_or(text, |(address, _)| address);
        address.parse::<IpAddr>().map(Network::host)
    });
    let network = network.ok()?;
    let remark = Remark::new(
        Level::Error,
        codes::BARE_IPV6,
        format!("`{text}` is an IPv6 address outside brackets: each colon would end the list"),
        "write `[address]` or `[address]/length`",
    );
    Some((HostPattern::Broken(Broken::Bare(network)), Some(remark)))
}

fn masked(net: &[u8], mask: &[u8]) -> (HostPattern, Option<Remark>) {
    if let Some(inside) = net.strip_prefix(b"[").and_then(|net| net.strip_suffix(b"]")) {
        let inside = std::str::from_utf8(inside).ok();
        let address = inside.and_then(|it| it.split('%').next()?.parse::<Ipv6Addr>().ok());
        return match address {
            Some(address) if address.to_ipv4_mapped().is_none() => six(address, mask),
            _ => nowhere("only an IPv6 address stands in brackets"),
        };
    }
    match ipv4(net) {
        Some(net) => four(net, mask),
        None => {
            nowhere("a net is four numbers up to 255 before `/`, or an IPv6 address in brackets")
        }
    }
}

fn nowhere(text: &str) -> (HostPattern, Option<Remark>) {
    let help = "write `192.0.2.0/24`, or `192.0.2.` for all that begin so";
    let remark = Remark::new(Level::Warning, codes::NEVER_MATCHES, text, help);
    (HostPattern::Never(Never::Net), Some(remark))
}

fn no_length(concerns: Concerns) -> (HostPattern, Option<Remark>) {
    let (text, help) = match concerns {
        Concerns::V4 => {
            ("no such prefix length or mask", "write `/0` to `/32`, or a mask of four octets")
        }
        Concerns::V6 => ("no such prefix length", "write `/0` to `/128`"),
    };
    let remark = Remark::new(Level::Error, codes::PREFIX_LENGTH, text, help);
    (HostPattern::Broken(Broken::Length(concerns)), Some(remark))
}

fn six(address: Ipv6Addr, length: &[u8]) -> (HostPattern, Option<Remark>) {
    match number(length).map(|length| Network::new(address.into(), length)) {
        Some(Ok(network)) => (HostPattern::Network(network), None),
        _ => no_length(Concerns::V6),
    }
}

fn four(net: Ipv4Addr, mask: &[u8]) -> (HostPattern, Option<Remark>) {
    let length = number(mask).filter(|length| *length <= 32);
    let bits = match length {
        Some(length) => u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0),
        None => match ipv4(mask) {
            Some(mask) => u32::from(mask),
            None => return no_length(Concerns::V4),
        },
    };
    let whole = u32::from(net);
    let help = "write the net with zeros there";
    let remark = if whole & !bits != 0 {
        let net = Ipv4Addr::from(whole & bits);
        let text = format!("bits of the net stand outside its mask: it is taken for {net}");
        Some(Remark::new(Level::Warning, codes::HOST_BITS, text, help))
    } else if length == Some(0) || (length.is_none() && bits == u32::MAX) {
        let text = "other programs do not take this mask, and match nobody";
        let help = "write `ALL`, or the address alone";
        Some(Remark::new(Level::Note, codes::WIDE_MASK, text, help))
    } else {
        None
    };
    (HostPattern::Masked { net: Ipv4Addr::from(whole & bits), mask: bits.into() }, remark)
}

fn number(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text).ok()?;
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| all)
}

/// Four numbers, each as C writes them: `0x` for sixteen, a leading zero for eight.
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let text = std::str::from_utf8(text).ok()?;
    let octet = |part: &str| {
        let hex = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
        let (digits, radix) = match (hex, part.strip_prefix('0')) {
            (Some(hex), _) => (hex, 16),
            (None, Some(octal)) if !octal.is_empty() => (octal, 8),
            (None, _) => (part, 10),
        };
        u8::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))
    };
    let mut parts = text.split('.').map(octet);
    let mut next = || parts.next().flatten();
    let address = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    parts.next().is_none().then_some(address)
}

/// An IPv4 address as it is printed.
fn canonical(text: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nets_and_masks_mean_what_they_say() {
        let masked = |net: [u8; 4], mask: u32| HostPattern::Masked {
            net: net.into(),
            mask: Ipv4Addr::from(mask),
        };
        for (text, want, code) in [
            ("192.0.2.0/24", masked([192, 0, 2, 0], 0xffff_ff00), None),
            ("192.0.2.10/24", masked([192, 0, 2, 0], 0xffff_ff00), Some(codes::HOST_BITS)),
            ("192.0.2.10/32", masked([192, 0, 2, 10], u32::MAX), None),
            ("0.0.0.0/0", masked([0; 4], 0), Some(codes::WIDE_MASK)),
            ("1.2.3.4/255.255.255.255", masked([1, 2, 3, 4], u32::MAX), Some(codes::WIDE_MASK)),
            ("10.0.0.0/255.0.0.255", masked([10, 0, 0, 0], 0xff00_00ff), None),
            ("010.0.0.0/8", masked([8, 0, 0, 0], 0xff00_0000), None),
            (
                "10.0.0.0/33",
                HostPattern::Broken(Broken::Length(Concerns::V4)),
                Some(codes::PREFIX_LENGTH),
            ),
            (
                "10.0.0.0/24x",
                HostPattern::Broken(Broken::Length(Concerns::V4)),
                Some(codes::PREFIX_LENGTH),
            ),
            (
                "[::1]/abc",
                HostPattern::Broken(Broken::Length(Concerns::V6)),
                Some(codes::PREFIX_LENGTH),
            ),
            (
                "[::1]/129",
                HostPattern::Broken(Broken::Length(Concerns::V6)),
                Some(codes::PREFIX_LENGTH),
            ),
            ("[2001:db8::9]/32", HostPattern::Network("2001:db8::/32".parse().unwrap()), None),
            ("10.0.0/24", HostPattern::Never(Never::Net), Some(codes::NEVER_MATCHES)),
            ("[::ffff:10.0.0.0]/104", HostPattern::Never(Never::Net), Some(codes::NEVER_MATCHES)),
            (
                "192.0.2",
                HostPattern::Word(Word::Same(b"192.0.2".to_vec())),
                Some(codes::NEVER_MATCHES),
            ),
        ] {
            let (found, remark) = host(text.as_bytes(), false);
            assert_eq!((found, remark.map(|it| it.code)), (want, code), "{text}");
        }
    }
}
