//! Which logs are read, in which order, and by whom.

use crate::exit::{Exit, Failure};
use flate2::read::MultiGzDecoder;
use portreeve_config::watched::{Rights, Sighting, find, is_wild};
use portreeve_model::Watch;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// How gzipped files begin.
const GZIP: &[u8] = b"\x1f\x8b";
/// How files begin that are compressed in ways that are not read, and what undoes that.
const COMPRESSED: [(&[u8], &str); 3] =
    [(b"BZh", "bzcat"), (b"\xfd7zXZ\x00", "xzcat"), (b"\x28\xb5\x2f\xfd", "zstdcat")];
/// Logs that are read at once, each open.
const MOST: usize = 256;

/// A file of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// When it was written last, microseconds since the epoch.
    pub(super) written: i64,
    /// Its bytes.
    pub(super) size: u64,
}

/// A log: one file, or what one was renamed to, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Log {
    /// Under which name it is followed.
    pub(super) name: String,
    /// Its files.
    pub(super) parts: Vec<Part>,
}

/// The logs that are named, each by itself; a log and what it was renamed to are one.
///
/// # Errors
/// One is not there.
pub(super) fn named(paths: &[PathBuf]) -> Result<Vec<Log>, Failure> {
    let mut logs: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for path in paths {
        let failed = |error| Failure::system(format!("read {}", path.display()), &error);
        let part = part(path).map_err(failed)?;
        logs.entry(unrotated(path)).or_default().push(part);
    }
    bounded(logs)
}

/// The logs that these watches read, with what they were renamed to.
///
/// # Errors
/// There are too many.
pub(super) fn watched(watches: &[Watch], refused: &mut Vec<String>) -> Result<Vec<Log>, Failure> {
    let mut patterns: Vec<PathBuf> = Vec::new();
    for file in watches.iter().flat_map(|watch| &watch.files) {
        if !patterns.iter().any(|known| known == Path::new(&file.path)) {
            patterns.push(file.path.as_str().into());
        }
    }
    let mut found: Vec<PathBuf> = Vec::new();
    find(&patterns, &[], Rights::Own, &mut |sighting| match sighting {
        Sighting::File { path, .. } => found.push(path),
        Sighting::Refused { path, why, .. } => refused.push(format!("{}: {why}", path.display())),
        Sighting::Pattern(_)
        | Sighting::Neighbours
        | Sighting::Beside { .. }
        | Sighting::Directory { .. } => {}
    });
    // What was rotated away may be all that there is.
    found.extend(patterns.into_iter().filter(|pattern| !is_wild(pattern)));
    let mut logs: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for path in found {
        let Some(name) = path.to_str() else { continue };
        let parts = logs.entry(unrotated(&path)).or_default();
        for path in std::iter::once(PathBuf::from(name)).chain(rotated(&path)) {
            match part(&path) {
                Ok(part) if !parts.iter().any(|known| known.path == part.path) => parts.push(part),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => refused.push(format!("{}: {error}", path.display())),
            }
        }
    }
    logs.retain(|_, parts| !parts.is_empty());
    bounded(logs)
}

fn bounded(logs: BTreeMap<String, Vec<Part>>) -> Result<Vec<Log>, Failure> {
    if logs.len() > MOST {
        let message = format!("these are {} logs, and {MOST} can be read at once", logs.len());
        return Err(Failure::new(Exit::Usage, message).help("name fewer"));
    }
    let each = logs.into_iter().map(|(name, mut parts)| {
        parts.sort_by(|a, b| (a.written, &b.path).cmp(&(b.written, &a.path)));
        Log { name, parts }
    });
    Ok(each.collect())
}

fn part(path: &Path) -> io::Result<Part> {
    let found = std::fs::metadata(path)?;
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let nanos = found.mtime_nsec().div_euclid(1000);
    let written = found.mtime().saturating_mul(1_000_000).saturating_add(nanos);
    Ok(Part { path: path.into(), written, size: found.len() })
}

/// What a log was renamed to: `NAME.1`, `NAME.2.gz`, `NAME-20261122`.
fn rotated(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|it| it.to_str()))
    else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let ours = names.filter(|other| other != name && stem(other) == name);
    ours.map(|other| folder.join(other)).collect()
}

/// The name under which a log is written, of one that was renamed.
fn stem(name: &str) -> &str {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    for mark in ['.', '-'] {
        if let Some((stem, end)) = name.rsplit_once(mark)
            && digits(end)
            && !stem.is_empty()
            && (mark == '.' || end.len() >= 8)
        {
            return stem;
        }
    }
    name
}

fn unrotated(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(name) = name else { return whole.display().to_string() };
    whole.with_file_name(stem(&name)).display().to_string()
}

/// Opens a part, and gives its lines as they were written.
///
/// # Errors
/// It cannot be read, or is compressed in another way than by gzip(1).
pub(super) fn open(part: &Part) -> Result<Box<dyn Read>, Failure> {
    let shown = part.path.display();
    let failed = |error: io::Error| Failure::system(format!("read {shown}"), &error);
    let mut file = File::open(&part.path).map_err(failed)?;
    let mut head = Vec::new();
    file.by_ref().take(6).read_to_end(&mut head).map_err(failed)?;
    if let Some((_, with)) = COMPRESSED.iter().find(|(magic, _)| head.starts_with(magic)) {
        let message = format!("{shown} is compressed in a way that is not read");
        return Err(
            Failure::new(Exit::Usage, message).help(format!("`{with} {shown} >FILE` undoes that"))
        );
    }
    let gzipped = head.starts_with(GZIP);
    let whole = Cursor::new(head).chain(file);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// Which watches read a log: those that name it or a file of its name, else all.
pub(super) fn readers(log: &Log, watches: &[Watch]) -> Vec<u32> {
    let own = Path::new(&log.name);
    let fits = |watch: &Watch, whole: bool| {
        watch.files.iter().any(|file| {
            let path = Path::new(&file.path);
            if !is_wild(path) {
                return if whole { path == own } else { path.file_name() == own.file_name() };
            }
            whole && matches(path, own)
        })
    };
    let some = |whole: bool| -> Vec<u32> {
        let each = (0_u32..).zip(watches).filter(|(_, watch)| fits(watch, whole));
        each.map(|(at, _)| at).collect()
    };
    let by_path = some(true);
    if !by_path.is_empty() {
        return by_path;
    }
    let by_name = some(false);
    if !by_name.is_empty() {
        return by_name;
    }
    (0_u32..).zip(watches).map(|(at, _)| at).collect()
}

/// Whether a file that is there is one of a pattern.
fn matches(pattern: &Path, own: &Path) -> bool {
    let mut found = false;
    find(&[pattern.into()], &[], Rights::Own, &mut |sighting| {
        if let Sighting::File { path, .. } = sighting {
            found |= path == own;
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_known_by_the_name_it_had() {
        for (name, want) in [
            ("auth.log", "auth.log"),
            ("auth.log.1", "auth.log"),
            ("auth.log.2.gz", "auth.log"),
            ("auth.log-20261122", "auth.log"),
            ("auth.log-20261122.gz", "auth.log"),
            ("auth.log-1795341600.gz", "auth.log"),
            ("site-7", "site-7"),
            ("access.log.gz", "access.log"),
            (".1", ".1"),
            ("log.old", "log.old"),
        ] {
            assert_eq!(stem(name), want);
        }
    }

    #[test]
    fn parts_are_read_from_the_oldest_on() {
        let part = |name: &str, written| Part { path: name.into(), written, size: 0 };
        let parts = vec![part("/a", 30), part("/a.2.gz", 10), part("/a.1", 20)];
        let logs = bounded(BTreeMap::from([("/a".to_owned(), parts)])).unwrap();
        let names: Vec<_> = logs[0].parts.iter().map(|part| part.path.to_str().unwrap()).collect();
        assert_eq!(names, ["/a.2.gz", "/a.1", "/a"]);
    }
}
