//! Debian's own filters and jails.

use crate::ours::{paths, read_filter, read_jail, said};
use crate::real::ask;
use portreeve_testkit::Dir;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DIRECTORY: &str = "/etc/fail2ban";

/// The stock filters, by their names.
fn names() -> Vec<String> {
    let folder = std::fs::read_dir(format!("{DIRECTORY}/filter.d")).expect("list the filters");
    let mut names: Vec<String> = folder
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .filter_map(|name| name.strip_suffix(".conf").map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// The modes that a filter's text speaks of.
fn modes(name: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(format!("{DIRECTORY}/filter.d/{name}.conf"));
    let text = text.expect("read a filter");
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let blocks = text.lines().filter_map(|line| {
        let name = line.split(['=', ' ']).next()?;
        let (before, mode) = name.split_once("-")?;
        let block = before.starts_with("mdre") || before.starts_with("mdpr");
        (block && mode.chars().all(word)).then(|| mode.to_owned())
    });
    blocks.collect()
}

#[test]
fn every_stock_filter_comes_to_the_same_texts_with_every_mode() {
    let mut asked: Vec<(String, Value)> = Vec::new();
    for name in names() {
        let mut options = vec![json!({})];
        options.extend(modes(&name).into_iter().map(|mode| json!({ "mode": mode })));
        options.extend(["short", "rfc5424", "journal"].map(|kind| json!({ "logtype": kind })));
        for (options, journal) in options.iter().flat_map(|one| [(one, false), (one, true)]) {
            let written = options.as_object().expect("options").iter();
            let written: Vec<_> = written
                .map(|(name, value)| format!("{name}={}", value.as_str().expect("a text")))
                .collect();
            let path = format!("{DIRECTORY}/filter.d/{name}.conf[{}]", written.join(","));
            let backend = if journal { "systemd" } else { "auto" };
            let question = json!({
                "filter": name, "options": options, "backend": backend, "directory": DIRECTORY,
            });
            asked.push((path, question));
        }
    }
    let questions: Vec<Value> = asked.iter().map(|(_, question)| question.clone()).collect();
    let mut compared = BTreeSet::new();
    for ((path, question), answer) in asked.iter().zip(ask(&questions)) {
        let mut answer = said(answer);
        let ours = read_filter(path, question["backend"] == "systemd");
        let nothing = answer.get("error").is_some() || answer["failregex"] == json!([]);
        if nothing {
            assert!(ours.get("error").is_some(), "{path}: {answer}\n{ours}");
            continue;
        }
        answer.as_object_mut().expect("an answer").remove("logpath");
        assert_eq!(ours, answer, "{path}: {}", ours["error"].as_str().unwrap_or_default());
        compared.insert(question["filter"].as_str().expect("a name").to_owned());
    }
    assert!(compared.len() > 80, "{}", compared.len());
}

#[test]
fn every_stock_jail_comes_to_the_same_filter_and_the_same_logs() {
    let names = ask(&[json!({ "directory": DIRECTORY })]).remove(0);
    let names: Vec<String> =
        serde_json::from_value(names["names"].clone()).expect("a list of names");
    let question = |name: &String| json!({ "jail": name, "directory": DIRECTORY });
    let questions: Vec<Value> = names.iter().map(question).collect();
    let dir = Dir::new();
    let mut compared = 0;
    for (name, answer) in names.iter().zip(ask(&questions)) {
        let ours = read_jail(&dir, DIRECTORY, name);
        let mut answer = said(answer);
        if let Some(error) = answer.get("error") {
            assert!(ours.get("error").is_some(), "{name}: {error}");
            continue;
        }
        if answer["logpath"] != json!([]) {
            // a filter's entries of the journal are nothing to a jail that reads files
            answer["logpath"] = paths(&answer);
            answer["journalmatch"] = json!([]);
        }
        if answer["logpath"] == json!([]) && answer["journalmatch"] == json!([]) {
            let error = ours["error"].as_str().unwrap_or_default();
            assert!(error.contains("error[fail2ban-no-source]"), "{name}: {ours}");
            continue;
        }
        assert_eq!(ours, answer, "{name}: {}", ours["error"].as_str().unwrap_or_default());
        compared += 1;
    }
    assert!(compared > 70, "{compared} of {}", names.len());
}
