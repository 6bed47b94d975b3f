//! The program of a service.

use super::Page;
use crate::native::{PATH, has_path};
use crate::words::{quote, size};
use portreeve_model::{
    Argv0, Environment, EnvironmentBase, Groups, Limit, Principal, Program, Resource,
    ResourceLimit, Stderr, Syslog,
};
use std::collections::HashSet;

/// The program and what is set before it runs; `rules` says whether there are rules of tcprules.
pub(super) fn print(page: &mut Page<'_>, program: &Program, rules: bool) {
    let words = std::iter::once(&program.path).chain(&program.args);
    page.line("run", &quote::list(words.map(|word| quote::text(word))));
    if let Argv0::Given(word) = &program.argv0 {
        page.line("argv0", &quote::text(word));
    }
    identity(page, program);
    if let Some(mask) = program.umask {
        page.line("umask", &format!("\"{mask:03o}\""));
    }
    if let Some(nice) = program.nice {
        page.line("nice", &nice.to_string());
    }
    if !program.limits.is_empty() {
        let limits: Vec<_> = program.limits.iter().map(limit).collect();
        page.line("limits", &format!("{{ {} }}", limits.join(", ")));
    }
    environment(page, &program.environment, rules);
    for (key, path) in [("directory", &program.directory), ("chroot", &program.chroot)] {
        if let Some(path) = path {
            page.line(key, &quote::text(path));
        }
    }
    if program.no_new_privs {
        page.line("no-new-privs", "true");
    }
    if !program.new_session {
        page.line("new-session", "false");
    }
    if program.stderr == Stderr::Socket {
        page.line("stderr", "\"socket\"");
    }
    if program.syslog == Syslog::Private {
        page.line("syslog", "\"private\"");
    }
}

fn identity(page: &mut Page<'_>, program: &Program) {
    if let Some(user) = &program.user {
        page.line("user", &principal(user));
    }
    if let Some(group) = &program.group {
        page.line("group", &principal(group));
    }
    match &program.groups {
        Groups::None => {}
        Groups::OfUser => page.line("groups", "\"of-user\""),
        Groups::List(list) => page.line("groups", &quote::list(list.iter().map(principal))),
    }
}

/// A user or group.
pub(super) fn principal(principal: &Principal) -> String {
    match principal {
        Principal::Name(name) => quote::text(name),
        Principal::Number(number) => number.to_string(),
    }
}

fn limit(limit: &ResourceLimit) -> String {
    let named = Resource::ALL.into_iter().find(|(resource, _)| *resource == limit.resource);
    let name = named.map_or("", |(_, name)| name);
    let half = |half: Limit| match (half, limit.resource) {
        (Limit::Unlimited, _) => "\"unlimited\"".to_owned(),
        (Limit::At(number), Resource::CpuTime | Resource::OpenFiles | Resource::Processes) => {
            let fits = i64::try_from(number).is_ok(); // what a TOML integer holds
            if fits { number.to_string() } else { format!("\"{number}\"") }
        }
        (Limit::At(number), _) => size::show(number),
    };
    if limit.soft == limit.hard {
        return format!("{name} = {}", half(limit.soft));
    }
    format!("{name} = {{ soft = {}, hard = {} }}", half(limit.soft), half(limit.hard))
}

fn environment(page: &mut Page<'_>, environment: &Environment, rules: bool) {
    let Environment { base, set, local_and_port, tcp } = environment;
    let mut keys = Vec::new();
    match base {
        EnvironmentBase::Empty => {}
        EnvironmentBase::Inherit => keys.push("inherit = true".to_owned()),
        EnvironmentBase::Pass(names) => {
            keys.push(format!("pass = {}", quote::list(names.iter().map(|n| quote::text(n)))));
        }
    }
    if !has_path(environment) {
        keys.push("default-path = false".into());
    }
    let implied = [("PATH".to_owned(), PATH.to_owned())];
    let said = *set == implied && path_goes_without_saying(base);
    if !set.is_empty() && !said {
        keys.push(format!("set = {}", variables(set)));
    }
    if !local_and_port {
        keys.push("peer-variables = \"remote-host\"".into());
    }
    if *tcp != rules {
        keys.push(format!("tcp-variables = {tcp}"));
    }
    if !keys.is_empty() {
        page.line("environment", &format!("{{ {} }}", keys.join(", ")));
    }
}

/// Whether `PATH` would be set without being written.
fn path_goes_without_saying(base: &EnvironmentBase) -> bool {
    !has_path(&Environment { base: base.clone(), ..Environment::default() })
}

/// Variables as a table, or as a list where one is set twice.
fn variables(set: &[(String, String)]) -> String {
    let names: HashSet<_> = set.iter().map(|(name, _)| name).collect();
    if names.len() < set.len() {
        let pair = |(name, value): &(String, String)| quote::text(&format!("{name}={value}"));
        return quote::list(set.iter().map(pair));
    }
    let pair =
        |(name, value): &(String, String)| format!("{} = {}", quote::key(name), quote::text(value));
    let pairs: Vec<_> = set.iter().map(pair).collect();
    format!("{{ {} }}", pairs.join(", "))
}
