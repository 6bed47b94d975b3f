//! Lines that are nearly those of logs: what fail2ban says, and what we say.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use portreeve_detect::filter::{Dated, Seen, Verdict};
use portreeve_detect::{Detector, Finding, Named, Record, address};
use serde_json::{Value, json};

use crate::driver::{Driver, NOW, compiled, setting};
use crate::mutate::{Random, mutated};

/// Lines a filter.
const LINES: usize = 60;
/// Filters are made anew after so many.
const PART: usize = 30;

#[test]
fn mutated_lines_come_out_as_in_fail2ban_but_for_what_is_written_down() {
    let seed = setting("PORTREEVE_FILTER_SEED").unwrap_or(1);
    let many = setting("PORTREEVE_FILTER_LINES").unwrap_or(LINES);
    let mut driver = Driver::new();
    let zone = TimeZone::get("Europe/Zurich").expect("the time zone database is there");
    let (mut wrong, mut known, mut offences) = (Vec::new(), BTreeMap::new(), 0);
    for (nth, name) in driver.stock().iter().enumerate() {
        let samples = driver.ask(&json!({"samples": name}));
        let samples = samples.as_array().expect("a list");
        let lines: Vec<String> = samples
            .iter()
            .filter_map(|sample| sample["line"].as_str().map(str::to_owned))
            .collect();
        let texts: Vec<&Value> = samples
            .iter()
            .filter(|sample| sample["filter"].is_string())
            .map(|s| &s["text"])
            .collect();
        if lines.is_empty() {
            continue;
        }
        let mut random = Random::new((seed * 1000 + nth) as u64);
        for part in 0..many.div_ceil(PART) {
            let text = texts[part % texts.len()];
            let made: Vec<String> = (0..PART).map(|_| mutated(&mut random, &lines)).collect();
            let number = driver.ask(&json!({"make": text}));
            let says = driver.ask(&json!({"ask": number, "lines": made}));
            let mut filter = compiled(name, text, Dated::InLine).expect("it is accepted");
            let mut named = compiled(name, text, Dated::InLine).expect("it is accepted");
            for (line, says) in made.iter().zip(says.as_array().expect("answers")) {
                let verdict = filter.read(line.as_bytes());
                let time = filter.time(NOW, &zone).map(|at| at.div_euclid(1_000_000));
                offences += usize::from(says.is_object());
                let finding = named.look(&Record::plain(line.as_bytes()));
                let differs = differs(says, &verdict, time).or_else(|| charge(&verdict, &finding));
                let Some(why) = differs else { continue };
                let alone = {
                    let number = driver.ask(&json!({"make": text}));
                    let says = driver.ask(&json!({"ask": number, "lines": [line]}));
                    let mut filter = compiled(name, text, Dated::InLine).expect("it is accepted");
                    let verdict = filter.read(line.as_bytes());
                    let time = filter.time(NOW, &zone).map(|at| at.div_euclid(1_000_000));
                    self::differs(&says[0], &verdict, time)
                };
                match reason(line, &why, alone.as_deref(), says) {
                    Some(reason) => *known.entry(reason).or_insert(0) += 1,
                    None => wrong.push(format!("{name}: {why}\n    {line:?}")),
                }
            }
        }
    }
    println!("{offences} offences; {known:?}");
    assert!(offences > many * 10, "only {offences} of the lines were offences to fail2ban");
    // A rule that swallowed real differences would be of use more often.
    for (reason, times) in &known {
        assert!(times * 50 < offences, "{reason}: {times} of {offences}");
    }
    assert!(wrong.is_empty(), "{} lines\n{}", wrong.len(), wrong.join("\n"));
}

fn offence(verdict: &Verdict) -> Option<&Seen> {
    if let Verdict::Offence(seen) = verdict { Some(seen) } else { None }
}

fn differs(says: &Value, verdict: &Verdict, time: Option<i64>) -> Option<String> {
    let theirs = says.is_object() && !says["id"].is_null();
    let Some(seen) = offence(verdict) else {
        return theirs.then(|| format!("{verdict:?} for us, for them {says}"));
    };
    if !theirs {
        return Some(format!("one for us ({seen:?}), for them {says}"));
    }
    let theirs = &says["groups"];
    for (group, text) in theirs.as_object().into_iter().flatten() {
        if group != "mlfforget" && seen.group(group).map(|text| json!(text)).as_ref() != Some(text)
        {
            return Some(format!("{group} is {:?} for us, {text} for them", seen.group(group)));
        }
    }
    if json!(seen.by) != says["by"] {
        return Some(format!("failregex {} for us, {} for them", seen.by, says["by"]));
    }
    let their_time = says["time"].as_f64().map(|time| time.floor());
    if time.map(|time| time as f64) != their_time {
        return Some(format!("time {time:?} for us, {their_time:?} for them"));
    }
    None
}

/// Whom we charge is whom the text names, and all of it.
fn charge(verdict: &Verdict, finding: &Finding) -> Option<String> {
    let seen = offence(verdict)?;
    let Finding::Offence(offence) = finding else { return Some(format!("{finding:?}")) };
    let Named::Address(charged) = offence.named else { return None };
    let groups = ["ip4", "ip6", "dns", "fid"];
    let text = groups.iter().find_map(|group| seen.group(group)).unwrap_or_default();
    (address::parse(text.as_bytes()) != Some(charged))
        .then(|| format!("{charged} is charged, the text is {text:?}"))
}

/// Why a difference is as it should be: each is a row of the table in docs/fail2ban.md. `alone` is the
/// difference where the line is the first that either has seen.
fn reason(line: &str, why: &str, alone: Option<&str>, says: &Value) -> Option<&'static str> {
    let year = |digits: &[u8]| line.as_bytes().windows(4).any(|four| four.starts_with(digits));
    let far = says["time"].as_f64().is_some_and(|time| time > 1e12);
    if says["error"].as_str().is_some_and(|error| error.starts_with("KeyError")) {
        Some("a zone that is not known ends in no error")
    } else if year(b"203") || year(b"204") {
        Some("years up to 2049 are years")
    } else if why.starts_with("time") && far {
        Some("a time that is too far away is none")
    } else if why.starts_with("time") && line.contains("29") && says["time"].is_null() {
        Some("the 29th of February without a year is of the last year that had one")
    } else if why.starts_with("time") && alone.is_none() {
        Some("a line without a date is of the time of the line before")
    } else if alone.is_none() {
        Some("what lines before left behind")
    } else {
        None
    }
}
