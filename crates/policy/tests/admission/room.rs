//! Room: rates with their pause, sessions, startups, early drop.

use crate::common::*;
use portreeve_model::{Admission, SourceWidth};
use portreeve_policy::{IdentAnswer, Reservation, ServiceIndex, drop_chance};
use std::time::Duration;

const SSH: ServiceIndex = ServiceIndex(0);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn one_connection_too_many_in_a_window_starts_the_pause() {
    let mut door = Door::new(Admission { rate: sited(rate(3, 1, 10), 40), ..Admission::default() });
    let mut facts = facts("10.0.0.1");
    for (now, want) in [
        (0, "granted"),
        (10, "granted"),
        (999, "granted"),
        (1000, "granted"), // a new window: half-open
        (1001, "granted"),
        (1002, "granted"),
        (1003, "rate 40"), // the fourth in this window
        (1004, "paused 40"),
        (11_002, "paused 40"),
        (11_003, "granted"), // ten seconds after the one too many
        (11_004, "granted"),
        (11_005, "granted"),
        (12_002, "rate 40"),
    ] {
        facts.now = ms(now);
        assert_eq!(shown(&door.ask(&facts)), want, "{now}");
        let pausing = door.state.paused_until(&door.tables, SSH, ms(now)).is_some();
        assert_eq!(pausing, want.contains("40"), "{now}");
    }
    assert_eq!(door.state.next_pause_end(), Some(ms(22_002)));
    assert_eq!(door.state.end_pauses(ms(22_001)), []);
    assert_eq!(door.state.end_pauses(ms(22_002)).len(), 1);
    assert_eq!(door.state.end_pauses(ms(22_002)), [], "told once");
}

#[test]
fn a_pause_shorter_than_the_window_does_not_open_a_new_one() {
    let mut door = Door::new(Admission { rate: sited(rate(1, 60, 5), 40), ..Admission::default() });
    let mut facts = facts("10.0.0.1");
    for (now, want) in [(0, "granted"), (1, "rate 40"), (7, "rate 40"), (60, "granted")] {
        facts.now = secs(now);
        if now == 60 {
            door.state.end_pauses(secs(60));
        }
        assert_eq!(shown(&door.ask(&facts)), want, "{now}");
    }
}

#[test]
fn strangers_cannot_use_up_a_service() {
    let mut door = Door::new(Admission {
        lists: vec![list(Some("10.0.0.0/8"), "10.6.6.6")],
        rate: sited(rate(2, 1, 10), 40),
        instances: sited(2, 41),
        ..Admission::default()
    });
    for _ in 0..1000 {
        assert_eq!(shown(&door.ask(&facts("203.0.113.7"))), "rule 100");
        assert_eq!(shown(&door.ask(&facts("10.6.6.6"))), "rule 201");
    }
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "granted");
    let status = door.state.status(&door.tables, SSH, secs(0)).unwrap();
    assert_eq!((status.window, status.sessions, status.sources), (1, 1, 1));
    assert_eq!(status.refused, [(portreeve_policy::Reason::Rule, 2000)]);
}

#[test]
fn sessions_count_until_they_are_given_back() {
    let mut door = Door::new(Admission {
        instances: sited(3, 41),
        per_source: sited(per_source(2, SourceWidth::DEFAULT), 42),
        ..Admission::default()
    });
    let mut held: Vec<Reservation> = Vec::new();
    for (peer, want) in [
        ("2001:db8::1", "granted"),
        ("2001:db8::2", "granted"),
        ("2001:db8::3", "per-source 42"), // one /64
        ("2001:db8:0:1::1", "granted"),
        ("2001:db8:0:2::1", "instances 41"),
    ] {
        let verdict = door.ask(&facts(peer));
        assert_eq!(shown(&verdict), want, "{peer}");
        if want == "granted" {
            held.push(granted(verdict));
        }
    }
    door.state.release(held.remove(0));
    held.push(granted(door.ask(&facts("2001:db8::3"))));
    for reservation in held {
        door.state.release(reservation);
    }
    let status = door.state.status(&door.tables, SSH, secs(0)).unwrap();
    assert_eq!((status.sessions, status.startups, status.sources), (0, 0, 0));
    assert_eq!(door.state.sessions(), 0);
}

#[test]
fn the_door_as_a_whole_has_a_maximum() {
    let mut config =
        config(vec![service("ssh", Admission::default()), service("echo", Admission::default())]);
    config.settings.max_sessions = 2;
    let mut door = Door::of(config);
    let held = [granted(door.ask(&facts("10.0.0.1"))), granted(door.ask(&facts("10.0.0.2")))];
    assert_eq!(shown(&door.ask(&facts("10.0.0.3"))), "max-sessions");
    held.into_iter().for_each(|reservation| door.state.release(reservation));
    assert_eq!(shown(&door.ask(&facts("10.0.0.3"))), "granted");
}

#[test]
fn a_startup_ends_once_by_whatever_ends_it() {
    let mut door = Door::new(Admission {
        startups: sited(startups(1, 100, 1), 43),
        grace: sited(secs(120), 50),
        ..Admission::default()
    });
    let mut facts = facts("10.0.0.1");
    facts.now = secs(5);
    let mut first = granted(door.ask(&facts));
    assert_eq!((first.is_startup(), first.grace_end()), (true, Some(secs(125))));
    assert_eq!(shown(&door.ask(&facts)), "startups 43");
    door.state.authenticated(&mut first);
    door.state.authenticated(&mut first);
    assert_eq!((first.is_startup(), door.state.next_grace()), (false, None));
    let mut second = granted(door.ask(&facts));
    assert_eq!(door.state.next_grace(), Some(secs(125)));
    door.state.postpone_grace(&mut second, secs(130));
    assert_eq!(door.state.take_grace(secs(129)), None);
    assert_eq!(door.state.take_grace(secs(130)), Some(second.ticket()));
    assert_eq!(door.state.take_grace(secs(130)), None, "told once");
    let status = door.state.status(&door.tables, SSH, secs(130)).unwrap();
    assert_eq!((status.sessions, status.startups), (2, 1), "telling ends nothing");
    assert_eq!(status.startup_ages.under_10m, 1);
    door.state.grace_passed(&mut second);
    let status = door.state.status(&door.tables, SSH, secs(130)).unwrap();
    assert_eq!((status.sessions, status.startups), (2, 0), "the session goes on");
    door.state.release(first);
    door.state.release(second);
    assert_eq!(door.state.sessions(), 0);
}

#[test]
fn startups_of_one_network_are_limited_apart() {
    let mut door = Door::new(Admission {
        per_source_startups: sited(per_source(1, SourceWidth { v4: 24, v6: 64 }), 44),
        ..Admission::default()
    });
    let mut held = granted(door.ask(&facts("192.0.2.1")));
    assert_eq!(shown(&door.ask(&facts("192.0.2.200"))), "per-source-startups 44");
    assert_eq!(shown(&door.ask(&facts("192.0.3.1"))), "granted");
    door.state.authenticated(&mut held);
    assert_eq!(shown(&door.ask(&facts("192.0.2.200"))), "granted");
}

/// Ten thousand arrivals at each of several counts: the share refused is the closed formula's,
/// within four standard deviations.
#[test]
fn the_early_drop_refuses_as_often_as_openssh() {
    let limit = startups(10, 30, 100);
    let mut door = Door::new(Admission { startups: sited(limit, 43), ..Admission::default() });
    let mut random = Random(2026);
    let mut held = Vec::new();
    for (count, per_cent) in
        [(9, 0.0), (10, 30.0), (12, 31.0), (55, 65.0), (99, 99.0), (100, 100.0)]
    {
        while held.len() < count {
            let mut facts = facts("10.0.0.1");
            facts.dice = 99;
            let verdict = door.ask(&facts);
            held.push(granted(verdict));
        }
        assert_eq!(f64::from(drop_chance(limit, count as u32)), per_cent);
        let mut refusals = 0;
        for _ in 0..10_000 {
            let mut facts = facts("192.0.2.1");
            facts.dice = random.below(100) as u32;
            match door.ask(&facts) {
                portreeve_policy::Verdict::Grant(reservation, _) => door.state.release(reservation),
                other => {
                    assert_eq!(shown(&other), "startups 43");
                    refusals += 1;
                }
            }
        }
        let share = per_cent / 100.0;
        let deviation = (share * (1.0 - share) * 10_000.0_f64).sqrt();
        let off = (f64::from(refusals) - share * 10_000.0).abs();
        assert!(off <= 4.0 * deviation, "{refusals} of 10000 at {count}, {per_cent} % wanted");
        if count == 99 {
            // one more by hand, since the dice is never above 99
            door.config.services[0].admission.startups = sited(startups(200, 30, 300), 43);
            door.reload(door.config.clone());
            let verdict = door.ask(&facts("10.0.0.1"));
            held.push(granted(verdict));
            door.config.services[0].admission.startups = sited(limit, 43);
            door.reload(door.config.clone());
        }
    }
}

#[test]
fn whoever_has_to_be_asked_about_is_not_counted_yet() {
    let mut door = Door::new(Admission {
        lists: vec![list(Some(".example"), "")],
        rate: sited(rate(1, 1, 10), 40),
        ..Admission::default()
    });
    door.config.services[0].log.ident = portreeve_model::Ident::Require;
    door.reload(door.config.clone());
    let names = ["a.example".to_owned()];
    let mut facts = facts("10.0.0.1");
    for _ in 0..3 {
        assert_eq!(shown(&door.ask(&facts)), "names");
    }
    facts.names = portreeve_policy::Names::Confirmed(&names);
    for _ in 0..3 {
        assert_eq!(shown(&door.ask(&facts)), "ident");
    }
    facts.ident = IdentAnswer::Answered(b"joe");
    assert_eq!(shown(&door.ask(&facts)), "granted");
    assert_eq!(shown(&door.ask(&facts)), "rate 40");
}
