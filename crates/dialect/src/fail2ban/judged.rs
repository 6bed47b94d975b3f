//! What a jail says of counting, ignoring and banning, as it is told.

use super::codes;
use super::fault::{say, shown};
use super::filter::said;
use super::interpolate::Values;
use super::jail::is_option;
use super::store::Store;
use super::text::Text;
use super::words::{seconds, whole};
use crate::suggest::nearest;
use portreeve_diag::{Diagnostic, Level, Span};
use std::collections::BTreeSet;

/// Options about whom to count, to ignore and to ban, in the order in which fail2ban reads them.
pub(super) const JUDGED: [&str; 15] = [
    "maxretry",
    "maxmatches",
    "findtime",
    "bantime",
    "bantime.increment",
    "bantime.factor",
    "bantime.formula",
    "bantime.multipliers",
    "bantime.maxtime",
    "bantime.rndtime",
    "bantime.overalljails",
    "ignorecommand",
    "ignoreself",
    "ignoreip",
    "ignorecache",
];

/// What actions are made of, in the stock configuration.
const OF_ACTIONS: [&str; 21] = [
    "action",
    "action_",
    "action_mw",
    "action_mwl",
    "action_xarf",
    "action_cf_mwl",
    "action_blocklist_de",
    "action_abuseipdb",
    "banaction",
    "banaction_allports",
    "blocktype",
    "chain",
    "destemail",
    "fail2ban_agent",
    "mode",
    "mta",
    "port",
    "protocol",
    "sender",
    "sendername",
    "tcpport",
];

/// One note about a jail that is watched alone, with what is not taken from it.
pub(super) fn not_taken(name: &str, options: &Values, at: Option<Span>) -> Diagnostic {
    let said = with_values(options);
    let message = format!(
        "the jail `{}` is watched: its offences are recorded, and nobody is banned by it{said}",
        shown(name)
    );
    let help = "its actions, ports and limits stay fail2ban's: they are read and not taken";
    say(Level::Note, codes::NOT_JUDGED, at, message, help)
}

/// What a jail says of judging, in parentheses.
pub(super) fn with_values(options: &Values) -> String {
    let said =
        |option: &&str| Some(format!("{option} {}", value(option, said(options.get(option))?)));
    let said: Vec<String> = JUDGED.iter().filter_map(said).collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

/// A value as it is shown: times in seconds, where they are times.
fn value(option: &str, text: &Text) -> String {
    let words = text.as_str();
    let time = ["findtime", "bantime", "bantime.maxtime", "bantime.rndtime"].contains(&option);
    match (time, whole(words), seconds(words)) {
        (true, Some(-1), _) => "for ever".to_owned(),
        (true, None, Some(seconds)) => format!("{} ({seconds} s)", shown(words)),
        (true, Some(number), _) => format!("{number} s"),
        _ => shown(words),
    }
}

/// Options of a jail that fail2ban has not and nothing refers to.
pub(super) fn unknown(store: &Store, jail: &str) -> Vec<Diagnostic> {
    let Some(own) = store.sections.get(jail) else { return Vec::new() };
    let mut odd = own
        .iter()
        .filter(|(name, _)| !is_option(name) && !OF_ACTIONS.contains(name) && !name.contains('/'))
        .peekable();
    if odd.peek().is_none() {
        return Vec::new();
    }
    let referred = referred(store);
    let known = || JUDGED.iter().chain(&OF_ACTIONS).copied();
    let odd = odd.filter(|(name, _)| !referred.contains(*name));
    odd.map(|(name, value)| {
        let options = ["enabled", "filter", "logpath", "backend", "logencoding", "logtimezone"];
        let filters = super::definition::OPTIONS;
        let near = nearest(name, known().chain(options).chain(filters));
        let help = match near {
            Some(near) => format!("did you mean `{near}`? fail2ban ignores it without a word"),
            None => "remove it: fail2ban ignores it without a word".to_owned(),
        };
        let message = format!("fail2ban has no option `{}`, and nothing refers to it", shown(name));
        say(Level::Warning, codes::UNKNOWN_OPTION, Some(value.named), message, help)
    })
    .collect()
}

/// Every name that stands in a `%(name)s`.
fn referred(store: &Store) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let sections = store.sections.iter().map(|(_, options)| options);
    for options in sections.chain([&store.defaults]) {
        for (_, value) in options.iter() {
            for part in value.text.as_str().split("%(").skip(1) {
                let name = part.split(')').next().unwrap_or_default().to_lowercase();
                let plain = name.rsplit('/').next().unwrap_or_default().to_owned();
                names.insert(plain);
            }
        }
    }
    names
}
