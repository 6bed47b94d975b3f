//! Access lists: deny wins, silence of an allow list refuses, names are asked only when they decide.

use crate::common::*;
use portreeve_model::{AccessList, Admission};
use portreeve_policy::{Detail, Names, Verdict};

fn names(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Asks once for each way names may be known: not asked, confirmed `known`, failed.
fn ask(lists: &[AccessList], peer: &str, known: &str) -> [String; 3] {
    let known = names(known);
    [Names::NotAsked, Names::Confirmed(&known), Names::Failed].map(|names| {
        let admission = Admission { lists: lists.to_vec(), ..Admission::default() };
        let mut facts = facts(peer);
        facts.names = names;
        shown(&Door::new(admission).ask(&facts))
    })
}

fn all(word: &str) -> [String; 3] {
    [word.into(), word.into(), word.into()]
}

#[test]
fn addresses_decide_alone_where_they_can() {
    for (allow, deny, peer, want) in [
        (None, "", "10.0.0.1", "granted"),
        (Some(""), "", "10.0.0.1", "rule 100"),
        (Some("10.0.0.0/8"), "", "10.0.0.1", "granted"),
        (Some("10.0.0.0/8"), "", "11.0.0.1", "rule 100"),
        (Some("10.0.0.0/8"), "10.0.0.1", "10.0.0.1", "rule 201"),
        (Some("10.0.0.1"), "10.0.0.0/8", "10.0.0.1", "rule 201"), // deny wins, however wide
        (None, "10.0.0.0/8", "10.0.0.1", "rule 201"),
        (None, "10.0.0.0/8", "2001:db8::1", "granted"),
        (None, "0.0.0.0/0", "2001:db8::1", "granted"),
        (None, "192.0.2.0/24 10.0.0.0/8 10.0.0.1", "10.0.0.1", "rule 202"), // first written
        (None, "10.0.0.1 10.0.0.0/8 10.0.0.1", "10.0.0.1", "rule 201"),
        (None, "10.0.0.5-10.0.0.9 10.0.0.7", "10.0.0.7", "rule 201"),
        (None, "10.0.0.7 10.0.0.5-10.0.0.9", "10.0.0.9", "rule 202"),
        (Some("10.0.0.5-10.0.0.9"), "", "10.0.0.10", "rule 100"),
        (Some("2001:db8::/64"), "", "2001:db8::ffff:1", "granted"),
        (Some("2001:db8::/64"), "", "2001:db8:0:1::1", "rule 100"),
        (Some("::/0"), "", "2001:db8:0:1::1", "granted"),
        (Some("::/0"), "", "10.0.0.1", "rule 100"),
        // a name that cannot change the verdict is not asked
        (Some("10.0.0.0/8 .example"), "", "10.0.0.1", "granted"),
        (None, "10.0.0.0/8 .example", "10.0.0.1", "rule 201"),
        (Some("192.0.2.0/24"), ".example", "10.0.0.1", "rule 100"),
    ] {
        let lists = [list(allow, deny)];
        assert_eq!(ask(&lists, peer, "a.example"), all(want), "{allow:?} {deny:?} {peer}");
    }
}

#[test]
fn names_decide_where_addresses_do_not() {
    for (allow, deny, known, want) in [
        (Some(".example"), "", "a.example", ["names", "granted", "rule 100"]),
        (Some(".example"), "", "example", ["names", "rule 100", "rule 100"]),
        (Some(".example"), "", "", ["names", "rule 100", "rule 100"]),
        (Some("b.example a.example"), "", "A.Example.", ["names", "granted", "rule 100"]),
        (None, ".example", "a.example", ["names", "rule 201", "names-failed 201"]),
        (None, "c.example .example", "x.org a.example", ["names", "rule 202", "names-failed 201"]),
        (None, ".example", "a.org", ["names", "granted", "names-failed 201"]),
        (None, ".example", "", ["names", "granted", "names-failed 201"]),
        (Some("10.0.0.0/8"), ".example", "a.org", ["names", "granted", "names-failed 201"]),
        (
            Some(".example"),
            ".bad.example",
            "a.bad.example",
            ["names", "rule 201", "names-failed 201"],
        ),
        (Some(".example"), ".bad.example", "a.example", ["names", "granted", "names-failed 201"]),
        (Some(".example"), "192.0.2.0/24", "a.org", ["names", "rule 100", "rule 100"]),
    ] {
        let got = ask(&[list(allow, deny)], "10.0.0.1", known);
        assert_eq!(got, want.map(String::from), "{allow:?} {deny:?} {known:?}");
    }
}

#[test]
fn every_list_must_grant_and_addresses_of_all_go_first() {
    let mut second = list(Some("10.0.0.0/8"), "");
    for rule in second.allow.iter_mut().flat_map(|allow| &mut allow.rules) {
        rule.origin = at(301);
    }
    second.allow.as_mut().unwrap().origin = at(300);
    let by_name = list(Some(".example"), "");
    assert_eq!(
        ask(&[by_name.clone(), second.clone()], "192.0.2.1", "a.example"),
        all("rule 300"),
        "no look-up for whom the second list refuses by address"
    );
    assert_eq!(
        ask(&[by_name, second], "10.0.0.1", "a.example"),
        ["names", "granted", "rule 100"].map(String::from)
    );
}

#[test]
fn a_refusal_says_that_names_failed_where_one_might_have_let_the_peer_in() {
    for (allow, want) in [("192.0.2.1 .example", true), ("192.0.2.1", false)] {
        let lists = vec![list(Some(allow), "")];
        let mut door = Door::new(Admission { lists, ..Admission::default() });
        let mut facts = facts("10.0.0.1");
        facts.names = Names::Failed;
        let Verdict::Refuse(refusal) = door.ask(&facts) else { panic!() };
        let Detail::NoEntry { names_failed, .. } = refusal.detail else { panic!() };
        assert_eq!(names_failed, want, "{allow}");
    }
}
