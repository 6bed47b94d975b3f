//! Services in a table.

use super::{age, meaning, signal, since, word};
use crate::exit::Failure;
use crate::render::table::{self, Side};
use crate::render::text::{span, wrap};
use crate::render::{Ink, ink};
use crate::service::{Place, Seen};
use jiff::Timestamp;
use portreeve_diag::Paint;
use portreeve_supervise::end::End;

const COLUMNS: usize = 7;
const HEAD: [&str; COLUMNS] = ["NAME", "STATE", "PID", "FOR", "SHORT", "LAST END", "AT START"];
const SIDES: [Side; COLUMNS] =
    [Side::Left, Side::Left, Side::Right, Side::Left, Side::Right, Side::Left, Side::Left];

/// The kept services beside the status of a door; nothing where there are none.
pub(crate) fn section(
    kept: Result<&[(Place, Seen)], &Failure>,
    now: Timestamp,
    paint: Paint,
) -> String {
    let text = match kept {
        Ok([]) => return String::new(),
        Ok(all) => table(all, now, paint).lines().map(|line| format!("  {line}\n")).collect(),
        Err(failure) => wrap("  ", &failure.to_string()),
    };
    format!("\n{}\n{text}", ink(paint, Ink::Name, "kept services"))
}

/// Services in a table, a line each.
pub(crate) fn table(all: &[(Place, Seen)], now: Timestamp, paint: Paint) -> String {
    let mut rows: Vec<[String; COLUMNS]> = vec![HEAD.map(str::to_owned)];
    rows.extend(all.iter().map(|(place, seen)| row(place, seen, now)));
    // a column with nothing in it needs no head
    for column in 0..HEAD.len() {
        let empty = rows.iter().skip(1).all(|row| row.get(column).is_none_or(String::is_empty));
        if let Some(head) = rows.first_mut().and_then(|row| row.get_mut(column)).filter(|_| empty) {
            head.clear();
        }
    }
    let widths = table::widths(&rows);
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        let line = table::line(row, &widths, &SIDES);
        let seen = number.checked_sub(1).and_then(|number| all.get(number));
        match seen {
            None => out.push_str(&ink(paint, Ink::Faint, &line)),
            Some((_, seen)) => {
                out.push_str(&painted(&line, &widths, word(seen), meaning(seen), paint))
            }
        }
        out.push('\n');
    }
    out
}

fn row(place: &Place, seen: &Seen, now: Timestamp) -> [String; COLUMNS] {
    let last = seen.state.and_then(|state| state.last);
    let short = seen.state.map(|state| state.short).filter(|short| *short > 0);
    [
        place.shown(),
        word(seen).to_owned(),
        seen.pid().map(|pid| pid.to_string()).unwrap_or_default(),
        since(seen).and_then(|label| age(label, now)).map(span).unwrap_or_default(),
        short.map(|short| short.to_string()).unwrap_or_default(),
        last.map(|last| brief(last.end)).unwrap_or_default(),
        if seen.disabled { "disabled".to_owned() } else { String::new() },
    ]
}

/// How it ended, in a word or two.
fn brief(end: End) -> String {
    match end {
        End::Code(code) => format!("exit {code}"),
        End::Signal(number) => signal(number),
        End::Unknown => "unknown".to_owned(),
    }
}

/// A line with the word of its second column in a colour.
fn painted(
    line: &str,
    widths: &[usize; COLUMNS],
    word: &str,
    meaning: Ink,
    paint: Paint,
) -> String {
    let [name, ..] = widths;
    let at = line.char_indices().nth(name + 2).map_or(line.len(), |(at, _)| at);
    let (before, rest) = line.split_at_checked(at).unwrap_or((line, ""));
    match rest.strip_prefix(word) {
        Some(after) => format!("{before}{}{after}", ink(paint, meaning, word)),
        None => line.to_owned(),
    }
}
