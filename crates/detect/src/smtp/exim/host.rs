//! Whom Exim names: `NAME (HELO) [ADDRESS]:port I=[INTERFACE]:port U=IDENT`.

use crate::address;
use crate::scan::{Peer, behind_each, bracketed_port, cut_last, holds};

/// A host at the start of this text, and what is behind its address and port.
///
/// Without a HELO in parentheses the address is where no client's text is before it. With one, the
/// HELO may be of a kind that holds a whole host: then an address stands behind more than one `) `,
/// and unless it is always the same, nobody can tell.
pub(super) fn host(text: &[u8]) -> Option<(Peer, &[u8])> {
    if text.starts_with(b"[") {
        return bracketed_port(text);
    }
    let name = text.iter().take_while(|byte| address::is_name(**byte)).count();
    let behind = text.get(name..)?;
    if name > 0 && behind.starts_with(b" [") {
        return bracketed_port(behind.get(1..)?);
    }
    let shown = if name == 0 { behind } else { behind.strip_prefix(b" ")? };
    let inside = shown.strip_prefix(b"(")?;
    let mut places = behind_each(inside, b") ").filter_map(address_here);
    let (first, rest) = places.next()?;
    let peer = places.fold(first, |all, (peer, _)| all.and(&peer));
    Some((peer, rest))
}

/// `[ADDRESS]:port`, where it is one.
fn address_here(text: &[u8]) -> Option<(Peer, &[u8])> {
    let (peer, rest) = bracketed_port(text)?;
    matches!(peer.named, crate::Named::Address(_)).then_some((peer, rest))
}

/// The host at the end of this text. Behind the address there are only Exim's own interface and, of a
/// caller on this host, a plain name. `None` if there is no host; any other answer of an ident server
/// may look like one, and with it nobody can tell.
pub(super) fn at_end(text: &[u8]) -> Option<Peer> {
    let plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let text = match cut_last(text, b" U=") {
        Some((before, name)) if plain(name) => before,
        _ => text,
    };
    let own = || {
        let (before, interface) = cut_last(text, b" I=")?;
        let (_, rest) = bracketed_port(interface)?;
        rest.is_empty().then_some(before)
    };
    let text = own().unwrap_or(text);
    let (before, inside) = cut_last(text, b"[")?;
    let (peer, rest) = bracketed_port(text.get(before.len()..)?)?;
    let placed = before.is_empty() || before.ends_with(b" ") || before.ends_with(b"=");
    if holds(before, b" U=") || inside.is_empty() || !rest.is_empty() || !placed {
        return Some(Peer::AMBIGUOUS);
    }
    Some(peer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Named;

    fn short(peer: &Peer) -> String {
        match (&peer.named, peer.port) {
            (Named::Address(address), port) => format!("{address} {}", port.unwrap_or(0)),
            (Named::Ambiguous, _) => "ambiguous".into(),
            (named, _) => format!("{named:?}"),
        }
    }

    #[test]
    fn every_shape_of_a_host_is_read() {
        for (text, want) in [
            ("[192.0.2.1] x", "192.0.2.1 0 x"),
            ("[192.0.2.1]:25936 I=[10.0.0.1]:25", "192.0.2.1 25936 I=[10.0.0.1]:25"),
            ("[2001:db8::1]:25 x", "2001:db8::1 25 x"),
            ("a.example [192.0.2.1] x", "192.0.2.1 0 x"),
            ("(helo) [192.0.2.1] x", "192.0.2.1 0 x"),
            ("a.example (helo) [192.0.2.1]:7 x", "192.0.2.1 7 x"),
            ("([198.51.100.7]) [192.0.2.1] x", "192.0.2.1 0 x"),
            ("([IPv6:2001:db8::7]) [192.0.2.1] x", "192.0.2.1 0 x"),
            ("(junk helo (x) y) [192.0.2.1] x", "192.0.2.1 0 x"),
            ("(x) [198.51.100.7]) [192.0.2.1] x", "ambiguous ) [192.0.2.1] x"),
            (
                "(x) [198.51.100.7] F=<a@b> rejected RCPT <(y) [192.0.2.1] x",
                "ambiguous F=<a@b> rejected RCPT <(y) [192.0.2.1] x",
            ),
            (
                "(x) [192.0.2.1] F=<\") [198.51.100.7]\"@x> y",
                "ambiguous F=<\") [198.51.100.7]\"@x> y",
            ),
            (
                "a.example [192.0.2.1] F=<\") [198.51.100.7]\"@x> y",
                "192.0.2.1 0 F=<\") [198.51.100.7]\"@x> y",
            ),
            (
                "(x) [192.0.2.1] response from mx [198.51.100.7]",
                "192.0.2.1 0 response from mx [198.51.100.7]",
            ),
            ("(x)", "-"),
            ("x y [192.0.2.1]", "-"),
            ("", "-"),
        ] {
            let told = host(text.as_bytes()).map(|(peer, rest)| {
                let rest = String::from_utf8_lossy(rest).into_owned();
                format!("{} {}", short(&peer), rest.trim_start())
            });
            assert_eq!(told.as_deref().unwrap_or("-"), want, "{text}");
        }
    }

    #[test]
    fn a_host_at_the_end_is_what_is_last() {
        for (text, want) in [
            ("\"AUTH\" H=(x) [192.0.2.1]", "192.0.2.1 0"),
            ("\"AUTH\" H=[192.0.2.1]:7 I=[10.0.0.1]:25", "192.0.2.1 7"),
            ("\"x\" H=(a) [198.51.100.7]\" H=(x) [192.0.2.1]", "192.0.2.1 0"),
            ("\"x\" H=(x I=[198.51.100.7]) [192.0.2.1]", "192.0.2.1 0"),
            ("\"x\" H=(x) [192.0.2.1] U=a H=[198.51.100.7] b", "ambiguous"),
            ("\"x\" H=(x) [192.0.2.1] U=a H=[198.51.100.7]", "ambiguous"),
            ("\"x\" H=(x) [192.0.2.1] U=a H=[198.51.100.7] U=b", "ambiguous"),
            ("\"x\" H=(x) [192.0.2.1] U=root", "192.0.2.1 0"),
        ] {
            assert_eq!(short(&at_end(text.as_bytes()).unwrap()), want, "{text}");
        }
    }
}
