//! What we read, in the form of the real one's answers.

use portreeve_config::{Disk, Entry, Trust, filter, load};
use portreeve_diag::{Paint, render};
use portreeve_model::{FilterText, JournalTerm, Start, WatchFile};
use portreeve_testkit::Dir;
use serde_json::{Value, json};

/// A filter, as the real one is asked for it; an error holds the findings.
pub(crate) fn read_filter(path: &str, journal: bool) -> Value {
    let read = filter(path, journal, &mut Disk::new(Trust::Anybody));
    match read.filter {
        Some(filter) => texts(&filter.text, &filter.journal),
        None => json!({ "error": render(&read.diagnostics, &read.sources, Paint::Plain) }),
    }
}

/// A jail of a folder, as the real one is asked for it; an error holds the findings.
pub(crate) fn read_jail(dir: &Dir, directory: &str, jail: &str) -> Value {
    let path = dir.path().join("portreeve.toml");
    let import = format!(
        "[import]\nfail2ban = {{ directory = {directory:?}, jails = [{jail:?}], judges = false }}\n"
    );
    std::fs::write(&path, import).expect("write a configuration");
    let entry = Entry::Native(path.to_str().expect("UTF-8").to_owned());
    let loaded = load(&entry, &mut Disk::new(Trust::Anybody));
    let Some(config) = loaded.config else {
        return json!({ "error": render(&loaded.diagnostics, &loaded.sources, Paint::Plain) });
    };
    let [watch] = config.watches.as_slice() else { panic!("{:?}", config.watches) };
    let [filter] = watch.filters.as_slice() else { panic!("{watch:?}") };
    let mut said = texts(filter, watch.journal.as_ref().map_or(&[], |journal| &journal.matches));
    let file = |file: &WatchFile| (file.path.clone(), file.start == Start::End);
    said["logpath"] = json!(watch.files.iter().map(file).collect::<Vec<_>>());
    said
}

/// The texts of a filter.
pub(crate) fn texts(text: &FilterText, journal: &[Vec<JournalTerm>]) -> Value {
    let lines = |regexes: &[portreeve_model::Sited<String>]| -> Vec<String> {
        regexes.iter().map(|one| one.value.clone()).collect()
    };
    json!({
        "prefregex": text.prefregex.as_ref().map(|one| &one.value),
        "failregex": lines(&text.failregex),
        "ignoreregex": lines(&text.ignoreregex),
        "datepattern": text.datepattern.as_ref().map(|one| &one.value),
        "maxlines": text.maxlines,
        "usedns": text.usedns.word(),
        "journalmatch": terms(journal),
    })
}

fn terms(journal: &[Vec<JournalTerm>]) -> Vec<Vec<String>> {
    let term = |term: &JournalTerm| format!("{}={}", term.field, term.value);
    journal.iter().map(|terms| terms.iter().map(term).collect()).collect()
}

/// The real one's answer with what goes without saying, and alternatives of the journal apart.
pub(crate) fn said(mut answer: Value) -> Value {
    if answer.get("error").is_some() {
        return answer;
    }
    let matches = answer["journalmatch"].as_array().expect("a list").clone();
    let mut alternatives: Vec<Vec<Value>> = Vec::new();
    for terms in matches {
        let terms = terms.as_array().expect("a list");
        alternatives.extend(terms.split(|term| term == "+").map(<[Value]>::to_vec));
    }
    alternatives.retain(|terms| !terms.is_empty());
    answer["journalmatch"] = json!(alternatives);
    for (name, otherwise) in [
        ("prefregex", Value::Null),
        ("datepattern", Value::Null),
        ("maxlines", json!(1)),
        ("usedns", json!("warn")),
    ] {
        if answer
            .get(name)
            .is_none_or(|value| value.is_null() || name == "prefregex" && value == "")
        {
            answer[name] = otherwise;
        }
    }
    answer
}

/// Paths of the real one's answer, each once, with whether they are read from their end.
pub(crate) fn paths(answer: &Value) -> Value {
    let lines = answer["logpath"].as_array().expect("a list").iter();
    let mut paths: Vec<(String, bool)> = Vec::new();
    for line in lines.map(|line| line.as_str().expect("a text")).filter(|line| !line.is_empty()) {
        let (path, word) = line.rsplit_once(' ').unwrap_or((line, "head"));
        let path = (path.to_owned(), word == "tail");
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    json!(paths)
}
