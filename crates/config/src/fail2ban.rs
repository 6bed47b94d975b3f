//! Jails of fail2ban's as watches and judges.

use crate::check::{self, Check};
use crate::codes;
use crate::native::fixed_zone;
use crate::world::{DialectFiles, World};
use portreeve_diag::Span;
use portreeve_dialect::fail2ban::{Jail, Judgement, Wanted, jails};
use portreeve_model::{Judge, Origin, Service, ServiceName, Sited, Watch, Zone};

/// What `[import]` says of fail2ban.
#[derive(Clone, Debug)]
pub(crate) struct Fail2ban {
    /// Its folder.
    pub(crate) directory: String,
    /// Where that is written.
    pub(crate) at: Span,
    /// Which jails.
    pub(crate) wanted: Wanted,
    /// Whether they judge.
    pub(crate) judges: bool,
}

impl Fail2ban {
    /// All that is enabled there.
    pub(crate) fn whole(directory: String, at: Span) -> Self {
        Self { directory, at, wanted: Wanted::Enabled { except: Vec::new() }, judges: true }
    }
}

/// A watch of every jail that is wanted, and the judge that it is.
pub(crate) fn import(
    check: &mut Check,
    world: &mut dyn World,
    import: &Fail2ban,
    services: &[Service],
    ports: &dyn Fn(&str) -> Option<u16>,
) -> (Vec<Watch>, Vec<Judge>) {
    let Fail2ban { directory, at, wanted, judges } = import;
    let mut files = DialectFiles(world);
    let (sources, found) = (&mut check.sources, &mut check.found);
    let jails = jails(directory, Some(*at), wanted, &mut files, sources, found);
    let (mut watches, mut made) = (Vec::new(), Vec::new());
    for jail in jails {
        match judges {
            true => made.extend(judge(check, &jail, *at, services, ports)),
            false => jail.tell_watched(&mut check.found),
        }
        watches.push(watch(check, world, jail, *at));
    }
    (watches, made)
}

/// A jail as a judge of what its watch sees; `None` where it cannot be one, which is told.
fn judge(
    check: &mut Check,
    jail: &Jail,
    import: Span,
    services: &[Service],
    ports: &dyn Fn(&str) -> Option<u16>,
) -> Option<Judge> {
    let Judgement { limits, spares, port } = jail.judgement(&mut check.found)?;
    let origin = origin(check, jail, import);
    let mut judge = limits.judge(jail.name.clone(), origin);
    judge.hears.watches.push(jail.name.clone());
    judge.spares = spares;
    judge.only = port.map(|port| behind(&port, services, ports)).unwrap_or_default();
    Some(judge)
}

/// The services behind the door whose ports a jail names; none where it names a port of no service,
/// since then somebody would be shut out of less than the jail says.
fn behind(
    port: &str,
    services: &[Service],
    ports: &dyn Fn(&str) -> Option<u16>,
) -> Vec<ServiceName> {
    let mut only = Vec::new();
    for word in port.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty()) {
        let Some(number) = word.parse().ok().or_else(|| ports(word)) else { return Vec::new() };
        let at = |service: &&Service| service.listen.iter().any(|listen| listen.port == number);
        let mut found = services.iter().filter(at).peekable();
        if found.peek().is_none() {
            return Vec::new();
        }
        for service in found {
            if !only.contains(&service.name) {
                only.push(service.name.clone());
            }
        }
    }
    only
}

fn origin(check: &Check, jail: &Jail, import: Span) -> Origin {
    let at = check.origin(jail.at.unwrap_or(import));
    Origin { dialect: portreeve_model::Dialect::Fail2ban, ..at }
}

fn watch(check: &Check, world: &mut dyn World, jail: Jail, import: Span) -> Watch {
    let zone =
        jail.zone.map(|seconds| if seconds == 0 { Zone::utc() } else { fixed_zone(seconds) });
    let zone = zone.or_else(|| world.zone("local")).unwrap_or_else(Zone::utc);
    let origin = origin(check, &jail, import);
    Watch {
        service: jail.name.clone(),
        name: jail.name,
        files: jail.files,
        journal: jail.journal,
        detectors: Vec::new(),
        filters: vec![jail.filter.text],
        userdef: Vec::new(),
        zone,
        origin: Sited::new((), origin),
    }
}

/// Tells of watches that share a name, and of too many.
pub(crate) fn duplicates(check: &mut Check, watches: &[Watch]) {
    let span = |check: &Check, watch: &Watch| {
        let origin = watch.origin.origin;
        check.sources.line_span(portreeve_diag::FileId(origin.file), origin.line)
    };
    for (at, watch) in watches.iter().enumerate() {
        let earlier = watches.iter().take(at).find(|earlier| earlier.name == watch.name);
        let Some(earlier) = earlier else { continue };
        let message = format!("a second watch `{}`", watch.name);
        let finding = check::error(codes::DUPLICATE_WATCH, span(check, watch), message);
        let finding = finding.also(span(check, earlier), "the first one");
        check.say(finding.help("rename one, or leave the jail out with `except`"));
    }
    if let Some(past) = watches.get(Watch::MOST_WATCHES) {
        let message = format!("more than {} watches", Watch::MOST_WATCHES);
        let finding = check::error(codes::TOO_LARGE, span(check, past), message);
        check.say(finding.help("let one watch read more files"));
    }
}
