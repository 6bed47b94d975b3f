//! Reloads as their owner is told of them.

use super::*;
use crate::{
    AccessList, Admission, AllowList, Banners, Bind, Dialect, Ends, Family, Listen, Offer, Origin,
    Pattern, PerSource, Rate, Refusals, Sentence, ServiceLog, Sited, SocketOptions, SourceWidth,
    Startups, Trap,
};
use std::time::Duration;

const HERE: Origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };

fn sited<T>(value: T) -> Sited<T> {
    Sited { value, origin: HERE }
}

fn rule(text: &str) -> Rule {
    let pattern = Pattern::Network(text.parse().unwrap());
    Rule { pattern, text: text.to_owned(), origin: HERE }
}

fn allow(rules: &[&str]) -> Vec<AccessList> {
    let rules = rules.iter().map(|text| rule(text)).collect();
    vec![AccessList {
        dialect: Dialect::Native,
        allow: Some(AllowList { rules, origin: HERE }),
        deny: Vec::new(),
    }]
}

fn listen(address: &str, port: u16, family: Family) -> Listen {
    Listen { bind: Bind::Address(address.parse().unwrap()), port, family, origin: HERE }
}

fn config(change: impl FnOnce(&mut Service, &mut Settings)) -> Config {
    let mut service = Service {
        key: "ssh".parse().unwrap(),
        name: "ssh".parse().unwrap(),
        listen: vec![listen("::", 22, Family::Dual)],
        socket: SocketOptions::default(),
        offer: Offer::Trap(Trap { sentence: Sentence::Forever }),
        admission: Admission::default(),
        banners: Banners::default(),
        refusals: Refusals::default(),
        ends: Ends::default(),
        log: ServiceLog::default(),
        origin: sited(()),
    };
    let mut settings = Settings::default();
    change(&mut service, &mut settings);
    Config { settings, services: vec![service], ..Config::default() }
}

fn told(
    old: impl FnOnce(&mut Service, &mut Settings),
    new: impl FnOnce(&mut Service, &mut Settings),
) -> String {
    difference(&config(old), &config(new)).join("\n")
}

#[test]
fn limits_are_told_with_both_values() {
    let of = |max| Some(sited(PerSource { max, width: SourceWidth::DEFAULT }));
    let text = told(
        |service, _| {
            service.admission.per_source = of(5);
            service.admission.grace = Some(sited(Duration::from_secs(120)));
            service.ends.idle = Some(sited(Duration::from_secs(3600)));
        },
        |service, _| {
            service.admission.per_source = of(6);
            service.admission.instances = Some(sited(10));
            service.admission.startups = Some(sited(Startups { start: 10, rate: 30, full: 60 }));
            service.admission.rate = Some(sited(Rate {
                connections: 50,
                per: Duration::from_secs(10),
                pause: Duration::from_secs(86_400),
            }));
        },
    );
    assert_eq!(
        text,
        "changed: ssh: rate none → 50 in 10 s with a pause of 1 d, instances none → 10, \
         per-source 5 → 6, startups none → 10:30:60, grace 2 min → none, \
         idle 1 h → none"
    );
}

#[test]
fn rules_and_addresses_that_came_and_went_are_named() {
    let text = told(
        |service, settings| {
            service.admission.lists = allow(&["198.51.100.7", "10.0.0.0/8"]);
            settings.never_ban = vec![rule("192.0.2.1")];
        },
        |service, settings| {
            service.admission.lists = allow(&["10.0.0.0/8", "192.0.2.0/24"]);
            service.listen.push(listen("2001:db8::1", 2222, Family::V6));
            settings.never_ban = vec![rule("192.0.2.2")];
            settings.max_sessions = 500;
        },
    );
    assert_eq!(
        text,
        "changed: the door: max-sessions 10000 → 500, never ban +192.0.2.2 -192.0.2.1\n\
         changed: ssh: addresses +[2001:db8::1]:2222, allow +192.0.2.0/24 -198.51.100.7"
    );
}

#[test]
fn many_are_counted_and_none_is_silence() {
    let many: Vec<String> = (0..20).map(|n| format!("10.0.{n}.0/24")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let text = told(|_, _| (), |service, _| service.admission.lists = allow(&many));
    assert!(text.ends_with(" +10.0.5.0/24 +14 more"), "{text}");
    assert_eq!(told(|_, _| (), |_, _| ()), "");
    // who is refused changes where a list that admits nobody comes, though no rule is new
    let text = told(|_, _| (), |service, _| service.admission.lists = allow(&[]));
    assert_eq!(text, "changed: ssh: access lists");
}

#[test]
fn other_rules_are_named_by_their_file_and_what_is_asked() {
    let with = |path: &str, names| {
        let mut config = config(|service, _| {
            let (source, ident) = (crate::SourceId(0), crate::Asked::Needed);
            let used = crate::RulesUse { source, names, ident, origin: HERE };
            service.admission.rules = Some(used);
        });
        let file = crate::SourceFile { path: path.into(), file: 0 };
        let kind = crate::SourceKind::Rules { file, missing: crate::MissingRules::Refuse };
        config.sources.push(crate::Source { kind, origin: HERE });
        config
    };
    let (none, needed) = (config(|_, _| {}), with("/a.cdb", crate::Asked::Needed));
    let never = with("/b.cdb", crate::Asked::Never);
    assert_eq!(difference(&none, &needed), ["changed: ssh: rules none → /a.cdb"]);
    assert_eq!(
        difference(&needed, &never),
        ["changed: ssh: rules /a.cdb → /b.cdb (names never asked)"]
    );
    assert!(difference(&never, &never).is_empty());
}

#[test]
fn judges_and_what_becomes_of_bans_are_told() {
    let judge = |name: &str| {
        let origin = crate::Origin { file: 0, line: 1, column: 1, dialect: crate::Dialect::Native };
        crate::preset::portreeve(name.parse().unwrap(), origin)
    };
    let old = Config { judges: vec![judge("a"), judge("b")], ..Config::default() };
    let mut new = Config { judges: vec![judge("b"), judge("c")], ..Config::default() };
    new.judges[0].term.patience = Some(3);
    new.judges[0].spares.push("192.0.2.1".parse().unwrap());
    new.settings.ban.nftables = Some(crate::Nftables::default());
    let lines = difference(&old, &new);
    assert_eq!(
        lines,
        [
            "changed: the door: nftables",
            "removed: a (judge)",
            "changed: b (judge): spares +192.0.2.1, term",
            "added: c (judge)",
        ]
    );
}
