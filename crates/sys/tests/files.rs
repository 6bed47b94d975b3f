//! Logs, directories and control sockets: what is refused, and by which name.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and reads its own files whole"
)]

use std::{
    fs,
    io::Write,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
};

use portreeve_sys::{
    channel::{
        ControlError, control_accept, control_connect, control_listen, peer_credentials,
        peer_in_group,
    },
    file::{LogError, LogRefusal, make_state_dir, open_log},
    privileges,
};
use rustix::fs::{CWD, Mode};

/// A user that owns nothing here.
const STRANGER: u32 = 54_321;

/// A directory of its own, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portreeve-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn refusal(path: &Path) -> LogRefusal {
    match open_log(path) {
        Err(LogError::Refused(refusal)) => refusal,
        other => panic!("{}: {other:?}", path.display()),
    }
}

#[test]
fn a_log_is_made_appended_to_and_private() {
    let place = Place::new("log");
    let path = place.path("door.log");
    for line in ["one\n", "two\n"] {
        fs::File::from(open_log(&path).unwrap()).write_all(line.as_bytes()).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o037, 0);
}

#[test]
fn paths_that_could_lead_elsewhere_are_refused_by_name() {
    let place = Place::new("refused");
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir(place.path("real")).unwrap();
    fs::write(place.path("real/file"), b"").unwrap();
    symlink(place.path("real"), place.path("way")).unwrap();
    symlink(place.path("real/file"), place.path("link")).unwrap();
    symlink("/no/such/file", place.path("dangling")).unwrap();
    fs::hard_link(place.path("real/file"), place.path("twin")).unwrap();
    rustix::fs::mkfifoat(CWD, place.path("pipe"), Mode::RWXU).unwrap();
    let _socket = UnixListener::bind(place.path("socket")).unwrap();
    fs::create_dir(place.path("open")).unwrap();
    mode(&place.path("open"), 0o777);
    fs::create_dir(place.path("sticky")).unwrap();
    mode(&place.path("sticky"), 0o1777);
    fs::create_dir(place.path("sticky/inner")).unwrap();

    for (name, wanted) in [
        ("way/file", LogRefusal::Link(place.path("way"))),
        ("link", LogRefusal::Link(place.path("link"))),
        ("dangling", LogRefusal::Link(place.path("dangling"))),
        ("twin", LogRefusal::HardLinks(2)),
        ("pipe", LogRefusal::NotRegular),
        ("socket", LogRefusal::NotRegular),
        ("real", LogRefusal::NotRegular),
        ("real/file/x", LogRefusal::NotADirectory(place.path("real/file"))),
        ("open/log", LogRefusal::DirectoryWritable(place.path("open"))),
        ("sticky/log", LogRefusal::DirectoryWritable(place.path("sticky"))),
        ("real/../log", LogRefusal::Path),
    ] {
        assert_eq!(refusal(&place.path(name)), wanted, "{name}");
    }
    assert_eq!(refusal(Path::new("relative.log")), LogRefusal::Path);
    assert_eq!(refusal(Path::new("/")), LogRefusal::Path);
    assert_eq!(refusal(Path::new("/dev/null")), LogRefusal::NotRegular);
    // In a sticky directory, what is ours stays ours.
    open_log(&place.path("sticky/inner/log")).unwrap();
    let missing = open_log(&place.path("none/log")).unwrap_err();
    assert!(matches!(missing, LogError::Os(_)), "{missing}");
}

#[test]
fn what_belongs_to_a_stranger_is_refused() {
    if !privileges::is_root() {
        println!("not root: nothing to see");
        return;
    }
    let place = Place::new("stranger");
    fs::write(place.path("log"), b"").unwrap();
    chown(place.path("log"), Some(STRANGER), None).unwrap();
    assert_eq!(refusal(&place.path("log")), LogRefusal::Owner(STRANGER));
    fs::create_dir(place.path("his")).unwrap();
    chown(place.path("his"), Some(STRANGER), None).unwrap();
    assert_eq!(
        refusal(&place.path("his/log")),
        LogRefusal::DirectoryOwner(place.path("his"), STRANGER)
    );
    let error = make_state_dir(&place.path("his"), 0o700, None).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
}

#[test]
fn a_state_directory_has_its_mode_and_owner() {
    let place = Place::new("state");
    let path = place.path("a/b/state");
    let owner = privileges::is_root().then_some((STRANGER, STRANGER + 1));
    for mode in [0o700, 0o750] {
        make_state_dir(&path, mode, owner).unwrap();
        let found = fs::metadata(&path).unwrap();
        assert_eq!(found.mode() & 0o7777, mode);
        if let Some(owner) = owner {
            assert_eq!((found.uid(), found.gid()), owner);
        }
    }
    symlink(&path, place.path("link")).unwrap();
    make_state_dir(&place.path("link"), 0o700, owner).unwrap_err();
    fs::write(place.path("file"), b"").unwrap();
    make_state_dir(&place.path("file"), 0o700, owner).unwrap_err();
}

#[test]
fn a_control_socket_replaces_a_stale_one_only() {
    let place = Place::new("control");
    let path = place.path("control.sock");
    let refused = control_connect(&path).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::NotFound);
    let first = control_listen(&path, 0o660, None).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o660);
    let error = control_listen(&path, 0o660, None).unwrap_err();
    assert!(matches!(error, ControlError::InUse(_)), "{error}");
    drop(first);
    let gid = privileges::is_root().then_some(STRANGER);
    let second = control_listen(&path, 0o600, gid).unwrap();
    if let Some(gid) = gid {
        assert_eq!(fs::metadata(&path).unwrap().gid(), gid);
    }
    // The one that asked whether anybody answers is still in the first one's queue, now gone.
    assert!(control_accept(&second).unwrap().is_none());
    let client = control_connect(&path).unwrap();
    let ours = control_accept(&second).unwrap().unwrap();
    let who = peer_credentials(&ours).unwrap();
    assert_eq!(who.pid, portreeve_sys::Pid::own().as_raw());
    assert_eq!(who.uid, privileges::Identity::own().unwrap().uids[1]);
    assert!(peer_in_group(&ours, who.gid).unwrap());
    assert!(!peer_in_group(&ours, STRANGER).unwrap());
    rustix::io::write(&client, b"x").unwrap();
    assert_eq!(rustix::io::read(&ours, &mut [0; 8]).unwrap(), 1);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let place = Place::new("nosocket");
    let path = place.path("control.sock");
    fs::write(&path, b"precious").unwrap();
    let error = control_listen(&path, 0o600, None).unwrap_err();
    assert!(matches!(error, ControlError::NotASocket(_)), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}
