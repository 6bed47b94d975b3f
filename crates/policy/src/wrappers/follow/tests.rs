use super::super::decide::decide;
use super::super::request::{Endpoint, Name, Side};
use super::*;
use portreeve_model::wrappers::{
    ClientPattern, DaemonPattern, HostPattern, List, Rule, Table, Tables, Token, Which, Word,
    WrongOption,
};
use portreeve_model::{Dialect, Ids, Origin, Severity, Sited};

const HERE: Origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Wrappers };

fn rule(settings: &[(Deed, &str)]) -> Rule {
    fn all<T>(pattern: T) -> List<T> {
        List { parts: vec![vec![Token { pattern, text: b"ALL".to_vec(), origin: HERE }]] }
    }
    let setting = |(deed, value): &(Deed, &str)| {
        let setting =
            Setting { key: Vec::new(), value: Some(value.as_bytes().to_vec()), deed: deed.clone() };
        Sited::new(setting, HERE)
    };
    Rule {
        daemons: all(DaemonPattern::Name(Word::All)),
        clients: all(ClientPattern::Host(HostPattern::Word(Word::All))),
        settings: settings.iter().map(setting).collect(),
        origin: HERE,
        line: 1,
    }
}

fn request() -> Request {
    let address = Some("192.0.2.10".to_owned());
    let client = Endpoint { address, port: 4711, name: Name::NotAsked };
    Request { daemon: b"sshd".to_vec(), client, ..Request::default() }
}

fn words() -> HostWords {
    let joe = Ids { uid: 1, gid: 2, groups: vec![2] };
    let folder = (b"/banners".to_vec(), b"sshd".to_vec());
    HostWords {
        users: [(b"joe".to_vec(), joe)].into(),
        groups: [(b"staff".to_vec(), 50)].into(),
        banners: [(folder, b"\0\0hello %a\nbye".to_vec())].into(),
    }
}

type Rules<'a> = &'a [&'a [(Deed, &'a str)]];

/// How it ends for rules of both files: the ending, the place of the rule, and the effects.
fn followed(allow: Rules, deny: Rules, request: Request, done: &[Answered]) -> Result<Told, Asks> {
    let table = |rules: Rules| Table::Rules(rules.iter().map(|deeds| rule(deeds)).collect());
    let tables = Tables { allow: table(allow), deny: table(deny) };
    let deciding =
        |request: &Request, answers: &Answers, start| decide(&tables, request, answers, start);
    match follow(&deciding, &words(), request, done) {
        Followed::Settled(settled) => Ok((
            settled.ending,
            settled.found.map(|found| (found.which, found.number)),
            settled.effects.iter().cloned().collect(),
        )),
        Followed::Need(need, seconds, _) => Err(Asks::Need(need, seconds)),
        Followed::Run(errand, _) => Err(Asks::Run(errand)),
    }
}

type Told = (Ending, Option<(Which, usize)>, Vec<Effect>);

#[derive(Debug, PartialEq)]
enum Asks {
    Need(Need, u32),
    Run(Errand),
}

fn command(text: &str) -> Errand {
    Errand::Command { command: text.as_bytes().to_vec(), so_far: Effects::default() }
}

fn said(text: &str, said: Said) -> Answered {
    Answered { errand: command(text), said }
}

#[test]
fn every_option_of_the_rule_becomes_an_effect_in_order() {
    let rules: Rules = &[&[
        (Deed::Severity(None, Severity(4)), "warning"),
        (Deed::KeepAlive, ""),
        (Deed::Linger(3), "3"),
        (Deed::Banners, "/banners"),
        (Deed::Banners, "/elsewhere"),
        (Deed::Nice(5), "5"),
        (Deed::SetEnv, "WHO  %a "),
        (Deed::Umask(0o27), "027"),
        (Deed::User, "joe"),
        (Deed::Group, "staff"),
        (Deed::Spawn, "echo %a %% %d"),
        (Deed::Twist, "cat"),
    ]];
    let (ending, found, effects) = followed(rules, &[], request(), &[]).expect("settled");
    assert_eq!((ending, found), (Ending::Rules(End::Delegated), Some((Which::Allow, 0))));
    let ids = Ids { uid: 1, gid: 2, groups: vec![2] };
    assert_eq!(
        effects,
        [
            Effect::Severity(None, Severity(4)),
            Effect::KeepAlive,
            Effect::Linger(3),
            Effect::Banner(b"\0\0hello 192.0.2.10\r\nbye".to_vec()),
            Effect::Nice(5),
            Effect::Variable(b"WHO".to_vec(), b"192.0.2.10".to_vec()),
            Effect::Umask(0o27),
            Effect::User(ids),
            Effect::Group(50),
            Effect::Spawn(b"echo 192.0.2.10 % sshd".to_vec()),
            Effect::Twist(b"cat".to_vec()),
        ]
    );
}

#[test]
fn what_an_option_names_is_found_out_first_and_only_then() {
    for (deed, value, want) in [
        (Deed::Spawn, "echo %n", Some(Asks::Need(Need::Name(Side::Client), 10))),
        (Deed::Spawn, "echo %u", Some(Asks::Need(Need::User, 10))),
        (Deed::Rfc931(Some(3)), "3", Some(Asks::Need(Need::User, 3))),
        (Deed::Rfc931(None), "", Some(Asks::Need(Need::User, 10))),
        (Deed::Spawn, "echo %h", None),
    ] {
        let asked = followed(&[&[(deed, value)]], &[], request(), &[]).err();
        assert_eq!(asked, want, "{value}");
    }
    let user = User::Known(b"a;b".to_vec());
    let known = Request { user, ..request() };
    let rules: Rules = &[&[(Deed::Rfc931(None), ""), (Deed::Spawn, "echo %u")]];
    let effects = followed(rules, &[], known, &[]).expect("settled").2;
    assert_eq!(effects, [Effect::Spawn(b"echo a_b".to_vec())]);
}

#[test]
fn an_aclexec_decides_whether_its_rule_matches() {
    let rule: &[(Deed, &str)] = &[(Deed::Aclexec, "ask %a"), (Deed::SetEnv, "A b")];
    let (allow, deny): (Rules, Rules) = (&[rule], &[&[]]);
    let ask = "ask 192.0.2.10";
    let asked = followed(allow, deny, request(), &[]);
    assert_eq!(asked, Err(Asks::Run(command(ask))));
    let set = vec![Effect::Variable(b"A".to_vec(), b"b".to_vec())];
    let granted = (Ending::Rules(End::Granted), Some((Which::Allow, 0)), set);
    assert_eq!(followed(allow, deny, request(), &[said(ask, Said::Yes)]), Ok(granted));
    let refused = (Ending::Rules(End::Refused), Some((Which::Deny, 0)), Vec::new());
    assert_eq!(followed(allow, deny, request(), &[said(ask, Said::No)]), Ok(refused));
    let fault = (Ending::Fault(Fault::Unanswered), Some((Which::Allow, 0)), Vec::new());
    assert_eq!(followed(allow, &[], request(), &[said(ask, Said::Nothing)]), Ok(fault));
}

#[test]
fn an_allow_behind_a_failed_aclexec_grants_nothing() {
    let rule: &[(Deed, &str)] = &[(Deed::Aclexec, "ask"), (Deed::Allow, "")];
    let told = followed(&[rule], &[&[]], request(), &[said("ask", Said::No)]).expect("settled");
    assert_eq!(told.0, Ending::Rules(End::Refused));
    // in hosts.deny the next rule is looked at
    let told = followed(&[], &[rule, &[]], request(), &[said("ask", Said::No)]).expect("settled");
    assert_eq!((told.0, told.1), (Ending::Rules(End::Refused), Some((Which::Deny, 1))));
}

#[test]
fn what_stood_in_front_of_a_failed_aclexec_stays_done() {
    let rule: &[(Deed, &str)] = &[(Deed::SetEnv, "A b"), (Deed::Aclexec, "ask")];
    let Err(Asks::Run(errand)) = followed(&[rule], &[], request(), &[]) else { panic!("a run") };
    let Errand::Command { so_far, .. } = &errand else { panic!("a command") };
    assert_eq!(so_far.iter().count(), 1, "the command sees the variable");
    let done = [Answered { errand, said: Said::No }];
    let (ending, found, effects) = followed(&[rule], &[], request(), &done).expect("settled");
    assert_eq!((ending, found), (Ending::Rules(End::Granted), None));
    assert_eq!(effects, [Effect::Variable(b"A".to_vec(), b"b".to_vec())]);
}

#[test]
fn an_option_that_cannot_be_followed_refuses() {
    let long = "%a".repeat(2000);
    for (deed, value, want) in [
        (Deed::User, "nobody-here", Ending::Fault(Fault::Nobody)),
        (Deed::Group, "nobody-here", Ending::Fault(Fault::Nobody)),
        (Deed::SetEnv, "A=B c", Ending::Fault(Fault::Text)),
        (Deed::SetEnv, "", Ending::Fault(Fault::Text)),
        (Deed::Spawn, "a\0b", Ending::Fault(Fault::Text)),
        (Deed::Spawn, long.as_str(), Ending::Fault(Fault::TooLong)),
        (Deed::Wrong(WrongOption::Name), "", Ending::Rules(End::Wrong(WrongOption::Name))),
    ] {
        let told = followed(&[&[(deed, value)]], &[], request(), &[]).expect("settled");
        assert_eq!(told.0, want, "{value:.20}");
    }
}

#[test]
fn no_rules_ask_without_end() {
    let texts: Vec<String> = (0..=MOST_ERRANDS).map(|n| format!("ask {n}")).collect();
    let rules: Vec<[(Deed, &str); 1]> =
        texts.iter().map(|text| [(Deed::Aclexec, text.as_str())]).collect();
    let deny: Vec<&[(Deed, &str)]> = rules.iter().map(<[_; 1]>::as_slice).collect();
    let done: Vec<Answered> =
        texts.iter().take(MOST_ERRANDS).map(|text| said(text, Said::No)).collect();
    let told = followed(&[], &deny, request(), &done).expect("settled");
    assert_eq!(told.0, Ending::Fault(Fault::TooMany));
}

#[test]
fn the_shells_own_codes_say_nothing() {
    let says = [Some(0), Some(1), Some(125), Some(126), Some(127), Some(255), None];
    let want =
        [Said::Yes, Said::No, Said::No, Said::Nothing, Said::Nothing, Said::No, Said::Nothing];
    assert_eq!(says.map(Said::by_exit), want);
}

#[test]
fn nobody_is_let_in_by_a_netgroup_that_nobody_knows() {
    let mut deny = rule(&[]);
    let group = HostPattern::Netgroup(b"evil".to_vec());
    deny.clients.parts[0][0].pattern = ClientPattern::Host(group);
    let tables = Tables { deny: Table::Rules(vec![deny]), ..Tables::default() };
    let deciding =
        |request: &Request, answers: &Answers, start| decide(&tables, request, answers, start);
    let mut named = request();
    named.client.name = Name::Known(b"host.example".to_vec());
    let ask = |done: &[Answered]| follow(&deciding, &words(), named.clone(), done);
    let errand = Errand::Netgroup { group: b"evil".to_vec(), host: b"host.example".to_vec() };
    let Followed::Run(asked, Some(rule)) = ask(&[]) else { panic!("a rule asks") };
    assert_eq!((asked, rule.line), (errand.clone(), 1));
    for (said, refused) in [(Said::Yes, true), (Said::No, false), (Said::Nothing, true)] {
        let done = [Answered { errand: errand.clone(), said }];
        let Followed::Settled(settled) = ask(&done) else { panic!("settled") };
        assert_eq!(settled.ending != Ending::Rules(End::Granted), refused, "{said:?}");
    }
}
