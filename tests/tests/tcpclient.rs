//! tcpclient and the small clients made of it: the ancestor's and ours, by one script, on loopback.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs")]

use portreeve_testkit::{Dir, poll_for, read_until};
use portreeve_tests::{SOON, houses};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Where something listens, and where nothing ever listens but at the port that keeps the address.
const BUSY: u32 = 128;
const QUIET: u32 = 192;

/// A listener at this port of a loopback address of this process's own, and the address.
fn listen(block: u32, port: u16) -> (String, TcpListener) {
    let own = std::process::id();
    let mut found = (1..255).filter_map(|last| {
        let address = format!("127.{}.{}.{last}", block + (own >> 8) % 32, own % 256);
        let listener = TcpListener::bind((address.as_str(), port)).ok()?;
        listener.set_nonblocking(true).ok()?;
        Some((address, listener))
    });
    found.next().expect("listen at a port of a small service")
}

/// Runs a command of a house, bounded.
fn run(house: &Path, name: &str, words: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("60").arg(house.join(name)).args(words);
    command.env("TCPREMOTEHOST", "stale").env("TCPREMOTEINFO", "stale").env("PROTO", "stale");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start it");
    let mut stdin = child.stdin.take().expect("a pipe");
    let _ = stdin.write_all(input); // one that fails at once reads nothing
    drop(stdin);
    child.wait_with_output().expect("wait for it")
}

/// What a client gave, and what its server was sent.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    code: Option<i32>,
    out: Vec<u8>,
    err: String,
    sent: Vec<u8>,
}

/// Runs a client against a server that reads up to `until` (nothing: not at all), answers and closes.
fn served(
    listener: &TcpListener,
    until: &[u8],
    answer: &[u8],
    client: impl Fn() -> Output,
) -> Told {
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let (mut stream, _) = poll_for(SOON, "a client", || listener.accept().ok());
            stream.set_nonblocking(false).expect("make it blocking");
            let sent = match until {
                b"" => Vec::new(),
                until => read_until(&stream, until, SOON).bytes,
            };
            stream.write_all(answer).expect("answer");
            sent
        });
        let Output { status, stdout, stderr } = client();
        let err = String::from_utf8_lossy(&stderr).into_owned();
        Told { code: status.code(), out: stdout, err, sent: server.join().expect("the server") }
    })
}

#[test]
fn small_clients_send_and_show_what_the_ancestors_do() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let odd: Vec<u8> = (0..=255).chain(*b"\r\r\n\na\rb\r\n\tlast\r").collect();
    let page = b"HTTP/1.0 200 OK\r\nA: b\r\n\r\none\r\n\r\n\r\r\ntwo\r\n\r\n\tthree\r".to_vec();
    let empty = b"no head".to_vec();
    for (name, port, words, input, until, answer) in [
        ("who@", 11, &[][..], "", "", &odd),
        ("date@", 13, &[], "", "", &odd),
        ("finger@", 79, &[], "", "\r\n", &odd),
        ("finger@", 79, &["joe"], "", "\r\n", &page),
        ("tcpcat", 17, &[], "", "", &odd),
        ("http@", 80, &[], "", "\r\n\r\n", &page),
        ("http@", 80, &["a/b?c"], "", "\r\n\r\n", &empty),
        ("mconnect", 25, &[], "EHLO x\nMAIL\r\nQUIT\n", "QUIT\r\n", &odd),
    ] {
        let (address, listener) = listen(BUSY, port);
        let words: Vec<&str> = [address.as_str()].iter().chain(words).copied().collect();
        let [theirs, ours] = houses.each_ref().map(|house| {
            served(&listener, until.as_bytes(), answer, || {
                run(house, name, &words, input.as_bytes())
            })
        });
        assert_eq!(theirs, ours, "{name} {words:?}");
        assert_eq!(ours.code, Some(0), "{name}");
        assert!(ours.sent.ends_with(until.as_bytes()), "{name}");
        assert!(!ours.out.is_empty() || answer == &empty, "{name}");
    }
}

#[test]
fn a_program_reads_at_6_and_writes_at_7_and_its_exit_code_counts() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let (address, listener) = listen(BUSY, 0);
    let port = listener.local_addr().unwrap().port().to_string();
    let script = "echo hello >&7; cat <&6; ls /proc/$$/fd; exit 7";
    for options in ["-RHl0", "-DRHl0", "-vRHl0"] {
        let words = [options, "-i", &address, &address, &port, "sh", "-c", script];
        let [theirs, ours] = houses.each_ref().map(|house| {
            served(&listener, b"\n", b"there\n", || run(house, "tcpclient", &words, b""))
        });
        assert_eq!(theirs, ours, "{options}");
        assert_eq!((ours.code, ours.sent.as_slice()), (Some(7), &b"hello\n"[..]));
        assert!(ours.out.starts_with(b"there\n0\n1\n"), "{ours:?}");
    }
}

#[test]
fn a_program_is_told_of_its_connection() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let (address, listener) = listen(BUSY, 0);
    let port = listener.local_addr().unwrap().port().to_string();
    for options in ["-RHl0", "-RHlna me", "-RHl"] {
        let mut words = vec![options, "-i", &address, &address, &port, "env", "-0"];
        if options == "-RHl" {
            words.insert(1, "");
        }
        let [theirs, ours] = houses.each_ref().map(|house| {
            let told = served(&listener, b"", b"", || run(house, "tcpclient", &words, b""));
            let text = String::from_utf8(told.out).expect("text");
            let mut lines: Vec<String> = text.split_terminator('\0').map(str::to_owned).collect();
            // the IPv6 build's are ours too, and the kernel chooses this end's port
            lines.retain(|line| !line.starts_with("TCP6") && !line.starts_with("TCPLOCALPORT="));
            lines.sort();
            lines
        });
        assert_eq!(theirs, ours, "{options}");
        let remote = [format!("TCPREMOTEIP={address}"), format!("TCPREMOTEPORT={port}")];
        assert!(remote.iter().all(|line| ours.contains(line)), "{ours:?}");
        assert!(!ours.iter().any(|line| line.contains("stale")), "{ours:?}");
    }
}

#[test]
fn failures_are_told_in_the_ancestors_words() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let (address, _listener) = listen(QUIET, 0);
    let address = address.as_str();
    for (name, words) in [
        ("tcpclient", &[][..]),
        ("tcpclient", &["-q"]),
        ("tcpclient", &["-Z"]),
        ("tcpclient", &["-i", "nonsense", "0", "1", "true"]),
        ("tcpclient", &["-RHl0", address, "no-such-service", "true"]),
        ("tcpclient", &["-RHl0", address, "1", "true"]),
        ("tcpclient", &["-RHl0", "-T3", address, "1", "true"]),
        ("tcpclient", &["-qRHl0", address, "1", "true"]),
        ("tcpclient", &["-RHl0", "-i", "192.0.2.1", address, "1", "true"]),
        ("tcpcat", &[address, "1"]),
        ("mconnect", &[address, "1"]),
        ("http@", &[address, "", "1"]),
        ("who@", &[address]),
        ("date@", &[address]),
        ("finger@", &[address, "joe"]),
    ] {
        let [theirs, ours] = houses.each_ref().map(|house| {
            let Output { status, stdout, stderr } = run(house, name, words, b"");
            let told = String::from_utf8_lossy(&stderr);
            let told = told.replace("[ -46h", "[ -h").replace(" [ -I interface ]", "");
            (status.code(), stdout, told)
        });
        assert_eq!(theirs, ours, "{name} {words:?}");
    }
    for (words, told) in [
        (&["-T", "soon", address, "1"][..], "-T takes a number from 0 to 4294967295: soon"),
        (&["-p", "65536", address, "1"], "-p takes a number from 0 to 65535: 65536"),
        (&["-RHl0", address, "65537"], "unable to figure out port number for 65537"),
        (&["-4RHl0", "::1", "1"], "no IP address for ::1"),
    ] {
        let words: Vec<&str> = words.iter().copied().chain(["true"]).collect();
        let told_us = run(&houses[1], "tcpclient", &words, b"").stderr;
        assert_eq!(String::from_utf8_lossy(&told_us), format!("tcpclient: fatal: {told}\n"));
    }
}

#[test]
fn ipv6_servers_are_reached() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path());
    let listener = TcpListener::bind("[::1]:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let script = "echo $PROTO $TCPREMOTEIP $TCPLOCALIP; cat <&6";
    for words in [&["-RHl0", "::1"][..], &["-6RHl0", "0"], &["-RHl0", "-i::1", "[::1]"]] {
        let words: Vec<&str> =
            words.iter().copied().chain([port.as_str(), "sh", "-c", script]).collect();
        let told = served(&listener, b"", b"six\n", || run(&ours, "tcpclient", &words, b""));
        assert_eq!(String::from_utf8_lossy(&told.out), "TCP6 ::1 ::1\nsix\n", "{told:?}");
    }
}
