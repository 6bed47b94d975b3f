//! `allow`, `deny` and `access`.

use super::fields::Fields;
use super::item::Item;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::words::pattern::{self, Oddity};
use portreeve_diag::Span;
use portreeve_model::{AccessList, AllowList, Dialect, Network, Pattern, Rule};
use std::collections::HashMap;

/// Entries of a list at most; more belong into a set of their own.
const ENTRIES: usize = 100_000;

/// The access lists of a service.
pub(super) fn read(check: &mut Check, fields: Fields<'_>) -> Vec<AccessList> {
    for name in ["allow", "deny", "deny-listed", "except-listed"] {
        if let (Some(own), Some(default)) = (fields.own(name), fields.default(name)) {
            let message = format!("`{name}` here replaces the one of [defaults]");
            let finding = check::note(codes::DEFAULT_REPLACED, own.named, message);
            check.say(finding.also(default.named, "replaced for this service"));
        }
    }
    let mut lists: Vec<_> = list(check, fields).into_iter().collect();
    if let Some(item) = fields.get("access") {
        for entry in item.entries(check).unwrap_or_default() {
            let Some(table) = entry.table(check, Scope::Access) else { continue };
            let empty = AccessList { dialect: Dialect::Native, allow: None, deny: Vec::new() };
            lists.push(list(check, table).unwrap_or(empty));
        }
    }
    lists
}

/// The list of one table, if it writes one.
fn list(check: &mut Check, fields: Fields<'_>) -> Option<AccessList> {
    let allow = fields.get("allow").filter(|item| !item.is_word("everybody"));
    let deny = fields.get("deny");
    if allow.is_none() && deny.is_none() {
        return None;
    }
    let allowed = allow.map(|item| (rules(check, item), item));
    let denied = deny.map(|item| rules(check, item)).unwrap_or_default();
    let denied_set = Networks::of(check, &denied);
    if let Some((rules, item)) = &allowed {
        Networks::of(check, rules);
        denied_set.overlaps(check, rules);
        if rules.is_empty() && item.entries(check).is_some_and(|entries| entries.is_empty()) {
            let message = "`allow` is empty: nobody is let in";
            let finding = check::warning(codes::ADMITS_NOBODY, item.at, message);
            check.say(finding.help("remove `allow` to let everybody in"));
        }
    }
    let rules_of = |rules: Vec<(Rule, Item<'_>)>| rules.into_iter().map(|(rule, _)| rule).collect();
    Some(AccessList {
        dialect: Dialect::Native,
        allow: allowed.map(|(rules, item)| AllowList {
            rules: rules_of(rules),
            origin: check.origin(item.named),
        }),
        deny: rules_of(denied),
    })
}

/// The rules of a list, each with its text.
pub(super) fn rules<'a>(check: &mut Check, item: Item<'a>) -> Vec<(Rule, Item<'a>)> {
    let Some(entries) = item.entries_or_one(check) else { return Vec::new() };
    if entries.len() > ENTRIES {
        item.refuse(check, &format!("more than {ENTRIES} entries"));
        return Vec::new();
    }
    entries.into_iter().filter_map(|entry| Some((rule(check, entry)?, entry))).collect()
}

fn rule(check: &mut Check, entry: Item<'_>) -> Option<Rule> {
    let text = entry.text(check)?;
    let read = match pattern::parse(text) {
        Ok(read) => read,
        Err(reason) => {
            let help = "write an address, a network such as `192.0.2.0/24`, a host name or a \
                        `.domain`; leave `allow` out to let everybody in";
            check.say(check::error(codes::BAD_PATTERN, entry.at, reason).help(help));
            return None;
        }
    };
    match read.oddity {
        Some(Oddity::HostBits(network)) => {
            let message = format!("`{text}` is an address inside `{network}`");
            let finding = check::warning(codes::HOST_BITS, entry.at, message);
            check.say(finding.help(format!("write `{network}`, or the address alone")));
        }
        Some(Oddity::AddressLike) => {
            let message = format!("`{text}` is read as a host name");
            let finding = check::warning(codes::LOOKS_LIKE_ADDRESS, entry.at, message);
            check.say(finding.help("write a whole address, or a network with its prefix length"));
        }
        None => {}
    }
    let origin = check.origin(entry.at);
    Some(Rule { pattern: read.pattern, text: text.to_owned(), origin })
}

/// The networks of a list, to find one that covers another in as many steps as an address has bits.
struct Networks(HashMap<Network, Span>);

impl Networks {
    /// The networks of a list; entries that others cover are noted.
    fn of(check: &mut Check, rules: &[(Rule, Item<'_>)]) -> Self {
        let mut all: HashMap<Network, Span> = HashMap::new();
        for (network, at) in networks(rules) {
            all.entry(network).or_insert(at);
        }
        let all = Self(all);
        for (network, at) in networks(rules) {
            let Some((wider, by)) = all.covering(network, at) else { continue };
            let message = format!("`{network}` lies in `{wider}`, which is listed as well");
            let finding = check::note(codes::COVERED_RULE, at, message);
            check.say(finding.also(by, "this covers it").help("remove one of them"));
        }
        all
    }

    /// Allowed networks that are denied as a whole.
    fn overlaps(&self, check: &mut Check, allowed: &[(Rule, Item<'_>)]) {
        for (network, at) in networks(allowed) {
            let Some((wider, by)) = self.covering(network, at) else { continue };
            let message = format!("nobody of `{network}` is let in: `deny` has `{wider}`");
            let finding = check::warning(codes::DENIED_ALLOW, at, message);
            check.say(finding.also(by, "denied here").help("remove one of the two"));
        }
    }

    /// The entry at another place that covers a network.
    fn covering(&self, network: Network, at: Span) -> Option<(Network, Span)> {
        let wider = |length| Network::around(network.address(), length, length);
        let found = |network: Network| Some((network, *self.0.get(&network)?));
        (0..=network.length()).filter_map(|length| found(wider(length))).find(|(_, by)| *by != at)
    }
}

fn networks<'a>(rules: &'a [(Rule, Item<'_>)]) -> impl Iterator<Item = (Network, Span)> + 'a {
    rules.iter().filter_map(|(rule, entry)| match rule.pattern {
        Pattern::Network(network) => Some((network, entry.at)),
        Pattern::Host(_) => None,
    })
}
