//! Questions to a running door.

use crate::kit::Folder;
use portreeve_model::Parting;
use portreeve_wire::End;
use portreeve_wire::clerk::BookedCounts;
use portreeve_wire::control::{
    Answer, Explanation, ListenerStatus, Request, ServiceStatus, Status, Step,
};
use serde_json::Value;

pub(crate) fn status() -> Status {
    Status {
        judging: Default::default(),
        enforcers: Vec::new(),
        version: "0.1.0".into(),
        pid: 4711,
        uptime: 61_000,
        stopping: false,
        configuration: "/c\x1b[2J".into(),
        sessions: 0,
        max_sessions: 10,
        delayed: 0,
        max_delayed: 1000,
        delayed_crowded: 0,
        bans: 0,
        bans_evicted: 0,
        events_lost: 0,
        exhausted: None,
        alarms: Vec::new(),
        cannot: Vec::new(),
        helpers: Vec::new(),
        services: Vec::new(),
        trial: None,
        newest_bans: Vec::new(),
        watches: Vec::new(),
        firewall: None,
        offences: BookedCounts::default(),
        lists: Vec::new(),
    }
}

#[test]
fn a_door_that_is_away_is_69_in_either_form() {
    let folder = Folder::new();
    for command in ["status", "events", "reload", "stop"] {
        let ran = folder.portreeve(&[command]);
        assert_eq!((ran.exit, ran.out.as_str()), (69, ""), "{command}: {ran:?}");
        assert!(ran.err.contains("the door is not running (no answer on "), "{command}: {ran:?}");
        assert!(ran.err.contains("start it with `portreeve run --root "), "{command}: {ran:?}");
        let ran = folder.portreeve(&[command, "--json"]);
        let value: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!((ran.exit, &value["exit"]), (69, &69.into()), "{command}");
    }
}

#[test]
fn a_status_is_shown_harmless() {
    let folder = Folder::new();
    let door = folder.door(&Answer::Status(Box::new(status())), b"");
    let ran = folder.portreeve(&["status"]);
    assert_eq!(door.join().unwrap(), Request::Status);
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    assert!(
        ran.out.starts_with("The door is open, process 4711, portreeve 0.1.0, up 1 min 1 s.\n")
    );
    assert!(ran.out.contains("/c\\x1b[2J"), "{ran:?}");
}

#[test]
fn a_reload_says_what_changed_or_why_not() {
    let folder = Folder::new();
    let reloaded = Answer::Reloaded { changes: vec!["ssh: new".into()], findings: String::new() };
    let door = folder.door(&reloaded, b"");
    let ran = folder.portreeve(&["reload"]);
    assert_eq!(door.join().unwrap(), Request::Reload);
    assert_eq!(
        (ran.exit, ran.out.as_str()),
        (0, "The new configuration is in force.\n  ssh: new\n")
    );
    let folder = Folder::new();
    let refused = Answer::ReloadRefused { findings: "error: no\n".into() };
    folder.door(&refused, b"");
    let ran = folder.portreeve(&["reload", "--json"]);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.exit, &value["reloaded"]), (78, &false.into()));
}

#[test]
fn whoever_may_not_ask_is_told() {
    let folder = Folder::new();
    folder.door(&Answer::NotPermitted("only root may ask".into()), b"");
    let ran = folder.portreeve(&["stop"]);
    assert_eq!((ran.exit, ran.err.as_str()), (77, "portreeve: only root may ask\n"));
}

#[test]
fn the_door_explains_with_what_it_counts() {
    let folder = Folder::with("[service.ssh]\n");
    let file = folder.path().join("etc/portreeve/portreeve.toml");
    let place = format!("{}:1:1", file.display());
    let step = Step {
        row: 5,
        question: "instances".into(),
        answer: format!("5 instances: 9 sessions are live, and instances ({place}) allows 9"),
        origin: Some(place.clone()),
        word: "refuse".into(),
        decided: true,
        after: false,
    };
    let explanation = Explanation {
        service: "ssh".into(),
        verdict: "refused".into(),
        reason: Some("instances".into()),
        text: format!("refused: {}", step.answer.strip_prefix("5 ").unwrap()),
        then: None,
        origin: Some(place),
        steps: vec![step],
    };
    let door = folder.door(&Answer::Explained(vec![explanation]), b"");
    let ran = folder.portreeve(&["explain", "ssh", "[::1]:9", "--at", "2026-11-21T12:00:00Z"]);
    let asked = Request::Explain {
        supposed: portreeve_model::Supposed::default(),
        service: "ssh".into(),
        peer: "::1".parse().unwrap(),
        port: 9,
        at: Some(1_795_262_400),
    };
    assert_eq!(door.join().unwrap(), asked);
    assert_eq!(ran.exit, 1, "{ran:?}");
    for want in [
        "decided by the running door, with its\ncounters and bans\n",
        "ssh: refused (instances)\n  9 sessions are live, and instances allows 9\n",
        "       1 | [service.ssh]\n",
        "> 5  instances:           9 sessions are live, and instances allows 9\n",
    ] {
        assert!(ran.out.contains(want), "{want} in\n{}", ran.out);
    }
}

#[test]
fn the_files_answer_where_the_door_may_not_be_asked() {
    let folder = Folder::with("[service.e]\nlisten = [\"127.0.0.1:7\"]\ninternal = \"echo\"\n");
    folder.door(&Answer::NotPermitted("only root may ask".into()), b"");
    let ran = folder.portreeve(&["explain", "e", "192.0.2.7"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert!(ran.err.contains("without the running door: only root may ask"), "{ran:?}");
    assert!(ran.out.contains("e: granted\n"), "{ran:?}");
}

#[test]
fn events_come_through_line_by_line() {
    let folder = Folder::new();
    let door = folder.door(&Answer::Events, b"{\"a\":1}\n{\"b\":\"\xc2\x9b\"}\n");
    let ran = folder.portreeve(&["events", "-n", "3", "--json"]);
    let asked = Request::Events { json: true, last: 3, follow: false, colour: false };
    assert_eq!(door.join().unwrap(), asked);
    assert_eq!((ran.exit, ran.out.as_str()), (0, "{\"a\":1}\n{\"b\":\"\\u009b\"}\n"));
}

#[test]
fn following_goes_on_with_the_next_clerk_and_ends_with_the_door() {
    let folder = Folder::new();
    let log = folder.path().join("var/log/portreeve");
    std::fs::create_dir_all(&log).unwrap();
    std::fs::write(log.join("events.jsonl"), "").unwrap();
    let door = folder.patient_door(&[
        Answer::Events, // and the clerk is gone
        Answer::Failed("the clerk is away; try again".into()),
        Answer::Status(Box::new(status())),
        Answer::Events, // and so is the door
    ]);
    let ran = folder.portreeve(&["events", "--follow", "-n", "3"]);
    let asked = door.join().unwrap();
    let subscribed = |last| Request::Events { json: false, last, follow: true, colour: false };
    assert_eq!(asked[0], subscribed(3));
    assert_eq!(asked[3], subscribed(0), "nothing is shown twice");
    assert_eq!(ran.exit, 69, "{ran:?}");
    assert_eq!(ran.err.matches("the clerk was started again").count(), 1, "{ran:?}");
    assert!(ran.err.contains("portreeve: the door has closed; past events are in "), "{ran:?}");
}

#[test]
fn a_stop_counts_what_goes_on() {
    let folder = Folder::new();
    folder.door(&Answer::Stopping { sessions: 2, parting: Parting::Wait }, b"");
    let ran = folder.portreeve(&["stop"]);
    assert_eq!((ran.exit, ran.out.as_str()), (0, "The door is closed; 2 sessions go on.\n"));
}

/// A status with one service that has a problem, and a listener that is not up.
pub(crate) fn ailing() -> Answer {
    let listener = ListenerStatus {
        address: End { address: std::net::Ipv4Addr::new(192, 0, 2, 9).into(), port: 22 },
        dual: false,
        down: Some("no such address on this host".into()),
        retry: Some(4),
    };
    let service = ServiceStatus {
        key: "ssh".into(),
        name: "ssh".into(),
        offer: "/usr/sbin/sshd -i".into(),
        origin: "/c:1:1".into(),
        problems: vec!["user `nobdy` does not exist".into()],
        listeners: vec![listener],
        endings: None,
        refusals: None,
        sessions: 0,
        instances: None,
        startups: 0,
        startups_by_age: false,
        paused: None,
        admitted: 0,
        refused: Vec::new(),
        last_minute: (0, 0),
    };
    Answer::Status(Box::new(Status { services: vec![service], stopping: true, ..status() }))
}

#[test]
fn the_door_explains_why_a_service_is_down() {
    let folder = Folder::new();
    let explanation = Explanation {
        service: "ssh".into(),
        verdict: "refused".into(),
        reason: Some("disabled".into()),
        text: "refused: disabled: user `nobdy` does not exist".into(),
        then: None,
        origin: None,
        steps: Vec::new(),
    };
    let door = folder.patient_door(&[Answer::Explained(vec![explanation]), ailing()]);
    let ran = folder.portreeve(&["explain", "ssh", "192.0.2.7"]);
    assert_eq!(door.join().unwrap().last(), Some(&Request::Status));
    assert_eq!(ran.exit, 1, "{ran:?}");
    for want in [
        "ssh: refused (disabled)\n  user `nobdy` does not exist\n",
        "  because it does not listen on 192.0.2.9:22: no such address on this host\n",
        "  because the door is closing: it takes no more connections\n",
    ] {
        assert!(ran.out.contains(want), "{want} in\n{}", ran.out);
    }
    assert_eq!(ran.out.matches("nobdy").count(), 1, "said once: {}", ran.out);
}

#[test]
fn a_reload_says_what_is_down_afterwards() {
    let reloaded = Answer::Reloaded { changes: vec!["added: ssh".into()], findings: String::new() };
    let folder = Folder::new();
    folder.patient_door(&[reloaded.clone(), ailing()]);
    let ran = folder.portreeve(&["reload"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    for want in [
        "The new configuration is in force.\n  added: ssh\n",
        "  down: ssh: user `nobdy` does not exist\n",
        "  down: ssh: it does not listen on 192.0.2.9:22: no such address on this host\n",
    ] {
        assert!(ran.out.contains(want), "{want} in\n{}", ran.out);
    }
    let folder = Folder::new();
    folder.patient_door(&[reloaded, ailing()]);
    let ran = folder.portreeve(&["reload", "--json"]);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["down"][0]["service"], "ssh");
    assert_eq!(value["down"][0]["reasons"][0], "user `nobdy` does not exist");
}
