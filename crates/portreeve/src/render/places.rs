//! Places, short enough for a list: the name of the file and the line, where the name means one
//! file.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The files that a text names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places<'a> {
    /// The path of each name, or `None` where several share it.
    by_name: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> Places<'a> {
    /// Those of these origins.
    pub(crate) fn new(origins: impl Iterator<Item = &'a str>) -> Self {
        let mut by_name = BTreeMap::new();
        for (path, _) in origins.filter_map(split) {
            let known = by_name.entry(name(path)).or_insert(Some(path));
            if *known != Some(path) {
                *known = None;
            }
        }
        Self { by_name }
    }

    /// `name:line` for `path:line:column`.
    pub(crate) fn short<'b>(&self, origin: &'b str) -> Cow<'b, str> {
        match split(origin) {
            Some((path, line)) if self.by_name.get(name(path)) == Some(&Some(path)) => {
                Cow::Owned(format!("{}:{line}", name(path)))
            }
            _ => Cow::Borrowed(origin),
        }
    }

    /// A sentence without the place in it, which is shown beside it.
    pub(crate) fn without<'b>(&self, sentence: &'b str, origin: Option<&str>) -> Cow<'b, str> {
        match origin {
            Some(origin) => Cow::Owned(sentence.replace(&format!(" ({origin})"), "")),
            None => Cow::Borrowed(sentence),
        }
    }
}

/// Path and line.
fn split(origin: &str) -> Option<(&str, &str)> {
    let (rest, _column) = origin.rsplit_once(':')?;
    rest.rsplit_once(':')
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_files_where_they_are_clear() {
        let origins = ["/etc/a/ssh:1:2", "/etc/b/ssh:3:4", "/etc/p.toml:5:6", "/etc/p.toml:7:8"];
        let places = Places::new(origins.into_iter());
        assert_eq!(places.short("/etc/p.toml:5:6"), "p.toml:5");
        assert_eq!(places.short("/etc/a/ssh:1:2"), "/etc/a/ssh:1:2");
        assert_eq!(places.short("/other/p.toml:1:1"), "/other/p.toml:1:1");
        assert_eq!(places.short("ban 7"), "ban 7");
        let text = "`x` in deny (/etc/p.toml:5:6) matches";
        assert_eq!(places.without(text, Some("/etc/p.toml:5:6")), "`x` in deny matches");
        assert_eq!(places.without(text, None), text);
    }
}
