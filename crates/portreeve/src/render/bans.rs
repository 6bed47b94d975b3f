//! Bans, as text and JSON.

use super::text::{visible, wrap_to};
use super::{Ink, ink};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use portreeve_diag::Paint;
use portreeve_wire::clerk::BanRecord;
use serde_json::{Value, json};

/// Columns of a moment, or of `for ever`.
const MOMENT: usize = 16;

/// How bans are laid out: widths that fit all of them.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    zone: TimeZone,
    paint: Paint,
    network: usize,
    service: usize,
    /// Columns of the terminal where a ban's line is too long for it.
    narrow: Option<usize>,
}

impl Layout {
    /// One line a ban where that fits into `columns`, or where there is no such limit.
    pub(crate) fn new(
        bans: &[BanRecord],
        columns: Option<usize>,
        paint: Paint,
        zone: TimeZone,
    ) -> Self {
        let most = |width: fn(&BanRecord) -> usize, head: usize| {
            bans.iter().map(width).chain([head]).max().unwrap_or(head)
        };
        let network = most(|ban| ban.network.to_string().len(), "NETWORK".len());
        let service = most(|ban| visible(&ban.service).chars().count(), "SERVICE".len());
        let why = most(|ban| why(ban).chars().count(), "WHY".len());
        let total = network + service + why + 2 * MOMENT + 8;
        let narrow = columns.filter(|columns| total > *columns);
        Self { zone, paint, network, service, narrow }
    }

    /// The line above all, if there is one.
    pub(crate) fn head(&self) -> String {
        match self.narrow {
            Some(_) => String::new(),
            None => {
                let line = self.line(["NETWORK", "UNTIL", "SINCE", "SERVICE", "WHY"]);
                format!("{}\n", ink(self.paint, Ink::Faint, &line))
            }
        }
    }

    /// One ban.
    pub(crate) fn ban(&self, ban: &BanRecord) -> String {
        let network = ban.network.to_string();
        let (until, since) = (until(ban, &self.zone), moment(ban.since, &self.zone));
        let service = visible(&ban.service);
        let Some(columns) = self.narrow else {
            let service = if service.is_empty() { "-" } else { &service };
            let line = self.line([&network, &until, &since, service, &why(ban)]);
            return line.replacen(&network, &ink(self.paint, Ink::Bad, &network), 1) + "\n";
        };
        let until = if ban.until.is_some() { format!("until {until}") } else { until };
        let service = if service.is_empty() { service } else { format!("{service}: ") };
        let rest = format!("since {since}, {service}{}", why(ban));
        format!(
            "{}  {until}\n{}",
            ink(self.paint, Ink::Bad, &network),
            wrap_to(columns, "    ", &rest)
        )
    }

    fn line(&self, [network, until, since, service, why]: [&str; 5]) -> String {
        let (a, b) = (self.network, self.service);
        let line =
            format!("{network:<a$}  {until:<MOMENT$}  {since:<MOMENT$}  {service:<b$}  {why}");
        line.trim_end().to_owned()
    }
}

/// The end of a ban by the zone's clock.
pub(crate) fn until(ban: &BanRecord, zone: &TimeZone) -> String {
    ban.until.map_or_else(|| "for ever".to_owned(), |until| moment(until, zone))
}

/// The reason and where it comes from.
pub(crate) fn why(ban: &BanRecord) -> String {
    let only = visible(&ban.only);
    let of = if only.is_empty() { String::new() } else { format!("only out of {only}: ") };
    let by = (!ban.judge.is_empty()).then(|| format!("judge {}", visible(&ban.judge)));
    let (reason, origin) = (visible(&ban.reason), ban.origin.as_deref().map(visible).or(by));
    of + &match origin {
        Some(origin) if reason.is_empty() => origin,
        Some(origin) => format!("{reason} ({origin})"),
        None => reason,
    }
}

/// Seconds since the epoch by the zone's clock, to the minute.
pub(crate) fn moment(seconds: i64, zone: &TimeZone) -> String {
    let moment = Timestamp::from_second(seconds).ok();
    let shown = moment.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string());
    shown.unwrap_or_else(|| seconds.to_string())
}

/// Seconds since the epoch, for programs.
pub(crate) fn json_time(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(|at| at.to_string())
}

/// A ban for programs.
pub(crate) fn json(ban: &BanRecord) -> Value {
    let utc = json_time;
    json!({
        "network": ban.network.to_string(),
        "since": utc(ban.since),
        "until": ban.until.and_then(utc),
        "service": (!ban.service.is_empty()).then_some(&ban.service),
        "reason": ban.reason,
        "origin": ban.origin,
        "only": (!ban.only.is_empty()).then_some(&ban.only),
        "judge": (!ban.judge.is_empty()).then_some(&ban.judge),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample(network: &str, until: Option<i64>) -> BanRecord {
        BanRecord {
            network: network.parse().unwrap(),
            since: 1_795_303_935,
            until,
            service: "telnet".into(),
            reason: "touched the trap telnet from port 4711".into(),
            origin: Some("/etc/p.toml:3:1".into()),
            only: String::new(),
            judge: String::new(),
        }
    }

    fn shown(bans: &[BanRecord], columns: Option<usize>) -> String {
        let layout = Layout::new(bans, columns, Paint::Plain, TimeZone::UTC);
        layout.head() + &bans.iter().map(|ban| layout.ban(ban)).collect::<String>()
    }

    #[test]
    fn bans_stand_in_columns_or_on_two_lines() {
        let mut by_hand = sample("2001:db8::/64", None);
        by_hand.service.clear();
        by_hand.reason = "scans\x1b[2J".into();
        by_hand.origin = Some("by hand, uid 0".into());
        let bans = [sample("192.0.2.7", Some(1_795_390_335)), by_hand];
        assert_eq!(
            shown(&bans, None),
            "NETWORK        UNTIL             SINCE             SERVICE  WHY\n\
             192.0.2.7      2026-11-22 23:32  2026-11-21 23:32  telnet   touched the trap telnet \
             from port 4711 (/etc/p.toml:3:1)\n\
             2001:db8::/64  for ever          2026-11-21 23:32  -        scans\\x1b[2J (by hand, uid 0)\n"
        );
        let narrow = shown(&bans, Some(80));
        assert_eq!(
            narrow,
            "192.0.2.7  until 2026-11-22 23:32\n    since 2026-11-21 23:32, telnet: touched the \
             trap telnet from port 4711\n    (/etc/p.toml:3:1)\n\
             2001:db8::/64  for ever\n    since 2026-11-21 23:32, scans\\x1b[2J (by hand, uid 0)\n"
        );
        assert!(narrow.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn json_says_for_ever_with_null() {
        let value = json(&sample("192.0.2.7", None));
        assert_eq!(
            (&value["until"], &value["since"]),
            (&Value::Null, &"2026-11-21T23:32:15Z".into())
        );
    }
}
