use super::*;
use crate::errand::{About, Kind};
use portreeve_model::{DnsZone, ListAnswer, Mark, Network, Reach};
use portreeve_policy::{Answered, Effects, Errand, Said, Ticket};
use portreeve_wire::SessionId;
use portreeve_wire::clerk::BanEnd;
use portreeve_wire::relay::{IdentReply, NamesAnswer};

fn session() -> SessionRef {
    let end = |last: u8, port| End { address: [192, 0, 2, last].into(), port };
    SessionRef {
        session: SessionId(7),
        service: 0,
        key: "ssh".into(),
        peer: end(7, 40000),
        local: end(1, 22),
        pid: Some(4711),
    }
}

#[expect(clippy::too_many_lines, reason = "one of everything")]
fn estate() -> Estate {
    let second = Duration::from_secs;
    let live = LiveSession {
        reference: session(),
        place: Place {
            key: "ssh".parse().unwrap(),
            ticket: Ticket(7),
            peer: [192, 0, 2, 7].into(),
            startup: Some((second(3), Some(second(120)))),
        },
        relay: None,
        since: second(3),
        authentication: Authentication::Notify(5),
        authenticated: false,
        handed_over: true,
        packets: false,
        ending: Some(EndCause::Command { uid: 5 }),
        kill: Some(second(9)),
        idle: Some(Watch {
            local: ([192, 0, 2, 1].into(), 22),
            peer: ([192, 0, 2, 7].into(), 40_000),
            interface: 0,
            cookie: 1 << 40,
            limit: second(600),
            due: second(601),
        }),
        kill_after: second(5),
        user: Some("joe".into()),
        began: Some(99),
    };
    let network = Network::around([203, 0, 113, 7].into(), 32, 64);
    let key = BanKey { network, only: String::new() };
    Estate {
        head: Head {
            version: "0.1.0".into(),
            opened: second(1),
            generation: 2,
            relays: vec![12],
            given_back: vec!["ssh".into()],
            question: 3,
            descriptors: vec![("control".into(), 257)],
        },
        configuration: Some(Configuration {
            config: Config::default(),
            resolved: Resolved::default(),
        }),
        images: vec![Kept {
            image: Some(KeptImage { file: 0, offset: 4096, length: 7, entries: 1 }),
            watched: vec![Watched {
                path: "/etc/deny".into(),
                mark: Mark::There {
                    device: 1,
                    inode: 2,
                    size: 3,
                    modified: (4, 5),
                    changed: (6, 7),
                },
                reach: Reach::Local,
            }],
            since: 1_700_000_000,
        }],
        totals: Totalled { next_ticket: 8, services: Vec::new() },
        sessions: vec![live],
        waiting: Waiting {
            lost: 3,
            unreported: 1,
            left: vec![(session(), Form::Log)],
            events: Vec::new(),
        },
        bans: Bans {
            known: true,
            all: vec![BanRecord {
                network,
                since: 1,
                until: Some(5),
                service: "trap".into(),
                reason: "touched".into(),
                origin: None,
                only: String::new(),
                judge: String::new(),
            }],
            unstored: vec![(key.clone(), 4, ToClerk::Unban { serial: 4, end: over(key) })],
            next_serial: 4,
            breaker: BreakerState::default(),
            known_good: vec![(network, 3)],
        },
        undecided: vec![Undecided {
            key: "ssh".into(),
            peer: session().peer,
            local: session().local,
            dual: false,
            since: second(4),
            known: Known {
                names: Some(NamesAnswer::Confirmed(vec!["a.example".into()])),
                server_names: Some(NamesAnswer::Unconfirmed),
                listed: Some(vec![(
                    DnsZone { name: "zone.example".into(), codes: Vec::new() },
                    ListAnswer::Listed("spam".into()),
                )]),
                ident: Some(IdentReply::User { text: "UNIX : joe".into(), user: b" joe".into() }),
                answered: vec![Answered {
                    errand: Errand::Netgroup { group: b"g".into(), host: b"h".into() },
                    said: Said::No,
                }],
                effects: Effects::default(),
            },
            banner: None,
        }],
        jobs: vec![LiveJob {
            pid: 4712,
            job: Job::of(
                Kind::Spawn,
                About { key: "ssh".into(), peer: session().peer, text: "date".into() },
                second(60),
            ),
            began: Some(7),
        }],
        enforcers: Default::default(),
    }
}

fn over(ban: BanKey) -> BanEnd {
    BanEnd { ban, at: 5, how: "expired".into(), by: None }
}

#[test]
fn an_estate_survives() {
    let read = Estate::read(&estate().write().unwrap()).unwrap();
    assert_eq!(read, Read { estate: estate(), lost: Vec::new() });
}

#[test]
fn a_part_of_another_format_is_lost_alone_and_named() {
    let bytes = estate().write().unwrap();
    let mut at = MAGIC.len();
    for part in Part::ALL {
        let mut other = bytes.clone();
        other[at + 1] = 200;
        let read = Estate::read(&other).unwrap();
        assert_eq!(read.lost, [part.name()]);
        if part != Part::Sessions {
            assert_eq!(read.estate.sessions.len(), 1);
        }
        let length = u32::from_le_bytes(bytes[at + 3..at + 7].try_into().unwrap());
        at += 7 + length as usize;
    }
}

#[test]
fn a_damaged_one_is_read_as_far_as_it_goes() {
    let bytes = estate().write().unwrap();
    for end in 0..bytes.len() {
        match Estate::read(&bytes[..end]) {
            Ok(read) => assert!(read.lost.contains(&"its end".to_owned()), "{end}"),
            Err(_) => assert!(end < MAGIC.len()),
        }
    }
    let mut long = bytes;
    long.extend_from_slice(&[250, 1, 0, 0, 0, 0, 0]);
    let lost = Estate::read(&long).unwrap().lost;
    assert_eq!(lost, ["part 250, which this version does not know"]);
    assert!(Estate::read(b"something else").is_err());
}
