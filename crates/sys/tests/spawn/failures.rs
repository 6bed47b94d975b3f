//! Failures name the step and the errno; nothing hangs, nothing is forgotten.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use portreeve_sys::{
    Capability, Pid, Resource, Signal, Status,
    limits::Limit,
    process,
    spawn::{
        BadConnection, Connection, Ids, Outcome, Plan, Program, SpawnError, Spawner, Started, Step,
    },
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

/// Starts a program and stops its child before it executes it, as its user may.
fn stopped(spawner: &mut Spawner, program: &Arc<Program>) -> Pid {
    for _ in 0..100 {
        let busy = spawner.starting();
        let pid = spawner.spawn(program, Connection::new()).unwrap();
        process::kill(pid, Signal::Stop).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        // No time passes for the spawner, so that it does not tell the child to go on.
        spawner.collect(Duration::ZERO);
        if spawner.starting() > busy {
            return pid;
        }
        process::kill(pid, Signal::Kill).unwrap();
        wait(pid);
    }
    panic!("no child was slow enough to be stopped");
}

fn nobodys() -> Arc<Program> {
    let ids = Ids { uid: NOBODY, gid: NOBODY, groups: Vec::new() };
    Arc::new(Plan { ids: Some(ids), ..plan(&["/bin/true"]) }.prepare().unwrap())
}

#[test]
fn a_stopped_child_is_told_to_go_on() {
    let mut spawner = Spawner::new(4).unwrap();
    let program = Arc::new(plan(&["/bin/true"]).prepare().unwrap());
    let pid = stopped(&mut spawner, &program);
    assert_eq!(spawner.collect(Duration::from_millis(19)), []);
    assert_eq!(spawner.collect(Duration::from_millis(21)), []);
    assert_eq!(wait(pid), Status::Code(0));
    let outcome = Outcome { pid, program, result: Started::Executed };
    assert_eq!(spawner.collect(Duration::from_millis(22)), [outcome]);
}

#[test]
fn a_child_that_takes_too_long_is_killed_and_told_once() {
    let mut spawner = Spawner::new(4).unwrap();
    let program = Arc::new(plan(&["/bin/true"]).prepare().unwrap());
    let pid = stopped(&mut spawner, &program);
    // Time is an argument: five seconds pass at once.
    let found = spawner.collect(Duration::from_secs(5));
    assert!(
        matches!(found[..], [Outcome { pid: late, result: Started::TimedOut { .. }, .. }] if late == pid),
        "{found:?}"
    );
    assert_eq!(wait(pid), Status::Signal(9));
    assert_eq!(spawner.collect(Duration::from_secs(6)), []);
    assert_eq!(spawner.starting(), 0);
}

#[test]
fn one_user_takes_at_most_half_of_the_slots() {
    if !is_root() {
        return;
    }
    let mut spawner = Spawner::new(4).unwrap();
    let (his, ours) = (nobodys(), Arc::new(plan(&["/bin/true"]).prepare().unwrap()));
    let children = [stopped(&mut spawner, &his), stopped(&mut spawner, &his)];
    let error = spawner.spawn(&his, Connection::new()).unwrap_err();
    assert!(matches!(error, SpawnError::NoSlot), "{error}");
    wait(spawner.spawn(&ours, Connection::new()).unwrap());
    for pid in children {
        process::kill(pid, Signal::Kill).unwrap();
        wait(pid);
    }
    wait(spawner.spawn(&his, Connection::new()).unwrap());
}

#[test]
fn a_child_killed_before_its_program_is_told_as_such() {
    let mut spawner = Spawner::new(1).unwrap();
    let program = Arc::new(plan(&["/bin/true"]).prepare().unwrap());
    let pid = stopped(&mut spawner, &program);
    process::kill(pid, Signal::Kill).unwrap();
    assert_eq!(wait(pid), Status::Signal(9));
    let found = spawner.collect(Duration::ZERO);
    // In the very last step it cannot be told from a program that was killed at its first.
    assert!(
        matches!(found[..], [Outcome { result: Started::Killed { .. } | Started::Executed, .. }]),
        "{found:?}"
    );
}
