//! A service that is kept up.

use super::{Page, program};
use crate::words::{duration, quote, size};
use portreeve_model::{Finish, Kept, KeptLog, Principal, Restart, Signal};
use std::time::Duration;

/// What is not as it is without being written.
pub(super) fn print(page: &mut Page<'_>, kept: &Kept) {
    let name = quote::key(kept.name.as_str());
    page.header(&format!("service.{name}"), Some(kept.origin.origin));
    page.line("keep", "true");
    program::print(page, &kept.program, false);
    if let Some(path) = &kept.environment_directory {
        page.line("environment-directory", &quote::text(path));
    }
    if let Some(ready) = kept.ready {
        page.line("ready", &ready.to_string());
    }
    if let Some(finish) = &kept.finish {
        self::finish(page, finish);
    }
    if kept.stop_signal != Signal::TERM {
        page.line("stop-signal", &quote::text(&kept.stop_signal.to_string()));
    }
    if let Some(time) = kept.kill_after {
        page.line("kill-after", &shown(time));
    }
    restart(page, &kept.restart);
    if kept.down {
        page.line("down", "true");
    }
    if let Some(log) = &kept.log {
        page.line("log", &self::log(log));
    }
}

fn shown(time: Duration) -> String {
    format!("\"{}\"", duration::show(time))
}

fn finish(page: &mut Page<'_>, finish: &Finish) {
    let words = std::iter::once(&finish.path).chain(&finish.args);
    page.line("finish", &quote::list(words.map(|word| quote::text(word))));
    match finish.within {
        Some(Finish::WITHIN) => {}
        Some(time) => page.line("finish-timeout", &shown(time)),
        None => page.line("finish-timeout", "\"none\""),
    }
}

fn restart(page: &mut Page<'_>, restart: &Restart) {
    let Restart { delay, longest, limit, within } = *restart;
    let mut keys = Vec::new();
    if delay != Restart::DELAY {
        keys.push(format!("delay = {}", shown(delay)));
    }
    if longest != delay {
        keys.push(format!("longest = {}", shown(longest)));
    }
    keys.extend(limit.map(|limit| format!("limit = {limit}")));
    if within != Restart::WITHIN {
        keys.push(format!("within = {}", shown(within)));
    }
    if !keys.is_empty() {
        page.line("restart", &format!("{{ {} }}", keys.join(", ")));
    }
}

fn log(log: &KeptLog) -> String {
    let KeptLog { directory, size, files, labels, user } = log;
    let mut keys = Vec::new();
    keys.extend(directory.iter().map(|path| format!("directory = {}", quote::text(path))));
    if *size != KeptLog::SIZE {
        keys.push(format!("size = {}", size::show(*size)));
    }
    if *files != KeptLog::FILES {
        keys.push(format!("files = {files}"));
    }
    if !labels {
        keys.push("labels = false".to_owned());
    }
    if *user != Principal::Name(KeptLog::USER.into()) {
        keys.push(format!("user = {}", program::principal(user)));
    }
    if keys.is_empty() { "true".to_owned() } else { format!("{{ {} }}", keys.join(", ")) }
}
