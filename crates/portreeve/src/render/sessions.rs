//! Live sessions, as text and JSON.

use super::table::{self, Side};
use super::text::{count, span, visible, wrap_to};
use super::{Ink, ink};
use portreeve_diag::Paint;
use portreeve_wire::control::{SessionStage, SessionStatus};
use serde_json::{Value, json};
use std::time::Duration;

const HEAD: [&str; 7] = ["NUMBER", "SERVICE", "PEER", "USER", "PROCESS", "AGE", "STATE"];
const SIDES: [Side; 7] =
    [Side::Right, Side::Left, Side::Left, Side::Left, Side::Right, Side::Right, Side::Left];

/// One line each where that fits into `columns`, or where there is no such limit; else two. The sum
/// follows at a terminal alone.
pub(crate) fn sessions(all: &[SessionStatus], columns: Option<usize>, paint: Paint) -> String {
    let mut head = HEAD.map(str::to_owned);
    if all.iter().all(|one| one.user.is_none()) {
        head[3].clear();
    }
    let mut rows = vec![head];
    rows.extend(all.iter().map(row));
    let widths = table::widths(&rows);
    let mut out = String::new();
    if columns.is_none_or(|columns| table::total(&widths) <= columns) {
        for (index, row) in rows.iter().enumerate() {
            let line = table::line(row, &widths, &SIDES);
            let state = index.checked_sub(1).and_then(|index| all.get(index));
            out.push_str(&coloured(&line, row, state, paint));
            out.push('\n');
        }
    } else {
        let columns = columns.unwrap_or(usize::MAX);
        rows.iter()
            .skip(1)
            .zip(all)
            .for_each(|(row, one)| out.push_str(&block(row, one, columns, paint)));
    }
    if columns.is_some() {
        out.push_str(&sum(all));
    }
    out
}

fn row(one: &SessionStatus) -> [String; 7] {
    let session = &one.session;
    [
        session.session.0.to_string(),
        visible(&session.key),
        session.peer.to_string(),
        one.user.as_deref().map(visible).unwrap_or_default(),
        session.pid.map(|pid| pid.to_string()).unwrap_or_default(),
        span(Duration::from_millis(one.age)),
        state(one),
    ]
}

/// Its stage in words, with what is left of its grace.
fn state(one: &SessionStatus) -> String {
    let word = match one.stage {
        SessionStage::Startup => "startup",
        SessionStage::ByAge => "startup (by age)",
        SessionStage::Authenticated => "authenticated",
        SessionStage::Open => "open",
        SessionStage::Ending => "ending",
    };
    match one.grace {
        Some(left) => format!("{word}, {} left", span(Duration::from_secs(left.into()))),
        None => word.to_owned(),
    }
}

fn meaning(stage: SessionStage) -> Ink {
    match stage {
        SessionStage::Startup | SessionStage::ByAge => Ink::Care,
        SessionStage::Authenticated | SessionStage::Open => Ink::Good,
        SessionStage::Ending => Ink::Bad,
    }
}

/// The head faint, and of a session its state, which ends the line, in its colour.
fn coloured(line: &str, row: &[String; 7], one: Option<&SessionStatus>, paint: Paint) -> String {
    let Some(one) = one else { return ink(paint, Ink::Faint, line) };
    match line.strip_suffix(row[6].as_str()) {
        Some(rest) => format!("{rest}{}", ink(paint, meaning(one.stage), &row[6])),
        None => line.to_owned(),
    }
}

fn block(row: &[String; 7], one: &SessionStatus, columns: usize, paint: Paint) -> String {
    let [number, service, peer, user, process, age, state] = row;
    let process = if process.is_empty() { String::new() } else { format!(", process {process}") };
    let user = if user.is_empty() { String::new() } else { format!(", user {user}") };
    let rest = format!("from {peer}{process}{user}, for {age}");
    let head = format!("{number}  {service}");
    format!(
        "{}  {}\n{}",
        ink(paint, Ink::Name, &head),
        ink(paint, meaning(one.stage), state),
        wrap_to(columns, "    ", &rest)
    )
}

/// `3 sessions: 1 startup, 2 authenticated.`
fn sum(all: &[SessionStatus]) -> String {
    use SessionStage::{Authenticated, ByAge, Ending, Open, Startup};
    let of = |stages: &[SessionStage]| all.iter().filter(|one| stages.contains(&one.stage)).count();
    let parts = [
        (of(&[Startup, ByAge]), "not authenticated"),
        (of(&[Authenticated]), "authenticated"),
        (of(&[Open]), "open"),
        (of(&[Ending]), "ending"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let number = u64::try_from(all.len()).unwrap_or(u64::MAX);
    format!("{}: {}.\n", count(number, "session"), parts.join(", "))
}

/// A session for programs.
pub(crate) fn json(one: &SessionStatus) -> Value {
    let session = &one.session;
    json!({
        "number": session.session.0,
        "service": session.key,
        "peer": session.peer.address,
        "peer-port": session.peer.port,
        "local": session.local.address,
        "local-port": session.local.port,
        "user": one.user,
        "pid": session.pid,
        "age-ms": one.age,
        "stage": one.stage.word(),
        "grace-seconds": one.grace,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use portreeve_wire::event::SessionRef;
    use portreeve_wire::{End, SessionId};

    pub(crate) fn sample(number: u64, peer: &str, stage: SessionStage) -> SessionStatus {
        let end = |address: &str, port| End { address: address.parse().unwrap(), port };
        SessionStatus {
            session: SessionRef {
                session: SessionId(number),
                service: 0,
                key: "ssh".into(),
                peer: end(peer, 40000),
                local: end("192.0.2.1", 22),
                pid: Some(1234),
            },
            user: None,
            age: 3_725_000,
            stage,
            grace: (stage == SessionStage::Startup).then_some(108),
        }
    }

    #[test]
    fn sessions_stand_in_columns() {
        let mut all = [
            sample(7, "192.0.2.7", SessionStage::Authenticated),
            sample(12, "2001:db8::7", SessionStage::Startup),
        ];
        let table = "NUMBER  SERVICE  PEER                 PROCESS        AGE  STATE\n     \
                     7  ssh      192.0.2.7:40000         1234  1 h 2 min  authenticated\n    \
                     12  ssh      [2001:db8::7]:40000     1234  1 h 2 min  startup, 1 min 48 s left\n";
        assert_eq!(sessions(&all, None, Paint::Plain), table);
        let sum = "2 sessions: 1 not authenticated, 1 authenticated.\n";
        assert_eq!(sessions(&all, Some(120), Paint::Plain), format!("{table}{sum}"));
        let colour = sessions(&all, None, Paint::Colour);
        assert!(colour.contains("\x1b[32mauthenticated\x1b[0m\n"), "{colour:?}");
        all[0].user = Some("UNIX : joe\x1b[2J".into());
        let named = sessions(&all, None, Paint::Plain);
        assert!(named.contains("  USER ") && named.contains("UNIX : joe\\x1b[2J"), "{named}");
    }

    #[test]
    fn a_narrow_terminal_gets_two_lines_a_session() {
        let all = [sample(7, "192.0.2.7", SessionStage::Ending)];
        assert_eq!(
            sessions(&all, Some(50), Paint::Plain),
            "7  ssh  ending\n    from 192.0.2.7:40000, process 1234, for 1 h 2\n    min\n\
             1 session: 1 ending.\n"
        );
        let long = [sample(7, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", SessionStage::Startup)];
        let shown = sessions(&long, Some(80), Paint::Plain);
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    }

    #[test]
    fn json_names_stay() {
        let value = json(&sample(7, "192.0.2.7", SessionStage::Startup));
        assert_eq!((&value["stage"], &value["grace-seconds"]), (&"startup".into(), &108.into()));
        assert_eq!((&value["peer"], &value["peer-port"]), (&"192.0.2.7".into(), &40000.into()));
    }
}
