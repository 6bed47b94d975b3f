//! `portreeve unban`.

use super::all_bans;
use crate::args::UnbanArgs;
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::json;
use crate::render::text::{count, wrap};
use crate::terminal::{self, Form};
use portreeve_model::Network;
use portreeve_wire::clerk::{BanKey, BanRecord};
use portreeve_wire::control::{Answer, PAGE, Request};
use serde_json::{Value, json};
use std::time::Duration;

/// Between two questions while the door's ledger keeps up.
const AGAIN: Duration = Duration::from_millis(50);
/// So long at most without a single ban lifted.
const PATIENCE: u32 = 600;
/// So many bans are named, at most, of those that remain.
const NAMED: usize = 4;

/// Lets networks in again, and says which of the bans around or inside them remain.
pub(crate) fn run(args: &UnbanArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    if args.all {
        return everybody(args.yes, paths, form);
    }
    let only = args.service.as_deref();
    super::known_service(paths, only)?;
    let lifted = lift(paths, &args.banned, only)?;
    let mut each = Vec::new();
    for network in &args.banned {
        let was_banned = lifted.iter().any(|ban| ban.network == *network);
        each.push((*network, was_banned, all_bans(paths, Some(*network))?));
    }
    terminal::answer(&match form {
        Form::Json => json::text(&json!({
            "lifted": networks_of(&lifted),
            "networks": each.iter().map(for_programs).collect::<Vec<_>>(),
        })),
        Form::Text(_) => each.iter().map(|(n, was, rest)| told(*n, *was, rest)).collect(),
    })?;
    Ok(if each.iter().all(|(_, was_banned, _)| *was_banned) { Exit::Yes } else { Exit::No })
}

fn everybody(yes: bool, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let all = all_bans(paths, None)?;
    let number = count(u64::try_from(all.len()).unwrap_or(u64::MAX), "ban");
    let mut networks: Vec<_> = all.iter().map(|ban| ban.network).collect();
    networks.dedup(); // they are in order
    if !yes && !all.is_empty() {
        if !terminal::can_ask() {
            return Err(Failure::new(Exit::Usage, format!("{number} would be lifted"))
                .help("add `--yes` where nobody can be asked"));
        }
        if !terminal::ask(&format!("Lift {number}?")) {
            terminal::answer("Nothing was lifted.\n")?;
            return Ok(Exit::No);
        }
    }
    let lifted = lift(paths, &networks, None)?.len();
    let number = count(u64::try_from(lifted).unwrap_or(u64::MAX), "ban");
    terminal::answer(&match form {
        Form::Json => json::text(&json!({ "lifted": lifted })),
        Form::Text(_) if all.is_empty() => "Nobody was shut out.\n".to_owned(),
        Form::Text(_) if lifted == 1 => format!("{number} is lifted.\n"),
        Form::Text(_) => format!("{number} are lifted.\n"),
    })?;
    Ok(Exit::Yes)
}

/// Lifts the bans of these networks, as fast as the door's ledger keeps up; gives those that had
/// one, out of the service of this name alone or out of any.
fn lift(paths: &Paths, networks: &[Network], only: Option<&str>) -> Result<Vec<BanKey>, Failure> {
    let mut all = Vec::new();
    for page in networks.chunks(PAGE) {
        let mut rest = page;
        let mut waited = 0;
        while !rest.is_empty() {
            let only = only.map(str::to_owned);
            let request = Request::Unban { networks: rest.to_vec(), only };
            let answered = client::ask(paths, &request, Patience::Glance)?;
            let Answer::Unbanned { lifted, left } = client::granted(answered.answer)? else {
                return Err(client::unexpected());
            };
            all.extend(lifted);
            let left = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
            waited = if left < rest.len() { 0 } else { waited + 1 };
            if waited > PATIENCE {
                let done = count(u64::try_from(all.len()).unwrap_or(u64::MAX), "ban");
                let failed = Failure::new(
                    Exit::Unavailable,
                    format!("the ledger does not keep up: {done} lifted, the others remain"),
                );
                return Err(failed.help("`portreeve status` says what is wrong with the clerk"));
            }
            rest = rest.get(rest.len().saturating_sub(left)..).unwrap_or_default();
            if left > 0 {
                std::thread::sleep(AGAIN);
            }
        }
    }
    Ok(all)
}

/// Each network once.
fn networks_of(lifted: &[BanKey]) -> Vec<String> {
    let mut networks: Vec<_> = lifted.iter().map(|ban| ban.network.to_string()).collect();
    networks.dedup(); // its bans were lifted together
    networks
}

/// Whether a ban covers all of a network, rather than a part of it.
fn covers(ban: Network, network: Network) -> bool {
    ban.length() <= network.length() && ban.contains(network.address())
}

fn told(network: Network, was_banned: bool, rest: &[BanRecord]) -> String {
    let (around, inside): (Vec<_>, Vec<_>) =
        rest.iter().map(|ban| ban.network).partition(|ban| covers(*ban, network));
    let first = match (was_banned, rest) {
        (true, _) => format!("The ban on {network} is lifted."),
        (false, []) => format!("{network} is not banned."),
        (false, _) => format!("{network} has no ban of its own."),
    };
    let mut out = wrap("", &first);
    if !around.is_empty() {
        let still = if was_banned { "still " } else { "" };
        let text = format!("It is {still}shut out by {}.", listed(&around, "around it"));
        out.push_str(&wrap("  ", &text));
    }
    if !inside.is_empty() {
        out.push_str(&wrap("  ", &format!("Inside it {}.", stay(&inside))));
    }
    for ban in around.iter().chain(&inside).take(NAMED) {
        out.push_str(&wrap("  ", &format!("`portreeve unban {ban}` lifts that one.")));
    }
    out
}

fn stay(inside: &[Network]) -> String {
    let verb = if inside.len() == 1 { "is" } else { "are" };
    format!("{verb} {}", listed(inside, "more"))
}

fn listed(bans: &[Network], which: &str) -> String {
    let names: Vec<_> = bans.iter().take(NAMED).map(|ban| format!("the ban on {ban}")).collect();
    let more = bans.len().saturating_sub(NAMED);
    match more {
        0 => names.join(" and "),
        more => format!("{} and {more} {which}", names.join(", ")),
    }
}

fn for_programs((network, was_banned, rest): &(Network, bool, Vec<BanRecord>)) -> Value {
    let of = |around: bool| -> Vec<String> {
        let bans = rest.iter().map(|ban| ban.network);
        bans.filter(|ban| covers(*ban, *network) == around).map(|ban| ban.to_string()).collect()
    };
    json!({
        "network": network.to_string(),
        "was-banned": was_banned,
        "around": of(true),
        "inside": of(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::bans::tests::sample;

    fn net(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn what_remains_around_and_inside_is_told() {
        for (network, was_banned, rest, want) in [
            ("192.0.2.7", true, &[][..], "The ban on 192.0.2.7 is lifted.\n"),
            ("192.0.2.7", false, &[], "192.0.2.7 is not banned.\n"),
            (
                "192.0.2.7",
                true,
                &["192.0.2.0/24"],
                "The ban on 192.0.2.7 is lifted.\n  It is still shut out by the ban on \
                 192.0.2.0/24.\n  `portreeve unban 192.0.2.0/24` lifts that one.\n",
            ),
            (
                "192.0.2.0/24",
                false,
                &["192.0.2.7"],
                "192.0.2.0/24 has no ban of its own.\n  Inside it is the ban on 192.0.2.7.\n  \
                 `portreeve unban 192.0.2.7` lifts that one.\n",
            ),
        ] {
            let rest: Vec<_> = rest.iter().map(|ban| sample(ban, None)).collect();
            assert_eq!(told(net(network), was_banned, &rest), want);
        }
        let many: Vec<_> = (1..=9).map(|n| sample(&format!("192.0.2.{n}"), None)).collect();
        let text = told(net("192.0.2.0/24"), true, &many);
        assert!(text.contains("and 5 more."), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
