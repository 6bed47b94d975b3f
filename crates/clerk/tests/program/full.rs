use crate::harness::{CLERK_UID, Clerk, Home, session, wait_for};
use portreeve_sys::channel::pair_streams;
use portreeve_sys::privileges;
use portreeve_wire::clerk::{BanRecord, FromClerk, ToClerk};
use portreeve_wire::event::What;
use std::io::{BufRead, BufReader};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

fn tmpfs(home: &Home, size: &str) -> String {
    let options = format!("size={size},mode=750,uid={CLERK_UID},gid={CLERK_UID}");
    let mount = |path: PathBuf| format!("mount -t tmpfs -o {options} none '{}'", path.display());
    format!("{} && {}", mount(home.log()), mount(home.state()))
}

fn ban(number: u32) -> BanRecord {
    BanRecord {
        network: format!("10.0.{}.{}", number / 256, number % 256).parse().unwrap(),
        since: 0,
        until: None,
        service: "telnet".into(),
        reason: "x".repeat(1000),
        origin: None,
        only: String::new(),
        judge: String::new(),
    }
}

#[test]
fn on_a_full_disk_events_wait_and_nobody_else_does() {
    if !privileges::is_root() {
        return; // a private mount needs root
    }
    let home = Home::new();
    let clerk = Clerk::start_apart(&home, &tmpfs(&home, "200k"));
    clerk.until_at_work();
    let inside =
        |path: PathBuf| PathBuf::from(format!("/proc/{}/root{}", clerk.pid(), path.display()));
    let log = inside(home.log());
    std::fs::write(log.join("fill"), vec![0; 150 << 10]).unwrap();
    let (ours, theirs) = pair_streams().unwrap();
    let follow = ToClerk::Subscribe { json: true, last: 0, follow: true, colour: false };
    clerk.tell_with(&follow, &[theirs.as_fd()]);
    for number in 0..1000 {
        clerk.events([What::SessionStarted(session(number))]);
    }
    let FromClerk::Alarm(text) = clerk.hear() else { panic!() };
    assert!(text.starts_with("the event log cannot be written: No space left"), "{text}");
    let stream = UnixStream::from(ours);
    stream.set_nonblocking(false).unwrap();
    assert_eq!(BufReader::new(stream).lines().take(1000).count(), 1000, "readers get all");
    let events = || std::fs::read_to_string(log.join("events.jsonl")).unwrap();
    assert!(events().lines().count() < 500);
    std::fs::remove_file(log.join("fill")).unwrap();
    assert_eq!(clerk.hear(), FromClerk::AlarmOver(text));
    let written = events();
    assert_eq!(written.lines().count(), 1000);
    let numbers = written.lines().map(|line| line.split(r#""session":"#).nth(1).unwrap());
    let numbers = numbers.map(|rest| rest.split(',').next().unwrap().parse::<usize>().unwrap());
    assert!(numbers.eq(0..1000), "in order, each once, none torn");
}

#[test]
fn on_a_full_disk_bans_wait_until_they_can_be_kept() {
    if !privileges::is_root() {
        return; // a private mount needs root
    }
    let home = Home::new();
    let clerk = Clerk::start_apart(&home, &tmpfs(&home, "2M"));
    clerk.until_at_work();
    let state = PathBuf::from(format!("/proc/{}/root{}", clerk.pid(), home.state().display()));
    std::fs::write(state.join("fill"), vec![0; 1900 << 10]).unwrap();
    (0..200).for_each(|number| clerk.tell(&ToClerk::Ban { serial: 1, ban: ban(number) }));
    let mut stored = 0;
    let alarm = wait_for("the alarm", || match clerk.hear() {
        FromClerk::Stored(_) => {
            stored += 1;
            None
        }
        FromClerk::Alarm(text) => Some(text),
        other => panic!("{other:?}"),
    });
    assert!(alarm.starts_with("the ledger cannot be written: "), "{alarm}");
    assert!(stored < 200);
    std::fs::write(state.join("fill"), "").unwrap();
    wait_for("every ban", || {
        match clerk.hear() {
            FromClerk::Stored(_) => stored += 1,
            FromClerk::AlarmOver(text) => assert_eq!(text, alarm),
            other => panic!("{other:?}"),
        }
        (stored == 200).then_some(())
    });
}
