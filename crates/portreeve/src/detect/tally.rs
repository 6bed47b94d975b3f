//! What all lines came to.

use crate::render::text::count;
use portreeve_detect::{Finding, Named};
use serde_json::{Value, json};

/// Counts over every source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Lines read.
    pub(super) lines: u64,
    /// Of them, those longer than is looked at.
    pub(super) cut: u64,
    /// Those without a time that can be read.
    pub(super) timeless: u64,
    /// Offences; a line that says how often it was repeated counts so often.
    pub(super) offences: u64,
    /// Of them, those that nobody is charged with, for whatever reason.
    pub(super) uncharged: u64,
    /// Of these, those that can be read in more than one way.
    pub(super) ambiguous: u64,
    /// Successful logins.
    pub(super) logins: u64,
}

impl Tally {
    /// Counts what a line says.
    pub(super) fn add(&mut self, finding: &Finding) {
        match finding {
            Finding::Offence(one) => {
                let times = u64::from(one.times);
                self.offences += times;
                if one.named.address().is_none() {
                    self.uncharged += times;
                }
                if one.named == Named::Ambiguous {
                    self.ambiguous += times;
                }
            }
            Finding::Success(_) => self.logins += 1,
            Finding::Nothing(_) => {}
        }
    }

    /// For people: what there is none of is left out, but for offences.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "portreeve: {}: {}",
            count(self.lines, "line"),
            count(self.offences, "offence")
        );
        let mut more = |number: u64, words: &str| {
            if number > 0 {
                text.push_str(&format!(", {number} {words}"));
            }
        };
        more(self.uncharged, "of them charged to nobody");
        more(self.ambiguous, "of these ambiguous");
        let logins = if self.logins == 1 { "login" } else { "logins" };
        more(self.logins, logins);
        more(self.timeless, "without a time that can be read");
        more(self.cut, "longer than 8 KiB, of which the rest was not looked at");
        text.push('\n');
        text
    }

    /// The same for programs, whole.
    pub(super) fn json(&self) -> Value {
        json!({
            "lines": self.lines,
            "offences": self.offences,
            "uncharged": self.uncharged,
            "ambiguous": self.ambiguous,
            "logins": self.logins,
            "timeless": self.timeless,
            "cut": self.cut,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_none_of_is_left_out() {
        let tally = Tally { lines: 1, ..Tally::default() };
        assert_eq!(tally.text(), "portreeve: 1 line: 0 offences\n");
        let tally = Tally {
            lines: 9,
            cut: 1,
            timeless: 2,
            offences: 5,
            uncharged: 3,
            ambiguous: 1,
            logins: 1,
        };
        assert_eq!(
            tally.text(),
            "portreeve: 9 lines: 5 offences, 3 of them charged to nobody, 1 of these ambiguous, \
             1 login, 2 without a time that can be read, 1 longer than 8 KiB, of which the rest \
             was not looked at\n"
        );
    }
}
