//! A service that is kept up.

use super::admission::unless;
use super::fields::Fields;
use super::item::Item;
use super::log::absolute;
use super::program::{self, command, principal};
use super::raw::Value;
use super::settings::bytes;
use super::{Desk, Entry};
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::relations;
use crate::words::duration;
use portreeve_model::{
    Environment, Finish, Kept, KeptLog, Principal, Program, Restart, ServiceName, Signal, Sited,
};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Whether a table of `[service]` is of a service that is kept up.
pub(super) fn is(entry: Entry<'_>) -> bool {
    let Value::Table(table) = entry.item.value else { return false };
    let keep = table.get("keep").map(|member| &member.raw.value);
    entry.scope == Scope::Service
        && match keep {
            Some(Value::Boolean(keep)) => *keep,
            // what is wrong, as `"yes"`, is told alone, and not that `listen` is lacking too
            Some(_) => table.get("listen").is_none(),
            None => false,
        }
}

/// Reads it; `None` when it is disabled or cannot be one.
pub(super) fn read(desk: &mut Desk<'_>, entry: Entry<'_>) -> Option<Kept> {
    let Entry { name, item, .. } = entry;
    let table = item.raw_table(desk.check)?;
    let check = &mut *desk.check;
    let fields = Fields::open(check, Scope::Kept, item.named, table).or_defaults(desk.defaults);
    let name = self::name(check, item, name);
    let keep = fields.get("keep").and_then(|item| item.boolean(check));
    let run = fields.require(check, "run");
    let program = program::read(check, fields, run);
    connections(check, fields);
    let path = fields.get("environment-directory");
    let environment_directory = path.and_then(|item| item.parsed(check, absolute));
    let ready = unless(fields, "ready", "none").and_then(|item| item.count(check, 3..=31));
    let finish = finish(check, fields);
    let stop_signal = fields.get("stop-signal").and_then(|item| signal(check, item));
    let kill_after = unless(fields, "kill-after", "none")
        .and_then(|item| item.parsed(check, |text| time(text, Duration::ZERO)));
    let restart = restart(check, fields);
    let down = fields.get("down").and_then(|item| item.boolean(check)).unwrap_or(false);
    let log = fields.get("log").and_then(|item| log(check, item));
    let disabled = fields.get("disabled").and_then(|item| item.boolean(check)).unwrap_or(false);
    let origin = Sited::new((), check.origin(item.named));
    keep?;
    let kept = Kept {
        name: name?,
        program: without_connections(program?),
        environment_directory,
        ready,
        finish,
        stop_signal: stop_signal.unwrap_or(Signal::TERM),
        kill_after,
        restart,
        down,
        log,
        origin,
    };
    relations::kept(check, fields, &kept);
    (!disabled).then_some(kept)
}

/// Its name is that of its folder.
fn name(check: &mut Check, item: Item<'_>, name: &str) -> Option<ServiceName> {
    let found = name.parse();
    let said = found.map_err(|reason: portreeve_model::BadName| {
        let message = format!("`{name}` cannot name a service that is kept up: {reason}");
        let help = "its folder has the name: use letters, digits, `.`, `_`, `-` and `+`";
        check.say(check::error(codes::KEPT_NAME, item.named, message).help(help));
    });
    said.ok()
}

/// Nothing connects a kept service's environment to a peer.
fn connections(check: &mut Check, fields: Fields<'_>) {
    let item = fields.own("environment").filter(Item::is_table);
    let Some(table) = item.and_then(|item| item.table(check, Scope::Environment)) else { return };
    for name in ["peer-variables", "tcp-variables"] {
        let Some(item) = table.own(name) else { continue };
        let message = format!("`{name}` means nothing with `keep = true`");
        let finding = check::error(codes::KEPT_KEY, item.named, message);
        check.say(finding.help("remove it: a kept service has no peer"));
    }
}

fn without_connections(program: Program) -> Program {
    let environment = Environment { local_and_port: true, tcp: false, ..program.environment };
    Program { environment, stderr: Default::default(), syslog: Default::default(), ..program }
}

fn time(text: &str, least: Duration) -> Result<Duration, String> {
    match duration::parse(text)? {
        time if time < least => Err(format!("less than {}", duration::show(least))),
        time if time > DAY => Err("more than a day".into()),
        time => Ok(time),
    }
}

fn finish(check: &mut Check, fields: Fields<'_>) -> Option<Finish> {
    let limit = fields.get("finish-timeout");
    let within = match limit {
        None => Some(Finish::WITHIN),
        Some(item) if item.is_word("none") => None,
        Some(item) => item.parsed(check, |text| time(text, Duration::from_millis(1))),
    };
    match (fields.get("finish"), limit) {
        (Some(item), _) => {
            let (path, args) = command(check, item)?;
            Some(Finish { path, args, within })
        }
        (None, Some(limit)) => {
            let message = "`finish-timeout` is about `finish`, and there is none";
            let finding = check::error(codes::UNUSED_KEY, limit.named, message);
            check.say(finding.help("add `finish`, or remove it"));
            None
        }
        (None, None) => None,
    }
}

fn signal(check: &mut Check, item: Item<'_>) -> Option<Signal> {
    if item.integer().is_some() {
        let number = item.number(check, 1..=64)?;
        return Signal::from_number(i32::try_from(number).ok()?);
    }
    item.parsed(check, |text| {
        Signal::parse(text).ok_or_else(|| format!("`{text}` is no signal's name"))
    })
}

fn restart(check: &mut Check, fields: Fields<'_>) -> Restart {
    let usual = Restart::default();
    let table = fields.get("restart").and_then(|item| item.table(check, Scope::Restart));
    let Some(table) = table else { return usual };
    let mut span = |name, least| {
        let item: Item<'_> = table.get(name)?;
        item.parsed(check, |text| time(text, Duration::from_millis(least)))
    };
    let delay = span("delay", 10).unwrap_or(usual.delay);
    let longest = span("longest", 10).unwrap_or(delay);
    let within = span("within", 1000).unwrap_or(usual.within);
    let limit = unless(table, "limit", "unlimited");
    let limit = limit.and_then(|item| item.count(check, 1..=1_000_000));
    if let (true, Some(item)) = (longest < delay, table.get("longest")) {
        item.refuse(check, "it is less than `delay`");
    }
    Restart { delay, longest, limit, within }
}

fn log(check: &mut Check, item: Item<'_>) -> Option<KeptLog> {
    let mut log = KeptLog {
        directory: None,
        size: KeptLog::SIZE,
        files: KeptLog::FILES,
        labels: true,
        user: Principal::Name(KeptLog::USER.into()),
    };
    if !item.is_table() {
        return item.boolean(check)?.then_some(log);
    }
    let table = item.table(check, Scope::KeptLog)?;
    log.directory = table.get("directory").and_then(|item| item.parsed(check, absolute));
    if let Some(size) = table.get("size").and_then(|i| bytes(check, i, 4096, KeptLog::LARGEST)) {
        log.size = size;
    }
    if let Some(files) = table.get("files").and_then(|i| i.count(check, 2..=KeptLog::MOST_FILES)) {
        log.files = files;
    }
    log.labels = table.get("labels").and_then(|item| item.boolean(check)).unwrap_or(true);
    if let Some(user) = table.get("user").and_then(|item| principal(check, item)) {
        log.user = user;
    }
    Some(log)
}
