//! `portreeve replay`: what rules would have done with lines of the past.

mod compare;
mod court;
mod evidence;
mod input;
mod json;
mod merge;
mod told;

use crate::args::{ReplayArgs, Source};
use crate::configuration;
use crate::detect::clock;
use crate::exit::{Exit, Failure};
use crate::paths::{Configuration, Paths};
use crate::terminal::{self, Form};
use court::{Court, Told};
use evidence::Place;
use input::Log;
use jiff::tz::TimeZone;
use merge::Merge;
use portreeve_detect::{Record, frame};
use portreeve_judge::readers::Now;
use portreeve_model::{Config, Zone};
use std::io::IsTerminal as _;
use std::net::IpAddr;
use std::time::Duration;

/// Between two looks at how far it is, lines.
const LOOK: u64 = 4096;
/// Between two words about it.
const EVERY: Duration = Duration::from_millis(250);

/// Judges the past. Yes, if nobody who is known to be good would have been shut out; no, if somebody
/// would.
pub(crate) fn run(args: &ReplayArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let zone = args.zone.as_deref().map_or_else(|| Ok(TimeZone::system()), clock::zone)?;
    let moment = |text: &Option<String>| {
        let parsed =
            text.as_deref().map(|text| crate::moment::parse(text, crate::moment::now(), &zone));
        parsed.transpose().map(|moment| moment.map(|moment| moment.as_microsecond()))
    };
    let (since, until) = (moment(&args.since)?, moment(&args.until)?);
    let config = read(&paths.configuration(&args.source))?;
    let other = args.against.as_ref().map(|file| {
        let source = Source { config: Some(file.clone()), xinetd: None };
        read(&paths.configuration(&source))
    });
    let other = other.transpose()?;
    let mut remarks = Vec::new();
    let logs = match args.logs.as_slice() {
        [] => {
            let mut watches = court::watches(&config);
            watches.extend(other.iter().flat_map(court::watches));
            input::watched(&watches, &mut remarks)?
        }
        logs => input::named(logs)?,
    };
    if logs.is_empty() {
        let message = "there is no log to read: the configuration watches no file that is there";
        return Err(Failure::new(Exit::Usage, message).help("name one: `portreeve replay LOG`"));
    }
    let own = portreeve_sys::socket::local_addresses()
        .map_err(|error| Failure::system("read this host's addresses", &error))?;
    let mut trial =
        Trial::new(&config, &logs, own.clone(), args.explain.map(portreeve_model::unmapped));
    let mut today = other.as_ref().map(|config| Trial::new(config, &logs, own, None));
    let files = files(&logs);
    let range = judge(&mut trial, today.as_mut(), logs, &files, (since, until), &zone)?;
    remarks.append(&mut trial.court.trouble);
    let against = today.map(|today| compare::compare(&trial.court.bans, &today.court.bans));
    let result = Replayed { court: trial.court, against, files, range, remarks, zone };
    match form {
        Form::Json => json::tell(&result)?,
        Form::Text(paint) => told::tell(&result, args.explain.is_some(), paint)?,
    }
    Ok(if result.known_good().next().is_none() { Exit::Yes } else { Exit::No })
}

/// What came of it.
struct Replayed {
    court: Court,
    against: Option<compare::Changes>,
    /// The files, by their numbers.
    files: Vec<Vec<(u32, String)>>,
    /// From when to when lines were judged, microseconds.
    range: Option<(i64, i64)>,
    /// What could not be read or looked for.
    remarks: Vec<String>,
    zone: TimeZone,
}

impl Replayed {
    /// Bans that would have hit somebody who has authenticated.
    fn known_good(&self) -> impl Iterator<Item = (&Told, Vec<(IpAddr, &court::Good)>)> {
        self.court.bans.iter().filter_map(|ban| {
            let mut hit: Vec<_> = match portreeve_model::Network::host(ban.network.address()) {
                alone if alone == ban.network => {
                    let address = alone.address();
                    self.court.good.get(&address).map(|good| (address, good)).into_iter().collect()
                }
                _ => {
                    let all = self.court.good.iter();
                    let inside = all.filter(|(peer, _)| ban.network.contains(**peer));
                    inside.map(|(peer, good)| (*peer, good)).collect()
                }
            };
            hit.sort_by_key(|(peer, _)| *peer);
            (!hit.is_empty()).then_some((ban, hit))
        })
    }

    /// The path of a file.
    fn file(&self, place: Place) -> &str {
        let all = self.files.iter().flatten();
        let found = all.into_iter().find(|(number, _)| *number == place.file);
        found.map_or("", |(_, path)| path)
    }
}

/// A court, and which of its watches read each log.
struct Trial {
    court: Court,
    readers: Vec<Vec<u32>>,
    /// The clock of each log's lines: that of the first watch that reads it.
    zones: Vec<Option<Zone>>,
}

impl Trial {
    fn new(config: &Config, logs: &[Log], own: Vec<IpAddr>, explained: Option<IpAddr>) -> Self {
        let watches = court::watches(config);
        let readers: Vec<_> = logs.iter().map(|log| input::readers(log, &watches)).collect();
        let zone = |readers: &Vec<u32>| {
            let first = usize::try_from(*readers.first()?).ok()?;
            watches.get(first).map(|watch| watch.zone.clone())
        };
        let zones = readers.iter().map(zone).collect();
        Self { court: Court::new(config, watches, own, explained), readers, zones }
    }
}

/// Numbers for all files of all logs.
fn files(logs: &[Log]) -> Vec<Vec<(u32, String)>> {
    let mut number = 0_u32;
    let each = logs.iter().map(|log| {
        let parts = log.parts.iter().map(|part| {
            number = number.saturating_add(1);
            (number, part.path.display().to_string())
        });
        parts.collect()
    });
    each.collect()
}

/// Gives all lines to the courts; from when to when they were.
fn judge(
    trial: &mut Trial,
    mut today: Option<&mut Trial>,
    logs: Vec<Log>,
    files: &[Vec<(u32, String)>],
    (since, until): (Option<i64>, Option<i64>),
    zone: &TimeZone,
) -> Result<Option<(i64, i64)>, Failure> {
    let names: Vec<_> = logs.iter().map(|log| log.name.clone()).collect();
    let zones = trial.zones.clone();
    let resolve = |log: usize, record: &Record<'_>, now: i64| {
        let clock = zones.get(log)?.as_ref()?;
        portreeve_judge::readers::resolve(clock, record.time?, now, zone)
    };
    let mut progress = Progress::new(&logs);
    let mut merge = Merge::new(logs, &resolve)?;
    let host = host();
    let mut range: Option<(i64, i64)> = None;
    let mut lines = 0_u64;
    loop {
        let more = merge.next(&mut |line| {
            lines += 1;
            if since.is_some_and(|since| line.at < since)
                || until.is_some_and(|until| line.at >= until)
            {
                return;
            }
            let (first, last) = range.unwrap_or((line.at, line.at));
            range = Some((first.min(line.at), last.max(line.at)));
            let record = Record { cut: line.cut, ..frame::read(line.bytes) };
            let now = Now { micros: line.now, zone, host: &host };
            let path = names.get(line.log).map_or("", String::as_str);
            let number = files.get(line.log).and_then(|parts| parts.get(line.part));
            let file = number.map_or(0, |(number, _)| *number);
            let place = Place { file, line: line.number };
            for trial in std::iter::once(&mut *trial).chain(today.as_deref_mut()) {
                let readers = trial.readers.get(line.log).map_or(&[][..], Vec::as_slice);
                trial.court.line(readers, &record, path, now, place);
            }
        })?;
        if !more {
            progress.end();
            return Ok(range);
        }
        if lines.is_multiple_of(LOOK) {
            progress.tell(merge.done);
        }
    }
}

/// This host's name.
fn host() -> Vec<u8> {
    portreeve_sys::file::read_bounded(std::path::Path::new("/proc/sys/kernel/hostname"), 256)
        .map(|read| read.bytes.trim_ascii_end().to_vec())
        .unwrap_or_default()
}

fn read(entry: &Configuration) -> Result<Config, Failure> {
    let loaded = configuration::load(entry)?;
    loaded.config.ok_or_else(|| {
        let file = match entry {
            Configuration::Native(path) | Configuration::Xinetd(path) => path.display(),
        };
        let message = format!("{file}: {} errors in it", loaded.diagnostics.errors());
        Failure::new(Exit::Configuration, message)
            .help(format!("`portreeve check --config {file}` names them"))
    })
}

/// How far it is, on a terminal.
struct Progress {
    all: u64,
    last: Option<Duration>,
    shown: bool,
}

impl Progress {
    fn new(logs: &[Log]) -> Self {
        let sizes = logs.iter().flat_map(|log| &log.parts).map(|part| part.size);
        let last = std::io::stderr().is_terminal().then(portreeve_sys::clock::monotonic);
        Self { all: sizes.fold(0, u64::saturating_add), last, shown: false }
    }

    fn tell(&mut self, done: u64) {
        let Some(last) = self.last else { return };
        let now = portreeve_sys::clock::monotonic();
        if now.saturating_sub(last) >= EVERY {
            (self.last, self.shown) = (Some(now), true);
            // what is compressed has more lines than bytes
            let share = done.saturating_mul(100).checked_div(self.all).unwrap_or(0).min(99);
            terminal::remark(&format!("\rreading the logs: {share} %"));
        }
    }

    fn end(&mut self) {
        if self.shown {
            terminal::remark("\r                         \r");
        }
    }
}
