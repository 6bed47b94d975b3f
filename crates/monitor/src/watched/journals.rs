//! The journal's entries for the watches that want them: journalctl(1) as nobody, its pipe given to the
//! clerk, which says from where it is to be read.

use crate::convert::describe;
use crate::door::Door;
use portreeve_model::Journal;
use portreeve_sys::process::{Exit, kill};
use portreeve_sys::spawn::{Connection, Ids, Plan};
use portreeve_sys::{Pid, Signal, pipe};
use portreeve_wire::clerk::{MOST_CURSOR, SourceReport, ToClerk};
use portreeve_wire::control::{JournalState, JournalStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::sync::Arc;
use std::time::Duration;

/// The program; the arguments that choose entries are the configuration's.
const PROGRAM: &std::ffi::CStr = c"/usr/bin/journalctl";
/// First and longest delay before one that has ended is started again.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(300);
/// One that lived so long starts over with the shortest delay.
const STEADY: Duration = Duration::from_secs(60);
/// One that has run for so long reads; before that it may be about to say that it cannot.
const SETTLED: Duration = Duration::from_secs(1);
/// After so many short runs from behind one cursor the journal is read from the cursor's time on: it
/// holds no such place any more.
const PATIENCE: u32 = 3;
/// The user and group `nobody`.
const NOBODY: u32 = 65_534;
/// Fields of an entry that are read whatever the configuration asks for.
const FIELDS: [&str; 10] = [
    "MESSAGE",
    "SYSLOG_IDENTIFIER",
    "SYSLOG_PID",
    "_PID",
    "_COMM",
    "_EXE",
    "_UID",
    "_SYSTEMD_UNIT",
    "_HOSTNAME",
    "_SOURCE_REALTIME_TIMESTAMP",
];
/// How alarms begin that are about the journal.
const UNREAD: &str = "the journal is not read for the watch ";

/// One watch's.
#[derive(Debug)]
struct Reader {
    journal: Journal,
    /// The watch's name.
    name: String,
    number: u64,
    /// From where the clerk wants it; `None` until it has said so.
    wanted: Option<Option<String>>,
    running: Option<(Pid, Duration)>,
    /// So many runs in a row were short.
    short: u32,
    start_at: Option<Duration>,
    /// When what was wrong with the last one is over.
    settle_at: Option<Duration>,
    delay: Duration,
    report: Option<SourceReport>,
    trouble: Option<String>,
}

/// All of them, by their watches' places.
#[derive(Debug, Default)]
pub(crate) struct Journals {
    all: BTreeMap<u32, Reader>,
    /// Those that were told to end.
    ending: BTreeSet<Pid>,
}

impl Journals {
    pub(super) fn next_due(&self) -> Option<Duration> {
        let due = |reader: &Reader| [reader.start_at, reader.settle_at];
        self.all.values().flat_map(due).flatten().min()
    }

    pub(super) fn reported(&mut self, report: SourceReport) {
        if let Some(reader) = self.all.values_mut().find(|one| one.number == report.number) {
            reader.report = Some(report);
        }
    }

    pub(super) fn status(&self, watch: u32, now: Duration) -> JournalStatus {
        let Some(reader) = self.all.get(&watch) else { return JournalStatus::default() };
        let settled = reader.running.is_some_and(|(_, since)| now >= since.saturating_add(SETTLED));
        let state = match &reader.trouble {
            _ if settled => JournalState::Read,
            Some(why) => JournalState::Refused(why.clone()),
            None => JournalState::Waiting,
        };
        JournalStatus { state, report: reader.report.clone() }
    }

    pub(super) fn is_reader(&self, pid: Pid) -> bool {
        let runs = |reader: &Reader| reader.running.is_some_and(|(running, _)| running == pid);
        self.ending.contains(&pid) || self.all.values().any(runs)
    }

    /// Ends one, whose number may not be another's: it is not reaped.
    fn end(&mut self, pid: Pid) {
        let _ = kill(pid, Signal::Kill); // gone already: it will be reaped
        self.ending.insert(pid);
    }
}

impl Door {
    /// Another configuration: journals that are wanted no more, or otherwise, are left.
    pub(super) fn follow_journals(&mut self) {
        let mut old = std::mem::take(&mut self.watched.journals.all);
        self.alarms.retain(|alarm| !alarm.starts_with(UNREAD));
        let current = Arc::clone(&self.current);
        for (at, watch) in (0_u32..).zip(&current.config.watches) {
            let Some(journal) = &watch.journal else { continue };
            let number = self.watched.next;
            self.watched.next = number.saturating_add(1);
            // the clerk says where to go on; what ran for the watch before is ended
            let reader = Reader {
                journal: journal.clone(),
                name: watch.name.to_string(),
                number,
                wanted: None,
                running: None,
                short: 0,
                start_at: None,
                settle_at: None,
                delay: SHORTEST,
                report: None,
                trouble: None,
            };
            self.watched.journals.all.insert(at, reader);
        }
        for (pid, _) in old.values_mut().filter_map(|reader| reader.running.take()) {
            self.watched.journals.end(pid);
        }
    }

    /// The clerk has died: the next one says where to go on.
    pub(crate) fn leave_journals(&mut self) {
        let mut pids = Vec::new();
        for reader in self.watched.journals.all.values_mut() {
            pids.extend(reader.running.take().map(|(pid, _)| pid));
            (reader.wanted, reader.start_at) = (None, None);
        }
        for pid in pids {
            self.watched.journals.end(pid);
        }
    }

    /// The clerk wants a journal, from behind a cursor.
    pub(crate) fn journal_wanted(&mut self, watch: u32, cursor: Option<String>) {
        let now = self.now.mono;
        let journals = &mut self.watched.journals;
        let Some(reader) = journals.all.get_mut(&watch) else { return };
        if let Some((pid, _)) = reader.running.take() {
            journals.end(pid); // its pipe is over as far as the clerk can tell
        }
        let Some(reader) = self.watched.journals.all.get_mut(&watch) else { return };
        let first = reader.wanted.is_none();
        reader.wanted = Some(cursor.filter(|text| is_cursor(text)));
        let at = if first { now } else { now.saturating_add(reader.delay) };
        reader.start_at.get_or_insert(at);
    }

    /// A process has ended: was it one of these?
    pub(crate) fn journal_ended(&mut self, exit: Exit) -> bool {
        let journals = &mut self.watched.journals;
        if journals.ending.remove(&exit.pid) {
            return true;
        }
        let is_it = |reader: &&mut Reader| reader.running.is_some_and(|(pid, _)| pid == exit.pid);
        let Some(reader) = journals.all.values_mut().find(is_it) else { return false };
        let since = reader.running.take().map_or(Duration::ZERO, |(_, since)| since);
        let lived = self.now.mono.saturating_sub(since);
        (reader.delay, reader.short) = match lived >= STEADY {
            true => (SHORTEST, 0),
            false => (reader.delay.saturating_mul(2).min(LONGEST), reader.short.saturating_add(1)),
        };
        let why = format!("`journalctl` has ended ({})", describe(exit.status));
        reader.trouble = Some(why.clone());
        // the clerk sees its pipe's end, and says where to go on
        let text = format!("{UNREAD}`{}`: {why}", reader.name);
        self.alarm(&text);
        true
    }

    /// One could not be executed: its exit is reaped like any other.
    pub(super) fn tick_journals(&mut self) {
        let now = self.now.mono;
        for reader in self.watched.journals.all.values_mut() {
            if reader.settle_at.take_if(|at| *at <= now).is_some() && reader.running.is_some() {
                reader.trouble = None;
                let name = format!("{UNREAD}`{}`", reader.name);
                self.alarms.retain(|alarm| !alarm.starts_with(&name));
            }
        }
        let due = |reader: &Reader| reader.start_at.is_some_and(|at| at <= now);
        let all = self.watched.journals.all.iter();
        let due: Vec<u32> = all.filter(|(_, reader)| due(reader)).map(|(at, _)| *at).collect();
        for watch in due {
            if !self.clerk.is_working() {
                continue; // the next one asks again
            }
            let started = self.start_journal(watch);
            let Some(reader) = self.watched.journals.all.get_mut(&watch) else { continue };
            reader.start_at = None;
            match started {
                Ok(pid) => {
                    reader.running = Some((pid, now));
                    reader.settle_at = Some(now.saturating_add(SETTLED));
                }
                Err(why) => {
                    reader.delay = reader.delay.saturating_mul(2).min(LONGEST);
                    reader.start_at = Some(now.saturating_add(reader.delay));
                    reader.trouble = Some(why.clone());
                    let text = format!("{UNREAD}`{}`: {why}", reader.name);
                    self.alarm(&text);
                }
            }
        }
    }

    fn start_journal(&mut self, watch: u32) -> Result<Pid, String> {
        let reader = self.watched.journals.all.get(&watch).ok_or("no such watch")?;
        let number = reader.number;
        let mut plan = Plan::new(PROGRAM.to_owned());
        let place = Place::of(reader.wanted.clone().flatten(), reader.short);
        plan.argv = arguments(&reader.journal, place)?;
        plan.env = vec![c"LC_ALL=C".to_owned(), c"PATH=/usr/bin:/bin".to_owned()];
        if self.root {
            let groups = self.current.resolved.journal_group.into_iter().collect();
            plan.ids = Some(Ids { uid: NOBODY, gid: NOBODY, groups });
        }
        plan.new_session = true;
        plan.no_new_privs = true;
        plan.reserved = true;
        plan.directory = Some(c"/".to_owned());
        let program = Arc::new(plan.prepare().map_err(|bad| bad.to_string())?);
        let (read, write) = pipe::pipe().map_err(|e| format!("no pipe: {e}"))?;
        let connection = Connection::new().share(&self.outputs.null, &[0, 2]).give(write, &[1]);
        let pid = self.spawner.spawn(&program, connection).map_err(|e| e.to_string())?;
        self.outbox.message(ToClerk::Journal { watch, number }, Some(read));
        Ok(pid)
    }
}

/// From where a journal is read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// From now on.
    Now,
    /// Behind this cursor.
    Behind(String),
    /// Behind this time, in microseconds since the epoch.
    Since(u64),
}

impl Place {
    /// The one of a cursor, after so many short runs.
    fn of(cursor: Option<String>, short: u32) -> Self {
        match cursor {
            None => Self::Now,
            Some(cursor) if short < PATIENCE => Self::Behind(cursor),
            Some(cursor) => match time_of(&cursor) {
                Some(time) => Self::Since(time.saturating_add(1)),
                None => Self::Now,
            },
        }
    }
}

/// The time in a cursor: microseconds since the epoch, in hexadecimal behind `t=`.
fn time_of(cursor: &str) -> Option<u64> {
    let time = cursor.split(';').find_map(|part| part.strip_prefix("t="))?;
    u64::from_str_radix(time, 16).ok()
}

/// The arguments: ours, and the configuration's.
fn arguments(journal: &Journal, place: Place) -> Result<Vec<CString>, String> {
    let own = journal.matches.iter().flatten().map(|term| term.field.as_str());
    let fields: BTreeSet<&str> = FIELDS.into_iter().chain(own).collect();
    let fields: Vec<&str> = fields.into_iter().collect();
    let mut words = vec![
        "journalctl".to_owned(),
        "--output=json".to_owned(),
        "--follow".to_owned(),
        "--quiet".to_owned(),
        format!("--output-fields={}", fields.join(",")),
    ];
    match place {
        Place::Behind(cursor) => {
            words.push("--no-tail".to_owned());
            words.push(format!("--after-cursor={cursor}"));
        }
        Place::Since(time) => {
            words.push("--no-tail".to_owned());
            words.push(format!("--since=@{}.{:06}", time / 1_000_000, time % 1_000_000));
        }
        Place::Now => words.push("--lines=0".to_owned()),
    }
    words.extend(journal.arguments());
    let word = |word| CString::new(word).map_err(|_| "an argument holds a NUL byte".to_owned());
    words.into_iter().map(word).collect()
}

/// Whether a text is a cursor as journald writes them: letters and digits, `=` and `;`.
fn is_cursor(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"=;".contains(&byte);
    !text.is_empty() && text.len() <= MOST_CURSOR && text.bytes().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::JournalTerm;

    #[test]
    fn the_configuration_chooses_entries_and_a_cursor_where_to_begin() {
        let term = JournalTerm { field: "_SYSTEMD_UNIT".into(), value: "ssh.service".into() };
        let journal = Journal { matches: vec![vec![term]], ..Journal::default() };
        let words = |cursor: Option<&str>| -> Vec<String> {
            let place = Place::of(cursor.map(str::to_owned), 0);
            let words = arguments(&journal, place).unwrap();
            words.into_iter().map(|word| word.into_string().unwrap()).collect()
        };
        let first = words(None);
        assert!(first.contains(&"--lines=0".to_owned()));
        assert_eq!(first.last().unwrap(), "_SYSTEMD_UNIT=ssh.service");
        let later = words(Some("s=1;i=2"));
        assert!(later.contains(&"--after-cursor=s=1;i=2".to_owned()));
        assert!(later.contains(&"--no-tail".to_owned()));
        let cursor = Some("s=1;i=2;t=64f1c0a1b2c3d".to_owned());
        assert_eq!(Place::of(cursor.clone(), PATIENCE - 1), Place::Behind(cursor.clone().unwrap()));
        assert_eq!(Place::of(cursor, PATIENCE), Place::Since(0x0006_4f1c_0a1b_2c3e));
        assert_eq!(Place::of(Some("s=1".into()), PATIENCE), Place::Now);
        let words = arguments(&journal, Place::Since(1_795_000_000_000_042)).unwrap();
        assert!(words.contains(&c"--since=@1795000000.000042".to_owned()));
        assert!(is_cursor("s=ab;i=2f") && !is_cursor("") && !is_cursor("a b"));
        assert!(!is_cursor("--x") && !is_cursor(&"a".repeat(600)));
    }
}
