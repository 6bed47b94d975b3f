//! DNS lists: they only refuse, and what is not known lets nobody in whom another list keeps out.

use crate::common::*;
use portreeve_model::{Admission, DnsList, DnsLists, DnsZone, ListAnswer, WhenUnknown};
use portreeve_policy::{
    Facts, ServiceIndex, StepRecord, Verdict, consider, refusal_sentence, step_sentence,
};

const PEER: &str = "198.51.100.7";

fn zone(name: &str) -> DnsZone {
    DnsZone { name: name.into(), codes: Vec::new() }
}

/// `name` that lets pass whom it does not know; `!name` refuses.
fn lists(text: &str, line: u32) -> Vec<DnsList> {
    let list = |(line, name): (u32, &str)| DnsList {
        zone: zone(name.trim_start_matches('!')),
        when_unknown: if name.starts_with('!') { WhenUnknown::Refuse } else { WhenUnknown::Pass },
        origin: at(line),
    };
    (line..).zip(text.split_whitespace()).map(list).collect()
}

/// `+name` has the peer, `-name` has it not, `?name` does not say.
fn answers(text: &str) -> Vec<(DnsZone, ListAnswer)> {
    let answer = |word: &str| {
        let (sign, name) = word.split_at(1);
        let said = match sign {
            "+" => ListAnswer::Listed(format!("see {name}")),
            "-" => ListAnswer::NotListed,
            _ => ListAnswer::Unknown("timeout".into()),
        };
        (zone(name), said)
    };
    text.split_whitespace().map(answer).collect()
}

fn door(deny: &str, except: &str) -> Door {
    let dns_lists = DnsLists { deny: lists(deny, 500), except: lists(except, 600) };
    let lists = vec![list(None, "203.0.113.0/24")];
    Door::new(Admission { dns_lists, lists, ..Admission::default() })
}

fn ask(deny: &str, except: &str, said: &str) -> String {
    let said = answers(said);
    shown(&door(deny, except).ask(&Facts { listed: Some(&said), ..facts(PEER) }))
}

#[test]
fn who_is_listed_is_refused_unless_excepted() {
    for (deny, except, said, want) in [
        ("a b", "", "-a -b", "granted"),
        ("a b", "", "-a +b", "listed 501"),
        ("a b", "", "+b +a", "listed 500"), // the first written
        ("a b", "", "-a", "dns-lists"),     // one that has not been asked
        ("a", "g", "-a", "dns-lists"),
        ("a", "g", "+a +g", "granted"),
        ("a", "g", "+a -g", "listed 500"),
        ("a", "g", "+a ?g", "listed 500"), // an exception that is not known is none
        ("a b", "", "?a -b", "granted"),
        ("a b", "", "?a +b", "listed 501"),
        ("!a b", "", "?a -b", "list-failed 500"),
        ("!a b", "", "?a +b", "listed 501"),
        ("!a", "g", "?a +g", "granted"),
        ("!a", "g", "?a ?g", "list-failed 500"),
        ("", "g", "", "granted"), // nothing to make exceptions from
    ] {
        assert_eq!(ask(deny, except, said), want, "deny {deny:?}, except {except:?}: {said:?}");
    }
}

#[test]
fn only_public_addresses_of_whom_the_other_lists_let_in_are_asked_about() {
    let ask = |peer| shown(&door("a", "").ask(&facts(peer)));
    for (peer, want) in [
        (PEER, "dns-lists"),
        ("2001:db8::1", "dns-lists"),
        ("203.0.113.7", "rule 201"),
        ("10.0.0.1", "granted"),
        ("::ffff:10.0.0.1", "granted"),
        ("127.0.0.1", "granted"),
        ("fe80::1", "granted"),
    ] {
        assert_eq!(ask(peer), want, "{peer}");
    }
    // answers for another reading of the same zone are none
    let other =
        DnsZone { codes: vec![([127, 0, 0, 2].into(), [127, 0, 0, 2].into())], ..zone("a") };
    let said = [(other, ListAnswer::NotListed)];
    let asked = Facts { listed: Some(&said), ..facts(PEER) };
    assert_eq!(shown(&door("a", "").ask(&asked)), "dns-lists");
}

#[test]
fn refusals_and_steps_name_the_list_and_quote_it() {
    let files = vec!["/etc/xinetd.conf".to_owned()];
    let told = |deny: &str, except: &str, said: &str| {
        let said = answers(said);
        let facts = Facts { listed: Some(&said), ..facts(PEER) };
        let door = door(deny, except);
        let mut steps: Vec<StepRecord> = Vec::new();
        let verdict = consider(&door.tables, ServiceIndex(0), &door.state, &facts, &mut steps);
        if let Verdict::Refuse(refusal) = verdict {
            return refusal_sentence(&refusal, facts.peer, &files);
        }
        let step = steps.iter().find(|step| step.question.word() == "deny-listed");
        step_sentence(step.unwrap(), facts.peer, &files)
    };
    for (deny, except, said, want) in [
        ("a b", "", "-a -b", "4 deny-listed: not on any of 2 DNS lists (/etc/xinetd.conf:500:3)"),
        (
            "a",
            "",
            "+a",
            "refused: listed: the DNS list `a` (/etc/xinetd.conf:500:3) has 198.51.100.7: \"see a\"",
        ),
        (
            "!a",
            "",
            "?a",
            "refused: list-failed: whether the DNS list `a` (/etc/xinetd.conf:500:3) has 198.51.100.7 is not known: timeout",
        ),
        (
            "a",
            "",
            "?a",
            "4 deny-listed: not known to be on the one DNS list (/etc/xinetd.conf:500:3): `a` does not say, timeout",
        ),
        ("a", "g", "+a +g", "4 deny-listed: on `a`, but also on `g` (/etc/xinetd.conf:600:3)"),
    ] {
        assert_eq!(told(deny, except, said), want, "{said}");
    }
}
