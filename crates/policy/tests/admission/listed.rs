//! Lists in files of their own: images that are looked into, swapped, damaged or missing.

use crate::common::*;
use portreeve_lists::Builder;
use portreeve_model::{
    AccessList, Admission, AllowList, Config, ListFile, Pattern, Rule, Source, SourceFile,
    SourceId, SourceKind,
};
use portreeve_policy::{
    Detail, Image, Names, NoTrace, ServiceIndex, State, Tables, Verdict, consider,
};

const PATHS: [&str; 2] = ["/etc/portreeve/office.list", "/etc/portreeve/bad.list"];

fn listed(source: u32, line: u32) -> Rule {
    let path = PATHS[source as usize].to_owned();
    let text = format!("@{path}");
    let pattern = Pattern::Listed(ListFile { source: SourceId(source), path });
    Rule { pattern, text, origin: at(line) }
}

fn config(allow: Option<Vec<Rule>>, deny: Vec<Rule>) -> Config {
    let allow = allow.map(|rules| AllowList { rules, origin: at(100) });
    let list = AccessList { dialect: portreeve_model::Dialect::Native, allow, deny };
    let admission = Admission { lists: vec![list], ..Admission::default() };
    let source = |(number, path): (u32, &&str)| Source {
        kind: SourceKind::List(SourceFile { path: (*path).to_owned(), file: 7 + number }),
        origin: at(1),
    };
    Config {
        services: vec![service("ssh", admission)],
        sources: (0..).zip(&PATHS).map(source).collect(),
        ..Config::default()
    }
}

/// An image of words, whose lines are counted from 1.
fn image(words: &str) -> Image {
    let mut builder = Builder::new(3);
    for (line, word) in (1..).zip(words.split_whitespace()) {
        match rule(word, line).pattern {
            Pattern::Network(network) => builder.network(network, line),
            Pattern::Range(range) => builder.range(range, line),
            Pattern::Host(host) => builder.host(&host, line),
            Pattern::Listed(_) => unreachable!("no list names another"),
        }
    }
    Image::whole(builder.build().unwrap())
}

/// What is decided, and the file and line that are cited.
fn ask(tables: &Tables, peer: &str, names: Names<'_>) -> (String, Option<(u32, u32)>) {
    let state = State::new(10, 0);
    let facts = portreeve_policy::Facts { names, ..facts(peer) };
    let verdict = consider(tables, ServiceIndex(0), &state, &facts, &mut NoTrace);
    let origin = match &verdict {
        Verdict::Refuse(refusal) => refusal.origin.map(|origin| (origin.file, origin.line)),
        _ => None,
    };
    let word = match verdict {
        Verdict::Grant((), _) => "granted".to_owned(),
        Verdict::Refuse(refusal) => match refusal.detail {
            Detail::Denied { rule } => rule.into(),
            _ => refusal.reason.word().to_owned(),
        },
        Verdict::Need(_) => "names".to_owned(),
        other => format!("{other:?}"),
    };
    (word, origin)
}

#[test]
fn an_entry_of_a_file_decides_and_is_cited_with_its_line() {
    let config = config(Some(vec![listed(0, 101)]), vec![rule("10.9.0.0/16", 201), listed(1, 202)]);
    let mut tables = Tables::compile(&config);
    tables.set_source(SourceId(0), Ok(image("192.0.2.1 10.0.0.0/8 2001:db8::/32")));
    tables.set_source(SourceId(1), Ok(image("10.1.0.0/16 10.9.9.9 10.2.0.1-10.2.0.9")));
    for (peer, word, cited) in [
        ("10.5.5.5", "granted", None),
        ("192.0.2.1", "granted", None),
        ("192.0.2.2", "rule", Some((0, 100))),
        ("10.1.1.1", "@/etc/portreeve/bad.list", Some((8, 1))),
        ("10.2.0.9", "@/etc/portreeve/bad.list", Some((8, 3))),
        ("10.9.9.9", "10.9.0.0/16", Some((0, 201))), // the first written
        ("2001:db8::1", "granted", None),
    ] {
        let want = (word.to_owned(), cited);
        assert_eq!(ask(&tables, peer, Names::NotAsked), want, "{peer}");
    }
    // another image decides at once, and the tables that share the rest are not changed
    let before = tables.clone();
    tables.set_source(SourceId(1), Ok(image("172.16.0.0/12")));
    assert_eq!(ask(&tables, "10.1.1.1", Names::NotAsked).0, "granted");
    assert_eq!(ask(&before, "10.1.1.1", Names::NotAsked).1, Some((8, 1)));
}

#[test]
fn names_of_a_file_are_asked_for_only_where_they_decide() {
    let config = config(Some(vec![listed(0, 101)]), vec![]);
    let mut tables = Tables::compile(&config);
    tables.set_source(SourceId(0), Ok(image("192.0.2.1 .example")));
    let known = ["mail.example".to_owned()];
    assert_eq!(ask(&tables, "192.0.2.1", Names::NotAsked).0, "granted");
    assert_eq!(ask(&tables, "192.0.2.2", Names::NotAsked).0, "names");
    assert_eq!(ask(&tables, "192.0.2.2", Names::Confirmed(&known)).0, "granted");
    for names in [Names::Failed, Names::None, Names::Unconfirmed] {
        assert_eq!(ask(&tables, "192.0.2.2", names).0, "rule");
    }
    tables.set_source(SourceId(0), Ok(image("192.0.2.1")));
    assert_eq!(ask(&tables, "192.0.2.2", Names::NotAsked).0, "rule", "no name, nobody is asked");
}

#[test]
fn a_denied_name_of_a_file_refuses_while_names_cannot_be_had() {
    let config = config(None, vec![listed(1, 201)]);
    let mut tables = Tables::compile(&config);
    tables.set_source(SourceId(1), Ok(image("192.0.2.1 .example")));
    let known = ["mail.example".to_owned()];
    assert_eq!(ask(&tables, "192.0.2.2", Names::Failed), ("names-failed".into(), Some((8, 2))));
    let denied = ask(&tables, "192.0.2.2", Names::Confirmed(&known));
    assert_eq!(denied, ("@/etc/portreeve/bad.list".into(), Some((8, 2))));
    assert_eq!(ask(&tables, "192.0.2.2", Names::None).0, "granted");
}

#[test]
fn without_a_whole_image_nobody_comes_in() {
    for (allow, deny) in [(Some(vec![listed(0, 101)]), vec![]), (None, vec![listed(0, 201)])] {
        let config = config(allow, deny);
        let mut tables = Tables::compile(&config);
        assert_eq!(ask(&tables, "10.0.0.1", Names::NotAsked).0, "unreadable", "never read");
        tables.set_source(SourceId(0), Err("it is gone".into()));
        assert_eq!(ask(&tables, "10.0.0.1", Names::NotAsked).0, "unreadable");
        for bytes in [Vec::new(), b"10.0.0.1\n".to_vec(), vec![0; 4096]] {
            tables.set_source(SourceId(0), Ok(Image::whole(bytes)));
            assert_eq!(ask(&tables, "10.0.0.1", Names::NotAsked).0, "unreadable");
        }
        tables.set_source(SourceId(0), Ok(image("192.0.2.1")));
        assert_ne!(ask(&tables, "10.0.0.1", Names::NotAsked).0, "unreadable");
    }
}
