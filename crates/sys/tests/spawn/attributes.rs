//! Every attribute of a plan arrives.

use std::{fs, os::unix::fs::PermissionsExt};

use portreeve_sys::{
    Capability, Resource, Status,
    limits::Limit,
    spawn::{Connection, Ids, Plan, Started},
};

use crate::support::{Child, NOBODY, is_root, null, plan, run, sleeper, text};

fn nobody() -> Option<Ids> {
    Some(Ids { uid: NOBODY, gid: NOBODY + 1, groups: vec![NOBODY + 2, NOBODY + 3] })
}

#[test]
fn arguments_and_environment_are_exact() {
    let mut env = plan(&["/usr/bin/env"]);
    env.env = vec![text("A=1"), text("REMOTE_HOST=old")];
    let connection = Connection::new().env("REMOTE_HOST", "192.0.2.1").env("EMPTY", "");
    let (started, status, written) = run(env, connection);
    assert_eq!((started, status), (Started::Executed, Status::Code(0)));
    assert_eq!(written, "A=1\nREMOTE_HOST=192.0.2.1\nEMPTY=\n");

    let script = "for a in \"$0\" \"$@\"; do echo \"<$a>\"; done";
    let mut echo = plan(&["/bin/sh", "-c", script, "zero", "a b", ""]);
    echo.argv[0] = text("-odd name");
    let (_, _, written) = run(echo.clone(), Connection::new());
    assert_eq!(written, "<zero>\n<a b>\n<>\n");
    let other = ["sh", "-c", "echo other"].map(text).to_vec();
    let (_, _, written) = run(echo, Connection::new().arguments(other));
    assert_eq!(written, "other\n");
}

#[test]
fn users_groups_and_capabilities_are_gone_for_good() {
    if !is_root() {
        return;
    }
    let child = Child::start(Plan { ids: nobody(), ..sleeper() }, Connection::new());
    let (uid, gid) = (NOBODY, NOBODY + 1);
    assert_eq!(child.status("Uid"), format!("{uid} {uid} {uid} {uid}"));
    assert_eq!(child.status("Gid"), format!("{gid} {gid} {gid} {gid}"));
    assert_eq!(child.status("Groups"), format!("{} {}", NOBODY + 2, NOBODY + 3));
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(child.status(set), "0000000000000000", "{set}");
    }
    assert_eq!(child.status("NoNewPrivs"), "0");
}

#[test]
fn no_groups_means_none() {
    if !is_root() {
        return;
    }
    let ids = Ids { uid: NOBODY, gid: NOBODY, groups: Vec::new() };
    let child = Child::start(Plan { ids: Some(ids), ..sleeper() }, Connection::new());
    assert_eq!(child.status("Groups"), "");
}

#[test]
fn only_ambient_capabilities_survive_the_change_of_user() {
    if !is_root() {
        return;
    }
    let plan = Plan {
        ids: nobody(),
        ambient: vec![Capability::NetBindService, Capability::DacReadSearch],
        no_new_privs: true,
        ..sleeper()
    };
    let child = Child::start(plan, Connection::new());
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(child.status(set), "0000000000000404", "{set}");
    }
    assert_eq!(child.status("NoNewPrivs"), "1");
}

#[test]
fn root_services_keep_root() {
    if !is_root() {
        return;
    }
    let ids = Ids { uid: 0, gid: 0, groups: vec![7] };
    let child = Child::start(Plan { ids: Some(ids), ..sleeper() }, Connection::new());
    assert_eq!(child.status("Uid"), "0 0 0 0");
    assert_eq!(child.status("Groups"), "7");
    assert_ne!(child.status("CapEff"), "0000000000000000");
}

#[test]
fn limits_are_set_soft_and_hard() {
    let all = |value| Limit { soft: Some(value), hard: Some(value) };
    let plan = Plan {
        limits: vec![
            (Resource::OpenFiles, Limit { soft: Some(77), hard: Some(99) }),
            (Resource::AddressSpace, all(256 << 20)),
            (Resource::Cpu, Limit { soft: Some(5), hard: None }),
            (Resource::Core, all(0)),
        ],
        ..sleeper()
    };
    let child = Child::start(plan, Connection::new());
    let limits = child.proc("limits");
    for (name, values) in [
        ("Max open files", "77 99"),
        ("Max address space", "268435456 268435456"),
        ("Max cpu time", "5 unlimited"),
        ("Max core file size", "0 0"),
    ] {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let found: Vec<&str> = line.split_ascii_whitespace().take(2).collect();
        assert_eq!(found.join(" "), values, "{name}");
    }
}

#[test]
fn session_nice_umask_and_directory_are_set() {
    let plan = Plan {
        new_session: true,
        nice: Some(3),
        umask: Some(0o27),
        directory: Some(text("/usr")),
        ..sleeper()
    };
    let child = Child::start(plan, Connection::new());
    let stat = child.proc("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_ascii_whitespace().collect();
    let pid = child.pid.to_string();
    // From field 3 (state) on: pgrp is 5, session 6, nice 19 (proc_pid_stat(5)).
    assert_eq!((fields[2], fields[3]), (pid.as_str(), pid.as_str()));
    let own = rustix::process::getpriority_process(None).unwrap();
    assert_eq!(fields[16], (own + 3).min(19).to_string());
    assert_eq!(child.status("Umask"), "0027");
    assert_eq!(child.link("cwd"), "/usr");
}

#[test]
fn without_attributes_all_is_as_here() {
    let child = Child::start(sleeper(), Connection::new());
    let here = |file| fs::read_link(format!("/proc/self/{file}")).unwrap();
    assert_eq!(child.link("cwd"), here("cwd").to_str().unwrap());
    assert_eq!(child.link("root"), "/");
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let umask = own.lines().find_map(|line| line.strip_prefix("Umask:")).unwrap().trim();
    assert_eq!(child.status("Umask"), umask);
}

#[test]
fn signals_are_as_in_a_fresh_process() {
    // This process ignores SIGPIPE, as every Rust program does, and blocks one here.
    let _blocked = portreeve_sys::signals::Signals::new(&[portreeve_sys::Signal::Usr1]).unwrap();
    let child = Child::start(sleeper(), Connection::new());
    for set in ["SigBlk", "SigIgn", "SigCgt", "SigPnd"] {
        assert_eq!(child.status(set), "0000000000000000", "{set}");
    }
}

#[test]
fn a_new_root_holds_the_program() {
    if !is_root() {
        return;
    }
    let root = std::env::temp_dir().join(format!("portreeve-root-{}", std::process::id()));
    let machine = std::env::consts::ARCH;
    let loader = if machine == "x86_64" {
        "/lib64/ld-linux-x86-64.so.2".to_owned()
    } else {
        format!("/lib/ld-linux-{machine}.so.1")
    };
    for file in ["/bin/sleep", &loader, &format!("/lib/{machine}-linux-gnu/libc.so.6")] {
        let to = root.join(file.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let plan = Plan {
        chroot: Some(text(root.to_str().unwrap())),
        directory: Some(text("/bin")),
        ids: nobody(),
        ..sleeper()
    };
    let child = Child::start(plan.clone(), Connection::new());
    assert_eq!(child.link("root"), root.to_str().unwrap());
    assert_eq!(child.link("cwd"), root.join("bin").to_str().unwrap());
    let child = Child::start(Plan { directory: None, ..plan }, Connection::new());
    assert_eq!(child.link("cwd"), root.to_str().unwrap());
    fs::remove_dir_all(&root).unwrap();
}

#[test]
fn this_process_is_unchanged() {
    if !is_root() {
        return;
    }
    let before = portreeve_sys::privileges::Identity::own().unwrap();
    let plan = Plan {
        ids: nobody(),
        umask: Some(0o777),
        directory: Some(text("/usr")),
        no_new_privs: true,
        ..sleeper()
    };
    let directory = std::env::current_dir().unwrap();
    let _child = Child::start(plan, Connection::new().give(null(), &[0]));
    assert_eq!(portreeve_sys::privileges::Identity::own().unwrap(), before);
    assert_eq!(std::env::current_dir().unwrap(), directory);
    assert!(!rustix::thread::no_new_privs().unwrap());
}
