//! What a database keeps of a rule.

use super::{Action, Rule, Setting};

/// The data of a plain `deny`.
pub const DENY: &[u8] = b"D\0";

/// The data of a record: nothing for a plain `allow`; `D` for `deny`, `+NAME=VALUE` for each
/// setting, each ended by a zero byte.
#[must_use]
pub fn data(rule: &Rule<'_>) -> Vec<u8> {
    let mut data = Vec::new();
    if rule.action == Action::Deny {
        data.extend_from_slice(DENY);
    }
    for setting in &rule.settings {
        data.push(b'+');
        data.extend_from_slice(setting.name);
        data.push(b'=');
        data.extend_from_slice(setting.value);
        data.push(0);
    }
    data
}

/// A record's data, as the ancestor understands it: whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<'a> {
    /// What it does.
    pub action: Action,
    /// In their order; the same name may come again, and the last counts.
    pub settings: Vec<Setting<'a>>,
}

impl<'a> Stored<'a> {
    /// Reads it. What is neither `D` nor a setting with a `=` says nothing, nor does a last item
    /// that no zero byte ends.
    #[must_use]
    pub fn parse(data: &'a [u8]) -> Self {
        let mut stored = Self { action: Action::Allow, settings: Vec::new() };
        for item in items(data) {
            match item.split_first() {
                Some((b'D', _)) => stored.action = Action::Deny,
                Some((b'+', setting)) => stored.settings.extend(divide(setting)),
                Some(_) | None => {}
            }
        }
        stored
    }
}

/// The items of a record's data: what zero bytes end.
pub fn items(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split_inclusive(|byte| *byte == 0).filter_map(|item| item.strip_suffix(b"\0"))
}

fn divide(setting: &[u8]) -> Option<Setting<'_>> {
    let equals = setting.iter().position(|byte| *byte == b'=')?;
    let (name, value) = setting.split_at_checked(equals)?;
    Some(Setting { name, value: value.get(1..).unwrap_or_default() })
}
