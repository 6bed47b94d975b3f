//! No input makes a limit silently not apply: entries with limits in every odd shape. A plain second
//! reading of the same text says what is in force; then the model has exactly that, or there is an
//! error, or a warning names the very line.

mod native;
mod xinetd;

use portreeve_config::Loaded;
use portreeve_diag::Level;
use portreeve_model::{
    Admission, Config, Ends, Ident, KeepAlive, Offer, Refuse, Rule, Sentence, Service,
};
use std::collections::BTreeMap;

/// SplitMix64: seeded, the same on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from((u128::from(self.next()) * limit as u128) >> 64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Limits by their names, each as text. What is absent is not limited.
type Limits = BTreeMap<String, String>;

/// Whether an error or a warning names a line.
fn flagged(loaded: &Loaded, path: &str, line: usize) -> bool {
    let named = |place: portreeve_diag::Place| place.path == path && place.line as usize == line;
    loaded.diagnostics.iter().any(|finding| {
        let places = finding.at.into_iter().chain(finding.also.iter().map(|(at, _)| *at));
        finding.level >= Level::Warning && places.map(|at| loaded.sources.place(at)).any(named)
    })
}

/// The limits of the one service, as the model has them. Nothing is offered: nothing is open.
fn in_force(config: &Config) -> Option<Limits> {
    let [service] = config.services.as_slice() else { return None };
    let mut limits = Limits::new();
    let mut put = |name: &str, value: Option<String>| {
        limits.extend(value.map(|value| (name.to_owned(), value)));
    };
    let Admission { rate, instances, per_source, load, startups, grace, hours, .. } =
        &service.admission;
    put("instances", instances.map(|n| n.value.to_string()));
    put("per_source", per_source.map(|n| n.value.max.to_string()));
    let each = &service.admission.per_source_startups;
    put("per_source_startups", each.map(|n| n.value.max.to_string()));
    put("load", load.map(|n| n.value.0.to_string()));
    put(
        "startups",
        startups.map(|s| format!("{}:{}:{}", s.value.start, s.value.rate, s.value.full)),
    );
    put("grace", grace.map(|grace| grace.value.as_millis().to_string()));
    put(
        "rate",
        rate.map(|rate| {
            let rate = rate.value;
            format!("{} {} {}", rate.connections, rate.per.as_millis(), rate.pause.as_millis())
        }),
    );
    put(
        "hours",
        hours.as_ref().map(|hours| {
            let range = |r: &portreeve_model::HourRange| format!("{}-{}", r.from, r.to);
            hours.ranges.iter().map(range).collect::<Vec<_>>().join(" ")
        }),
    );
    holding(service, &mut put);
    lists(service, &mut put);
    put("ident", (service.log.ident == Ident::Require).then(String::new));
    match &service.offer {
        Offer::Program(program) => {
            for limit in &program.limits {
                let name = format!("{:?}", limit.resource);
                put(&name, Some(format!("{:?} {:?}", limit.soft, limit.hard)));
            }
            put("umask", program.umask.map(|mask| format!("{mask:o}")));
        }
        Offer::Trap(trap) => put(
            "ban",
            match trap.sentence {
                Sentence::For(time) => Some(time.as_millis().to_string()),
                Sentence::Forever => Some("forever".into()),
                Sentence::Never => None,
            },
        ),
        Offer::Internal(_) => {}
    }
    Some(limits)
}

/// What ends sessions, and what becomes of refused connections.
fn holding(service: &Service, put: &mut impl FnMut(&str, Option<String>)) {
    let milliseconds = |time: std::time::Duration| time.as_millis().to_string();
    put("idle", service.ends.idle.map(|idle| milliseconds(idle.value)));
    let kill_after =
        Some(service.ends.kill_after).filter(|time| *time != Ends::default().kill_after);
    put("kill_after", kill_after.map(milliseconds));
    put(
        "keep_alive",
        match service.socket.keepalive {
            KeepAlive::Off => None,
            KeepAlive::System => Some("system".into()),
            KeepAlive::Probes(probes) => Some(format!("{} {}", probes.every, probes.tries)),
        },
    );
    let kind = match service.refusals.refuse {
        Refuse::Close => None,
        Refuse::Reset => Some("reset".into()),
        Refuse::Delay(delay) => Some(milliseconds(delay)),
    };
    let parts: Vec<_> = kind.into_iter().chain(service.refusals.words.clone()).collect();
    put("refuse", (!parts.is_empty()).then(|| parts.join(" ")));
}

/// Who may and who may not come in, over every list.
fn lists(service: &Service, put: &mut impl FnMut(&str, Option<String>)) {
    let sorted = |rules: &[Rule]| {
        let mut texts: Vec<_> = rules.iter().map(|rule| rule.pattern.to_string()).collect();
        texts.sort_unstable();
        texts.dedup();
        texts.join(" ")
    };
    let lists = &service.admission.lists;
    let allow: Vec<_> = lists.iter().filter_map(|list| list.allow.as_ref()).collect();
    assert!(allow.len() <= 1, "one list is all these texts write");
    put("allow", allow.first().map(|allow| sorted(&allow.rules)));
    let deny: Vec<Rule> = lists.iter().flat_map(|list| list.deny.clone()).collect();
    put("deny", (!deny.is_empty()).then(|| sorted(&deny)));
}
