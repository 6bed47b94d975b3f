//! What carries bans out of the door.

use super::Ink;
use super::status::entry;
use super::text::{count, visible};
use portreeve_diag::Paint;
use portreeve_wire::control::EnforcerStatus;
use serde_json::{Value, json};

/// As text: how each is, what it holds, what it was told.
pub(super) fn text(one: &EnforcerStatus, paint: Paint) -> String {
    let (word, meaning) = match (&one.trouble, one.lost) {
        (Some(_), _) => ("failing", Ink::Bad),
        (None, 1..) => ("behind", Ink::Care),
        (None, 0) => ("told", Ink::Good),
    };
    let mut parts = Vec::new();
    parts.extend(one.entries.map(|entries| match entries {
        1 => "1 entry".to_owned(),
        many => format!("{many} entries"),
    }));
    parts.push(count(one.runs, "run"));
    if one.failures > 0 {
        parts.push(format!("{} failed", one.failures));
    }
    if one.waiting > 0 {
        parts.push(format!("{} waiting", one.waiting));
    }
    if one.lost > 0 {
        parts.push(format!("{} never told for want of room", one.lost));
    }
    let mut text = format!("{}: {}", visible(&one.name), parts.join(", "));
    if let Some(why) = &one.trouble {
        text.push_str(&format!("; {}", visible(why)));
    }
    entry(word, &text, paint, meaning)
}

/// As JSON.
pub(super) fn json(one: &EnforcerStatus) -> Value {
    json!({
        "name": one.name,
        "entries": one.entries,
        "waiting": one.waiting,
        "runs": one.runs,
        "failures": one.failures,
        "lost": one.lost,
        "trouble": one.trouble,
    })
}
