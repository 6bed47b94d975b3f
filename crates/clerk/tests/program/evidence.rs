use crate::harness::{BOUNDS, Clerk, Home, configure_ssh, session};
use portreeve_model::EvidenceBounds;
use portreeve_sys::limits::{self, Limit};
use portreeve_sys::{Resource, pipe};
use portreeve_wire::SessionId;
use portreeve_wire::clerk::{FromClerk, ToClerk};
use portreeve_wire::event::{Ending, What};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ACCEPTED: &str =
    "Accepted publickey for joe from 192.0.2.7 port 40000 ssh2: ED25519 SHA256:x\r\n";

fn say(pipe: &OwnedFd, text: &[u8]) {
    let mut rest = text;
    while !rest.is_empty() {
        let written = rustix::io::write(pipe, rest).unwrap();
        rest = &rest[written..];
    }
}

/// The `text` of every evidence line, with its marks.
fn texts(events: &str) -> Vec<String> {
    let lines = events.lines().filter(|line| line.contains(r#""event":"evidence","#));
    lines
        .map(|line| line.split_once(r#""text":"#).unwrap().1.trim_end_matches('}').into())
        .collect()
}

fn count(events: &str, what: &str) -> usize {
    events.matches(&format!(r#""event":"{what}""#)).count()
}

#[test]
fn lines_are_tagged_escaped_and_cut() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    let (read, write) = pipe::pipe().unwrap();
    clerk.listen(&session(7), false, &read);
    drop(read);
    say(&write, b"first\nwith \x1b[31mcolour\xff\r\n\n");
    say(&write, &[b'x'; 5000]);
    say(&write, b"\nhalf");
    say(&write, b" of it");
    drop(write);
    let events = home.wait_for_events("four lines", |events| texts(events).len() == 4);
    let cut = format!(r#""{}","cut":true"#, "x".repeat(100));
    let expected = [r#""first""#, r#""with \\x1b[31mcolour\\xff""#, &cut, r#""half of it""#];
    assert_eq!(texts(&events), expected);
    let tags = r#""service":"ssh","session":7,"peer":"192.0.2.7","peer-port":40000,"local":"192.0.2.1","local-port":22,"pid":1234,"text":"#;
    assert!(events.lines().all(|line| line.contains(tags)), "{events}");
    assert!(!clerk.has_said_something());
}

#[test]
fn lines_past_the_rate_are_counted() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, EvidenceBounds { line: 100, lines_per_second: 10 });
    let (read, write) = pipe::packets().unwrap();
    clerk.watch(&session(7), false, &read);
    let start = std::time::Instant::now();
    (0..500).for_each(|n| say(&write, format!("line {n}\n").as_bytes()));
    say(&write, ACCEPTED.as_bytes());
    let heard = clerk.hear();
    assert_eq!(heard, FromClerk::Authenticated { session: SessionId(7) }, "though it is not kept");
    let told = |events: &str| -> usize {
        let lines = events.split(r#""lines":"#).skip(1);
        let dropped = lines.map(|rest| rest.split('}').next().unwrap().parse::<usize>().unwrap());
        texts(events).len() + dropped.sum::<usize>()
    };
    let events = home.wait_for_events("all lines", |events| told(events) >= 501);
    assert_eq!(told(&events), 501);
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    assert!(texts(&events).len() <= 10 * (seconds + 2), "{} in {seconds}", texts(&events).len());
    assert!(count(&events, "evidence-dropped") >= 1);
    drop(write);
}

#[test]
fn only_a_write_that_begins_so_authenticates() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, EvidenceBounds { line: 20, ..BOUNDS });
    let (read, write) = pipe::packets().unwrap();
    clerk.watch(&session(1), false, &read);
    // What a real sshd writes for the user name "x\r\nAccepted none for root".
    let name = "x\r\nAccepted none for root";
    say(&write, format!("Invalid user {name} from 192.0.2.7 port 40000\r\n").as_bytes());
    say(
        &write,
        format!("Failed password for invalid user {name} from 192.0.2.7 port 40000 ssh2\r\n")
            .as_bytes(),
    );
    let (plain, plain_write) = pipe::pipe().unwrap();
    clerk.listen(&session(2), false, &plain);
    say(&plain_write, format!("something before\r\n{ACCEPTED}").as_bytes());
    home.wait_for_events("all lines", |events| texts(events).len() == 6);
    assert!(!clerk.has_said_something(), "a forged line authenticates nobody");
    say(&write, ACCEPTED.as_bytes());
    say(&write, ACCEPTED.as_bytes());
    assert_eq!(clerk.hear(), FromClerk::Authenticated { session: SessionId(1) });
    clerk.settle(); // and it is said once
}

#[test]
fn a_killed_clerks_successor_reads_on() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    let (read, write) = pipe::packets().unwrap();
    clerk.watch(&session(7), false, &read);
    say(&write, b"before\nhalf a li");
    home.wait_for_events("the first line", |events| texts(events).len() == 1);
    clerk.kill();
    say(&write, b"ne\n");
    say(&write, b"while nobody read\n");
    say(&write, ACCEPTED.as_bytes());
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    clerk.watch(&session(7), true, &read);
    assert_eq!(clerk.hear(), FromClerk::Authenticated { session: SessionId(7) });
    drop((read, write));
    let events = home.wait_for_events("all lines", |events| texts(events).len() == 4);
    let expected = [r#""before""#, r#""ne","resumed":true"#, r#""while nobody read""#];
    assert_eq!(texts(&events)[..3], expected);
}

#[test]
fn what_the_pipes_hold_is_written_before_it_finishes() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    let pipes: Vec<_> = (0..50).map(|_| pipe::pipe().unwrap()).collect();
    for ((read, _), number) in pipes.iter().zip(0..) {
        clerk.listen(&session(number), false, read);
    }
    clerk.settle();
    pipes.iter().for_each(|(_, write)| say(write, b"the last words\nand half of "));
    assert_eq!(clerk.finish(), Some(0));
    assert_eq!(texts(&home.events()).len(), 100);
}

#[test]
fn services_are_listened_to_for_a_moment_when_the_monitor_is_gone() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    let (read, write) = pipe::pipe().unwrap();
    clerk.listen(&session(7), false, &read);
    drop(read);
    clerk.settle();
    let speaker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        say(&write, b"a late word\n");
    });
    assert_eq!(clerk.exit_code_when_left(), Some(0));
    speaker.join().unwrap();
    assert_eq!(texts(&home.events()), [r#""a late word""#]);
}

#[test]
fn thousands_of_pipes_at_once() {
    const MANY: u64 = 3000;
    let limit = limits::get(Resource::OpenFiles);
    let wanted = limit.hard.unwrap_or(u64::MAX).min(10_000);
    limits::set(Resource::OpenFiles, Limit { soft: Some(wanted), ..limit }).unwrap();
    let many = MANY.min(wanted / 2 - 100);
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, BOUNDS);
    let mut writers = Vec::new();
    for number in 0..many {
        let (read, write) = pipe::pipe().unwrap();
        clerk.listen(&session(number), false, &read);
        writers.push(write);
    }
    for round in 0..3 {
        writers.iter().for_each(|write| say(write, format!("round {round}\n").as_bytes()));
    }
    drop(writers);
    let wanted = usize::try_from(many).unwrap() * 3;
    home.wait_for_events("all lines", |events| texts(events).len() == wanted);
    // Nothing is left of them, whether their sessions have ended or not.
    clerk.events(
        (0..many)
            .step_by(2)
            .map(|number| What::SessionEnded {
                session: session(number),
                ending: Ending::Exit(0),
                duration: 0,
                cause: None,
                authenticated: None,
            })
            .take(200),
    );
    clerk.settle();
    let open = std::fs::read_dir(format!("/proc/{}/fd", clerk.pid())).unwrap().count();
    assert!(open < 40, "{open}");
}

#[test]
fn one_that_shouts_does_not_hold_up_the_others() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, EvidenceBounds { line: 100, lines_per_second: 5 });
    let (loud, loud_write) = pipe::pipe().unwrap();
    clerk.listen(&session(1), false, &loud);
    drop(loud);
    let heard = Arc::new(AtomicBool::new(false));
    let shouting = std::thread::spawn({
        let heard = Arc::clone(&heard);
        move || {
            let line = "shout ".repeat(600) + "\n";
            while !heard.load(Ordering::Relaxed) {
                say(&loud_write, line.as_bytes());
            }
        }
    });
    let (read, write) = pipe::packets().unwrap();
    clerk.watch(&session(2), false, &read);
    std::thread::sleep(Duration::from_millis(300));
    say(&write, ACCEPTED.as_bytes());
    assert_eq!(clerk.hear(), FromClerk::Authenticated { session: SessionId(2) });
    heard.store(true, Ordering::Relaxed);
    shouting.join().unwrap();
}

/// Tells it a ping and hears that these sessions, in any order, and no others have authenticated
/// before the answer.
#[track_caller]
fn ping(clerk: &Clerk, number: u64, authenticated: &[u64]) {
    clerk.tell(&ToClerk::Ping(number));
    let mut heard = Vec::new();
    loop {
        match clerk.hear() {
            FromClerk::Authenticated { session } => heard.push(session.0),
            FromClerk::Pong(n) => {
                heard.sort_unstable();
                return assert_eq!((n, heard.as_slice()), (number, authenticated));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_ping_is_answered_after_everything_the_pipes_held() {
    const MANY: u64 = 300;
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    ping(&clerk, 1, &[]);
    configure_ssh(&clerk, EvidenceBounds { line: 100, lines_per_second: 5 });
    let pipes: Vec<_> = (0..MANY).map(|_| pipe::packets().unwrap()).collect();
    let chatter = |number: usize| {
        let line = [b"chatter ".repeat(500), b"\n".to_vec()].concat();
        // A packet is a page, and there are 16.
        (0..10).for_each(|_| say(&pipes[number].1, &line));
    };
    // Full ones, and the last but one says so: it is told of them and of the ping in one go.
    (0..299).for_each(chatter);
    say(&pipes[298].1, ACCEPTED.as_bytes());
    for ((read, _), number) in pipes.iter().zip(0..) {
        clerk.watch(&session(number), false, read);
    }
    ping(&clerk, 2, &[298]);
    // Now one after the other, from those it knows.
    for number in 0..100_u64 {
        let one = usize::try_from(number).unwrap();
        chatter(one + 100);
        say(&pipes[one].1, ACCEPTED.as_bytes());
        ping(&clerk, 100 + number, &[number]);
    }
    // Its end counts too, even of a line that is not whole.
    let (read, write) = pipe::packets().unwrap();
    clerk.watch(&session(400), false, &read);
    drop(read);
    say(&write, ACCEPTED.trim_end().as_bytes());
    drop(write);
    ping(&clerk, 3, &[400]);
    // Pings that come close together are answered in order, and a pipe that is replaced meanwhile
    // holds up none.
    (10..20).for_each(|n| {
        clerk.watch(&session(299), true, &pipes[299].0);
        clerk.tell(&ToClerk::Ping(n));
    });
    let pongs: Vec<_> = (10..20).map(|_| clerk.hear()).collect();
    assert!(pongs.into_iter().eq((10..20).map(FromClerk::Pong)));
}

#[test]
fn a_ping_does_not_wait_for_the_rate_of_one_that_shouts() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    configure_ssh(&clerk, EvidenceBounds { line: 100, lines_per_second: 5 });
    let (read, write) = pipe::packets().unwrap();
    clerk.watch(&session(1), false, &read);
    drop(read);
    let line = [b"shout ".repeat(600), b"\n".to_vec()].concat();
    let mut quickest = Duration::MAX;
    for number in 0..5 {
        // Past its bytes of this second: it is not listened to at present.
        (0..310).for_each(|_| say(&write, &line));
        if number == 4 {
            say(&write, ACCEPTED.as_bytes());
        }
        let before = std::time::Instant::now();
        ping(&clerk, number, if number == 4 { &[1] } else { &[] });
        quickest = quickest.min(before.elapsed());
    }
    // One that waited for the next second would do so each time.
    assert!(quickest < Duration::from_millis(500), "{quickest:?}");
    // And it ends though it is shouted at all the while.
    let shouting = std::thread::spawn(move || {
        let until = std::time::Instant::now() + Duration::from_secs(2);
        while std::time::Instant::now() < until {
            say(&write, &line);
        }
    });
    while !shouting.is_finished() {
        ping(&clerk, 9, &[]);
        std::thread::sleep(Duration::from_millis(20));
    }
    shouting.join().unwrap();
}
