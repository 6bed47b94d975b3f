//! Who comes in, how many, how fast.

use super::{Page, access, dns_lists, rules};
use crate::words::{clock, duration, quote, startups};
use portreeve_model::{Admission, Authentication, Hours, Load, PerSource, Rate, SourceWidth};

/// Everything that decides about a connection.
pub(super) fn print(page: &mut Page<'_>, admission: &Admission) {
    access::print(page, &admission.lists);
    dns_lists::print(page, &admission.dns_lists);
    if let Some(used) = &admission.rules {
        rules::print(page, used);
    }
    if let Some(hours) = &admission.hours {
        self::hours(page, hours);
    }
    if let Some(sited) = admission.rate {
        page.sited("rate", &rate(sited.value), sited.origin);
    }
    if let Some(sited) = admission.instances {
        page.sited("instances", &sited.value.to_string(), sited.origin);
    }
    if let Some(sited) = admission.per_source {
        page.sited("per-source", &per_source(sited.value), sited.origin);
    }
    if let Some(sited) = admission.load {
        let Load(hundredths) = sited.value;
        let value = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        page.sited("max-load", &value, sited.origin);
    }
    if let Some(sited) = admission.startups {
        page.sited("startups", &startups::show(sited.value), sited.origin);
    }
    if let Some(sited) = admission.per_source_startups {
        page.sited("per-source-startups", &per_source(sited.value), sited.origin);
    }
    grace(page, admission);
    match admission.authentication {
        Authentication::None => {}
        Authentication::Notify(descriptor) => page.line("notify", &descriptor.to_string()),
        Authentication::Watch(watcher) => page.line("watch", &quote::text(watcher.word())),
    }
}

/// Grace, or that there is none where one would go without saying.
fn grace(page: &mut Page<'_>, admission: &Admission) {
    let implied = admission.startups.is_some()
        || admission.per_source_startups.is_some()
        || admission.authentication != Authentication::None;
    match admission.grace {
        Some(sited) => {
            page.sited("grace", &format!("\"{}\"", duration::show(sited.value)), sited.origin);
        }
        None if implied => page.line("grace", "\"none\""),
        None => {}
    }
}

fn hours(page: &mut Page<'_>, hours: &Hours) {
    let ranges = hours.ranges.iter();
    page.list("hours", ranges.map(|range| (quote::text(&clock::show(range)), range.origin)));
    if hours.zone.name != "local" {
        page.line("time-zone", &quote::text(&hours.zone.name));
    }
}

fn rate(rate: Rate) -> String {
    let Rate { connections, per, pause } = rate;
    let (per, pause) = (duration::show(per), duration::show(pause));
    format!("{{ connections = {connections}, per = \"{per}\", pause = \"{pause}\" }}")
}

fn per_source(limit: PerSource) -> String {
    let PerSource { max, width } = limit;
    if width == SourceWidth::DEFAULT {
        return max.to_string();
    }
    format!("{{ max = {max}, v4 = {}, v6 = {} }}", width.v4, width.v6)
}
