//! What changed in what is watched.

use super::{plain, value};
use crate::{Config, FilterText, Watch};
use std::collections::BTreeMap;

/// One line for each watch that came, went or changed.
pub(super) fn difference(old: &Config, new: &Config) -> Vec<String> {
    let by_name = |config: &'_ Config| -> BTreeMap<String, Watch> {
        config.watches.iter().map(|watch| (watch.name.to_string(), watch.clone())).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let mut lines: Vec<_> = gone.map(|name| format!("removed: {name} (watch)")).collect();
    for (name, watch) in &after {
        match before.get(name) {
            None => lines.push(format!("added: {name} (watch)")),
            Some(was) if was != watch => {
                let parts = changed(was, watch).join(", ");
                lines.push(format!("changed: {name} (watch): {parts}"));
            }
            Some(_) => {}
        }
    }
    lines
}

fn changed(old: &Watch, new: &Watch) -> Vec<String> {
    let paths = |watch: &Watch| watch.files.iter().map(|file| file.path.clone()).collect();
    let files: [Vec<String>; 2] = [paths(old), paths(new)];
    let words = |watch: &Watch| watch.detectors.iter().map(|it| it.word().to_owned()).collect();
    let detectors: [Vec<String>; 2] = [words(old), words(new)];
    let names = |watch: &Watch| watch.filters.iter().map(|it| it.name.clone()).collect();
    let filters: [Vec<String>; 2] = [names(old), names(new)];
    let mut parts = Vec::new();
    parts.extend(value::members("files", &files[0], &files[1]));
    let same_files = parts.is_empty();
    parts.extend(value::members("detectors", &detectors[0], &detectors[1]));
    parts.extend(value::members("filters", &filters[0], &filters[1]));
    parts.extend(rewritten(&old.filters, &new.filters));
    parts.extend(value::now("service", &old.service, &new.service));
    parts.extend(value::now("zone", &old.zone.name, &new.zone.name));
    parts.extend(plain([
        (same_files && old.files != new.files, "where files are read from"),
        (old.journal != new.journal, "journal"),
        (old.userdef != new.userdef, "userdef-failed-entry-regex"),
    ]));
    if parts.is_empty() {
        parts.push("the order in which it is read".to_owned());
    }
    parts
}

/// Filters whose names stay and whose texts do not.
fn rewritten(old: &[FilterText], new: &[FilterText]) -> Option<String> {
    let was = |filter: &&FilterText| {
        let mut same_name = old.iter().filter(|other| other.name == filter.name).peekable();
        same_name.peek().is_some() && !same_name.any(|other| other == *filter)
    };
    let names: Vec<_> = new.iter().filter(was).map(|filter| filter.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("text of {}", names.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::super::difference;
    use super::*;
    use crate::{Dialect, Journal, Origin, Sited, Start, UseDns, WatchFile, Watcher, Zone};

    const HERE: Origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Native };

    fn filter(name: &str, regex: &str) -> FilterText {
        FilterText {
            name: name.into(),
            prefregex: None,
            failregex: vec![Sited::new(regex.into(), HERE)],
            ignoreregex: Vec::new(),
            datepattern: None,
            maxlines: 1,
            usedns: UseDns::Warn,
            origin: HERE,
        }
    }

    fn watch(name: &str) -> Watch {
        Watch {
            name: name.parse().unwrap(),
            files: vec![WatchFile { path: "/a".into(), start: Start::End, origin: HERE }],
            journal: None,
            detectors: vec![Watcher::Sshd],
            filters: vec![filter("f", "x"), filter("g", "y")],
            userdef: Vec::new(),
            service: name.parse().unwrap(),
            zone: Zone::utc(),
            origin: Sited::new((), HERE),
        }
    }

    fn told(change: impl FnOnce(&mut Watch)) -> Vec<String> {
        let old = Config { watches: vec![watch("ssh")], ..Config::default() };
        let mut new = old.clone();
        change(&mut new.watches[0]);
        difference(&old, &new)
    }

    #[test]
    fn watches_come_and_go() {
        let old = Config { watches: vec![watch("a"), watch("b")], ..Config::default() };
        let new = Config { watches: vec![watch("b"), watch("c")], ..Config::default() };
        assert_eq!(difference(&old, &new), ["removed: a (watch)", "added: c (watch)"]);
        assert_eq!(difference(&new, &new), Vec::<String>::new());
    }

    #[test]
    fn what_changes_is_named() {
        let text = told(|watch| {
            watch.files[0].path = "/b".into();
            watch.journal = Some(Journal::default());
            watch.detectors.push(Watcher::Pam);
            watch.filters[1] = filter("g", "z");
            watch.service = "login".parse().unwrap();
        });
        let parts = "files +/b -/a, detectors +pam, text of g, service ssh → login, journal";
        assert_eq!(text, [format!("changed: ssh (watch): {parts}")]);
        let text = told(|watch| watch.files[0].start = Start::Beginning);
        assert_eq!(text, ["changed: ssh (watch): where files are read from"]);
        let text = told(|watch| watch.filters.swap(0, 1));
        assert_eq!(text, ["changed: ssh (watch): the order in which it is read"]);
        assert_eq!(told(|watch| watch.zone.offsets.push((0, 7))), Vec::<String>::new());
    }
}
