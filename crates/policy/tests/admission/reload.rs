//! Reload: what was counted stays counted.

use crate::common::*;
use portreeve_model::{Admission, Config, SourceWidth};
use portreeve_policy::{NoTrace, ServiceIndex, Verdict, admit, consider};

fn two(ssh: Admission, echo: Admission) -> Config {
    config(vec![service("ssh", ssh), service("echo", echo)])
}

#[test]
fn counts_follow_the_service_and_not_its_place() {
    let limited = || Admission { instances: sited(1, 41), ..Admission::default() };
    let mut door = Door::of(two(limited(), Admission::default()));
    let held = granted(door.ask(&facts("10.0.0.1")));
    door.reload(config(vec![service("echo", limited()), service("ssh", limited())]));
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "granted", "echo");
    let ssh =
        admit(&door.tables, ServiceIndex(1), &mut door.state, &facts("10.0.0.1"), &mut NoTrace);
    assert_eq!(shown(&ssh), "instances 41");
    door.state.release(held);
    let ssh =
        admit(&door.tables, ServiceIndex(1), &mut door.state, &facts("10.0.0.1"), &mut NoTrace);
    assert_eq!(shown(&ssh), "granted");
}

#[test]
fn sessions_of_a_vanished_service_count_towards_the_maximum_until_they_end() {
    let mut config = two(Admission::default(), Admission::default());
    config.settings.max_sessions = 2;
    let mut door = Door::of(config.clone());
    let held = [granted(door.ask(&facts("10.0.0.1"))), granted(door.ask(&facts("10.0.0.1")))];
    config.services.remove(0);
    door.reload(config.clone());
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "max-sessions");
    let vanished: Vec<_> = door.state.vanished(secs(0)).map(|status| status.sessions).collect();
    assert_eq!(vanished, [2]);
    let [first, second] = held;
    door.state.release(first);
    let third = granted(door.ask(&facts("10.0.0.1")));

    // It comes back, with what still lives of it.
    let back = Admission { instances: sited(1, 41), ..Admission::default() };
    config.services.push(service("ssh", back));
    config.settings.max_sessions = 10;
    door.reload(config.clone());
    let ssh =
        consider(&door.tables, ServiceIndex(1), &door.state, &facts("10.0.0.1"), &mut NoTrace);
    assert_eq!(shown(&ssh), "instances 41");
    config.services.pop();
    door.reload(config);
    door.state.release(second);
    assert_eq!(door.state.vanished(secs(0)).count(), 0);
    door.state.release(third);
    assert_eq!(door.state.sessions(), 0);
}

#[test]
fn a_source_is_counted_anew_when_its_width_changes() {
    let by = |width, max| Admission {
        per_source: sited(per_source(max, width), 42),
        per_source_startups: sited(per_source(max, width), 44),
        ..Admission::default()
    };
    let mut door = Door::new(by(SourceWidth::EXACT, 2));
    let mut held = Vec::new();
    for peer in ["2001:db8::1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"] {
        held.push(granted(door.ask(&facts(peer))));
    }
    assert_eq!(shown(&door.ask(&facts("2001:db8::1"))), "per-source 42");
    for (width, max, peer, want) in [
        (SourceWidth::DEFAULT, 3, "2001:db8::9", "per-source 42"),
        (SourceWidth::DEFAULT, 4, "2001:db8::9", "granted"),
        (SourceWidth { v4: 24, v6: 48 }, 4, "2001:db8::9", "per-source 42"),
        (SourceWidth { v4: 24, v6: 48 }, 5, "2001:db8::9", "granted"),
        (SourceWidth::EXACT, 1, "2001:db8::9", "granted"),
        (SourceWidth::EXACT, 1, "2001:db8::2", "per-source 42"),
    ] {
        let new = config(vec![service("ssh", by(width, max))]);
        let tables = portreeve_policy::Tables::compile(&new);
        let tried = consider(&tables, ServiceIndex(0), &door.state, &facts(peer), &mut NoTrace);
        assert_eq!(shown(&tried), want, "tried out before it is adopted: {width:?} {max}");
        door.reload(new);
        let verdict = door.ask(&facts(peer));
        assert_eq!(shown(&verdict), want, "{width:?} {max} {peer}");
        if let Verdict::Grant(reservation, _) = verdict {
            door.state.release(reservation);
        }
    }
    for reservation in held {
        door.state.release(reservation);
    }
    let status = door.state.status(&door.tables, ServiceIndex(0), secs(0)).unwrap();
    assert_eq!((status.sessions, status.sources), (0, 0));
}

#[test]
fn a_pause_outlasts_a_reload_unless_the_rate_is_gone() {
    let rated = || Admission { rate: sited(rate(1, 1, 60), 40), ..Admission::default() };
    let mut door = Door::new(rated());
    drop(door.ask(&facts("10.0.0.1")));
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "rate 40");
    let slower = Admission { rate: sited(rate(100, 1, 1), 45), ..Admission::default() };
    door.reload(config(vec![service("ssh", slower)]));
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "paused 45");
    door.reload(config(vec![service("ssh", Admission::default())]));
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "granted");
    assert_eq!(door.state.next_pause_end(), None);
    door.reload(config(vec![service("ssh", rated())]));
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "granted", "and does not come back");
}

#[test]
fn bans_outlast_a_reload() {
    let mut door = Door::new(Admission::default());
    let network = net("10.0.0.1");
    door.state.ban(portreeve_policy::Ban {
        since: 0,
        network,
        until: None,
        reason: "x".into(),
        source: Default::default(),
    });
    door.reload(config(vec![service("echo", Admission::default())]));
    assert_eq!(shown(&door.ask(&facts("10.0.0.1"))), "banned");
}
