//! Loggers: lines of a hundred bytes through a pipe, with a time stamp each, into files that take
//! turns; against `cat`, which does neither.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portreeve_testkit::{Dir, bin_dir};

use crate::args::Options;
use crate::cpu::busy;
use crate::figures::Figures;
use crate::print::{Table, line, progress};
use crate::{Failure, peers};

/// Bytes that a logger gets for each second of a measurement, times the seconds: enough that its
/// start does not count.
const BYTES: usize = 30_000_000;

/// Bytes of a line, its end included.
const LINE: usize = 100;

/// Lines written at a time, as a busy program's buffer has them.
const LINES: usize = 655;

/// A logger, told to write below a folder.
type Start = fn(&Path) -> Result<Command, Failure>;

const LOGGERS: [(&str, Start); 5] = [
    ("cat > file", |dir| {
        let mut command = peers::call(&peers::find("cat")?);
        let file = File::create(dir.join("file")).map_err(|error| error.to_string())?;
        command.stdout(file);
        Ok(command)
    }),
    ("portreeve-tools multilog", |dir| {
        let mut command = peers::call(&bin_dir().join("portreeve-tools"));
        command.args(["multilog", "t"]).arg(dir.join("log"));
        Ok(command)
    }),
    ("multilog", |dir| {
        let mut command = peers::call(&peers::find("multilog")?);
        command.arg("t").arg(dir.join("log"));
        Ok(command)
    }),
    ("svlogd", |dir| {
        let mut command = peers::call(&peers::find("svlogd")?);
        let log = dir.join("log");
        fs::create_dir(&log).map_err(|error| error.to_string())?;
        // files as large as multilog's
        fs::write(log.join("config"), "s99999\nn10\n").map_err(|error| error.to_string())?;
        command.arg("-tt").arg(log);
        Ok(command)
    }),
    ("s6-log", |dir| {
        let mut command = peers::call(&peers::find("s6-log")?);
        command.arg("t").arg(dir.join("log"));
        Ok(command)
    }),
];

/// Measures all of them, in memory and on the disk of the temporary folder.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    for (place, dir) in [("in memory", Dir::in_memory()), ("on the disk", Dir::new())] {
        measure(options, place, dir.path())?;
    }
    Ok(())
}

fn measure(options: &Options, place: &str, dir: &Path) -> Result<(), Failure> {
    let mut missing = Vec::new();
    let mut here: Vec<(&str, Start, Figures)> = Vec::new();
    for (name, start) in
        LOGGERS.into_iter().filter(|(name, _)| *name == LOGGERS[0].0 || options.wants(name))
    {
        match once(start, dir, LINE) {
            Ok(_) => here.push((name, start, Figures::default())),
            Err(why) => {
                options.demand(name, Some(&why))?;
                missing.push(format!("not measured: {name}: {why}"));
            }
        }
    }
    let bytes = (options.time.as_secs_f64() * 1000.0).round();
    let bytes = BYTES / 1000 * format!("{bytes}").parse::<usize>().unwrap_or(1000);
    let mut others = Figures::default();
    for round in 1..=options.rounds {
        progress(&format!("logs {place}, round {round}"));
        for (_, start, figures) in &mut here {
            others.add(busy(Duration::from_millis(100)));
            figures.add(once(*start, dir, bytes)?);
        }
    }
    let mut table = Table::new(&["", "ratio", "MB a second", "min", "max"]);
    let standard = here.first().map(|(_, _, figures)| figures.clone()).unwrap_or_default();
    for (name, _, figures) in &here {
        table.row(vec![
            (*name).to_owned(),
            format!("{:.3}", figures.against(&standard).median()),
            format!("{:.1}", figures.median()),
            format!("{:.1}", figures.least()),
            format!("{:.1}", figures.most()),
        ]);
    }
    table.print(&format!(
        "lines of {LINE} bytes through a pipe, {place}: from the first to the logger's end"
    ));
    line(&format!(
        "(before each measurement others used {:.0} % of the machine, at most {:.0} %)",
        others.median() * 100.0,
        others.most() * 100.0
    ));
    missing.iter().for_each(|text| line(text));
    Ok(())
}

/// Megabytes a second of one that gets so many bytes.
fn once(start: Start, dir: &Path, bytes: usize) -> Result<f64, Failure> {
    let work = dir.join("work");
    let fail = |error: std::io::Error| format!("in {}: {error}", work.display());
    // one that could not be started has left its folder
    if work.exists() {
        fs::remove_dir_all(&work).map_err(fail)?;
    }
    fs::create_dir(&work).map_err(fail)?;
    let block = lines();
    let mut command = start(&work)?;
    command.stdin(Stdio::piped()).stderr(Stdio::null());
    let begin = Instant::now();
    let mut child = command.spawn().map_err(fail)?;
    let mut given = 0;
    if let Some(mut pipe) = child.stdin.take() {
        while given < bytes {
            let piece = block.get(..bytes - given).unwrap_or(&block);
            pipe.write_all(piece).map_err(fail)?;
            given += piece.len();
        }
    }
    let status = child.wait().map_err(fail)?;
    let seconds = begin.elapsed().as_secs_f64();
    fs::remove_dir_all(&work).map_err(fail)?;
    if !status.success() {
        return Err(format!("it ended with {status}"));
    }
    Ok(format!("{given}").parse::<f64>().unwrap_or_default() / seconds / 1e6)
}

/// Lines that differ.
fn lines() -> Vec<u8> {
    let one = |number: usize| {
        let mut text = format!("line {number} ").into_bytes();
        text.extend((b'!'..=b'~').cycle().skip(number % 90).take(LINE - 1 - text.len()));
        text.push(b'\n');
        text
    };
    (0..LINES).flat_map(one).collect()
}
