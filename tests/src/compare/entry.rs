//! A configuration as its text says: names, operators, words. Nothing is judged here; predicates
//! look at it, and tables write it.

use std::fmt::Write as _;

/// One line of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The attribute, lower case.
    pub attribute: String,
    /// `=`, `+=` or `-=`.
    pub operator: String,
    /// The words after it.
    pub values: Vec<String>,
}

/// One `service` or `defaults`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The service's name; empty for `defaults`.
    pub name: String,
    /// The lines, in order.
    pub lines: Vec<Line>,
}

impl Entry {
    /// The entries of a text. Comments, includes and anything else outside entries are left out.
    #[must_use]
    pub fn parse_all(text: &str) -> Vec<Self> {
        let mut entries: Vec<Self> = Vec::new();
        let mut inside = false;
        for line in text.lines() {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words.as_slice() {
                [] | ["{"] => {}
                [comment, ..] if comment.starts_with('#') => {}
                ["}"] => inside = false,
                ["service", name] if !inside => {
                    inside = true;
                    entries.push(Self { name: (*name).to_owned(), lines: Vec::new() });
                }
                ["defaults"] if !inside => {
                    inside = true;
                    entries.push(Self { name: String::new(), lines: Vec::new() });
                }
                [attribute, operator, values @ ..] if inside => {
                    if let Some(entry) = entries.last_mut() {
                        entry.lines.push(Line {
                            attribute: attribute.to_ascii_lowercase(),
                            operator: (*operator).to_owned(),
                            values: values.iter().map(|word| (*word).to_owned()).collect(),
                        });
                    }
                }
                _ => {}
            }
        }
        entries
    }

    /// Whether it is `defaults`.
    #[must_use]
    pub fn is_defaults(&self) -> bool {
        self.name.is_empty()
    }

    /// Whether a line sets this attribute.
    #[must_use]
    pub fn has(&self, attribute: &str) -> bool {
        self.lines.iter().any(|line| line.attribute == attribute)
    }

    /// The words of the first line of an attribute.
    #[must_use]
    pub fn words(&self, attribute: &str) -> &[String] {
        let line = self.lines.iter().find(|line| line.attribute == attribute);
        line.map_or(&[], |line| &line.values)
    }

    /// The first word of an attribute.
    #[must_use]
    pub fn word(&self, attribute: &str) -> Option<&str> {
        self.words(attribute).first().map(String::as_str)
    }

    /// Whether `flags` holds a word.
    #[must_use]
    pub fn flag(&self, word: &str) -> bool {
        self.words("flags").iter().any(|flag| flag.eq_ignore_ascii_case(word))
    }

    /// Whether `type` holds a word.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        self.words("type").iter().any(|kind| kind.eq_ignore_ascii_case(word))
    }

    /// Its `id`, else its name.
    #[must_use]
    pub fn id(&self) -> &str {
        self.word("id").unwrap_or(&self.name)
    }

    /// The words of `bind` (or `interface`).
    #[must_use]
    pub fn bind(&self) -> &[String] {
        if self.has("interface") { self.words("interface") } else { self.words("bind") }
    }

    /// As xinetd reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = match self.is_defaults() {
            true => "defaults\n{\n".to_owned(),
            false => format!("service {}\n{{\n", self.name),
        };
        for line in &self.lines {
            let values = line.values.join(" ");
            let _ = writeln!(text, "\t{} {} {values}", line.attribute, line.operator);
        }
        text + "}\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_and_put_together() {
        let text = "# nothing\ndefaults\n{\n\tcps = 1 2\n}\nservice a\n{\n\tonly_from += x y\n\tpassenv = \n}\n";
        let entries = Entry::parse_all(text);
        assert!(entries[0].is_defaults());
        assert_eq!(entries[0].words("cps"), ["1", "2"]);
        assert_eq!((entries[1].id(), entries[1].lines[0].operator.as_str()), ("a", "+="));
        assert_eq!(entries[1].text(), &text[text.find("service").unwrap()..]);
    }
}
