//! Refusals in numbers: above a rate, those of one network for one reason become one event with a
//! count. Counters stay exact; only the lines are fewer.

use portreeve_model::{Network, SourceWidth};
use portreeve_wire::event::Refused;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// Refusals a second that get an event each.
const SINGLE: u32 = 50;
/// Kinds of refusal gathered in one second; past it one kind stands for the rest.
const KINDS: usize = 1024;

/// The refusals of the current second.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    second: u64,
    single: u32,
    kinds: HashMap<(u32, Option<Network>, &'static str), Refused>,
}

impl Gather {
    /// Counts a refusal of a service for a reason; gives it back when it gets an event of its own.
    /// Under a flood it is only made for the first of its kind in a second.
    pub(crate) fn take(
        &mut self,
        (service, peer, reason): (u32, IpAddr, &'static str),
        now: Duration,
        make: impl FnOnce() -> Refused,
    ) -> Option<Refused> {
        if self.second != now.as_secs() && self.kinds.is_empty() {
            self.second = now.as_secs();
            self.single = 0;
        }
        if self.single < SINGLE && self.kinds.is_empty() {
            self.single = self.single.saturating_add(1);
            return Some(make());
        }
        let width = SourceWidth::DEFAULT;
        let key = (service, Some(Network::around(peer, width.v4, width.v6)), reason);
        let full = self.kinds.len() >= KINDS && !self.kinds.contains_key(&key);
        let key = if full { (service, None, reason) } else { key };
        let count = |kept: &mut Refused| kept.count = kept.count.saturating_add(1);
        self.kinds.entry(key).and_modify(count).or_insert_with(make);
        None
    }

    /// When the gathered ones are due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let end = self.second.saturating_add(1);
        (!self.kinds.is_empty()).then(|| Duration::from_secs(end))
    }

    /// The gathered ones, once their second is over.
    pub(crate) fn flush(&mut self, now: Duration) -> Vec<Refused> {
        if self.next_due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.second = now.as_secs();
        self.single = 0;
        self.drain()
    }

    /// The gathered ones at once: the door closes, or services change their numbers.
    pub(crate) fn drain(&mut self) -> Vec<Refused> {
        self.kinds.drain().map(|(_, refused)| refused).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_wire::End;

    fn refusal(last: u8) -> Refused {
        Refused {
            service: 0,
            key: "ssh".into(),
            peer: End { address: [192, 0, 2, last].into(), port: 1 },
            class: "rule".into(),
            reason: "rule".into(),
            xinetd: "address".into(),
            text: String::new(),
            origin: None,
            count: 1,
        }
    }

    #[test]
    fn a_flood_becomes_one_event_a_network_and_no_refusal_is_uncounted() {
        let mut gather = Gather::default();
        let now = Duration::from_millis(1500);
        let mut made = 0;
        let mut take = |last: u8| {
            let kind = (0, IpAddr::from([192, 0, 2, last]), "rule");
            gather.take(kind, now, || {
                made += 1;
                refusal(last)
            })
        };
        let single = (0..1000).filter_map(|n| take(u8::from(n % 2 == 0))).count();
        assert_eq!(made, SINGLE + 2, "what is only counted is not made");
        assert_eq!(single, SINGLE as usize);
        assert_eq!(gather.flush(now).len(), 0, "the second is not over");
        let flushed = gather.flush(Duration::from_millis(2000));
        assert_eq!(flushed.len(), 2);
        let counted: u32 = flushed.iter().map(|r| r.count).sum();
        assert_eq!(counted + SINGLE, 1000);
    }
}
