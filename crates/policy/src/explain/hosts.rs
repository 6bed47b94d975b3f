//! hosts.allow and hosts.deny in English.

use crate::wrappers::{End, Ending, Fault, Found, Why};
use crate::{Effect, Effects, Errand};
use portreeve_model::Origin;
use portreeve_model::wrappers::{List, Token};

/// Bytes of a command that are shown.
const SHOWN: usize = 200;

/// The words of a rule that matched, as it would be written with them alone.
pub(crate) fn matched(found: &Found<'_>) -> String {
    let rule = found.rule;
    let daemon = found.daemon.and_then(|at| word(&rule.daemons, at));
    let client = found.client.and_then(|at| word(&rule.clients, at));
    // of plain rules that are kept together, the line alone tells the address
    format!("{}: {}", shown(daemon.unwrap_or(b"?")), client.map_or("…".into(), shown))
}

fn word<T>(list: &List<T>, at: Origin) -> Option<&[u8]> {
    let mut tokens = list.parts.iter().flatten();
    tokens.find(|token: &&Token<T>| token.origin == at).map(|token| token.text.as_slice())
}

/// What they come to, and what they have done.
pub(crate) fn outcome(ending: &Ending, effects: &Effects) -> String {
    let mut text = match ending {
        Ending::Rules(End::Granted) => "granted".to_owned(),
        Ending::Rules(End::Refused) => "refused".to_owned(),
        Ending::Rules(End::Delegated) => "another program answers".to_owned(),
        Ending::Rules(End::Wrong(_)) => {
            "refused: an option of the rule cannot be read; `portreeve check` says which".to_owned()
        }
        Ending::Rules(End::Unreadable(which)) => format!("refused: {which} cannot be read"),
        Ending::Rules(End::Open(why)) => format!("refused: {}", open(why)),
        Ending::Fault(fault) => format!("refused: {}", faulty(*fault)),
    };
    for effect in effects.iter() {
        match effect {
            Effect::Spawn(command) => text.push_str(&format!("; runs `{}`", shown(command))),
            Effect::Twist(command) => text.push_str(&format!(": `{}`", shown(command))),
            Effect::Severity(..)
            | Effect::KeepAlive
            | Effect::Linger(_)
            | Effect::Banner(_)
            | Effect::Nice(_)
            | Effect::Variable(..)
            | Effect::Umask(_)
            | Effect::User(_)
            | Effect::Group(_) => {}
        }
    }
    text
}

fn open(why: &Why) -> String {
    match why {
        Why::Broken(_) => "a pattern that cannot be read may be about this peer".into(),
        Why::List(path) => format!("`{}`, which the rule names, cannot be read", shown(path)),
        Why::NameFailed => "the rule is about names, and the peer's could not be looked up".into(),
        Why::Netgroup(group) => format!("nobody could say who is in netgroup `{}`", shown(group)),
    }
}

fn faulty(fault: Fault) -> &'static str {
    match fault {
        Fault::TooLong => "a text of the rule is too long with `%` replaced",
        Fault::Nobody => "the rule names a user or group that is not on this host",
        Fault::Text => "the rule sets a variable, or runs a command, that cannot be one",
        Fault::Unanswered => "the rule's `aclexec` could not be run, or did not end in time",
        Fault::TooMany => "the rules ask too many programs about one connection",
    }
}

/// What a process would be asked.
#[must_use]
pub fn errand_sentence(errand: &Errand) -> String {
    match errand {
        Errand::Command { command, .. } => format!("`{}` has to be run", shown(command)),
        Errand::Netgroup { group, host } => {
            let (group, host) = (shown(group), shown(host));
            format!("whether `{host}` is in netgroup `{group}` has to be asked")
        }
    }
}

/// A text of a rule: what is not printable is escaped, and what is long cut.
fn shown(text: &[u8]) -> String {
    let cut = text.get(..SHOWN).map_or(text, |start| start);
    let mut shown = String::new();
    for byte in cut {
        match byte {
            // the quotes and backslashes of a command, as they were written
            b' '..=b'~' => shown.push(char::from(*byte)),
            _ => shown.extend(byte.escape_ascii().map(char::from)),
        }
    }
    if cut.len() < text.len() {
        shown.push('…');
    }
    shown
}
