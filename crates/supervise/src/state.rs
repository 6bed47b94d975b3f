//! `supervise/state`: what a supervisor knows of its service beyond the ancestor's status.
//!
//! It is text, a fact on each line: a key, a space, a value. It is written beside `supervise/status`,
//! which stays the ancestor's to the byte, and replaced whole. The first line is `state 1`, the
//! version. Times are TAI64N labels as multilog writes them.

use crate::end::End;
use crate::label::{self, Label};
use std::fmt::Write as _;
use std::time::Duration;

/// The version of the text.
const VERSION: &str = "1";

/// Bytes of the file, at most.
pub const MOST: usize = 1024;

/// So many short lives in a row, and a service is said to be flapping.
pub const FLAPPING: u32 = 5;

/// What a service is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It does not run, and nobody is about to start it.
    Down,
    /// It is about to be started: see [`State::next`].
    Waiting,
    /// It runs.
    Up,
    /// It has ended, and its finish runs.
    Finishing,
}

/// Whether it has said that it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Nobody asks it to.
    NotAsked,
    /// It has not so far.
    NotYet,
    /// It has, then.
    Since(Label),
    /// It has not, and cannot any more: it has closed its descriptor.
    Never,
}

/// How it ended last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// How.
    pub end: End,
    /// When.
    pub at: Label,
    /// How long it had run; whole milliseconds.
    pub lived: Duration,
}

/// Why a service that is wanted up is not started again until somebody says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// So many short lives in a row are the most its plan allows.
    Limit,
    /// Its finish said so, with exit code 125.
    Finish,
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// What it is at.
    pub phase: Phase,
    /// When that began.
    pub since: Label,
    /// The process, of the service or of its finish; 0 for none.
    pub pid: u32,
    /// Whether it is ready; of one that does not run, whether it will be asked.
    pub ready: Ready,
    /// How it ended last, since this supervisor knows of it.
    pub last: Option<Last>,
    /// Short lives in a row.
    pub short: u32,
    /// Whether it keeps dying young: [`FLAPPING`] short lives in a row or more, and the present one,
    /// if there is one, is still a short one.
    pub flapping: bool,
    /// When it will be started, if that is to wait longer than from one start to the next.
    pub next: Option<Label>,
    /// Why it is not.
    pub given_up: Option<Given>,
    /// [`fingerprint`] of the file `plan` by which it was started last.
    pub plan: Option<u64>,
}

impl State {
    /// As the file has it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = Text(format!("state {VERSION}\n"));
        text.line("phase", PHASES.iter().find(|(phase, _)| *phase == self.phase).map(|(_, it)| it));
        text.label("since", Some(self.since));
        text.line("pid", (self.pid != 0).then_some(self.pid));
        match self.ready {
            Ready::NotAsked => {}
            Ready::NotYet => text.line("ready", Some("no")),
            Ready::Since(since) => text.label("ready", Some(since)),
            Ready::Never => text.line("ready", Some("never")),
        }
        if let Some(last) = &self.last {
            match last.end {
                End::Code(code) => text.line("ended-code", Some(code)),
                End::Signal(signal) => text.line("ended-signal", Some(signal)),
                End::Unknown => text.line("ended-unknown", Some("yes")),
            }
            text.label("ended-at", Some(last.at));
            text.line("ended-after-ms", Some(last.lived.as_millis()));
        }
        text.line("short-lives", (self.short != 0).then_some(self.short));
        text.line("flapping", self.flapping.then_some("yes"));
        text.label("next-start", self.next);
        text.line("given-up", self.given_up.map(Given::word));
        text.line("plan", self.plan.map(|plan| format!("{plan:016x}")));
        text.0
    }

    /// From the file; nothing when that is not what a supervisor wrote. Keys that are not known are
    /// passed over: a later version may have more.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok().filter(|text| text.len() <= MOST)?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != format!("state {VERSION}") {
            return None;
        }
        let mut draft = Draft::default();
        for line in lines {
            let (key, value) = line.split_once(' ')?;
            draft.take(key, value)?;
        }
        draft.done()
    }
}

impl Given {
    fn word(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Finish => "finish",
        }
    }
}

const PHASES: [(Phase, &str); 4] = [
    (Phase::Down, "down"),
    (Phase::Waiting, "waiting"),
    (Phase::Up, "up"),
    (Phase::Finishing, "finishing"),
];

/// Names a text for good enough: a file `plan` that has another is another plan (FNV-1a).
#[must_use]
pub fn fingerprint(text: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    text.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

struct Text(String);

impl Text {
    fn line(&mut self, key: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            let _ = writeln!(self.0, "{key} {value}"); // a String takes everything
        }
    }

    fn label(&mut self, key: &str, label: Option<Label>) {
        let text = label.map(Label::to_text);
        self.line(key, text.as_ref().and_then(|text| str::from_utf8(text).ok()));
    }
}

/// A state while it is read.
#[derive(Default)]
struct Draft {
    phase: Option<Phase>,
    since: Option<Label>,
    pid: Option<u32>,
    ready: Option<Ready>,
    end: Option<End>,
    at: Option<Label>,
    lived: Option<Duration>,
    short: Option<u32>,
    flapping: Option<bool>,
    next: Option<Label>,
    given_up: Option<Given>,
    plan: Option<u64>,
}

impl Draft {
    /// A line; nothing when it is wrong, or there for the second time.
    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "phase" => {
                let phase = PHASES.iter().find(|(_, word)| *word == value);
                once(&mut self.phase, phase.map(|(phase, _)| *phase))
            }
            "since" => once(&mut self.since, label(value)),
            "pid" => once(&mut self.pid, number(value).filter(|pid| *pid != 0)),
            "ready" => once(
                &mut self.ready,
                match value {
                    "no" => Some(Ready::NotYet),
                    "never" => Some(Ready::Never),
                    _ => label(value).map(Ready::Since),
                },
            ),
            "ended-code" => once(&mut self.end, number(value).map(End::Code)),
            "ended-signal" => once(&mut self.end, number(value).map(End::Signal)),
            "ended-unknown" => once(&mut self.end, (value == "yes").then_some(End::Unknown)),
            "ended-at" => once(&mut self.at, label(value)),
            "ended-after-ms" => once(&mut self.lived, number(value).map(Duration::from_millis)),
            "short-lives" => once(&mut self.short, number(value).filter(|short| *short != 0)),
            "flapping" => once(&mut self.flapping, (value == "yes").then_some(true)),
            "next-start" => once(&mut self.next, label(value)),
            "given-up" => {
                let given = [Given::Limit, Given::Finish].into_iter();
                once(&mut self.given_up, given.into_iter().find(|given| given.word() == value))
            }
            "plan" => {
                let plan = u64::from_str_radix(value, 16).ok();
                once(&mut self.plan, plan.filter(|plan| format!("{plan:016x}") == value))
            }
            _ => Some(()),
        }
    }

    fn done(self) -> Option<State> {
        let last = match (self.end, self.at, self.lived) {
            (Some(end), Some(at), Some(lived)) => Some(Last { end, at, lived }),
            (None, None, None) => None,
            _ => return None,
        };
        Some(State {
            phase: self.phase?,
            since: self.since?,
            pid: self.pid.unwrap_or(0),
            ready: self.ready.unwrap_or(Ready::NotAsked),
            last,
            short: self.short.unwrap_or(0),
            flapping: self.flapping.unwrap_or(false),
            next: self.next,
            given_up: self.given_up,
            plan: self.plan,
        })
    }
}

fn once<T>(place: &mut Option<T>, value: Option<T>) -> Option<()> {
    match place {
        Some(_) => None,
        None => {
            *place = Some(value?);
            Some(())
        }
    }
}

fn label(text: &str) -> Option<Label> {
    let digits = text.strip_prefix('@').filter(|_| text.len() == label::TEXT)?;
    Label::from_digits(digits.as_bytes())
}

/// Decimal digits alone.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels() -> impl Strategy<Value = Label> {
        any::<[u8; label::SIZE]>().prop_map(Label::from_bytes)
    }

    prop_compose! {
        fn lasts()(
            end in prop_oneof![
                any::<u8>().prop_map(End::Code),
                any::<u8>().prop_map(End::Signal),
                Just(End::Unknown),
            ],
            at in labels(),
            lived in any::<u64>().prop_map(Duration::from_millis),
        ) -> Last {
            Last { end, at, lived }
        }
    }

    prop_compose! {
        fn states()(
            phase in prop::sample::select(PHASES.map(|(phase, _)| phase).to_vec()),
            since in labels(),
            pid in any::<u32>(),
            ready in prop_oneof![
                Just(Ready::NotAsked),
                Just(Ready::NotYet),
                Just(Ready::Never),
                labels().prop_map(Ready::Since),
            ],
            last in prop::option::of(lasts()),
            short in any::<u32>(),
            flapping in any::<bool>(),
            next in prop::option::of(labels()),
            given_up in prop::option::of(prop_oneof![Just(Given::Limit), Just(Given::Finish)]),
            plan in prop::option::of(any::<u64>()),
        ) -> State {
            State { phase, since, pid, ready, last, short, flapping, next, given_up, plan }
        }
    }

    proptest! {
        #[test]
        fn a_state_comes_back_as_it_was(state in states()) {
            let text = state.to_text();
            prop_assert!(text.len() <= MOST);
            prop_assert_eq!(State::parse(text.as_bytes()), Some(state));
            let more = format!("{text}later-key some thing\n");
            prop_assert_eq!(State::parse(more.as_bytes()), Some(state));
        }

        #[test]
        fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = State::parse(&bytes);
        }
    }

    #[test]
    fn what_a_running_service_looks_like() {
        let at = |seconds| Label::at(Duration::from_secs(seconds));
        let end = End::Signal(9);
        let last = Last { end, at: at(3), lived: Duration::from_millis(2500) };
        let state = State {
            phase: Phase::Up,
            since: at(4),
            pid: 77,
            ready: Ready::NotYet,
            last: Some(last),
            short: 6,
            flapping: true,
            next: None,
            given_up: None,
            plan: Some(0xabc),
        };
        let text = "state 1\n\
                    phase up\n\
                    since @400000000000000e000001f4\n\
                    pid 77\n\
                    ready no\n\
                    ended-signal 9\n\
                    ended-at @400000000000000d000001f4\n\
                    ended-after-ms 2500\n\
                    short-lives 6\n\
                    flapping yes\n\
                    plan 0000000000000abc\n";
        assert_eq!(state.to_text(), text);
        assert_eq!(State::parse(text.as_bytes()), Some(state));
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_ne!(fingerprint(b"plan 1\n"), fingerprint(b"plan 2\n"));
    }

    #[test]
    fn half_a_text_is_none() {
        let head = "state 1\nphase up\nsince @400000000000000e000001f4\n";
        assert!(State::parse(head.as_bytes()).is_some());
        for wrong in [
            "",
            "state 2\nphase up\nsince @400000000000000e000001f4\n",
            "state 1\nphase up\n",
            "state 1\nphase up\nphase up\nsince @400000000000000e000001f4\n",
            "state 1\nphase up\nsince @400000000000000e000001f4",
            &format!("{head}pid 0\n"),
            &format!("{head}pid +5\n"),
            &format!("{head}ended-code 256\n"),
            &format!("{head}ended-code 1\n"),
            &format!("{head}ready perhaps\n"),
            &format!("{head}plan 1\n"),
            &format!("{head}word\n"),
            &format!("{head}x {}\n", "y".repeat(MOST)),
        ] {
            assert_eq!(State::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
