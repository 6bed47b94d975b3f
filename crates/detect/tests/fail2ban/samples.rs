//! The annotated lines that fail2ban ships: our outcome is its outcome.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use portreeve_detect::filter::{Dated, Filter, Verdict};
use serde_json::{Value, json};

use crate::driver::{Driver, NOW, compiled};

#[test]
fn every_annotated_line_comes_out_as_in_fail2ban() {
    let mut driver = Driver::new();
    let zone = TimeZone::get("Europe/Zurich").expect("the time zone database is there");
    let names = driver.stock();
    let (mut refused, mut wrong, mut lines) = (Vec::new(), Vec::new(), 0);
    for name in &names {
        let samples = driver.ask(&json!({"samples": name}));
        let mut filters: HashMap<String, Filter> = HashMap::new();
        for sample in samples.as_array().expect("a list") {
            if let Some(key) = sample["filter"].as_str() {
                let journal = key.contains(r#""logtype": "journal""#);
                let dated = if journal { Dated::Beside } else { Dated::InLine };
                match compiled(name, &sample["text"], dated) {
                    Ok(filter) => _ = filters.insert(key.to_owned(), filter),
                    Err(refusals) => {
                        refused.extend(refusals.iter().map(|refusal| format!("{refusal} {key}")));
                    }
                }
                continue;
            }
            let key = sample["by"].as_str().expect("which");
            let Some(filter) = filters.get_mut(key) else { continue };
            let journal = sample["journal"] == true;
            let line = sample["line"].as_str().expect("a line");
            lines += 1;
            let seen = filter.read(line.as_bytes());
            let time = filter.time(NOW, &zone).map(|at| at.div_euclid(1_000_000));
            if let Some(why) = differs(sample, &seen, time.filter(|_| !journal)) {
                wrong.push(format!("{name} {key} {}: {why}\n    {line}", sample["where"]));
            }
        }
    }
    println!("{lines} lines");
    assert!(lines > 1000, "only {lines} lines were looked at");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(wrong.is_empty(), "{} of {lines}\n{}", wrong.len(), wrong.join("\n"));
}

/// How our outcome differs from what fail2ban says, and from what the annotation says.
fn differs(sample: &Value, seen: &Verdict, time: Option<i64>) -> Option<String> {
    let (data, says) = (&sample["data"], &sample["says"]);
    let theirs = says.is_object() && !says["id"].is_null();
    let seen = match seen {
        Verdict::Offence(seen) => seen,
        Verdict::Nothing(_) | Verdict::Gained(_) if theirs => {
            return Some(format!("none for us ({seen:?}), one for them: {says}"));
        }
        Verdict::Nothing(_) | Verdict::Gained(_) => return None,
    };
    if !theirs {
        return Some(format!("one for us ({seen:?}), none for them"));
    }
    if json!(seen.by) != says["by"] {
        return Some(format!("failregex {} for us, {} for them", seen.by, says["by"]));
    }
    if !same(&says["id"], &seen.id.text) && says["groups"]["fid"] != *seen.id.text {
        return Some(format!("{:?} for us, {} for them", seen.id, says["id"]));
    }
    for (group, text) in says["groups"].as_object().into_iter().flatten() {
        if group != "mlfforget" && seen.group(group).map(|text| json!(text)).as_ref() != Some(text)
        {
            return Some(format!("{group} is {:?} for us, {text} for them", seen.group(group)));
        }
    }
    let their_time = says["time"].as_f64().map(|time| time.floor());
    if sample["journal"] != true && time.map(|time| time as f64) != their_time {
        return Some(format!("{time:?} for us, {their_time:?} for them"));
    }
    if data["match"] != true {
        return Some("one for us, none by the annotation".to_owned());
    }
    let host = data.get("host").or(data.get("dns")).or(data.get("ip4")).or(data.get("ip6"));
    if let Some(host) = host
        && !same(host, &seen.id.text)
    {
        return Some(format!("{:?} for us, {host} by the annotation", seen.id));
    }
    None
}

/// Whether both are one text, or spellings of one address.
fn same(theirs: &Value, ours: &str) -> bool {
    let theirs = theirs.as_str().unwrap_or_default();
    let address = |text: &str| text.parse::<std::net::IpAddr>().ok();
    theirs == ours || (address(ours).is_some() && address(ours) == address(theirs))
}
