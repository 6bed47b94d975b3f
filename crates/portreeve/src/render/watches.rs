//! What is watched, in `portreeve status`.

use super::status::entry;
use super::text::visible;
use super::{Ink, ink};
use portreeve_diag::Paint;
use portreeve_wire::clerk::SourceReport;
use portreeve_wire::control::{
    JournalState, JournalStatus, WatchStatus, WatchedFile, WatchedState,
};
use serde_json::{Value, json};

/// As JSON.
pub(super) fn json(watch: &WatchStatus) -> Value {
    json!({
        "name": watch.name,
        "service": watch.service,
        "files": watch.files.iter().map(file_json).collect::<Vec<_>>(),
        "journal": watch.journal.as_ref().map(journal_json),
    })
}

fn file_json(file: &WatchedFile) -> Value {
    let (state, reason) = match &file.state {
        WatchedState::There => ("there", None),
        WatchedState::Renamed => ("renamed", None),
        WatchedState::Absent => ("absent", None),
        WatchedState::Refused(why) => ("refused", Some(why)),
    };
    let report = file.report.as_ref();
    json!({
        "path": file.path,
        "state": state,
        "reason": reason,
        "offset": report.map(|report| report.offset),
        "size": report.map(|report| report.size),
        "behind": report.map(behind),
        "lines": report.map(|report| report.lines),
        "offences": report.map(|report| report.offences),
        "long-lines": report.map(|report| report.long),
        "old-lines": report.map(|report| report.old),
    })
}

fn journal_json(journal: &JournalStatus) -> Value {
    let (state, reason) = match &journal.state {
        JournalState::Read => ("read", None),
        JournalState::Waiting => ("waiting", None),
        JournalState::Refused(why) => ("refused", Some(why)),
    };
    let report = journal.report.as_ref();
    json!({
        "state": state,
        "reason": reason,
        "entries": report.map(|report| report.lines),
        "offences": report.map(|report| report.offences),
    })
}

/// Bytes that are not read yet.
fn behind(report: &SourceReport) -> u64 {
    report.size.saturating_sub(report.offset)
}

/// For people.
pub(super) fn text(watch: &WatchStatus, paint: Paint) -> String {
    let name = ink(paint, Ink::Name, &format!("watch {}", visible(&watch.name)));
    let mut out = match watch.service == watch.name {
        true => format!("{name}\n"),
        false => format!("{name}, about {}\n", visible(&watch.service)),
    };
    for file in &watch.files {
        out.push_str(&one_file(file, paint));
    }
    if let Some(journal) = &watch.journal {
        out.push_str(&one_journal(journal, paint));
    }
    if watch.files.is_empty() && watch.journal.is_none() {
        out.push_str(&entry("nothing", "no file matches its patterns", paint, Ink::Care));
    }
    out
}

fn one_file(file: &WatchedFile, paint: Paint) -> String {
    let (word, ink, why) = match &file.state {
        WatchedState::There => ("reads", Ink::Good, None),
        WatchedState::Renamed => ("reads out", Ink::Good, Some("it was renamed".to_owned())),
        WatchedState::Absent => ("missing", Ink::Care, None),
        WatchedState::Refused(why) => ("refused", Ink::Bad, Some(visible(why))),
    };
    let mut text = visible(&file.path);
    if let Some(report) = &file.report {
        text.push_str(&format!(": {}", progress(report, "line")));
        match behind(report) {
            0 => {}
            bytes => text.push_str(&format!(", {bytes} bytes behind")),
        }
        for (count, what) in [(report.long, "cut at 8 KiB"), (report.old, "passed over as old")] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
    }
    why.into_iter().for_each(|why| text.push_str(&format!("; {why}")));
    entry(word, &text, paint, ink)
}

fn one_journal(journal: &JournalStatus, paint: Paint) -> String {
    let (word, ink, mut text) = match &journal.state {
        JournalState::Read => ("reads", Ink::Good, "the journal".to_owned()),
        JournalState::Waiting => ("waits for", Ink::Care, "the journal".to_owned()),
        JournalState::Refused(why) => {
            ("refused", Ink::Bad, format!("the journal; {}", visible(why)))
        }
    };
    if let Some(report) = &journal.report {
        text.push_str(&format!(": {}", progress(report, "entry")));
    }
    entry(word, &text, paint, ink)
}

fn progress(report: &SourceReport, one: &str) -> String {
    let count = |n: u64, one: &str, many: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    let many = if one == "entry" { "entries" } else { "lines" };
    let (lines, offences) = (report.lines, report.offences);
    format!("{}, {}", count(lines, one, many), count(offences, "offence", "offences"))
}
