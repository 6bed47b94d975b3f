//! Rules that decide nothing, since rules before them decide it all.

use super::codes;
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level, Sources, Span};
use portreeve_model::Origin;
use portreeve_model::wrappers::{Deed, Rule, Tables, Token, Which};
use std::collections::HashMap;

/// Pairs of one rule that are looked at: a daemon and a client each.
const MOST_PAIRS: usize = 4096;

/// A daemon and a client, in lower case.
type Pair = (Vec<u8>, Vec<u8>);

/// Reports every rule whose daemons and clients all stand in rules before it, hosts.allow first:
/// those decide, one way or the other. What an `EXCEPT` or an `aclexec` leaves open is not looked
/// at.
pub fn shadowed(tables: &Tables, sources: &Sources, out: &mut Diagnostics) {
    let mut decided: HashMap<Pair, Origin> = HashMap::new();
    for which in [Which::Allow, Which::Deny] {
        for rule in tables.table(which).rules() {
            let Some(pairs) = pairs(rule) else { continue };
            let by =
                pairs.iter().map(|pair| decided_by(&decided, pair)).collect::<Option<Vec<_>>>();
            if let Some(first) = by.and_then(|all| all.into_iter().max()) {
                out.push(finding(rule.origin, first, sources));
                continue;
            }
            if rule.settings.iter().all(|setting| setting.value.deed != Deed::Aclexec) {
                for pair in pairs {
                    decided.entry(pair).or_insert(rule.origin);
                }
            }
        }
    }
}

fn decided_by(decided: &HashMap<Pair, Origin>, (daemon, client): &Pair) -> Option<Origin> {
    let all = b"all".to_vec();
    [(daemon, client), (&all, client), (daemon, &all), (&all, &all)]
        .into_iter()
        .find_map(|(daemon, client)| decided.get(&(daemon.clone(), client.clone())).copied())
}

fn pairs(rule: &Rule) -> Option<Vec<Pair>> {
    let (daemons, clients) = (alone(&rule.daemons.parts)?, alone(&rule.clients.parts)?);
    if daemons.len().saturating_mul(clients.len()) > MOST_PAIRS || clients.is_empty() {
        return None;
    }
    let pairs = daemons
        .iter()
        .flat_map(|daemon| clients.iter().map(move |client| (daemon.clone(), client.clone())));
    let pairs: Vec<_> = pairs.collect();
    (!pairs.is_empty()).then_some(pairs)
}

/// The texts of a list without `EXCEPT`. Groups and paths keep their case.
fn alone<T>(parts: &[Vec<Token<T>>]) -> Option<Vec<Vec<u8>>> {
    let [part] = parts else { return None };
    let text = |token: &Token<T>| {
        let exact = token.text.iter().any(|byte| matches!(byte, b'@' | b'/'));
        if exact { token.text.clone() } else { token.text.to_ascii_lowercase() }
    };
    part.iter().map(|token| (!token.text.is_empty()).then(|| text(token))).collect()
}

fn finding(at: Origin, by: Origin, sources: &Sources) -> Diagnostic {
    let place = |origin: Origin| format!("{}:{}", sources.path(FileId(origin.file)), origin.line);
    let text = sources.text(FileId(at.file));
    let line = usize::try_from(at.line).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let length = text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
    let span = Span::new(FileId(at.file), start, start + length);
    let message = format!("this rule decides nothing: {} already decides for all of it", place(by));
    Diagnostic::new(Level::Warning, codes::SHADOWED, Some(span), message)
        .help("remove it, or move it up")
}
