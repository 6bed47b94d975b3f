//! The bounds that the documentation gives for an accepted configuration.

use portreeve_model::{
    Admission, Argv0, Authentication, Bind, Config, Ends, EnvironmentBase, EventTargets, Groups,
    HourRange, KeepAlive, Limit, LogTarget, Offer, PerSource, Principal, Program, Refusals, Refuse,
    Service, Settings, SourceWidth,
};
use std::collections::HashSet;
use std::time::Duration;

/// Says what is out of its bounds.
pub(super) fn within(config: &Config) -> Result<(), String> {
    settings(&config.settings)?;
    let mut keys = HashSet::new();
    for service in &config.services {
        let key = service.key.as_str();
        self::service(service).map_err(|what| format!("{key}: {what}"))?;
        if !keys.insert(key) {
            return Err(format!("{key} twice"));
        }
    }
    Ok(())
}

fn hold(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

fn settings(settings: &Settings) -> Result<(), String> {
    let Settings { max_sessions, delayed, log, evidence, .. } = settings;
    let places = 1..=100_000;
    let fits = places.contains(&delayed.max) && places.contains(&delayed.per_source);
    hold(fits, || format!("{delayed:?}"))?;
    hold((1..=1_000_000).contains(max_sessions), || format!("max-sessions {max_sessions}"))?;
    let EventTargets { file, stderr, syslog, journal } = log;
    let somewhere = stderr.is_some() || syslog.is_some() || journal.is_some();
    let sized = file.is_none_or(|files| files.size >= 64 << 10 && files.keep <= 1000);
    hold(sized && (somewhere || file.is_some()), || format!("{log:?}"))?;
    let lines = (1..=10_000).contains(&evidence.lines_per_second);
    hold(lines && (80..=64 << 10).contains(&evidence.line), || format!("{evidence:?}"))?;
    let names = [&settings.clerk_user, &settings.relay_user, &settings.control_group];
    names.into_iter().try_for_each(|name| word("name", name))
}

fn service(service: &Service) -> Result<(), String> {
    hold(!service.listen.is_empty(), || "listens nowhere".into())?;
    for listen in &service.listen {
        hold(listen.port > 0, || "port 0".into())?;
        if let Bind::Host(name) = &listen.bind {
            word("host", name)?;
        }
    }
    hold((1..=65_535).contains(&service.socket.backlog), || format!("{:?}", service.socket))?;
    admission(&service.admission)?;
    holding(service)?;
    match &service.offer {
        Offer::Program(program) => self::program(program)?,
        Offer::Internal(_) | Offer::Trap(_) => {}
    }
    let banners = [&service.banners.always, &service.banners.success, &service.banners.failure];
    for banner in banners.into_iter().flatten() {
        path("banner", &banner.path)?;
    }
    match &service.log.target {
        LogTarget::File { path: file, .. } => path("log", file),
        LogTarget::None | LogTarget::Syslog { .. } => Ok(()),
    }
}

fn holding(service: &Service) -> Result<(), String> {
    let Ends { idle, kill_after } = &service.ends;
    let second = Duration::from_secs(1);
    let idle = idle.as_ref().is_none_or(|s| (second..=Ends::LONGEST_IDLE).contains(&s.value));
    hold(idle && *kill_after <= Ends::LONGEST_KILL_AFTER, || format!("{:?}", service.ends))?;
    let probes = match service.socket.keepalive {
        KeepAlive::Off | KeepAlive::System => true,
        KeepAlive::Probes(probes) => probes.fits(),
    };
    hold(probes, || format!("{:?}", service.socket))?;
    let Refusals { refuse, words } = &service.refusals;
    let delay = match refuse {
        Refuse::Close | Refuse::Reset => true,
        Refuse::Delay(delay) => *delay > Duration::ZERO && *delay <= Refuse::LONGEST_DELAY,
    };
    let words = words.as_ref().is_none_or(|words| words.len() <= Refuse::MOST_WORDS);
    hold(delay && words, || format!("{:?}", service.refusals))
}

fn admission(admission: &Admission) -> Result<(), String> {
    let ranges = admission.hours.iter().flat_map(|hours| &hours.ranges);
    for HourRange { from, to, .. } in ranges {
        hold(*from <= 1439 && (1..=1440).contains(to), || format!("hours {from} to {to}"))?;
    }
    if let Some(rate) = &admission.rate {
        let rate = rate.value;
        hold(rate.per > Duration::ZERO, || format!("{rate:?}"))?;
    }
    if let Some(startups) = &admission.startups {
        let s = startups.value;
        let fine = (1..=100).contains(&s.rate) && s.full >= 1 && s.start <= s.full;
        hold(fine, || format!("{s:?}"))?;
    }
    for source in [&admission.per_source, &admission.per_source_startups].into_iter().flatten() {
        let PerSource { width: SourceWidth { v4, v6 }, .. } = source.value;
        hold(v4 <= 32 && v6 <= 128, || format!("{source:?}"))?;
    }
    if let Authentication::Notify(descriptor) = admission.authentication {
        hold((3..=31).contains(&descriptor), || format!("notify {descriptor}"))?;
    }
    Ok(())
}

fn program(program: &Program) -> Result<(), String> {
    path("program", &program.path)?;
    if let Argv0::Given(name) = &program.argv0 {
        text("argv0", name)?;
    }
    program.args.iter().try_for_each(|argument| text("argument", argument))?;
    let groups = match &program.groups {
        Groups::List(groups) => groups.as_slice(),
        Groups::None | Groups::OfUser => &[],
    };
    for who in program.user.iter().chain(&program.group).chain(groups) {
        match who {
            Principal::Name(name) => word("user or group", name)?,
            // setresuid(2) takes it for «leave as it is»
            Principal::Number(number) => hold(*number != u32::MAX, || format!("{who:?}"))?,
        }
    }
    hold(program.umask.is_none_or(|mask| mask <= 0o777), || format!("{:?}", program.umask))?;
    let nice = program.nice.is_none_or(|nice| (-20..=19).contains(&nice));
    hold(nice, || format!("nice {:?}", program.nice))?;
    for limit in &program.limits {
        let fits = match (limit.soft, limit.hard) {
            (Limit::At(soft), Limit::At(hard)) => soft <= hard,
            (Limit::At(_) | Limit::Unlimited, Limit::Unlimited) => true,
            (Limit::Unlimited, Limit::At(_)) => false,
        };
        hold(fits, || format!("{limit:?}"))?;
    }
    let named = |name: &str| hold(!name.is_empty() && !name.contains('='), || format!("{name:?}"));
    for (name, value) in &program.environment.set {
        named(name)?;
        text("environment", name)?;
        text("environment", value)?;
    }
    if let EnvironmentBase::Pass(names) = &program.environment.base {
        names.iter().try_for_each(|name| text("environment", name))?;
    }
    let paths = [&program.directory, &program.chroot];
    paths.into_iter().flatten().try_for_each(|directory| path("directory", directory))
}

/// What goes into a C string.
fn text(what: &str, text: &str) -> Result<(), String> {
    hold(!text.contains('\0'), || format!("{what} with a NUL: {text:?}"))
}

fn word(what: &str, word: &str) -> Result<(), String> {
    text(what, word)?;
    hold(!word.is_empty() && !word.contains(['\n', ':']), || format!("{what} {word:?}"))
}

fn path(what: &str, path: &str) -> Result<(), String> {
    text(what, path)?;
    hold(path.starts_with('/'), || format!("{what} {path:?}"))
}
