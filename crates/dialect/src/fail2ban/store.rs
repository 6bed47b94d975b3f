//! What several files say together: later ones win, and what they override stays known.

use super::ini::{Ini, Section};
use super::map::Map;
use portreeve_diag::Span;

/// Sections of files that were read one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    /// `[DEFAULT]` of all files.
    pub(super) defaults: Section,
    /// The other sections, in the order in which they first came.
    pub(super) sections: Map<Section>,
    /// Where they begin, the first time.
    pub(super) headers: Map<Span>,
}

/// A section of what was overridden in another one.
pub(super) fn known(section: &str) -> String {
    format!("KNOWN/{section}")
}

/// Whether a section is of a file, and not one of what was overridden.
pub(super) fn is_written(section: &str) -> bool {
    !section.starts_with("KNOWN/")
}

/// `name?condition` divided before the `?`.
pub(super) fn conditional(name: &str) -> Option<(&str, &str)> {
    let (plain, rest) = name.split_at(name.find('?')?);
    let word = |c: char| c.is_alphanumeric() || c == '_';
    (!plain.is_empty() && plain.chars().all(word) && rest.len() > 1).then_some((plain, rest))
}

impl Store {
    /// Lets a further file speak.
    pub(super) fn add(&mut self, file: &Ini) {
        self.defaults.update(&file.defaults);
        for (name, at) in
            file.headers.iter().filter(|(name, _)| !self.headers.has(name)).collect::<Vec<_>>()
        {
            self.headers.set(name, *at);
        }
        for (name, options) in file.sections.iter() {
            match conditional(name) {
                Some((plain, condition)) => {
                    let mut renamed = Section::default();
                    for (option, value) in options.iter() {
                        renamed.set(&format!("{option}{condition}"), value.clone());
                    }
                    self.merge(plain, &renamed);
                }
                None => self.merge(name, options),
            }
        }
    }

    fn merge(&mut self, name: &str, options: &Section) {
        let Some(old) = self.sections.get(name) else {
            return self.sections.set(name, options.clone());
        };
        let mut overridden = Section::default();
        for (option, value) in old.iter().filter(|(option, _)| options.has(option)) {
            overridden.set(option, value.clone());
        }
        self.update(&known(name), &overridden);
        self.update(name, options);
    }

    /// Lets options speak in a section, which is there from now on.
    pub(super) fn update(&mut self, name: &str, options: &Section) {
        match self.sections.get_mut(name) {
            Some(section) => section.update(options),
            None => self.sections.set(name, options.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ini::parse;
    use super::*;
    use portreeve_diag::FileId;

    fn value<'a>(store: &'a Store, section: &str, name: &str) -> Option<&'a str> {
        Some(store.sections.get(section)?.get(name)?.text.as_str())
    }

    #[test]
    fn what_is_overridden_stays_known() {
        let mut store = Store::default();
        for text in ["[A]\nx=1\ny=2\n", "[A]\nx=3\n[A?family=inet6]\nz=4\n", "[A]\nx=5\n"] {
            store.add(&parse(FileId(0), text).0);
        }
        assert_eq!(value(&store, "A", "x"), Some("5"));
        assert_eq!(value(&store, "A", "y"), Some("2"));
        assert_eq!(value(&store, "A", "z?family=inet6"), Some("4"));
        assert_eq!(value(&store, &known("A"), "x"), Some("3"));
        assert_eq!(value(&store, &known("A"), "y"), None);
        assert!(!store.sections.has("A?family=inet6"));
    }
}
