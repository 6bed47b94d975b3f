//! DNS lists that give no sound answers: an alarm each, since by themselves they refuse nobody.

use crate::door::Door;
use portreeve_model::{DnsZone, ListAnswer};
use std::collections::BTreeMap;

/// Failures one after another before an alarm: one lost packet is no news.
const FAILURES: u32 = 3;

/// How alarms about lists begin.
const ALARM: &str = "a DNS list gives no sound answers: ";

/// Failures since the last sound answer, by the zone's name; no more than the configuration has.
#[derive(Debug, Default)]
pub(crate) struct ListHealth(BTreeMap<String, u32>);

impl Door {
    /// Notes how the lists that were asked are doing.
    pub(crate) fn lists_said(&mut self, answers: &[(DnsZone, ListAnswer)]) {
        for (zone, answer) in answers {
            let ListAnswer::Unknown(why) = answer else {
                if self.list_health.0.remove(&zone.name).is_some_and(|count| count >= FAILURES) {
                    self.forget_list(&zone.name);
                }
                continue;
            };
            let count = self.list_health.0.entry(zone.name.clone()).or_default();
            *count = count.saturating_add(1);
            if *count == FAILURES {
                self.alarm(&format!("{ALARM}`{}`: {why}", zone.name));
            }
        }
    }

    /// After a reload other lists may be asked.
    pub(crate) fn forget_lists(&mut self) {
        self.list_health.0.clear();
        self.alarms.retain(|alarm| !alarm.starts_with(ALARM));
    }

    fn forget_list(&mut self, zone: &str) {
        let alarm = format!("{ALARM}`{zone}`: ");
        self.alarms.retain(|known| !known.starts_with(&alarm));
    }
}
