//! Files that are read whole and replaced whole.

use portreeve_sys::file::read_bounded;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

/// Bytes of a file of ours, at most.
pub(super) const MOST: usize = 256 << 20;

/// The bytes of a file; nothing where there is none.
///
/// # Errors
/// It cannot be read, or is too large.
pub(super) fn bytes(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match read_bounded(path, MOST) {
        Ok(content) => Ok(Some(content.bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

/// A short text, if it can be read.
pub(super) fn text(path: &Path, most: usize) -> Option<String> {
    let content = read_bounded(path, most).ok()?;
    Some(String::from_utf8_lossy(&content.bytes).into_owned())
}

/// Puts these bytes in a file's place by rename, with the mode and owner that it had. Where it is a
/// link, in that of what it leads to.
///
/// # Errors
/// It cannot be done; then the file is as it was.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    let failed = |error: io::Error| format!("cannot write {}: {error}", path.display());
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(failed(error)),
    };
    let beside = beside(&real, "portreeve.tmp");
    let _left_by_a_crash = fs::remove_file(&beside);
    let before = fs::metadata(&real).ok();
    let mode = before.as_ref().map_or(mode, |before| before.permissions().mode() & 0o7777);
    let written = (|| {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        if let Some(before) = &before
            && let Ok(now) = file.metadata()
            && (now.uid(), now.gid()) != (before.uid(), before.gid())
        {
            chown(&beside, Some(before.uid()), Some(before.gid()))?;
        }
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&beside, &real)
    })();
    written.map_err(|error| {
        let _nothing_left = fs::remove_file(&beside);
        failed(error)
    })
}

/// A copy of a file beside it, as DenyHosts leaves one before it purges.
pub(super) fn backup(path: &Path, what: &str) -> Result<(), String> {
    let copy = beside(path, &format!("{what}.bak"));
    match bytes(path)? {
        Some(bytes) => replace(&copy, &bytes, 0o644),
        None => Ok(()),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// Makes an empty file where there is none.
///
/// # Errors
/// It cannot be made.
pub(super) fn touch(path: &Path) -> Result<(), String> {
    let mut options = OpenOptions::new();
    let made = options.append(true).create(true).mode(0o644).open(path);
    made.map(drop).map_err(|error| format!("cannot make {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_leads_to_is_replaced_with_its_mode() {
        let folder = std::env::temp_dir().join(format!("pr-files-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, link) = (folder.join("a"), folder.join("b"));
        replace(&file, b"one", 0o640).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"two", 0o644).unwrap();
        backup(&link, "purge").unwrap();
        assert!(link.is_symlink());
        assert_eq!(bytes(&file).unwrap().unwrap(), b"two");
        assert_eq!(bytes(&folder.join("b.purge.bak")).unwrap().unwrap(), b"two");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o604);
        assert!(bytes(&folder.join("none")).unwrap().is_none());
        fs::remove_dir_all(&folder).unwrap();
    }
}
