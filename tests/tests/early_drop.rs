//! Random early drop, live: connections held open at a door and at OpenSSH's own sshd, driven by
//! one script and measured by one formula.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

use portreeve_testkit::{End, World, read_to_end_bounded, read_until, wait_for};
use portreeve_tests::{Door, SOON, figures};
use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;

/// OpenSSH's `start:rate:full`.
#[derive(Clone, Copy)]
struct Limit {
    start: usize,
    rate: u32,
    full: usize,
}

impl Limit {
    /// The chance of a refusal among `held` startups, as sshd.c computes it: in whole per cent.
    fn chance(self, held: usize) -> f64 {
        let Self { start, rate, full } = self;
        match held {
            held if held < start => 0.0,
            held if held >= full => 1.0,
            held => {
                let climb = (100 - rate) * u32::try_from(held - start).unwrap();
                f64::from(climb / u32::try_from(full - start).unwrap() + rate) / 100.0
            }
        }
    }

    fn words(self) -> String {
        format!("{}:{}:{}", self.start, self.rate, self.full)
    }
}

/// What was seen of one climb from nobody to full.
#[derive(Default)]
struct Seen {
    held: Vec<TcpStream>,
    tries: u32,
    refused: u32,
    expected: f64,
    variance: f64,
}

/// Holds every admitted connection open and goes on knocking: all are admitted below `start`, none
/// from `full` on, and in between as many as the formula says. `hello` begins what an admitted one
/// is told; a refused one is told anything else, or nothing.
fn climb(world: &World, to: &str, limit: Limit, hello: &str, most: u32) -> Seen {
    let mut seen = Seen::default();
    let mut at_full = 0;
    while seen.tries < most && at_full < 25 {
        let peer = world.connect("far", to).unwrap();
        let told = read_to_end_bounded(&peer, hello.len(), SOON);
        let admitted = told.text() == hello;
        assert!(admitted || told.end != End::Deadline, "neither admitted nor refused: {told:?}");
        let count = seen.held.len();
        let chance = limit.chance(count);
        assert!(!admitted || chance < 1.0, "the {count} of {} are full", limit.words());
        assert!(admitted || chance > 0.0, "refused with {count} of {}", limit.words());
        seen.tries += 1;
        seen.expected += chance;
        seen.variance += chance * (1.0 - chance);
        at_full += u32::from(count >= limit.full);
        if admitted { seen.held.push(peer) } else { seen.refused += 1 }
    }
    seen
}

/// Six standard deviations: once in 500 million runs for a door that does it right.
fn as_expected(who: &str, seen: &Seen) {
    let off = (f64::from(seen.refused) - seen.expected) / seen.variance.sqrt();
    let figure = format!(
        "{who}: {} tries, {} held, {} refused, {:.1} expected, {off:+.2} standard deviations",
        seen.tries,
        seen.held.len(),
        seen.refused,
        seen.expected
    );
    figures(&figure);
    assert!(off.abs() < 6.0, "{figure}");
}

#[test]
fn refusals_begin_at_start_climb_by_the_formula_and_are_certain_at_full() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    let script = "#!/bin/sh\necho in\nread name\necho >&3\nexec 3>&-\necho welcome\nexec cat\n";
    world.write_program(format!("{dir}/login"), script);
    let configuration = format!(
        "[service.login]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"{dir}/login\"]\n\
         user = \"thisuser\"\nnotify = 3\nstartups = \"10:30:60\"\ngrace = \"1h\"\n"
    );
    let door = Door::native(&world, &configuration);
    let limit = Limit { start: 10, rate: 30, full: 60 };
    let mut seen = climb(&world, "192.168.0.1:700", limit, "in\n", 600);
    as_expected("the door, by notify", &seen);
    let status = door.service("login");
    assert_eq!(status["startups"], seen.held.len(), "{status:#}");
    assert_eq!(status["refused"]["startups"], seen.refused, "{status:#}");

    // all but five log in; the next five are the sixth to the tenth, whom nobody can refuse
    let (still, entering) = seen.held.split_at_mut(5);
    for peer in entering.iter_mut() {
        peer.write_all(b"joe\n").unwrap();
        assert_eq!(read_until(peer, b"welcome\n", SOON).end, End::Enough);
    }
    wait_for(SOON, "five startups", || door.service("login")["startups"] == still.len());
    assert_eq!(door.service("login")["sessions"], still.len() + entering.len());
    let more: Vec<_> = (0..5)
        .map(|_| {
            let peer = world.connect("far", "192.168.0.1:700").unwrap();
            assert_eq!(read_until(&peer, b"in\n", SOON).text(), "in\n", "logins are not counted");
            peer
        })
        .collect();
    drop((seen, more));
    door.wait_sessions("login", 0);
}

/// The same limit, the same knocks: at a door before `sshd -i`, watched, and at sshd by itself.
/// Both with three logins open, which are not counted.
#[test]
fn a_door_before_sshd_and_sshd_itself_refuse_alike() {
    const SSH: &str = "SSH-2.0-";
    let world = World::standard();
    world.ssh_keys();
    let limit = Limit { start: 4, rate: 30, full: 30 };
    let configuration = format!(
        "[service.ssh]\nlisten = [\"192.168.0.1:22\"]\nrun = [\"/usr/sbin/sshd\", \"-i\", \"-e\", \"-o\", \"LoginGraceTime=0\"]\n\
         watch = \"sshd\"\nstartups = \"{}\"\ngrace = \"1h\"\n",
        limit.words()
    );
    let door = Door::native(&world, &configuration);
    let mut sshd = world.door("/usr/sbin/sshd");
    sshd.args(["-D", "-e", "-p", "2222"]);
    sshd.args(["-o", "ListenAddress=192.168.0.1", "-o", "LoginGraceTime=0"]);
    sshd.args(["-o", &format!("MaxStartups={}", limit.words())]);
    let _sshd = world.start("sshd", sshd);
    wait_for(SOON, "sshd to listen", || world.connect("lan", "192.168.0.1:2222").is_ok());
    for (who, port) in [("the door before sshd -i", 22), ("sshd by itself", 2222)] {
        let mut logins: Vec<_> = (0..3)
            .map(|_| {
                let mut ssh = world.ssh_command("lan", "thisuser", "thisuser", "192.168.0.1", port);
                ssh.stdin(Stdio::piped()).arg("echo here; cat");
                let login = world.start("ssh", ssh);
                wait_for(SOON, "a login", || login.stdout().contains("here"));
                login
            })
            .collect();
        if port == 22 {
            wait_for(SOON, "three logins to be seen", || door.service("ssh")["startups"] == 0);
        }
        let seen = climb(&world, &format!("192.168.0.1:{port}"), limit, SSH, 300);
        as_expected(who, &seen);
        assert_eq!(seen.held.len(), limit.full, "{who}: full was reached");
        if port == 22 {
            let status = door.service("ssh");
            assert_eq!(status["startups"], limit.full, "{status:#}");
            assert_eq!(status["sessions"], limit.full + logins.len(), "{status:#}");
            assert_eq!(status["refused"]["startups"], seen.refused, "{status:#}");
        }
        for login in &mut logins {
            drop(login.take_stdin());
            assert!(login.wait(SOON).success(), "{who}: a login lived through it");
        }
    }
}
