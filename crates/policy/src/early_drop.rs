//! Random early drop, with OpenSSH's arithmetic.

use portreeve_model::Startups;

/// Per cent of connections refused when there are `startups` already (OpenSSH's
/// `should_drop_connection`): none below `start`, all from `full` on, and in between a line from
/// `rate` to 100 in integers, multiplied first and divided then.
#[must_use]
pub fn drop_chance(limit: Startups, startups: u32) -> u32 {
    if startups < limit.start {
        return 0;
    }
    if startups >= limit.full || limit.rate >= 100 {
        return 100;
    }
    let above = u64::from(startups.saturating_sub(limit.start));
    let width = u64::from(limit.full.saturating_sub(limit.start));
    let climb = u64::from(100_u32.saturating_sub(limit.rate)).saturating_mul(above);
    let risen = climb.checked_div(width).unwrap_or(100);
    u32::try_from(risen).unwrap_or(100).saturating_add(limit.rate).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_rises_as_openssh_computes_it() {
        let preset = Startups { start: 10, rate: 30, full: 100 };
        let hard = Startups { start: 10, rate: 100, full: 10 };
        let rate_100 = Startups { start: 2, rate: 100, full: 10 };
        let narrow = Startups { start: 3, rate: 1, full: 4 };
        let huge = Startups { start: 0, rate: 1, full: u32::MAX };
        for (limit, startups, want) in [
            (preset, 0, 0),
            (preset, 9, 0),
            (preset, 10, 30),
            (preset, 11, 30), // 70 * 1 / 90 = 0
            (preset, 12, 31), // 70 * 2 / 90 = 1
            (preset, 55, 65),
            (preset, 99, 99), // 70 * 89 / 90 = 69
            (preset, 100, 100),
            (preset, u32::MAX, 100),
            (hard, 9, 0),
            (hard, 10, 100),
            (rate_100, 2, 100),
            (narrow, 3, 1),
            (narrow, 4, 100),
            (huge, u32::MAX - 1, 99),
        ] {
            assert_eq!(drop_chance(limit, startups), want, "{limit:?} at {startups}");
        }
    }
}
