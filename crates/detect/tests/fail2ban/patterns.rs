//! Patterns of any kind in Python's language: what Python finds, and what we find.

use portreeve_detect::filter::{Dated, Verdict};
use serde_json::{Value, json};

use crate::driver::{Driver, compiled, setting};
use crate::mutate::Random;

/// Patterns.
const PATTERNS: usize = 1000;
/// Lines a pattern.
const LINES: usize = 12;

const ATOMS: [&str; 36] = [
    "a", "b", "ab", "1", "_", ".", " ", "-", ":", r"\d", r"\w", r"\s", r"\S", r"\W", r"\D", "[ab]",
    "[^a]", "[^[]", "[]a]", "[^]]", r"[\w.-]", "[a-b1]", r"[^\s\d]", "{", "}", "{a}", "{,}x",
    r"\.", r"\[", r"\x61", "ä", "K", "(?i:k)", r"\-", "[a&&b]", r"[\]\\]",
];

const PLACES: [&str; 8] = ["^", "$", r"\b", r"\B", r"\A", r"\Z", "", ""];

const COUNTS: [&str; 11] =
    ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{,2}", "{1,}", "{2}?"];

/// Only for single characters: Python 3.11 takes too much, or too little, where a possessive repeat
/// of a group fails half-way.
const POSSESSIVE: [&str; 5] = ["*+", "++", "?+", "{1,2}+", "{2}+"];

/// Writes a pattern. `groups` is how many there are so far.
fn pattern(random: &mut Random, depth: usize, groups: &mut usize) -> String {
    let mut text = String::new();
    for _ in 0..1 + random.below(3) {
        text.push_str(&piece(random, depth, groups));
    }
    text
}

fn piece(random: &mut Random, depth: usize, groups: &mut usize) -> String {
    let inner = |random: &mut Random, groups: &mut usize| pattern(random, depth - 1, groups);
    let kind = random.below(if depth == 0 { 8 } else { 20 });
    let one = match kind {
        0 => return (*random.of(&PLACES)).to_owned(),
        1..=7 => (*random.of(&ATOMS)).to_owned(),
        8 | 9 => format!("(?:{}|{})", inner(random, groups), inner(random, groups)),
        10 | 11 => {
            *groups += 1;
            let name = format!("g{groups}");
            format!("(?P<{name}>{})", inner(random, groups))
        }
        12 => {
            *groups += 1;
            format!("({})", inner(random, groups))
        }
        13 => format!("(?={})", inner(random, groups)),
        14 => format!("(?!{})", inner(random, groups)),
        15 => format!("(?<{}{})", random.of(&["=", "!"]), random.of(&ATOMS)),
        16 if *groups > 0 => return format!("(?P=g{})", 1 + random.below(*groups)),
        17 if *groups > 0 => {
            let group = 1 + random.below(*groups);
            let (yes, no) = (inner(random, groups), inner(random, groups));
            return format!("(?(g{group}){yes}|{no})");
        }
        18 => format!("(?>{})", inner(random, groups)),
        _ => format!("(?i:{})", inner(random, groups)),
    };
    match random.below(3) {
        0 if kind < 8 && random.below(3) == 0 => format!("{one}{}", random.of(&POSSESSIVE)),
        0 => format!("{one}{}", random.of(&COUNTS)),
        _ => one,
    }
}

fn line(random: &mut Random) -> String {
    const PARTS: [&str; 22] = [
        "a", "b", "ab", "aa", "1", "12", "_", " ", "-", ":", ".", "[", "]", "{", "}", "A", "B",
        "ä", "k", "K", "x", "\u{a0}",
    ];
    (0..1 + random.below(9)).map(|_| *random.of(&PARTS)).collect()
}

#[test]
fn patterns_find_what_python_finds() {
    let many = setting("PORTREEVE_FILTER_PATTERNS").unwrap_or(PATTERNS);
    let mut random = Random::new(setting("PORTREEVE_FILTER_SEED").unwrap_or(1) as u64);
    let mut driver = Driver::new();
    let (mut wrong, mut refused, mut found) = (Vec::new(), 0, 0);
    for _ in 0..many {
        let own = pattern(&mut random, 3, &mut 0);
        let read = json!({
            "failregex": [format!("<F-ID>{own}</F-ID>")],
            "ignoreregex": [],
            "datepattern": "{NONE}",
        });
        let ours = compiled("p", &read, Dated::Beside);
        let theirs = driver.ask(&json!({"make": read}));
        let (Ok(mut ours), true) = (ours, theirs.is_number()) else {
            let ours = compiled("p", &read, Dated::Beside);
            if ours.is_ok() || theirs.is_number() {
                wrong.push(format!("{own:?}: {ours:?} for us, {theirs} for Python"));
            }
            refused += 1;
            continue;
        };
        let lines: Vec<String> = (0..LINES).map(|_| line(&mut random)).collect();
        let says = driver.ask(&json!({"ask": theirs, "lines": lines}));
        for (line, says) in lines.iter().zip(says.as_array().expect("answers")) {
            let verdict = ours.read(line.as_bytes());
            found += usize::from(says.is_object());
            if let Some(why) = differs(says, &verdict) {
                wrong.push(format!("{own:?} on {line:?}: {why}"));
            }
        }
    }
    println!("{many} patterns, {refused} refused by both, {found} matches");
    assert!(refused * 2 < many && found > many, "{refused} refused, {found} matches");
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

fn differs(says: &Value, verdict: &Verdict) -> Option<String> {
    let seen = match verdict {
        Verdict::Offence(seen) => seen,
        Verdict::Nothing(_) | Verdict::Gained(_) => {
            return says.is_object().then(|| format!("{verdict:?} for us, {says} for Python"));
        }
    };
    for (group, text) in says["groups"].as_object().into_iter().flatten() {
        let text = text.as_str().map(|text| text.trim_end_matches('\n'));
        if seen.group(group).map(|text| text.trim_end_matches('\n')) != text {
            return Some(format!("{group} is {:?} for us, {text:?} for Python", seen.group(group)));
        }
    }
    says.is_null().then(|| format!("{seen:?} for us, none for Python"))
}
