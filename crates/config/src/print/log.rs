//! A service's own log.

use super::Page;
use crate::native::RECORDS;
use crate::words::{quote, size};
use portreeve_model::{Ident, LogTarget, Records, ServiceLog};

/// The log, unless there is none.
pub(super) fn print(page: &mut Page<'_>, log: &ServiceLog) {
    if *log == ServiceLog::default() {
        return;
    }
    let mut keys = target(&log.target);
    let otherwise = if log.target == LogTarget::None { Records::default() } else { RECORDS };
    let Records { success, failure } = log.records;
    if success != otherwise.success {
        keys.push(words(
            "success",
            &[
                ("host", success.host),
                ("duration", success.duration),
                ("exit", success.exit),
                ("pid", success.pid),
                ("userid", success.userid),
            ],
        ));
    }
    if failure != otherwise.failure {
        keys.push(words(
            "failure",
            &[("host", failure.host), ("attempt", failure.attempt), ("userid", failure.userid)],
        ));
    }
    let implied = if success.userid || failure.userid { Ident::Record } else { Ident::No };
    if log.ident != implied {
        let word = match log.ident {
            Ident::No => "no",
            Ident::Record => "record",
            Ident::Require => "require",
        };
        keys.push(format!("ident = \"{word}\""));
    }
    page.line("log", &format!("{{ {} }}", keys.join(", ")));
}

fn target(target: &LogTarget) -> Vec<String> {
    match target {
        LogTarget::None => Vec::new(),
        LogTarget::File { path, soft, hard } => {
            let path = format!("file = {}", quote::text(path));
            let soft = soft.map(|bytes| format!("soft = {}", size::show(bytes)));
            let hard = hard.map(|bytes| format!("hard = {}", size::show(bytes)));
            std::iter::once(path).chain(soft).chain(hard).collect()
        }
        LogTarget::Syslog { facility, severity } => {
            vec![format!("syslog = \"{}.{}\"", facility.name(), severity.name())]
        }
    }
}

fn words(key: &str, words: &[(&str, bool)]) -> String {
    let set = words.iter().filter(|(_, set)| *set).map(|(word, _)| quote::text(word));
    format!("{key} = {}", quote::list(set))
}
