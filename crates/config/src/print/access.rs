//! Access lists.

use super::{Page, rule};
use crate::words::quote;
use portreeve_model::{AccessList, Rule};

/// The first list as `allow` and `deny`, the others as `access`.
pub(super) fn print(page: &mut Page<'_>, lists: &[AccessList]) {
    let Some((first, others)) = lists.split_first() else { return };
    if first.allow.is_none() && first.deny.is_empty() {
        page.line("deny", "[]"); // a list that refuses nobody is a list nevertheless
    }
    if let Some(allow) = &first.allow {
        page.list("allow", allow.rules.iter().map(rule));
    }
    if !first.deny.is_empty() {
        page.list("deny", first.deny.iter().map(rule));
    }
    if !others.is_empty() {
        page.line("access", &quote::list(others.iter().map(inline)));
    }
}

fn inline(list: &AccessList) -> String {
    let rules = |rules: &[Rule]| quote::list(rules.iter().map(|each| rule(each).0));
    let allow = list.allow.as_ref().map(|allow| format!("allow = {}", rules(&allow.rules)));
    let deny = Some(&list.deny).filter(|deny| !deny.is_empty());
    let deny = deny.map(|deny| format!("deny = {}", rules(deny)));
    let halves: Vec<_> = allow.into_iter().chain(deny).collect();
    if halves.is_empty() { "{}".into() } else { format!("{{ {} }}", halves.join(", ")) }
}
