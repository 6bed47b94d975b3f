//! The line a place names.

use portreeve_diag::Sources;
use std::path::Path;

/// Bytes of a file that is looked at, at most: those of the longest list.
const LARGEST: usize = 128 << 20;

/// Characters of a line that are shown, at most.
const LONGEST: usize = 400;

/// Path and line of a `path:line:column`.
fn place(origin: &str) -> Option<(&str, usize)> {
    let mut parts = origin.rsplitn(3, ':');
    let (_column, line, path) = (parts.next()?, parts.next()?, parts.next()?);
    Some((path, line.parse().ok()?))
}

/// From the texts that were just read, or where those are too large to be kept, from the file.
pub(super) fn from_sources(origin: &str, paths: &[String], sources: &Sources) -> Option<String> {
    let (path, line) = place(origin)?;
    let at = paths.iter().position(|known| known == path)?;
    let file = portreeve_diag::FileId(u32::try_from(at).ok()?);
    let kept = sources.line(file, u32::try_from(line).ok()?);
    kept.map(shown).or_else(|| read_line(path, line))
}

/// From the file as it is now: the door may have read another version, or this user may not read
/// it at all, so that nothing hangs on it. A relative path would be the door's, not ours.
pub(super) fn from_disk(origin: &str) -> Option<String> {
    let (path, line) = place(origin).filter(|(path, _)| Path::new(path).is_absolute())?;
    read_line(path, line)
}

/// A line of a file.
fn read_line(path: &str, number: usize) -> Option<String> {
    let content = portreeve_sys::file::read_bounded(Path::new(path), LARGEST).ok()?;
    let line = content.bytes.split(|byte| *byte == b'\n').nth(number.checked_sub(1)?)?;
    let text = String::from_utf8_lossy(line);
    Some(shown(&text)).filter(|text| !text.is_empty())
}

fn shown(line: &str) -> String {
    line.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_place_is_found_in_texts_and_files() {
        let mut sources = Sources::new();
        sources.add("/etc/a", "x\ny\n");
        sources.add("/etc/b:c", "one\ntwo\n");
        let paths = sources.paths();
        let line = |origin: &str| from_sources(origin, &paths, &sources);
        assert_eq!(line("/etc/b:c:2:1").as_deref(), Some("two"));
        assert_eq!(line("/etc/b:c:3:1"), None);
        assert_eq!(line("/etc/other:1:1"), None);
        assert_eq!(line("nonsense"), None);

        assert_eq!(line("/etc/b:c:0:1"), None);

        let file = std::env::temp_dir().join(format!("portreeve-quote-{}", std::process::id()));
        std::fs::write(&file, "first\nsecond\n").unwrap();
        assert_eq!(from_disk(&format!("{}:2:9", file.display())).as_deref(), Some("second"));
        // a list's text is not kept
        let mut sources = Sources::new();
        sources.add(file.to_str().unwrap(), "");
        let place = format!("{}:2:1", file.display());
        let found = from_sources(&place, &sources.paths(), &sources);
        assert_eq!(found.as_deref(), Some("second"));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(from_disk("Cargo.toml:1:1"), None, "not the door's directory");
    }
}
