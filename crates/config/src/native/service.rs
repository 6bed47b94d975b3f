//! A service or a trap.

use super::fields::Fields;
use super::item::Item;
use super::program;
use super::raw::{Table, Value};
use super::rules::Written;
use super::{Desk, Entry, admission, hold, listen, log};
use crate::check::{self, Check};
use crate::codes;
use crate::hosts_access;
use crate::keys::Scope;
use crate::relations;
use crate::words::duration;
use portreeve_diag::Span;
use portreeve_model::{
    Admission, Authentication, Dialect, Ends, Internal, Offer, Sentence, Service, ServiceKey,
    Sited, SocketOptions, Trap, WrappersUse,
};
use std::fmt::Display;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Reads a service or a trap; `None` when it is disabled or cannot be one.
pub(super) fn read(desk: &mut Desk<'_>, entry: Entry<'_>) -> Option<Service> {
    let Entry { scope, name, item } = entry;
    let table = item.raw_table(desk.check)?;
    let fields = Fields::open(desk.check, scope, item.named, table).or_defaults(desk.defaults);
    let key: Option<ServiceKey> = checked(desk.check, item.named, name);
    let name = match fields.get("name") {
        Some(item) => item.text(desk.check).and_then(|text| checked(desk.check, item.at, text)),
        None => key.as_ref().and_then(|key| checked(desk.check, item.named, plain_name(key))),
    };
    if let Some(item) = fields.get("keep") {
        item.boolean(desk.check); // `true` is read elsewhere
    }
    let listen = listen::read(desk, fields);
    let offer = if scope == Scope::Trap {
        Some(Offer::Trap(Trap { sentence: sentence(desk.check, fields) }))
    } else {
        offer(desk.check, fields)
    };
    let mut admission = admission::read(desk, fields);
    if let Some(Offer::Internal(_)) = offer {
        admission = without_startups(admission); // `[defaults]` may have them for programs
    }
    let ends = if scope == Scope::Trap { Ends::default() } else { hold::ends(desk, fields) };
    let check = &mut *desk.check;
    let socket = socket(check, fields);
    let mut banners = log::banners(check, fields);
    let mut refusals = hold::refusals(check, fields);
    hold::nearest(fields, &mut refusals, &mut banners);
    let log = log::read(check, fields);
    let disabled = fields.get("disabled").and_then(|item| item.boolean(check)).unwrap_or(false);
    let (key, name, offer) = (key?, name?, offer?);
    let origin = Sited::new((), check.origin(item.named));
    let mut service = Service {
        key,
        name,
        listen,
        socket,
        offer,
        admission,
        banners,
        refusals,
        ends,
        log,
        origin,
    };
    service.admission.wrappers = wrappers(desk, fields, &service);
    let rules = Written::read(desk.check, fields);
    relations::within(desk.check, fields, &service);
    if disabled || service.listen.is_empty() {
        return None;
    }
    service.admission.rules = rules.map(|rules| rules.named(desk.check, desk.named));
    Some(service)
}

/// Whether hosts.allow and hosts.deny are asked, and under which name.
fn wrappers(desk: &mut Desk<'_>, fields: Fields<'_>, service: &Service) -> Option<WrappersUse> {
    let item = fields.get("hosts-access");
    let usual = hosts_access::usual_name(service)?;
    let name = match item {
        None => desk.hosts.import.map(|_| usual),
        Some(item) => said(desk.check, item)?.name(usual),
    }?;
    let at = item.map(|item| item.named).or(desk.hosts.import)?;
    Some(desk.hosts.under(desk.check, desk.named, name, (at, Dialect::Native)))
}

/// What `hosts-access` of a service says.
enum HostsAccess {
    No,
    Usual,
    Named(String),
}

impl HostsAccess {
    fn name(self, usual: String) -> Option<String> {
        match self {
            Self::No => None,
            Self::Usual => Some(usual),
            Self::Named(name) => Some(name),
        }
    }
}

fn said(check: &mut Check, item: Item<'_>) -> Option<HostsAccess> {
    if let Value::Boolean(asked) = item.value {
        return Some(if *asked { HostsAccess::Usual } else { HostsAccess::No });
    }
    item.parsed(check, hosts_access::daemon).map(HostsAccess::Named)
}

/// Reads every value of `[defaults]` once, so that a wrong one is named even if nobody uses it.
pub(super) fn check_defaults(desk: &mut Desk<'_>) {
    let Some(first) = desk.defaults.and_then(|table| table.0.first()) else { return };
    let (at, silent) = (first.named, Table::default());
    let fields = Fields::open(desk.check, Scope::Service, at, &silent).or_defaults(desk.defaults);
    let trap = Fields::open(desk.check, Scope::Trap, at, &silent).or_defaults(desk.defaults);
    if let Some(item) = fields.get("hosts-access") {
        said(desk.check, item);
    }
    admission::read(desk, fields);
    hold::ends(desk, fields);
    let check = &mut *desk.check;
    program::read(check, fields, None);
    socket(check, fields);
    log::banners(check, fields);
    hold::refusals(check, fields);
    log::read(check, fields);
    Written::read(check, fields);
    sentence(check, trap);
}

/// NAME of a table up to its first `@` or `#`: what logs call it unless `name` says otherwise.
pub(crate) fn plain_name(key: &ServiceKey) -> &str {
    key.as_str().split(['@', '#']).next().unwrap_or_default()
}

/// A name that its type accepts.
fn checked<T>(check: &mut Check, at: Span, text: &str) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: Display,
{
    text.parse()
        .map_err(|reason: T::Err| {
            let message = format!("`{text}` cannot name a service: {reason}");
            let help = "use letters, digits, `.`, `_`, `-` and `+`; to tell services of one name \
                        apart write `[service.\"NAME@ADDRESS:PORT\"]`";
            check.say(check::error(codes::BAD_NAME, at, message).help(help));
        })
        .ok()
}

fn offer(check: &mut Check, fields: Fields<'_>) -> Option<Offer> {
    let (run, internal) = (fields.get("run"), fields.get("internal"));
    match (run, internal) {
        (Some(run), Some(internal)) => {
            let message = "`run` and `internal` exclude one another";
            let finding = check::error(codes::EXCLUSIVE, internal.named, message);
            check.say(finding.also(run.named, "already said here").help("keep one of them"));
            None
        }
        (None, Some(internal)) => {
            for item in fields.written() {
                unused_beside_internal(check, item);
            }
            internal.one_of(check, &[("echo", Internal::Echo)]).map(Offer::Internal)
        }
        (None, None) => {
            let message = "nothing is offered: neither `run` nor `internal` is written";
            let finding = check::error(codes::MISSING_KEY, fields.at, message);
            check.say(finding.help("add `run = [\"/path/to/program\", \"argument\"]`"));
            program::read(check, fields, None);
            None
        }
        (Some(run), None) => {
            let program = program::read(check, fields, Some(run))?;
            Some(Offer::Program(Box::new(program)))
        }
    }
}

/// Nobody authenticates to an internal service.
fn without_startups(admission: Admission) -> Admission {
    Admission {
        startups: None,
        per_source_startups: None,
        grace: None,
        authentication: Authentication::None,
        ..admission
    }
}

fn unused_beside_internal(check: &mut Check, item: Item<'_>) {
    if program::KEYS.contains(&item.key.name) {
        let message = format!("`{}` is about a program, and there is none", item.key.name);
        let finding = check::error(codes::UNUSED_KEY, item.named, message);
        check.say(finding.help("remove it, or write `run` instead of `internal`"));
    }
}

fn sentence(check: &mut Check, fields: Fields<'_>) -> Sentence {
    let Some(item) = fields.get("ban") else { return Sentence::For(DAY) };
    if item.is_word("forever") {
        return Sentence::Forever;
    }
    if item.is_word("never") {
        return Sentence::Never;
    }
    let time = item.parsed(check, |text| match duration::parse(text)? {
        Duration::ZERO => Err("no time at all; \"never\" only records the touch".into()),
        time => Ok(time),
    });
    Sentence::For(time.unwrap_or(DAY))
}

fn socket(check: &mut Check, fields: Fields<'_>) -> SocketOptions {
    let otherwise = SocketOptions::default();
    let backlog = fields.get("backlog").and_then(|item| item.count(check, 1..=65_535));
    let keepalive = fields.get("keep-alive").and_then(|item| hold::keep_alive(check, item));
    let nodelay = fields.get("no-delay").and_then(|item| item.boolean(check));
    SocketOptions {
        keepalive: keepalive.unwrap_or(otherwise.keepalive),
        nodelay: nodelay.unwrap_or(otherwise.nodelay),
        backlog: backlog.unwrap_or(otherwise.backlog),
    }
}
