//! All about one service.

use super::{age, end, given_up, lived, meaning, moment, since, word};
use crate::moment;
use crate::render::status::entry;
use crate::render::text::{count, span, visible};
use crate::render::{Ink, WIDTH, ink};
use crate::service::{Kind, Last, Place, Planned, Seen, Supervisor};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use portreeve_diag::Paint;
use portreeve_model::Signal;
use portreeve_supervise::plan::{Command, Plan, Task};
use portreeve_supervise::state::{Phase, Ready, State};
use portreeve_supervise::status::Want;
use std::time::Duration;

/// A service with all that is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    /// Which.
    pub(crate) place: Place,
    /// What its supervisor says.
    pub(crate) seen: Seen,
    /// What is started.
    pub(crate) planned: Planned,
    /// The end of its log.
    pub(crate) log: Last,
}

/// All of it, for people.
pub(crate) fn details(one: &Details, now: Timestamp, zone: &TimeZone, paint: Paint) -> String {
    let Details { place, seen, planned, log } = one;
    let path = visible(&place.path.display().to_string());
    let mut out = heading(&place.shown(), &path, paint);
    let mut say = |key: &str, text: &str, ink: Ink| {
        let paint = if ink == Ink::Faint { Paint::Plain } else { paint };
        out.push_str(&entry(key, text, paint, ink));
    };
    say("state", &state(seen, now, zone), meaning(seen));
    for why in seen.held.iter().flat_map(|why| why.lines()) {
        say("held back", &visible(why), Ink::Bad);
    }
    if word(seen) == "held back" {
        // there is nothing else to be seen of it
        return out;
    }
    if let Some(trouble) = supervisor(seen) {
        say("supervisor", &trouble, Ink::Bad);
    }
    if let Some(more) = &seen.state {
        for (key, text, ink) in known(&place.shown(), more, now, zone) {
            say(key, &text, ink);
        }
        if plan_changed(one) {
            let text = "has changed since it was started, and takes effect at the next start";
            say("plan", text, Ink::Care);
        }
    }
    say("at start", at_start(place, seen), Ink::Faint);
    match planned {
        Planned::Nothing(why) => say("starts", &visible(why), Ink::Bad),
        // what no other supervisor cares for
        Planned::Run(_) if seen.supervisor == Supervisor::Runs && seen.state.is_none() => {}
        Planned::Run(plan) | Planned::File(plan, _) => {
            points(plan).iter().for_each(|(key, text)| say(key, text, Ink::Faint));
        }
    }
    match log {
        Ok((folder, lines)) => {
            say("log", &visible(&folder.display().to_string()), Ink::Faint);
            lines.iter().for_each(|line| out.push_str(&format!("    {line}\n")));
        }
        Err(why) => say("log", why, Ink::Faint),
    }
    out
}

/// Its name, and where it is at the right edge where both fit.
fn heading(name: &str, path: &str, paint: Paint) -> String {
    let used = name.chars().count() + path.chars().count();
    let shown = ink(paint, Ink::Name, name);
    match WIDTH.checked_sub(used) {
        Some(gap) if gap >= 2 && name != path => {
            format!("{shown}{:gap$}{}\n", "", ink(paint, Ink::Faint, path))
        }
        _ if name == path => format!("{shown}\n"),
        _ => format!("{shown}\n{}", entry("directory", path, paint, Ink::Faint)),
    }
}

fn state(seen: &Seen, now: Timestamp, zone: &TimeZone) -> String {
    let mut text = word(seen).to_owned();
    let runs = seen.supervisor == Supervisor::Runs;
    let Some(status) = seen.status.filter(|_| runs) else { return text };
    if let Some(pid) =
        seen.state.map(|state| state.pid).or(Some(status.pid)).filter(|pid| *pid != 0)
    {
        text.push_str(&format!(", process {pid}"));
    }
    let since = since(seen).unwrap_or(status.since);
    if let (Some(at), Some(age)) = (moment(since), age(since, now)) {
        text.push_str(&format!(" for {}, since {}", span(age), moment::show(at, zone)));
    }
    match (status.want, status.pid != 0) {
        (Want::Once, true) => text.push_str("; it is not started again when it ends"),
        (Want::Up, false) if word(seen) == "waiting" => {
            text.push_str("; it is started again as soon as it may be");
        }
        (Want::Up | Want::Down, _) | (Want::Once, false) => {}
    }
    text
}

/// What portreeve's supervisor knows besides.
fn known(
    name: &str,
    state: &State,
    now: Timestamp,
    zone: &TimeZone,
) -> Vec<(&'static str, String, Ink)> {
    let mut all = Vec::new();
    match state.ready {
        Ready::NotAsked => {}
        Ready::NotYet if state.phase != Phase::Up => {}
        Ready::NotYet => all.push(("ready", "not so far".to_owned(), Ink::Care)),
        Ready::Never => {
            let text = "it has not said so, and has closed the descriptor on which it could";
            all.push(("ready", text.to_owned(), Ink::Care));
        }
        Ready::Since(since) => {
            let at = moment(since).map(|at| moment::show(at, zone)).unwrap_or_default();
            all.push(("ready", format!("since {at}"), Ink::Faint));
        }
    }
    if let Some(given) = state.given_up {
        let text = format!("{}; `portreeve service up {name}` starts it", given_up(given));
        all.push(("why", text, Ink::Bad));
    }
    if let Some(next) = state.next.and_then(moment) {
        let left = Duration::try_from(next.duration_since(now)).unwrap_or_default();
        all.push(("next start", format!("in {}", span(left)), Ink::Care));
    }
    if let Some(last) = &state.last {
        let at = moment(last.at).map(|at| moment::show(at, zone)).unwrap_or_default();
        all.push(("last end", format!("{}, at {at}", end(last)), Ink::Faint));
    }
    let lives = match state.short {
        0 => return all,
        1 => "1 short life".to_owned(),
        n => format!("{n} short lives in a row"),
    };
    match state.flapping {
        true => all.push(("flapping", format!("{lives}: it keeps ending soon"), Ink::Bad)),
        false => all.push(("lives", lives, Ink::Faint)),
    }
    all
}

/// Whether its plan is another than the one by which it was started last.
pub(super) fn plan_changed(one: &Details) -> bool {
    let started = one.seen.state.and_then(|state| state.plan);
    match (&one.planned, started) {
        (Planned::File(_, now), Some(started)) => *now != started,
        _ => false,
    }
}

/// What is wrong with its supervisor.
fn supervisor(seen: &Seen) -> Option<String> {
    let text = match (&seen.supervisor, seen.left) {
        (Supervisor::Runs, _) => return None,
        (Supervisor::Away, Some(pid)) => {
            format!("none runs; process {pid} of the service runs on, and the next one finds it")
        }
        (Supervisor::Away, None) => "none runs".to_owned(),
        (Supervisor::Never, _) => "there has never been one".to_owned(),
        (Supervisor::Denied, _) => "you may not ask it: be root".to_owned(),
        (Supervisor::Unknown(why), _) => format!("cannot be asked: {}", visible(why)),
    };
    Some(text)
}

fn at_start(place: &Place, seen: &Seen) -> &'static str {
    match (seen.disabled, &place.kind) {
        (false, _) => "started with its supervisor (enabled)",
        (true, Kind::Native | Kind::Listed(_) | Kind::Path) => {
            "left down when its supervisor starts (disabled)"
        }
    }
}

/// The main points of a plan: what it starts, and where it differs from daemontools' ways.
fn points(plan: &Plan) -> Vec<(&'static str, String)> {
    let shown = |bytes: &[u8]| visible(&String::from_utf8_lossy(bytes));
    let line = |command: &Command| {
        let words: Vec<_> = command.arguments.iter().map(|word| shown(word)).collect();
        crate::host::words::line(&words)
    };
    let mut points = Vec::new();
    match &plan.task {
        Task::Command(command) => {
            points.push(("starts", line(command)));
            if command.arguments.first() != Some(&command.file) {
                points.push(("program", shown(&command.file)));
            }
        }
        Task::Log(log) => {
            let text = format!("multilog: {} files of {} bytes", log.files, log.size);
            points.push(("starts", text));
        }
    }
    if let Some(user) = &plan.user {
        points.push(("user", format!("uid {}, gid {}", user.uid, user.gid)));
    }
    if let Some(directory) = &plan.directory {
        points.push(("directory", shown(directory)));
    }
    if let Some(descriptor) = plan.ready {
        points.push(("says ready", format!("on descriptor {descriptor}")));
    }
    if plan.kill_after.is_some() || plan.stop_signal != Signal::TERM {
        let killed = plan.kill_after.map(|after| format!(", and killed after {}", lived(after)));
        points.push(("ended by", format!("SIG{}{}", plan.stop_signal, killed.unwrap_or_default())));
    }
    if let Some(finish) = &plan.finish {
        points.push(("then", line(&finish.command)));
    }
    if let Some(limit) = plan.restart.limit {
        let within = span(plan.restart.within);
        let lives = count(limit, "short life").replace("lifes", "lives");
        let text = format!("not after {lives} in a row, each below {within}");
        points.push(("started again", text));
    }
    points
}
