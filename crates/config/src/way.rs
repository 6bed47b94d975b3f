//! The way to a file: every symbolic link on it and its end, as marks that any change changes.

use portreeve_model::{Mark, Reach, Watched};
use portreeve_sys::file::is_remote;
use portreeve_sys::watch::{Stamp, look};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Symbolic links on one way, as the kernel counts them (path_resolution(7)).
const LINKS: usize = 40;

/// Walks to `path`, which is absolute, and marks what it meets: every link, and the file at the end
/// or the place where it should be.
///
/// # Errors
/// Too many links, or something on the way cannot be looked at.
pub(crate) fn walk(path: &Path) -> io::Result<Vec<Watched>> {
    let mut met = Vec::new();
    let mut rest: Vec<OsString> = Vec::new();
    push(&mut rest, path);
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(name) = rest.pop() {
        if name == ".." {
            at.pop();
            continue;
        }
        let here = at.join(&name);
        let found = match here.symlink_metadata() {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let whole = rest.iter().rev().fold(here, |path, name| path.join(name));
                met.push(watched(&whole, Mark::Absent, reach(&at))?);
                return Ok(met);
            }
            Err(error) => return Err(error),
        };
        if found.is_symlink() {
            links += 1;
            if links > LINKS {
                return Err(io::Error::other("too many symbolic links"));
            }
            met.push(watched(&here, mark(&here)?, reach(&at))?);
            let target = here.read_link()?;
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            push(&mut rest, &target);
        } else if rest.is_empty() {
            met.push(watched(&here, mark(&here)?, reach(&at))?);
        } else {
            at = here;
        }
    }
    Ok(met)
}

/// Puts the components of a path on the stack of those still to be walked.
fn push(rest: &mut Vec<OsString>, path: &Path) {
    rest.extend(path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    }));
}

/// Fails where the door could not look at the path again, since it is told of paths as text: it would
/// find another mark there for ever.
fn watched(path: &Path, mark: Mark, reach: Reach) -> io::Result<Watched> {
    let text = path.to_str().ok_or_else(|| {
        let shown = path.as_os_str().as_bytes().escape_ascii();
        io::Error::other(format!("it leads to a path that is no UTF-8: `{shown}`"))
    })?;
    Ok(Watched { path: text.to_owned(), mark, reach })
}

/// The mark of a path, looked at as the door will look at it.
fn mark(path: &Path) -> io::Result<Mark> {
    let Some(Stamp { device, inode, size, modified, changed }) = look(path)? else {
        return Ok(Mark::Absent);
    };
    Ok(Mark::There { device, inode, size, modified, changed })
}

/// Who changes what is in a directory; one that cannot be asked about is nobody's but the host's.
fn reach(directory: &Path) -> Reach {
    if is_remote(directory).unwrap_or(false) { Reach::Remote } else { Reach::Local }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::symlink;

    fn names(root: &Path, path: &str) -> Vec<(String, bool)> {
        let root = root.canonicalize().unwrap();
        let met = walk(&root.join(path)).unwrap();
        let name = |one: &Watched| {
            let path = Path::new(&one.path).strip_prefix(&root).unwrap();
            (path.to_str().unwrap().to_owned(), one.mark != Mark::Absent)
        };
        met.iter().map(name).collect()
    }

    #[test]
    fn every_link_on_the_way_is_met_and_the_end_whether_it_is_there_or_not() {
        let root = std::env::temp_dir().join(format!("portreeve-way-{}", std::process::id()));
        fs::create_dir_all(root.join("2026")).unwrap();
        fs::write(root.join("2026/deny"), "").unwrap();
        symlink("2026", root.join("current")).unwrap();
        symlink("current/deny", root.join("deny")).unwrap();
        symlink("../2026/../current/none", root.join("2026/up")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let there = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), true)).collect();
        let want: Vec<_> = there(&["deny", "current", "2026/deny"]);
        assert_eq!(names(&root, "deny"), want);
        let mut want: Vec<_> = there(&["current", "2026/up", "current"]);
        want.push(("2026/none".into(), false));
        assert_eq!(names(&root, "current/up"), want);
        assert_eq!(names(&root, "no/such/file"), [("no/such/file".to_owned(), false)]);
        assert!(walk(&root.canonicalize().unwrap().join("loop")).is_err());
        let odd = OsString::from_vec(b"no-text-\xff".to_vec());
        fs::write(root.join(&odd), "").unwrap();
        symlink(&odd, root.join("odd")).unwrap();
        assert!(
            walk(&root.canonicalize().unwrap().join("odd")).is_err(),
            "nobody could tell where"
        );
        fs::remove_dir_all(&root).unwrap();
    }
}
