//! The exec helper, by a program that is one: this test executes itself.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and says what it did"
)]

use std::{fs::File, io::Read, process::ExitCode, sync::Arc, thread::sleep, time::Duration};

use portreeve_sys::{
    Capability, Pid, Resource, clock,
    limits::Limit,
    pipe,
    process::{self, Exit, Status},
    spawn::{Connection, HELPER_NAME, Ids, Plan, Spawner, Started, Step, exec_helper_main},
};

/// A user that owns nothing here.
const NOBODY: u32 = 54_321;

fn main() -> ExitCode {
    if std::env::args_os().next().is_some_and(|name| name == HELPER_NAME) {
        return exec_helper_main();
    }
    if !portreeve_sys::privileges::is_root() {
        println!("not root: nothing to see");
        return ExitCode::SUCCESS;
    }
    attributes_arrive();
    descriptors_are_exact();
    failures_name_their_step();
    println!("helper: ok");
    ExitCode::SUCCESS
}

fn ids() -> Option<Ids> {
    Some(Ids { uid: NOBODY, gid: NOBODY, groups: vec![NOBODY + 1] })
}

fn shell(script: &str) -> Plan {
    let mut plan = Plan::new(c"/bin/sh".into());
    let argv = ["sh", "-c", script];
    plan.argv = argv.iter().map(|text| std::ffi::CString::new(*text).unwrap()).collect();
    Plan { ids: ids(), ..plan }
}

fn run(plan: Plan) -> (Started, Status, String) {
    let mut spawner = Spawner::with_helper(2).unwrap();
    let (read, write) = pipe::pipe().unwrap();
    let program = Arc::new(plan.prepare().unwrap());
    let connection = Connection::new().give(write, &[1, 2]).env("REMOTE_HOST", "192.0.2.1");
    let pid = spawner.spawn(&program, connection).unwrap();
    let started = outcome(&mut spawner, pid);
    let mut said = String::new();
    File::from(read).read_to_string(&mut said).unwrap();
    (started, reaped(pid), said)
}

fn outcome(spawner: &mut Spawner, pid: Pid) -> Started {
    for _ in 0..60_000 {
        if let Some(found) = spawner.collect(clock::monotonic()).first() {
            assert_eq!(found.pid, pid);
            assert!(found.program.plan().ids.is_some(), "the program, not the helper");
            return found.result;
        }
        sleep(Duration::from_millis(1));
    }
    panic!("no outcome");
}

fn reaped(child: Pid) -> Status {
    for _ in 0..60_000 {
        if let Some(Exit { pid, status }) = process::reap().unwrap() {
            assert_eq!(pid, child);
            assert_eq!(process::reap().unwrap(), None);
            return status;
        }
        sleep(Duration::from_millis(1));
    }
    panic!("no exit");
}

fn attributes_arrive() {
    let plan = Plan {
        new_session: true,
        umask: Some(0o27),
        directory: Some(c"/usr".into()),
        limits: vec![(Resource::OpenFiles, Limit { soft: Some(50), hard: Some(60) })],
        ambient: vec![Capability::NetBindService],
        no_new_privs: true,
        ..shell(
            "echo $REMOTE_HOST; pwd; umask; ulimit -Sn; ulimit -Hn; \
             grep -E '^(Uid|Groups|CapEff|NoNewPrivs|SigIgn|SigBlk)' /proc/self/status; exit 3",
        )
    };
    let (started, status, said) = run(plan);
    let squeezed: Vec<String> = said
        .lines()
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!((started, status), (Started::Executed, Status::Code(3)), "{said}");
    assert_eq!(
        squeezed,
        [
            "192.0.2.1",
            "/usr",
            "0027",
            "50",
            "60",
            "Uid: 54321 54321 54321 54321",
            "Groups: 54322",
            "SigBlk: 0000000000000000",
            "SigIgn: 0000000000000000",
            "CapEff: 0000000000000400",
            "NoNewPrivs: 1",
        ],
        "{said}"
    );
}

fn descriptors_are_exact() {
    // The directory that `ls` reads is its lowest free number: 0, which nobody gave.
    let plan = Plan {
        argv: vec![c"ls".into(), c"/proc/self/fd".into()],
        path: c"/bin/ls".into(),
        ..shell("")
    };
    let (started, _, said) = run(plan);
    assert_eq!((started, said.as_str()), (Started::Executed, "0\n1\n2\n"));
}

fn failures_name_their_step() {
    let (missing, denied) = (2, 13);
    let nowhere = Plan { path: c"/no/such/program".into(), ..shell("") };
    let (started, status, _) = run(nowhere);
    assert_eq!(started, Started::Failed { step: Step::Exec, errno: missing });
    assert_eq!(status, Status::Code(127));
    let no_directory = Plan { directory: Some(c"/no/such".into()), ..shell("") };
    let (started, ..) = run(no_directory);
    assert_eq!(started, Started::Failed { step: Step::Directory, errno: missing });
    let not_a_program = Plan { path: c"/etc/passwd".into(), ..shell("") };
    let (started, ..) = run(not_a_program);
    assert_eq!(started, Started::Failed { step: Step::Exec, errno: denied });
}
