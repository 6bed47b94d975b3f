//! `allow`, `deny` and `access`.

use super::Desk;
use super::documents::beside;
use super::fields::Fields;
use super::item::Item;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::named::{self, Named};
use crate::words::pattern::{self, Oddity};
use portreeve_diag::Span;
use portreeve_model::{
    AccessList, AllowList, Dialect, ListFile, Network, Pattern, Rule, SourceKind,
};
use std::collections::HashMap;

/// Entries of a list at most; more belong into a file of their own.
const ENTRIES: usize = 100_000;

/// Reads an entry that begins with `@`, without it.
type AtFile<'a> = &'a mut dyn FnMut(&mut Check, Item<'_>, &str) -> Option<Pattern>;

/// The access lists of a service.
pub(super) fn read(desk: &mut Desk<'_>, fields: Fields<'_>) -> Vec<AccessList> {
    let Desk { check, named, .. } = desk;
    let mut at_file =
        |check: &mut Check, entry: Item<'_>, path: &str| list_file(check, named, entry, path);
    read_lists(check, fields, &mut at_file)
}

fn read_lists(check: &mut Check, fields: Fields<'_>, at_file: AtFile<'_>) -> Vec<AccessList> {
    for name in ["allow", "deny", "deny-listed", "except-listed"] {
        if let (Some(own), Some(default)) = (fields.own(name), fields.default(name)) {
            let message = format!("`{name}` here replaces the one of [defaults]");
            let finding = check::note(codes::DEFAULT_REPLACED, own.named, message);
            check.say(finding.also(default.named, "replaced for this service"));
        }
    }
    let mut lists: Vec<_> = list(check, fields, at_file).into_iter().collect();
    if let Some(item) = fields.get("access") {
        for entry in item.entries(check).unwrap_or_default() {
            let Some(table) = entry.table(check, Scope::Access) else { continue };
            let empty = AccessList { dialect: Dialect::Native, allow: None, deny: Vec::new() };
            lists.push(list(check, table, at_file).unwrap_or(empty));
        }
    }
    lists
}

/// The list of one table, if it writes one.
fn list(check: &mut Check, fields: Fields<'_>, at_file: AtFile<'_>) -> Option<AccessList> {
    let allow = fields.get("allow").filter(|item| !item.is_word("everybody"));
    let deny = fields.get("deny");
    if allow.is_none() && deny.is_none() {
        return None;
    }
    let allowed = allow.map(|item| (rules(check, item, at_file), item));
    let denied = deny.map(|item| rules(check, item, at_file)).unwrap_or_default();
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
pub(super) fn rules<'a>(
    check: &mut Check,
    item: Item<'a>,
    at_file: AtFile<'_>,
) -> Vec<(Rule, Item<'a>)> {
    let Some(entries) = item.entries_or_one(check) else { return Vec::new() };
    if entries.len() > ENTRIES {
        let reason = format!("more than {ENTRIES} entries: write them into a file, and `@FILE`");
        item.refuse(check, &reason);
        return Vec::new();
    }
    let mut one = |entry: Item<'a>| Some((rule(check, entry, at_file)?, entry));
    entries.into_iter().filter_map(&mut one).collect()
}

/// A list in a file, named from the folder of the file that names it.
fn list_file(check: &mut Check, named: &mut Named, entry: Item<'_>, path: &str) -> Option<Pattern> {
    if path.is_empty() || path.ends_with('/') {
        let message = format!("`@{path}` names no file");
        let finding = check::error(codes::BAD_PATTERN, entry.at, message);
        check.say(finding.help("write the path of a list behind the `@`, such as `@office.list`"));
        return None;
    }
    let path = beside(check.sources.path(entry.at.file), path);
    // where the configuration itself is named from the working directory, so is the list
    let absolute = std::path::absolute(&path).ok();
    let path = absolute.and_then(|path| path.to_str().map(str::to_owned)).unwrap_or(path);
    let origin = check.origin(entry.at);
    let source = named.id(check, SourceKind::List(named::file(&path)), origin);
    Some(Pattern::Listed(ListFile { source, path }))
}

fn rule(check: &mut Check, entry: Item<'_>, at_file: AtFile<'_>) -> Option<Rule> {
    let text = entry.text(check)?;
    if let Some(path) = text.strip_prefix('@') {
        let pattern = at_file(check, entry, path)?;
        let (text, origin) = (pattern.to_string(), check.origin(entry.at));
        return Some(Rule { pattern, text, origin });
    }
    let read = match pattern::parse(text) {
        Ok(read) => read,
        Err(reason) => {
            let help = "write an address, a network such as `192.0.2.0/24`, a range such as \
                        `192.0.2.10-192.0.2.20`, a host name, a `.domain`, or `@FILE`; leave \
                        `allow` out to let everybody in";
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
/// A range is there as the networks that it consists of.
struct Networks(HashMap<Network, (Span, String)>);

impl Networks {
    /// The networks of a list; entries that others cover are noted.
    fn of(check: &mut Check, rules: &[(Rule, Item<'_>)]) -> Self {
        let mut all: HashMap<Network, (Span, String)> = HashMap::new();
        for (rule, entry) in rules {
            let networks = match &rule.pattern {
                Pattern::Network(network) => vec![*network],
                Pattern::Range(range) => range.networks(),
                Pattern::Host(_) | Pattern::Listed(_) => Vec::new(),
            };
            for network in networks {
                all.entry(network).or_insert_with(|| (entry.at, rule.pattern.to_string()));
            }
        }
        let all = Self(all);
        for (network, text, at) in whole(rules) {
            let Some((wider, by)) = all.covering(network, at) else { continue };
            let message = format!("`{text}` lies in `{wider}`, which is listed as well");
            let finding = check::note(codes::COVERED_RULE, at, message);
            check.say(finding.also(by, "this covers it").help("remove one of them"));
        }
        all
    }

    /// Allowed networks that are denied as a whole.
    fn overlaps(&self, check: &mut Check, allowed: &[(Rule, Item<'_>)]) {
        for (network, text, at) in whole(allowed) {
            let Some((wider, by)) = self.covering(network, at) else { continue };
            let message = format!("nobody of `{text}` is let in: `deny` has `{wider}`");
            let finding = check::warning(codes::DENIED_ALLOW, at, message);
            check.say(finding.also(by, "denied here").help("remove one of the two"));
        }
    }

    /// The entry at another place that covers a network.
    fn covering(&self, network: Network, at: Span) -> Option<(&str, Span)> {
        let wider = |length| Network::around(network.address(), length, length);
        let found = |network: Network| self.0.get(&network);
        let mut found = (0..=network.length()).filter_map(|length| found(wider(length)));
        found.find(|(by, _)| *by != at).map(|(by, text)| (text.as_str(), *by))
    }
}

/// Entries that are networks, or ranges, as the networks around them: whatever covers one of those
/// covers the range.
fn whole<'a>(rules: &'a [(Rule, Item<'_>)]) -> impl Iterator<Item = (Network, String, Span)> + 'a {
    rules.iter().filter_map(|(rule, entry)| match &rule.pattern {
        Pattern::Network(network) => Some((*network, network.to_string(), entry.at)),
        Pattern::Range(range) => Some((range.around(), range.to_string(), entry.at)),
        Pattern::Host(_) | Pattern::Listed(_) => None,
    })
}
