//! What would be decided, as text.

use super::places::Places;
use super::text::{visible, wrap};
use super::{Ink, ink};
use crate::explain::suppose;
use portreeve_diag::Paint;
use portreeve_model::Supposed;
use portreeve_wire::control::{Explanation, Step};

/// Who was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The running door: its configuration, counters and bans.
    Door,
    /// The files, as they are now, by the path of the first; counters and bans are not known.
    Files(String),
}

/// A question with everything that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// The peer as it was given.
    pub(crate) peer: String,
    /// The moment the decision is for, by the local clock.
    pub(crate) at: String,
    /// The same for programs.
    pub(crate) instant: String,
    /// What was supposed of look-ups.
    pub(crate) supposed: Supposed,
    /// Who answered.
    pub(crate) source: Source,
    /// One for each service of the name.
    pub(crate) services: Vec<Explained>,
}

/// One service's answer.
#[derive(Clone, Debug)]
pub(crate) struct Explained {
    /// The decision with its steps.
    pub(crate) explanation: Explanation,
    /// The line that decides, as the file has it.
    pub(crate) line: Option<String>,
    /// Why the service cannot run on this host at present, which is no part of the decision.
    pub(crate) down: Vec<String>,
}

/// All of it.
pub(crate) fn explain(report: &Report, paint: Paint) -> String {
    let mut out = wrap("", &opening(report));
    let steps = report.services.iter().flat_map(|one| &one.explanation.steps);
    let places = Places::new(steps.filter_map(|step| step.origin.as_deref()));
    for explained in &report.services {
        out.push('\n');
        out.push_str(&one(explained, &places, paint));
    }
    out
}

fn opening(report: &Report) -> String {
    let source = match &report.source {
        Source::Door => "the running door, with its counters and bans".to_owned(),
        Source::Files(path) => {
            format!("{} alone: counters and bans are not known", visible(path))
        }
    };
    let supposed = suppose::words(&report.supposed);
    let assumed = match supposed.is_empty() {
        true => String::new(),
        false => format!(" assuming {}", supposed.join(", ")),
    };
    format!("{} at {}{assumed}, decided by {source}", visible(&report.peer), report.at)
}

fn one(explained: &Explained, places: &Places<'_>, paint: Paint) -> String {
    let explanation = &explained.explanation;
    let meaning = match explanation.verdict.as_str() {
        "granted" => Ink::Good,
        "unknown" => Ink::Care,
        _ => Ink::Bad,
    };
    let verdict = ink(paint, meaning, &visible(&explanation.verdict));
    let reason = match &explanation.reason {
        Some(word) => format!(" ({})", visible(word)),
        None => String::new(),
    };
    let name = ink(paint, Ink::Name, &visible(&explanation.service));
    let mut out = format!("{name}: {verdict}{reason}\n");
    let decided = explanation.steps.iter().find(|step| step.decided);
    let place = explanation.origin.as_deref().or(decided.and_then(|step| step.origin.as_deref()));
    // The whole place comes on the next line.
    let text = places.without(&explanation.text, place);
    out.push_str(&wrap("  ", &visible(&text)));
    if let Some(then) = &explanation.then {
        out.push_str(&wrap("  then: ", &visible(then)));
    }
    if let Some(origin) = &explanation.origin {
        out.push_str(&quoted(origin, explained.line.as_deref(), paint));
    }
    let but = match explanation.reason.as_deref() {
        Some("disabled") => "because",
        _ => "but on this host:",
    };
    for reason in &explained.down {
        out.push_str(&wrap("  ", &format!("{but} {}", visible(reason))));
    }
    out.push('\n');
    for step in &explanation.steps {
        out.push_str(&one_step(step, places, meaning, paint));
    }
    out
}

/// The place that decides, and its line under it with the line's number.
fn quoted(origin: &str, line: Option<&str>, paint: Paint) -> String {
    let mut out = format!("  at {}\n", visible(origin));
    if let Some(line) = line {
        let number = origin.rsplit(':').nth(1).unwrap_or_default();
        let bar = format!("{number:>8} | ");
        out.push_str(&ink(paint, Ink::Faint, &visible(&bar)));
        out.push_str(visible(line).trim_end());
        out.push('\n');
    }
    out
}

/// `> 4  access-list: answer (place)`; the arrow marks the step that decided. What those behind it
/// would have said begins so.
fn one_step(step: &Step, places: &Places<'_>, meaning: Ink, paint: Paint) -> String {
    let arrow = if step.decided { ">" } else { " " };
    let answer = places.without(&step.answer, step.origin.as_deref());
    let place = step.origin.as_deref().map(|origin| format!(" ({})", places.short(origin)));
    let would = if step.after { format!("would {}: ", step.word) } else { String::new() };
    let text = visible(&format!("{would}{answer}{}", place.unwrap_or_default()));
    let question = visible(&step.question);
    let head = format!("{arrow} {}  {question}:", step.row);
    // The answers of a list of steps are read one under another.
    let lines = wrap(&format!("{head:<STEP$} "), &text);
    match lines.strip_prefix(&head) {
        Some(rest) if step.decided => format!("{}{rest}", ink(paint, meaning, &head)),
        _ if step.after => ink(paint, Ink::Faint, &lines),
        _ => lines,
    }
}

/// Columns before the answer of a step, if its question is not longer.
const STEP: usize = 25;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::WIDTH;
    use portreeve_model::{SupposedIdent, SupposedNames};

    fn sample() -> Report {
        let step = |row, question: &str, answer: &str, origin: Option<&str>, word: &str| Step {
            row,
            question: question.into(),
            answer: answer.into(),
            origin: origin.map(str::to_owned),
            word: word.into(),
            decided: false,
            after: false,
        };
        let no_entry = "no entry of only_from (/etc/xinetd.d/ssh:7:9) matches 198.51.100.9";
        let denied = "`ALL` in no_access (/etc/xinetd.conf:3:2) matches 198.51.100.9";
        let explanation = Explanation {
            service: "ssh".into(),
            verdict: "refused".into(),
            reason: Some("rule".into()),
            text: "no entry of only_from (/etc/xinetd.d/ssh:7:9) matches 198.51.100.9".into(),
            then: Some("reset at once".into()),
            origin: Some("/etc/xinetd.d/ssh:7:9".into()),
            steps: vec![
                step(1, "pause", "the service is not pausing", None, "pass"),
                step(2, "ban", "not known here", None, "pass"),
                Step {
                    decided: true,
                    ..step(4, "access-list", no_entry, Some("/etc/xinetd.d/ssh:7:9"), "refuse")
                },
                Step {
                    after: true,
                    ..step(4, "access-list", denied, Some("/etc/xinetd.conf:3:2"), "refuse")
                },
                Step { after: true, ..step(5, "rate", "no limit", None, "pass") },
            ],
        };
        Report {
            peer: "198.51.100.9:4711".into(),
            at: "2026-11-21 14:00:00 +01:00".into(),
            instant: "2026-11-21T14:00:00+01:00".into(),
            supposed: Supposed::default(),
            source: Source::Files("/etc/xinetd.conf".into()),
            services: vec![Explained {
                explanation,
                line: Some("\tonly_from = 192.0.2.0/24 \x1b[2J".into()),
                down: vec!["user `nobdy` does not exist".into()],
            }],
        }
    }

    const GOLDEN: &str = "\
198.51.100.9:4711 at 2026-11-21 14:00:00 +01:00, decided by /etc/xinetd.conf
alone: counters and bans are not known

ssh: refused (rule)
  no entry of only_from matches 198.51.100.9
  then: reset at once
  at /etc/xinetd.d/ssh:7:9
       7 |  only_from = 192.0.2.0/24 \\x1b[2J
  but on this host: user `nobdy` does not exist

  1  pause:               the service is not pausing
  2  ban:                 not known here
> 4  access-list:         no entry of only_from matches 198.51.100.9 (ssh:7)
  4  access-list:         would refuse: `ALL` in no_access matches 198.51.100.9
                          (xinetd.conf:3)
  5  rate:                would pass: no limit
";

    #[test]
    fn a_refusal_shows_every_step_and_quotes_the_line_that_decides() {
        let text = explain(&sample(), Paint::Plain);
        assert_eq!(text, GOLDEN);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn assumed_names_and_the_running_door_are_said() {
        let mut report = sample();
        let names = vec!["a.example".into(), "b.example".into()];
        report.supposed.names = Some(SupposedNames::Confirmed(names));
        report.supposed.ident = Some(SupposedIdent::User("joe".into()));
        report.supposed.listed = Some(Vec::new());
        report.source = Source::Door;
        let text = explain(&report, Paint::Plain).replace('\n', " ");
        assert!(text.contains("assuming the confirmed name `a.example` and `b.example`, the ident user `joe`, that no DNS list has the peer"), "{text}");
        assert!(text.contains("decided by the running door, with its counters and bans"), "{text}");
    }

    #[test]
    fn the_verdict_and_the_step_that_decided_are_coloured() {
        let text = explain(&sample(), Paint::Colour);
        assert!(text.contains("\x1b[1mssh\x1b[0m: \x1b[31mrefused\x1b[0m (rule)"), "{text}");
        assert!(text.contains("\x1b[31m> 4  access-list:\x1b[0m         no entry"), "{text}");
    }
}
