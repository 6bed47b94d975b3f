use super::*;
use crate::render::WIDTH;
use crate::service::{Kind, Place, Planned};
use jiff::tz::TimeZone;
use portreeve_diag::Paint;
use portreeve_supervise::plan::{Plan, Restart};

fn at(seconds: u64) -> Label {
    Label::at(Duration::from_secs(seconds))
}

fn now() -> Timestamp {
    Timestamp::new(1_800_000_000, 1000).unwrap() // a label is half a microsecond late
}

/// So long before now.
fn ago(seconds: u64) -> Label {
    at(1_800_000_000 - seconds)
}

fn place(name: &str) -> Place {
    let path = format!("/etc/service/{name}").into();
    Place { name: name.into(), path, kind: Kind::Listed("/etc/service".into()) }
}

fn ancestors(pid: u32, since: Label, want: Want) -> Seen {
    Seen {
        supervisor: Supervisor::Runs,
        status: Some(Status { since, pid, paused: false, want }),
        state: None,
        disabled: false,
        left: None,
        held: None,
    }
}

fn ours(pid: u32, since: Label, want: Want, phase: Phase) -> Seen {
    let state = State {
        phase,
        since,
        pid,
        ready: Ready::NotAsked,
        last: None,
        short: 0,
        flapping: false,
        next: None,
        given_up: None,
        plan: None,
    };
    Seen { state: Some(state), ..ancestors(pid, since, want) }
}

fn with(mut seen: Seen, change: impl FnOnce(&mut State)) -> Seen {
    change(seen.state.as_mut().unwrap());
    seen
}

fn died(end: End) -> Option<Last> {
    Some(Last { end, at: ago(40), lived: Duration::from_millis(20) })
}

/// One of everything.
fn sample() -> Vec<(Place, Seen)> {
    let up = |phase| ours(4711, ago(7200), Want::Up, phase);
    vec![
        (place("ancestor"), ancestors(12, ago(61), Want::Up)),
        (
            place("away"),
            Seen { supervisor: Supervisor::Away, left: Some(9), ..ancestors(9, ago(9), Want::Up) },
        ),
        (
            place("bad"),
            with(ours(0, ago(40), Want::Up, Phase::Waiting), |state| {
                state.flapping = true;
                state.short = 7;
                state.last = died(End::Code(3));
                state.next = Some(at(1_800_000_031));
            }),
        ),
        (
            place("broken"),
            with(ours(0, ago(40), Want::Up, Phase::Down), |state| {
                state.given_up = Some(Given::Limit);
                state.last = died(End::Signal(11));
            }),
        ),
        (
            place("db"),
            with(up(Phase::Up), |state| {
                state.ready = Ready::Since(ago(7190));
                state.last = died(End::Unknown);
            }),
        ),
        (place("db/log"), up(Phase::Up)),
        (place("odd\x1b[2J"), Seen { disabled: true, ..ancestors(0, ago(5), Want::Down) }),
        (place("slow"), with(up(Phase::Up), |state| state.ready = Ready::NotYet)),
    ]
}

const TABLE: &str = "\
NAME        STATE        PID  FOR        SHORT  LAST END  AT START
ancestor    up            12  1 min 1 s
away        left alone
bad         flapping          40 s           7  exit 3
broken      failed            40 s              SIGSEGV
db          ready       4711  2 h               unknown
db/log      up          4711  2 h
odd\\x1b[2J  down              5 s                         disabled
slow        starting    4711  2 h
";

#[test]
fn a_list_has_a_line_for_each() {
    let text = table(&sample(), now(), Paint::Plain);
    assert_eq!(text, TABLE);
    // what nobody says has no column
    let plain = [(place("a"), ancestors(12, ago(61), Want::Up))];
    assert_eq!(
        table(&plain, now(), Paint::Plain),
        "NAME  STATE  PID  FOR\na     up      12  1 min 1 s\n"
    );
}

#[test]
fn colour_changes_nothing_but_colour() {
    let text = table(&sample(), now(), Paint::Colour);
    assert!(text.contains("\x1b[32mready\x1b[0m") && text.contains("\x1b[31mfailed\x1b[0m"));
    let mut plain = text;
    for code in ["0", "2", "31", "32", "33"] {
        plain = plain.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(plain, table(&sample(), now(), Paint::Plain));
}

fn detailed(at: usize) -> Details {
    let (place, seen) = sample().swap_remove(at);
    let log = Err("`x` has no logger".to_owned());
    Details { place, seen, planned: Planned::Run(Plan::of_run()), log }
}

#[test]
fn a_service_that_keeps_dying_says_why_and_when_it_is_started_again() {
    let lines = vec!["2027-01-15 08:00:00.000000000 no such database".to_owned()];
    let log = Ok(("/var/log/bad".into(), lines));
    let text = details(&Details { log, ..detailed(2) }, now(), &TimeZone::UTC, Paint::Plain);
    let want = "\
bad                                                             /etc/service/bad
  state           flapping for 40 s, since 2027-01-15 07:59:20 +00:00
  next start      in 30 s
  last end        by exit code 3, after 20 ms, at 2027-01-15 07:59:20 +00:00
  flapping        7 short lives in a row: it keeps ending soon
  at start        started with its supervisor (enabled)
  starts          ./run
  log             /var/log/bad
    2027-01-15 08:00:00.000000000 no such database
";
    assert_eq!(text, want);
}

#[test]
fn a_service_of_the_configuration_shows_its_plan_and_that_it_changed() {
    let mut one = detailed(4);
    one.place.kind = Kind::Native;
    let mut plan = Plan::of_run();
    plan.restart = Restart { limit: Some(5), ..Restart::default() };
    plan.kill_after = Some(Duration::from_secs(20));
    one.planned = Planned::File(plan, 2);
    one.seen.state.as_mut().unwrap().plan = Some(1);
    let text = details(&one, now(), &TimeZone::UTC, Paint::Plain);
    for want in [
        "  state           ready, process 4711 for 2 h, since ",
        "  ready           since 2027-01-15 06:00:10 +00:00\n",
        "  plan            has changed since it was started, and takes effect at the next\n",
        "  starts          ./run\n",
        "  ended by        SIGTERM, and killed after 20 s\n",
        "  started again   not after 5 short lives in a row, each below 1 min\n",
        "  log             `x` has no logger\n",
    ] {
        assert!(text.contains(want), "{want} in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    one.seen.state.as_mut().unwrap().plan = Some(2);
    assert!(!details(&one, now(), &TimeZone::UTC, Paint::Plain).contains("has changed"));
    assert_eq!(full(&one)["plan-changed"], false);
}

#[test]
fn who_is_left_alone_or_given_up_is_told_what_helps() {
    for (at, want) in [
        (1, "  supervisor      none runs; process 9 of the service runs on, and the next one\n"),
        (3, "`portreeve service up broken` starts it\n"),
        (6, "odd\\x1b[2J"),
        (7, "  ready           not so far\n"),
    ] {
        let text = details(&detailed(at), now(), &TimeZone::UTC, Paint::Plain);
        assert!(text.contains(want), "{want} in\n{text}");
    }
}

#[test]
fn members_keep_their_names() {
    let all = list(&sample());
    assert_eq!((&all[2]["state"], &all[2]["flapping"]), (&"flapping".into(), &true.into()));
    assert_eq!((&all[2]["last-end"]["code"], &all[2]["short-lives"]), (&3.into(), &7.into()));
    assert_eq!(all[3]["last-end"]["signal"], "SIGSEGV");
    assert_eq!((&all[3]["given-up"], &all[4]["ready"]), (&"limit".into(), &true.into()));
    assert_eq!((&all[0]["pid"], &all[0]["ready"]), (&12.into(), &serde_json::Value::Null));
    assert_eq!((&all[1]["supervised"], &all[1]["pid"]), (&false.into(), &9.into()));
    assert_eq!((&all[6]["enabled"], &all[6]["want"]), (&false.into(), &"down".into()));
    assert_eq!(all[0]["since"], "2027-01-15T07:58:59.0000005Z");
}
