//! Names of peers, against name servers that answer, misbehave, or attack.

use crate::dns::{self, A, AAAA, CNAME, PTR, Record, Reply, Server, address, name, nothing, ptr};
use crate::private::write_etc;
use crate::relay::Relay;
use portreeve_wire::QuestionId;
use portreeve_wire::relay::{FromRelay, MAX_NAMES, NamesAnswer, ToRelay};
use std::time::{Duration, Instant};

const SEVEN: &str = "7.2.0.192.in-addr.arpa";

fn resolver() {
    write_etc("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n");
}

fn yes(names: &[&str]) -> Result<Vec<String>, String> {
    Ok(names.iter().map(ToString::to_string).collect())
}

/// The usual zone: `mail.example` and its address, either way.
fn usual(asked: &str, kind: u16) -> Reply {
    match (asked, kind) {
        (SEVEN, PTR) => Reply::Answers(vec![ptr("Mail.EXAMPLE")]),
        ("mail.example", A) => Reply::Answers(vec![address("192.0.2.7")]),
        ("mail.example", AAAA) => Reply::Answers(vec![]),
        _ => nothing(),
    }
}

on_a_private_host! {
    fn names_count_if_they_come_back() {
        resolver();
        let _server = Server::start("127.0.0.1", |asked, kind| match (asked, kind) {
            ("8.2.0.192.in-addr.arpa", PTR) => {
                Reply::Answers(vec![ptr("bank.example"), ptr("www.example"), ptr("none.example")])
            }
            ("bank.example", A) => Reply::Answers(vec![address("198.51.100.1")]),
            ("www.example", A) => {
                Reply::Answers(vec![address("198.51.100.2"), address("192.0.2.8")])
            }
            // By way of an alias, as classless delegation does it (RFC 2317).
            ("9.2.0.192.in-addr.arpa", PTR) => Reply::Answers(vec![
                Record(None, CNAME, 60, name("9.sub.example")),
                Record(Some(name("9.sub.example")), PTR, 60, name("nine.example")),
            ]),
            ("nine.example", A) => Reply::Answers(vec![
                Record(None, CNAME, 60, name("real.example")),
                Record(Some(name("real.example")), A, 60, vec![192, 0, 2, 9]),
            ]),
            (six, PTR) if six.ends_with(".ip6.arpa") => Reply::Answers(vec![ptr("six.example")]),
            ("six.example", AAAA) => Reply::Answers(vec![address("2001:db8::7")]),
            _ => usual(asked, kind),
        });
        let relay = Relay::start(&[]);
        for (peer, want) in [
            ("192.0.2.7", vec!["mail.example"]),
            ("::ffff:192.0.2.7", vec!["mail.example"]),
            ("192.0.2.8", vec!["www.example"]),
            ("192.0.2.9", vec!["nine.example"]),
            ("2001:db8::7", vec!["six.example"]),
            ("2001:db8::8", vec!["?"]),
            ("203.0.113.1", vec![]),
        ] {
            assert_eq!(relay.names(peer), yes(&want), "{peer}");
        }
    }
}

on_a_private_host! {
    fn a_failure_is_not_an_absence() {
        // one that did not keep its own time would wait for half a minute
        write_etc("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:2\n");
        let _server = Server::start("127.0.0.1", |asked, kind| match (asked, kind) {
            ("1.113.0.203.in-addr.arpa", PTR) => Reply::Code(2, None),
            ("2.113.0.203.in-addr.arpa", PTR) => Reply::Silence,
            ("3.113.0.203.in-addr.arpa", PTR) => Reply::Answers(vec![ptr("lame.example")]),
            ("lame.example", A) => Reply::Code(2, None),
            ("4.113.0.203.in-addr.arpa", PTR) => Reply::Code(5, None),
            ("5.113.0.203.in-addr.arpa", PTR) => Reply::Answers(vec![]),
            _ => nothing(),
        });
        let relay = Relay::start(&["--names-seconds", "3"]);
        for (peer, want) in [
            ("203.0.113.1", Err("server failure".to_owned())),
            ("203.0.113.3", Err("server failure".to_owned())),
            ("203.0.113.4", Err("query refused".to_owned())),
            ("203.0.113.5", Ok(vec![])),
            ("203.0.113.6", Ok(vec![])),
        ] {
            assert_eq!(relay.names(peer), want, "{peer}");
        }
        let start = Instant::now();
        assert_eq!(relay.names("203.0.113.2"), Err("timeout".into()));
        assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
    }
}

on_a_private_host! {
    fn a_broken_server_is_passed_over() {
        let _broken = Server::start("127.0.0.1", |_, _| Reply::Code(2, None));
        let _refusing = Server::start("127.0.0.2", |_, _| Reply::Code(5, None));
        let good = Server::start("127.0.0.3", usual);
        write_etc("resolv.conf", "nameserver 127.0.0.1\nnameserver 127.0.0.2\nnameserver 127.0.0.3\n");
        let relay = Relay::start(&[]);
        assert_eq!(relay.names("192.0.2.7"), yes(&["mail.example"]));
        assert_eq!(good.asked(SEVEN, PTR), 1);
        // Not there at all: the kernel says so at once.
        write_etc("resolv.conf", "nameserver 192.0.2.3\nnameserver 127.0.0.3\noptions timeout:30\n");
        std::thread::sleep(Duration::from_millis(1100));
        let start = Instant::now();
        assert_eq!(relay.names("192.0.2.7"), yes(&["mail.example"]));
        assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
        write_etc("resolv.conf", "nameserver 192.0.2.3\noptions timeout:30\n");
        std::thread::sleep(Duration::from_millis(1100));
        let start = Instant::now();
        assert_eq!(relay.names("192.0.2.7"), Err("name server unreachable".into()));
        assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
    }
}

on_a_private_host! {
    fn the_hosts_file_goes_first_and_both_ways() {
        resolver();
        write_etc("hosts", "192.0.2.9 Listed.Example alias # comment\n192.0.2.1 gate.example\n");
        let server = Server::start("127.0.0.1", |asked, kind| match (asked, kind) {
            ("8.2.0.192.in-addr.arpa", PTR) => Reply::Answers(vec![ptr("gate.example")]),
            ("gate.example", A) => Reply::Answers(vec![address("192.0.2.8")]),
            _ => usual(asked, kind),
        });
        let relay = Relay::start(&[]);
        assert_eq!(relay.names("192.0.2.9"), yes(&["listed.example", "alias"]));
        assert_eq!(server.questions(), 0);
        // A name that the file gives to another cannot be claimed.
        assert_eq!(relay.names("192.0.2.8"), yes(&["?"]));
        assert_eq!(server.asked("gate.example", A), 0);
    }
}

on_a_private_host! {
    fn both_files_are_read_again_when_they_change() {
        resolver();
        let _old = Server::start("127.0.0.1", usual);
        let _new = Server::start("127.0.0.2", |asked, kind| match (asked, kind) {
            (SEVEN, PTR) => Reply::Answers(vec![ptr("new.example")]),
            ("new.example", A) => Reply::Answers(vec![address("192.0.2.7")]),
            _ => nothing(),
        });
        // As systemd-resolved leaves it: a link into /run, whose target is replaced.
        std::fs::create_dir_all("/run/systemd/resolve").unwrap();
        let target = "/run/systemd/resolve/stub-resolv.conf";
        std::fs::write(target, "nameserver 127.0.0.1\n").unwrap();
        std::fs::remove_file("/etc/resolv.conf").unwrap();
        std::os::unix::fs::symlink("../run/systemd/resolve/stub-resolv.conf", "/etc/resolv.conf")
            .unwrap();
        let relay = Relay::start(&[]);
        assert_eq!(relay.names("192.0.2.7"), yes(&["mail.example"]));
        std::fs::write("/run/systemd/resolve/next", "nameserver 127.0.0.2\n").unwrap();
        std::fs::rename("/run/systemd/resolve/next", target).unwrap();
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(relay.names("192.0.2.7"), yes(&["new.example"]));
        write_etc("hosts", "192.0.2.7 pinned.example\n");
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(relay.names("192.0.2.7"), yes(&["pinned.example"]));
        // What cannot be read is a failure with a place, not an empty file.
        std::fs::remove_file("/etc/hosts").unwrap();
        std::fs::create_dir("/etc/hosts").unwrap();
        std::thread::sleep(Duration::from_millis(1100));
        let failed = relay.names("192.0.2.7").unwrap_err();
        assert!(failed.starts_with("/etc/hosts: "), "{failed}");
    }
}

on_a_private_host! {
    fn no_other_file_can_be_read() {
        resolver();
        let _server = Server::start("127.0.0.1", usual);
        let relay = Relay::start(&[]);
        assert_eq!(relay.names("192.0.2.7"), yes(&["mail.example"]));
        std::fs::create_dir("/run/elsewhere").unwrap();
        std::fs::write("/run/elsewhere/resolv.conf", "nameserver 127.0.0.1\n").unwrap();
        std::fs::remove_file("/etc/resolv.conf").unwrap();
        std::os::unix::fs::symlink("/run/elsewhere/resolv.conf", "/etc/resolv.conf").unwrap();
        std::thread::sleep(Duration::from_millis(1100));
        let names = relay.names("192.0.2.7");
        match relay.landlock {
            Some(_) => assert!(names.unwrap_err().starts_with("/etc/resolv.conf: Permission denied")),
            None => assert_eq!(names, yes(&["mail.example"])),
        }
        // Started anew, it learns where the link leads.
        assert_eq!(Relay::start(&[]).names("192.0.2.7"), yes(&["mail.example"]));
    }
}

on_a_private_host! {
    fn answers_are_kept_as_long_as_they_hold() {
        resolver();
        let server = Server::start("127.0.0.1", |asked, kind| match (asked, kind) {
            ("8.2.0.192.in-addr.arpa", PTR) => {
                Reply::Answers(vec![Record(None, PTR, 1, name("short.example"))])
            }
            ("short.example", A) => Reply::Answers(vec![address("192.0.2.8")]),
            _ => usual(asked, kind),
        });
        let relay = Relay::start(&[]);
        for _ in 0..5 {
            assert_eq!(relay.names("192.0.2.7"), yes(&["mail.example"]));
            assert_eq!(relay.names("203.0.113.1"), yes(&[]));
        }
        assert_eq!((server.asked(SEVEN, PTR), server.asked("mail.example", A)), (1, 1));
        assert_eq!(server.asked("mail.example", AAAA), 0, "only the peer's family is asked for");
        assert_eq!(server.asked("1.113.0.203.in-addr.arpa", PTR), 1);
        let eight = "8.2.0.192.in-addr.arpa";
        assert_eq!(relay.names("192.0.2.8"), yes(&["short.example"]));
        std::thread::sleep(Duration::from_millis(1200));
        assert_eq!(relay.names("192.0.2.8"), yes(&["short.example"]));
        assert_eq!(server.asked(eight, PTR), 2);
    }
}

fn ask(relay: &Relay, number: u64, peer: &str) {
    let question = QuestionId(number);
    relay.say(&ToRelay::Names { question, peer: peer.parse().unwrap() }, &[]);
}

fn answer(relay: &Relay) -> (u64, NamesAnswer) {
    match relay.next() {
        FromRelay::Names { question, answer } => (question.0, answer),
        other => panic!("no names but {other:?}"),
    }
}

on_a_private_host! {
    fn one_peer_is_one_look_up_however_often_it_is_asked_for() {
        resolver();
        let server = Server::start("127.0.0.1", |asked, kind| {
            Reply::Late(Duration::from_millis(100), Box::new(usual(asked, kind)))
        });
        let relay = Relay::start(&[]);
        for number in 0..50 {
            ask(&relay, number, "192.0.2.7");
        }
        let mut answered: Vec<u64> = (0..50).map(|_| {
            let (number, answer) = answer(&relay);
            assert_eq!(answer, NamesAnswer::Confirmed(vec!["mail.example".into()]));
            number
        }).collect();
        answered.sort_unstable();
        assert_eq!(answered, (0..50).collect::<Vec<_>>());
        // Repetitions of an unanswered datagram are the library's affair.
        assert!(server.asked(SEVEN, PTR) <= 3, "{}", server.asked(SEVEN, PTR));
    }
}

on_a_private_host! {
    fn look_ups_are_bounded_and_neighbours_share() {
        write_etc("resolv.conf", "nameserver 127.0.0.1\noptions timeout:10 attempts:2\n");
        let _server = Server::start("127.0.0.1", |asked, kind| {
            if asked.ends_with("113.0.203.in-addr.arpa") { Reply::Silence } else { usual(asked, kind) }
        });
        let relay = Relay::start(&["--max-lookups", "16", "--names-seconds", "8"]);
        // One neighbourhood gets an eighth of the places; the others are at once told so.
        for number in 1..=4 {
            ask(&relay, number, &format!("203.0.113.{number}"));
        }
        let busy = NamesAnswer::Failed("busy".into());
        let mut refused = [answer(&relay), answer(&relay)];
        refused.sort_by_key(|(number, _)| *number);
        assert_eq!(refused, [(3, busy.clone()), (4, busy)]);
        assert_eq!(relay.names("192.0.2.7"), yes(&["mail.example"]));
        // What nobody waits for any more makes room.
        relay.say(&ToRelay::Forget(QuestionId(1)), &[]);
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        ask(&relay, 5, "203.0.113.5");
        let slow = [answer(&relay), answer(&relay)].map(|(number, _)| number);
        assert!(slow.contains(&2) && slow.contains(&5), "{slow:?}");
        assert!(start.elapsed() > Duration::from_millis(800), "question 5 was looked up");
        assert_eq!(relay.next_within(Duration::from_millis(300)), None, "question 1 is forgotten");
    }
}

/// What a hostile reverse zone answers, by the last byte of the peer's address.
fn attack(number: u8) -> Reply {
    let long = [b'x'; 63];
    match number {
        // A binary name, terminal escapes, dots inside a label, an address, an option.
        1 => Reply::Answers(
            [
                dns::labels(&[b"\0\xff\x1b[2J\n", b"example"]),
                dns::labels(&[b"bank.example", b"com"]),
                dns::labels(&[b"192", b"0", b"2", b"7"]),
                dns::labels(&[b"-rf", b"example"]),
                dns::labels(&[b"a b", b"example"]),
                dns::labels(&[]),
            ]
            .into_iter()
            .map(|data| Record(None, PTR, 60, data))
            .collect(),
        ),
        // As long as a name can be; 13: and longer.
        2 => Reply::Answers(vec![Record(
            None,
            PTR,
            60,
            dns::labels(&[&long, &long, &long, &long[..61]]),
        )]),
        13 => {
            let data = dns::labels(&[&long, &long, &long, &long]);
            Reply::Answers(vec![Record(None, PTR, 60, data)])
        }
        // An alias of itself; two of one another; and one without end, made up as it goes.
        3 => Reply::Answers(vec![Record(None, CNAME, 60, vec![0xc0, 12])]),
        4 => Reply::Answers(vec![Record(None, CNAME, 60, name("0.loop.example"))]),
        // More than any datagram holds.
        5 => Reply::Answers((0..2000).map(|n| ptr(&format!("n{n}.flood.example"))).collect()),
        // A compression loop, counts that lie, nothing, a lonely header, noise.
        6 => Reply::Raw(
            [b"\x81\x80\0\x01\0\x01\0\0\0\0".as_slice(), &[0xc0, 12, 0, 12, 0, 1]].concat(),
        ),
        7 => Reply::Raw(b"\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()),
        8 => Reply::Raw(Vec::new()),
        9 => Reply::Raw(vec![0xaa; 1400]),
        // A name of another type where a pointer belongs, data cut short.
        10 => Reply::Answers(vec![Record(None, A, 60, vec![192, 0, 2, 10])]),
        11 => Reply::Answers(vec![Record(None, PTR, 60, vec![63, b'x'])]),
        12 => Reply::Answers(vec![Record(None, PTR, u32::MAX, name("for-ever.example"))]),
        _ => nothing(),
    }
}

fn hostile(asked: &str, kind: u16) -> Reply {
    if let Some(last) = asked.strip_suffix(".113.0.203.in-addr.arpa") {
        return attack(last.parse().unwrap_or_default());
    }
    match asked.strip_suffix(".loop.example").map(|number| number.parse::<u64>()) {
        Some(Ok(number)) => {
            let next = name(&format!("{}.loop.example", number + 1));
            Reply::Answers(vec![Record(None, CNAME, 60, next)])
        }
        Some(Err(_)) => nothing(),
        None if asked.ends_with(".flood.example") => Reply::Answers(
            (0..3000_u32).map(|n| Record(None, A, 60, n.to_be_bytes().into())).collect(),
        ),
        None => usual(asked, kind),
    }
}

on_a_private_host! {
    fn hostile_zones_harm_nobody() {
        resolver();
        let server = Server::start("127.0.0.1", hostile);
        let relay = Relay::start(&["--names-seconds", "3"]);
        for number in 1..=14 {
            let start = Instant::now();
            match relay.names(&format!("203.0.113.{number}")) {
                Ok(names) => assert!(names.is_empty() || names == ["?"], "attack {number}: {names:?}"),
                Err(why) => {
                    assert!(matches!(number, 3..=11 | 13), "attack {number}: {why}");
                    assert!(why.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{why:?}");
                    assert!(why.len() < 200, "{why}");
                }
            }
            assert!(start.elapsed() < Duration::from_secs(25), "attack {number}");
        }
        let flooded = (0..2000).filter(|n| server.asked(&format!("n{n}.flood.example"), A) > 0);
        assert!(flooded.count() <= MAX_NAMES);
        let looped = (0..2000).filter(|n| server.asked(&format!("{n}.loop.example"), PTR) > 0);
        assert!(looped.count() <= 64);
        assert_eq!(relay.names("192.0.2.7"), yes(&["mail.example"]));
    }
}

on_a_private_host! {
    fn damaged_answers_harm_nobody() {
        resolver();
        let _server = Server::start("127.0.0.1", |asked, kind| {
            // 0.B.51.198.in-addr.arpa: the number B draws the damage.
            let number = asked.strip_suffix(".51.198.in-addr.arpa").and_then(|rest| rest.split('.').nth(1));
            match number.map(|number| number.parse::<u64>().unwrap()) {
                Some(number) => {
                    let alias = Record(None, CNAME, 60, name("x.sub.example"));
                    let owner = Some(name("x.sub.example"));
                    let pointer = Record(owner, PTR, 60, name("other.example"));
                    Reply::Damaged(vec![alias, pointer, ptr("third.example")], number * 7919)
                }
                None => usual(asked, kind),
            }
        });
        let relay = Relay::start(&["--names-seconds", "2"]);
        for number in 0..250 {
            ask(&relay, number, &format!("198.51.{number}.0"));
        }
        for _ in 0..250 {
            if let (_, NamesAnswer::Confirmed(names)) = answer(&relay) {
                panic!("{names:?} were confirmed");
            }
        }
        assert_eq!(relay.names("192.0.2.7"), yes(&["mail.example"]));
    }
}

on_a_private_host! {
    fn answers_of_strangers_are_not_taken() {
        resolver();
        // The server answers late; meanwhile someone sends forged answers to every port.
        let _server = Server::start("127.0.0.1", |asked, kind| {
            Reply::Late(Duration::from_millis(400), Box::new(usual(asked, kind)))
        });
        let relay = Relay::start(&[]);
        ask(&relay, 1, "192.0.2.7");
        let forger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for port in 32_768..=60_999_u16 {
            // Refused where nobody listens, and where the socket belongs to another.
            let _ = forger.send_to(&[0; 12], ("127.0.0.1", port));
        }
        let (_, names) = answer(&relay);
        assert_eq!(names, NamesAnswer::Confirmed(vec!["mail.example".into()]));
    }
}
