//! Names, ident and DNS lists against servers that are slow, silent, lying, cutting short or gone:
//! nobody is let in by a failure, no place is held past its deadline, and who needs no look-up waits
//! for none.
#![forbid(unsafe_code)]

use portreeve_testkit::{
    DnsServer, IdentReply, IdentServer, Misbehaviour, World, Zone, open_descriptors,
    read_to_end_bounded, wait_for,
};
use portreeve_tests::{Door, SOON};
use std::net::TcpStream;
use std::thread::{ScopedJoinHandle, scope};

const RESOLVER: &str = "192.0.2.53";
const SERVER: &str = "192.0.2.53:53";

/// A world with a name server's place, and peers that may take any address of some public networks.
fn world(networks: &[&str]) -> World {
    let world = World::standard();
    world.add_client_address("far", RESOLVER);
    world.add_client("wide", networks);
    world.set_resolver(RESOLVER);
    world
}

fn heard(stream: std::io::Result<TcpStream>) -> String {
    match stream {
        Ok(stream) => read_to_end_bounded(&stream, 1 << 16, SOON).text(),
        Err(error) => format!("{error}"),
    }
}

fn from(world: &World, peer: &str, port: u16) -> String {
    heard(world.connect_from("wide", peer, &format!("192.168.0.1:{port}")))
}

fn service(name: &str, port: u16, rules: &str) -> String {
    format!(
        "[service.{name}]\nlisten = [\"192.168.0.1:{port}\"]\nrun = [\"/bin/echo\", \"in\"]\n{rules}\n"
    )
}

/// `198.51.100.N` as a list is asked about it.
fn entry(last: u8, zone: &str) -> String {
    format!("{last}.100.51.198.{zone}")
}

#[test]
fn who_is_on_a_list_is_refused_and_told_of_by_its_words() {
    let world = world(&["198.51.100.0/24"]);
    let zone = Zone::new()
        .address(&entry(7, "bl.example"), "127.0.0.2")
        .text(&entry(7, "bl.example"), "spam source, see https://bl.example/")
        .address(&entry(8, "bl.example"), "127.0.0.2")
        .address(&entry(8, "good.example"), "127.0.0.1")
        .address(&entry(9, "bl.example"), "127.0.0.9")
        .address(&entry(7, "everybody.example"), "127.0.0.2")
        .address("1.0.0.127.everybody.example", "127.0.0.2");
    let dns = DnsServer::start(&world, "far", SERVER, zone);
    let lists = "deny-listed = [{ zone = \"bl.example\", codes = [\"127.0.0.2-127.0.0.4\"] }]\n\
                 except-listed = [\"good.example\"]";
    let everybody = "deny-listed = [\"everybody.example\"]";
    let configuration = service("smtp", 700, lists) + &service("open", 701, everybody);
    let door = Door::native(&world, &configuration);
    assert_eq!(from(&world, "198.51.100.7", 700), "");
    assert_eq!(from(&world, "198.51.100.8", 700), "in\n", "an exception");
    assert_eq!(from(&world, "198.51.100.9", 700), "in\n", "listed for what does not count");
    assert_eq!(from(&world, "198.51.100.10", 700), "in\n", "on no list");
    let refused = door.expect("refused", |e| e["peer"] == "198.51.100.7");
    assert_eq!((&refused["class"], &refused["reason"]), (&"rule".into(), &"listed".into()));
    let text = refused["text"].as_str().unwrap_or_default();
    assert!(text.contains("`bl.example`") && text.contains("spam source, see"), "{text}");
    // private addresses are nobody's business
    let asked = dns.queries().len();
    assert_eq!(heard(world.connect("lan", "192.168.0.1:700")), "in\n");
    assert_eq!(dns.queries().len(), asked);
    // explain says what it does not know
    let explained = door.command(&["explain", "smtp", "198.51.100.7"]);
    let explained = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(explained.contains("DNS lists have to be asked"), "{explained}");
    // a list that has everybody refuses nobody, whatever it says
    assert_eq!(from(&world, "198.51.100.7", 701), "in\n");
}

/// What the servers do, and whether an answer comes through all the same.
const ILL: [(&str, Option<Misbehaviour>, bool); 9] = [
    ("silent", Some(Misbehaviour::Drop), false),
    ("fails", Some(Misbehaviour::Fail), false),
    ("id", Some(Misbehaviour::WrongId), false),
    ("name", Some(Misbehaviour::WrongName), false),
    ("elsewhere", Some(Misbehaviour::Elsewhere), false),
    ("loop", Some(Misbehaviour::Loop), false),
    ("garbage", Some(Misbehaviour::Garbage), false),
    ("cut", Some(Misbehaviour::Truncate), true),
    ("cut-for-ever", Some(Misbehaviour::TruncateForEver), false),
];

#[test]
fn no_server_that_lies_or_fails_admits_anybody_or_lists_anybody() {
    let world = world(&["198.51.100.0/24"]);
    let (mut zone, mut configuration) = (Zone::new(), String::new());
    configuration += &service("allowed", 700, "allow = [\".example.org\"]");
    configuration += &service("denied", 701, "deny = [\".example.org\"]");
    for (number, (name, how, _)) in (1..).zip(ILL) {
        let (peer, list) = (format!("198.51.100.{number}"), format!("{name}.example"));
        zone = zone
            .host(&format!("{name}.example.org"), &peer)
            .address(&entry(number, &list), "127.0.0.2");
        if let Some(how) = how {
            zone = zone.ill(&peer, how).ill(&entry(number, &list), how);
        }
        let port = 800 + u16::from(number);
        configuration +=
            &service(&format!("pass-{name}"), port, &format!("deny-listed = [\"{list}\"]"));
        let strict = format!("deny-listed = [{{ zone = \"{list}\", when-unknown = \"refuse\" }}]");
        configuration += &service(&format!("strict-{name}"), port + 100, &strict);
    }
    let _dns = DnsServer::start(&world, "far", SERVER, zone);
    let door = Door::native(&world, &configuration);
    let ports = |number: u8| [700, 701, 800 + u16::from(number), 900 + u16::from(number)];
    let answers: Vec<Vec<String>> = scope(|scope| {
        let ask = |number: u8, port| {
            let world = &world;
            scope.spawn(move || from(world, &format!("198.51.100.{number}"), port))
        };
        let all: Vec<Vec<ScopedJoinHandle<'_, String>>> = (1..)
            .zip(ILL)
            .map(|(number, _)| ports(number).into_iter().map(|port| ask(number, port)).collect())
            .collect();
        let join = |one: ScopedJoinHandle<'_, String>| one.join().unwrap_or_default();
        all.into_iter().map(|asked| asked.into_iter().map(join).collect()).collect()
    });
    for ((name, _, comes_through), answers) in ILL.into_iter().zip(answers) {
        let [allowed, denied, pass, strict] = &answers[..] else { panic!("{answers:?}") };
        let wanted = if comes_through { "in\n" } else { "" };
        assert_eq!(allowed, wanted, "{name}: a name that could not be looked up admits nobody");
        assert_eq!(denied, "", "{name}: where a name denies, nobody comes in by hiding it");
        assert_eq!(pass == "in\n", !comes_through, "{name}: only an answer lists somebody");
        assert_eq!(strict, "", "{name}: listed, or not known where that refuses");
    }
    let reason = |service: &str| {
        let refused = door.expect("refused", |e| e["service"] == service);
        refused["reason"].as_str().unwrap_or_default().to_owned()
    };
    for (name, _, comes_through) in ILL {
        let wanted = if comes_through { "listed" } else { "list-failed" };
        assert_eq!(reason(&format!("strict-{name}")), wanted, "{name}");
    }
}

#[test]
fn names_that_are_none_and_answers_of_no_list_count_for_nothing() {
    let world = world(&["198.51.100.0/24"]);
    let zone = Zone::new()
        // an address that poses as a name, one that belongs to another, one with a stranger's bytes
        .name("198.51.100.1", "192.168.0.50")
        .name("198.51.100.2", "friend.example.org")
        .address("friend.example.org", "198.51.100.99")
        .name("198.51.100.3", "a b\x1b.example.org")
        .address(&entry(1, "parked.example"), "203.0.113.80")
        .address(&entry(1, "declines.example"), "127.255.255.254");
    let dns = DnsServer::start(&world, "far", SERVER, zone);
    let lists = "deny-listed = [\"parked.example\", \"declines.example\"]";
    let configuration = service("allowed", 700, "allow = [\"192.168.0.50\", \".example.org\"]")
        + &service("smtp", 701, lists);
    let door = Door::native(&world, &configuration);
    for last in 1..=3 {
        let peer = format!("198.51.100.{last}");
        assert_eq!(from(&world, &peer, 700), "", "{peer} has no name that leads back");
    }
    for last in 1..=3 {
        // that it declines and that it is parked is told after a while, and refuses nobody
        assert_eq!(from(&world, &format!("198.51.100.{last}"), 701), "in\n");
    }
    // the whole server is gone: its port refuses
    drop(dns);
    assert_eq!(from(&world, "198.51.100.20", 700), "");
    for last in 20..=24 {
        assert_eq!(from(&world, &format!("198.51.100.{last}"), 701), "in\n");
    }
    wait_for(SOON, "an alarm about the lists", || {
        let alarms = door.status()["alarms"].to_string();
        alarms.contains("parked.example") && alarms.contains("declines.example")
    });
}

#[test]
fn a_thousand_slow_look_ups_delay_nobody_and_hold_no_place() {
    let networks = ["198.51.100.0/24", "198.18.1.0/24", "198.18.2.0/24", "198.18.3.0/24"];
    let world = world(&networks);
    let silence = world.datagrams("far", SERVER); // takes every question, and answers none
    let door = Door::native(
        &world,
        &(service("named", 700, "allow = [\".example.org\"]")
            + &service(
                "listed",
                701,
                "deny-listed = [{ zone = \"bl.example\", when-unknown = \"refuse\" }]",
            )
            + &service("plain", 702, "")),
    );
    assert_eq!(heard(world.connect("lan", "192.168.0.1:702")), "in\n");
    let before = open_descriptors(door.monitor()).len();
    let mut waiting = Vec::new();
    for network in networks {
        let head = network.trim_end_matches("0/24");
        for last in 1..=250 {
            let to = if last % 2 == 0 { "192.168.0.1:700" } else { "192.168.0.1:701" };
            waiting.push(world.connect_from("wide", &format!("{head}{last}"), to));
        }
        // who needs no look-up is served among them
        assert_eq!(heard(world.connect("lan", "192.168.0.1:702")), "in\n");
    }
    assert_eq!(waiting.len(), 1000);
    for stream in waiting {
        assert_eq!(heard(stream), "", "nobody comes in because nobody answers");
    }
    wait_for(SOON, "every refusal to be told", || {
        let refused = door.events().into_iter().filter(|e| e["event"] == "refused");
        refused.filter_map(|e| e["count"].as_u64()).sum::<u64>() == 1000
    });
    wait_for(SOON, "every place to be free", || open_descriptors(door.monitor()).len() <= before);
    assert_eq!(heard(world.connect("lan", "192.168.0.1:702")), "in\n");
    drop(silence);
}

#[test]
fn an_ident_server_that_is_silent_lies_or_is_gone_names_nobody() {
    let world = world(&["198.51.100.0/24"]);
    let door = Door::native(&world, &service("known", 700, "log = { ident = \"require\" }"));
    let replies = [
        IdentReply::Error("HIDDEN-USER".into()),
        IdentReply::Close,
        IdentReply::Silence,
        // about other ports, and about none
        IdentReply::Raw(b"1 , 1 : USERID : UNIX : root\r\n".to_vec()),
        IdentReply::Raw(b"USERID : UNIX : root\r\n".to_vec()),
        IdentReply::Raw(vec![b'x'; 1 << 16]),
        IdentReply::User("joe".into()),
    ];
    let peer = |number: usize| format!("198.51.100.{}", number + 1);
    let servers: Vec<IdentServer> = replies
        .iter()
        .enumerate()
        .map(|(n, reply)| {
            IdentServer::start(&world, "wide", &format!("{}:113", peer(n)), reply.clone())
        })
        .collect();
    let answers: Vec<String> = scope(|scope| {
        let ask = |number| {
            let world = &world;
            scope.spawn(move || from(world, &peer(number), 700))
        };
        // one more than there are servers: the last has none
        let all: Vec<_> = (0..=servers.len()).map(ask).collect();
        all.into_iter().map(|one| one.join().unwrap_or_default()).collect()
    });
    for (number, answer) in answers.iter().enumerate() {
        let named = replies.get(number) == Some(&IdentReply::User("joe".into()));
        assert_eq!(answer, if named { "in\n" } else { "" }, "{:?}", replies.get(number));
        if !named {
            door.expect("refused", |e| {
                e["peer"] == peer(number).as_str() && e["reason"] == "ident"
            });
        }
    }
}
