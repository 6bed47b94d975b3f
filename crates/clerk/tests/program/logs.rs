//! Sessions' own log sockets: what they are found to say, and what of it reaches the host's log.

use crate::harness::{BOUNDS, Clerk, Home, PATIENCE, configure_ssh, own, session, wait_for};
use portreeve_sys::privileges;
use portreeve_wire::SessionId;
use portreeve_wire::clerk::FromClerk;
use portreeve_wire::event::{Ending, What};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// A private directory for the host's log.
const PRIVATE: &str = "mount -t tmpfs -o mode=755 none /dev && mknod -m 666 /dev/null c 1 3";

/// A session's own log socket, as the monitor makes it, and where it has its name.
fn log_socket(home: &Home, name: &str) -> (OwnedFd, PathBuf) {
    let path = home.path().join(name);
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    rustix::net::sockopt::set_socket_passcred(&socket, true).unwrap();
    (socket.into(), path)
}

fn say(to: &Path, message: &str) {
    let socket = UnixDatagram::unbound().unwrap();
    socket.send_to(message.as_bytes(), to).unwrap();
}

/// As a syslog daemon's client puts it.
fn syslog(text: &str) -> String {
    format!("<38>Nov 22 13:00:00 sshd[1234]: {text}")
}

fn host_log(clerk: &Clerk) -> UnixDatagram {
    let path = Path::new("/proc").join(clerk.pid().to_string()).join("root/dev/log");
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

fn lines<'e>(events: &'e str, what: &str) -> Vec<&'e str> {
    let what = format!(r#""event":"{what}""#);
    events.lines().filter(|line| line.contains(&what)).collect()
}

fn ended(number: u64) -> What {
    What::SessionEnded {
        session: session(number),
        ending: Ending::Exit(255),
        duration: 1,
        cause: None,
        authenticated: Some(false),
    }
}

#[test]
fn what_a_session_logs_is_its_own_and_reaches_the_hosts_log_whole() {
    if !privileges::is_root() {
        return; // a private directory needs root
    }
    let home = Home::new();
    let clerk = Clerk::start_apart(&home, PRIVATE);
    clerk.until_at_work();
    let host = host_log(&clerk);
    configure_ssh(&clerk, BOUNDS);
    let (socket, path) = log_socket(&home, "own");
    clerk.listen_log(&session(7), false, &socket);
    let invalid = syslog("Invalid user x from 198.51.100.7 from 192.0.2.9 port 1");
    let long = syslog(&"x".repeat(20_000));
    for message in [&invalid, &long, &syslog("Server listening on 0.0.0.0 port 22.")] {
        say(&path, message);
        assert_eq!(&hear(&host), message);
    }
    let events = home.wait_for_events("three lines", |e| lines(e, "evidence").len() == 3);
    let first = lines(&events, "evidence")[0];
    let text = r#""text":"sshd[1234]: Invalid user x from 198.51.100.7 from 192.0.2.9 port 1""#;
    let sender = format!(r#""sender-pid":{},"sender-uid":0"#, std::process::id());
    assert!(first.contains(text) && first.contains(&sender), "{first}");
    // Whatever address the text has, the kernel's peer is charged; once.
    let offences = lines(&events, "offence");
    let charged = r#""kind":"invalid-user","peer":"192.0.2.7","peer-port":40000,"service":"ssh""#;
    let rest = r#""source":"socket","detector":"sshd","session":7,"certain":true"#;
    assert_eq!(offences.len(), 1, "{events}");
    assert!(offences[0].contains(charged) && offences[0].contains(rest), "{offences:?}");
    say(&path, &syslog("Accepted password for joe from 192.0.2.7 port 40000 ssh2"));
    assert_eq!(clerk.hear(), FromClerk::Authenticated { session: SessionId(7) });
    hear(&host);
    // A session that is over is read on for a moment; then whoever still writes learns of it.
    clerk.events([ended(7)]);
    say(&path, &syslog("last words"));
    assert!(hear(&host).ends_with("last words"));
    let closed = wait_for("its end", || {
        let again = UnixDatagram::unbound().unwrap();
        again.send_to(b"<38>x: y", &path).err()
    });
    assert_eq!(closed.kind(), std::io::ErrorKind::BrokenPipe);
    drop(socket);
    assert_eq!(clerk.finish(), Some(0));
    let offences = home.events();
    assert_eq!(lines(&offences, "offence").len(), 1, "the end adds nothing: {offences}");
}

#[test]
fn the_next_clerk_reads_on_where_a_killed_one_was() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    let (socket, path) = log_socket(&home, "own");
    clerk.listen_log(&session(7), false, &socket);
    say(&path, &syslog("first"));
    home.wait_for_events("the first", |events| lines(events, "evidence").len() == 1);
    clerk.kill();
    // Nobody reads: what is sent waits.
    say(&path, &syslog("Failed password for root from 198.51.100.7 port 1 ssh2"));
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    clerk.listen_log(&session(7), true, &socket);
    let events = home.wait_for_events("an offence", |events| lines(events, "offence").len() == 1);
    assert!(lines(&events, "offence")[0].contains(r#""peer":"192.0.2.7""#), "{events}");
    assert_eq!(lines(&events, "evidence").len(), 2);
}

#[test]
fn ends_that_nothing_was_charged_before_are_offences_in_the_ledger() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    clerk.events([What::SessionStarted(session(7)), What::SessionStarted(session(8))]);
    let (socket, path) = log_socket(&home, "own");
    clerk.listen_log(&session(8), false, &socket);
    say(&path, &syslog("Failed password for root from 192.0.2.7 port 40000 ssh2"));
    clerk.events([ended(7), ended(8)]);
    let events = home.wait_for_events("two offences", |e| lines(e, "offence").len() == 2);
    drop((socket, clerk.finish()));
    let ledger = portreeve_ledger::open(&home.state(), 0).unwrap();
    let rows = ledger.offences(10).unwrap();
    let mut kinds: Vec<_> = rows.iter().map(|r| (r.kind.as_str(), r.source.as_str())).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [("auth-failed", "socket"), ("no-auth", "door")], "{events}");
    assert!(rows.iter().all(|row| row.peer.as_deref() == Some("192.0.2.7")));
}
