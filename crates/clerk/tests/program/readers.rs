use crate::harness::{Clerk, Home, PATIENCE, session, wait_for};
use portreeve_sys::channel::pair_streams;
use portreeve_wire::clerk::ToClerk;
use portreeve_wire::event::What;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

fn subscribe(clerk: &Clerk, json: bool, last: u32, follow: bool) -> UnixStream {
    let (ours, theirs) = pair_streams().unwrap();
    let message = ToClerk::Subscribe { json, last, follow, colour: false };
    clerk.tell_with(&message, &[theirs.as_fd()]);
    let stream = UnixStream::from(ours);
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn started(clerk: &Clerk, numbers: std::ops::Range<u64>) {
    for chunk in numbers.collect::<Vec<_>>().chunks(100) {
        clerk.events(chunk.iter().map(|number| What::SessionStarted(session(*number))));
    }
}

fn number(line: &str) -> u64 {
    line.split_once(r#""session":"#).unwrap().1.split(',').next().unwrap().parse().unwrap()
}

#[test]
fn the_past_comes_first_then_the_present_without_a_gap() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let rotation = portreeve_model::LogRotation { size: 20_000, keep: 20 };
    clerk.configure(rotation, crate::harness::BOUNDS, vec![]);
    started(&clerk, 0..500);
    let reader = subscribe(&clerk, true, 300, true);
    started(&clerk, 500..700);
    let lines = BufReader::new(reader).lines().take(500).map(Result::unwrap);
    assert_eq!(lines.map(|line| number(&line)).collect::<Vec<_>>(), (200..700).collect::<Vec<_>>());
}

#[test]
fn without_follow_the_past_is_all_and_people_get_sentences() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    started(&clerk, 0..3);
    let mut told = String::new();
    subscribe(&clerk, false, 2, false).read_to_string(&mut told).unwrap();
    let lines: Vec<_> = told.lines().map(|line| &line[16..]).collect();
    let from = "from 192.0.2.7:40000, process 1234";
    assert_eq!(lines, [format!("ssh: session 1 {from}"), format!("ssh: session 2 {from}")]);
}

#[test]
fn a_slow_reader_is_told_what_it_missed_and_goes_on() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let reader = subscribe(&clerk, true, 0, true);
    started(&clerk, 0..20_000); // about 3.5 MB
    clerk.settle();
    let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
    let mut seen = 0;
    let skipped: u64 = loop {
        let line = lines.next().unwrap();
        match line.split_once(r#""event":"events-skipped","count":"#) {
            None => {
                assert_eq!(number(&line), seen);
                seen += 1;
            }
            Some((_, count)) => break count.trim_end_matches('}').parse().unwrap(),
        }
    };
    assert_eq!(seen + skipped, 20_000);
    assert!(seen > 1000 && skipped > 1000, "{seen} {skipped}");
    started(&clerk, 20_000..20_001);
    assert_eq!(number(&lines.next().unwrap()), 20_000);
}

#[test]
fn one_reader_too_many_is_told_so() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let readers: Vec<_> = (0..64).map(|_| subscribe(&clerk, true, 0, true)).collect();
    let mut told = String::new();
    subscribe(&clerk, false, 0, true).read_to_string(&mut told).unwrap();
    assert!(told.contains("too many readers of the event log"), "{told}");
    drop(readers);
    wait_for("a place", || {
        clerk.settle();
        let mut told = String::new();
        let mut reader = subscribe(&clerk, true, 0, true);
        started(&clerk, 5..6);
        let mut line = BufReader::new(&mut reader);
        line.read_line(&mut told).unwrap();
        told.contains("session-started").then_some(())
    });
}

#[test]
fn readers_get_what_waits_when_it_finishes() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let mut reader = subscribe(&clerk, true, 0, true);
    started(&clerk, 0..2000);
    let finishing = std::thread::spawn(move || clerk.finish());
    let mut told = String::new();
    reader.read_to_string(&mut told).unwrap();
    assert_eq!((told.lines().count(), finishing.join().unwrap()), (2000, Some(0)));
}

/// What a reader of the last ten events is shown.
pub(crate) fn past_of(clerk: &Clerk) -> String {
    let mut told = String::new();
    subscribe(clerk, false, 10, false).read_to_string(&mut told).unwrap();
    told
}
