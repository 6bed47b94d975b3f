//! Service directories: which there are.

use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::text::visible;
use portreeve_supervise::native;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Services that are listed, at most: more than a keeper can hold.
const MOST: usize = 100_000;

/// Names that are read of one directory, at most.
const MOST_NAMES: usize = 200_000;

/// Whose a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The configuration's.
    Native,
    /// One of a directory of services, which is named.
    Listed(PathBuf),
    /// Whosever: it was named by its path.
    Path,
}

/// A service directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What it is called here: `web`, `web/log`, or its path as it was typed.
    pub(crate) name: OsString,
    /// Where it is, without links.
    pub(crate) path: PathBuf,
    /// Whose it is.
    pub(crate) kind: Kind,
}

impl Place {
    /// Its name, for a terminal.
    pub(crate) fn shown(&self) -> String {
        visible(&self.name.to_string_lossy())
    }

    /// The service that logs what this one says.
    pub(crate) fn logger(&self) -> Option<Self> {
        let path = fs::canonicalize(self.path.join("log")).ok().filter(|path| path.is_dir())?;
        Some(Self { name: joined(&self.name, "log"), path, kind: self.kind.clone() })
    }

    /// Whether it logs what another says: the directory `log` of a service.
    pub(crate) fn is_logger(&self) -> bool {
        Path::new(&self.name).file_name() == Some(OsStr::new("log"))
            && Path::new(&self.name).parent().is_some_and(|parent| parent != Path::new(""))
    }
}

fn joined(name: &OsStr, last: &str) -> OsString {
    Path::new(name).join(last).into_os_string()
}

/// Where names are looked up.
pub(crate) struct Places<'a> {
    paths: &'a Paths,
    directory: Option<&'a Path>,
}

impl<'a> Places<'a> {
    /// Those of one directory, or of the keeper.
    pub(crate) fn new(paths: &'a Paths, directory: Option<&'a Path>) -> Self {
        Self { paths, directory }
    }

    /// Directories in which each directory is a service, with whose they are. A keeper that was never
    /// there has none.
    fn scanned(&self) -> Result<Vec<(PathBuf, Kind)>, Failure> {
        if let Some(directory) = self.directory {
            let path = resolved(directory)?;
            let kind = match self.is_own(&path) {
                true => Kind::Native,
                false => Kind::Listed(path.clone()),
            };
            return Ok(vec![(path, kind)]);
        }
        let own = self.paths.services();
        let mut all = vec![(own.clone(), Kind::Native)];
        for name in entries(&own.join(native::DIRECTORIES))? {
            let link = own.join(native::DIRECTORIES).join(name);
            // a link to what is not there yet
            let Ok(path) = fs::canonicalize(&link) else { continue };
            all.push((path.clone(), Kind::Listed(path)));
        }
        Ok(all)
    }

    /// All services, each once and with its logger behind it, in the order of their names.
    pub(crate) fn all(&self) -> Result<Vec<Place>, Failure> {
        let (mut all, mut known) = (Vec::new(), HashSet::new());
        for (directory, kind) in self.scanned()? {
            for name in entries(&directory)? {
                let Some((path, meta)) = service(&directory.join(&name)) else { continue };
                if all.len() >= MOST || !known.insert((meta.dev(), meta.ino())) {
                    continue;
                }
                let place = Place { name, path, kind: kind.clone() };
                let logger = place.logger();
                all.push(place);
                all.extend(logger);
            }
        }
        let mut held = self.held()?;
        held.retain(|held| !all.iter().any(|it| it.path == held.path));
        all.extend(held);
        all.sort_by(|a, b| Path::new(&a.name).cmp(Path::new(&b.name)));
        Ok(all)
    }

    /// Those of the configuration that the host cannot run now. They need not have a folder.
    fn held(&self) -> Result<Vec<Place>, Failure> {
        let own = self.paths.services();
        if self.directory.is_some_and(|directory| !self.is_own(directory)) {
            return Ok(Vec::new());
        }
        let names = entries(&own.join(native::HELD))?;
        // as the others, without links
        let own = fs::canonicalize(&own).unwrap_or(own);
        let place = |name: OsString| {
            let path = own.join(&name);
            Place { name, path, kind: Kind::Native }
        };
        Ok(names.into_iter().map(place).collect())
    }

    /// The service that a word names: a path, where it begins as one or has more than `NAME/log`.
    pub(crate) fn find(&self, word: &OsStr) -> Result<Place, Failure> {
        let path = Path::new(word);
        let mut parts = path.components();
        let (first, second) = (parts.next(), parts.next());
        let begins = word.as_encoded_bytes().first();
        let is_path = matches!(begins, Some(b'/' | b'.'))
            || parts.next().is_some()
            || second.is_some_and(|part| part.as_os_str() != "log");
        let Some(first) = first.filter(|_| !is_path) else { return self.by_path(word) };
        let typed = plain(path);
        let mut found: Vec<Place> = Vec::new();
        for (directory, kind) in self.scanned()? {
            let folder = directory.join(first.as_os_str());
            let folder = if second.is_some() { folder.join("log") } else { folder };
            let Some((path, meta)) = service(&folder) else { continue };
            let same = |other: &Place| {
                fs::metadata(&other.path)
                    .is_ok_and(|it| (it.dev(), it.ino()) == (meta.dev(), meta.ino()))
            };
            if !found.iter().any(same) {
                found.push(Place { name: typed.clone(), path, kind });
            }
        }
        if found.is_empty() {
            found.extend(self.held()?.into_iter().find(|held| held.name == typed));
        }
        let shown = visible(&word.to_string_lossy());
        match <[Place; 1]>::try_from(found) {
            Ok([place]) => Ok(place),
            Err(none) if none.is_empty() => Err(self.unknown(&shown)),
            Err(several) => {
                let each = several.iter().map(|place| place.path.display().to_string());
                let each = visible(&each.collect::<Vec<_>>().join(" and "));
                let text = format!("`{shown}` is the name of several services: {each}");
                Err(Failure::new(Exit::Usage, text).help("name the one you mean by its path"))
            }
        }
    }

    /// Whether this is where the services of the configuration are.
    fn is_own(&self, directory: &Path) -> bool {
        fs::canonicalize(self.paths.services()).is_ok_and(|own| own == directory)
    }

    /// A service by the path of its directory, which may be one of the configuration's all the same.
    fn by_path(&self, word: &OsStr) -> Result<Place, Failure> {
        let path = resolved(Path::new(word))?;
        let kept = path.parent().zip(path.file_name());
        if let Some((_, name)) = kept.filter(|(parent, _)| self.is_own(parent)) {
            return Ok(Place { name: name.to_owned(), path, kind: Kind::Native });
        }
        let of = path.parent().filter(|_| path.ends_with("log"));
        let of = of.and_then(|of| of.parent().zip(of.file_name()));
        if let Some((_, name)) = of.filter(|(parent, _)| self.is_own(parent)) {
            return Ok(Place { name: joined(name, "log"), path, kind: Kind::Native });
        }
        Ok(Place { name: word.to_owned(), path, kind: Kind::Path })
    }

    fn unknown(&self, shown: &str) -> Failure {
        if let Some(directory) = self.directory {
            let directory = visible(&directory.display().to_string());
            return Failure::new(Exit::Usage, format!("{directory} has no service `{shown}`"));
        }
        let status = crate::standing::ask(self.paths);
        let services = status.map(|status| status.services).unwrap_or_default();
        if services.iter().any(|one| visible(&one.key) == shown || visible(&one.name) == shown) {
            let text = format!(
                "`{shown}` is a service of the door, which starts it for each connection: it is not \
                 kept running"
            );
            return Failure::new(Exit::Usage, text).help(format!(
                "`portreeve status` shows it, `portreeve sessions --service {shown}` who is inside"
            ));
        }
        Failure::new(Exit::Usage, format!("no kept service is called `{shown}`")).help(
            "`portreeve service list` names them; those of a directory that the keeper does not know are \
             named by a path, or with `--directory DIR`",
        )
        .help(
            "one that is configured comes there when the host has what it wants: `portreeve check` tells \
             what the host lacks",
        )
    }
}

/// As it was typed, without slashes at its end.
fn plain(path: &Path) -> OsString {
    path.components().collect::<PathBuf>().into_os_string()
}

/// A directory, without links.
fn resolved(path: &Path) -> Result<PathBuf, Failure> {
    let shown = visible(&path.display().to_string());
    let found = fs::canonicalize(path).and_then(|path| Ok((fs::metadata(&path)?, path)));
    match found {
        Ok((meta, path)) if meta.is_dir() => Ok(path),
        Ok(_) => Err(Failure::new(Exit::Usage, format!("{shown} is no directory"))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Failure::new(Exit::Usage, format!("{shown} does not exist")))
        }
        Err(error) => Err(unreadable(&shown, &error)),
    }
}

/// A service's directory, if that is one.
fn service(path: &Path) -> Option<(PathBuf, Metadata)> {
    let path = fs::canonicalize(path).ok()?;
    let meta = fs::metadata(&path).ok()?;
    meta.is_dir().then_some((path, meta))
}

/// Names in a directory but those that begin with a dot; none where it does not exist.
fn entries(directory: &Path) -> Result<Vec<OsString>, Failure> {
    let shown = || visible(&directory.display().to_string());
    let reading = match fs::read_dir(directory) {
        Ok(reading) => reading,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&shown(), &error)),
    };
    let mut names = Vec::new();
    for entry in reading.take(MOST_NAMES) {
        let name = entry.map_err(|error| unreadable(&shown(), &error))?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn unreadable(shown: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::system(format_args!("look into {shown}"), error);
    if failure.exit == Exit::NotPermitted { failure.help("be root") } else { failure }
}
