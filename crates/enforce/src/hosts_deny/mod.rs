//! `portreeve-enforce hosts-deny PATH`: makes our part of a hosts.deny what it is to be.

mod place;
pub(crate) mod text;

use crate::hosts_deny::place::{Old, Place};
use crate::hosts_deny::text::{Wanted, merge};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use portreeve_model::Network;
use portreeve_wire::enforce::{HostsDenyContent, HostsDenyOutcome};
use std::path::Path;

/// Others may write so often while we do.
const ATTEMPTS: usize = 20;

/// Does it.
///
/// # Errors
/// Why the file cannot be kept; it is as it was then.
pub(crate) fn keep(path: &Path, content: &HostsDenyContent) -> Result<HostsDenyOutcome, String> {
    let place = Place::open(path)?;
    let zone = TimeZone::system();
    let mut bans = content.bans.clone();
    bans.sort_unstable();
    bans.dedup_by_key(|(network, _)| *network);
    bans.sort_unstable_by_key(|(network, since)| (*since, *network));
    let entry = |(network, since): &(Network, i64)| {
        (*network, content.markers.then(|| asctime(*since, &zone)))
    };
    let entries = bans.iter().map(entry).collect::<Vec<_>>();
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let wanted = Wanted { daemon: content.daemon.as_deref(), entries };
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (mut written, mut added, mut removed) = (false, 0, 0);
    // what others had written to the file that we have taken the name of
    let mut tail = Vec::new();
    for _ in 0..ATTEMPTS {
        let mut old = place.read()?;
        let merged = merge(&[old.text.as_slice(), &tail].concat(), &wanted);
        if merged.text == old.text {
            let (mark, reach) = (place.mark()?, place.reach());
            let entries = count;
            return Ok(HostsDenyOutcome::Kept { entries, written, added, removed, mark, reach });
        }
        if place.replace(&old, &merged.text)? {
            written = true;
            added = number(merged.added).max(added);
            removed = number(merged.removed).max(removed);
            tail = Old::appended(&mut old);
        }
    }
    Err(format!("`{}` is written by others all the time", path.display()))
}

/// A time as asctime(3) writes it, which DenyHosts' markers have: `Tue Dec  6 11:24:15 2014`.
fn asctime(seconds: i64, zone: &TimeZone) -> String {
    let bounded = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let at = Timestamp::from_second(bounded).unwrap_or_default().to_zoned(zone.clone());
    at.strftime("%a %b %e %H:%M:%S %Y").to_string()
}

#[cfg(test)]
mod tests;
