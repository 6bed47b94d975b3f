//! Hours of the day in a time zone.

use crate::Origin;
use serde::{Deserialize, Serialize};

/// Minutes of the day in which a service is open: `from` inside, `to` outside, 0 to 1440. `to` at
/// or below `from` runs over midnight.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct HourRange {
    /// First minute inside, 0 to 1439.
    pub from: u16,
    /// First minute outside, 1 to 1440.
    pub to: u16,
    /// Where it was written.
    pub origin: Origin,
}

impl PartialEq for HourRange {
    fn eq(&self, other: &Self) -> bool {
        (self.from, self.to) == (other.from, other.to)
    }
}

impl Eq for HourRange {}

impl HourRange {
    /// Whether a minute of the day lies inside.
    #[must_use]
    pub fn contains(&self, minute: u16) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// When a service is open: in any of the ranges, by the zone's wall clock. No range: never.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hours {
    /// The ranges.
    pub ranges: Vec<HourRange>,
    /// Whose clock.
    pub zone: Zone,
    /// Where the list was written.
    pub origin: Origin,
}

impl PartialEq for Hours {
    fn eq(&self, other: &Self) -> bool {
        self.ranges == other.ranges && self.zone.name == other.zone.name
    }
}

impl Eq for Hours {}

/// A time zone as a table of its offsets from UTC: whoever decides needs no zone database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// `local` for the host's own, else an IANA name.
    pub name: String,
    /// (seconds since the epoch from which it applies, offset in seconds east of UTC), ascending.
    pub offsets: Vec<(i64, i32)>,
}

/// A wall clock reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTime {
    /// Minute of the day, 0 to 1439.
    pub minute: u16,
}

impl Zone {
    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".into(), offsets: Vec::new() }
    }

    /// The offset from UTC in force at a time, in seconds.
    #[must_use]
    pub fn offset(&self, unix_seconds: i64) -> i32 {
        let after = self.offsets.partition_point(|(from, _)| *from <= unix_seconds);
        let at = after.saturating_sub(1);
        self.offsets.get(at).map_or(0, |(_, offset)| *offset)
    }

    /// The zone's wall clock at a time.
    #[must_use]
    pub fn local(&self, unix_seconds: i64) -> LocalTime {
        let local = unix_seconds.saturating_add(i64::from(self.offset(unix_seconds)));
        let minute = local.rem_euclid(86_400) / 60;
        LocalTime { minute: u16::try_from(minute).unwrap_or(0) }
    }
}

impl Hours {
    /// The range that is open at a time, if one is.
    #[must_use]
    pub fn open_at(&self, unix_seconds: i64) -> Option<&HourRange> {
        let minute = self.zone.local(unix_seconds).minute;
        self.ranges.iter().find(|range| range.contains(minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;

    const HERE: Origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };

    #[test]
    fn ranges_are_half_open_and_may_run_over_midnight() {
        let day = HourRange { from: 480, to: 926, origin: HERE };
        let night = HourRange { from: 1320, to: 360, origin: HERE };
        for (minute, in_day, in_night) in
            [(479, false, false), (480, true, false), (925, true, false), (926, false, false)]
        {
            assert_eq!((day.contains(minute), night.contains(minute)), (in_day, in_night));
        }
        assert!(night.contains(1320) && night.contains(0) && night.contains(359));
        assert!(!night.contains(360));
    }

    #[test]
    fn the_offset_of_the_moment_applies() {
        let zone = Zone { name: "x".into(), offsets: vec![(0, 3600), (1000, 7200)] };
        assert_eq!(zone.local(999).minute, 76);
        assert_eq!(zone.local(1000).minute, 136);
        assert_eq!(zone.local(-60).minute, 59, "before the first: the first applies");
    }
}
