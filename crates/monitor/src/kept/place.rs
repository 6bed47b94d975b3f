//! The folders of services that are kept up: what is in them becomes what it should be.

use portreeve_supervise::native::{
    DIRECTORIES, DOWN, HELD, LOG, MOST_HELD, PLAN, REMOVED, link_name,
};
use portreeve_supervise::plan;
use portreeve_sys::file::Folder;
use std::collections::BTreeSet;
use std::io;

/// Names that are looked through, at most.
const MOST: usize = 100_000;

/// How a folder is called until it is whole.
const NEW: &str = ".new-";

/// Nobody else needs to read an environment.
const PRIVATE: u32 = 0o600;

/// What everybody may read.
const PUBLIC: u32 = 0o644;

/// What a service's folder should hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// `plan`.
    pub(super) plan: &'a str,
    /// `down`; `None`: whatever is there.
    pub(super) down: Option<bool>,
    /// `log/plan`.
    pub(super) log: Option<&'a str>,
}

/// What was done about a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// It was as it should be.
    Nothing,
    /// It was not there.
    Added,
    /// What is started, or how, is another from its next start.
    Changed,
}

/// Makes a service's folder what it should be; one that was removed comes back.
pub(super) fn put(services: &Folder, wanted: Wanted<'_>) -> io::Result<Done> {
    let name = wanted.name;
    if let Some(folder) = services.folder(name)? {
        return fit(&folder, wanted);
    }
    if let Some(removed) = services.folder(REMOVED)?
        && let Some(folder) = removed.folder(name)?
    {
        match fit(&folder, wanted).and_then(|_| removed.rename(name, services, name)) {
            Ok(()) => return Ok(Done::Added),
            // the service was over, and the keeper has just taken its folder away
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let new = format!("{NEW}{name}");
    let folder = services.make(&new)?;
    fit(&folder, wanted)?;
    services.rename(&new, services, name)?;
    Ok(Done::Added)
}

fn fit(folder: &Folder, wanted: Wanted<'_>) -> io::Result<Done> {
    match wanted.down {
        Some(true) if !folder.has(DOWN)? => folder.write(DOWN, b"", PRIVATE)?,
        Some(false) => folder.remove(DOWN)?,
        Some(true) | None => {}
    }
    let log = fit_log(folder, wanted.log)?;
    let plan = fit_file(folder, wanted.plan)?;
    Ok(if log || plan { Done::Changed } else { Done::Nothing })
}

/// Whether anything changed.
fn fit_log(folder: &Folder, wanted: Option<&str>) -> io::Result<bool> {
    let Some(wanted) = wanted else {
        let Some(log) = folder.folder(LOG)? else { return Ok(false) };
        let was = log.has(PLAN)?;
        log.remove(PLAN)?;
        return Ok(was);
    };
    if let Some(log) = folder.folder(LOG)? {
        return fit_file(&log, wanted);
    }
    let new = format!("{NEW}{LOG}");
    fit_file(&folder.make(&new)?, wanted)?;
    folder.rename(&new, folder, LOG)?;
    Ok(true)
}

fn fit_file(folder: &Folder, wanted: &str) -> io::Result<bool> {
    // what is not a file of ours is replaced
    let found = folder.read(PLAN, plan::MOST).unwrap_or_default();
    if found.as_deref() == Some(wanted.as_bytes()) {
        return Ok(false);
    }
    folder.write(PLAN, wanted.as_bytes(), PRIVATE)?;
    Ok(true)
}

/// Takes away what no longer is a service: where its supervisor, or the next one, finds it.
pub(super) fn take_away(services: &Folder, name: &str) -> io::Result<()> {
    services.rename(name, &services.make(REMOVED)?, name)
}

/// The names of services that are there.
pub(super) fn present(services: &Folder) -> io::Result<Vec<String>> {
    let mut names = services.names(MOST)?;
    names.retain(|name| !name.starts_with('.'));
    Ok(names)
}

/// Says why a service is held back.
pub(super) fn hold(services: &Folder, name: &str, why: &str) -> io::Result<()> {
    let held = services.make(HELD)?;
    // what is not a file of ours is replaced
    let found = held.read(name, MOST_HELD).unwrap_or_default();
    if found.as_deref() == Some(why.as_bytes()) {
        return Ok(());
    }
    held.write(name, why.as_bytes(), PUBLIC)
}

/// Takes away what was said of services that are held back no longer.
pub(super) fn hold_no_other(services: &Folder, held: &BTreeSet<&str>) -> io::Result<()> {
    let Some(folder) = services.folder(HELD)? else { return Ok(()) };
    for name in folder.names(MOST)? {
        if !held.contains(name.as_str()) {
            folder.remove(&name)?;
        }
    }
    Ok(())
}

/// Makes the links to folders of service directories what they should be.
pub(super) fn link(services: &Folder, directories: &[String]) -> io::Result<()> {
    let links = match services.folder(DIRECTORIES)? {
        None if directories.is_empty() => return Ok(()),
        None => services.make(DIRECTORIES)?,
        Some(links) => links,
    };
    for path in directories {
        let name = link_name(path);
        if links.target(&name).as_deref() != Some(path.as_bytes()) {
            links.link(&name, path)?;
        }
    }
    for name in links.names(MOST)? {
        if !directories.iter().any(|path| link_name(path) == name) {
            links.remove(&name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    fn place(name: &str) -> (PathBuf, Folder) {
        let path = std::env::temp_dir().join(format!("portreeve-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        portreeve_sys::file::make_state_dir(&path, 0o755, None).unwrap();
        let folder = Folder::open(&path).unwrap().unwrap();
        (path, folder)
    }

    fn wanted<'a>(plan: &'a str, down: bool, log: Option<&'a str>) -> Wanted<'a> {
        Wanted { name: "a", plan, down: Some(down), log }
    }

    #[test]
    fn a_folder_comes_whole_changes_and_comes_back() {
        let (path, services) = place("kept");
        let read = |file: &str| {
            let content = portreeve_sys::file::read_bounded(&path.join(file), 99).ok()?;
            String::from_utf8(content.bytes).ok()
        };
        assert_eq!(put(&services, wanted("1", true, Some("l"))).unwrap(), Done::Added);
        assert_eq!(present(&services).unwrap(), ["a"]);
        assert_eq!(read("a/plan").as_deref(), Some("1"));
        assert_eq!(
            (read("a/down").as_deref(), read("a/log/plan").as_deref()),
            (Some(""), Some("l"))
        );
        assert_eq!(put(&services, wanted("1", true, Some("l"))).unwrap(), Done::Nothing);
        assert_eq!(put(&services, wanted("1", false, Some("l"))).unwrap(), Done::Nothing);
        assert_eq!(read("a/down"), None);
        assert_eq!(put(&services, wanted("2", false, None)).unwrap(), Done::Changed);
        assert_eq!((read("a/plan").as_deref(), read("a/log/plan")), (Some("2"), None));
        // what its supervisor wrote stays with it
        fs::write(path.join("a/supervise"), "here").unwrap();
        take_away(&services, "a").unwrap();
        assert!(present(&services).unwrap().is_empty());
        assert_eq!(read(".removed/a/supervise").as_deref(), Some("here"));
        assert_eq!(put(&services, wanted("2", false, None)).unwrap(), Done::Added);
        assert_eq!(read("a/supervise").as_deref(), Some("here"));
        assert_eq!(read(".removed/a/supervise"), None);
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn links_are_those_of_the_configuration() {
        let (path, services) = place("kept-links");
        link(&services, &[]).unwrap();
        assert!(!path.join(DIRECTORIES).exists());
        let target = |name: &str| fs::read_link(path.join(DIRECTORIES).join(name)).ok();
        link(&services, &["/etc/a".into(), "/b".into()]).unwrap();
        assert_eq!(target("etc%2Fa"), Some("/etc/a".into()));
        link(&services, &["/b".into()]).unwrap();
        assert_eq!((target("etc%2Fa"), target("b")), (None, Some("/b".into())));
        link(&services, &[]).unwrap();
        assert_eq!(target("b"), None);
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn what_somebody_else_could_have_made_is_not_used() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (path, services) = place("kept-strange");
        symlink("/etc", path.join("a")).unwrap();
        assert!(put(&services, wanted("1", false, None)).is_err());
        fs::remove_file(path.join("a")).unwrap();
        fs::create_dir(path.join("a")).unwrap();
        fs::set_permissions(path.join("a"), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(put(&services, wanted("1", false, None)).is_err());
        fs::set_permissions(path.join("a"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/etc/passwd", path.join("a/plan")).unwrap();
        assert_eq!(put(&services, wanted("1", false, None)).unwrap(), Done::Changed);
        assert!(fs::symlink_metadata(path.join("a/plan")).unwrap().is_file());
        fs::remove_dir_all(path).unwrap();
    }
}
