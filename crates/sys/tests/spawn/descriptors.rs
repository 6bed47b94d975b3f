//! The child has exactly its descriptors, and this process keeps exactly its own.

use std::{
    fs::File,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use portreeve_sys::{
    Signal, clock, descriptor, pipe, process,
    spawn::{Connection, Plan, Spawner, Started},
};
use rustix::io::{FdFlags, fcntl_getfd};

use crate::support::{Child, FEW, MANY, null, outcome, plan, sleeper, wait};

fn socket_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[test]
fn a_socket_is_standard_input_output_and_error() {
    for open in [FEW, MANY] {
        let (_client, server) = socket_pair();
        let child = Child::start_among(open, sleeper(), Connection::socket(server.into()));
        child.assert_open(&[0, 1, 2]);
        let link = child.link("fd/0");
        assert!(link.starts_with("socket:["), "{link}");
        assert_eq!([child.link("fd/1"), child.link("fd/2")], [link.clone(), link]);
        assert_eq!(child.spawner.wait_hint(), None);
    }
}

#[test]
fn nothing_given_is_nothing_open() {
    for open in [FEW, MANY] {
        let child = Child::start_among(open, sleeper(), Connection::new());
        child.assert_open(&[]);
    }
}

#[test]
fn extra_descriptors_have_their_numbers_and_gaps_stay_closed() {
    for open in [FEW, MANY] {
        let (read, write) = pipe::pipe().unwrap();
        let shared = Arc::new(null());
        let connection = Connection::new()
            .share(&shared, &[0, 2])
            .give(null(), &[1])
            .give(write, &[5, 31])
            .give(read, &[]);
        let child = Child::start_among(open, sleeper(), connection);
        child.assert_open(&[0, 1, 2, 5, 31]);
        assert_eq!(child.link("fd/5"), child.link("fd/31"));
        // The shared one is still open here.
        fcntl_getfd(&shared).unwrap();
    }
}

#[test]
fn with_few_descriptors_open_those_given_away_are_closed_here_at_once() {
    let (read, write) = pipe::pipe().unwrap();
    pipe::set_nonblocking(&read, true).unwrap();
    let mut spawner = Spawner::new(1).unwrap();
    spawner.descriptors_open(FEW);
    let program = Arc::new(sleeper().prepare().unwrap());
    let pid = spawner.spawn(&program, Connection::new().give(write, &[])).unwrap();
    process::kill(pid, Signal::Stop).unwrap();
    spawner.collect(clock::monotonic());
    assert_ne!(spawner.wait_hint(), Some(Duration::from_millis(1)), "nothing is held here");
    // What the child still had of it goes with the child.
    process::kill(pid, Signal::Kill).unwrap();
    wait(pid);
    assert_eq!(pipe::read_one_nonblocking(&read).unwrap(), pipe::One::End);
}

#[test]
fn crossed_numbers_do_not_overwrite_each_other() {
    // Two descriptors below 32, each to get the other's number, and one in place already.
    let (a, b, c) = (pipe::pipe().unwrap(), pipe::pipe().unwrap(), pipe::pipe().unwrap());
    let [low_a, low_b, low_c] = [a.1.as_fd(), b.1.as_fd(), c.1.as_fd()]
        .map(|fd| rustix::io::fcntl_dupfd_cloexec(fd, 3).unwrap());
    let numbers = [low_a.as_raw_fd(), low_b.as_raw_fd(), low_c.as_raw_fd()];
    if numbers.iter().any(|number| *number > 31) {
        println!("too many descriptors open: nothing to see");
        return;
    }
    let links =
        |fd: &OwnedFd| std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap();
    let wanted = [links(&low_b), links(&low_a), links(&low_c)];
    let connection = Connection::new()
        .give(low_a, &[numbers[1]])
        .give(low_b, &[numbers[0]])
        .give(low_c, &[numbers[2]]);
    let child = Child::start(sleeper(), connection);
    let found = numbers.map(|number| child.link(&format!("fd/{number}")));
    assert_eq!(found.map(std::path::PathBuf::from), wanted);
    let mut all = numbers;
    all.sort_unstable();
    child.assert_open(&all);
}

#[test]
fn high_descriptors_are_passed_too() {
    let high = descriptor::raise(null()).unwrap();
    let child = Child::start(sleeper(), Connection::new().give(high, &[0]));
    child.assert_open(&[0]);
}

#[test]
fn nothing_here_is_closed_by_a_child() {
    let files: Vec<(OwnedFd, u64)> = (0..300)
        .map(|_| {
            let (read, _) = pipe::pipe().unwrap();
            let inode = rustix::fs::fstat(&read).unwrap().st_ino;
            (read, inode)
        })
        .collect();
    let mut spawner = Spawner::new(16).unwrap();
    let program = Arc::new(plan(&["/bin/true"]).prepare().unwrap());
    for _ in 0..50 {
        let connection = Connection::new().give(null(), &[0, 1, 2]);
        let pid = spawner.spawn(&program, connection).unwrap();
        assert_eq!(outcome(&mut spawner, pid), Started::Executed);
        wait(pid);
    }
    for (fd, inode) in &files {
        assert_eq!(rustix::fs::fstat(fd).unwrap().st_ino, *inode);
        assert_eq!(fcntl_getfd(fd).unwrap(), FdFlags::CLOEXEC);
    }
}

#[test]
fn the_connection_ends_when_the_service_closes_it() {
    for open in [FEW, MANY] {
        let (mut client, server) = socket_pair();
        client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let close = plan(&["/bin/sh", "-c", "echo bye; exec /bin/sleep 60 <&- >&- 2>&-"]);
        let child = Child::start_among(open, close, Connection::socket(server.into()));
        let mut said = String::new();
        // Reads to the end of file: a descriptor kept here would make it time out.
        client.read_to_string(&mut said).unwrap();
        assert_eq!(said, "bye\n");
        assert_eq!(child.spawner.wait_hint(), None);
    }
}

#[test]
fn the_service_talks_to_the_peer() {
    let (mut client, server) = socket_pair();
    let mut spawner = Spawner::new(1).unwrap();
    let program = Arc::new(plan(&["/bin/cat"]).prepare().unwrap());
    let pid = spawner.spawn(&program, Connection::socket(server.into())).unwrap();
    client.write_all(b"hello").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut said = String::new();
    assert_eq!(outcome(&mut spawner, pid), Started::Executed);
    client.read_to_string(&mut said).unwrap();
    assert_eq!(said, "hello");
    wait(pid);
}

#[test]
fn a_pool_that_is_never_collected_from_loses_nothing() {
    // Half of them, two, are for starts of one user.
    let mut spawner = Spawner::new(4).unwrap();
    let program = Arc::new(Plan::new(c"/bin/true".into()).prepare().unwrap());
    let mut started = Vec::new();
    for _ in 0..50 {
        let (read, write) = pipe::pipe().unwrap();
        match spawner.spawn(&program, Connection::new().give(write, &[0])) {
            Ok(pid) => started.push(pid),
            // Nothing was left open: the pipe is at its end.
            Err(_) => assert_eq!(File::from(read).read(&mut [0]).unwrap(), 0),
        }
    }
    assert!(started.len() >= 2);
    for pid in started.clone() {
        wait(pid);
    }
    let mut known: Vec<_> = spawner
        .collect(portreeve_sys::clock::monotonic())
        .into_iter()
        .map(|outcome| (outcome.pid, outcome.result))
        .collect();
    known.sort_by_key(|(pid, _)| *pid);
    started.sort_unstable();
    let wanted: Vec<_> = started.into_iter().map(|pid| (pid, Started::Executed)).collect();
    assert_eq!(known, wanted);
    assert_eq!((spawner.starting(), spawner.wait_hint()), (0, None));
}
