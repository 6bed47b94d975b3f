//! What supervisors leave for their successors, and what administrators leave for them.

use super::{Outcome, Target, signature};
use portreeve_supervise::extras::Extra;
use portreeve_supervise::label::Label;
use portreeve_supervise::machine::{Machine, Manner, Now};
use portreeve_supervise::plan::Plan;
use portreeve_supervise::record::Record;
use portreeve_supervise::state::State;
use std::time::Duration;

/// The small files of a service's folder, and a supervisor's note.
pub(super) const KEPT: Target = Target {
    name: "kept",
    about: "supervise/state, supervise/process, optional files, a supervisor's note",
    check: kept,
    seeds: || {
        let since = "@400000000000000e000001f4";
        let state = format!(
            "state 1\nphase up\nsince {since}\npid 77\nready {since}\nended-signal 9\nended-at {since}\n\
             ended-after-ms 2500\nshort-lives 6\nflapping yes\nnext-start {since}\ngiven-up limit\n\
             plan 0000000000000abc\n"
        );
        let mut dead = Machine::new(false, Manner::default(), NOW.label);
        dead.started(7, Manner { ready: true, ..Manner::default() }, Some(1), NOW);
        let up = dead.to_note().to_vec();
        dead.died(portreeve_supervise::end::End::Code(1), Some(None), NOW);
        vec![
            state.into(),
            "b-1 12 345 ready 6\n".into(),
            "delay 1s\nlongest 5m\nlimit 7\nwithin 1500ms\n".into(),
            "3\n".into(),
            "SIGINT\n".into(),
            up,
            dead.to_note().to_vec(),
        ]
    },
    words: || {
        ["ready no\n", "phase finishing\n", " finish\n", "delay ", "limit 0\n", "h\n", "@4"]
            .map(String::from)
            .to_vec()
    },
    longest: 2048,
};

const NOW: Now = Now { label: LABEL, clock: Duration::from_secs(9) };
const LABEL: Label = Label::from_bytes([64, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1, 244]);

/// What is read is written as a text that is read as the same.
fn kept(bytes: &[u8]) -> Outcome {
    let mut kinds = Vec::new();
    if let Some(state) = State::parse(bytes) {
        kinds.push("state");
        if State::parse(state.to_text().as_bytes()) != Some(state) {
            return Err(format!("{state:?} is written as another"));
        }
    }
    if let Some(record) = Record::parse(bytes) {
        kinds.push("record");
        if Record::parse(record.to_text().as_bytes()) != Some(record.clone()) {
            return Err(format!("{record:?} is written as another"));
        }
    }
    let old = Plan::of_run();
    for extra in Extra::ALL {
        let mut plan = old.clone();
        match extra.apply(bytes, &mut plan) {
            Some(()) => kinds.push(extra.name()),
            None if plan == old => {}
            None => return Err(format!("half of {}", extra.name())),
        }
    }
    for process in [None, Some((9, LABEL))] {
        let Some(machine) = Machine::from_note(bytes, Manner::default(), process, NOW) else {
            continue;
        };
        kinds.push("note");
        let process = machine.process().map(|pid| (pid, LABEL));
        let again = Machine::from_note(&machine.to_note(), Manner::default(), process, NOW);
        if again.as_ref().map(Machine::to_note) != Some(machine.to_note()) {
            return Err(format!("{machine:?} is noted as another"));
        }
        if let (Some((pid, _)), None) = (process, machine.process()) {
            return Err(format!("{pid} is lost in {machine:?}"));
        }
        let _ = (machine.state(NOW), machine.next_due());
    }
    Ok(signature(kinds))
}
