use crate::harness::{
    AT, BOUNDS, Clerk, Home, ROTATION, configure_ssh, own, service, session, wait_for,
};
use portreeve_model::{FailureFields, LogRotation, LogTarget, Records, SuccessFields};
use portreeve_sys::file::open_log;
use portreeve_sys::privileges;
use portreeve_wire::clerk::FromClerk;
use portreeve_wire::event::{Ending, Refused, What};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

const RECORDS: Records = Records {
    success: SuccessFields { host: true, duration: true, exit: true, pid: true, userid: false },
    failure: FailureFields { host: true, attempt: true, userid: false },
};

fn ended(number: u64) -> What {
    What::SessionEnded {
        session: session(number),
        ending: Ending::Exit(0),
        duration: 1500,
        cause: None,
        authenticated: None,
    }
}

fn refused() -> What {
    What::Refused(Refused {
        service: 0,
        key: "ssh".into(),
        peer: session(1).peer,
        class: "rule".into(),
        reason: "rule".into(),
        xinetd: "address".into(),
        text: "no".into(),
        origin: None,
        count: 1,
    })
}

fn file(path: &Path, soft: Option<u64>, hard: Option<u64>) -> LogTarget {
    LogTarget::File { path: path.to_str().unwrap().into(), soft, hard }
}

#[test]
fn events_become_lines_that_nobody_else_can_read() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    clerk.events([What::SessionStarted(session(7)), ended(7)]);
    clerk.settle();
    let events = home.events();
    let first = events.lines().next().unwrap();
    assert_eq!(
        first,
        r#"{"at":"2026-11-21T23:32:15.123Z","event":"session-started","service":"ssh","session":7,"peer":"192.0.2.7","peer-port":40000,"local":"192.0.2.1","local-port":22,"pid":1234}"#
    );
    assert_eq!(events.lines().count(), 2);
    let mode = std::fs::metadata(home.log().join("events.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777 & !0o022, 0o640 & !0o022);
}

#[test]
fn the_log_rotates_inside_the_sandbox() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    clerk.configure(LogRotation { size: 1000, keep: 3 }, BOUNDS, vec![]);
    for number in 0..100 {
        clerk.events([What::SessionStarted(session(number))]);
    }
    clerk.settle();
    let names: Vec<_> =
        (1..=4).map(|n| home.log().join(format!("events.jsonl.{n}")).exists()).collect();
    assert_eq!(names, [true, true, true, false]);
    assert!(home.events().len() <= 1000 && home.events().contains(r#""session":99,"#));
}

#[test]
fn services_that_share_a_file_share_its_hard_limit() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let folder = home.path().join("own");
    std::fs::create_dir(&folder).unwrap();
    let path = std::fs::canonicalize(&folder).unwrap().join("ssh.log");
    // A folder below a sticky one is not where the monitor would open a log; the descriptor counts.
    let fd = std::fs::File::options().append(true).create(true).open(&path).unwrap().into();
    let one = service(file(&path, Some(100), Some(200)), RECORDS);
    let mut two = one.clone();
    (two.key, two.name) = ("imap".into(), "imapd".into());
    clerk.configure(ROTATION, BOUNDS, vec![(one, Some(&fd)), (two, Some(&fd))]);
    let mut other = session(2);
    other.key = "imap".into();
    clerk.events([What::SessionStarted(session(1)), What::SessionStarted(other.clone())]);
    let content = wait_for("two records", || {
        std::fs::read_to_string(&path).ok().filter(|text| text.lines().count() == 2)
    });
    for (line, name) in content.lines().zip(["sshd", "imapd"]) {
        let (stamp, record) = line.split_once(": ").unwrap();
        assert!(stamp.starts_with("26/11/2") && stamp.ends_with(":32:15"), "{stamp}");
        assert_eq!(record, format!("START: {name} pid=1234 from=192.0.2.7"));
    }
    let FromClerk::Alarm(soft) = clerk.hear() else { panic!() };
    assert!(soft.ends_with("is past its soft limit of 100 bytes"), "{soft}");
    clerk.events([ended(1), ended(1), ended(1), refused()]);
    let FromClerk::Alarm(hard) = clerk.hear() else { panic!() };
    assert!(hard.contains("has reached its hard limit of 200 bytes"), "{hard}");
    clerk.settle();
    let full = std::fs::metadata(&path).unwrap().len();
    assert!((100..=200).contains(&full), "{full}");
    assert_eq!(home.events().lines().count(), 6, "the event log goes on");
    // Somebody makes room: records come again, and both alarms end.
    std::fs::write(&path, "").unwrap();
    clerk.events([refused()]);
    let over: Vec<_> = (0..2).map(|_| clerk.hear()).collect();
    assert!(
        over.contains(&FromClerk::AlarmOver(soft)) && over.contains(&FromClerk::AlarmOver(hard))
    );
    clerk.settle();
    let record = std::fs::read_to_string(&path).unwrap();
    assert!(record.ends_with(": FAIL: sshd address from=192.0.2.7\n"), "{record}");
}

#[test]
fn a_new_configuration_applies_when_it_is_whole_and_old_sessions_keep_their_log() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let path = home.path().join("ssh.log");
    let fd = std::fs::File::options().append(true).create(true).open(&path).unwrap().into();
    clerk.configure(ROTATION, BOUNDS, vec![(service(file(&path, None, None), RECORDS), Some(&fd))]);
    clerk.events([What::SessionStarted(session(1))]);
    clerk.configure(ROTATION, BOUNDS, vec![]);
    clerk.events([What::SessionStarted(session(2)), ended(2), ended(1)]);
    clerk.settle();
    let text = std::fs::read_to_string(&path).unwrap();
    let records: Vec<_> = text.lines().map(|line| line.split_once(": ").unwrap().1).collect();
    assert_eq!(
        records,
        ["START: sshd pid=1234 from=192.0.2.7", "EXIT: sshd status=0 pid=1234 duration=1(sec)"]
    );
}

#[test]
fn logs_opened_by_the_monitor_can_be_appended_to() {
    if !privileges::is_root() {
        return; // the way only root's monitor opens a log that the clerk could not
    }
    let home = Home::new();
    let folder = Path::new("/var/log").join(format!("portreeve-clerk-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("ssh.log");
    let opened = open_log(&path);
    let (clerk, _) = Clerk::at_work(&home);
    let fd = opened.unwrap();
    clerk.configure(ROTATION, BOUNDS, vec![(service(file(&path, None, None), RECORDS), Some(&fd))]);
    clerk.events([refused()]);
    clerk.settle();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(text.ends_with(": FAIL: sshd address from=192.0.2.7\n"), "{text}");
}

#[test]
fn records_reach_syslog_also_after_it_was_away() {
    if !privileges::is_root() {
        return; // a private /dev needs root
    }
    let home = Home::new();
    let private = "mount -t tmpfs -o mode=755 none /dev && mknod -m 666 /dev/null c 1 3";
    let clerk = Clerk::start_apart(&home, private);
    clerk.until_at_work();
    let receiver = format!("/proc/{}/root/dev/log", clerk.pid());
    let listen = || {
        let socket = UnixDatagram::bind(&receiver).unwrap();
        own(Path::new(&receiver));
        socket.set_read_timeout(Some(crate::harness::PATIENCE)).unwrap();
        socket
    };
    let hear = |socket: &UnixDatagram| {
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let target = LogTarget::Syslog {
        facility: portreeve_model::Facility::by_name("daemon").unwrap(),
        severity: portreeve_model::Severity::by_name("info").unwrap(),
    };
    clerk.configure(ROTATION, BOUNDS, vec![(service(target, RECORDS), None)]);
    let first = listen();
    clerk.events([refused()]);
    let said = hear(&first);
    // Its parent here: whoever has the monitor's place.
    let tag = format!(" portreeve[{}]: FAIL: sshd address from=192.0.2.7", std::process::id());
    assert!(said.starts_with("<30>Nov 2") && said.ends_with(&tag), "{said}");
    drop(first);
    std::fs::remove_file(&receiver).unwrap();
    clerk.events([refused()]);
    let away = clerk.hear();
    assert!(matches!(&away, FromClerk::Alarm(text) if text.contains("/dev/log")), "{away:?}");
    let second = listen();
    assert!(hear(&second).ends_with("FAIL: sshd address from=192.0.2.7"));
    assert!(matches!(clerk.hear(), FromClerk::AlarmOver(_)));
}

#[test]
fn a_torn_line_is_closed_by_the_next_clerk() {
    let home = Home::new();
    let path = home.log().join("events.jsonl");
    std::fs::write(&path, "{\"at\":\"2025").unwrap();
    own(&path);
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    clerk.events([What::Recovered { what: "memory".into() }]);
    clerk.settle();
    let whole = format!("{{\"at\":\"2025\n{{\"at\":\"2026-11-21T23:32:15.{}Z\",", AT % 1000);
    assert!(home.events().starts_with(&whole), "{}", home.events());
}

#[test]
fn events_that_a_killed_clerk_had_written_in_part_are_in_the_log_once() {
    let home = Home::new();
    let all: Vec<_> = (0..50).map(|number| What::SessionStarted(session(number))).collect();
    let (clerk, _) = Clerk::at_work(&home);
    clerk.events(all.clone());
    clerk.settle();
    clerk.kill();
    let whole = home.events();
    let path = home.log().join("events.jsonl");
    for cut in [0, 1, whole.len() / 2, whole.len() - 1, whole.len()] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let (clerk, _) = Clerk::at_work(&home);
        configure_ssh(&clerk, BOUNDS);
        clerk.events(all.clone());
        clerk.settle();
        assert_eq!(home.events(), whole, "after {cut} bytes");
    }
}

#[test]
fn a_clerk_whose_directory_was_replaced_ends_for_the_next_one() {
    let home = Home::new();
    let (mut clerk, _) = Clerk::at_work(&home);
    clerk.events([What::SessionStarted(session(1))]);
    clerk.settle();
    std::fs::rename(home.log(), home.path().join("old")).unwrap();
    std::fs::create_dir(home.log()).unwrap();
    own(&home.log());
    assert_eq!(clerk.exit_code(), Some(75));
    assert!(clerk.stderr().contains("was removed or replaced"), "{}", clerk.stderr());
    let (clerk, _) = Clerk::at_work(&home);
    clerk.events([What::SessionStarted(session(2))]);
    clerk.settle();
    assert!(home.events().contains(r#""session":2,"#));
}
