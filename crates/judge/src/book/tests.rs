use super::*;

use portreeve_wire::End;

fn session(number: u64, peer: &str, port: u16) -> SessionRef {
    SessionRef {
        session: SessionId(number),
        service: 0,
        key: "ssh".into(),
        peer: End { address: peer.parse().unwrap(), port },
        local: End { address: [192, 0, 2, 1].into(), port: 22 },
        pid: Some(4000 + u32::try_from(number).unwrap()),
    }
}

fn found(kind: Kind, named: Named, port: Option<u16>) -> Finding {
    let user = Some(b"ro\not"[..].into());
    Finding::Offence(Found { kind, named, port, user, times: 1, why: "a sentence".into() })
}

fn address(text: &str) -> Named {
    Named::Address(text.parse().unwrap())
}

fn heard<'a>(voice: Voice<'a>, pid: Option<u32>, finding: &'a Finding) -> Heard<'a> {
    let (service, detector) = ("watched", "sshd");
    Heard { at: 1000, voice, service, detector, host: b"", pid, text: b"words", finding }
}

fn offence(booked: Booked) -> Offence {
    match booked {
        Booked::Offence(offence) => *offence,
        other @ (Booked::Success { .. } | Booked::Nothing) => panic!("no offence: {other:?}"),
    }
}

const FILE: Voice<'_> = Voice::File { watch: "auth", path: "/var/log/auth.log" };

#[test]
fn a_sessions_own_words_charge_its_peer_whatever_they_say() {
    let own = session(1, "192.0.2.7", 40_000);
    for named in [address("198.51.100.7"), Named::Nobody, Named::Ambiguous] {
        let mut book = Book::default();
        let finding = found(Kind::AuthFailed, named, Some(1));
        let booked = offence(book.hear(&heard(Voice::Pipe(&own), None, &finding)));
        assert_eq!((booked.peer, booked.port), (Some(own.peer.address), Some(40_000)));
        assert_eq!((booked.service.as_str(), booked.session), ("ssh", Some(1)));
        assert_eq!((booked.user.as_deref(), booked.certain), (Some("ro\\x0aot"), true));
        assert_eq!((booked.kind.as_str(), booked.source.as_str()), ("auth-failed", "pipe"));
    }
}

#[test]
fn any_other_line_charges_whom_it_names_or_nobody() {
    let mut book = Book::default();
    let named = found(Kind::AuthFailed, address("192.0.2.9"), Some(4));
    let booked = offence(book.hear(&heard(FILE, Some(1), &named)));
    assert_eq!((booked.peer, booked.port), (Some("192.0.2.9".parse().unwrap()), Some(4)));
    assert_eq!((booked.service.as_str(), booked.watch.as_deref()), ("watched", Some("auth")));
    for (pid, who) in (2..).zip([Named::Nobody, Named::Host("a.example".into()), Named::Ambiguous])
    {
        let finding = found(Kind::AuthFailed, who, Some(4));
        let booked = offence(book.hear(&heard(FILE, Some(pid), &finding)));
        assert_eq!((booked.peer, booked.certain), (None, false));
        assert!(booked.why.starts_with("a sentence: it "), "{}", booked.why);
    }
    let counts = BookedCounts { charged: 1, nobody: 3, again: 0 };
    assert_eq!((book.new_counts(), book.new_counts()), (Some(counts), None));
}

#[test]
fn a_line_about_a_session_of_the_doors_is_that_sessions() {
    let own = session(1, "192.0.2.7", 40_000);
    let mut book = Book::default();
    book.session(&own, false);
    let mine = found(Kind::AuthFailed, address("192.0.2.7"), Some(40_000));
    assert_eq!(offence(book.hear(&heard(Voice::Pipe(&own), None, &mine))).session, Some(1));
    assert_eq!(book.hear(&heard(FILE, Some(77), &mine)), Booked::Nothing, "said before");
    let second = offence(book.hear(&heard(FILE, Some(77), &mine)));
    assert_eq!((second.session, second.service.as_str()), (Some(1), "ssh"), "the pipe missed it");
    // Without a port the process tells; another port, process or host is another connection.
    let portless = found(Kind::AuthFailed, address("192.0.2.7"), None);
    assert_eq!(offence(book.hear(&heard(FILE, Some(4001), &portless))).session, Some(1));
    let mut others = [heard(FILE, Some(4002), &portless), heard(FILE, Some(4001), &mine)];
    others[1].host = b"elsewhere";
    for other in others {
        assert_eq!(offence(book.hear(&other)).session, None);
    }
    let port = found(Kind::AuthFailed, address("192.0.2.7"), Some(40_001));
    assert_eq!(offence(book.hear(&heard(FILE, Some(4003), &port))).session, None);
}

#[test]
fn whoever_speaks_first_a_thing_is_booked_once() {
    let who = || address("192.0.2.9");
    let said = [
        found(Kind::InvalidUser, who(), Some(4)),
        found(Kind::AuthFailed, who(), Some(4)),
        found(Kind::AuthFailed, who(), Some(4)),
    ];
    for order in [[FILE, Voice::Journal("ssh")], [Voice::Journal("ssh"), FILE]] {
        let mut book = Book::default();
        let mut count = 0;
        for voice in order {
            for finding in &said {
                let booked = book.hear(&heard(voice, Some(5), finding));
                count += u32::from(matches!(booked, Booked::Offence(_)));
            }
        }
        assert_eq!((count, book.counts.again), (3, 3));
    }
}

fn shown(named: Named, port: Option<u16>) -> Finding {
    let user = Some(b"joe"[..].into());
    Finding::Success(portreeve_detect::Success { named, port, user, why: "Accepted".into() })
}

/// Who has authenticated where, and whose startup that ends.
fn success(booked: Booked) -> Option<(IpAddr, String, Option<u64>)> {
    match booked {
        Booked::Success { success, session } => {
            assert_eq!((success.user.as_deref(), success.at), (Some("joe"), 1000));
            Some((success.peer, success.service, session.map(|session| session.0)))
        }
        Booked::Offence(offence) => panic!("an offence: {offence:?}"),
        Booked::Nothing => None,
    }
}

#[test]
fn a_sessions_own_voice_alone_ends_its_startup_and_once() {
    let own = session(1, "192.0.2.7", 40_000);
    let peer = own.peer.address;
    // It is the kernel's word who that was.
    let voice = Voice::Pipe(&own);
    let (mine, other) = (shown(peer.into_named(), Some(40_000)), shown(Named::Nobody, None));
    for found in [&mine, &other] {
        let mut book = Book::default();
        let booked = book.hear(&heard(voice, None, found));
        assert_eq!(success(booked), Some((peer, "ssh".into(), Some(1))));
        for again in [heard(voice, None, found), heard(FILE, Some(4001), &mine)] {
            assert_eq!(book.hear(&again), Booked::Nothing);
        }
        let told = What::Authenticated(own.clone());
        assert_eq!(book.event(&Event { at: 5, level: None, what: told }, 5), Booked::Nothing);
    }
}

#[test]
fn a_line_of_a_log_is_believed_and_ends_no_startup() {
    let own = session(1, "192.0.2.7", 40_000);
    let peer = own.peer.address;
    let mut book = Book::default();
    book.session(&own, false);
    let mine = shown(peer.into_named(), Some(40_000));
    let told = success(book.hear(&heard(FILE, Some(4001), &mine)));
    assert_eq!(told, Some((peer, "ssh".into(), None)));
    assert_eq!(book.hear(&heard(Voice::Journal("ssh"), Some(4001), &mine)), Booked::Nothing);
    let own_voice = success(book.hear(&heard(Voice::Pipe(&own), None, &mine)));
    assert_eq!(own_voice, Some((peer, "ssh".into(), Some(1))));
    // Nobody's session: each connection once, whoever tells.
    let elsewhere = shown(address("198.51.100.9"), Some(5));
    let theirs = Some(("198.51.100.9".parse().unwrap(), "watched".into(), None));
    for (voice, pid, want) in [
        (FILE, 7, theirs.clone()),
        (Voice::Journal("ssh"), 7, None),
        (Voice::Journal("ssh"), 8, theirs),
    ] {
        assert_eq!(success(book.hear(&heard(voice, Some(pid), &elsewhere))), want);
    }
    for nobody in [Named::Nobody, Named::Ambiguous, Named::Host("a.example".into())] {
        assert_eq!(book.hear(&heard(FILE, Some(9), &shown(nobody, None))), Booked::Nothing);
    }
}

#[test]
fn a_service_that_says_so_by_notice_is_believed_of_its_peer() {
    let own = session(1, "192.0.2.7", 40_000);
    let mut book = Book::default();
    let told = Event { at: 5, level: None, what: What::Authenticated(own.clone()) };
    let Booked::Success { success, session } = book.event(&told, 5) else { panic!("none") };
    assert_eq!((success.peer, success.user, session), (own.peer.address, None, None));
    assert_eq!((success.at, success.source.as_str()), (5, "door"));
    assert_eq!(book.event(&told, 5), Booked::Nothing);
}

trait IntoNamed {
    fn into_named(self) -> Named;
}

impl IntoNamed for IpAddr {
    fn into_named(self) -> Named {
        Named::Address(self)
    }
}

fn ended(
    of: &SessionRef,
    ending: Ending,
    cause: Option<EndCause>,
    authenticated: Option<bool>,
) -> Event {
    let session = of.clone();
    let what = What::SessionEnded { session, ending, duration: 1, cause, authenticated };
    Event { at: 5, level: None, what }
}

/// What the end of a session comes to that has said so much before.
fn judged(
    said: &[Finding],
    ending: Ending,
    cause: Option<EndCause>,
    authenticated: Option<bool>,
) -> Option<String> {
    let own = session(1, "192.0.2.7", 40_000);
    let mut book = Book::default();
    book.event(&Event { at: 1, level: None, what: What::SessionStarted(own.clone()) }, 1);
    assert_eq!(book.event(&ended(&own, ending, cause, authenticated), 1000), Booked::Nothing);
    assert_eq!(book.tick(1000, false), [], "its last words may be on their way");
    for finding in said {
        book.hear(&heard(Voice::Pipe(&own), None, finding));
    }
    let mut found = book.tick(1000 + LAST_WORDS, false);
    assert!(found.iter().all(|o| o.peer == Some(own.peer.address) && o.session == Some(1)));
    assert!(found.len() <= 1 && book.tick(10_000, true).is_empty());
    found.pop().map(|offence| offence.kind)
}

#[test]
fn an_end_is_charged_where_nothing_else_was() {
    let tried = [found(Kind::AuthFailed, Named::Nobody, None)];
    let left = [found(Kind::NoAuth, Named::Nobody, None)];
    let success = portreeve_detect::Success {
        named: Named::Nobody,
        port: None,
        user: None,
        why: "Accepted".into(),
    };
    let success = [Finding::Success(success)];
    let (exit, crash) = (Ending::Exit(255), Ending::Signal(11));
    let grace = Some(EndCause::Grace);
    for (said, ending, cause, authenticated, want) in [
        (&[][..], exit, None, Some(false), Some("no-auth")),
        (&[], exit, None, Some(true), None),
        (&[], exit, None, None, None),
        (&tried, exit, None, Some(false), None),
        (&left, exit, None, Some(false), None),
        (&success, exit, None, Some(false), None),
        (&[], exit, Some(EndCause::Shutdown), Some(false), None),
        (&[], Ending::Signal(15), grace, Some(false), Some("grace")),
        (&tried, Ending::Signal(15), grace, Some(false), None),
        (&[], crash, None, None, Some("crash")),
        (&tried, crash, None, Some(false), Some("crash")),
        (&success, crash, None, Some(true), Some("crash")),
        (&[], Ending::Signal(11), Some(EndCause::Command { uid: 0 }), Some(true), None),
        (&[], Ending::Lost, None, None, None),
    ] {
        let found = judged(said, ending, cause, authenticated);
        assert_eq!(found.as_deref(), want, "{said:?} {ending:?} {cause:?} {authenticated:?}");
    }
}

#[test]
fn sessions_that_are_over_are_forgotten() {
    let mut book = Book::default();
    for number in 0..20_000_u64 {
        let own = session(number % 5000, "192.0.2.7", 1);
        book.event(&Event { at: 1, level: None, what: What::SessionStarted(own.clone()) }, 1);
        book.event(&ended(&own, Ending::Exit(0), None, None), 1);
        book.tick(1, true);
    }
    book.tick(10_000_000, true);
    assert_eq!(format!("{:?}", book.sessions), format!("{:?}", Sessions::default()));
}

#[test]
fn a_clock_that_is_set_back_keeps_no_end_waiting() {
    const HOUR: u64 = 3_600_000;
    let mut book = Book::default();
    let session = session(1, "192.0.2.7", 40_000);
    book.session(&session, false);
    let what = What::SessionEnded {
        session,
        ending: Ending::Exit(255),
        duration: 1,
        cause: None,
        authenticated: Some(false),
    };
    let now = 10 * HOUR;
    book.event(&Event { at: now, level: None, what }, now);
    assert!(book.tick(now, false).is_empty(), "its last words are waited for");
    assert_eq!(book.tick(now - HOUR, false).len(), 1);
    assert!(book.sessions.get(SessionId(1)).is_none(), "nor is it remembered for an hour");
}
