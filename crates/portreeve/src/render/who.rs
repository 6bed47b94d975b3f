//! What is known of somebody, as text and JSON.

use super::bans;
use super::offences::{self, moment};
use super::text::{count, visible, wrap};
use super::{Ink, ink};
use crate::render::sessions;
use jiff::tz::TimeZone;
use portreeve_diag::Paint;
use portreeve_model::{Network, Offence};
use portreeve_wire::asked::{Pardon, PastBan, PastSuccess, Standing};
use portreeve_wire::clerk::BanRecord;
use portreeve_wire::control::SessionStatus;
use serde_json::{Value, json};

/// Offences that are shown as text, the last ones; JSON has all that were told.
const SHOWN: usize = 20;

/// Everything that was told.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) network: Network,
    pub(crate) sessions: Vec<SessionStatus>,
    pub(crate) bans: Vec<BanRecord>,
    /// Why it may not be banned, if so.
    pub(crate) protected: Option<String>,
    pub(crate) history: Vec<PastBan>,
    pub(crate) successes: Vec<PastSuccess>,
    pub(crate) pardons: Vec<Pardon>,
    pub(crate) offences: Vec<Offence>,
    pub(crate) standings: Vec<Standing>,
    /// Why not all is told, if so.
    pub(crate) missing: Option<String>,
}

impl Known {
    /// Nothing so far.
    pub(crate) fn new(network: Network) -> Self {
        Self {
            network,
            sessions: Vec::new(),
            bans: Vec::new(),
            protected: None,
            history: Vec::new(),
            successes: Vec::new(),
            pardons: Vec::new(),
            offences: Vec::new(),
            standings: Vec::new(),
            missing: None,
        }
    }

    /// Whether nobody there was ever heard of.
    pub(crate) fn is_nothing(&self) -> bool {
        self.sessions.is_empty()
            && self.bans.is_empty()
            && self.history.is_empty()
            && self.successes.is_empty()
            && self.offences.is_empty()
            && self.standings.is_empty()
            && self.missing.is_none()
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "network": self.network.to_string(),
            "protected": self.protected,
            "sessions": self.sessions.iter().map(sessions::json).collect::<Vec<_>>(),
            "bans": self.bans.iter().map(bans::json).collect::<Vec<_>>(),
            "standings": self.standings,
            "history": self.history,
            "pardons": self.pardons,
            "successes": self.successes,
            "offences": self.offences,
            "missing": self.missing,
        })
    }

    /// For people.
    pub(crate) fn text(&self, paint: Paint, columns: Option<usize>, zone: &TimeZone) -> String {
        let mut out = String::new();
        if self.is_nothing() {
            out.push_str(&format!("Nothing is known of {}.\n", self.network));
        }
        if let Some(why) = &self.protected {
            out.push_str(&wrap("", &format!("It cannot be banned: {}.", visible(why))));
        }
        for ban in &self.bans {
            let until = bans::until(ban, zone);
            let until = if ban.until.is_some() { format!("until {until}") } else { until };
            let network = ink(paint, Ink::Bad, &ban.network.to_string());
            out.push_str(&format!("{network} is shut out of {} {until}", out_of(&ban.only)));
            out.push_str(&format!(": {}\n", by(&ban.judge, &bans::why(ban))));
        }
        if !self.sessions.is_empty() {
            out.push_str("\nInside now:\n");
            out.push_str(&sessions::sessions(&self.sessions, columns, paint));
        }
        section(&mut out, "What judges have counted", self.standings.iter().map(standing));
        section(&mut out, "Who has authenticated from there", {
            self.successes.iter().map(|success| authenticated(success, zone))
        });
        section(&mut out, "Bans", self.history.iter().map(|ban| past(ban, zone, paint)));
        section(&mut out, "Lifted by hand", {
            let at = |pardon: &Pardon| moment(pardon.at, zone);
            let one = move |p: &Pardon| format!("{}  {} by uid {}\n", at(p), p.network, p.by);
            self.pardons.iter().map(one)
        });
        let skipped = self.offences.len().saturating_sub(SHOWN);
        let last = self.offences.iter().skip(skipped);
        section(&mut out, "Offences", last.map(|one| offences::line(one, zone, paint)));
        if skipped > 0 {
            let all = format!("portreeve offences --peer {} -n 1000", self.network);
            let more = count(u64::try_from(skipped).unwrap_or(u64::MAX), "earlier offence");
            out.push_str(&wrap("", &format!("{more} more: `{all}`.")));
        }
        if let Some(why) = &self.missing {
            out.push_str(&wrap("", &format!("Not all is told: {}.", visible(why))));
        }
        out
    }
}

fn section(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        out.push_str(&format!("\n{title}:\n"));
        out.extend(lines);
    }
}

fn out_of(only: &str) -> String {
    if only.is_empty() { "every service".to_owned() } else { visible(only) }
}

fn by(judge: &str, why: &str) -> String {
    if judge.is_empty() { why.to_owned() } else { format!("{} ({why})", visible(judge)) }
}

/// Thousandths of a point, as points.
fn points(thousandths: u64) -> String {
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn standing(of: &Standing) -> String {
    let tally =
        if of.tally.is_empty() { String::new() } else { format!(" {}", visible(&of.tally)) };
    let missing = match of.missing {
        0 => "that is enough".to_owned(),
        missing => format!("{} to a ban", points(missing)),
    };
    let (judge, sum, limit) = (of.judge.as_str(), points(of.sum), points(of.limit));
    format!("{judge}{tally}  {}: {sum} of {limit}, {missing}\n", of.network)
}

fn authenticated(success: &PastSuccess, zone: &TimeZone) -> String {
    let user = success.user.as_deref().map_or_else(|| "somebody".to_owned(), visible);
    let at = if success.service.is_empty() {
        String::new()
    } else {
        format!(" at {}", visible(&success.service))
    };
    let (peer, times) = (success.peer, count(success.count, "time"));
    let mut text = format!("{}  {peer}  {user}{at}, {times}", moment(success.last, zone));
    if success.suspicious > 0 {
        text.push_str(&format!(", {} after too many failures", success.suspicious));
    }
    text.push('\n');
    text
}

fn past(ban: &PastBan, zone: &TimeZone, paint: Paint) -> String {
    let until = match (ban.ended, ban.until) {
        (Some(ended), _) => {
            let how = ban.how.as_deref().map_or_else(|| "ended".to_owned(), visible);
            format!("{how} {}", moment(ended, zone))
        }
        (None, Some(until)) => format!("until {}", moment(until, zone)),
        (None, None) => "for ever".to_owned(),
    };
    let why = by(&ban.judge, &visible(&ban.reason));
    let (since, network) = (moment(ban.since, zone), ban.network);
    let time = ban.time.filter(|time| *time > 1).map(|time| format!(", time {time}"));
    let time = time.unwrap_or_default();
    let mut text =
        format!("{since}  {network} out of {}, {until}: {why}{time}\n", out_of(&ban.only));
    for offence in &ban.evidence {
        text.push_str(&format!("    {}", offences::line(offence, zone, paint)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::offences::tests::sample;

    #[test]
    fn everything_that_is_known_is_told() {
        let mut known = Known::new("192.0.2.7".parse().unwrap());
        assert_eq!(
            known.text(Paint::Plain, None, &TimeZone::UTC),
            "Nothing is known of 192.0.2.7.\n"
        );
        known.history.push(PastBan {
            network: known.network,
            since: 1_795_303_935_000,
            until: Some(1_795_307_535_000),
            ended: Some(1_795_304_000_000),
            how: Some("lifted".into()),
            only: String::new(),
            judge: "guests".into(),
            time: Some(2),
            service: "ssh".into(),
            reason: "burst: 5 points".into(),
            origin: None,
            evidence: vec![sample()],
        });
        known.standings.push(Standing {
            judge: "guests".parse().unwrap(),
            tally: "burst".into(),
            network: known.network,
            sum: 1200,
            limit: 5000,
            missing: 3800,
        });
        known.successes.push(PastSuccess {
            peer: [192, 0, 2, 7].into(),
            user: Some("joe".into()),
            service: "ssh".into(),
            first: 0,
            last: 1_795_303_935_000,
            count: 3,
            source: "pipe".into(),
            suspicious: 1,
        });
        assert_eq!(
            known.text(Paint::Plain, None, &TimeZone::UTC),
            "\nWhat judges have counted:\n\
             guests burst  192.0.2.7: 1.2 of 5, 3.8 to a ban\n\
             \nWho has authenticated from there:\n\
             2026-11-21 23:32:15  192.0.2.7  joe at ssh, 3 times, 1 after too many failures\n\
             \nBans:\n\
             2026-11-21 23:32:15  192.0.2.7 out of every service, lifted 2026-11-21 23:33:20: \
             guests (burst: 5 points), time 2\n    \
             2026-11-21 23:32:15  192.0.2.7  ssh  auth-failed as ro\\x1b[2Jot, 2 times: \
             a failed try (auth)\n"
        );
        assert_eq!(known.json()["history"][0]["evidence"][0]["kind"], "auth-failed");
    }
}
