//! Where events are written.

use crate::words::{quote, size};
use portreeve_model::{EventTargets, StderrFormat};

/// The table.
pub(super) fn show(log: &EventTargets) -> String {
    let EventTargets { file, stderr, syslog, journal } = *log;
    let to = [
        ("file", file.is_some()),
        ("stderr", stderr.is_some()),
        ("syslog", syslog.is_some()),
        ("journal", journal.is_some()),
    ];
    let to = to.iter().filter(|(_, on)| *on).map(|(name, _)| quote::text(name));
    let to = format!("to = {}", quote::list(to));
    let rotation = file
        .map(|rotation| format!("size = {}, keep = {}", size::show(rotation.size), rotation.keep));
    let format = stderr.map(|format| match format {
        StderrFormat::Sentences => "stderr-format = \"sentences\"".to_owned(),
        StderrFormat::Json => "stderr-format = \"json\"".to_owned(),
    });
    let facility =
        syslog.or(journal).map(|facility| format!("facility = {}", quote::text(facility.name())));
    let keys = [Some(to), rotation, format, facility];
    format!("{{ {} }}", keys.into_iter().flatten().collect::<Vec<_>>().join(", "))
}
