//! `portreeve detect`: what the lines of a log say, in this process and of files alone.

pub(crate) mod clock;
mod filters;
mod input;
mod json;
pub(crate) mod lines;
mod outcome;
mod row;
mod tally;
mod watcher;

pub(crate) use lines::Lines;
pub(crate) use watcher::unknown;

use crate::args::DetectArgs;
use crate::exit::{Exit, Failure};
use crate::render;
use crate::terminal::{self, Form, Reader};
use clock::Clock;
use input::Input;
use jiff::tz::TimeZone;
use lines::Line;
use outcome::Told;
use portreeve_detect::Finding;
use std::io;
use tally::Tally;
use watcher::Watcher;

/// Bytes of answers that are kept before they are written.
const FULL: usize = 64 << 10;

/// Reads everything that is named. Yes, if there is an offence in it; no, if there is none.
pub(crate) fn run(args: &DetectArgs, form: Form) -> Result<Exit, Failure> {
    if args.list {
        terminal::answer(&watcher::list(form))?;
        return Ok(Exit::Yes);
    }
    let files = input::named(&args.files)?;
    let zone = args.zone.as_deref().map_or_else(|| Ok(TimeZone::system()), clock::zone)?;
    let now = clock::now(args.now.as_deref(), &zone)?.as_microsecond();
    let mut reading = Reading {
        watcher: Watcher::new(args, now, zone.clone())?,
        clock: Clock::new(zone),
        explain: args.explain,
        several: files.len() > 1,
        form,
        tally: Tally::default(),
        out: Vec::with_capacity(FULL + FULL / 2),
    };
    if let Form::Text(_) = form {
        reading.out.extend_from_slice(row::HEAD.as_bytes());
    }
    let mut worst = None;
    for path in &files {
        match input::open(path).and_then(|input| reading.source(input)) {
            Ok(Reader::There) => {}
            Ok(Reader::Gone) => return Ok(reading.exit()),
            // the others are read all the same, as grep(1) does
            Err(failure) if files.len() > 1 => {
                terminal::remark(&render::json::told(&failure, form == Form::Json));
                worst = Some(failure.exit);
            }
            Err(failure) => return Err(failure),
        }
    }
    reading.flush()?;
    terminal::remark(&match form {
        Form::Json => format!("{}\n", reading.tally.json()),
        Form::Text(_) => reading.tally.text(),
    });
    Ok(worst.unwrap_or_else(|| reading.exit()))
}

/// Sources being read, one after another.
struct Reading {
    watcher: Watcher,
    clock: Clock,
    explain: bool,
    /// Whether rows say which source they are of.
    several: bool,
    form: Form,
    tally: Tally,
    out: Vec<u8>,
}

impl Reading {
    /// Reads a source to its end. Answers are written before more is waited for, so that what comes
    /// through a pipe is told of at once.
    fn source(&mut self, input: Input) -> Result<Reader, Failure> {
        let failed = |error| Failure::system(format!("read {}", input.name), &error);
        let mut lines = Lines::new(input.from);
        loop {
            while let Some(line) = lines.next() {
                self.line(&line, &input.name);
                if self.out.len() >= FULL && self.flush()? == Reader::Gone {
                    return Ok(Reader::Gone);
                }
            }
            if self.flush()? == Reader::Gone {
                return Ok(Reader::Gone);
            }
            if !lines.read().map_err(failed)? {
                return Ok(Reader::There);
            }
        }
    }

    fn line(&mut self, line: &Line<'_>, name: &str) {
        let said = self.watcher.look(line, self.explain);
        self.tally.lines += 1;
        self.tally.cut += u64::from(line.cut);
        self.tally.timeless += u64::from(!said.timed);
        self.tally.add(&said.finding);
        if !self.explain && !matches!(said.finding, Finding::Offence(_)) {
            return;
        }
        let told = Told {
            file: self.several.then_some(name),
            number: line.number,
            time: said.time,
            by: self.watcher.name(said.by),
            doubt: said.doubt,
            finding: &said.finding,
            line: self.explain.then_some(line.bytes),
        };
        match self.form {
            Form::Json => json::push(&mut self.out, &told, &mut self.clock),
            Form::Text(paint) => row::push(&mut self.out, &told, paint, &mut self.clock),
        }
    }

    fn flush(&mut self) -> Result<Reader, Failure> {
        let written = terminal::write_all(&mut io::stdout().lock(), &self.out);
        self.out.clear();
        written.map_err(|error| Failure::system("write to standard output", &error))
    }

    /// Whether there was an offence.
    fn exit(&self) -> Exit {
        if self.tally.offences > 0 { Exit::Yes } else { Exit::No }
    }
}
