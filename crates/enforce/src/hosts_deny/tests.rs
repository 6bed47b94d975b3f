use super::*;
use portreeve_model::Mark;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pr-enforce-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("hosts.deny")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[expect(clippy::disallowed_methods, reason = "a small file of the test's own")]
fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn content(networks: &[&str]) -> HostsDenyContent {
    let bans = networks.iter().map(|network| (network.parse().unwrap(), 1_000_000_000)).collect();
    HostsDenyContent { daemon: Some("sshd".into()), markers: false, bans }
}

fn kept(outcome: HostsDenyOutcome) -> (u32, bool, Mark) {
    match outcome {
        HostsDenyOutcome::Kept { entries, written, mark, .. } => (entries, written, mark),
        HostsDenyOutcome::Failed(why) => panic!("{why}"),
    }
}

#[test]
fn a_file_is_made_where_there_is_none_and_left_alone_when_it_is_right() {
    let folder = Folder::new("new");
    let path = folder.file();
    let (_, written, mark) = kept(keep(&path, &content(&[])).unwrap());
    assert_eq!((written, mark), (false, Mark::Absent), "nothing to say, no file");
    let one = content(&["203.0.113.9/32"]);
    let (entries, written, first) = kept(keep(&path, &one).unwrap());
    assert_eq!((entries, written), (1, true));
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o644);
    let (_, written, second) = kept(keep(&path, &one).unwrap());
    assert_eq!((written, second), (false, first), "not written again");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn mode_and_attributes_are_kept() {
    let folder = Folder::new("kept");
    let path = folder.file();
    fs::write(&path, "ALL: LOCAL\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let set = rustix::fs::setxattr(&path, "user.note", b"mine", rustix::fs::XattrFlags::empty());
    keep(&path, &content(&["203.0.113.9/32"])).unwrap();
    assert!(text(&path).starts_with("ALL: LOCAL\n# portreeve"));
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    if set.is_ok() {
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(&path, "user.note", &mut value[..]).unwrap();
        assert_eq!(&value[..length], b"mine");
    }
}

#[test]
fn what_is_no_plain_file_is_refused_by_name_and_not_touched() {
    let folder = Folder::new("refused");
    let path = folder.file();
    let target = folder.0.join("target");
    fs::write(&target, "ALL: LOCAL\n").unwrap();
    let one = content(&["203.0.113.9/32"]);
    symlink(&target, &path).unwrap();
    assert!(keep(&path, &one).unwrap_err().contains("symbolic link"));
    fs::remove_file(&path).unwrap();
    fs::hard_link(&target, &path).unwrap();
    assert!(keep(&path, &one).unwrap_err().contains("2 names"));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(keep(&path, &one).unwrap_err().contains("not a regular file"));
    fs::remove_dir(&path).unwrap();
    assert_eq!(text(&target), "ALL: LOCAL\n");
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o775)).unwrap();
    assert!(keep(&path, &one).unwrap_err().contains("somebody else"));
    assert!(!path.exists());
}

#[test]
fn a_file_that_another_has_written_meanwhile_is_not_replaced() {
    let folder = Folder::new("race");
    let path = folder.file();
    fs::write(&path, "a: b\n").unwrap();
    let place = Place::open(&path).unwrap();
    let mut old = place.read().unwrap();
    fs::write(&path, "a: b\nc: d\n").unwrap();
    assert_eq!(place.replace(&old, b"x\n"), Ok(false));
    assert_eq!(text(&path), "a: b\nc: d\n");
    // and what is written behind a file that has lost its name is not lost
    assert_eq!(old.appended(), b"c: d\n");
}

#[test]
fn times_are_as_asctime_writes_them() {
    assert_eq!(asctime(1_417_865_055, &TimeZone::UTC), "Sat Dec  6 11:24:15 2014");
}
