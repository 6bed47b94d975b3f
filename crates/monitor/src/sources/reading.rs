//! Reading sources again: the compiler is run for those that changed, and what it read takes the
//! place of what was in force.

use crate::configuration::compiler::{self, Job, Progress};
use crate::door::Door;
use crate::door::current::Current;
use crate::door::token::Token;
use crate::sources::book::Moment;
use crate::sources::images::Read;
use crate::sources::{Reading, alarm, path_of};
use portreeve_model::{Source, SourceId};
use portreeve_sys::poll::Interest;
use portreeve_wire::compile::{Answer, Reread};
use portreeve_wire::event::What;
use std::sync::Arc;

/// How the alarm begins that nothing can be read.
const UNREAD: &str = "access lists that changed cannot be read, and what they held before is in \
                      force: ";

impl Door {
    /// Begins a reading when it is time, and ends one that takes too long.
    pub(super) fn tick_reading(&mut self) {
        let now = self.now.mono;
        if let Some(reading) = self.sources.reading.take_if(|r| r.run.deadline <= now) {
            reading.run.kill();
            self.not_read("the compiler gave no answer in time");
        }
        if !self.may_read() {
            return;
        }
        let sources = self.sources.book.begin(now);
        if sources.is_empty() {
            return;
        }
        self.sources.late = false;
        if let Err(why) = self.begin_reading(sources) {
            self.not_read(&format!("the compiler cannot be started: {why}"));
        }
    }

    fn begin_reading(&mut self, sources: Vec<usize>) -> Result<(), String> {
        let current = Arc::clone(&self.current);
        let asked = sources.iter().filter_map(|at| asked(&current, *at)).collect();
        let reread = Reread { files: current.config.files.clone(), sources: asked };
        let (now, at, root) = (self.now.mono, self.now.unix(), self.root);
        let job = Job::Sources(&reread);
        let run = compiler::start(job, &self.paths, root, &mut self.spawner, &self.outputs, now)?;
        let token = Token::SourceCompiler.bits();
        self.poller.add(&run.pipe, token, Interest::READ).map_err(|e| e.to_string())?;
        self.sources.reading = Some(Reading { run, sources, began: now, at });
        Ok(())
    }

    pub(crate) fn on_source_compiler(&mut self) {
        let Some(mut reading) = self.sources.reading.take() else { return };
        match reading.run.read() {
            Progress::More => self.sources.reading = Some(reading),
            Progress::Failed(why) => self.not_read(&format!("the compiler failed: {why}")),
            Progress::Done(answer, read) => match *answer {
                Answer::Sources { findings, .. }
                    if read.iter().map(|one| one.source).eq(reading.sources.iter().copied()) =>
                {
                    self.have_read(&reading, read, &findings);
                }
                Answer::Sources { .. }
                | Answer::Compiled { .. }
                | Answer::Refused { .. }
                | Answer::Resolved(_) => self.not_read("the compiler answered another question"),
            },
        }
    }

    /// The reading has failed as a whole.
    fn not_read(&mut self, why: &str) {
        self.sources.book.failed(self.now.mono);
        self.sources.failed = Some(why.to_owned());
        self.alarms.retain(|alarm| !alarm.starts_with(UNREAD));
        self.alarm(&format!("{UNREAD}{why}"));
    }

    fn have_read(&mut self, reading: &Reading, all: Vec<Read>, findings: &str) {
        self.sources.failed = None;
        self.alarms.retain(|alarm| !alarm.starts_with(UNREAD));
        let Some(worth) = self.sources.book.ended() else { return };
        let mut current = Current::clone(&self.current);
        for read in all {
            self.take_source(&mut current, reading, read, worth, findings);
        }
        self.current = Arc::new(current);
        self.watch_sources(reading.at);
    }

    fn take_source(
        &mut self,
        current: &mut Current,
        reading: &Reading,
        read: Read,
        worth: Moment,
        findings: &str,
    ) {
        let Read { source, outcome, watched } = read;
        let path = path_of(current, source);
        let (piece, refused) = match outcome {
            Ok(piece) => (Some(piece), None),
            Err(mut why) => {
                crate::helper::clerk::cut(&mut why);
                (None, Some(why))
            }
        };
        let before = self.sources.book.read(source, worth, refused.clone());
        let Some(held) = current.held.get_mut(source) else { return };
        // what the look-up of a path said that could not be walked is kept: it changes when it can
        let same = held.watched == watched;
        if !watched.is_empty() {
            held.watched = watched;
        }
        if let Some(piece) = piece {
            let entries = piece.entries;
            let image = piece.image().ok_or_else(|| "it has not been read".to_owned());
            current.tables.set_source(SourceId(u32::try_from(source).unwrap_or(u32::MAX)), image);
            held.since = reading.at;
            let old = held.image.replace(piece);
            let had = old.as_ref().map_or(0, |old| old.entries);
            let duration = self.now.mono.saturating_sub(reading.began).as_millis();
            let duration = u64::try_from(duration).unwrap_or(u64::MAX);
            if !same || before.is_some() || had != entries {
                self.event(What::SourceChanged {
                    path: path.clone(),
                    entries,
                    before: had,
                    duration,
                });
            }
        }
        if refused == before {
            return;
        }
        if let Some(why) = before {
            self.alarms.remove(&alarm(&path, &why));
        }
        if let Some(why) = refused {
            let text = crate::configuration::reload::shortened(findings);
            self.event(What::SourceRefused { path: path.clone(), reason: why.clone(), text });
            self.alarm(&alarm(&path, &why));
        }
    }
}

/// What the compiler is asked about a source.
fn asked(current: &Current, at: usize) -> Option<(SourceId, Source)> {
    Some((SourceId(u32::try_from(at).ok()?), current.config.sources.get(at)?.clone()))
}
