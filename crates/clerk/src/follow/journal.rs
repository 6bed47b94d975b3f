//! The journal's entries, as `journalctl --output=json` gives them, one a line.
//!
//! Which entries a watch has is checked here once more: journalctl was asked for them, but the fields
//! that count are those that the journal itself writes.

use crate::follow::tail::LONGEST;
use crate::follow::told::Spot;
use crate::follow::{Follows, Found, millis};
use portreeve_detect::{Moment, Record};
use portreeve_judge::readers::From;
use portreeve_ledger::{Change, Position};
use portreeve_model::Journal;
use portreeve_wire::clerk::{FromClerk, MOST_CURSOR, SourceReport};
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::task::{AbortHandle, spawn_local};

/// Bytes of an entry that are kept; a longer one is passed over. journalctl leaves out of each field
/// what is over 4 KiB.
const MOST_ENTRY: usize = 64 << 10;
/// Bytes taken before others have their turn.
const TURN: usize = 32 << 10;

/// One watch's.
#[derive(Debug)]
struct Source {
    watch: u32,
    name: String,
    number: Cell<u64>,
    cursor: RefCell<Option<String>>,
    /// What the ledger has.
    kept: RefCell<Option<String>>,
    writing: Cell<bool>,
    long: Cell<u64>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Journals {
    all: BTreeMap<u32, Rc<Source>>,
    tasks: Vec<AbortHandle>,
}

impl Journals {
    pub(super) fn leave(&mut self) {
        self.all.clear();
        self.tasks.drain(..).for_each(|task| task.abort());
    }
}

impl Follows {
    /// Asks for every journal of the configuration.
    pub(super) fn begin_journals(self: &Rc<Self>) {
        let readers = self.readers.borrow();
        let wanted = readers.each().filter(|(_, reader)| reader.watch.journal.is_some());
        let wanted: Vec<(u32, String)> =
            wanted.map(|(at, reader)| (at, format!("journal:{}", reader.watch.name))).collect();
        drop(readers);
        for (watch, name) in wanted {
            let (long, writing) = (Cell::new(0), Cell::new(false));
            let number = Cell::new(u64::MAX);
            let (cursor, kept) = (RefCell::default(), RefCell::default());
            let source = Source { watch, name, number, cursor, kept, writing, long };
            let source = Rc::new(source);
            let mut journals = self.journals.borrow_mut();
            journals.all.insert(watch, Rc::clone(&source));
            let all = Rc::clone(self);
            let task = spawn_local(async move {
                all.settled().await;
                let known = all.known.borrow();
                let position = known.get(&source.name).and_then(|all| all.first());
                let cursor = position.and_then(|position| position.cursor.clone());
                source.cursor.replace(cursor.clone());
                source.kept.replace(cursor.clone());
                drop(known);
                all.link.send(&FromClerk::ReadJournal { watch, cursor });
            });
            journals.tasks.push(task.abort_handle());
        }
    }

    /// A journal's entries come through this pipe.
    pub(crate) fn journal(self: &Rc<Self>, watch: u32, number: u64, fd: OwnedFd) {
        let Some(source) = self.journals.borrow().all.get(&watch).cloned() else { return };
        source.number.set(number);
        let Ok(pipe) = Receiver::from_owned_fd(fd) else { return };
        let all = Rc::clone(self);
        let task = spawn_local(async move {
            source.read(pipe, &all).await;
            let cursor = source.cursor.borrow().clone();
            all.link.send(&FromClerk::ReadJournal { watch, cursor });
        });
        let mut journals = self.journals.borrow_mut();
        journals.tasks.retain(|task| !task.is_finished());
        journals.tasks.push(task.abort_handle());
    }

    /// Has cursors kept that the ledger does not have.
    pub(super) fn keep_journals(&self) {
        for source in self.journals.borrow().all.values() {
            let cursor = source.cursor.borrow().clone();
            if source.writing.get() || *source.kept.borrow() == cursor {
                continue;
            }
            let position = Box::new(source.position(self));
            self.order(Change::Read { offences: Vec::new(), proposals: Vec::new(), position });
            source.kept.replace(cursor);
        }
    }

    pub(super) fn journal_reports(&self) -> Vec<SourceReport> {
        let journals = self.journals.borrow();
        let report = |source: &Rc<Source>| {
            let (lines, offences) = self.totals(&source.name);
            let (number, long) = (source.number.get(), source.long.get());
            SourceReport { number, lines, offences, long, ..SourceReport::default() }
        };
        let there = journals.all.values().filter(|source| source.number.get() != u64::MAX);
        there.map(report).collect()
    }
}

impl Source {
    fn position(&self, all: &Follows) -> Position {
        let (lines, offences) = all.totals(&self.name);
        Position {
            source: self.name.clone(),
            cursor: self.cursor.borrow().clone(),
            lines,
            offences,
            at: millis(),
            ..Position::default()
        }
    }

    /// Reads until the pipe's end.
    async fn read(&self, pipe: Receiver, all: &Follows) {
        let mut pipe = BufReader::with_capacity(TURN, pipe);
        let (mut entry, mut over) = (Vec::new(), false);
        let mut chunk = vec![0; TURN];
        loop {
            let length = match pipe.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(length) => length,
            };
            let mut found = Found::default();
            let new = chunk.get(..length).unwrap_or_default();
            for piece in new.split_inclusive(|byte| *byte == b'\n') {
                let room = MOST_ENTRY.saturating_sub(entry.len());
                over |= piece.len() > room;
                entry.extend_from_slice(piece.get(..room).unwrap_or(piece));
                if !piece.ends_with(b"\n") {
                    continue;
                }
                if over {
                    self.long.set(self.long.get().saturating_add(1));
                    all.counted(&self.name, 1, 0);
                } else {
                    self.entry(&entry, all, &mut found);
                }
                entry.clear();
                over = false;
            }
            if !found.offences.is_empty() {
                self.write(found, all).await;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn write(&self, found: Found, all: &Follows) {
        let position = Box::new(self.position(all));
        let cursor = position.cursor.clone();
        self.writing.set(true);
        let Found { offences, proposals } = found;
        all.commit(Change::Read { offences, proposals, position }).await;
        self.writing.set(false);
        self.kept.replace(cursor);
    }

    /// Takes an entry; its cursor is where to go on. What is no entry is passed over.
    fn entry(&self, json: &[u8], all: &Follows, found: &mut Found) {
        let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(json) else { return };
        let cursor = fields.get("__CURSOR").and_then(Value::as_str);
        let Some(cursor) = cursor.filter(|it| it.len() <= MOST_CURSOR) else { return };
        let admitted = {
            let readers = all.readers.borrow();
            let journal = readers.get(self.watch).and_then(|it| it.watch.journal.as_ref());
            journal.is_some_and(|journal| admits(journal, &fields))
        };
        let before = found.offences.len();
        if admitted {
            let booked = all.read(&[self.watch], &Parts::of(&fields).record(), From::Journal);
            all.tell(booked, &Spot::Entry { cursor }, found);
        }
        all.counted(&self.name, 1, u64::from(found.offences.len() > before));
        self.cursor.replace(Some(cursor.to_owned()));
    }
}

/// Whether an entry is one of the journal's that a watch has.
fn admits(journal: &Journal, fields: &Map<String, Value>) -> bool {
    journal.admits(|term| match fields.get(&term.field) {
        Some(Value::String(value)) => *value == term.value,
        Some(Value::Array(values)) => {
            values.iter().any(|value| value.as_str() == Some(term.value.as_str()))
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    })
}

/// An entry, taken apart.
#[derive(Debug)]
struct Parts {
    time: Option<i64>,
    host: Vec<u8>,
    program: Vec<u8>,
    pid: Option<u32>,
    /// `HOST PROGRAM[PID]: TEXT`, with the text's newlines as blanks.
    line: Vec<u8>,
    /// Where the text begins.
    text: usize,
    cut: bool,
}

impl Parts {
    fn of(fields: &Map<String, Value>) -> Self {
        let text = |name: &str| fields.get(name).map(bytes).filter(|value| !value.is_empty());
        let number = |name: &str| -> Option<i64> { fields.get(name)?.as_str()?.parse().ok() };
        let time = number("_SOURCE_REALTIME_TIMESTAMP").or_else(|| number("__REALTIME_TIMESTAMP"));
        let host = text("_HOSTNAME").unwrap_or_default();
        let program = text("SYSLOG_IDENTIFIER").or_else(|| text("_COMM")).unwrap_or_default();
        let pid = number("_PID").or_else(|| number("SYSLOG_PID"));
        let pid = pid.and_then(|pid| u32::try_from(pid).ok());
        let mut line = [&host[..], b" ", &program].concat();
        if let Some(pid) = pid {
            line.extend_from_slice(format!("[{pid}]").as_bytes());
        }
        line.extend_from_slice(b": ");
        let start = line.len();
        let message = text("MESSAGE").unwrap_or_default();
        let kept = message.get(..LONGEST).unwrap_or(&message);
        line.extend(kept.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
        // what is null was too long for journalctl
        let null = fields.get("MESSAGE").is_some_and(Value::is_null);
        let cut = null || kept.len() < message.len();
        Self { time, host, program, pid, line, text: start, cut }
    }

    fn record(&self) -> Record<'_> {
        Record {
            time: self.time.map(Moment::Exact),
            host: &self.host,
            program: &self.program,
            pid: self.pid,
            message: self.line.get(self.text..).unwrap_or_default(),
            line: &self.line,
            cut: self.cut,
        }
    }
}

/// A field's bytes: text, or an array of numbers where it is none.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Array(all) => {
            let byte = |one: &Value| one.as_u64().and_then(|it| u8::try_from(it).ok());
            all.iter().filter_map(byte).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::JournalTerm;

    fn fields(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_entry_is_taken_apart() {
        let parts = Parts::of(&fields(
            r#"{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"5","_SOURCE_REALTIME_TIMESTAMP":"4",
                "_HOSTNAME":"door","SYSLOG_IDENTIFIER":"sshd","_PID":"812","_UID":"0",
                "MESSAGE":"Invalid user x\ny from 192.0.2.7 port 4"}"#,
        ));
        let record = parts.record();
        assert_eq!(record.time, Some(Moment::Exact(4)));
        assert_eq!(
            (record.host, record.program, record.pid),
            (&b"door"[..], &b"sshd"[..], Some(812))
        );
        assert_eq!(record.message, b"Invalid user x y from 192.0.2.7 port 4");
        assert_eq!(record.line, b"door sshd[812]: Invalid user x y from 192.0.2.7 port 4");
        let odd = Parts::of(&fields(r#"{"_COMM":"a","MESSAGE":[255,65]}"#));
        assert_eq!((odd.record().message, odd.record().program), (&b"\xffA"[..], &b"a"[..]));
        let long = Parts::of(&fields(r#"{"MESSAGE":null}"#));
        assert!(long.record().cut && long.record().message.is_empty());
    }

    #[test]
    fn only_entries_with_the_fields_asked_for_are_read() {
        let term =
            |field: &str, value: &str| JournalTerm { field: field.into(), value: value.into() };
        let journal = Journal {
            matches: vec![vec![term("_UID", "0"), term("_EXE", "/usr/sbin/sshd")]],
            ..Journal::default()
        };
        for (json, want) in [
            (r#"{"_UID":"0","_EXE":"/usr/sbin/sshd"}"#, true),
            (r#"{"_UID":"1000","_EXE":"/usr/sbin/sshd"}"#, false),
            (r#"{"UID":"0","_EXE":"/usr/sbin/sshd"}"#, false),
            (r#"{"_UID":["1","0"],"_EXE":"/usr/sbin/sshd"}"#, true),
            (r#"{"_UID":0,"_EXE":"/usr/sbin/sshd"}"#, false),
        ] {
            assert_eq!(admits(&journal, &fields(json)), want, "{json}");
        }
    }
}
