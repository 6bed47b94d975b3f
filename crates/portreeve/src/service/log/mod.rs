//! `portreeve service log`: what a service's logger has written, and what it writes.

mod find;
mod follow;
mod lines;
mod past;

use super::look::{Seen, look};
use super::place::{Place, Places};
use crate::args::LogArgs;
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::terminal::{Form, Reader};
use jiff::tz::TimeZone;
use lines::{Lines, Style};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// Bytes of last lines beside a status, at most: what is before them is left out.
const BESIDE: u64 = 64 << 10;

/// Shows a service's log.
pub(super) fn run(args: &LogArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let json = form == Form::Json;
    if json && args.raw {
        return Err(Failure::new(Exit::Usage, "`--raw` and `--json` exclude each other"));
    }
    let place = Places::new(paths, args.at.directory.as_deref()).find(&args.kept)?;
    let folder = find::folder(&place, &look(&place))?;
    let zone = if args.utc { TimeZone::UTC } else { TimeZone::system() };
    let style = match (args.raw, json) {
        (true, _) => Style::Raw,
        (false, true) => Style::Json,
        (false, false) => Style::Text(zone),
    };
    let mut out = Lines::new(style, io::stdout().lock());
    let written = |error| Failure::system("write to standard output", &error);
    let log = follow::Log::open(&folder)?;
    for (file, from) in past::last(&log, args.lines).map_err(|e| log.failure(&e))? {
        if copy(&file, from, &mut out, &log)? == Reader::Gone {
            return Ok(Exit::Yes);
        }
    }
    if args.follow {
        return log.follow(&mut out);
    }
    out.end().map_err(written)?;
    Ok(Exit::Yes)
}

/// Copies a file from there to its end.
fn copy(
    mut file: &File,
    from: u64,
    out: &mut Lines<impl io::Write>,
    log: &follow::Log,
) -> Result<Reader, Failure> {
    file.seek(SeekFrom::Start(from)).map_err(|error| log.failure(&error))?;
    let mut piece = vec![0; PIECE];
    loop {
        let count = match file.read(&mut piece) {
            Ok(0) => return Ok(Reader::There),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(log.failure(&error)),
        };
        let bytes = piece.get(..count).unwrap_or_default();
        match out.push(bytes) {
            Ok(Reader::There) => {}
            Ok(Reader::Gone) => return Ok(Reader::Gone),
            Err(error) => return Err(Failure::system("write to standard output", &error)),
        }
    }
}

/// A service's log beside its status: where it is and its last lines, or why it is not known.
pub(crate) type Last = Result<(PathBuf, Vec<String>), String>;

/// The last lines of a service's log.
pub(super) fn last(place: &Place, seen: &Seen, lines: u32) -> Last {
    let read = || {
        let folder = find::folder(place, seen)?;
        let log = follow::Log::open(&folder)?;
        let parts = past::last(&log, lines).map_err(|error| log.failure(&error))?;
        let (mut text, mut left) = (Vec::new(), BESIDE);
        let mut out = Lines::new(Style::Text(TimeZone::system()), &mut text);
        // the newest bytes are what is shown, if not all are
        let mut begins = Vec::with_capacity(parts.len());
        for (file, from) in parts.iter().rev() {
            let size = file.metadata().map_err(|error| log.failure(&error))?.len();
            let shown = size.saturating_sub(*from).min(left);
            left -= shown;
            begins.push(size.saturating_sub(shown));
        }
        for ((file, _), from) in parts.iter().zip(begins.into_iter().rev()) {
            copy(file, from, &mut out, &log)?;
        }
        out.end().map_err(|error| log.failure(&error))?;
        let text = String::from_utf8_lossy(&text);
        let all: Vec<_> = text.lines().map(str::to_owned).collect();
        let skip = all.len().saturating_sub(usize::try_from(lines).unwrap_or(usize::MAX));
        Ok((folder, all.into_iter().skip(skip).collect()))
    };
    read().map_err(|failure: Failure| failure.to_string())
}
