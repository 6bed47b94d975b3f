//! List files, and the images they become.

use super::{Outcome, Target, configuration, signature};
use crate::world::Host;
use portreeve_config::{Entry, load};
use portreeve_lists::{Builder, Set};
use portreeve_model::{AddressRange, HostPattern, Network};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const FILE: &str = "/etc/portreeve/portreeve.toml";
const MAIN: &[u8] = b"[service.echo]\nlisten = \"0.0.0.0:7\"\ninternal = \"echo\"\ndeny = \"@l\"\n";
const LIST: &str = "/etc/portreeve/l";

/// A file of entries.
pub(super) const LIST_FILE: Target = Target {
    name: "list",
    about: "a file of addresses, networks, ranges and names",
    check: list,
    seeds: || {
        vec![
            b"# ours\n192.0.2.0/24\n10.0.0.1 # one\r\n\n2001:db8::/32\n.example.org\n".to_vec(),
            b"\xef\xbb\xbf192.0.2.10-192.0.2.20\nmail.example.org\n10.0.0.0/8\n10.0.0.0/33\n"
                .to_vec(),
            b"::ffff:10.0.0.1\n::/0\n0.0.0.0/0\n@l\nALL\n10.0.0.x\n1.2.3.4 5\n\xff\n".to_vec(),
        ]
    },
    words: || {
        ["10.0.0.0/8", "::/0", "-", "#", ".org", "\r\n", "/24", "255.255.255.255", "::ffff:1.2.3.4"]
            .map(String::from)
            .to_vec()
    },
    longest: 64 << 10,
};

/// Every line that is an address, network or range alone is found, at its own line or before it.
fn list(input: &[u8]) -> Outcome {
    let mut host = Host::new(FILE, MAIN).with(LIST, input);
    let loaded = load(&Entry::Native(FILE.into()), &mut host);
    loaded
        .diagnostics
        .iter()
        .try_for_each(|finding| configuration::judged(finding, &loaded.sources))?;
    let mut kinds: Vec<&str> = loaded.diagnostics.iter().map(|finding| finding.code.0).collect();
    if let Some(Ok(image)) = loaded.images.first().map(|read| &read.outcome) {
        let set = Set::new(image.bytes.as_slice()).map_err(|error| error.to_string())?;
        let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
        for (number, line) in (1_u32..).zip(text.split(|byte| *byte == b'\n')) {
            let Ok(line) = str::from_utf8(line.trim_ascii()) else { continue };
            let network = line.parse::<Network>().map(AddressRange::from).ok();
            let Some(range) = network.or(line.parse().ok()) else { continue };
            for end in [range.first(), range.last()] {
                // one end of an IPv6 range may be a mapped address, which is no peer of it
                let found = set.by_address(end);
                if end == portreeve_model::unmapped(end) && found.is_none_or(|at| at > number) {
                    return Err(format!("{end} of line {number} is found at {found:?}"));
                }
            }
            kinds.push(if range.first().is_ipv4() { "v4" } else { "v6" });
        }
        kinds.push(if set.first_name().is_some() { "names" } else { "no names" });
    }
    kinds.push(if loaded.config.is_some() { "accepted" } else { "refused" });
    Ok(signature(kinds))
}

/// An image, whatever somebody made of it.
pub(super) const IMAGE: Target = Target {
    name: "list-image",
    about: "the image of a list, in which root looks things up",
    check: image,
    seeds: images,
    words: || vec!["prlists\u{2}".into(), "\u{0}\u{0}\u{0}\u{0}".into()],
    longest: 64 << 10,
};

/// Any bytes are refused, or answer.
fn image(input: &[u8]) -> Outcome {
    let Ok(set) = Set::new(input) else { return Ok(0) };
    let mut found = vec!["image"];
    let quads = input.as_chunks::<4>().0.iter().map(|quad| IpAddr::V4(Ipv4Addr::from(*quad)));
    let wide = input.as_chunks::<16>().0.iter().map(|wide| IpAddr::V6(Ipv6Addr::from(*wide)));
    for peer in quads.take(64).chain(wide.take(64)) {
        if set.by_address(peer).is_some() {
            found.push(if peer.is_ipv4() { "v4" } else { "v6" });
        }
    }
    for name in ["a.example", "mail.example.org.", "", ".", "..", "x.y.z.example"] {
        if set.by_name(name).is_some() {
            found.push(name);
        }
    }
    let _ = (set.first_name(), set.counts(), set.is_empty());
    Ok(signature(found))
}

fn images() -> Vec<Vec<u8>> {
    let mut few = Builder::new(1);
    let mut many = Builder::new(2);
    for (line, network) in
        (1..).zip(["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "::/0", "1.2.3.4"])
    {
        if let Ok(network) = network.parse() {
            few.network(network, line);
        }
    }
    for (line, name) in (1..).zip(["a.example", ".example", ".org", "mail.example.org"]) {
        if let Some(host) = HostPattern::parse(name) {
            few.host(&host, line);
        }
    }
    for line in 0..300_u32 {
        many.network(Network::host(Ipv4Addr::from(line.wrapping_mul(0x0101_0107)).into()), line);
        let v6 = u128::from(line).wrapping_mul(0x0001_0000_0000_0000_0003);
        many.network(Network::host(Ipv6Addr::from((0x2001 << 112) + v6).into()), line);
    }
    [few.build(), many.build(), Builder::new(3).build()].into_iter().flatten().collect()
}
