//! Readers of logs: a million lines of an exposed host's auth log, from a file in memory, each
//! reader in turn; and ours over logs with more and more different addresses.

mod contestants;
mod log;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use portreeve_testkit::Dir;

use crate::Failure;
use crate::args::Options;
use crate::cpu::busy;
use crate::figures::Figures;
use crate::print::{Table, line, progress};
use contestants::{ALL, Contestant};
use log::Shape;

/// Lines of the log.
const LINES: u32 = 1_000_000;

/// Addresses in it.
const ADDRESSES: u32 = 5_000;

/// Addresses of the logs that differ in nothing else.
const MORE: [u32; 4] = [10, 1_000, 100_000, 1_000_000];

/// Measures both.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let dir = Dir::in_memory();
    readers(options, dir.path())?;
    more_addresses(options, dir.path())
}

/// A log of some lines, written once.
#[derive(Debug)]
struct Log {
    path: PathBuf,
    lines: f64,
    bytes: f64,
}

impl Log {
    fn write(dir: &Path, shape: Shape) -> Result<Self, Failure> {
        let path = dir.join(format!("{}-{}.log", shape.lines, shape.addresses));
        let fail = |error: std::io::Error| format!("{}: {error}", path.display());
        if !path.exists() {
            let mut file = BufWriter::new(File::create(&path).map_err(fail)?);
            log::write(shape, &mut file).and_then(|()| file.flush()).map_err(fail)?;
        }
        let bytes = fs::metadata(&path).map_err(fail)?.len();
        let bytes = format!("{bytes}").parse().unwrap_or_default();
        Ok(Self { lines: f64::from(shape.lines), bytes, path })
    }
}

/// What a run took.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Took {
    /// From its start to its end, or its own reading.
    seconds: f64,
    /// Of the processor.
    processor: f64,
    /// Largest resident set.
    mebibytes: f64,
}

/// The figures of one reader.
struct Row {
    who: Contestant,
    log: Log,
    lines: Figures,
    bytes: Figures,
    processor: Figures,
    memory: Figures,
}

fn readers(options: &Options, dir: &Path) -> Result<(), Failure> {
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for who in ALL {
        if who.name != ALL[0].name && !options.wants(who.name) {
            continue;
        }
        let share = format!("{:.0}", f64::from(LINES) * who.share).parse().unwrap_or(LINES);
        let log = Log::write(dir, Shape { lines: share, addresses: ADDRESSES })?;
        progress(&format!("detect: {}", who.name));
        match once(&who, &log, dir) {
            Ok(_) => rows.push(Row {
                who,
                log,
                lines: Figures::default(),
                bytes: Figures::default(),
                processor: Figures::default(),
                memory: Figures::default(),
            }),
            Err(why) => missing.push(format!("not measured: {}: {why}", who.name)),
        }
    }
    let mut others = Figures::default();
    for round in 1..=options.rounds {
        progress(&format!("detect, round {round}"));
        for row in &mut rows {
            others.add(busy(Duration::from_millis(100)));
            let took = once(&row.who, &row.log, dir)?;
            row.lines.add(row.log.lines / took.seconds);
            row.bytes.add(row.log.bytes / took.seconds / 1e6);
            row.processor.add(took.processor / row.log.lines * 1e9);
            row.memory.add(took.mebibytes);
        }
    }
    table(&rows).print(&format!(
        "an auth log of {LINES} lines and {ADDRESSES} addresses, from a file in memory, what is \
         found to /dev/null (grep's number to a file)"
    ));
    noise(&others);
    missing.iter().for_each(|text| line(text));
    Ok(())
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        "",
        "lines",
        "ratio",
        "lines a second",
        "MB a second",
        "min",
        "max",
        "CPU ns a line",
        "peak MiB",
    ]);
    let standard = rows.first().map(|row| row.bytes.clone()).unwrap_or_default();
    for row in rows {
        table.row(vec![
            row.who.name.to_owned(),
            format!("{:.0}", row.log.lines),
            format!("{:.4}", row.bytes.against(&standard).median()),
            format!("{:.0}", row.lines.median()),
            format!("{:.1}", row.bytes.median()),
            format!("{:.1}", row.bytes.least()),
            format!("{:.1}", row.bytes.most()),
            format!("{:.0}", row.processor.median()),
            format!("{:.1}", row.memory.median()),
        ]);
    }
    table
}

fn more_addresses(options: &Options, dir: &Path) -> Result<(), Failure> {
    let who = ALL[1];
    let mut table =
        Table::new(&["addresses", "ratio", "lines a second", "MB a second", "peak MiB"]);
    let mut others = Figures::default();
    let mut logs = Vec::new();
    for addresses in MORE {
        let log = Log::write(dir, Shape { lines: MORE_LINES, addresses })?;
        logs.push((addresses, log, [(); 3].map(|()| Figures::default())));
    }
    for round in 1..=options.rounds {
        progress(&format!("detect, more addresses, round {round}"));
        for (_, log, [lines, bytes, memory]) in &mut logs {
            others.add(busy(Duration::from_millis(100)));
            let took = once(&who, log, dir)?;
            lines.add(log.lines / took.seconds);
            bytes.add(log.bytes / took.seconds / 1e6);
            memory.add(took.mebibytes);
        }
    }
    let standard = logs.first().map(|(_, _, [lines, ..])| lines.clone()).unwrap_or_default();
    for (addresses, _, [lines, bytes, memory]) in &logs {
        table.row(vec![
            addresses.to_string(),
            format!("{:.3}", lines.against(&standard).median()),
            format!("{:.0}", lines.median()),
            format!("{:.1}", bytes.median()),
            format!("{:.1}", memory.median()),
        ]);
    }
    table.print(&format!("{}, logs of {MORE_LINES} lines", who.name));
    noise(&others);
    Ok(())
}

/// Lines of the logs with more addresses: a visitor leaves four, so that each of a million comes.
const MORE_LINES: u32 = 5_000_000;

fn noise(others: &Figures) {
    line(&format!(
        "(before each measurement others used {:.0} % of the machine, at most {:.0} %)",
        others.median() * 100.0,
        others.most() * 100.0
    ));
}

/// Runs a reader over a log.
fn once(who: &Contestant, log: &Log, dir: &Path) -> Result<Took, Failure> {
    let inner = (who.call)(&log.path, dir)?;
    let figures = dir.join("spent");
    let mut command = Command::new(concat!(env!("OUT_DIR"), "/spent"));
    command.arg(&figures).arg(inner.get_program()).args(inner.get_args());
    command.env_clear();
    for (name, value) in inner.get_envs() {
        value.map(|value| command.env(name, value));
    }
    let fail = |error: std::io::Error| format!("{}: {error}", who.name);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    if who.piped {
        command.stdin(File::open(&log.path).map_err(fail)?);
    }
    let own = dir.join("own");
    // grep(1) stops at the first match when it writes to /dev/null
    let out = if who.says_little { File::create(&own) } else { File::create("/dev/null") };
    let status = command.stdout(out.map_err(fail)?).status().map_err(fail)?;
    if !status.success() {
        return Err(format!("it ended with {status}"));
    }
    let text = fs::read_to_string(&figures).map_err(fail)?;
    let numbers: Vec<f64> =
        text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [nanos, micros, kibibytes] = numbers.as_slice() else {
        return Err(format!("no figures: {text:?}"));
    };
    let seconds = match who.times_itself {
        true => {
            let text = fs::read_to_string(&own).map_err(fail)?;
            let first = text.split(' ').next().and_then(|word| word.parse().ok());
            first.ok_or_else(|| format!("it said {text:?}"))?
        }
        false => nanos / 1e9,
    };
    Ok(Took { seconds, processor: micros / 1e6, mebibytes: kibibytes / 1024.0 })
}
