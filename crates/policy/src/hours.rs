//! Hours, compiled: the range that is open in each minute of the day.

use portreeve_model::{HourRange, Hours, Origin, Zone};

/// Opening hours as one look-up, however many ranges there are.
#[derive(Clone, Debug)]
pub(crate) struct HoursTable {
    pub(crate) origin: Origin,
    pub(crate) zone: Zone,
    /// For each minute the first range that is open.
    minutes: Box<[Option<HourRange>]>,
}

impl HoursTable {
    pub(crate) fn compile(hours: &Hours) -> Self {
        let open = |minute| hours.ranges.iter().find(|range| range.contains(minute)).copied();
        Self {
            origin: hours.origin,
            zone: hours.zone.clone(),
            minutes: (0..1440).map(open).collect(),
        }
    }

    /// The minute of the day by the zone's clock, and the range that is open then.
    pub(crate) fn at(&self, wall: i64) -> (u16, Option<HourRange>) {
        let minute = self.zone.local(wall).minute;
        (minute, self.minutes.get(usize::from(minute)).copied().flatten())
    }
}
