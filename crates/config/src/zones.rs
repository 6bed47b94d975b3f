//! Time zones as tables, from the host's zone database.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use portreeve_model::Zone;
use portreeve_sys::file::read_bounded;
use std::io::ErrorKind;
use std::path::Path;

/// Changes of one zone kept: some 260 cover 130 years of two a year.
const MOST: usize = 1000;
/// Bytes of a zone's file.
const FILE: usize = 1 << 20;
/// The first of January 2100: a door that runs past it has been reloaded since.
const LAST: i64 = 4_102_444_800;

/// The zone of a name; `local` is the host's own.
pub(crate) fn find(name: &str) -> Option<Zone> {
    let zone = match name {
        "local" => local()?,
        name => TimeZone::get(name).ok()?,
    };
    table(name, &zone)
}

/// The host's own zone: UTC where nothing is set. `TZ` has no say: who asks and who runs the door
/// must mean the same clock.
fn local() -> Option<TimeZone> {
    match read_bounded(Path::new("/etc/localtime"), FILE) {
        Ok(content) => TimeZone::tzif("local", &content.bytes).ok(),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(TimeZone::UTC),
        Err(_) => None,
    }
}

/// The offsets of a zone from 1970 on.
fn table(name: &str, zone: &TimeZone) -> Option<Zone> {
    let (epoch, last) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(LAST).ok()?);
    let changes = zone.following(epoch).take_while(|change| change.timestamp() < last);
    let changes = changes.map(|change| (change.timestamp().as_second(), change.offset().seconds()));
    let mut offsets = vec![(0, zone.to_offset(epoch).seconds())];
    offsets.extend(changes.take(MOST));
    offsets.dedup_by_key(|(_, offset)| *offset); // changes of name or of the rule's label alone
    Some(Zone { name: name.into(), offsets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_follow_the_rules_past_the_last_written_change() {
        // Central European time, as the rule that ends every zone file states it.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let zone = table("x", &zone).unwrap();
        for (at, hours) in [
            (1_764_000_000, 1), // November 2025
            (1_782_000_000, 2), // June 2026
            (4_010_000_000, 1), // January 2097
        ] {
            assert_eq!(zone.offset(at), hours * 3600, "{at}");
        }
        assert!(zone.offsets.len() < MOST);
        let fixed = table("y", &TimeZone::UTC).unwrap();
        assert_eq!(fixed.offsets, [(0, 0)]);
    }
}
