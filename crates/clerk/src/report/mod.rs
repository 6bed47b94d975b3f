//! The report that is sent by mail: what has happened since the last one, bounded, in sections. Text of
//! strangers comes in escaped, as the event log has it.

mod letter;

use crate::entry::{Dated, Entry};
use portreeve_model::{Network, Success};
use portreeve_wire::clerk::MailHeader;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

/// Lines of a section; the others are counted.
const MOST_LINES: usize = 100;
/// Characters of a line.
const MOST_LINE: usize = 300;
/// Peers whose last offences are known.
const MOST_PEERS: usize = 4096;
/// Last offences of each.
const LAST: usize = 3;
/// What happens within so many milliseconds of the first thing stands in one report.
const TOGETHER: u64 = 10_000;

/// A section.
#[derive(Debug, Default)]
struct Section {
    lines: Vec<String>,
    more: u64,
}

impl Section {
    fn add(&mut self, line: &str) {
        if self.lines.len() >= MOST_LINES {
            self.more = self.more.saturating_add(1);
            return;
        }
        let mut line: String = line.chars().take(MOST_LINE).collect();
        line.retain(|c| !c.is_control());
        self.lines.push(line);
    }
}

/// What one peer has done of late.
#[derive(Debug, Default)]
struct Deeds {
    last: VecDeque<String>,
    count: u32,
    touched: u64,
}

/// What is told next.
#[derive(Debug, Default)]
pub(crate) struct Report {
    header: Option<MailHeader>,
    added: Section,
    unbanned: Section,
    refused: Section,
    logins: Section,
    alarms: Section,
    deeds: BTreeMap<IpAddr, Deeds>,
    /// When the first of what is to be told happened, in milliseconds since the epoch.
    since: Option<u64>,
    /// When the last report went.
    sent: Option<u64>,
}

impl Report {
    /// To whom reports go from now on, if to anybody.
    pub(crate) fn configure(&mut self, header: Option<MailHeader>) {
        self.header = header;
        if self.header.is_none() {
            let sent = self.sent;
            *self = Self { sent, ..Self::default() };
        }
    }

    /// Takes down what an event says.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is of another kind, now or in time, is no matter for a report"
    )]
    pub(crate) fn heard(&mut self, dated: &Dated, now: u64) {
        if self.header.is_none() {
            return;
        }
        match &dated.entry {
            Entry::Offence { kind, peer: Some(peer), service, user, count, why, .. } => {
                let user = user.as_ref().map(|user| format!(" as `{user}`")).unwrap_or_default();
                let line = format!("{} {kind} at {service}{user}: {why}", dated.at);
                return self.did(*peer, line, *count, now);
            }
            Entry::Banned { network, until, service, reason, .. } => {
                let until = until.as_deref().unwrap_or("for ever");
                let at = service.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
                let why = if reason.is_empty() { "by hand" } else { reason };
                self.added.add(&format!("{network}{at}: {why} (until {until})"));
                for line in self.last_of(network) {
                    self.added.add(&format!("    {line}"));
                }
            }
            Entry::Enforcement { enforcer, act, network, outcome, count, .. }
                if outcome != "done" && enforcer != "mail" =>
            {
                let of = network.as_deref().unwrap_or("-");
                self.unbanned.add(&format!("{of}: {enforcer}, {act}, {count} times: {outcome}"));
            }
            Entry::BanRefused { .. } => self.refused.add(dated.json().trim_end()),
            Entry::BreakerOpened { .. } | Entry::BreakerClosed { .. } => {
                self.alarms.add(dated.json().trim_end());
            }
            Entry::Alarm { text } if !text.starts_with(UNSENT) => self.alarms.add(text),
            _ => return,
        }
        self.since.get_or_insert(now);
    }

    /// Somebody has logged in whom a judge wanted shut out.
    pub(crate) fn suspected(&mut self, success: &Success, judge: &str, now: u64) {
        if self.header.is_none() {
            return;
        }
        let count = self.deeds.get(&success.peer).map_or(0, |deeds| deeds.count);
        let user = success.user.as_deref().unwrap_or("?");
        let line = format!(
            "{user} - {} at {}, after {count} offences, by judge {judge}",
            success.peer, success.service
        );
        self.logins.add(&line);
        self.since.get_or_insert(now);
    }

    fn did(&mut self, peer: IpAddr, line: String, count: u32, now: u64) {
        if self.deeds.len() >= MOST_PEERS && !self.deeds.contains_key(&peer) {
            let oldest = self.deeds.iter().min_by_key(|(_, deeds)| deeds.touched);
            if let Some(oldest) = oldest.map(|(peer, _)| *peer) {
                self.deeds.remove(&oldest);
            }
        }
        let deeds = self.deeds.entry(peer).or_default();
        deeds.count = deeds.count.saturating_add(count);
        deeds.touched = now;
        if deeds.last.len() >= LAST {
            deeds.last.pop_front();
        }
        deeds.last.push_back(line.chars().take(MOST_LINE).collect());
    }

    fn last_of(&self, network: &str) -> Vec<String> {
        let Ok(network) = network.parse::<Network>() else { return Vec::new() };
        let within = self.deeds.iter().filter(|(peer, _)| network.contains(**peer));
        let newest = within.max_by_key(|(_, deeds)| deeds.touched);
        newest.map(|(_, deeds)| deeds.last.iter().cloned().collect()).unwrap_or_default()
    }

    /// The letter that is to go now, if one is: not sooner after the last one than is wanted.
    pub(crate) fn due(&mut self, now: u64, number: u64) -> Option<Vec<u8>> {
        let header = self.header.as_ref()?;
        let since = self.since?;
        let every = header.every.saturating_mul(1000);
        let early = now < since.saturating_add(TOGETHER.min(every));
        // a clock that was put back holds nothing up
        let again = self.sent.is_some_and(|sent| now >= sent && now - sent < every);
        if early && now >= since || again {
            return None;
        }
        let sections = [
            ("Added the following hosts to those that are shut out", &self.added),
            ("Could not carry the following bans out of the door", &self.unbanned),
            ("Did not shut out the following, who should be", &self.refused),
            ("Observed the following suspicious login activity", &self.logins),
            ("What needs the owner's eye", &self.alarms),
        ];
        let letter = letter::write(header, &sections, now, number);
        for section in [
            &mut self.added,
            &mut self.unbanned,
            &mut self.refused,
            &mut self.logins,
            &mut self.alarms,
        ] {
            *section = Section::default();
        }
        (self.since, self.sent) = (None, Some(now));
        Some(letter)
    }
}

/// How the alarm begins that reports cannot be sent: not itself a thing to report.
const UNSENT: &str = "reports cannot be sent";

#[cfg(test)]
mod tests;
