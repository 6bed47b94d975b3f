//! DNS lists in English. A list's own words are quoted; the relay has made them printable.

use super::Place;
use crate::verdict::Listing;
use std::net::IpAddr;

/// Why somebody was refused.
pub(super) fn refused(listing: &Listing, peer: IpAddr, place: Place<'_>) -> String {
    match listing {
        Listing::On { zone, text } => {
            let words = if text.is_empty() { String::new() } else { format!(": \"{text}\"") };
            format!("the DNS list {} has {peer}{words}", place.of(&format!("`{zone}`")))
        }
        Listing::Unknown { zone, why } => {
            let zone = place.of(&format!("`{zone}`"));
            format!("whether the DNS list {zone} has {peer} is not known: {why}")
        }
        Listing::Private | Listing::Nowhere { .. } | Listing::Excepted { .. } => {
            format!("{} does not let {peer} in", place.of("a DNS list"))
        }
    }
}

/// Why nobody was.
pub(super) fn passed(listing: &Listing, peer: IpAddr, place: Place<'_>) -> String {
    match listing {
        Listing::Private => format!("{peer} is not asked about: it is no public address"),
        Listing::Nowhere { asked, unknown } => {
            let lists = place.of(&match asked {
                1 => "the one DNS list".to_owned(),
                asked => format!("any of {asked} DNS lists"),
            });
            match unknown {
                None => format!("not on {lists}"),
                Some((zone, why)) => {
                    format!("not known to be on {lists}: `{zone}` does not say, {why}")
                }
            }
        }
        Listing::Excepted { zone, by } => {
            format!("on `{zone}`, but also on {}", place.of(&format!("`{by}`")))
        }
        Listing::On { .. } | Listing::Unknown { .. } => place.of("let through"),
    }
}
