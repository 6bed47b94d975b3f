//! DNS lists, against zones that answer, misbehave, or attack.

use crate::dns::{A, CNAME, Record, Reply, Server, TXT, address, name, nothing, ptr, text};
use crate::private::write_etc;
use crate::relay::{PATIENT, Relay};
use portreeve_model::{DnsZone, ListAnswer};
use portreeve_wire::QuestionId;
use portreeve_wire::relay::{FromRelay, ToRelay};
use std::time::{Duration, Instant};

fn resolver() {
    write_etc("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
}

fn zone(name: &str) -> DnsZone {
    DnsZone { name: name.into(), codes: Vec::new() }
}

fn listed(words: &str) -> ListAnswer {
    ListAnswer::Listed(words.into())
}

fn unknown(why: &str) -> ListAnswer {
    ListAnswer::Unknown(why.into())
}

const SEVEN: &str = "7.113.0.203";

/// Zones of every temper. Who is listed is 203.0.113.7 alone, but where a zone lies.
fn zones(asked: &str, kind: u16) -> Reply {
    let asked = asked.strip_suffix(".example").unwrap_or_default();
    let Some((who, zone)) = asked.rsplit_once('.') else { return nothing() };
    let seven = who == SEVEN || who.starts_with("7.0.0.0.0.0.0.0.");
    match (zone, kind, seven) {
        ("silent", ..) | ("mute", TXT, _) => Reply::Silence,
        ("fails", ..) => Reply::Code(2, None),
        ("everybody", A, _) => Reply::Answers(vec![address("127.0.0.2")]),
        ("declines", A, _) => Reply::Answers(vec![address("127.255.255.254")]),
        ("parked", A, _) => Reply::Answers(vec![address("203.0.113.80")]),
        ("loops", A | CNAME, _) => {
            Reply::Answers(vec![Record(None, CNAME, 60, name(&format!("{asked}.example")))])
        }
        ("bl" | "mute" | "text" | "hostile", A, true) => Reply::Answers(vec![address("127.0.0.4")]),
        ("bl", TXT, true) => Reply::Answers(vec![text(&[b"spam, see ", b"bl.example"])]),
        ("hostile", TXT, true) => Reply::Answers(vec![text(&[b"a\x1b[2J\n", &[b'x'; 255]])]),
        ("text", TXT, true) => Reply::Answers(vec![ptr("not.text")]),
        ("mixed", A, true) => Reply::Answers(vec![
            address("203.0.113.80"),
            address("127.0.0.9"),
            address("127.0.0.4"),
        ]),
        ("alias", A, true) => Reply::Answers(vec![
            Record(None, CNAME, 60, name("real.alias.example")),
            Record(Some(name("real.alias.example")), A, 60, vec![127, 0, 0, 4]),
        ]),
        // past what a datagram takes, so it is asked again over TCP
        ("long", A, true) => {
            Reply::Answers((0..255).map(|n| Record(None, A, 60, vec![127, 0, 1, n])).collect())
        }
        _ => nothing(),
    }
}

on_a_private_host! {
    fn a_list_is_believed_when_it_answers_as_lists_do() {
        resolver();
        let server = Server::start("127.0.0.1", zones);
        let relay = Relay::start(&["--lists-seconds", "15"]);
        let rows = [
            ("bl.example", listed("spam, see bl.example")),
            ("mixed.example", listed("")),
            ("alias.example", listed("")),
            ("long.example", listed("")),
            ("text.example", listed("")),
            ("nowhere.example", ListAnswer::NotListed),
            ("everybody.example", unknown("it has 127.0.0.1, so everybody")),
            ("declines.example", unknown("it declines to answer (127.255.255.254)")),
            ("parked.example", unknown("it answers 203.0.113.80, which no list does")),
            ("fails.example", unknown("server failure")),
        ];
        let asked: Vec<DnsZone> = rows.iter().map(|(name, _)| zone(name)).collect();
        let answers = relay.listed("203.0.113.7", &asked);
        for ((name, want), got) in rows.iter().zip(&answers) {
            assert_eq!(got, want, "{name}");
        }
        assert_eq!(answers.len(), rows.len());
        let six = relay.listed("2001:db8::7", &[zone("bl.example")]);
        assert_eq!(six, [listed("spam, see bl.example")]);
        assert_eq!(relay.listed("2001:db8::8", &[zone("bl.example")]), [ListAnswer::NotListed]);
        assert_eq!(relay.listed("::ffff:203.0.113.7", &[zone("bl.example")]), [listed("spam, see bl.example")]);
        // only codes that count
        let narrow = |first, last| DnsZone {
            codes: vec![(std::net::Ipv4Addr::from(first), std::net::Ipv4Addr::from(last))],
            ..zone("bl.example")
        };
        let (no, yes) = (narrow([127, 0, 0, 2], [127, 0, 0, 3]), narrow([127, 0, 0, 3], [127, 0, 0, 4]));
        assert_eq!(relay.listed("203.0.113.7", &[no, yes]), [ListAnswer::NotListed, listed("spam, see bl.example")]);
        let [ListAnswer::Listed(words)] = &relay.listed("203.0.113.7", &[zone("hostile.example")])[..] else {
            panic!("not listed");
        };
        assert!(words.starts_with("a\\x1b[2J\\x0axxx") && words.len() <= 200, "{words}");
        let looped = relay.listed("203.0.113.7", &[zone("loops.example")]);
        assert_eq!(looped, [unknown("an alias that leads nowhere")]);
        // no and yes are both kept: nobody is asked twice
        let before = server.questions();
        relay.listed("203.0.113.7", &[zone("bl.example"), zone("nowhere.example")]);
        assert_eq!(server.questions(), before);
        assert_eq!(server.asked("1.0.0.127.bl.example", A), 2, "once for each set of codes");
    }
}

on_a_private_host! {
    fn a_silent_list_costs_its_deadline_and_then_nothing() {
        resolver();
        let server = Server::start("127.0.0.1", zones);
        let relay = Relay::start(&["--lists-seconds", "5"]);
        let (silent, bl) = (zone("silent.example"), zone("bl.example"));
        for last in 1..=3 {
            let start = Instant::now();
            let answers = relay.listed(&format!("203.0.113.{last}"), &[silent.clone(), bl.clone()]);
            assert!(matches!(&answers[..], [ListAnswer::Unknown(_), ListAnswer::NotListed]), "{answers:?}");
            assert!(start.elapsed() < Duration::from_secs(5) + PATIENT / 2);
        }
        // left alone: it is not asked at all
        let before = server.questions();
        assert_eq!(relay.listed("203.0.113.9", &[silent]), [unknown("silent lately")]);
        assert_eq!(server.questions(), before);
        // words that do not come are no reason to wait for the deadline, nor to doubt the list
        assert_eq!(relay.listed("203.0.113.7", &[zone("mute.example")]), [listed("")]);
    }
}

on_a_private_host! {
    fn many_peers_wait_for_one_silent_list_and_nobody_else_does() {
        resolver();
        let server = Server::start("127.0.0.1", zones);
        let relay = Relay::start(&["--lists-seconds", "5"]);
        let ask = |number: u64, peer: String| {
            let question = QuestionId(number);
            let zones = vec![zone("silent.example")];
            relay.say(&ToRelay::Listed { question, peer: peer.parse().unwrap(), zones }, &[]);
        };
        let answers = |count: usize| -> Vec<(u64, ListAnswer)> {
            let one = || match relay.next() {
                FromRelay::Listed { question, mut answers } => (question.0, answers.remove(0)),
                other => panic!("no lists but {other:?}"),
            };
            (0..count).map(|_| one()).collect()
        };
        // a thousand connections of one peer are one question
        (0..1000).for_each(|number| ask(number, "203.0.113.7".into()));
        let mut told = answers(1000);
        told.sort_by_key(|(number, _)| *number);
        assert!(told.iter().map(|(number, _)| *number).eq(0..1000));
        assert!(told.iter().all(|(_, answer)| matches!(answer, ListAnswer::Unknown(_))));
        assert!(server.asked("7.113.0.203.silent.example", A) <= 8);
        // a thousand peers: names are found meanwhile, and another list answers
        (0..1000).for_each(|n| ask(n, format!("198.{}.{}.9", 18 + n / 250, n % 250)));
        write_etc("hosts", "192.0.2.9 nine.example\n");
        relay.say(&ToRelay::Names { question: QuestionId(5000), peer: "203.0.113.1".parse().unwrap() }, &[]);
        let bl = ToRelay::Listed { question: QuestionId(5001), peer: "203.0.113.7".parse().unwrap(), zones: vec![zone("bl.example")] };
        relay.say(&bl, &[]);
        let mut seen = Vec::new();
        for _ in 0..1002 {
            match relay.next() {
                FromRelay::Listed { question: QuestionId(5001), answers } => {
                    seen.push((5001, answers.first().cloned()));
                }
                FromRelay::Listed { question, .. } => seen.push((question.0, None)),
                FromRelay::Names { question, .. } => seen.push((question.0, None)),
                other => panic!("{other:?}"),
            }
        }
        assert!(seen.contains(&(5000, None)));
        assert!(seen.contains(&(5001, Some(listed("spam, see bl.example")))));
    }
}
