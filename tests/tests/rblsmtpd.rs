//! rblsmtpd: the ancestor's and ours, by one script, in a private host with a name server of its own.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs")]

use portreeve_testkit::{Dir, DnsServer, Misbehaviour, World, Zone, read_to_end_bounded};
use portreeve_tests::{SOON, houses};
use std::fs::File;
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::scope;

/// Seconds for one run: the ancestor waits 59 for a silent server, ours 30 for one that sends nothing
/// over TCP, whatever resolv.conf says.
const LIMIT: &str = "150";

/// A client whom the lists know.
const CLIENT: &str = "192.0.2.7";

/// A conversation with everything a client can try.
const TALK: &str = "EHLO x\r\nMAIL from:<a@b>\r\nRCPT to:<c@d>\r\ndata\nNOOP\nRset \r\n\r\n\
    HELO\0x\nvrfy a\r\n xquit\nehlo\tx\r\nQUITTER\r\nqUIT\r\nNOOP\r\n";

/// How a run of it ends.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    code: Option<i32>,
    out: String,
    /// Its own lines, without the number of the process.
    err: String,
}

/// A run: what is set (`NAME=VALUE`), the options and the program, and what the client sends.
#[derive(Clone, Debug)]
struct Run {
    set: Vec<String>,
    words: Vec<String>,
    talk: &'static str,
}

fn run(set: &[&str], words: &[&str], talk: &'static str) -> Run {
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Run { set: own(set), words: own(words), talk }
}

/// The usual: a client of this address, options, and a program that says so.
fn about(address: &str, options: &[&str]) -> Run {
    let mut words = options.to_vec();
    words.extend(["echo", "in"]);
    run(&[&format!("TCPREMOTEIP={address}")], &words, TALK)
}

fn told(world: &World, dir: &Path, house: &Path, run: &Run) -> Told {
    let mut command = world.door("timeout");
    command.arg(LIMIT).arg(house.join("rblsmtpd")).args(&run.words);
    command.envs(run.set.iter().map(|entry| entry.split_once('=').expect("a variable")));
    let input = dir.join(format!("talk.{}", run.talk.len()));
    std::fs::write(&input, run.talk).expect("write");
    command.stdin(File::open(&input).expect("open"));
    let output = world.run(command, SOON * 3);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let err = text(output.stderr);
    let err =
        err.lines().filter(|line| line.starts_with("rblsmtpd:")).map(without_number).collect();
    Told { code: output.status.code(), out: text(output.stdout), err }
}

/// `… pid N: …` without the number.
fn without_number(line: &str) -> String {
    match line.split_once(" pid ") {
        Some((head, tail)) => {
            let rest = tail.trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{head} pid {rest}\n")
        }
        None => format!("{line}\n"),
    }
}

/// Runs all of them at once, each in both houses.
fn in_both(world: &World, dir: &Dir, houses: &[std::path::PathBuf; 2], runs: &[Run]) -> Vec<Told> {
    scope(|scope| {
        let all: Vec<_> = (0..)
            .zip(runs)
            .map(|(number, run)| {
                let own = dir.path().join(format!("{number}"));
                std::fs::create_dir(&own).expect("make a folder");
                scope.spawn(move || {
                    let [theirs, ours] =
                        houses.each_ref().map(|house| told(world, &own, house, run));
                    assert_eq!(theirs, ours, "{run:?}");
                    ours
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().expect("both say the same")).collect()
    })
}

/// A name that these lists are asked for.
fn entry(address: &str, zone: &str) -> String {
    let turned: Vec<&str> = address.rsplit('.').collect();
    format!("{}.{zone}", turned.join("."))
}

fn lists() -> Zone {
    let at = |zone| entry(CLIENT, zone);
    Zone::new()
        .address(&at("bl.example"), "127.0.0.2")
        .text(&at("bl.example"), "see http://bl.example/ about %IP%")
        .address(&at("two.example"), "127.0.0.2")
        .text(&at("two.example"), "one,")
        .text(&at("two.example"), "two\t\u{e9}")
        .address(&at("bare.example"), "127.0.0.2")
        .address(&at("bought.example"), "203.0.113.9")
        .address(&at("good.example"), "127.0.0.1")
        .address(&at("long.example"), "127.0.0.2")
        .text(&at("long.example"), &"x".repeat(255))
        .address(&at("cut.example"), "127.0.0.2")
        .text(&at("cut.example"), "by TCP")
        .ill(&at("cut.example"), Misbehaviour::Truncate)
        .ill(&at("down.example"), Misbehaviour::Fail)
}

#[test]
fn both_houses_decide_and_say_the_same() {
    let world = World::standard();
    let dns = DnsServer::start(&world, "door", "127.0.0.1:53", lists());
    let dir = Dir::new();
    let houses = houses(dir.path());
    let set = |value: &str| run(&[&format!("RBLSMTPD={value}")], &["echo", "in"], TALK);
    let mut with_variable = about(CLIENT, &["-a", "good.example"]);
    with_variable.set.push("RBLSMTPD=-the variable decides".into());
    let runs = [
        (set(""), "in\n", ""),
        (set("go away"), "", ": 451 go away"),
        (set("-go away\r\nnow"), "", ": 553 go away??now"),
        (with_variable, "", ": 553 the variable decides"),
        (run(&["RBLSMTPD=x"], &["-t0", "echo"], TALK), "451 x\r\n", ": 451 x"),
        (run(&["RBLSMTPD=x"], &["echo"], ""), "220 rblsmtpd.local\r\n", ": 451 x"),
        (run(&["RBLSMTPD=x"], &["echo"], "quit"), "220 rblsmtpd.local\r\n", ": 451 x"),
        (run(&[], &["echo", "in"], TALK), "in\n", ""),
        (about(CLIENT, &["-r", "bl.example"]), "", ": 451 see http://bl.example/ about %IP%"),
        (about(CLIENT, &["-brbl.example"]), "", ": 553 see http://bl.example/ about %IP%"),
        (about(CLIENT, &["-bBr", "bl.example."]), "", ": 451 see http://bl.example/ about %IP%"),
        (about(CLIENT, &["-r", "bl.example", "-b"]), "", ": 451 see"),
        (about(CLIENT, &["-r", "two.example"]), "", ": 451 one,two???"),
        (about(CLIENT, &["-r", "long.example"]), "", ": 451 xxx"),
        (about(CLIENT, &["-r", "cut.example"]), "", ": 451 by TCP"),
        (about(CLIENT, &["-r", "bare.example"]), "in\n", ""),
        (about(CLIENT, &["-r", "none.example", "-r", "bl.example"]), "", ": 451 see"),
        (about(CLIENT, &["-a", "good.example", "-r", "bl.example"]), "in\n", ""),
        (about(CLIENT, &["-r", "bl.example", "-a", "good.example"]), "", ": 451 see"),
        (about("192.0.2.8", &["-c", "-r", "bl.example"]), "in\n", ""),
        (about(CLIENT, &["-r", "down.example"]), "in\n", ""),
        (about(CLIENT, &["-bcr", "down.example"]), "", ": 451 temporary RBL lookup error"),
        (about(CLIENT, &["-br", "down.example", "-r", "bl.example"]), "", ": 451 see"),
        (about(CLIENT, &["-a", "down.example", "-r", "bl.example"]), "in\n", ""),
        (about(CLIENT, &["-c", "-a", "down.example", "-r", "bl.example"]), "", ": 451 see"),
    ];
    let only: Vec<Run> = runs.iter().map(|(run, _, _)| run.clone()).collect();
    for (told, (run, out, err)) in in_both(&world, &dir, &houses, &only).into_iter().zip(runs) {
        assert_eq!(told.code, Some(0), "{run:?}");
        match out {
            "" => assert!(told.out.ends_with("221 rblsmtpd.local\r\n"), "{told:?}"),
            out => assert_eq!(told.out, out, "{run:?}"),
        }
        assert!(told.err.contains(err) && err.is_empty() == told.err.is_empty(), "{told:?}");
    }
    assert!(dns.queries().iter().all(|query| ["A", "TXT"].contains(&query.kind.as_str())));
    // and where there is nothing to run
    for (words, code) in [(&["-q", "x"][..], 100), (&["-t0"], 100), (&["no-such-program"], 111)] {
        let [theirs, ours] =
            houses.each_ref().map(|house| told(&world, dir.path(), house, &run(&[], words, "")));
        assert_eq!((theirs.code, ours.code), (Some(code), Some(code)), "{words:?}");
    }
}

#[test]
fn an_ipv6_client_is_asked_about_by_its_digits_and_a_source_may_have_words_of_its_own() {
    let six: Ipv6Addr = "2001:db8::7".parse().unwrap();
    let digits: String = format!("{:032x}", u128::from(six))
        .chars()
        .rev()
        .map(|digit| format!("{digit}."))
        .collect();
    let zone = lists()
        .address(&format!("{digits}bl.example"), "127.0.0.2")
        .text(&format!("{digits}bl.example"), "six");
    let world = World::standard();
    let dns = DnsServer::start(&world, "door", "127.0.0.1:53", zone);
    let dir = Dir::new();
    let [_, ours] = houses(dir.path());
    let words = |zone: &str| format!("{zone}:no mail from %IP%: http://l/?%IP%");
    for (run, code, want) in [
        (about("2001:db8::7", &["-br", "bl.example"]), 0, Some("553 six")),
        (about("::ffff:192.0.2.7", &["-r", "two.example"]), 0, Some("451 one,two???")),
        (
            about(CLIENT, &["-br", &words("bare.example")]),
            0,
            Some("553 no mail from 192.0.2.7: http://l/?192.0.2.7"),
        ),
        (about(CLIENT, &["-r", &words("bought.example")]), 0, None),
        (about(CLIENT, &["-r", &words("none.example")]), 0, None),
        (
            about(CLIENT, &["-cr", &words("down.example")]),
            0,
            Some("451 temporary RBL lookup error"),
        ),
        // nobody to ask about
        (about("", &["-r", "bl.example"]), 0, None),
        (about("unknown", &["-br", "bl.example", "-r", "bl.example"]), 0, None),
        (about("unknown", &["-cr", "bl.example"]), 0, Some("451 temporary RBL lookup error")),
        (about(CLIENT, &["-t", "soon"]), 100, None),
    ] {
        let told = told(&world, dir.path(), &ours, &run);
        assert_eq!(told.code, Some(code), "{run:?} {told:?}");
        match (code, want) {
            (0, None) => assert_eq!((&*told.out, &*told.err), ("in\n", ""), "{run:?}"),
            (_, want) => {
                assert!(told.err.contains(want.unwrap_or("-t takes a number")), "{run:?} {told:?}");
            }
        }
    }
    assert!(dns.queries().iter().any(|query| query.name.starts_with("7.0.0.0.0.")));
}

/// What a server may do, and whether its answer comes through all the same.
const ILL: [(&str, Misbehaviour, bool); 8] = [
    ("silent", Misbehaviour::Drop, false),
    ("fails", Misbehaviour::Fail, false),
    ("id", Misbehaviour::WrongId, false),
    ("name", Misbehaviour::WrongName, false),
    ("elsewhere", Misbehaviour::Elsewhere, false),
    ("garbage", Misbehaviour::Garbage, false),
    ("cut", Misbehaviour::Truncate, true),
    ("cut-for-ever", Misbehaviour::TruncateForEver, false),
];

#[test]
fn no_server_that_lies_or_fails_lists_anybody() {
    let name = |ill: &str| entry(CLIENT, &format!("{ill}.example"));
    let zone = ILL.into_iter().fold(Zone::new(), |zone, (ill, how, _)| {
        zone.address(&name(ill), "127.0.0.2").text(&name(ill), "listed").ill(&name(ill), how)
    });
    let world = World::standard();
    let _dns = DnsServer::start(&world, "door", "127.0.0.1:53", zone);
    let dir = Dir::new();
    let [_, ours] = houses(dir.path());
    scope(|scope| {
        for (ill, _, comes_through) in ILL {
            let (world, ours, dir) = (&world, &ours, dir.path());
            scope.spawn(move || {
                let heard = |way: &str| {
                    let own = dir.join(format!("{ill}{way}"));
                    std::fs::create_dir(&own).expect("make a folder");
                    told(world, &own, ours, &about(CLIENT, &[way, "-r", &format!("{ill}.example")]))
                };
                let (open, closed) = std::thread::scope(|scope| {
                    let open = scope.spawn(|| heard("-C"));
                    let closed = heard("-c");
                    (open.join().expect("a run"), closed)
                });
                if comes_through {
                    assert!(open.err.contains(": 451 listed"), "{ill}: {open:?}");
                    assert!(closed.err.contains(": 451 listed"), "{ill}: {closed:?}");
                } else {
                    assert_eq!((&*open.out, &*open.err), ("in\n", ""), "{ill}");
                    assert!(closed.err.contains(": 451 temporary"), "{ill}: {closed:?}");
                }
            });
        }
    });
}

#[test]
fn a_client_that_says_nothing_or_reads_nothing_is_left_after_the_time() {
    let dir = Dir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    let address = listener.local_addr().expect("its address");
    for house in &houses(dir.path()) {
        for chatty in [false, true] {
            let client = TcpStream::connect(address).expect("connect");
            let (server, _) = listener.accept().expect("accept");
            let own = |socket: &TcpStream| {
                Stdio::from(std::os::fd::OwnedFd::from(socket.try_clone().expect("a copy")))
            };
            let mut command = Command::new("timeout");
            command.arg("55").arg(house.join("rblsmtpd")).args(["-t2", "true"]);
            command.env("RBLSMTPD", "no").stderr(Stdio::null());
            let mut child =
                command.stdin(own(&server)).stdout(own(&server)).spawn().expect("start it");
            drop((command, server));
            if chatty {
                // more answers than there is room for, and nobody reads them
                let lines = "\n".repeat(1 << 16);
                client.set_nonblocking(true).expect("a client that does not wait");
                while std::io::Write::write(&mut &client, lines.as_bytes()).is_ok() {}
            }
            assert_eq!(child.wait().expect("wait").code(), Some(0), "{house:?} {chatty}");
            if !chatty {
                let said = read_to_end_bounded(&client, 1 << 16, SOON).text();
                assert_eq!(said, "220 rblsmtpd.local\r\n", "{house:?}");
            }
        }
    }
}
