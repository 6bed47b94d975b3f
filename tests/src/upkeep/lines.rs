//! What is in the logs: every line once, and all that was ever seen there.
#![expect(clippy::disallowed_methods, reason = "a test, which reads logs")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Lines that were seen, by service.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<String, BTreeSet<String>>);

/// A line of a copy of a service: who, and which.
fn parsed(line: &str) -> Option<(&str, u64)> {
    let mut words = line.split(' ');
    let (_service, copy, number) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    (words.next() == Some("end") && words.next().is_none()).then_some((copy, number))
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_default();
    // what has no end yet is not acknowledged
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().filter(|line| parsed(line).is_some()).map(str::to_owned).collect()
}

impl Seen {
    /// Looks at what each log holds now; these lines must stay.
    pub(super) fn look(&mut self, logs: &BTreeMap<String, PathBuf>) {
        for (service, folder) in logs {
            self.0.entry(service.clone()).or_default().extend(lines(&folder.join("current")));
        }
    }

    /// Holds the logs against what was seen, once nothing writes any more: lines in all, and gaps in
    /// what a copy wrote.
    ///
    /// # Panics
    /// When a line is there twice, or one that was seen is gone.
    pub(super) fn held_against(&self, logs: &BTreeMap<String, PathBuf>) -> (usize, usize) {
        let (mut all, mut gaps) = (0, 0);
        for (service, folder) in logs {
            let files = fs::read_dir(folder).into_iter().flatten().flatten();
            let files = files.map(|file| file.path()).filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                name.starts_with('@') || name == "current" || name == "previous"
            });
            let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
            for file in files {
                for line in lines(&file) {
                    let before = found.insert(line.clone(), file.clone());
                    assert!(before.is_none(), "{line} is in {before:?} and in {}", file.display());
                }
            }
            let seen = self.0.get(service);
            let gone: Vec<_> =
                seen.into_iter().flatten().filter(|line| !found.contains_key(*line)).collect();
            assert!(gone.is_empty(), "{service}: seen in its log, and gone: {gone:?}");
            assert!(!found.is_empty(), "{service} has written");
            all += found.len();
            gaps += self::gaps(found.keys());
        }
        (all, gaps)
    }
}

/// How often a copy's numbers are not one after the other.
fn gaps<'l>(lines: impl Iterator<Item = &'l String>) -> usize {
    let mut copies: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for (copy, number) in lines.filter_map(|line| parsed(line)) {
        copies.entry(copy).or_default().insert(number);
    }
    let missing = |numbers: BTreeSet<u64>| {
        let mut next = 0;
        let mut count = 0;
        for number in numbers {
            count += usize::from(number != next);
            next = number + 1;
        }
        count
    };
    copies.into_values().map(missing).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_testkit::Dir;

    /// A log of these files, seen with these lines in `current` before.
    fn checked(before: &str, files: &[(&str, &str)]) -> (usize, usize) {
        let dir = Dir::new();
        let logs = BTreeMap::from([("s".to_owned(), dir.path().to_owned())]);
        let mut seen = Seen::default();
        fs::write(dir.path().join("current"), before).unwrap();
        seen.look(&logs);
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        seen.held_against(&logs)
    }

    const TWO: &str = "s 7.1 0 end\ns 7.1 1 end\n";

    #[test]
    fn lines_are_counted_and_what_is_missing_between_them() {
        assert_eq!(checked(TWO, &[("@1.s", TWO), ("current", "s 7.1 2 end\ns 7")]), (3, 0));
        assert_eq!(
            checked("", &[("@1.u", TWO), ("current", "s 7.1 3 end\ns 8.2 1 end\n")]),
            (4, 2)
        );
    }

    #[test]
    #[should_panic(expected = "s 7.1 1 end is in")]
    fn a_line_that_is_there_twice_is_found() {
        checked("", &[("@1.s", TWO), ("current", "s 7.1 1 end\n")]);
    }

    #[test]
    #[should_panic(expected = "and gone")]
    fn a_line_that_was_there_is_missed() {
        checked(TWO, &[("current", "s 7.1 1 end\n")]);
    }
}
