//! The host's own files: bounded, regular, and nobody else's to write.

use crate::common::findings;
use portreeve_config::{Disk, Entry, Trust, World, load};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A directory of this test alone.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portreeve-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        chmod(&path, 0o700);
        Self(path)
    }
    fn file(&self, name: &str, mode: u32) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, "text").unwrap();
        chmod(&path, mode);
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn disk() -> Disk {
    Disk::new(Trust::User(portreeve_sys::privileges::Identity::own().unwrap().uids[1]))
}

#[test]
fn a_file_that_others_may_write_is_not_believed() {
    let place = Place::new("files");
    let fine = place.file("fine", 0o644);
    assert_eq!(disk().read(&fine).unwrap(), b"text");
    for (name, mode) in [("group", 0o664), ("all", 0o646)] {
        let path = place.file(name, mode);
        let unread = disk().read(&path).unwrap_err();
        assert_eq!(unread.code.0, "untrusted-file", "{}", unread.reason);
        assert!(unread.reason.contains("chmod go-w"), "{}", unread.reason);
    }
}

#[test]
fn a_main_file_that_is_not_read_comes_with_a_way_out() {
    let place = Place::new("main");
    let told = |path: String| {
        let text = findings(&load(&Entry::Native(path), &mut disk()));
        text.split_whitespace().collect::<Vec<_>>().join(" ") // wherever lines are broken
    };
    let absent = told(place.0.join("none").to_str().unwrap().to_owned());
    assert!(absent.contains("no such file or directory"), "{absent}");
    assert!(absent.contains("with `--config`, or an xinetd.conf with `--xinetd`"), "{absent}");
    let open = told(place.file("open", 0o646));
    assert!(open.contains("error[untrusted-file]: does not believe `"), "{open}");
    assert!(open.contains("chmod go-w") && !open.contains("--config"), "{open}");
}

#[test]
fn the_way_to_a_file_must_be_safe_as_written_and_as_it_is() {
    let place = Place::new("ways");
    let open = place.0.join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::write(open.join("file"), "text").unwrap();
    chmod(&open.join("file"), 0o644);
    symlink(place.file("fine", 0o644), open.join("link")).unwrap();
    symlink(open.join("file"), place.0.join("out")).unwrap();
    chmod(&open, 0o777);
    for path in [open.join("file"), open.join("link"), place.0.join("out")] {
        let unread = disk().read(path.to_str().unwrap()).unwrap_err();
        assert_eq!(unread.code.0, "untrusted-file", "{}: {}", path.display(), unread.reason);
    }
    assert_eq!(disk().list(open.to_str().unwrap()).unwrap_err().code.0, "untrusted-file");
    chmod(&open, 0o1777); // sticky: what is in it can only be replaced by its owner
    assert_eq!(disk().read(open.join("file").to_str().unwrap()).unwrap(), b"text");
}

#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let place = Place::new("kinds");
    let path = |name: &str| place.0.join(name).to_str().unwrap().to_owned();
    assert_eq!(disk().read(&path(".")).unwrap_err().reason, "is a directory");
    assert_eq!(disk().read("/dev/zero").unwrap_err().reason, "it is no regular file");
    let unread = disk().read(&path("none")).unwrap_err();
    assert!(unread.absent, "{}", unread.reason);
    assert!(disk().list(&path("none")).unwrap_err().absent);
    let huge = place.file("huge", 0o644);
    std::fs::File::options().write(true).open(&huge).unwrap().set_len(9 << 20).unwrap();
    assert_eq!(disk().read(&huge).unwrap_err().code.0, "too-large");
}

#[test]
fn names_are_listed_with_what_they_lead_to() {
    let place = Place::new("names");
    place.file("a.toml", 0o644);
    symlink("nowhere", place.0.join("dangling")).unwrap();
    std::fs::create_dir(place.0.join("sub")).unwrap();
    let mut found: Vec<_> = disk()
        .list(place.0.to_str().unwrap())
        .unwrap()
        .into_iter()
        .map(|entry| format!("{} {:?}", entry.name, entry.kind))
        .collect();
    found.sort();
    assert_eq!(found, ["a.toml File", "dangling Dangling", "sub Other"]);
}

#[test]
fn this_host_knows_its_own_zone() {
    let local = disk().zone("local").unwrap();
    assert_eq!(local.name, "local");
    assert!(!local.offsets.is_empty());
    assert!(disk().zone("No/Such").is_none());
}

#[test]
fn an_idle_limit_is_refused_by_name_where_the_kernel_tells_no_times() {
    let text = "[service.x]\nlisten = [\"192.0.2.1:1\"]\ninternal = \"echo\"\nidle = \"10m\"\n";
    let mut host = crate::common::Host::default().with("/etc/portreeve/portreeve.toml", text);
    assert!(host.load(&crate::common::main()).config.is_some());
    host.no_idle_times = Some("the kernel lacks `tcp_diag`".into());
    let loaded = host.load(&crate::common::main());
    let said = crate::common::findings(&loaded);
    assert!(loaded.config.is_none(), "{said}");
    assert!(said.contains("error[idle-unknown]: `idle` cannot be kept on this host"), "{said}");
    assert!(said.contains("portreeve.toml:4:8") && said.contains("modprobe tcp_diag"), "{said}");
    // nobody else is bothered
    host = host.with("/etc/portreeve/portreeve.toml", text.replace("10m", "none"));
    assert!(host.load(&crate::common::main()).config.is_some());
}

#[test]
fn this_kernel_tells_when_a_connection_was_last_used() {
    let mut disk = Disk::new(Trust::Root);
    assert_eq!(World::idle_times(&mut disk), Ok(()));
}
