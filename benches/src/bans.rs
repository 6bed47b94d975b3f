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
use crate::contestant::{Contestant, Job, Recipe};
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

/// A door without bans, its twin that has them, and how long that one took to open.
struct Pair {
    name: &'static str,
    none: Contestant,
    full: Contestant,
    opened: Duration,
}

/// What one of a pair did.
#[derive(Clone, Debug, Default)]
struct Series {
    rates: Figures,
    seconds: f64,
    done: u64,
}

/// For each of ours a pair, in turn.
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
        let pair = Pair::start(host, &recipe)?;
        for concurrency in options.concurrency_or(&[8]) {
            table.row(pair.compare(host, options, concurrency));
        }
    }
    table.print(&format!(
        "refused connections a second: with no ban, and with {BANS} (min and max of the latter), the\n\
         listener's processor time for each, the time from the start of a door with that many in its\n\
         ledger to its first refusal, and the listener's private memory"
    ));
    Ok(())
}

impl Pair {
    fn start(host: &Host, recipe: &Recipe) -> Result<Self, Failure> {
        let name = recipe.name;
        let none = Contestant::start(host, recipe, Job::Refuse)?;
        let first = Contestant::start(host, recipe, Job::Refuse)?;
        let port = first.port;
        first.stop(ENDING);
        fill(&ban_folder(host, port))?;
        let began = Instant::now();
        let again = || start_again(host, port);
        let full = Contestant::await_start(host, name, port, Job::Refuse, again)?;
        let opened = began.elapsed().saturating_sub(Contestant::SETTLING);
        full.settle();
        Ok(Self { name, none, full, opened })
    }

    fn compare(&self, host: &Host, options: &Options, concurrency: usize) -> Vec<String> {
        let (mut none, mut full) = (Series::default(), Series::default());
        for round in 1..=options.rounds {
            progress(&format!("{}, concurrency {concurrency}, round {round}", self.name));
            for (door, series) in [(&self.none, &mut none), (&self.full, &mut full)] {
                self.measure(host, options, concurrency, door, series);
            }
        }
        vec![
            self.name.to_owned(),
            concurrency.to_string(),
            format!("{:.0}", none.rates.median()),
            format!("{:.0}", full.rates.median()),
            format!("{:.0}", full.rates.least()),
            format!("{:.0}", full.rates.most()),
            format!("{:.2}", full.rates.against(&none.rates).median()),
            each(&none),
            each(&full),
            format!("{:.1}", self.opened.as_secs_f64()),
            memory(&self.none),
            memory(&self.full),
        ]
    }

    fn measure(
        &self,
        host: &Host,
        options: &Options,
        concurrency: usize,
        door: &Contestant,
        series: &mut Series,
    ) {
        let own = door.listeners();
        let before = sum(&own).own;
        let until = Until::Time(options.time);
        let outcome = load(&host.world, door.port, Job::Refuse, concurrency, until);
        door.settle();
        series.rates.add(outcome.rate());
        series.seconds += sum(&own).own - before;
        series.done += outcome.done;
        if let Some(why) = outcome.failure {
            line(&format!("{}: {} went wrong: {why}", self.name, outcome.failed));
        }
    }
}

fn each(series: &Series) -> String {
    format!("{:.1}", series.seconds * 1e6 / count(series.done.max(1)))
}

fn memory(door: &Contestant) -> String {
    let private = private_memory(door.pid());
    format!("{:.1}", count(private.dirty + private.clean) / 1024.0)
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
        only: String::new(),
        judge: String::new(),
    }
}
