//! What rules of tcprules say.

use super::Place;
use crate::{Detail, Need};
use std::net::IpAddr;

/// A rule refuses, or might.
pub(super) fn refused(detail: &Detail, peer: IpAddr, place: Place<'_>) -> String {
    if let Detail::RulesUnclear { need } = detail {
        let what = if *need == Need::Names { "the names" } else { "the user" };
        let path = place.path();
        return format!("a rule of {path} refuses by what nobody could tell: {what} of {peer}");
    }
    format!("{} refuses {peer}", rule(detail, place))
}

/// A rule lets the peer in, or none is about it.
pub(super) fn let_in(detail: &Detail, peer: IpAddr, place: Place<'_>) -> String {
    let Detail::Ruled { sets, .. } = detail else {
        return format!("no rule of {} is about {peer}: let in", place.path());
    };
    let with = match sets.is_empty() {
        true => String::new(),
        false => format!(", with {} set", sets.join(", ")),
    };
    format!("{} lets {peer} in{with}", rule(detail, place))
}

fn rule(detail: &Detail, place: Place<'_>) -> String {
    if let Detail::Ruled { key, .. } = detail
        && !key.is_empty()
    {
        return place.of(&format!("`{key}`"));
    }
    place.of("the rule for everybody")
}
