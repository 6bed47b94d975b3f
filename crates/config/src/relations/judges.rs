//! What a judge asks of the rest of a configuration.

use crate::check::{self, Check};
use crate::codes;
use portreeve_diag::{FileId, Span};
use portreeve_model::{
    Authentication, Decay, Dialect, Judge, Kept, Offer, Points, Service, ServiceName, Settings,
    Tally, Users, Watch, When,
};

/// What there is to be judged.
pub(crate) struct Seen<'a> {
    /// Services behind the door, and traps.
    pub(crate) services: &'a [Service],
    /// Services that are kept up.
    pub(crate) kept: &'a [Kept],
    /// Watches, jails among them.
    pub(crate) watches: &'a [Watch],
}

/// Tells of judges that share a name, hear nothing, or may do harm.
pub(crate) fn tell(check: &mut Check, settings: &Settings, judges: &[Judge], seen: &Seen<'_>) {
    duplicates(check, judges);
    for judge in judges {
        if !unknown(check, judge, seen) {
            deaf(check, judge, seen);
        }
        eager(check, judge);
        forever(check, judge, seen);
    }
    if let (Some(first), true) = (judges.first(), settings.never_ban.is_empty()) {
        let message = "judges ban, and nothing says who is never banned";
        let finding = check::warning(codes::NEVER_UNSAID, place(check, first), message);
        check.say(finding.help(
            "add `[ban]` with `never = [\"NETWORK\"]`, the network you log in from: the door spares \
             live sessions, and nobody who has lost theirs",
        ));
    }
}

fn place(check: &Check, judge: &Judge) -> Span {
    let origin = judge.origin.origin;
    let native = origin.dialect == Dialect::Native;
    let place = if native { check::place(&check.sources, origin) } else { None };
    place.unwrap_or_else(|| check.sources.line_span(FileId(origin.file), origin.line))
}

fn duplicates(check: &mut Check, judges: &[Judge]) {
    for (at, judge) in judges.iter().enumerate() {
        let earlier = judges.iter().take(at).find(|earlier| earlier.name == judge.name);
        let Some(earlier) = earlier else { continue };
        let message = format!("a second judge `{}`", judge.name);
        let finding = check::error(codes::DUPLICATE_JUDGE, place(check, judge), message);
        let finding = finding.also(place(check, earlier), "the first one");
        check.say(finding.help("rename one, or leave the jail out with `except`"));
    }
    if let Some(past) = judges.get(Judge::MOST) {
        let message = format!("more than {} judges", Judge::MOST);
        let finding = check::error(codes::TOO_LARGE, place(check, past), message);
        check.say(finding.help("let one judge hear several watches"));
    }
}

/// Whether a service is meant by a name: by its own, or by its key.
fn is_named(service: &Service, name: &ServiceName) -> bool {
    service.name == *name || crate::native::plain_name(&service.key) == name.as_str()
}

/// Tells of names that mean nothing, and whether there are some.
fn unknown(check: &mut Check, judge: &Judge, seen: &Seen<'_>) -> bool {
    let behind = |name: &ServiceName| seen.services.iter().any(|service| is_named(service, name));
    let heard = |name: &ServiceName| {
        let kept = seen.kept.iter().any(|kept| kept.name == *name);
        behind(name) || kept || seen.watches.iter().any(|watch| watch.service == *name)
    };
    let watched = |name: &ServiceName| seen.watches.iter().any(|watch| watch.name == *name);
    let hears = &judge.hears;
    let services = hears.services.iter().filter(|name| !heard(name)).map(|name| {
        (name, "hears the service", "name a service, or what a watch has as its `service`")
    });
    let watches =
        hears.watches.iter().filter(|name| !watched(name)).map(|name| {
            (name, "hears the watch", "name a `[watch.NAME]`, or a jail that is imported")
        });
    let only = judge.only.iter().filter(|name| !behind(name)).map(|name| {
        (
            name,
            "shuts out of the service",
            "name services behind the door: nothing else can be shut",
        )
    });
    let told: Vec<_> = services.chain(watches).chain(only).collect();
    let some = !told.is_empty();
    for (name, what, help) in told {
        let message = format!("the judge `{}` {what} `{name}`, and there is none", judge.name);
        let finding = check::error(codes::JUDGE_UNKNOWN, place(check, judge), message);
        check.say(finding.help(help));
    }
    some
}

/// Whether a service tells of offences itself.
fn speaks(service: &Service) -> bool {
    let watched = matches!(service.admission.authentication, Authentication::Watch(_));
    watched || matches!(service.offer, Offer::Trap(_))
}

/// A judge of which nothing that it is to judge is seen.
fn deaf(check: &mut Check, judge: &Judge, seen: &Seen<'_>) {
    let hears = &judge.hears;
    let all = hears.services.is_empty();
    let of = |name: &ServiceName| all || hears.services.contains(name);
    let mut watches = seen.watches.iter().filter(|watch| {
        let named = hears.watches.is_empty() || hears.watches.contains(&watch.name);
        named && of(&watch.service)
    });
    let own = hears.watches.is_empty()
        && seen.services.iter().any(|service| {
            speaks(service) && (all || hears.services.iter().any(|name| is_named(service, name)))
        });
    if own || watches.next().is_some() {
        return;
    }
    let (what, help) = match (all, hears.watches.is_empty()) {
        (true, true) => (
            "nothing is watched",
            "add a `[watch.NAME]`, or give a service `watch = \"sshd\"`".to_owned(),
        ),
        (false, _) => {
            let names: Vec<_> = hears.services.iter().map(|name| format!("`{name}`")).collect();
            (
                "nothing is seen of its services",
                format!(
                    "give {} a `watch`, or add a `[watch.NAME]` with this `service`",
                    names.join(", ")
                ),
            )
        }
        (true, false) => ("it has no watch", "name a `[watch.NAME]` in `watches`".to_owned()),
    };
    let message = format!("the judge `{}` hears nothing: {what}", judge.name);
    check.say(check::warning(codes::JUDGE_DEAF, place(check, judge), message).help(help));
}

/// Whether one offence of any kind fills a tally.
fn is_eager(tally: &Tally) -> bool {
    let plain = |points: Points| match tally.when {
        When::Reached => points >= tally.limit,
        When::Exceeded => points > tally.limit,
    };
    tally
        .charges
        .iter()
        .any(|charge| charge.kinds.is_empty() && charge.users == Users::Any && plain(charge.points))
}

fn eager(check: &mut Check, judge: &Judge) {
    if !judge.tallies.iter().any(is_eager) {
        return;
    }
    let message = format!("the judge `{}` bans for a single offence of whatever kind", judge.name);
    let finding = check::warning(codes::JUDGE_EAGER, place(check, judge), message);
    check.say(finding.help(
        "raise the limit, or charge chosen `kinds`: a slip of the pen, a monitor's bare connection and a \
         client's wrong key are offences too",
    ));
}

/// Lines of a log may be anybody's, and what they brought about stays for ever.
fn forever(check: &mut Check, judge: &Judge, seen: &Seen<'_>) {
    let drains = judge.tallies.iter().all(|tally| matches!(tally.decay, Decay::Drain(_)));
    let hears = &judge.hears;
    let mut files = seen.watches.iter().filter(|watch| {
        let named = hears.watches.is_empty() || hears.watches.contains(&watch.name);
        let of = hears.services.is_empty() || hears.services.contains(&watch.service);
        named && of && !watch.files.is_empty()
    });
    let Some(watch) = files.next().filter(|_| judge.term.first.is_none() && !drains) else {
        return;
    };
    let message = format!(
        "the judge `{}` bans for ever by what stands in the files of `{}`",
        judge.name, watch.name
    );
    let finding = check::warning(codes::JUDGE_FOREVER, place(check, judge), message);
    check.say(finding.help(
        "let bans end and grow: addresses change hands, and whoever can write such a line has somebody \
         shut out for good",
    ));
}
