//! Refused connections a second with a million bans loaded, against a twin that has none.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use portreeve_ledger::Change;
use portreeve_model::Network;
use portreeve_wire::clerk::BanRecord;

use crate::Failure;
use crate::args::Options;
use crate::client::{Until, count, load};
use crate::contestant::{Contestant, Job};
use crate::contestants::{ban_folder, start_again, with_bans};
use crate::cpu::{private_memory, sum};
use crate::figures::Figures;
use crate::host::Host;
use crate::print::{Table, line, progress};

/// As many as a door takes.
const BANS: u32 = 1_000_000;

/// Bans in one commit.
const COMMIT: u32 = 50_000;

/// Longest wait for a door to end.
const ENDING: Duration = Duration::from_secs(30);

/// For each of ours a door without bans and one with them, in turn.
pub(crate) fn run(host: &Host, options: &Options) -> Result<(), Failure> {
    let headings = [
        "",
        "at a time",
        "none",
        "with",
        "min",
        "max",
        "ratio",
        "µs none",
        "µs with",
        "opens in s",
        "MiB none",
        "MiB with",
    ];
    let mut table = Table::new(&headings);
    for recipe in with_bans(options) {
        progress(&format!("bans: {}", recipe.name));
        let none = Contestant::start(host, &recipe, Job::Refuse)?;
        let first = Contestant::start(host, &recipe, Job::Refuse)?;
        let port = first.port;
        first.stop(ENDING);
        fill(&ban_folder(host, port))?;
        let began = Instant::now();
        let full = Contestant::await_start(host, recipe.name, port, Job::Refuse, || {
            start_again(host, port)
        })?;
        let opened = began.elapsed() - Contestant::SETTLING;
        full.settle();
        for concurrency in options.concurrency_or(&[8]) {
            let mut rates = [Figures::default(), Figures::default()];
            let mut spent = [0.0, 0.0];
            let mut done = [0, 0];
            for round in 1..=options.rounds {
                progress(&format!("{}, concurrency {concurrency}, round {round}", recipe.name));
                for (at, door) in [&none, &full].into_iter().enumerate() {
                    let own = door.listeners();
                    let before = sum(&own).own;
                    let until = Until::Time(options.time);
                    let outcome = load(&host.world, door.port, Job::Refuse, concurrency, until);
                    door.settle();
                    rates[at].add(outcome.rate());
                    spent[at] += sum(&own).own - before;
                    done[at] += outcome.done;
                    if let Some(why) = outcome.failure {
                        line(&format!("{}: {} went wrong: {why}", recipe.name, outcome.failed));
                    }
                }
            }
            let each = |at: usize| format!("{:.1}", spent[at] * 1e6 / count(done[at].max(1)));
            let memory = |door: &Contestant| {
                let private = private_memory(door.pid());
                format!("{:.1}", count(private.dirty + private.clean) / 1024.0)
            };
            table.row(vec![
                recipe.name.to_owned(),
                concurrency.to_string(),
                format!("{:.0}", rates[0].median()),
                format!("{:.0}", rates[1].median()),
                format!("{:.0}", rates[1].least()),
                format!("{:.0}", rates[1].most()),
                format!("{:.2}", rates[1].against(&rates[0]).median()),
                each(0),
                each(1),
                format!("{:.1}", opened.as_secs_f64()),
                memory(&none),
                memory(&full),
            ]);
        }
    }
    table.print(&format!(
        "refused connections a second: with no ban, and with {BANS} (min and max of the latter), the\n\
         listener's processor time for each, the time from the start of a door with that many in its\n\
         ledger to its first refusal, and the listener's private memory"
    ));
    Ok(())
}

/// Writes the bans into the ledger of a door that has ended.
fn fill(folder: &Path) -> Result<(), Failure> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(seconds).unwrap_or(0);
    let mut ledger = portreeve_ledger::open(folder, now).map_err(|error| error.to_string())?;
    let mut from = 0;
    while from < BANS {
        let to = (from + COMMIT).min(BANS);
        let changes: Vec<Change> = (from..to).map(|n| Change::Keep(ban(n, now))).collect();
        ledger.apply(&changes).map_err(|error| error.to_string())?;
        from = to;
        progress(&format!("{from} bans written"));
    }
    drop(ledger);
    // It stays the clerk's, whatever was written here by root.
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let owner = fs::metadata(folder).map_err(failed)?;
    for file in fs::read_dir(folder).map_err(failed)?.flatten() {
        chown(file.path(), Some(owner.uid()), Some(owner.gid())).map_err(failed)?;
    }
    Ok(())
}

/// The n-th: nine of ten are hosts, the others networks of both families; one in ten is for ever.
fn ban(n: u32, now: i64) -> BanRecord {
    // Spread over 64.0.0.0/2; of a million a few hundred are the same.
    let spread = IpAddr::from(Ipv4Addr::from(n.wrapping_mul(2_654_435_761) >> 2 | 0x4000_0000));
    let network = match n % 20 {
        0 => Network::around(spread, 24, 64),
        1 => Network::around(
            Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(n) << 64).into(),
            24,
            64,
        ),
        _ => Network::host(spread),
    };
    BanRecord {
        network,
        since: now,
        until: (!n.is_multiple_of(10)).then_some(now + 86_400 + i64::from(n % 3600)),
        service: "ssh".to_owned(),
        reason: format!("touched the trap telnet from port {}", 1024 + n % 60_000),
        origin: Some("/etc/portreeve.toml:12:1".to_owned()),
    }
}
