//! The order of admission: of several refusals the first question's is given.

use crate::common::*;
use portreeve_model::{
    Admission, HourRange, Hours, Ident, Load, Offer, Sentence, SourceWidth, Trap, Zone,
};
use portreeve_policy::{
    Ban, Effects, IdentAnswer, NoTrace, Reason, Reservation, ServiceIndex, State, StepRecord,
    Tables, Verdict, admit, consider,
};

fn hours(from: u16, to: u16) -> Hours {
    let ranges = vec![HourRange { from, to, origin: at(31) }];
    Hours { ranges, zone: Zone::utc(), origin: at(30) }
}

/// A door at which everything is wrong for the peer 10.0.0.1.
fn everything_wrong() -> Door {
    let mut door = Door::new(Admission {
        hours: Some(hours(0, 60)),
        lists: vec![list(Some("192.0.2.0/24"), "10.0.0.0/8")],
        rate: sited(rate(0, 1, 10), 40),
        instances: sited(0, 41),
        per_source: sited(per_source(0, SourceWidth::DEFAULT), 42),
        load: sited(Load(100), 10),
        startups: sited(startups(0, 100, 0), 43),
        per_source_startups: sited(per_source(0, SourceWidth::DEFAULT), 44),
        ..Admission::default()
    });
    door.config.services[0].log.ident = Ident::Require;
    door.config.settings.max_sessions = 0;
    door.reload(door.config.clone());
    door.state.set_enabled(&door.tables, ServiceIndex(0), false);
    door.state.ban(Ban {
        since: 0,
        network: net("10.0.0.1"),
        until: None,
        reason: "x".into(),
        source: Default::default(),
    });
    door
}

#[test]
fn of_several_refusals_the_first_question_is_answered() {
    let mut door = everything_wrong();
    let mut facts = facts("10.0.0.1");
    facts.load = Some(Load(100));
    let mut seen = Vec::new();
    for put_right in 0..=13 {
        let config = &mut door.config;
        let admission = &mut config.services[0].admission;
        match put_right {
            1 => door.state.set_enabled(&door.tables, ServiceIndex(0), true),
            2 => config.settings.max_sessions = 10,
            3 => facts.load = Some(Load(99)),
            4 => drop(door.state.unban(net("10.0.0.1"), "")),
            5 => admission.hours = Some(hours(720, 721)),
            6 => admission.lists[0].deny.clear(),
            7 => admission.lists[0].allow = None,
            8 => facts.ident = IdentAnswer::Missing,
            9 => facts.ident = IdentAnswer::Answered(b"joe"),
            10 => admission.rate = sited(rate(1000, 1, 10), 40),
            11 => admission.instances = None,
            12 => admission.per_source = None,
            13 => admission.startups = None,
            _ => {}
        }
        door.reload(door.config.clone());
        seen.push(shown(&consider(
            &door.tables,
            ServiceIndex(0),
            &door.state,
            &facts,
            &mut NoTrace,
        )));
    }
    let want = [
        "disabled 1",
        "max-sessions",
        "load 10",
        "banned",
        "hours 30",
        "rule 201",
        "rule 100",
        "ident",
        "ident 1",
        "rate 40",
        "instances 41",
        "per-source 42",
        "startups 43",
        "per-source-startups 44",
    ];
    assert_eq!(seen, want);
}

#[test]
fn a_refusal_has_its_class_and_its_ancestors_word() {
    for (reason, class, xinetd) in [
        (Reason::Disabled, "paused", "service_limit"),
        (Reason::Overloaded, "paused", "process_limit"),
        (Reason::Paused, "paused", "connections per second"),
        (Reason::Load, "paused", "load"),
        (Reason::Banned, "banned", "address"),
        (Reason::Hours, "hours", "time"),
        (Reason::Rule, "rule", "address"),
        (Reason::NamesFailed, "rule", "address"),
        (Reason::Ident, "rule", "address"),
        (Reason::Rate, "full", "connections per second"),
        (Reason::Instances, "full", "service_limit"),
        (Reason::PerSource, "full", "per_source_limit"),
        (Reason::Startups, "full", "service_limit"),
        (Reason::PerSourceStartups, "full", "per_source_limit"),
        (Reason::Descriptors, "full", "process_limit"),
        (Reason::Processes, "full", "fork"),
    ] {
        assert_eq!((reason.class(), reason.xinetd_word()), (class, xinetd), "{reason:?}");
        assert_eq!(Reason::by_word(reason.word()), Some(reason), "words are unique");
    }
    for (at, reason) in Reason::ALL.into_iter().enumerate() {
        assert_eq!(reason as usize, at, "counters are kept by this number");
    }
}

#[test]
fn a_trap_is_sprung_by_whoever_the_lists_let_in_and_counts_nothing() {
    let mut trap = service(
        "telnet",
        Admission {
            lists: vec![list(None, "192.0.2.0/24")],
            rate: sited(rate(1, 1, 10), 40),
            instances: sited(0, 41),
            ..Admission::default()
        },
    );
    trap.offer = Offer::Trap(Trap { sentence: Sentence::Forever });
    trap.log.ident = Ident::Require;
    let mut door = Door::of(config(vec![trap]));
    for _ in 0..5 {
        let Verdict::Sprung(sprung) = door.ask(&facts("10.0.0.1")) else { panic!() };
        assert_eq!((sprung.sentence, sprung.origin), (Sentence::Forever, at(1)));
    }
    assert_eq!(shown(&door.ask(&facts("192.0.2.9"))), "rule 201");
    let status = door.state.status(&door.tables, ServiceIndex(0), secs(0)).unwrap();
    assert_eq!((status.sessions, status.sprung, status.window), (0, 5, 0));
    door.state.ban(Ban {
        since: 0,
        network: net("10.0.0.1"),
        until: None,
        reason: "x".into(),
        source: Default::default(),
    });
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "banned", "touched but once");
}

#[test]
fn an_unreadable_load_refuses_where_it_is_limited() {
    let limited = Admission { load: sited(Load(320), 10), ..Admission::default() };
    for (load, want) in [
        (Some(Load(319)), "granted"),
        (Some(Load(320)), "load 10"),
        (Some(Load(321)), "load 10"),
        (None, "load 10"),
    ] {
        let mut facts = facts("10.0.0.1");
        facts.load = load;
        assert_eq!(shown(&Door::new(limited.clone()).ask(&facts)), want, "{load:?}");
    }
    let mut unlimited = facts("10.0.0.1");
    unlimited.load = None;
    assert_eq!(shown(&Door::new(Admission::default()).ask(&unlimited)), "granted");
}

#[test]
fn hours_follow_the_zones_clock() {
    let mut hours = hours(480, 926);
    hours.zone = Zone { name: "Europe/Berlin".into(), offsets: vec![(0, 3600), (MIDDAY, 7200)] };
    let mut door = Door::new(Admission { hours: Some(hours), ..Admission::default() });
    for (wall, want) in [
        (MIDDAY - 1, "granted"),       // 12:59:59
        (MIDDAY, "granted"),           // 14:00:00
        (MIDDAY + 5159, "granted"),    // 15:25:59
        (MIDDAY + 5160, "hours 30"),   // 15:26:00
        (MIDDAY + 64_799, "hours 30"), // 07:59:59 tomorrow
        (MIDDAY + 64_800, "granted"),  // 08:00:00
    ] {
        let mut facts = facts("10.0.0.1");
        facts.wall = wall;
        assert_eq!(shown(&door.ask(&facts)), want, "{}", wall - MIDDAY);
    }
}

#[test]
fn a_service_in_no_table_is_not_open() {
    let tables = Tables::default();
    let mut state = State::new(10, 10);
    let verdict = admit(&tables, ServiceIndex(0), &mut state, &facts("10.0.0.1"), &mut NoTrace);
    assert_eq!(shown(&verdict), "disabled");
}

#[test]
fn considering_takes_nothing_and_shows_every_step() {
    let door = Door::new(Admission {
        lists: vec![list(Some("10.0.0.0/8"), "")],
        instances: sited(1, 41),
        ..Admission::default()
    });
    let mut steps: Vec<StepRecord> = Vec::new();
    for _ in 0..2 {
        steps.clear();
        let facts = facts("10.0.0.1");
        let verdict = consider(&door.tables, ServiceIndex(0), &door.state, &facts, &mut steps);
        assert_eq!(verdict, Verdict::Grant((), Effects::default()));
    }
    let words: Vec<_> = steps.iter().map(|step| (step.number, step.question.word())).collect();
    assert_eq!(
        words,
        [
            (1, "enabled"),
            (1, "max-sessions"),
            (1, "pause"),
            (1, "load"),
            (2, "ban"),
            (3, "hours"),
            (4, "access-list"),
            (4, "ident"),
            (5, "rate"),
            (5, "instances"),
            (5, "per-source"),
            (5, "startups"),
            (5, "per-source-startups"),
        ]
    );
    assert_eq!(door.state.sessions(), 0);
}

#[test]
fn mapped_ipv4_is_ipv4() {
    let mut door = Door::new(Admission {
        lists: vec![list(Some("10.0.0.0/8"), "")],
        per_source: sited(per_source(1, SourceWidth::EXACT), 42),
        ..Admission::default()
    });
    let held: Reservation = granted(door.ask(&facts("::ffff:10.0.0.1")));
    assert_eq!(held.peer(), ip("10.0.0.1"));
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "per-source 42");
    door.state.release(held);
}
