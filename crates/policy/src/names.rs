//! A map from host patterns to rule numbers.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use portreeve_model::HostPattern;

/// Host patterns, found by hash: a name costs one probe, and one for each of its labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameMap {
    exact: HashMap<Box<str>, u32, RandomState>,
    /// By the text after and with the dot.
    below: HashMap<Box<str>, u32, RandomState>,
    /// The rule that was written first.
    first: Option<u32>,
}

impl NameMap {
    /// Adds a rule; of two with one pattern the first stays.
    pub(crate) fn insert(&mut self, pattern: &HostPattern, rule: u32) {
        let (map, text) = match pattern {
            HostPattern::Exact(text) => (&mut self.exact, text),
            HostPattern::Below(text) => (&mut self.below, text),
        };
        map.entry(text.as_str().into()).or_insert(rule);
        self.first = Some(self.first.map_or(rule, |first| first.min(rule)));
    }

    /// The rule that was written first, whether or not it matches; `None` without any.
    pub(crate) fn first(&self) -> Option<u32> {
        self.first
    }

    /// The first rule that matches one of the names.
    pub(crate) fn find(&self, names: &[String]) -> Option<u32> {
        names.iter().filter_map(|name| self.find_one(name)).min()
    }

    fn find_one(&self, name: &str) -> Option<u32> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let exact = self.exact.get(name.as_str()).copied();
        let dots = name.match_indices('.').map(|(at, _)| at).filter(|at| *at > 0);
        let below = dots.filter_map(|at| self.below.get(name.get(at..)?).copied());
        exact.into_iter().chain(below).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_agrees_with_the_pattern_itself() {
        let patterns: Vec<HostPattern> =
            ["a.example", ".example", ".b.example", ".foo", "foo", ".example", "x_y.example"]
                .iter()
                .map(|text| HostPattern::parse(text).unwrap())
                .collect();
        let mut map = NameMap::default();
        for (number, pattern) in (0..).zip(&patterns) {
            map.insert(pattern, number);
        }
        for name in [
            "a.example",
            "A.Example.",
            "example",
            "b.example",
            "c.b.example",
            "a.foo.foo",
            ".foo",
            "foo",
            "foo.",
            "",
            ".",
            "..",
            "a..foo",
            "xexample",
            "example.",
            "x_y.example.",
            "é.foo",
        ] {
            let want = patterns.iter().position(|pattern| pattern.matches(name));
            let found = map.find(&[name.to_owned()]);
            assert_eq!(found.map(|n| n as usize), want, "{name}");
        }
        assert_eq!(map.first(), Some(0));
        assert_eq!(map.find(&["nothing".into(), "z.foo".into(), "q.example".into()]), Some(1));
    }
}
