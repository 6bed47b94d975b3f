//! Offences as text.

use super::text::visible;
use super::{Ink, ink};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use portreeve_diag::Paint;
use portreeve_model::Offence;

/// One line: when, who, where, what, and as whom.
pub(crate) fn line(offence: &Offence, zone: &TimeZone, paint: Paint) -> String {
    let peer = offence.peer.map_or_else(|| "nobody".to_owned(), |peer| peer.to_string());
    let mut text = format!("{}  {}", moment(offence.at, zone), ink(paint, Ink::Bad, &peer));
    if !offence.service.is_empty() {
        text.push_str(&format!("  {}", visible(&offence.service)));
    }
    text.push_str(&format!("  {}", visible(&offence.kind)));
    if let Some(user) = &offence.user {
        text.push_str(&format!(" as {}", visible(user)));
    }
    if offence.count > 1 {
        text.push_str(&format!(", {} times", offence.count));
    }
    let source = offence.watch.as_deref().unwrap_or(&offence.source);
    text.push_str(&format!(": {} ({})\n", visible(&offence.why), visible(source)));
    text
}

/// Milliseconds since the epoch by the zone's clock, to the second.
pub(crate) fn moment(ms: u64, zone: &TimeZone) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let shown = at.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string());
    shown.unwrap_or_else(|| ms.to_string())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> Offence {
        Offence {
            at: 1_795_303_935_123,
            kind: "auth-failed".into(),
            peer: Some([192, 0, 2, 7].into()),
            port: Some(4711),
            service: "ssh".into(),
            user: Some("ro\x1b[2Jot".into()),
            source: "file".into(),
            watch: Some("auth".into()),
            detector: Some("sshd".into()),
            session: None,
            certain: true,
            count: 2,
            why: "a failed try".into(),
            sentence: None,
            spared: None,
        }
    }

    #[test]
    fn an_offence_is_one_harmless_line() {
        assert_eq!(
            line(&sample(), &TimeZone::UTC, Paint::Plain),
            "2026-11-21 23:32:15  192.0.2.7  ssh  auth-failed as ro\\x1b[2Jot, 2 times: \
             a failed try (auth)\n"
        );
        let nobody = Offence { peer: None, user: None, count: 1, watch: None, ..sample() };
        assert_eq!(
            line(&nobody, &TimeZone::UTC, Paint::Plain),
            "2026-11-21 23:32:15  nobody  ssh  auth-failed: a failed try (file)\n"
        );
    }
}
