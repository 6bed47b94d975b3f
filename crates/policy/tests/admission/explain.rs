//! What people read.

use crate::common::*;
use portreeve_model::{
    Admission, Dialect, HourRange, Hours, Load, Offer, Origin, Sentence, SourceWidth, Trap, Zone,
};
use portreeve_policy::{
    Ban, BanSource, Effects, Facts, Names, Reason, Refusal, ServiceIndex, StepRecord, Verdict,
    ban_sentence, consider, date, refusal_sentence, step_sentence,
};

fn hours() -> Hours {
    let zone = Zone { name: "Europe/Berlin".into(), offsets: vec![(0, 3600)] };
    Hours { ranges: vec![HourRange { from: 480, to: 926, origin: at(31) }], zone, origin: at(30) }
}

/// The sentence of a refusal, after `made` connections.
fn refused(admission: Admission, made: u32, facts: &Facts<'_>) -> String {
    let mut door = Door::new(admission);
    for _ in 0..made {
        drop(door.ask(facts));
    }
    match door.ask(facts) {
        Verdict::Refuse(refusal) => refusal_sentence(&refusal, facts.peer, &door.config.files),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_is_one_sentence_with_a_place() {
    let peer = facts("203.0.113.7");
    let none = Admission::default;
    for (admission, made, facts, want) in [
        (
            Admission { lists: vec![list(Some("10.0.0.0/8"), "")], ..none() },
            0,
            peer,
            "rule: no entry of only_from (/etc/xinetd.d/ssh:100:3) matches 203.0.113.7",
        ),
        (
            Admission { lists: vec![list(Some(".example"), "")], ..none() },
            0,
            Facts { names: Names::Failed, ..peer },
            "rule: no entry of only_from (/etc/xinetd.d/ssh:100:3) matches 203.0.113.7, and its \
             names could not be looked up",
        ),
        (
            Admission { lists: vec![list(None, "203.0.113.0/24")], ..none() },
            0,
            peer,
            "rule: `203.0.113.0/24` in no_access (/etc/xinetd.d/ssh:201:3) matches 203.0.113.7",
        ),
        (
            Admission { lists: vec![list(None, ".example")], ..none() },
            0,
            Facts { names: Names::Failed, ..peer },
            "names-failed: `.example` in no_access (/etc/xinetd.d/ssh:201:3) denies by name, and \
             the names of 203.0.113.7 could not be looked up",
        ),
        (
            Admission { hours: Some(hours()), ..none() },
            0,
            Facts { wall: MIDDAY + 3 * 3600 + 120, ..peer },
            "hours: access_times (/etc/xinetd.d/ssh:30:3) leave out 16:02 (Europe/Berlin time)",
        ),
        (
            Admission { load: sited(Load(300), 10), ..none() },
            0,
            Facts { load: Some(Load(325)), ..peer },
            "load: the load average is 3.25, and max_load (/etc/xinetd.d/ssh:10:3) refuses from \
             3.00 on",
        ),
        (
            Admission { load: sited(Load(300), 10), ..none() },
            0,
            Facts { load: None, ..peer },
            "load: the load average cannot be read, and max_load (/etc/xinetd.d/ssh:10:3) refuses \
             from 3.00 on",
        ),
        (
            Admission { rate: sited(rate(30, 1, 10), 40), ..none() },
            30,
            peer,
            "rate: 30 connections came within 1 s, and cps (/etc/xinetd.d/ssh:40:3) allows 30; \
             it pauses for 10 s",
        ),
        (
            Admission { rate: sited(rate(1, 1, 100), 40), ..none() },
            2,
            peer,
            "paused: the service pauses for another 1 min 40 s: cps (/etc/xinetd.d/ssh:40:3) was \
             exceeded",
        ),
        (
            Admission { instances: sited(1, 41), ..none() },
            1,
            peer,
            "instances: 1 session is live, and instances (/etc/xinetd.d/ssh:41:3) allows 1",
        ),
        (
            Admission { per_source: sited(per_source(5, SourceWidth::EXACT), 42), ..none() },
            5,
            peer,
            "per-source: 203.0.113.7 has 5 live sessions, and per_source \
             (/etc/xinetd.d/ssh:42:3) allows 5",
        ),
        (
            Admission { startups: sited(startups(2, 30, 10), 43), ..none() },
            2,
            peer,
            "startups: 2 startups are under way, and startups (/etc/xinetd.d/ssh:43:3) `2:30:10` \
             refuses 30 in 100 then",
        ),
    ] {
        let want = format!("refused: {want}");
        assert_eq!(refused(admission, made, &facts), want);
    }
}

#[test]
fn refusals_without_a_rule_are_sentences_too() {
    let mut door = Door::new(Admission::default());
    let reason = "trap `telnet`".into();
    let origin = Some("/etc/xinetd.d/telnet:3:1".into());
    let source = BanSource { service: "telnet".into(), origin, ..BanSource::default() }.into();
    let ban = Ban { since: 0, network: net("2001:db8::/64"), until: Some(MIDDAY), reason, source };
    let sentence = "2001:db8::/64 is banned until 2026-11-21 12:00:00 UTC (trap `telnet` \
                    (/etc/xinetd.d/telnet:3:1))";
    assert_eq!(ban_sentence(&ban), sentence);
    door.state.ban(ban);
    let mut facts = facts("2001:db8::9");
    facts.wall = MIDDAY - 1;
    let Verdict::Refuse(refusal) = door.ask(&facts) else { panic!() };
    assert_eq!(
        refusal_sentence(&refusal, facts.peer, &door.config.files),
        format!("refused: banned: {sentence}")
    );
    let native = Origin { file: 0, line: 4, column: 1, dialect: Dialect::Native };
    for (reason, origin, want) in [
        (
            Reason::Disabled,
            Some(native),
            "disabled: the service (portreeve.toml:4:1) is down at present",
        ),
        (Reason::Disabled, None, "disabled: the service is down at present"),
        (
            Reason::Ident,
            Some(native),
            "ident: the ident server of 2001:db8::9 did not answer, which the service \
             (portreeve.toml:4:1) asks for",
        ),
        (Reason::Descriptors, None, "descriptors: the door is out of descriptors or memory"),
        (Reason::Processes, None, "processes: no process could be started"),
    ] {
        let refusal = Refusal { origin, ..Refusal::plain(reason) };
        let sentence = refusal_sentence(&refusal, facts.peer, &["portreeve.toml".into()]);
        assert_eq!(sentence, format!("refused: {want}"));
    }
    for reason in Reason::ALL {
        let refusal = Refusal::plain(reason);
        let sentence = refusal_sentence(&refusal, facts.peer, &[]);
        assert!(sentence.len() > "refused: : ".len() + reason.word().len(), "{sentence}");
    }
}

#[test]
fn the_steps_of_a_grant_read_from_top_to_bottom() {
    let mut door = Door::new(Admission {
        hours: Some(hours()),
        lists: vec![list(Some("203.0.113.0/24 .example"), "10.0.0.0/8")],
        rate: sited(rate(30, 1, 10), 40),
        instances: sited(10, 41),
        per_source: sited(per_source(5, SourceWidth::DEFAULT), 42),
        load: sited(Load(300), 10),
        startups: sited(startups(10, 30, 100), 43),
        ..Admission::default()
    });
    let held = granted(door.ask(&facts("203.0.113.7")));
    let facts = facts("203.0.113.7");
    let mut steps: Vec<StepRecord> = Vec::new();
    let verdict = consider(&door.tables, ServiceIndex(0), &door.state, &facts, &mut steps);
    assert_eq!(verdict, Verdict::Grant((), Effects::default()));
    let lines: Vec<_> =
        steps.iter().map(|step| step_sentence(step, facts.peer, &door.config.files)).collect();
    assert_eq!(
        lines,
        [
            "1 enabled: the service is switched on",
            "1 max-sessions: 1 session is live, 10000 allowed",
            "1 pause: not pausing",
            "1 load: 0.00, below 3.00 (/etc/xinetd.d/ssh:10:3)",
            "2 ban: not banned",
            "3 hours: 13:00 (Europe/Berlin time) is within 08:00-15:25 (/etc/xinetd.d/ssh:31:3)",
            "4 access-list: `203.0.113.0/24` in only_from (/etc/xinetd.d/ssh:101:3) matches 203.0.113.7",
            "4 ident: not required",
            "5 rate: 1 connection in this window, 30 in 1 s (/etc/xinetd.d/ssh:40:3) allowed",
            "5 instances: 1 session is live, 10 (/etc/xinetd.d/ssh:41:3) allowed",
            "5 per-source: 203.0.113.7 has 1, 5 (/etc/xinetd.d/ssh:42:3) allowed",
            "5 startups: 1 startup is under way; `10:30:100` (/etc/xinetd.d/ssh:43:3) refuses 0 in 100",
            "5 per-source-startups: no limit",
        ]
    );
    door.state.release(held);
}

#[test]
fn needs_and_traps_have_their_sentences() {
    let mut trap = service(
        "telnet",
        Admission { lists: vec![list(Some(".example"), "")], ..Admission::default() },
    );
    trap.offer = Offer::Trap(Trap { sentence: Sentence::For(secs(90_000)) });
    let door = Door::of(config(vec![trap]));
    let known = ["a.example".to_owned()];
    for (names, want) in [
        (
            Names::NotAsked,
            "4 access-list: the peer's host names have to be looked up: `.example` \
             (/etc/xinetd.d/ssh:101:3) asks for it",
        ),
        (
            Names::Confirmed(&known),
            "4 trap: a trap (/etc/xinetd.d/ssh:1:3): whoever touches it is shut out for 1 d 1 h",
        ),
    ] {
        let mut steps: Vec<StepRecord> = Vec::new();
        let facts = Facts { names, ..facts("203.0.113.7") };
        let verdict = consider(&door.tables, ServiceIndex(0), &door.state, &facts, &mut steps);
        assert!(matches!(verdict, Verdict::Need(_) | Verdict::Sprung(_)));
        let last = steps.last().unwrap();
        assert_eq!(step_sentence(last, facts.peer, &door.config.files), want);
    }
}

#[test]
fn a_trap_says_whom_it_spares() {
    let mut trap = service("telnet", Admission::default());
    for (cost, want) in [
        (
            Sentence::For(secs(86_400)),
            "4 trap: a trap (/etc/xinetd.d/ssh:1:3): others are shut out for 1 d, but never-ban \
             rule `203.0.113.0/24` (/etc/xinetd.d/ssh:61:3) spares 203.0.113.7",
        ),
        (Sentence::Never, "4 trap: a trap (/etc/xinetd.d/ssh:1:3): the touch is recorded"),
    ] {
        trap.offer = Offer::Trap(Trap { sentence: cost });
        let mut config = config(vec![trap.clone()]);
        config.settings.never_ban = rules("10.0.0.0/8 203.0.113.0/24", 60);
        let door = Door::of(config);
        let mut steps: Vec<StepRecord> = Vec::new();
        let facts = facts("203.0.113.7");
        let verdict = consider(&door.tables, ServiceIndex(0), &door.state, &facts, &mut steps);
        assert!(matches!(verdict, Verdict::Sprung(_)));
        assert_eq!(step_sentence(steps.last().unwrap(), facts.peer, &door.config.files), want);
    }
}

#[test]
fn hours_end_where_their_language_says() {
    for (dialect, to, want) in [
        (Dialect::Xinetd, 926, "08:00-15:25"),
        (Dialect::Xinetd, 1440, "08:00-24:00"),
        (Dialect::Native, 926, "08:00-15:26"),
    ] {
        let origin = Origin { dialect, ..at(31) };
        let ranges = vec![HourRange { from: 480, to, origin }];
        let hours = Hours { ranges, ..hours() };
        let door = Door::new(Admission { hours: Some(hours), ..Admission::default() });
        let mut steps: Vec<StepRecord> = Vec::new();
        let facts = facts("203.0.113.7");
        let _ = consider(&door.tables, ServiceIndex(0), &door.state, &facts, &mut steps);
        let all = steps.iter().map(|step| step_sentence(step, facts.peer, &door.config.files));
        let all: Vec<_> = all.collect();
        assert!(all.iter().any(|line| line.contains(&format!("within {want} ("))), "{all:?}");
    }
}

#[test]
fn dates_are_the_calendars() {
    for (seconds, want) in [
        (0, "1970-01-01 00:00:00 UTC"),
        (-1, "1969-12-31 23:59:59 UTC"),
        (951_782_399, "2000-02-28 23:59:59 UTC"),
        (951_782_400, "2000-02-29 00:00:00 UTC"),
        (951_868_800, "2000-03-01 00:00:00 UTC"),
        (1_735_689_599, "2024-12-31 23:59:59 UTC"),
        (4_107_542_399, "2100-02-28 23:59:59 UTC"),
        (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        (MIDDAY, "2026-11-21 12:00:00 UTC"),
    ] {
        assert_eq!(date(seconds), want, "{seconds}");
    }
    assert!(date(i64::MAX).ends_with("UTC") && date(i64::MIN).ends_with("UTC"));
}
