//! Every way to read a line as what a server writes: slow, and easily seen to be right.
//!
//! A shape is what a server's source has: text, and holes in «». Where a line can be read in ways that
//! name different hosts, nobody can tell whose it is.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// What may stand in a hole.
fn fits(hole: &str, byte: u8) -> bool {
    match hole {
        "any" => true,
        // A host's name or an address, as the server has them from the system.
        "name" | "host" | "addr" => {
            byte.is_ascii_alphanumeric() || b".:-_%".contains(&byte) || byte >= 0x80
        }
        "ident" => byte.is_ascii_alphanumeric() || b"!#$%&'*+-./^_`{|}~@:".contains(&byte),
        "word" => byte != b' ' && byte != b'[',
        "plain" => byte != b'[',
        "number" => byte.is_ascii_digit(),
        "id" => byte.is_ascii_alphanumeric(),
        "lower" => byte.is_ascii_lowercase() || byte == b'-',
        _ => false,
    }
}

/// Pieces of a shape: text, then a hole, then text, and so on.
fn pieces(shape: &str) -> (Vec<&[u8]>, Vec<&str>) {
    let mut texts = Vec::new();
    let mut holes = Vec::new();
    let mut rest = shape;
    while let Some((text, behind)) = rest.split_once('«') {
        let Some((hole, behind)) = behind.split_once('»') else { break };
        texts.push(text.as_bytes());
        holes.push(hole);
        rest = behind;
    }
    texts.push(rest.as_bytes());
    (texts, holes)
}

/// The places where a text may go on, after one more piece.
type Places = BTreeSet<usize>;

fn after_text(text: &[u8], piece: &[u8], places: &Places) -> Places {
    let stands = |at: &&usize| text.get(**at..).is_some_and(|rest| rest.starts_with(piece));
    places.iter().filter(stands).map(|at| at + piece.len()).collect()
}

fn after_hole(text: &[u8], hole: &str, places: &Places) -> Places {
    let mut after = Places::new();
    for from in places {
        let mut at = *from;
        while after.insert(at) && text.get(at).is_some_and(|byte| fits(hole, *byte)) {
            at += 1;
        }
    }
    after
}

/// Whether the texts of a shape stand in the line in their order, so that trying is worth it.
fn possible(texts: &[&[u8]], line: &[u8]) -> bool {
    let mut rest = line;
    texts.iter().filter(|text| !text.is_empty()).all(|text| {
        let at = rest.windows(text.len()).position(|window| window == *text);
        let behind = at.and_then(|at| rest.get(at + text.len()..));
        rest = behind.unwrap_or_default();
        at.is_some()
    })
}

/// Whom a line names, in every way to read it as this shape. An address that none is, is `None`.
fn hosts(shape: &str, text: &[u8]) -> BTreeSet<Option<IpAddr>> {
    let (texts, holes) = pieces(shape);
    let mut found = BTreeSet::new();
    let named = holes.iter().position(|hole| matches!(*hole, "host" | "addr"));
    let Some(named) = named.filter(|_| possible(&texts, text)) else { return found };
    let only_addresses = holes.get(named) == Some(&"addr");
    let mut before: Places = [0].into();
    for (piece, hole) in texts.iter().zip(&holes).take(named) {
        before = after_hole(text, hole, &after_text(text, piece, &before));
    }
    let starts = texts.get(named).map(|piece| after_text(text, piece, &before)).unwrap_or_default();
    for start in starts {
        // «addr» is where the server writes addresses alone, «host» where it writes names as well.
        for end in after_hole(text, "host", &[start].into()) {
            let mut places: Places = [end].into();
            for (at, piece) in texts.iter().enumerate().skip(named + 1) {
                places = after_text(text, piece, &places);
                if let Some(hole) = holes.get(at) {
                    places = after_hole(text, hole, &places);
                }
            }
            if places.contains(&text.len()) {
                let host = String::from_utf8_lossy(text.get(start..end).unwrap_or_default());
                // Nothing, or a number that is no address, no server writes there.
                let named = strict(&host);
                if named.is_some() || !only_addresses && name(&host) {
                    found.insert(named);
                }
            }
        }
    }
    found
}

/// The same of all shapes.
pub(crate) fn readings(shapes: &[String], text: &[u8]) -> BTreeSet<Option<IpAddr>> {
    shapes.iter().flat_map(|shape| hosts(shape, text)).collect()
}

/// Whether this is what stands there where there is no address: a name, or `unix:`.
fn name(host: &str) -> bool {
    host.bytes().any(|byte| byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit())
}

/// An address with no two ways to read it, as mail servers write it.
fn strict(host: &str) -> Option<IpAddr> {
    let plain = |part: &str| part == "0" || !part.starts_with('0');
    let host = host.strip_prefix("IPv6:").unwrap_or(host);
    let dotted = host.contains(':') || host.split('.').all(plain);
    host.parse::<IpAddr>().ok().filter(|_| dotted).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_read_a_line_is_found() {
        let at = |last: u8| Some(IpAddr::from([192, 0, 2, last]));
        for (shape, text, want) in [
            ("from «host»", "from 192.0.2.1", vec![at(1)]),
            ("from «host»", "from x.example", vec![None]),
            ("from «host»", "from 192.0.2.1 ", vec![]),
            ("«any» from «host»", "x from 192.0.2.1 from 192.0.2.2", vec![at(2)]),
            ("x «any»[«host»]«any»", "x y[192.0.2.1] z[192.0.2.2]", vec![at(1), at(2)]),
            ("H=«name» [«host»]«any»", "H=a.example [192.0.2.1] (b) [192.0.2.2]", vec![at(1)]),
            ("H=(«any») [«host»]«any»", "H=(a) [192.0.2.1] (b) [192.0.2.2]", vec![at(1), at(2)]),
        ] {
            assert_eq!(
                hosts(shape, text.as_bytes()).into_iter().collect::<Vec<_>>(),
                want,
                "{text}"
            );
        }
    }
}
