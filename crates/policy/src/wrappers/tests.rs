//! The decision, by tables: rules are built by hand, since the reader is another crate's.

use super::*;
use portreeve_model::wrappers::{
    Broken, ClientPattern, Concerns, DaemonPattern, Deed, HostPattern, List, ListFile, Rule,
    Setting, Table, Tables, Token, Which, Word,
};
use portreeve_model::{Dialect, Origin, Sited};

const HERE: Origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Wrappers };

fn token<T>(pattern: T) -> Token<T> {
    Token { pattern, text: Vec::new(), origin: HERE }
}

fn word(text: &str) -> HostPattern {
    HostPattern::Word(Word::parse(text.as_bytes()))
}

fn rule(clients: Vec<Vec<HostPattern>>, deeds: &[Deed]) -> Rule {
    let daemons = List { parts: vec![vec![token(DaemonPattern::Name(Word::All))]] };
    let part = |part: Vec<HostPattern>| {
        part.into_iter().map(|host| token(ClientPattern::Host(host))).collect()
    };
    let setting = |deed: &Deed| {
        Sited::new(Setting { key: Vec::new(), value: None, deed: deed.clone() }, HERE)
    };
    Rule {
        daemons,
        clients: List { parts: clients.into_iter().map(part).collect() },
        settings: deeds.iter().map(setting).collect(),
        origin: HERE,
        line: 1,
    }
}

fn tables(allow: Vec<Rule>, deny: Vec<Rule>) -> Tables {
    Tables { allow: Table::Rules(allow), deny: Table::Rules(deny) }
}

fn client(address: &str, name: Name) -> Request {
    let client = Endpoint { address: Some(address.into()), port: 1, name };
    Request { daemon: b"sshd".to_vec(), client, ..Request::default() }
}

fn end(tables: &Tables, request: &Request) -> Result<End, Need> {
    match decide(tables, request, &Answers::default(), Start::Beginning) {
        Decision::Decided(decided) => Ok(decided.end),
        Decision::Need(need, _) => Err(need),
    }
}

#[test]
fn nobody_is_asked_for_a_name_that_no_rule_needs() {
    let request = client("192.0.2.10", Name::NotAsked);
    let deny = || vec![rule(vec![vec![word("192.0.2."), word(".example.com")]], &[])];
    assert_eq!(end(&tables(vec![], deny()), &request), Ok(End::Refused));
    let other = client("10.0.0.1", Name::NotAsked);
    assert_eq!(end(&tables(vec![], deny()), &other), Err(Need::Name(Side::Client)));
}

#[test]
fn a_name_that_could_not_be_looked_up_lets_nobody_in() {
    let request = client("192.0.2.10", Name::Failed);
    let all_but = || vec![vec![word("ALL")], vec![word(".evil.org")]];
    let refused_by_name = Ok(End::Open(Why::NameFailed));
    for (allow, deny, want) in [
        (
            vec![rule(vec![vec![word("UNKNOWN")]], &[])],
            vec![rule(vec![vec![word("ALL")]], &[])],
            Ok(End::Refused),
        ),
        (vec![rule(all_but(), &[])], vec![rule(vec![vec![word("ALL")]], &[])], Ok(End::Refused)),
        (vec![], vec![rule(vec![vec![word(".evil.org")]], &[])], refused_by_name.clone()),
        (vec![], vec![rule(vec![vec![HostPattern::Local]], &[])], refused_by_name.clone()),
        (vec![rule(vec![vec![word(".evil.org")]], &[Deed::Deny])], vec![], refused_by_name),
        (vec![], vec![rule(all_but(), &[])], Ok(End::Refused)),
        (vec![], vec![rule(vec![vec![word(".evil.org")]], &[Deed::Allow])], Ok(End::Granted)),
        (vec![], vec![rule(vec![vec![word("10.")]], &[])], Ok(End::Granted)),
    ] {
        let tables = tables(allow, deny);
        assert_eq!(end(&tables, &request), want, "{tables:?}");
    }
}

#[test]
fn exceptions_nest_and_a_broken_pattern_refuses_whom_it_may_mean() {
    let nested = || vec![vec![word("ALL")], vec![word("192.0.2.")], vec![word("192.0.2.10")]];
    let length = || HostPattern::Broken(Broken::Length(Concerns::V4));
    let open = Ok(End::Open(Why::Broken(Broken::Length(Concerns::V4))));
    for (clients, address, want) in [
        (nested(), "10.0.0.1", Ok(End::Refused)),
        (nested(), "192.0.2.11", Ok(End::Granted)),
        (nested(), "192.0.2.10", Ok(End::Refused)),
        (vec![vec![length()]], "192.0.2.10", open.clone()),
        (vec![vec![length()]], "2001:db8::1", Ok(End::Granted)),
        (vec![vec![length(), word("ALL")]], "192.0.2.10", Ok(End::Refused)),
        (vec![vec![word("ALL")], vec![length()]], "192.0.2.10", open),
        (vec![vec![]], "192.0.2.10", Ok(End::Granted)),
        (vec![], "192.0.2.10", Ok(End::Granted)),
    ] {
        let tables = tables(vec![], vec![rule(clients, &[])]);
        assert_eq!(end(&tables, &client(address, Name::Unknown)), want, "{address} {tables:?}");
    }
}

#[test]
fn after_a_failed_test_the_search_goes_on_where_nothing_is_granted_by_it() {
    let all = |deeds: &[Deed]| rule(vec![vec![word("ALL")]], deeds);
    let request = client("192.0.2.10", Name::Unknown);
    let tables =
        tables(vec![all(&[Deed::Aclexec]), all(&[])], vec![all(&[Deed::Aclexec]), all(&[])]);
    let from = |start| match decide(&tables, &request, &Answers::default(), start) {
        Decision::Decided(decided) => decided.found.map(|found| (found.which, found.number)),
        Decision::Need(need, _) => panic!("{need:?}"),
    };
    assert_eq!(from(Start::Beginning), Some((Which::Allow, 0)));
    assert_eq!(from(Start::After(Which::Allow, 0)), Some((Which::Deny, 0)));
    assert_eq!(from(Start::After(Which::Deny, 0)), Some((Which::Deny, 1)));
    assert_eq!(from(Start::After(Which::Deny, 1)), None);
}

#[test]
fn a_file_that_cannot_be_read_grants_nothing() {
    let request = client("192.0.2.10", Name::Unknown);
    let none = Table::default;
    for (allow, deny, want) in [
        (Table::Unreadable, none(), End::Unreadable(Which::Allow)),
        (none(), Table::Unreadable, End::Unreadable(Which::Deny)),
        (Table::Rules(vec![rule(vec![vec![word("ALL")]], &[])]), Table::Unreadable, End::Granted),
    ] {
        assert_eq!(end(&Tables { allow, deny }, &request), Ok(want));
    }
}

#[test]
fn files_that_lead_to_themselves_end_and_grant_nothing() {
    let path = |name: &str| HostPattern::File(name.as_bytes().to_vec());
    let request = client("192.0.2.10", Name::Unknown);
    let mut answers = Answers::default();
    let tables = tables(vec![rule(vec![vec![path("/a")]], &[])], vec![]);
    let asked = decide(&tables, &request, &answers, Start::Beginning);
    assert!(matches!(asked, Decision::Need(Need::List(path), _) if path == b"/a"));
    // each names itself many times: without a bound, work without end
    let loops = ListFile::Patterns((0..100).map(|_| path("/a")).collect());
    answers.lists.insert(b"/a".to_vec(), loops);
    let Decision::Decided(decided) = decide(&tables, &request, &answers, Start::Beginning) else {
        panic!("everything is known");
    };
    assert_eq!(decided.end, End::Open(Why::List(b"/a".to_vec())));
    answers.lists.insert(b"/a".to_vec(), ListFile::Missing);
    let Decision::Decided(decided) = decide(&tables, &request, &answers, Start::Beginning) else {
        panic!("everything is known");
    };
    assert_eq!(decided.end, End::Granted);
    assert!(decided.found.is_none());
}
