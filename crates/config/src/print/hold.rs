//! How sessions end that do not end by themselves, and how refusals end.

use super::Page;
use crate::words::{duration, quote};
use portreeve_model::{Ends, KeepAlive, Refusals, Refuse};
use std::time::Duration;

/// What becomes of refused connections.
pub(super) fn refusals(page: &mut Page<'_>, refusals: &Refusals) {
    let delay = match refusals.refuse {
        Refuse::Close => None,
        Refuse::Reset => return page.line("refuse", "\"reset\""),
        Refuse::Delay(delay) => Some(format!("delay = \"{}\"", duration::show(delay))),
    };
    let words = refusals.words.as_deref().map(|words| format!("words = {}", quote::text(words)));
    let parts: Vec<_> = delay.into_iter().chain(words).collect();
    if !parts.is_empty() {
        page.line("refuse", &format!("{{ {} }}", parts.join(", ")));
    }
}

/// When and how the door ends sessions.
pub(super) fn ends(page: &mut Page<'_>, ends: &Ends) {
    if let Some(idle) = ends.idle {
        page.sited("idle", &format!("\"{}\"", duration::show(idle.value)), idle.origin);
    }
    if ends.kill_after != Ends::default().kill_after {
        page.line("kill-after", &format!("\"{}\"", duration::show(ends.kill_after)));
    }
}

/// Keep-alives.
pub(super) fn keep_alive(keepalive: KeepAlive) -> String {
    match keepalive {
        KeepAlive::Off => "false".into(),
        KeepAlive::System => "true".into(),
        KeepAlive::Probes(probes) => {
            let every = duration::show(Duration::from_secs(probes.every.into()));
            format!("{{ every = \"{every}\", tries = {} }}", probes.tries)
        }
    }
}
