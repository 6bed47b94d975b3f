//! Targets of the event log beside the files.

use crate::harness::{BOUNDS, Clerk, Home, PATIENCE, own, session, wait_for};
use portreeve_model::{EventTargets, Facility, LogRotation, StderrFormat};
use portreeve_sys::privileges;
use portreeve_wire::clerk::FromClerk;
use portreeve_wire::event::{Refused, What};
use std::collections::BTreeMap;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

const NONE: EventTargets = EventTargets { file: None, stderr: None, syslog: None, journal: None };
const FILE: EventTargets =
    EventTargets { file: Some(LogRotation { size: 16 << 20, keep: 8 }), ..NONE };
const LOCAL0: Facility = Facility(16);
const JOURNAL: &str = "run/systemd/journal/socket";

/// Private directories for the two receivers.
const PRIVATE: &str = "mount -t tmpfs -o mode=755 none /dev && mknod -m 666 /dev/null c 1 3\n\
                       mount -t tmpfs -o mode=755 none /run && mkdir -p -m 755 /run/systemd/journal";

fn at_work(home: &Home, commands: &str) -> Clerk {
    let clerk = Clerk::start_apart(home, commands);
    clerk.until_at_work();
    clerk
}

fn place(clerk: &Clerk, path: &str) -> PathBuf {
    Path::new("/proc").join(clerk.pid().to_string()).join("root").join(path)
}

fn listen(clerk: &Clerk, path: &str) -> UnixDatagram {
    let path = place(clerk, path);
    let socket = UnixDatagram::bind(&path).unwrap();
    own(&path);
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn hear(socket: &UnixDatagram) -> String {
    let mut buffer = vec![0; 1 << 20];
    let length = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

fn refused(text: &str) -> What {
    What::Refused(Refused {
        service: 0,
        key: "ssh".into(),
        peer: session(1).peer,
        class: "rule".into(),
        reason: "rule".into(),
        xinetd: "address".into(),
        text: text.into(),
        origin: None,
        count: 1,
    })
}

/// The fields of a message in the journal's own form.
fn fields(mut bytes: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        let (name, value, rest) = match line.iter().position(|byte| *byte == b'=') {
            Some(at) => (text(&line[..at]), text(&line[at + 1..]), rest),
            None => {
                let (length, rest) = rest.split_first_chunk().unwrap();
                let length = usize::try_from(u64::from_le_bytes(*length)).unwrap();
                assert_eq!(rest[length], b'\n');
                (text(line), text(&rest[..length]), &rest[length + 1..])
            }
        };
        assert!(fields.insert(name, value).is_none(), "a field twice");
        bytes = rest;
    }
    fields
}

#[test]
fn each_target_gets_every_event_in_its_own_form() {
    if !privileges::is_root() {
        return; // private directories need root
    }
    let home = Home::new();
    let clerk = at_work(&home, PRIVATE);
    let (syslog, journal) = (listen(&clerk, "dev/log"), listen(&clerk, JOURNAL));
    let all = EventTargets {
        stderr: Some(StderrFormat::Json),
        syslog: Some(LOCAL0),
        journal: Some(LOCAL0),
        ..FILE
    };
    clerk.targets(all);
    clerk.events([What::SessionStarted(session(7)), What::Exhausted { what: "memory".into() }]);
    let said = hear(&syslog);
    // Its parent here: whoever has the monitor's place.
    let tag = format!(" portreeved[{}]: ssh: session 7 from 192.0.2.7:40000", std::process::id());
    assert!(said.starts_with("<134>Nov 2") && said.contains(&tag), "{said}");
    assert!(hear(&syslog).starts_with("<130>"), "local0.crit");
    let first = fields(hear(&journal).as_bytes());
    for (name, value) in [
        ("MESSAGE", "ssh: session 7 from 192.0.2.7:40000, process 1234"),
        ("PRIORITY", "6"),
        ("SYSLOG_FACILITY", "16"),
        ("SYSLOG_IDENTIFIER", "portreeved"),
        ("PORTREEVE_EVENT", "session-started"),
        ("PORTREEVE_SERVICE", "ssh"),
        ("PORTREEVE_SESSION", "7"),
        ("PORTREEVE_PEER", "192.0.2.7"),
        ("PORTREEVE_PEER_PORT", "40000"),
    ] {
        assert_eq!(first.get(name).map(String::as_str), Some(value), "{name} in {first:?}");
    }
    clerk.settle();
    let lines =
        wait_for("standard error", || Some(clerk.stderr()).filter(|s| s.lines().count() == 2));
    assert_eq!(lines, home.events());
    // From now on elsewhere, and the files as they are.
    clerk.targets(EventTargets { stderr: Some(StderrFormat::Sentences), ..NONE });
    clerk.events([What::Recovered { what: "memory".into() }]);
    wait_for("a sentence", || {
        clerk.stderr().ends_with(" connections are taken again: enough memory\n").then_some(())
    });
    clerk.settle();
    assert_eq!(home.events().lines().count(), 2);
}

#[test]
fn nothing_from_outside_forges_a_line_or_a_field() {
    if !privileges::is_root() {
        return; // private directories need root
    }
    let home = Home::new();
    let clerk = at_work(&home, PRIVATE);
    let (syslog, journal) = (listen(&clerk, "dev/log"), listen(&clerk, JOURNAL));
    let stderr = Some(StderrFormat::Sentences);
    clerk.targets(EventTargets { stderr, syslog: Some(LOCAL0), journal: Some(LOCAL0), ..FILE });
    let forged = "no\n<0>root: fire\nPRIORITY=0\n_UID=0\r\n\x1b[2J\u{202e}";
    clerk.events([refused(forged), What::ReloadRefused { text: forged.into() }]);
    let escaped = r"no\x0a<0>root: fire\x0aPRIORITY=0\x0a_UID=0\x0d\x0a\x1b[2J\xe2\x80\xae";
    for message in [hear(&syslog), hear(&syslog)] {
        assert!(message.starts_with("<13") && !message.contains(char::is_control), "{message:?}");
    }
    let first = fields(hear(&journal).as_bytes());
    assert_eq!(first["PORTREEVE_TEXT"], escaped);
    assert_eq!(first["PRIORITY"], "5");
    let second = fields(hear(&journal).as_bytes());
    assert_eq!(second["PRIORITY"], "3");
    assert!(!second.contains_key("_UID") && second["PORTREEVE_FINDINGS"].lines().count() == 5);
    clerk.settle();
    let lines = wait_for("two lines", || Some(clerk.stderr()).filter(|s| s.lines().count() >= 2));
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.lines().all(|line| line.starts_with("Nov 2")), "{lines}");
    assert_eq!(home.events().lines().count(), 2);
}

#[test]
fn a_message_too_long_for_a_datagram_reaches_the_journal_in_a_sealed_file() {
    if !privileges::is_root() {
        return; // private directories need root
    }
    let home = Home::new();
    let clerk = at_work(&home, PRIVATE);
    let journal = listen(&clerk, JOURNAL);
    let text = "\u{1}".repeat(100_000); // each four bytes when escaped
    clerk.targets(EventTargets { journal: Some(LOCAL0), ..NONE });
    clerk.events([What::ReloadRefused { text }]);
    let mut file = std::fs::File::from(received_file(&journal));
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(fields(&bytes)["PORTREEVE_FINDINGS"], r"\x01".repeat(100_000));
}

fn received_file(socket: &UnixDatagram) -> OwnedFd {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(socket, &mut [], &mut ancillary, RecvFlags::CMSG_CLOEXEC).unwrap();
    assert_eq!(received.bytes, 0);
    let file = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    file.unwrap()
}

#[test]
fn a_stopped_receiver_holds_up_nothing_and_what_it_lacks_is_counted() {
    if !privileges::is_root() {
        return; // private directories need root
    }
    let home = Home::new();
    let clerk = at_work(&home, PRIVATE);
    let syslog = listen(&clerk, "dev/log");
    clerk.targets(EventTargets { syslog: Some(LOCAL0), ..FILE });
    let count = 10_000;
    for numbers in (0..count).collect::<Vec<_>>().chunks(100) {
        clerk.events(numbers.iter().map(|number| What::SessionStarted(session(*number))));
    }
    let mut alarms = vec![clerk.hear(), clerk.hear()];
    let raised = |alarms: &[FromClerk], part: &str| {
        let found =
            |said: &FromClerk| matches!(said, FromClerk::Alarm(text) if text.contains(part));
        alarms.iter().any(found)
    };
    assert!(raised(&alarms, "does not take events: it does not read"), "{alarms:?}");
    assert!(raised(&alarms, "events for the system log were lost"), "{alarms:?}");
    assert_eq!(home.events().lines().count() as u64, count, "the files have all");
    // It goes on: what waited comes in order, then how many did not.
    let mut seen = 0;
    let lost: u64 = loop {
        let message = hear(&syslog);
        match message.split_once(" events lost while the system log took none") {
            None => {
                assert!(
                    message.contains(&format!("ssh: session {seen} from")),
                    "{seen}: {message}"
                );
                seen += 1;
            }
            Some((before, _)) => break before.rsplit(' ').next().unwrap().parse().unwrap(),
        }
    };
    assert_eq!(seen + lost, count);
    assert!(seen > 4000 && lost > 1000, "{seen} {lost}");
    alarms.drain(..);
    alarms.extend([clerk.hear(), clerk.hear()]);
    assert!(alarms.iter().all(|said| matches!(said, FromClerk::AlarmOver(_))), "{alarms:?}");
    let wanted =
        format!(r#""event":"events-lost","by":"clerk","target":"syslog","count":{lost}}}"#);
    home.wait_for_events("the count in the files", |events| events.contains(&wanted));
}

#[test]
fn a_target_that_never_worked_is_left_with_a_count() {
    if !privileges::is_root() {
        return; // private directories need root
    }
    let home = Home::new();
    let clerk = at_work(&home, PRIVATE);
    clerk.targets(EventTargets { journal: Some(LOCAL0), ..FILE });
    clerk.events((0..3).map(|number| What::SessionStarted(session(number))));
    let alarm = clerk.hear();
    let FromClerk::Alarm(text) = &alarm else { panic!("{alarm:?}") };
    assert!(
        text.contains("/run/systemd/journal/socket") && text.contains("No such file"),
        "{text}"
    );
    clerk.targets(FILE);
    assert_eq!(clerk.hear(), FromClerk::AlarmOver(text.clone()));
    let wanted = r#""event":"events-lost","by":"clerk","target":"journal","count":3}"#;
    home.wait_for_events("the count", |events| events.contains(wanted));
}

#[test]
fn standard_error_that_nobody_reads_holds_up_nothing() {
    if !privileges::is_root() {
        return; // a shell's redirection in a namespace of its own
    }
    let home = Home::new();
    let fifo = home.path().join("fifo");
    let path = fifo.display().to_string();
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let open = |path: &Path| std::fs::File::options().read(true).write(true).open(path).unwrap();
    let mut reader = open(&fifo);
    let clerk = at_work(&home, &format!("exec 2>{path}"));
    clerk.targets(EventTargets { stderr: Some(StderrFormat::Sentences), ..FILE });
    let count = 10_000;
    for numbers in (0..count).collect::<Vec<_>>().chunks(100) {
        clerk.events(numbers.iter().map(|number| What::SessionStarted(session(*number))));
    }
    let said = [clerk.hear(), clerk.hear()];
    let told = format!("{said:?}");
    assert!(told.contains("does not take events: nobody reads it") && told.contains("were lost"));
    home.wait_for_events("all in the files", |events| events.lines().count() as u64 == count);
    // Somebody reads again: lines are whole and in order.
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    let lost: u64 = loop {
        let length = reader.read(&mut buffer).unwrap();
        text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        if let Some((before, _)) = text.split_once(" events lost while standard error took none\n")
        {
            break before.rsplit(' ').next().unwrap().parse().unwrap();
        }
    };
    for (number, line) in text.lines().enumerate().take_while(|(_, line)| !line.contains("lost")) {
        let sentence = format!("ssh: session {number} from 192.0.2.7:40000, process 1234");
        assert_eq!(line.get(16..), Some(sentence.as_str()));
    }
    let seen = text.lines().position(|line| line.contains("lost")).unwrap() as u64;
    assert_eq!(seen + lost, count);
    // Nobody will ever read again: it ends in time all the same.
    drop(reader);
    clerk.events([What::SessionStarted(session(1))]);
    let until_broken = wait_for("the alarm", || {
        Some(clerk.hear()).filter(|said| format!("{said:?}").contains("Broken pipe"))
    });
    assert!(matches!(until_broken, FromClerk::Alarm(_)));
    assert_eq!(clerk.finish(), Some(0));
    assert!(home.events().contains(r#""target":"stderr","count":1}"#), "told at the end");
}

#[test]
fn lines_for_the_journals_stream_have_their_priority() {
    if !privileges::is_root() {
        return; // a shell's redirection in a namespace of its own
    }
    for (stream, want) in [
        ("$(stat -L -c %d:%i /proc/self/fd/2)", "<3>alarm: smoke\n"),
        ("1:1", ":15 alarm: smoke\n"),
    ] {
        let home = Home::new();
        let clerk = at_work(&home, &format!("set -- \"$@\" --journal-stream {stream}"));
        clerk.targets(EventTargets { stderr: Some(StderrFormat::Sentences), ..NONE });
        clerk.events([What::Alarm { text: "smoke".into() }]);
        let line = wait_for("a line", || Some(clerk.stderr()).filter(|text| text.ends_with('\n')));
        assert!(line.ends_with(want) && line.starts_with(['<', 'N']), "{line}");
    }
}

#[test]
fn without_files_a_reader_is_told_that_there_is_no_past() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    clerk.configure(LogRotation { size: 1 << 20, keep: 1 }, BOUNDS, vec![]);
    clerk.events([What::SessionStarted(session(1))]);
    clerk.targets(EventTargets { stderr: Some(StderrFormat::Json), ..NONE });
    let told = crate::readers::past_of(&clerk);
    assert!(told.contains("no past events: the event log is not kept in files"), "{told}");
    assert_eq!(told.matches("session").count(), 0, "{told}");
}
