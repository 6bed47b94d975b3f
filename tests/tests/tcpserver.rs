//! tcpserver: the ancestor's and ours, by one script, on loopback and at ports of the kernel's choice.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

use portreeve_testkit::{Dir, poll_for, read_to_end_bounded, read_until, wait_for};
use portreeve_tests::{SOON, houses};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What tcpserver is told of another connection, and must not tell again.
const STALE: [(&str, &str); 4] = [
    ("TCPREMOTEHOST", "stale"),
    ("TCPREMOTEINFO", "stale"),
    ("TCPLOCALHOST", "stale"),
    ("PROTO", "x"),
];

/// A running tcpserver; killed when dropped.
struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    fn start(house: &Path, dir: &Path, options: &[&str], program: &[&str]) -> Self {
        Self::start_at(house, dir, "127.0.0.1", options, program)
    }

    fn start_at(house: &Path, dir: &Path, host: &str, options: &[&str], program: &[&str]) -> Self {
        Self::started(Command::new(house.join("tcpserver")), dir, host, options, program)
    }

    /// By a command that ends with the server's name.
    fn started(
        mut command: Command,
        dir: &Path,
        host: &str,
        options: &[&str],
        program: &[&str],
    ) -> Self {
        let (log, out) = (dir.join("log"), dir.join("out"));
        command.args(["-1", "-R", "-H", "-l0"]).args(options).args([host, "0"]).args(program);
        command.envs(STALE).stdin(Stdio::null());
        command.stdout(File::create(&out).expect("a file"));
        command.stderr(File::create(&log).expect("a file"));
        let child = command.spawn().expect("start tcpserver");
        let mut server = Self { child, port: 0, log };
        server.port = poll_for(SOON, "its port", || {
            let text = fs::read_to_string(&out).expect("its output");
            text.strip_suffix('\n').map(|port| port.parse().expect("a port"))
        });
        server
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connect");
        stream.set_read_timeout(Some(SOON)).expect("a limit");
        stream
    }

    /// All that a client gets.
    fn ask(&self) -> Vec<u8> {
        read_to_end_bounded(&self.connect(), 1 << 20, SOON).bytes
    }

    /// All that a client of this address gets.
    fn ask_from(&self, address: &str) -> Vec<u8> {
        let mut client = Command::new("timeout");
        client.args([
            "60",
            "/usr/bin/tcpclient",
            "-RHl0",
            "-i",
            address,
            "127.0.0.1",
            &self.port.to_string(),
        ]);
        client.args(["sh", "-c", "exec cat <&6"]).stdin(Stdio::null());
        client.output().expect("run a client").stdout
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("its log")
    }

    /// Until this many lines of the log begin so.
    fn wait_log(&self, begins: &str, count: usize) {
        let begins = format!("tcpserver: {begins}");
        wait_for(SOON, format!("{count} lines that begin with {begins}: {}", self.log()), || {
            self.log().lines().filter(|line| line.starts_with(&begins)).count() >= count
        });
    }

    /// The log, with the numbers of processes and ports taken out.
    fn plain_log(&self) -> String {
        let plain = |line: &str| {
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let said = words.get(1).map_or("", String::as_str);
            if matches!(said, "pid" | "ok" | "deny" | "end") {
                words[2] = "PID".to_owned();
            }
            if words.len() == 5 && matches!(words[1].as_str(), "ok" | "deny") {
                words[3] = words[3].replace(&self.port.to_string(), "PORT");
                let (head, _) = words[4].rsplit_once(':').expect("a port");
                words[4] = format!("{head}:PORT");
            }
            words.join(" ") + "\n"
        };
        self.log().lines().map(plain).collect()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs it for both; what they gave must be alike, and is returned.
#[track_caller]
fn same<T: PartialEq + std::fmt::Debug>(
    houses: &[PathBuf; 2],
    dir: &Path,
    run: impl Fn(&Path, &Path) -> T,
) -> T {
    let [theirs, ours] = houses.each_ref().map(|house| run(house, dir));
    assert_eq!(theirs, ours, "theirs, and ours");
    ours
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// A database of these rules, made by the house's own tcprules.
fn rules(house: &Path, dir: &Path, rules: &str) -> PathBuf {
    let place = dir.join("rules.cdb");
    let mut command = Command::new(house.join("tcprules"));
    command.arg(&place).arg(dir.join("rules.tmp")).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("run tcprules");
    child.stdin.take().expect("a pipe").write_all(rules.as_bytes()).expect("write rules");
    assert!(child.wait().expect("its end").success());
    place
}

#[test]
fn wrong_calls_are_told_in_the_ancestors_words() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    for call in [
        &[][..],
        &["0"],
        &["0", "0"],
        &["-Z", "0", "0", "true"],
        &["-c"],
        &["127.0.0.1", "no-such-service", "true"],
        &["127.0.0.1", "25x", "true"],
        &["127.0.0.1", &taken, "true"],
        &["192.0.2.1", "0", "true"],
        &["-q", "192.0.2.1", "0", "true"],
        &["-q"],
        &["-q", "-Z"],
    ] {
        same(&houses, dir.path(), |house, _| {
            let mut command = Command::new("timeout");
            let output =
                command.arg("60").arg(house.join("tcpserver")).args(call).output().unwrap();
            // the IPv6 build's options are ours too
            let told = String::from_utf8_lossy(&output.stderr);
            let told = told.replace(" -461U", " -1U").replace(" [ -I interface ]", "");
            (output.status.code(), told, output.stdout)
        });
    }
}

#[test]
fn what_the_ancestor_takes_for_something_else_is_refused() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path());
    for (call, code, told) in [
        (&["127.0.0.1", "65537"][..], 111, "unable to figure out port number for 65537"),
        (&["-c", "many", "0", "0"], 100, "-c takes a number from 1 to 4194304: many"),
        (&["-c0", "0", "0"], 100, "-c takes a number from 1 to 4194304: 0"),
        (&["-b", "x", "0", "0"], 100, "-b takes a number from 0 to 2147483647: x"),
        (&["-u", "no-such-user", "0", "0"], 111, "unknown account no-such-user"),
        (&["-g", "no-such-group", "0", "0"], 111, "unknown group no-such-group"),
        (&["-U", "0", "0"], 100, "-U needs a number in $UID"),
        (&["-4", "::1", "0"], 111, "no IP address for ::1"),
    ] {
        let mut command = Command::new("timeout");
        command.arg("60").arg(ours.join("tcpserver"));
        let output = command.env_remove("UID").args(call).arg("true").output().unwrap();
        let want = format!("tcpserver: fatal: {told}\n");
        assert_eq!(String::from_utf8_lossy(&output.stderr), want);
        assert_eq!(output.status.code(), Some(code), "{call:?}");
    }
}

/// The environment of a program, sorted; what differs by design is left out.
fn environment(told: &[u8], port: u16) -> Vec<String> {
    let text = String::from_utf8_lossy(told);
    let mut lines: Vec<String> = text.split_terminator('\0').map(str::to_owned).collect();
    for line in &mut lines {
        if line.starts_with("TCPREMOTEPORT=") {
            *line = "TCPREMOTEPORT".to_owned();
        }
        *line = line.replace(&format!("TCPLOCALPORT={port}"), "TCPLOCALPORT");
    }
    lines.retain(|line| !line.starts_with("TCP6"));
    lines.sort();
    lines
}

#[test]
fn a_program_is_told_of_its_connection_and_of_no_other() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    for options in [&[][..], &["-l", "na me"], &["-l", ""], &["-D", "-o", "-b5", "-p"]] {
        let told = same(&houses, dir.path(), |house, dir| {
            let server = Server::start(house, dir, options, &["/usr/bin/env", "-0"]);
            environment(&server.ask(), server.port)
        });
        for line in ["PROTO=TCP", "TCPREMOTEIP=127.0.0.1", "TCPREMOTEPORT", "TCPLOCALPORT"] {
            assert!(told.iter().any(|told| told == line), "{line}: {told:?}");
        }
        assert!(!told.iter().any(|line| line.contains("stale")), "{told:?}");
    }
}

#[test]
fn a_program_has_descriptors_and_signals_as_with_the_ancestor() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    same(&houses, dir.path(), |house, dir| {
        Server::start(house, dir, &[], &["sh", "-c", "ls /proc/$$/fd"]).ask()
    });
    // the ancestor hands on what it was itself started with
    let script = ["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"];
    let told = Server::start(&houses[1], dir.path(), &[], &script).ask();
    let none = "0000000000000000";
    assert_eq!(String::from_utf8_lossy(&told), format!("SigBlk:\t{none}\nSigIgn:\t{none}\n"));
}

#[test]
fn what_the_server_was_given_open_reaches_its_programs() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let given = same(&houses, dir.path(), |house, dir| {
        let mut command = Command::new("bash");
        command.args(["-c", "exec 7<<<given; exec \"$@\"", "bash"]).arg(house.join("tcpserver"));
        let program = ["sh", "-c", "cat <&7"];
        Server::started(command, dir, "127.0.0.1", &[], &program).ask()
    });
    assert_eq!(given, b"given\n");
}

#[test]
fn a_program_is_looked_for_at_each_connection() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let said = same(&houses, dir.path(), |house, _| {
        let dir = Dir::new();
        let folders = ["first", "second", "third"].map(|name| dir.path().join(name));
        let [first, second, third] = folders.each_ref().map(|folder| folder.join("served"));
        for folder in [folders[0].as_path(), &second, &folders[2]] {
            fs::create_dir_all(folder).expect("a folder");
        }
        symlink("/bin/echo", &third).expect("a link");
        let mut command = Command::new(house.join("tcpserver"));
        command.env("PATH", folders.each_ref().map(|folder| text(folder)).join(":"));
        let server = Server::started(command, dir.path(), "127.0.0.1", &[], &["served", "it"]);
        let mut said = vec![server.ask()];
        symlink("/bin/true", &first).expect("a link");
        said.push(server.ask());
        fs::remove_file(&first).expect("remove it");
        said.push(server.ask());
        fs::remove_file(&third).expect("remove it");
        fs::remove_dir(&second).expect("remove it");
        said.push(server.ask());
        server.wait_log("warning: dropping connection, unable to run served: ", 1);
        said.push(server.plain_log().into_bytes());
        said
    });
    assert_eq!(said[..4], [&b"it\n"[..], b"", b"it\n", b""]);
}

#[test]
fn rules_decide_whoever_made_them_and_are_read_for_each_connection() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let first = "127.0.0.1:allow,A=\"one\",TCPREMOTEIP=\"mine\",PATH=\"/none\"\n\
                 127.7.:deny\n127.8.1-2.:allow,A=\"two\"\n:deny\n";
    let script = "echo $A $TCPREMOTEIP $PATH";
    let peers = ["127.0.0.1", "127.7.0.1", "127.8.2.9", "127.8.3.9"];
    for maker in &houses {
        let told = same(&houses, dir.path(), |house, dir| {
            let place = rules(maker, dir, first);
            let options = ["-v", "-B", "hello\n", "-x", text(&place)];
            let program = ["env", "-u", "B", "/bin/sh", "-c", script];
            let server = Server::start(house, dir, &options, &program);
            let mut told: Vec<String> = Vec::new();
            for (done, peer) in peers.iter().enumerate() {
                told.push(String::from_utf8(server.ask_from(peer)).unwrap());
                server.wait_log("status: 0/40", done + 2);
            }
            rules(maker, dir, ":deny\n");
            told.push(String::from_utf8(server.ask_from(peers[0])).unwrap());
            server.wait_log("status: 0/40", 6);
            (told, server.plain_log())
        });
        assert_eq!(told.0[0], "hello\none mine /none\n");
        assert_eq!([&*told.0[1], &told.0[3], &told.0[4]], ["hello\n"; 3]);
        assert!(told.0[2].starts_with("hello\ntwo 127.8.2.9 /"), "{told:?}");
        assert!(told.1.contains("tcpserver: end PID status 25600\n"), "{}", told.1);
    }
}

#[test]
fn rules_that_cannot_be_read_let_nobody_in() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let (missing, short, empty) =
        (dir.path().join("missing"), dir.path().join("short"), dir.path().join("zeros"));
    fs::write(&short, [1; 100]).unwrap();
    fs::write(&empty, [0; 2048]).unwrap();
    for (file, option, served) in [
        (&missing, None, false),
        (&missing, Some("-X"), true),
        (&short, None, false),
        (&short, Some("-X"), false),
        (&empty, None, true),
    ] {
        let (told, log) = same(&houses, dir.path(), |house, dir| {
            let options: Vec<&str> = ["-x", text(file)].into_iter().chain(option).collect();
            let server = Server::start(house, dir, &options, &["echo", "served"]);
            let told = server.ask();
            if !served {
                server.wait_log("warning: ", 1);
            }
            (told, server.log())
        });
        assert_eq!(told, if served { &b"served\n"[..] } else { b"" }, "{file:?} {log}");
        assert_eq!(log.contains("warning: dropping connection, unable to read"), !served, "{log}");
    }
}

#[test]
fn log_lines_and_wait_statuses_are_the_ancestors() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    for (program, status) in [
        (&["true"][..], 0),
        (&["sh", "-c", "exit 3"], 768),
        (&["sh", "-c", "kill -9 $$"], 9),
        (&["no-such-program"], 28416),
        (&["/etc/services"], 28416),
    ] {
        for tells in ["-v", "-Q", "-q"] {
            let log = same(&houses, dir.path(), |house, dir| {
                let server = Server::start(house, dir, &[tells, "-l", "a:b%c d"], program);
                for done in 0..2 {
                    server.ask();
                    if tells == "-v" {
                        server.wait_log("status: 0/40", done + 2);
                    } else if tells == "-Q" && status == 28416 {
                        server.wait_log("warning: ", done + 1);
                    }
                }
                server.plain_log()
            });
            let end = format!("tcpserver: end PID status {status}\n");
            assert_eq!(log.contains(&end), tells == "-v", "{log}");
            let ok = "tcpserver: ok PID a?b?c?d:127.0.0.1:PORT :127.0.0.1::PORT\n";
            assert_eq!(log.contains(ok), tells == "-v", "{log}");
        }
    }
}

#[test]
fn at_the_limit_clients_wait_and_are_served_after() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let log = same(&houses, dir.path(), |house, dir| {
        let server = Server::start(house, dir, &["-v", "-c1"], &["cat"]);
        let mut first = server.connect();
        first.write_all(b"a").unwrap();
        first.read_exact(&mut [0; 1]).unwrap();
        let mut second = server.connect();
        second.write_all(b"b").unwrap();
        second.shutdown(Shutdown::Write).unwrap();
        drop(first);
        assert_eq!(read_to_end_bounded(&second, 10, SOON).bytes, b"b");
        server.wait_log("status: 0/1", 3);
        server.plain_log()
    });
    let one = "tcpserver: status: 1/1\ntcpserver: pid PID from 127.0.0.1\n\
               tcpserver: ok PID 0:127.0.0.1:PORT :127.0.0.1::PORT\n\
               tcpserver: end PID status 0\ntcpserver: status: 0/1\n";
    assert_eq!(log, format!("tcpserver: status: 0/1\n{one}{one}"));
}

#[test]
fn term_ends_the_server_and_leaves_who_is_being_served() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    for house in &houses {
        let mut server = Server::start(house, dir.path(), &[], &["cat"]);
        let mut client = server.connect();
        client.write_all(b"a").unwrap();
        client.read_exact(&mut [0; 1]).unwrap();
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        let status =
            poll_for(SOON, "its end", || server.child.try_wait().expect("ask for its end"));
        assert_eq!(status.code(), Some(0), "{house:?}");
        client.write_all(b"more\n").unwrap();
        assert_eq!(read_until(&client, b"\n", SOON).bytes, b"more\n", "{house:?}");
    }
}

#[test]
fn a_program_runs_as_whoever_it_is_to_run_as() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    let script = ["sh", "-c", "id -u; id -g; id -G"];
    for options in [&["-g2", "-u65534"][..], &["-u1", "-g1", "-u0"], &["-g65534"]] {
        let told = same(&houses, dir.path(), |house, dir| {
            Server::start(house, dir, options, &script).ask()
        });
        assert!(!told.is_empty(), "{options:?}");
    }
    // names are names, and root's groups do not stay
    for (options, want) in [
        (&["-unobody"][..], "65534\n65534\n65534\n"),
        (&["-u65534"], "65534\n65534\n65534\n"),
        (&["-unobody", "-gdaemon"], "65534\n1\n1\n"),
        (&["-gdaemon", "-unobody"], "65534\n1\n1\n"),
        (&["-u4000000000", "-g7"], "4000000000\n7\n7\n"),
    ] {
        let told = Server::start(&houses[1], dir.path(), options, &script).ask();
        assert_eq!(String::from_utf8_lossy(&told), want, "{options:?}");
    }
}

#[test]
fn an_ident_server_is_asked_and_its_answer_believed_as_by_the_ancestor() {
    let dir = Dir::new();
    let houses = houses(dir.path());
    // an address of this test's own, which root may listen at
    let own = std::process::id();
    let (address, server) = (0..256)
        .find_map(|last| {
            let address = format!("127.{}.{}.{last}", 64 + (own >> 8) % 64, own % 256);
            let listener = TcpListener::bind((address.as_str(), 113)).ok()?;
            Some((address, listener))
        })
        .expect("listen for ident");
    server.set_nonblocking(true).expect("make a listener non-blocking");
    let rules_text = format!("joe@{address}:deny\n");
    for (answer, want) in [
        (":USERID:UNIX:joe\r\n", ""),
        (":USERID:UNIX:jim\r\n", "jim\n"),
        (":USERID:OTHER, US-ASCII: a b:c\r\n", "ab:c\n"),
        (" : ERROR : NO-USER\r\n", "\n"),
        (":USERID:UNIX:joe", "unset\n"),
        ("", "unset\n"),
    ] {
        let told = same(&houses, dir.path(), |house, dir| {
            let place = rules(house, dir, &rules_text);
            let options = ["-r", "-t60", "-x", text(&place)];
            let script = ["sh", "-c", "echo ${TCPREMOTEINFO-unset}"];
            let door = Server::start(house, dir, &options, &script);
            std::thread::scope(|scope| {
                let asked = scope.spawn(|| {
                    let (mut stream, _) = poll_for(SOON, "the question", || server.accept().ok());
                    stream.set_nonblocking(false).expect("make it blocking");
                    let question = read_until(&stream, b"\n", SOON).text();
                    let ports = question.trim_end();
                    let _ = stream.write_all(format!("{ports}{answer}").as_bytes());
                    ports.ends_with(&format!(" , {}", door.port))
                });
                let told = String::from_utf8(door.ask_from(&address)).expect("text");
                (told, asked.join().expect("the ident server"))
            })
        });
        assert_eq!((told.0.as_str(), told.1), (want, true), "{answer:?}");
    }
}

#[test]
fn names_are_those_that_the_host_knows() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path());
    let known = Command::new("getent").args(["hosts", "127.0.0.1"]).output().unwrap();
    let known = String::from_utf8(known.stdout).unwrap();
    let name = known.split_ascii_whitespace().nth(1).unwrap_or("unset").to_lowercase();
    let script = ["sh", "-c", "echo ${TCPREMOTEHOST-unset}"];
    let told = Server::start(&ours, dir.path(), &["-h"], &script).ask();
    assert_eq!(String::from_utf8_lossy(&told), format!("{name}\n"));
    let place = rules(&ours, dir.path(), &format!("={name}:deny\n:allow\n"));
    let options = ["-h", "-x", text(&place)];
    let told = Server::start(&ours, dir.path(), &options, &script).ask();
    assert_eq!(String::from_utf8_lossy(&told), if name == "unset" { "unset\n" } else { "" });
}

#[test]
fn one_server_takes_both_families() {
    let dir = Dir::new();
    let [_, ours] = houses(dir.path());
    let script =
        ["sh", "-c", "echo $PROTO $TCPREMOTEIP $TCPLOCALIP $TCP6REMOTEIP ${TCPREMOTEHOST-}"];
    for (options, host, to, want) in [
        (&[][..], "0", "127.0.0.1", "TCP 127.0.0.1 127.0.0.1 ::ffff:127.0.0.1\n"),
        (&[], "0", "::1", "TCP6 ::1 ::1 ::1\n"),
        (&["-6"], "0", "127.0.0.1", "TCP6 ::ffff:127.0.0.1 ::ffff:127.0.0.1 ::ffff:127.0.0.1\n"),
        (&["-4"], "0", "127.0.0.1", "TCP 127.0.0.1 127.0.0.1 ::ffff:127.0.0.1\n"),
        (&["-Ilo"], "[::1]", "::1", "TCP6 ::1 ::1 ::1\n"),
    ] {
        let options: Vec<&str> = ["-v"].iter().chain(options).copied().collect();
        let server = Server::start_at(&ours, dir.path(), host, &options, &script);
        let stream = TcpStream::connect((to, server.port)).unwrap();
        assert_eq!(read_to_end_bounded(&stream, 1000, SOON).text(), want, "{options:?} {host}");
        let line = format!("ok PID 0:{to}:PORT :{to}::PORT\n");
        assert!(options.contains(&"-6") || server.plain_log().contains(&line), "{}", server.log());
        if options.contains(&"-4") {
            let all = fs::read_to_string("/proc/net/tcp").unwrap();
            let line = format!(" 00000000:{:04X} 00000000:0000 0A ", server.port);
            assert!(all.contains(&line), "it listens at all IPv4 addresses: {all}");
        }
    }
}
