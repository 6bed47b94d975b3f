//! Hours and limits.

use super::kind::Kind;
use super::{Context, Subject, access};
use crate::xinetd::attribute::Attribute;
use crate::xinetd::codes;
use crate::xinetd::report::{Report, warning};
use crate::xinetd::settings::Cps;
use portreeve_model::{Admission, HourRange, Hours, PerSource, Rate, Sited, SourceWidth};
use std::time::Duration;

/// Everything that decides whether a connection is served.
pub(super) fn of(
    cx: &mut Context<'_>,
    subject: &Subject<'_>,
    kind: Kind,
    report: &mut Report<'_>,
) -> Admission {
    let lists = access::of(cx, subject, report);
    let sensor = matches!(kind, Kind::Sensor(_));
    if sensor {
        inert(subject, report);
    }
    let (settings, defaults) = (subject.settings, cx.defaults);
    let instances = settings.instances.as_ref().or_else(|| defaults.first(|s| &s.instances));
    let per_source = settings.per_source.as_ref().or_else(|| defaults.first(|s| &s.per_source));
    let load = settings.max_load.as_ref().or_else(|| defaults.first(|s| &s.max_load));
    let instances = instances.filter(|_| !sensor);
    let per_source = per_source.filter(|_| !sensor);
    let exact = |max| PerSource { max, width: SourceWidth::EXACT };
    Admission {
        hours: hours(cx, subject),
        lists: if sensor { Vec::new() } else { lists.into_iter().collect() },
        rate: rate(cx, subject, sensor),
        instances: instances.and_then(|n| Some(cx.sited(n.value?, n.at))),
        per_source: per_source.and_then(|n| Some(cx.sited(exact(n.value?), n.at))),
        load: load.map(|load| cx.sited(load.value, load.at)),
        ..Admission::default()
    }
}

fn hours(cx: &Context<'_>, subject: &Subject<'_>) -> Option<Hours> {
    let times = subject.settings.access_times.as_ref()?;
    let ranges = times.value.iter().map(|interval| HourRange {
        from: interval.value.from,
        to: interval.value.to,
        origin: cx.origin(interval.at),
    });
    let zone = cx.host.zone.clone();
    Some(Hours { ranges: ranges.collect(), zone, origin: cx.origin(times.at) })
}

/// `cps`; without one xinetd allows 50 in a second and pauses for 10. A sensor is not blinded by
/// those who hammer at it unless it is told to be.
fn rate(cx: &Context<'_>, subject: &Subject<'_>, sensor: bool) -> Option<Sited<Rate>> {
    let written = subject.settings.cps.as_ref().or_else(|| cx.defaults.first(|s| &s.cps));
    let (cps, at) = match written {
        Some(cps) => (cps.value, cps.at),
        None if sensor => return None,
        None => (Cps { most: 50, wait: 10 }, subject.name.at),
    };
    let rate = Rate {
        connections: cps.most,
        per: Duration::from_secs(1),
        pause: Duration::from_secs(u64::from(cps.wait)),
    };
    (cps.most > 0).then(|| cx.sited(rate, at))
}

/// What a sensor's entry says to no effect.
fn inert(subject: &Subject<'_>, report: &mut Report<'_>) {
    let settings = subject.settings;
    let lists = [
        settings.only_from.first().map(|edit| (Attribute::OnlyFrom, edit.at)),
        settings.no_access.first().map(|edit| (Attribute::NoAccess, edit.at)),
        subject.line(Attribute::Instances).map(|at| (Attribute::Instances, at)),
        subject.line(Attribute::PerSource).map(|at| (Attribute::PerSource, at)),
    ];
    for (attribute, at) in lists.into_iter().flatten() {
        let message = format!("{attribute} does nothing on a sensor, which catches everybody");
        let help = "remove the line; list whom no sensor may catch in `[ban] never`";
        report.push(warning(codes::SENSOR_INERT, at, message).help(help));
    }
}
