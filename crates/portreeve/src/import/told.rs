//! What became of it, for people and for programs.

use super::outcome::{Outcome, Outcomes};
use super::{Found, Passed};
use crate::exit::Failure;
use crate::render::bans::json_time;
use crate::render::lines::{Escapes, harmless};
use crate::render::table::{self, Side};
use crate::render::text::{count, visible};
use crate::render::{Ink, bans, ink, json};
use crate::terminal::{self, Form, Reader};
use jiff::tz::TimeZone;
use portreeve_diag::Paint;
use serde_json::{Value, json};
use std::io;

/// Rows that are laid out together.
const CHUNK: usize = 1000;

const HEAD: [&str; 5] = ["NETWORK", "UNTIL", "SINCE", "WHAT", "WHY"];
const SIDES: [Side; 5] = [Side::Left; 5];

/// Something that is passed over, on a line of its own.
pub(super) fn passed(one: &Passed) -> String {
    format!("{}: {}\n", visible(&one.place), visible(&one.why))
}

/// Tells of all bans; without a dry run, text names those alone that are not in force now.
pub(super) fn tell(
    outcomes: &Outcomes,
    passed: &[Passed],
    configuration: &str,
    dry_run: bool,
    form: Form,
) -> Result<(), Failure> {
    match form {
        Form::Json => as_json(outcomes, passed, configuration, dry_run),
        Form::Text(paint) => {
            let shown = outcomes.each().filter(|(_, outcome)| dry_run || !outcome.is_good());
            let shown: Vec<_> = shown.collect();
            let mut head = true;
            for chunk in shown.chunks(CHUNK) {
                if put(&rows(chunk, head, paint, &TimeZone::system()))? == Reader::Gone {
                    return Ok(());
                }
                head = false;
            }
            put(&sum(outcomes, passed, dry_run))?;
            put(configuration).map(drop)
        }
    }
}

fn put(text: &str) -> Result<Reader, Failure> {
    let written = terminal::write_all(&mut io::stdout().lock(), text.as_bytes());
    written.map_err(|error| Failure::system("write to standard output", &error))
}

fn rows(some: &[&(Found, Outcome)], head: bool, paint: Paint, zone: &TimeZone) -> String {
    let mut all = vec![HEAD.map(str::to_owned)];
    all.extend(some.iter().map(|(found, outcome)| {
        let why = match outcome {
            Outcome::Refused(why) => visible(why),
            Outcome::Open | Outcome::Taken | Outcome::Known | Outcome::Over | Outcome::Unknown => {
                visible(&found.ban.reason)
            }
        };
        let until = found.ban.until.map_or("for ever".to_owned(), |at| bans::moment(at, zone));
        let since = bans::moment(found.ban.since, zone);
        [found.ban.network.to_string(), until, since, outcome.word().to_owned(), why]
    }));
    let widths = table::widths(&all);
    let mut out = String::new();
    for (index, row) in all.iter().enumerate().skip(usize::from(!head)) {
        let line = table::line(row, &widths, &SIDES);
        out.push_str(&if index == 0 { ink(paint, Ink::Faint, &line) } else { line });
        out.push('\n');
    }
    out
}

/// How many came to what.
fn sum(outcomes: &Outcomes, passed: &[Passed], dry_run: bool) -> String {
    let taken = outcomes.count("taken");
    let mut parts = vec![match dry_run {
        true => format!("{} would be taken", count(taken, "ban")),
        false => format!("{} taken", count(taken, "ban")),
    }];
    for (word, text) in [
        ("known", "in force already"),
        ("over", "over"),
        ("refused", "refused"),
        ("unknown", "not asked about"),
    ] {
        let number = outcomes.count(word);
        if number > 0 {
            parts.push(format!("{number} {text}"));
        }
    }
    if !passed.is_empty() {
        parts.push(format!("{} passed over", passed.len()));
    }
    format!("{}.\n", parts.join(", "))
}

fn as_json(
    outcomes: &Outcomes,
    passed: &[Passed],
    configuration: &str,
    dry_run: bool,
) -> Result<(), Failure> {
    let words = ["taken", "known", "over", "refused", "unknown"];
    let counts: serde_json::Map<_, _> =
        words.iter().map(|word| ((*word).to_owned(), outcomes.count(word).into())).collect();
    let rest = json!({
        "dry-run": dry_run,
        "counts": counts,
        "passed-over": passed.iter().map(|one| {
            json!({ "place": one.place, "why": one.why })
        }).collect::<Vec<_>>(),
        "configuration": (!configuration.is_empty()).then_some(configuration),
    });
    let mut text = "{\n  \"bans\": [\n".to_owned();
    let mut each = outcomes.each().peekable();
    let mut number = 0_usize;
    while let Some((found, outcome)) = each.next() {
        let comma = if each.peek().is_some() { "," } else { "" };
        let line = format!("    {}{comma}", one(found, outcome));
        text.push_str(&harmless(&line, Escapes::Json));
        number += 1;
        if number.is_multiple_of(CHUNK) {
            if put(&text)? == Reader::Gone {
                return Ok(());
            }
            text.clear();
        }
    }
    text.push_str("  ],\n");
    // the other members, without the bracket that would open another object
    text.push_str(json::text(&rest).strip_prefix("{\n").unwrap_or_default());
    put(&text).map(drop)
}

fn one(found: &Found, outcome: &Outcome) -> Value {
    let ban = &found.ban;
    json!({
        "network": ban.network.to_string(),
        "since": json_time(ban.since),
        "until": ban.until.and_then(json_time),
        "reason": ban.reason,
        "judge": (!ban.judge.is_empty()).then_some(&ban.judge),
        "place": found.place,
        "outcome": outcome.word(),
        "why": if let Outcome::Refused(why) = outcome { Some(why) } else { None },
    })
}
