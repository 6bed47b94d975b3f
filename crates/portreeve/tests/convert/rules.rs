//! Rules of tcprules, as tcpserver obeys them and as lists.

use crate::kit::{Dice, lets_in, native};
use portreeve_config::convert::{Converted, tcprules};
use portreeve_model::Offer;
use portreeve_policy::{Names, Tables};
use portreeve_ucspi::rules::{Action, Addresses, Line, Peer, Stored, data, look_up};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;

const ADDRESSES: [&str; 24] = [
    "",
    "",
    "10.",
    "10.0.",
    "10.0.0.",
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.1-3",
    "10.0-1.",
    "192.0.2.",
    "9-11.",
    "2001:db8:",
    "2001:db8:5:",
    "2001:db8::1",
    "=a.example.org",
    "=.example.org",
    "=.org",
    "=b.example.org",
    "10.0.0",
    "10.0.0.0/8",
    "user@10.0.0.1",
    "=",
    "2001:db8::",
    "127.0.0.1",
];
const PEERS: [&str; 9] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.7.3",
    "10.1.0.1",
    "10.9.9.9",
    "192.0.2.1",
    "9.1.1.1",
    "2001:db8::1",
    "2001:db8:5::7",
];
const NAMES: [&str; 5] =
    ["a.example.org", "b.example.org", "x.a.example.org", "example.org", "c.test"];

fn text(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..dice.below(8) {
        let all = if dice.once_in(20) { &ADDRESSES[..] } else { &ADDRESSES[..18] };
        let address = *dice.one_of(all);
        let action = if dice.once_in(2) { "allow" } else { "deny" };
        let setting = if dice.once_in(12) { ",A=\"b\"" } else { "" };
        text += &format!("{address}:{action}{setting}\n");
    }
    text
}

fn converted(text: &str) -> Converted {
    tcprules(&[("/etc/tcp.smtp.txt".into(), text.into())])
}

/// The records that tcprules would make.
fn records(text: &str) -> HashMap<Vec<u8>, Vec<u8>> {
    let mut records = HashMap::new();
    for line in text.lines() {
        if let Line::Rule(rule) = Line::parse(line.as_bytes()).unwrap() {
            for key in Addresses::of(rule.address).unwrap() {
                records.entry(key.into_owned()).or_insert_with(|| data(&rule));
            }
        }
    }
    records
}

#[test]
fn converted_lists_decide_as_tcpserver_does() {
    let (mut same, mut kept) = (0, 0);
    for seed in 0..2000 {
        let text = text(&mut Dice(seed));
        let converted = converted(&text);
        if !converted.is_exact() {
            kept += 1;
            continue;
        }
        let (records, config) = (records(&text), native(&converted.text));
        let tables = Tables::compile(&config);
        let service = config.services.iter().find(|one| one.key.as_str() == "smtp").unwrap();
        same += 1;
        let Offer::Program(program) = &service.offer else { panic!("{service:?}") };
        let set: Vec<_> =
            program.environment.set.iter().filter(|(name, _)| name != "PATH").collect();
        for peer in PEERS {
            let address: IpAddr = peer.parse().unwrap();
            let known: Vec<_> = NAMES.iter().map(|name| [(*name).to_owned()]).collect();
            for names in known
                .iter()
                .map(|name| Names::Confirmed(name))
                .chain([Names::None, Names::Unconfirmed])
            {
                let host =
                    if let Names::Confirmed([name]) = names { Some(name.as_bytes()) } else { None };
                let asked = Peer { address: peer.as_bytes(), host, info: None };
                let find = |key: &[u8]| Ok::<_, Infallible>(records.get(key));
                let Ok(found) = look_up(&asked, find);
                let stored = found.as_ref().map(|(_, data)| Stored::parse(data));
                let want = stored.as_ref().is_none_or(|stored| stored.action == Action::Allow);
                let got = lets_in(&config, &tables, "smtp", address, names);
                assert_eq!(
                    got,
                    Some(want),
                    "seed {seed}: {peer} {names:?}\n{text}---\n{}",
                    converted.text
                );
                if want {
                    let pairs = stored.iter().flat_map(|stored| &stored.settings);
                    let pairs: Vec<_> = pairs.map(|one| (one.name, one.value)).collect();
                    let set: Vec<_> =
                        set.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
                    assert_eq!(set, pairs, "seed {seed}: {peer}\n{text}---\n{}", converted.text);
                }
            }
        }
    }
    assert!(same > 2 * kept && kept > 0, "{same} compared, {kept} kept");
}

#[test]
fn what_lists_cannot_say_is_kept_and_what_never_matches_is_told() {
    let kept = native(&converted("127.:allow,RELAYCLIENT=\"\"\n:allow\n").text);
    let smtp = kept.services.iter().find(|one| one.key.as_str() == "smtp").unwrap();
    assert!(smtp.admission.rules.is_some(), "the rules themselves go on deciding");
    let text = "127.:allow,RELAYCLIENT=\"\"\n:allow\n";
    let one = converted(text);
    assert!(
        one.text.contains("not native: /etc/tcp.smtp.txt:1: it sets variables"),
        "{}",
        one.text
    );
    assert!(
        one.text.contains("[service.smtp]") && one.text.contains("rules = \"/etc/tcp.smtp.txt\"")
    );
    let one = converted("192.0.2:deny\nno rule\n10.0.0.0/8:deny\n");
    assert!(one.is_exact());
    for want in
        [":1: it never matches: a prefix ends in a dot", ":2: a line without", ":3: it never"]
    {
        assert!(one.text.contains(want), "{want} in\n{}", one.text);
    }
    let one = converted(":allow,A=\"b\",A=\"c\"\n");
    assert!(one.text.contains("environment = { set = { A = \"c\" } }"), "{}", one.text);
    let bad = converted("1.2.3.4:deny\n1.2.3.5:reject\n");
    assert!(bad.text.is_empty() && bad.diagnostics.has_errors());
    let at = bad.diagnostics.iter().next().and_then(|one| one.at).unwrap();
    assert_eq!(bad.sources.line_column(at), (2, 9));
}
