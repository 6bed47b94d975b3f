//! `portreeve ban`.

use super::{all_sessions, known_service, own};
use crate::args::BanArgs;
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::text::{count, visible, wrap};
use crate::render::{bans, json};
use crate::terminal::{self, Form};
use jiff::tz::TimeZone;
use portreeve_wire::clerk::BanRecord;
use portreeve_wire::control::{Answer, MAX_REASON, Request};
use serde_json::json;

/// Shuts a network out, but not the one this command is reached from, unless that is said to be
/// meant.
pub(crate) fn run(args: &BanArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let reason = args.why.clone().unwrap_or_default();
    if reason.len() > MAX_REASON {
        let most = format!("the reason is longer than {MAX_REASON} bytes");
        return Err(Failure::new(Exit::Usage, most));
    }
    if !args.yes {
        let all = all_sessions(paths, None, Some(args.network))?;
        if let Some(address) = own::address_in(args.network, &all) {
            return Err(Failure::new(
                Exit::No,
                format!("you are connected from {address}: this ban would keep you out next time"),
            )
            .help("add `--yes` if it is meant"));
        }
    }
    let request = Request::Ban {
        network: args.network,
        seconds: args.time.map(|time| time.as_secs()),
        reason,
        only: args.service.clone().unwrap_or_default(),
    };
    known_service(paths, args.service.as_deref())?;
    let answer = client::granted(client::ask(paths, &request, Patience::Glance)?.answer)?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other answer is to another question")]
    let (ban, new, sessions) = match answer {
        Answer::Banned { ban, new, sessions } => (ban, new, sessions),
        Answer::NotBanned(why) => {
            let why = format!("{} is not banned: {}", args.network, visible(&why));
            return Err(Failure::new(Exit::No, why));
        }
        _ => return Err(client::unexpected()),
    };
    terminal::answer(&match form {
        Form::Json => {
            json::text(&json!({ "ban": bans::json(&ban), "new": new, "sessions": sessions }))
        }
        Form::Text(_) => told(&ban, new, sessions, &TimeZone::system()),
    })?;
    Ok(Exit::Yes)
}

fn told(ban: &BanRecord, new: bool, sessions: u32, zone: &TimeZone) -> String {
    let until = match ban.until {
        Some(_) => format!("until {}", bans::until(ban, zone)),
        None => "until it is lifted".to_owned(),
    };
    let network = ban.network;
    let of = match visible(&ban.only) {
        only if only.is_empty() => "every service".to_owned(),
        only => only,
    };
    let mut out = match new {
        true => format!("{network} is shut out of {of} {until}.\n"),
        false => wrap(
            "",
            &format!(
                "{network} was shut out already, and for longer: {until}. To shorten that, lift \
                 the ban first: `portreeve unban {network}`."
            ),
        ),
    };
    if sessions > 0 {
        let go = if sessions == 1 { "goes" } else { "go" };
        let text = format!(
            "{} from there {go} on: `portreeve end --peer {network}` ends what is open.",
            count(sessions, "session")
        );
        out.push_str(&wrap("", &text));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::bans::tests::sample;

    #[test]
    fn a_ban_says_until_when_and_who_is_still_inside() {
        assert_eq!(
            told(&sample("192.0.2.0/24", Some(1_795_390_335)), true, 2, &TimeZone::UTC),
            "192.0.2.0/24 is shut out of every service until 2026-11-22 23:32.\n\
             2 sessions from there go on: `portreeve end --peer 192.0.2.0/24` ends what is\nopen.\n"
        );
        let older = told(&sample("192.0.2.7", None), false, 0, &TimeZone::UTC);
        assert!(older.contains("already, and for longer: until it is lifted."), "{older}");
    }
}
