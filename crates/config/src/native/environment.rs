//! `environment`.

use super::fields::Fields;
use super::item::Item;
use super::raw::{Member, Value};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use portreeve_model::{Environment, EnvironmentBase};

/// The search path of a program that is given none.
pub(crate) const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The environment of a program.
pub(super) fn read(check: &mut Check, fields: Fields<'_>) -> Environment {
    let table = fields.get("environment").and_then(|item| item.table(check, Scope::Environment));
    // a program that its users put behind rules was written for tcpserver
    let rules = fields.get("rules").is_some_and(|item| !item.is_word("none"));
    let Some(table) = table else {
        let otherwise = Environment::default();
        return with_path(Environment { local_and_port: true, tcp: rules, ..otherwise });
    };
    let base = base(check, table);
    let set = table.get("set").map(|item| set(check, item)).unwrap_or_default();
    let words = [("all", true), ("remote-host", false)];
    let peer = table.get("peer-variables").and_then(|item| item.one_of(check, &words));
    let path = table.get("default-path").and_then(|item| item.boolean(check)).unwrap_or(true);
    let tcp = table.get("tcp-variables").and_then(|item| item.boolean(check)).unwrap_or(rules);
    let environment = Environment { base, set, local_and_port: peer.unwrap_or(true), tcp };
    if path { with_path(environment) } else { environment }
}

/// Whether something in an environment gives it a `PATH`.
pub(crate) fn has_path(environment: &Environment) -> bool {
    let set = environment.set.iter().any(|(name, _)| name == "PATH");
    set || match &environment.base {
        EnvironmentBase::Inherit => true,
        EnvironmentBase::Empty => false,
        EnvironmentBase::Pass(names) => names.iter().any(|name| name == "PATH"),
    }
}

fn with_path(mut environment: Environment) -> Environment {
    if !has_path(&environment) {
        environment.set.insert(0, ("PATH".into(), PATH.into()));
    }
    environment
}

fn base(check: &mut Check, table: Fields<'_>) -> EnvironmentBase {
    let inherit = table.get("inherit").and_then(|item| Some((item.boolean(check)?, item)));
    let pass = table.get("pass");
    match (inherit, pass) {
        (Some((true, inherit)), Some(pass)) => {
            let message = "`inherit = true` passes everything already";
            let finding = check::error(codes::EXCLUSIVE, pass.named, message);
            check.say(finding.also(inherit.named, "said here").help("keep one of them"));
            EnvironmentBase::Inherit
        }
        (Some((true, _)), None) => EnvironmentBase::Inherit,
        (_, Some(pass)) => {
            let names = pass.entries(check).unwrap_or_default().into_iter();
            EnvironmentBase::Pass(names.filter_map(|item| item.parsed(check, name)).collect())
        }
        (_, None) => EnvironmentBase::Empty,
    }
}

fn set(check: &mut Check, item: Item<'_>) -> Vec<(String, String)> {
    let Value::Table(table) = item.value else {
        let entries = item.entries(check).unwrap_or_default().into_iter();
        return entries.filter_map(|entry| entry.parsed(check, pair)).collect();
    };
    let one = |member: &Member| {
        let entry = Item::of(item.key, member);
        let value = entry.text(check)?.to_owned();
        match name(&member.name) {
            Ok(name) => Some((name, value)),
            Err(reason) => {
                entry.refuse(check, &reason);
                None
            }
        }
    };
    table.0.iter().filter_map(one).collect()
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` lacks a `=`"))?;
    Ok((name(key)?, value.to_owned()))
}

/// The name of a variable: anything without `=`.
fn name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(['=', '\0']) {
        return Err(format!("`{}` is no name of a variable", text.escape_default()));
    }
    Ok(text.to_owned())
}
