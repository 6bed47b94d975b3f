//! Rules of tcprules as an access list.

use crate::common::*;
use portreeve_model::{
    Admission, Asked, Config, MissingRules, RulesUse, Source, SourceFile, SourceId, SourceKind,
};
use portreeve_policy::{
    Facts, IdentAnswer, Image, Names, Need, ServiceIndex, State, StepRecord, Tables, Verdict,
    consider, refusal_sentence, step_sentence,
};
use portreeve_ucspi::image::Builder;
use portreeve_ucspi::rules::{Addresses, Line};

fn image(text: &str) -> Vec<u8> {
    let mut builder = Builder::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Ok(Line::Rule(rule)) = Line::parse(line.as_bytes()) else { continue };
        for key in Addresses::of(rule.address).unwrap() {
            builder.add(&key, &rule, number).unwrap();
        }
    }
    builder.finish().unwrap().image
}

/// A configuration whose service has these rules, beside what else decides about it.
fn ruled(names: Asked, ident: Asked, admission: Admission) -> Config {
    let rules = RulesUse { source: SourceId(0), names, ident, origin: at(7) };
    let file = SourceFile { path: "/etc/tcp.ssh".into(), file: 1 };
    let kind = SourceKind::Rules { file, missing: MissingRules::Refuse };
    let mut config = config(vec![service("ssh", Admission { rules: Some(rules), ..admission })]);
    config.files.push("/etc/tcp.ssh".into());
    config.sources.push(Source { kind, origin: at(7) });
    config
}

fn tables(config: &Config, image: Vec<u8>) -> Tables {
    let mut tables = Tables::compile(config);
    tables.set_source(SourceId(0), Ok(Image::whole(image)));
    tables
}

/// What is said about a peer in one line: the verdict, or the step that led to it.
fn said(config: &Config, tables: &Tables, facts: &Facts<'_>) -> String {
    let state = State::new(1000, 1000);
    let mut steps: Vec<StepRecord> = Vec::new();
    match consider(tables, ServiceIndex(0), &state, facts, &mut steps) {
        Verdict::Refuse(refusal) => refusal_sentence(&refusal, facts.peer, &config.files),
        Verdict::Sprung(_) | Verdict::Run(_) => unreachable!("neither a trap nor a command"),
        Verdict::Need(_) => step_sentence(steps.last().unwrap(), facts.peer, &config.files),
        Verdict::Grant(..) => {
            let step = steps.iter().find(|step| step.question.word() == "rules").unwrap();
            step_sentence(step, facts.peer, &config.files)
        }
    }
}

fn with(text: &str, facts: &Facts<'_>) -> String {
    let config = ruled(Asked::Needed, Asked::Needed, Admission::default());
    said(&config, &tables(&config, image(text)), facts)
}

#[test]
fn a_rule_is_cited_with_its_key_and_its_line() {
    let peer = facts("192.0.2.7");
    for (text, facts, want) in [
        ("\n192.0.2.:deny", peer, "refused: rule: `192.0.2.` (/etc/tcp.ssh:2:1) refuses 192.0.2.7"),
        (
            ":deny",
            peer,
            "refused: rule: the rule for everybody (/etc/tcp.ssh:1:1) refuses 192.0.2.7",
        ),
        ("192.0.2.7:allow", peer, "4 rules: `192.0.2.7` (/etc/tcp.ssh:1:1) lets 192.0.2.7 in"),
        (
            ":allow,A=\"1\",B=\"2\"",
            peer,
            "4 rules: the rule for everybody (/etc/tcp.ssh:1:1) lets 192.0.2.7 in, with A, B set",
        ),
        ("10.:deny", peer, "4 rules: no rule of /etc/tcp.ssh is about 192.0.2.7: let in"),
        (
            "=.dom:allow\n:deny",
            peer,
            "4 rules: the peer's host names have to be looked up: a rule of /etc/tcp.ssh asks for it",
        ),
        (
            "joe@192.0.2.7:allow\n:deny",
            peer,
            "4 rules: the peer's ident server has to be asked: a rule of /etc/tcp.ssh asks for it",
        ),
        (
            "=.dom:deny",
            Facts { names: Names::Failed, ..peer },
            "refused: names-failed: a rule of /etc/tcp.ssh refuses by what nobody could tell: the \
             names of 192.0.2.7",
        ),
        (
            "joe@192.0.2.7:deny",
            Facts { ident: IdentAnswer::Missing, ..peer },
            "refused: ident: a rule of /etc/tcp.ssh refuses by what nobody could tell: the user \
             of 192.0.2.7",
        ),
    ] {
        assert_eq!(with(text, &facts), want);
    }
}

#[test]
fn ipv6_is_ipv6_and_mapped_ipv4_is_ipv4() {
    for (text, peer, refused) in [
        ("2001:db8::deny", "2001:db8:5::7", true),
        ("2001:db8::deny", "2001:db9::7", false),
        ("192.0.2.:deny", "::ffff:192.0.2.7", true),
        ("::1:deny", "::1", true),
    ] {
        assert_eq!(with(text, &facts(peer)).starts_with("refused"), refused, "{text} {peer}");
    }
}

#[test]
fn names_that_do_not_lead_back_and_blank_users_match_nothing() {
    let names = ["a.dom".to_owned()];
    let peer = facts("192.0.2.7");
    let text = "joe@192.0.2.7:allow\n=a.dom:allow\n:deny";
    for (names, ident, granted) in [
        (Names::Confirmed(&names), IdentAnswer::Missing, true),
        (Names::Unconfirmed, IdentAnswer::Missing, false),
        (Names::None, IdentAnswer::Missing, false),
        (Names::Failed, IdentAnswer::Missing, false),
        (Names::None, IdentAnswer::Answered(b" j o\te\r"), true),
        (Names::None, IdentAnswer::Answered(b"ann"), false),
        (Names::None, IdentAnswer::Declined, false),
    ] {
        let said = with(text, &Facts { names, ident, ..peer });
        assert_eq!(said.starts_with("4 rules"), granted, "{names:?} {ident:?}: {said}");
    }
}

#[test]
fn what_needs_no_look_up_is_asked_first() {
    let admission =
        || Admission { lists: vec![list(Some(".example"), "")], ..Admission::default() };
    let config = ruled(Asked::Needed, Asked::Needed, admission());
    let refused = said(&config, &tables(&config, image(":deny")), &facts("192.0.2.7"));
    assert!(refused.starts_with("refused: rule: the rule for everybody"), "{refused}");
    let asked = tables(&config, image(":allow"));
    let state = State::new(1000, 1000);
    let verdict = consider(&asked, ServiceIndex(0), &state, &facts("192.0.2.7"), &mut Vec::new());
    assert!(matches!(verdict, Verdict::Need(Need::Names)), "{verdict:?}");
}

#[test]
fn a_service_may_have_look_ups_made_of_everybody_or_of_nobody() {
    let peer = facts("192.0.2.7");
    let names = ["a.dom".to_owned()];
    let all = Facts { names: Names::Confirmed(&names), ident: IdentAnswer::Answered(b"j"), ..peer };
    for (asked, text, facts, want) in [
        (Asked::Always, ":allow", peer, "ask"),
        (Asked::Always, ":allow", Facts { names: Names::None, ..peer }, "ask"),
        (Asked::Always, ":allow", all, "in"),
        // who is refused anyway is not asked about
        (Asked::Always, ":deny", peer, "refused"),
        (
            Asked::Always,
            ":allow",
            Facts { names: Names::Failed, ident: IdentAnswer::Missing, ..peer },
            "in",
        ),
        (Asked::Never, "=a.dom:deny\nj@192.0.2.7:deny", peer, "in"),
        (Asked::Never, "=a.dom:deny\nj@192.0.2.7:deny", all, "in"),
        (Asked::Needed, "=a.dom:deny\nj@192.0.2.7:deny", all, "refused"),
    ] {
        let config = ruled(asked, asked, Admission::default());
        let tables = tables(&config, image(text));
        let state = State::new(1000, 1000);
        let word = match consider(&tables, ServiceIndex(0), &state, &facts, &mut Vec::new()) {
            Verdict::Refuse(_) => "refused",
            Verdict::Need(_) => "ask",
            Verdict::Grant(..) => "in",
            other => panic!("{other:?}"),
        };
        assert_eq!(word, want, "{asked:?} {text}");
    }
}

#[test]
fn an_image_that_is_none_lets_nobody_in() {
    let config = ruled(Asked::Needed, Asked::Needed, Admission::default());
    for bytes in [Vec::new(), b"garbage".to_vec(), image(":allow")[..60].to_vec()] {
        let said = said(&config, &tables(&config, bytes), &facts("192.0.2.7"));
        assert!(said.starts_with("refused: unreadable: `/etc/tcp.ssh`"), "{said}");
    }
    let unread = said(&config, &Tables::compile(&config), &facts("192.0.2.7"));
    assert!(unread.starts_with("refused: unreadable: `/etc/tcp.ssh`"), "{unread}");
}
