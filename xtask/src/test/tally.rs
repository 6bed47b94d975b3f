//! Counting what tests say of themselves.

/// Tests counted so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) ignored: u64,
    /// Names of failed tests, in their order.
    pub(super) names: Vec<String>,
    /// Tests of which the last thing heard is that they take long.
    slow: Vec<String>,
}

impl Tally {
    /// Takes a line of what the tests write.
    pub(super) fn take(&mut self, line: &str) {
        if let Some(name) = slow_test(line) {
            self.slow.push(name.to_owned());
        }
        if let Some((name, outcome)) = ended_test(line) {
            self.slow.retain(|slow| slow != name);
            if outcome == "FAILED" {
                self.names.push(name.to_owned());
            }
        }
        self.count(line);
    }

    /// Adds what a program's tests came to, once it has ended.
    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.names.extend(other.names);
    }

    /// The program did not end by itself, or not well without a failed test: one more has failed, and
    /// it is named with the tests that it was in.
    pub(super) fn did_not_end(&mut self, program: &str) {
        self.failed += 1;
        match self.slow.as_slice() {
            [] => self.names.push(program.to_owned()),
            slow => self.names.push(format!("{program}, in {}", slow.join(", "))),
        }
    }

    /// Adds the numbers of a line such as
    /// `test result: ok. 9 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; …`.
    fn count(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let (_, numbers) = result.split_once(". ").unwrap_or_default();
        for part in numbers.split("; ") {
            let (number, what) = part.split_once(' ').unwrap_or_default();
            let number: u64 = number.parse().unwrap_or_default();
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// Name and outcome in a line such as `test bans::a_ban_holds ... FAILED`.
fn ended_test(line: &str) -> Option<(&str, &str)> {
    let (name, outcome) = line.trim_end().strip_prefix("test ")?.rsplit_once(" ... ")?;
    matches!(outcome, "ok" | "FAILED" | "ignored").then_some((name, outcome))
}

/// The name in a line such as `test bans::a_ban_holds has been running for over 60 seconds`.
fn slow_test(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" has been running for over ")?;
    rest.trim_end().ends_with(" seconds").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.take(line));
        tally
    }

    #[test]
    fn result_lines_are_summed_and_others_ignored() {
        let tally = of(&[
            "test result: ok. 9 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; in",
            "a test said: 100 failed; 5 passed",
        ]);
        assert_eq!((tally.passed, tally.failed, tally.ignored), (11, 3, 1));
        assert!(tally.names.is_empty());
    }

    #[test]
    fn failed_tests_are_named() {
        let tally = of(&[
            "test bans::a_ban_holds ... FAILED\n",
            "test bans::another ... ok\n",
            "test with::a_panic - should panic ... FAILED\n",
            "a test said ... FAILED\n",
        ]);
        assert_eq!(tally.names, ["bans::a_ban_holds", "with::a_panic - should panic"]);
    }

    #[test]
    fn a_program_that_hangs_is_named_with_the_tests_it_is_in() {
        let mut tally = of(&[
            "test one has been running for over 60 seconds\n",
            "test two has been running for over 60 seconds\n",
            "test one ... ok\n",
        ]);
        tally.did_not_end("tests upkeep");
        assert_eq!((tally.failed, tally.names.join("")), (1, "tests upkeep, in two".to_owned()));
    }
}
