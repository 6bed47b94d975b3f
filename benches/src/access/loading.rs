//! What a million entries take: room, time to be read and read again, and tcprules.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::entries::{Kind, lines};
use super::ours::{Door, place};
use super::timing::now;
use super::{Files, MANY, Programs, service, write};
use crate::Failure;
use crate::args::Options;
use crate::cpu::spent;
use crate::figures::Figures;
use crate::print::{Table, line, progress};

/// Bytes of a MiB.
const MIB: f64 = 1024.0 * 1024.0;

/// A source to be read.
struct Case<'a> {
    name: &'static str,
    config: &'a Path,
    file: &'a Path,
}

/// Measures room and reading, then tcprules.
pub(super) fn run(options: &Options, programs: &Programs, folder: &Path) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "",
        "file MiB",
        "image MiB",
        "bytes an entry",
        "start ms",
        "reload ms",
        "min",
        "max",
        "CPU ms",
        "in place µs",
    ]);
    for (name, kind) in
        [("list, IPv4", Kind::Ipv4), ("list, IPv6", Kind::Ipv6), ("list, mixed", Kind::Mixed)]
    {
        let list = write(folder, "one.list", &lines(&kind.entries(MANY), "", ""))?;
        let text = format!("{}deny = [\"@{}\"]\n", service("one"), list.display());
        let config = write(folder, "one.toml", &text)?;
        table.row(read(&Case { name, config: &config, file: &list }, options)?);
    }
    let entries = Kind::Hosts.entries(MANY);
    let files = Files::write(folder, programs, &lines(&entries, "", ""), &entries)?;
    let text = files.rules_as_text(folder)?;
    for (name, config, file) in [
        ("list, IPv4 addresses alone", &files.config, &files.list),
        ("hosts.deny", &files.config, &files.deny),
        ("rules, a database", &files.config, &files.database),
        ("rules, their text", &text, &files.rules),
    ] {
        table.row(read(&Case { name, config, file }, options)?);
    }
    table.print(
        "a million lines: the image, and the time to the first one, and to the next after a change",
    );
    compare_tcprules(options, programs, &files)
}

fn read(case: &Case<'_>, options: &Options) -> Result<Vec<String>, Failure> {
    let failed = |error: std::io::Error| format!("{}: {error}", case.file.display());
    let (mut wall, mut processor, mut placing) = <(Figures, Figures, Figures)>::default();
    progress(&format!("{}: start", case.name));
    let start = Instant::now();
    let mut door = Door::open(case.config)?;
    let first = start.elapsed().as_secs_f64();
    let source = door.source(case.file)?;
    for round in 1..=options.rounds {
        progress(&format!("{}: reload {round}", case.name));
        let fresh = case.file.with_extension("new");
        fs::copy(case.file, &fresh).map_err(failed)?;
        fs::rename(&fresh, case.file).map_err(failed)?;
        let (start, began) = (Instant::now(), now());
        let written = door.read_again(source)?;
        let read = Instant::now();
        let mut tables = door.tables.clone();
        tables.set_source(source, Ok(place(written)?));
        let old = std::mem::replace(&mut door.tables, tables);
        placing.add(read.elapsed().as_secs_f64() * 1e6);
        wall.add(start.elapsed().as_secs_f64() * 1e3);
        processor.add(crate::client::count(now() - began) / 1e6);
        drop(old);
    }
    let image = door.tables.image(source).ok_or("there is no image")?.bytes().len();
    let image = crate::client::count(image as u64);
    let file = crate::client::count(fs::metadata(case.file).map_err(failed)?.len());
    Ok(vec![
        case.name.to_owned(),
        format!("{:.1}", file / MIB),
        format!("{:.1}", image / MIB),
        format!("{:.1}", image / f64::from(MANY)),
        format!("{:.0}", first * 1e3),
        format!("{:.0}", wall.median()),
        format!("{:.0}", wall.least()),
        format!("{:.0}", wall.most()),
        format!("{:.0}", processor.median()),
        format!("{:.0}", placing.median()),
    ])
}

impl Files {
    /// A configuration that has the rules read as the text they were written in.
    fn rules_as_text(&self, folder: &Path) -> Result<std::path::PathBuf, Failure> {
        let text = format!("{}rules = \"{}\"\n", service("text"), self.rules.display());
        write(folder, "text.toml", &text)
    }
}

/// Makes a database of rules.
pub(super) fn tcprules(program: &Path, rules: &Path, database: &Path) -> Result<(), Failure> {
    let input = File::open(rules).map_err(|error| format!("{}: {error}", rules.display()))?;
    let mut command = Command::new(program);
    command.arg0("tcprules").arg(database).arg(database.with_extension("tmp")).stdin(input);
    match command.stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{}: tcprules: {status}", program.display())),
        Err(error) => Err(format!("{}: {error}", program.display())),
    }
}

fn compare_tcprules(options: &Options, programs: &Programs, files: &Files) -> Result<(), Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let ancestor = std::env::split_paths(&path)
        .map(|folder| folder.join("tcprules"))
        .find(|program| program.is_file());
    if ancestor.is_none() {
        line("tcprules is not measured: it needs Debian's ucspi-tcp");
    }
    let mut makers = vec![("ucspi-tcp's", ancestor), ("portreeve's", Some(programs.tools.clone()))];
    makers.retain(|(_, program)| program.is_some());
    let mut times: Vec<(Figures, Figures)> = makers.iter().map(|_| Default::default()).collect();
    for round in 1..=options.rounds {
        progress(&format!("tcprules, round {round}"));
        for ((_, program), (wall, processor)) in makers.iter().zip(&mut times) {
            let Some(program) = program else { continue };
            let before = spent(std::process::id()).children;
            let start = Instant::now();
            tcprules(program, &files.rules, &files.database.with_extension(OsStr::new("made")))?;
            wall.add(start.elapsed().as_secs_f64() * 1e3);
            processor.add((spent(std::process::id()).children - before) * 1e3);
        }
    }
    let mut table = Table::new(&["", "wall ms", "min", "max", "ratio", "CPU ms", "ratio"]);
    let Some((first_wall, first_processor)) = times.first().cloned() else { return Ok(()) };
    for ((name, _), (wall, processor)) in makers.iter().zip(&times) {
        table.row(vec![
            (*name).to_owned(),
            format!("{:.0}", wall.median()),
            format!("{:.0}", wall.least()),
            format!("{:.0}", wall.most()),
            format!("{:.2}", wall.against(&first_wall).median()),
            format!("{:.0}", processor.median()),
            format!("{:.2}", processor.against(&first_processor).median()),
        ]);
    }
    table.print("tcprules on a million lines");
    Ok(())
}
