//! What came of it, for programs.

use super::Replayed;
use super::compare::Changed;
use super::court::{Good, Told};
use super::evidence::Deed;
use super::told::{SUPPOSED, judges};
use crate::exit::Failure;
use crate::render::bans::json_time;
use crate::render::json;
use crate::terminal;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::net::IpAddr;

/// Writes it.
pub(super) fn tell(result: &Replayed) -> Result<(), Failure> {
    let court = &result.court;
    let ban = |ban: &Told| self::ban(result, ban);
    let known_good = result.known_good().map(|(told, hit)| {
        let hit = hit.into_iter().map(|(peer, good)| self::good(result, peer, good));
        json!({ "ban": ban(told), "peers": hit.collect::<Vec<_>>() })
    });
    let judges = judges(court).into_iter().map(
        |(name, (bans, networks))| json!({ "name": name, "bans": bans, "networks": networks }),
    );
    let refused = court.refused.iter().map(|((network, why), times)| {
        json!({ "network": network.to_string(), "why": why, "times": times })
    });
    let all = |some: &[Told]| some.iter().map(ban).collect::<Vec<_>>();
    let against = result.against.as_ref().map(|changes| {
        let changed = changes.changed.iter().map(|both: &Changed| {
            json!({ "new": ban(&both.new), "today": ban(&both.today), "later": both.later() })
        });
        json!({
            "only-new": all(&changes.only_new),
            "only-today": all(&changes.only_today),
            "changed": changed.collect::<Vec<_>>(),
            "same": changes.same,
        })
    });
    let counts = court.counts;
    terminal::answer(&json::text(&json!({
        "known-good": known_good.collect::<Vec<_>>(),
        "bans": all(&court.bans),
        "judges": judges.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
        "against": against,
        "explained": court.deeds.iter().map(|one| deed(result, one)).collect::<Vec<_>>(),
        "files": result.files.iter().flatten().map(|(_, path)| path).collect::<Vec<_>>(),
        "from": result.range.and_then(|(from, _)| micros(from)),
        "to": result.range.and_then(|(_, to)| micros(to)),
        "lines": counts.lines,
        "offences": counts.offences,
        "charged": counts.charged,
        "logins": counts.successes,
        "untold": counts.untold,
        "forgotten": court.evicted(),
        "remarks": result.remarks,
        "supposed": SUPPOSED,
    })))
}

fn micros(at: i64) -> Option<String> {
    Timestamp::from_microsecond(at).ok().map(|at| at.to_string())
}

fn millis(at: u64) -> Option<String> {
    Timestamp::from_millisecond(i64::try_from(at).ok()?).ok().map(|at| at.to_string())
}

fn good(result: &Replayed, peer: IpAddr, good: &Good) -> Value {
    json!({
        "peer": peer.to_string(),
        "users": good.users,
        "logins": good.times,
        "last": millis(good.last),
        "file": result.file(good.place),
        "line": good.place.line,
    })
}

fn ban(result: &Replayed, ban: &Told) -> Value {
    json!({
        "network": ban.network.to_string(),
        "since": json_time(ban.since),
        "until": ban.until.and_then(json_time),
        "judge": ban.judge,
        "time": ban.time,
        "only": ban.only,
        "reason": ban.reason,
        "lengthened": ban.lengthened,
        "evidence": ban.evidence.iter().map(|one| deed(result, one)).collect::<Vec<_>>(),
    })
}

fn deed(result: &Replayed, deed: &Deed) -> Value {
    json!({
        "at": millis(deed.at),
        "peer": deed.peer.to_string(),
        "kind": deed.kind,
        "count": deed.count,
        "user": deed.user,
        "file": result.file(deed.place),
        "line": deed.place.line,
    })
}
