//! Failures name the step and the errno; nothing hangs, nothing is forgotten.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use portreeve_sys::{
    Capability, Resource, Status,
    limits::Limit,
    spawn::{BadConnection, Connection, Ids, Plan, SpawnError, Spawner, Started, Step},
};
use rustix::io::Errno;

use crate::support::{NOBODY, is_root, null, plan, run, text, wait};

#[test]
fn each_step_is_named_with_its_errno() {
    let directory = std::env::temp_dir().join(format!("portreeve-failures-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    let file = |name: &str, mode, content: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        text(path.to_str().unwrap())
    };
    let (plain, garbage) = (file("plain", 0o644, b"x"), file("garbage", 0o755, b"\x01\x02"));
    let no_interpreter = file("script", 0o755, b"#!/no/such/interpreter\n");
    let base = plan(&["/bin/true"]);
    let missing = || Some(text("/no/such/directory"));
    for (plan, step, errno) in [
        (plan(&["/no/such/program"]), Step::Exec, Errno::NOENT),
        (Plan::new(plain.clone()), Step::Exec, Errno::ACCESS),
        (Plan::new(garbage), Step::Exec, Errno::NOEXEC),
        (Plan::new(no_interpreter), Step::Exec, Errno::NOENT),
        (Plan::new(text("/")), Step::Exec, Errno::ACCESS),
        (Plan { directory: missing(), ..base.clone() }, Step::Directory, Errno::NOENT),
        (Plan { directory: Some(plain), ..base.clone() }, Step::Directory, Errno::NOTDIR),
        (Plan { chroot: missing(), ..base.clone() }, Step::Chroot, Errno::NOENT),
    ] {
        let path = plan.path.clone();
        let (started, status, _) = run(plan, Connection::new());
        let errno = errno.raw_os_error();
        assert_eq!(started, Started::Failed { step, errno }, "{path:?}");
        assert_eq!(status, Status::Code(127));
    }
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_limit_that_may_not_be_set_is_a_failure() {
    // More descriptors than the kernel allows anybody (fs.nr_open).
    let limit = Limit { soft: None, hard: None };
    let plan = Plan { limits: vec![(Resource::OpenFiles, limit)], ..plan(&["/bin/true"]) };
    let (started, ..) = run(plan, Connection::new());
    let errno = Errno::PERM.raw_os_error();
    assert_eq!(started, Started::Failed { step: Step::Limits, errno });
}

#[test]
fn a_program_the_new_user_may_not_execute_is_refused_as_that_user() {
    if !is_root() {
        return;
    }
    let path = std::env::temp_dir().join(format!("portreeve-mine-{}", std::process::id()));
    fs::copy("/bin/true", &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    let ids = Ids { uid: NOBODY, gid: NOBODY, groups: Vec::new() };
    let plan = Plan { ids: Some(ids), ..Plan::new(text(path.to_str().unwrap())) };
    let errno = Errno::ACCESS.raw_os_error();
    let (started, ..) = run(plan.clone(), Connection::new());
    assert_eq!(started, Started::Failed { step: Step::Exec, errno });
    // The right to read is not the right to execute.
    let plan = Plan { ambient: vec![Capability::DacReadSearch], ..plan };
    let (started, ..) = run(plan, Connection::new());
    assert_eq!(started, Started::Failed { step: Step::Exec, errno });
    fs::remove_file(&path).unwrap();
}

#[test]
fn connections_that_cannot_be_are_refused_before_anything_is_made() {
    let mut spawner = Spawner::new(1).unwrap();
    let program = Arc::new(plan(&["/bin/true"]).prepare().unwrap());
    let crowd = (0..17).fold(Connection::new(), |all, number| all.give(null(), &[number]));
    for (connection, fault) in [
        (Connection::new().give(null(), &[1, 1]), BadConnection::Twice(1)),
        (crowd, BadConnection::TooManyDescriptors),
    ] {
        let error = spawner.spawn(&program, connection).unwrap_err();
        assert!(matches!(error, SpawnError::Connection(found) if found == fault), "{error}");
    }
    assert_eq!(spawner.starting(), 0);
}

#[test]
fn a_child_that_takes_too_long_is_killed_and_told_once() {
    let mut spawner = Spawner::new(1).unwrap();
    // Two megabytes of strings keep execve busy for a while.
    let mut slow = plan(&["/bin/true"]);
    slow.env = (0..15).map(|_| text(&"x".repeat(120_000))).collect();
    let program = Arc::new(slow.prepare().unwrap());
    let mut late = 0;
    for _ in 0..100 {
        let pid = spawner.spawn(&program, Connection::new()).unwrap();
        // Time is an argument: six seconds pass at once.
        let mut found = spawner.collect(Duration::from_secs(1));
        found.extend(spawner.collect(Duration::from_secs(7)));
        let status = wait(pid);
        found.extend(spawner.collect(Duration::from_secs(8)));
        assert_eq!(found.len(), 1, "{found:?}");
        match found[0].result {
            Started::Executed => {}
            Started::TimedOut { .. } => {
                late += 1;
                assert_eq!(status, Status::Signal(9));
            }
            other @ (Started::Failed { .. } | Started::Killed { .. }) => panic!("{other:?}"),
        }
        assert_eq!(spawner.starting(), 0);
    }
    assert!(late > 0, "execve was never slow");
}
