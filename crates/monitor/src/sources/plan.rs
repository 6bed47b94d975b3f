//! Which directories are watched for the sources, and which names in them matter.

use crate::sources::images::Held;
use portreeve_model::Reach;
use portreeve_sys::watch::{Change, Detail};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What a name is to a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// It is on the way to a file.
    Way,
    /// It is a file, or a link that leads to one.
    File,
}

/// What a change means for a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// It is to be read again.
    Changed(usize),
    /// A file of it is being written to.
    Written(usize),
}

/// One directory.
#[derive(Clone, Debug, Default)]
struct Directory {
    names: BTreeMap<OsString, BTreeSet<(usize, Part)>>,
}

/// All of them, by their paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan(BTreeMap<PathBuf, Directory>);

impl Plan {
    /// Every directory on the way to everything that was read.
    pub(crate) fn of(held: &[Held]) -> Self {
        let mut plan = Self::default();
        for (source, one) in held.iter().enumerate() {
            for watched in one.watched.iter().filter(|watched| watched.reach == Reach::Local) {
                plan.add(Path::new(&watched.path), source);
            }
        }
        plan
    }

    fn add(&mut self, path: &Path, source: usize) {
        let mut part = Part::File;
        for here in path.ancestors() {
            let (Some(directory), Some(name)) = (here.parent(), here.file_name()) else { return };
            let directory = self.0.entry(directory.to_owned()).or_default();
            directory.names.entry(name.to_owned()).or_default().insert((source, part));
            part = Part::Way;
        }
    }

    /// The directories, and what is to be told of each.
    pub(crate) fn directories(&self) -> impl Iterator<Item = (&Path, Detail)> {
        let detail = |directory: &Directory| {
            let mut all = directory.names.values().flatten();
            if all.any(|(_, part)| *part == Part::File) { Detail::Files } else { Detail::Names }
        };
        self.0.iter().map(move |(path, directory)| (path.as_path(), detail(directory)))
    }

    /// What a change in a directory means.
    pub(crate) fn told(&self, path: &Path, name: Option<&OsStr>, change: Change) -> Vec<Told> {
        let Some(directory) = self.0.get(path) else { return Vec::new() };
        let meant = |(source, part): &(usize, Part)| match (change, part) {
            (Change::Name | Change::Gone | Change::Lost, _) | (Change::Closed, Part::File) => {
                Some(Told::Changed(*source))
            }
            (Change::Written, Part::File) => Some(Told::Written(*source)),
            (Change::Written | Change::Closed, Part::Way) => None,
        };
        let all: BTreeSet<Told> = match name {
            Some(name) => {
                directory.names.get(name).into_iter().flatten().filter_map(meant).collect()
            }
            None => directory.names.values().flatten().filter_map(meant).collect(),
        };
        all.into_iter().collect()
    }

    /// The sources that have a file or link in a directory.
    pub(crate) fn sources_in(&self, path: &Path) -> BTreeSet<usize> {
        let all = self.0.get(path).into_iter().flat_map(|directory| directory.names.values());
        let files = all.flatten().filter(|(_, part)| *part == Part::File);
        files.map(|(source, _)| *source).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::{Mark, Watched};

    fn held(paths: &[(&str, Reach)]) -> Held {
        let watched = |(path, reach): &(&str, Reach)| Watched {
            path: (*path).into(),
            mark: Mark::Absent,
            reach: *reach,
        };
        Held { image: None, watched: paths.iter().map(watched).collect(), since: 0 }
    }

    fn plan() -> Plan {
        let local = Reach::Local;
        Plan::of(&[
            held(&[("/etc/deny", local), ("/srv/lists/deny", local)]),
            held(&[("/srv/lists/allow", local), ("/net/allow", Reach::Remote)]),
            held(&[("/srv/lists", local)]),
        ])
    }

    #[test]
    fn every_directory_on_the_way_is_watched_but_for_another_host_s() {
        let plan = plan();
        let all: Vec<_> = plan.directories().map(|(p, d)| (p.to_str().unwrap(), d)).collect();
        let want = [
            ("/", Detail::Names),
            ("/etc", Detail::Files),
            ("/srv", Detail::Files),
            ("/srv/lists", Detail::Files),
        ];
        assert_eq!(all, want);
        assert_eq!(plan.sources_in(Path::new("/srv/lists")), BTreeSet::from([0, 1]));
    }

    #[test]
    fn a_change_is_told_of_those_whom_it_concerns() {
        use Told::{Changed, Written};
        let plan = plan();
        for (directory, name, change, want) in [
            ("/srv/lists", Some("deny"), Change::Name, vec![Changed(0)]),
            ("/srv/lists", Some("deny"), Change::Written, vec![Written(0)]),
            ("/srv/lists", Some("deny"), Change::Closed, vec![Changed(0)]),
            ("/srv/lists", Some("other"), Change::Name, vec![]),
            ("/srv/lists", None, Change::Gone, vec![Changed(0), Changed(1)]),
            ("/srv", Some("lists"), Change::Name, vec![Changed(0), Changed(1), Changed(2)]),
            ("/srv", Some("lists"), Change::Written, vec![Written(2)]),
            ("/", Some("srv"), Change::Name, vec![Changed(0), Changed(1), Changed(2)]),
            ("/", Some("etc"), Change::Name, vec![Changed(0)]),
            ("/", Some("etc"), Change::Closed, vec![]),
            ("/", Some("net"), Change::Name, vec![]),
            ("/var", Some("x"), Change::Name, vec![]),
        ] {
            let told = plan.told(Path::new(directory), name.map(OsStr::new), change);
            assert_eq!(told, want, "{directory} {name:?} {change:?}");
        }
    }
}
