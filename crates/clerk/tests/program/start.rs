use crate::harness::{CLERK_UID, Clerk, Home, STARTING};
use portreeve_sys::privileges;
use portreeve_wire::clerk::{Form, FromClerk, Item, ToClerk};
use portreeve_wire::event::What;
use portreeve_wire::{MAX_PACKET, encode};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::PoisonError;

#[test]
fn it_is_confined_before_it_says_ready() {
    let home = Home::new();
    let clerk = Clerk::start(&home);
    let ready = clerk.hear();
    let FromClerk::Ready { landlock, ledger: None } = ready else { panic!("{ready:?}") };
    if std::path::Path::new("/sys/kernel/security/landlock").exists() {
        assert!(landlock.is_some());
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", clerk.pid())).unwrap();
    let fields: BTreeMap<_, _> = status.lines().filter_map(|line| line.split_once(":\t")).collect();
    assert_eq!((fields["NoNewPrivs"], fields["Seccomp"]), ("1", "2"));
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(fields[set], "0000000000000000", "{set}");
    }
    if privileges::is_root() {
        let id = CLERK_UID.to_string();
        assert_eq!(fields["Uid"].split('\t').collect::<Vec<_>>(), [&id; 4]);
        assert_eq!((fields["Gid"], fields["Groups"].trim()), (&*[&*id; 4].join("\t"), ""));
    }
    assert!(matches!(clerk.hear(), FromClerk::Bans { bans, last: true } if bans.is_empty()));
    assert_eq!(clerk.finish(), Some(0));
}

#[test]
fn it_finishes_when_told_and_when_left() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    clerk.events([What::Recovered { what: "memory".into() }]);
    assert_eq!(clerk.finish(), Some(0));
    let (clerk, _) = Clerk::at_work(&home);
    clerk.events([What::Exhausted { what: "memory".into() }]);
    assert_eq!(clerk.exit_code_when_left(), Some(0));
    assert_eq!(home.events().lines().count(), 2, "what was told before is written");
}

#[test]
fn what_makes_no_sense_ends_it_with_70() {
    let garbage = vec![1, 250, 1, 2];
    let other_edition = vec![77, 0];
    let without_its_pipe = {
        let session = crate::harness::session(1);
        let item = Item::Evidence {
            session,
            resumed: false,
            form: Form::Stream,
            authenticated: false,
            over: false,
        };
        encode(&ToClerk::Batch(vec![item]), MAX_PACKET).unwrap()
    };
    let not_announced = {
        let entry = crate::harness::service(Default::default(), Default::default());
        encode(&ToClerk::Service(entry), MAX_PACKET).unwrap()
    };
    for bytes in [garbage, other_edition, without_its_pipe, not_announced] {
        let home = Home::new();
        let (mut clerk, _) = Clerk::at_work(&home);
        clerk.channel.send(&bytes, &[]).unwrap();
        assert_eq!(clerk.exit_code(), Some(70));
        let said = clerk.stderr();
        assert!(said.starts_with("portreeve-clerk: the monitor makes no sense: "), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn without_a_channel_or_directories_it_does_not_start() {
    let program = env!("CARGO_BIN_EXE_portreeve-clerk");
    let run = |args: &[&str]| {
        let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let child = Command::new(program).args(args).stderr(Stdio::piped()).spawn().unwrap();
        drop(starting);
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&["--help"]);
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("usage: portreeve-clerk --state DIR --log DIR"));
    let (code, said) = run(&["--state", "/nowhere", "--log", "/nowhere"]);
    assert_eq!(code, Some(71), "{said}");
}

#[test]
fn it_does_not_work_as_root() {
    if !privileges::is_root() {
        return; // nothing to refuse
    }
    let home = Home::new();
    let mut clerk = Clerk::start_with_roots_rights(&home);
    assert_eq!(clerk.exit_code(), Some(77));
    assert!(clerk.stderr().starts_with("portreeve-clerk: still root"), "{}", clerk.stderr());
}
