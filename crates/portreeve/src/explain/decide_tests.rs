use super::*;
use portreeve_model::{
    AccessList, Admission, AllowList, Banners, Bind, Dialect, Family, Ident, Internal, Listen,
    Offer, Origin, Pattern, Rate, Rule, Sentence, ServiceLog, Sited, SocketOptions, Trap,
};

fn at(line: u32) -> Origin {
    Origin { file: 0, line, column: 1, dialect: Dialect::Native }
}

fn rule(text: &str, line: u32) -> Rule {
    let pattern = match text.parse() {
        Ok(network) => Pattern::Network(network),
        Err(_) => Pattern::Host(portreeve_model::HostPattern::parse(text).unwrap()),
    };
    Rule { pattern, text: text.into(), origin: at(line) }
}

fn service(key: &str, line: u32, allow: &[&str]) -> Service {
    let rules = allow.iter().map(|text| rule(text, line + 2)).collect();
    let list = AccessList {
        dialect: Dialect::Native,
        allow: (!allow.is_empty()).then_some(AllowList { rules, origin: at(line + 1) }),
        deny: Vec::new(),
    };
    let address = "127.0.0.1".parse().unwrap();
    Service {
        key: key.parse().unwrap(),
        name: key.split('@').next().unwrap().parse().unwrap(),
        listen: vec![Listen {
            bind: Bind::Address(address),
            port: 7,
            family: Family::V4,
            origin: at(line),
        }],
        socket: SocketOptions::default(),
        offer: Offer::Internal(Internal::Echo),
        admission: Admission { lists: vec![list], ..Admission::default() },
        banners: Banners::default(),
        refusals: portreeve_model::Refusals::default(),
        ends: portreeve_model::Ends::default(),
        log: ServiceLog::default(),
        origin: Sited::new((), at(line)),
    }
}

fn config(services: Vec<Service>) -> Config {
    Config { files: vec!["/p.toml".into()], services, ..Config::default() }
}

fn asked(peer: &str, names: &[String]) -> Asked<'static> {
    let names = Some(names.to_vec()).filter(|names| !names.is_empty());
    let names = names.map(portreeve_model::SupposedNames::Confirmed);
    let supposed = Box::leak(Box::new(Supposed { names, ..Supposed::default() }));
    Asked { peer: peer.parse().unwrap(), port: 0, wall: 0, supposed, load: Some(Load(0)) }
}

fn all(config: &Config, name: &str, asked: &Asked<'_>) -> Vec<Explanation> {
    explanations(config, Vec::new(), &meant(config, name), asked)
}

fn verdict(config: &Config, name: &str, asked: &Asked<'_>) -> (String, Option<String>, String) {
    let [one] = all(config, name, asked).try_into().unwrap();
    (one.verdict, one.reason, one.origin.unwrap())
}

#[test]
fn the_rule_that_decides_is_the_place() {
    let config = config(vec![service("echo", 10, &["192.0.2.0/24"])]);
    for (peer, want) in [
        ("192.0.2.7", ("granted".into(), None, "/p.toml:12:1".into())),
        ("198.51.100.1", ("refused".into(), Some("rule".into()), "/p.toml:11:1".into())),
    ] {
        assert_eq!(verdict(&config, "echo", &asked(peer, &[])), want, "{peer}");
    }
}

#[test]
fn a_service_that_refuses_nobody_is_its_own_place() {
    let config = config(vec![service("echo", 10, &[])]);
    let want = ("granted".into(), None, "/p.toml:10:1".into());
    assert_eq!(verdict(&config, "echo", &asked("192.0.2.7", &[])), want);
}

#[test]
fn a_rule_by_name_is_unknown_until_a_name_is_assumed() {
    let config = config(vec![service("echo", 10, &[".example"])]);
    let [open] = all(&config, "echo", &asked("192.0.2.7", &[])).try_into().unwrap();
    assert_eq!(open.verdict, "unknown");
    assert!(
        open.text.ends_with("; `--name HOST` or `--names none` assumes an answer"),
        "{}",
        open.text
    );
    let names = ["a.example".to_owned()];
    assert_eq!(verdict(&config, "echo", &asked("192.0.2.7", &names)).0, "granted");
    let names = ["a.test".to_owned()];
    assert_eq!(verdict(&config, "echo", &asked("192.0.2.7", &names)).0, "refused");
}

#[test]
fn ident_and_traps_have_verdicts_of_their_own() {
    let mut wary = service("wary", 10, &[]);
    wary.log.ident = Ident::Require;
    let mut trap = service("trap", 20, &[]);
    trap.offer = Offer::Trap(Trap { sentence: Sentence::Forever });
    let config = config(vec![wary, trap]);
    assert_eq!(verdict(&config, "wary", &asked("192.0.2.7", &[])).0, "unknown");
    assert_eq!(verdict(&config, "trap", &asked("192.0.2.7", &[])).0, "trapped");
}

#[test]
fn all_services_of_a_name_answer_and_a_key_means_one() {
    let config = config(vec![service("s@127.0.0.1:7", 1, &[]), service("s@127.0.0.2:7", 9, &[])]);
    assert_eq!(all(&config, "s", &asked("192.0.2.7", &[])).len(), 2);
    assert_eq!(all(&config, "s@127.0.0.2:7", &asked("192.0.2.7", &[])).len(), 1);
    assert_eq!(all(&config, "t", &asked("192.0.2.7", &[])).len(), 0);
}

#[test]
fn what_only_the_door_counts_is_not_made_up() {
    let mut busy = service("echo", 10, &[]);
    let rate =
        Rate { connections: 30, per: Duration::from_secs(1), pause: Duration::from_secs(10) };
    busy.admission.rate = Some(Sited::new(rate, at(13)));
    busy.admission.instances = Some(Sited::new(5, at(14)));
    let config = config(vec![busy]);
    let [one] = all(&config, "echo", &asked("192.0.2.7", &[])).try_into().unwrap();
    let answer = |question: &str| {
        let step = one.steps.iter().find(|step| step.question == question).unwrap();
        step.answer.as_str()
    };
    assert_eq!(answer("ban"), "the bans are not known");
    assert_eq!(answer("pause"), "whether it pauses is not known");
    assert_eq!(answer("rate"), "at most 30 in 1s; the count is not known");
    assert_eq!(answer("instances"), "at most 5; the count is not known");
    assert_eq!(answer("per-source"), "no limit");
}

#[test]
fn a_limit_of_nothing_refuses_without_counting() {
    let mut closed = service("echo", 10, &[]);
    closed.admission.instances = Some(Sited::new(0, at(14)));
    let config = config(vec![closed]);
    let want = ("refused".into(), Some("instances".into()), "/p.toml:14:1".into());
    assert_eq!(verdict(&config, "echo", &asked("192.0.2.7", &[])), want);
}
