//! Bans of another program, brought along.

use super::bans::MOST_WAITING;
use crate::door::{Door, Stage};
use portreeve_policy::Ban;
use portreeve_wire::clerk::BanRecord;
use portreeve_wire::control::Answer;
use portreeve_wire::import::{Imported, ImportedBan, MAX_TEXT, MOST_IMPORTED};

impl Door {
    /// Judges each of another program's bans as one by hand, and makes those that may be, or only says
    /// which. It looks at no more of them than the ledger can be told of now.
    pub(super) fn import_bans(
        &mut self,
        from: &str,
        bans: Vec<ImportedBan>,
        dry_run: bool,
        uid: u32,
    ) -> Answer {
        if matches!(self.stage, Stage::Waiting(_)) {
            let why = "the bans of before are not all known: try again in some seconds";
            return Answer::Failed(why.to_owned());
        }
        if bans.len() > MOST_IMPORTED {
            return Answer::Failed(format!("these are more than {MOST_IMPORTED} bans"));
        }
        let origin = format!("imported from {}, uid {uid}", kept(from));
        let mut told = Vec::new();
        for ban in bans {
            if self.unstored.len() >= MOST_WAITING || self.outbox.len() >= MOST_WAITING {
                break;
            }
            told.push(self.import(ban, &origin, dry_run, uid));
        }
        Answer::Imported(told)
    }

    fn import(&mut self, ban: ImportedBan, origin: &str, dry_run: bool, uid: u32) -> Imported {
        let now = self.now.unix();
        let ImportedBan { network, since, until, reason, judge } = ban;
        if until.is_some_and(|until| until <= now) {
            return Imported::Over;
        }
        if let Err(why) = self.judge_by_hand(network) {
            return Imported::Refused(why);
        }
        if dry_run {
            let (time, skew) = (self.state.ban_time(now), self.state.ban_skew());
            let until = until.map(|until| until.saturating_add(skew));
            let longer =
                |old: &Ban| old.until.is_none_or(|old| until.is_some_and(|new| new <= old));
            let old = self.state.ban_of(network, "");
            let known = old.is_some_and(|old| old.holds(time) && longer(old));
            return if known { Imported::Known } else { Imported::Taken };
        }
        let known = self.current.config.judges.iter().any(|one| one.name.as_str() == judge);
        let record = BanRecord {
            network,
            since: since.min(now), // the other's clock may be ahead
            until,
            service: String::new(),
            reason: kept(&reason).to_owned(),
            origin: Some(origin.to_owned()),
            only: String::new(),
            judge: if known { judge } else { String::new() },
        };
        if self.ban(record, Some(uid)) {
            return Imported::Taken;
        }
        match self.state.ban_of(network, "") {
            Some(_) => Imported::Known,
            None => Imported::Refused("the table of bans is full".to_owned()),
        }
    }
}

/// The start of a text, in whole characters.
fn kept(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or(text)
}
