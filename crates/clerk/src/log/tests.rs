#![expect(clippy::disallowed_methods, reason = "tests read small files of their own")]

use super::*;
use crate::scratch::Scratch;
use std::path::Path;

fn log(path: &Path, size: u64, keep: u32) -> EventLog {
    EventLog::new(Folder::open(path).unwrap(), LogRotation { size, keep })
}

fn line(number: usize) -> String {
    format!("{{\"line\":{number:04}}}\n")
}

fn content(folder: &Scratch, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap()
}

fn all(past: Past) -> String {
    let mut reader = Reader::new(past);
    std::iter::from_fn(|| reader.next()).flatten().collect()
}

#[test]
fn files_rotate_by_size_and_the_oldest_go() {
    let folder = Scratch::new();
    let mut log = log(folder.path(), 32, 2); // two lines a file
    (0..7).for_each(|n| log.append(line(n)));
    assert_eq!(content(&folder, "events.jsonl"), line(6));
    assert_eq!(content(&folder, "events.jsonl.1"), line(4) + &line(5));
    assert_eq!(content(&folder, "events.jsonl.2"), line(2) + &line(3));
    assert_eq!(folder.names().len(), 3);
    log.set_rotation(LogRotation { size: 32, keep: 1 });
    (7..9).for_each(|n| log.append(line(n)));
    assert_eq!(folder.names(), ["events.jsonl", "events.jsonl.1"]);
    log.set_rotation(LogRotation { size: 32, keep: 0 });
    (9..11).for_each(|n| log.append(line(n)));
    assert_eq!((folder.names(), log.take_news()), (vec!["events.jsonl".to_owned()], vec![]));
}

#[test]
fn a_line_longer_than_a_file_has_one_of_its_own() {
    let folder = Scratch::new();
    let mut log = log(folder.path(), 10, 3);
    (0..3).for_each(|n| log.append(line(n)));
    assert_eq!(content(&folder, "events.jsonl"), line(2));
    assert_eq!(content(&folder, "events.jsonl.2"), line(0));
}

#[test]
fn a_moved_or_removed_file_is_made_again() {
    let folder = Scratch::new();
    let mut log = log(folder.path(), 1000, 2);
    log.append(line(0));
    std::fs::rename(folder.path().join("events.jsonl"), folder.path().join("mine")).unwrap();
    log.tend();
    log.append(line(1));
    std::fs::remove_file(folder.path().join("events.jsonl")).unwrap();
    log.tend();
    log.append(line(2));
    assert_eq!((content(&folder, "mine"), content(&folder, "events.jsonl")), (line(0), line(2)));
}

#[test]
fn a_torn_line_of_a_killed_clerk_is_closed() {
    let folder = Scratch::new();
    std::fs::write(folder.path().join("events.jsonl"), "{\"line\":0").unwrap();
    let mut log = log(folder.path(), 1000, 2);
    log.append(line(1));
    assert_eq!(content(&folder, "events.jsonl"), format!("{{\"line\":0\n{}", line(1)));
}

#[test]
fn what_a_killed_clerk_had_written_is_found_and_not_written_twice() {
    let lines = |range: std::ops::Range<usize>| range.map(line).collect::<Vec<_>>();
    for (there, torn, coming, whole, finished) in [
        (0..0, 0, 0..5, 0, false),
        (0..5, 0, 5..9, 0, false),
        (0..5, 0, 2..9, 3, false),
        (0..5, 0, 2..5, 3, false),
        (0..5, 0, 0..9, 5, false),
        (0..5, 4, 3..9, 2, true),
        (0..0, 1, 0..3, 0, true),
        (0..5, 4, 7..9, 0, true),   // the begin of every line
        (0..5, 13, 7..9, 0, false), // another line's begin
    ] {
        let folder = Scratch::new();
        let text = lines(there.clone()).concat();
        let begun = &line(there.end)[..torn];
        std::fs::write(folder.path().join("events.jsonl"), format!("{text}{begun}")).unwrap();
        let mut log = log(folder.path(), 1000, 2);
        let found = log.find_written(|| lines(coming.clone()));
        assert_eq!(found, Written { whole, finished }, "{there:?} {torn} {coming:?}");
        let skip = whole + usize::from(finished);
        lines(coming.clone()).into_iter().skip(skip).for_each(|line| log.append(line));
        let closed = if torn > 0 && !finished { format!("{begun}\n") } else { String::new() };
        let want = text + &closed + &lines(coming.start + whole..coming.end).concat();
        assert_eq!(content(&folder, "events.jsonl"), want);
        assert_eq!(log.find_written(|| unreachable!()), Written::default(), "asked once");
    }
}

#[test]
fn what_was_written_is_found_across_files() {
    let folder = Scratch::new();
    let mut first = log(folder.path(), 48, 9); // three lines a file
    (0..10).for_each(|n| first.append(line(n)));
    let mut second = log(folder.path(), 48, 9);
    let found = second.find_written(|| (2..12).map(line).collect());
    assert_eq!(found, Written { whole: 8, finished: false });
}

#[test]
fn a_new_clerk_keeps_the_bound_with_its_first_line() {
    let folder = Scratch::new();
    let mut first = log(folder.path(), 32, 1);
    (0..2).for_each(|n| first.append(line(n)));
    log(folder.path(), 32, 1).append(line(2));
    assert_eq!(content(&folder, "events.jsonl"), line(2));
    assert_eq!(content(&folder, "events.jsonl.1"), line(0) + &line(1));
}

#[test]
fn what_a_retired_log_never_wrote_is_counted() {
    let folder = Scratch::new();
    let mut log = log(folder.path(), 1 << 20, 2);
    let name = folder.path().join("events.jsonl");
    std::fs::create_dir(&name).unwrap();
    log.append(line(0));
    log.append(line(1));
    assert_eq!((log.retire(), log.retire()), (2, 0));
    let news = log.take_news();
    assert!(matches!(news.as_slice(), [News::Trouble(_), News::Mended(_)]), "{news:?}");
    std::fs::remove_dir(&name).unwrap();
    log.append(line(2));
    assert_eq!(content(&folder, "events.jsonl"), line(2));
}

#[test]
fn a_directory_that_goes_away_is_missed() {
    let home = Scratch::new();
    let path = home.path().join("log");
    std::fs::create_dir(&path).unwrap();
    let log = log(&path, 1000, 2);
    assert!(log.is_there());
    std::fs::rename(&path, home.path().join("elsewhere")).unwrap();
    assert!(!log.is_there());
    std::fs::create_dir(&path).unwrap();
    assert!(!log.is_there(), "another one has its name");
    std::fs::remove_dir(home.path().join("elsewhere")).unwrap();
    assert!(!log.is_there());
}

#[test]
fn lines_wait_while_they_cannot_be_written() {
    let folder = Scratch::new();
    let mut log = log(folder.path(), 1 << 20, 2);
    let name = folder.path().join("events.jsonl");
    std::fs::create_dir(&name).unwrap();
    log.append(line(0));
    log.append(line(1));
    let news = log.take_news();
    let [News::Trouble(text)] = news.as_slice() else { panic!("{news:?}") };
    log.tend();
    assert_eq!(log.take_news(), [], "the same trouble is told once");
    assert_eq!(all(log.past(1)), line(1));
    let huge = "x".repeat(MOST_WAITING);
    log.append(huge);
    std::fs::remove_dir(&name).unwrap();
    log.append(line(2));
    log.tend();
    assert_eq!(log.take_news(), [News::Mended(text.clone()), News::Lost(1)]);
    log.append(line(3));
    assert_eq!(content(&folder, "events.jsonl"), (0..4).map(line).collect::<String>());
}

#[test]
fn the_past_is_found_across_files() {
    let folder = Scratch::new();
    let mut log = log(folder.path(), 15 * 5000, 5);
    (0..12_345).for_each(|n| log.append(line(n % 10_000)));
    let expected = |from: usize| (from..12_345).map(|n| line(n % 10_000)).collect::<String>();
    for last in [0, 1, 2, 2344, 2345, 2346, 7345, 12_344, 12_345, 20_000] {
        let want = expected(12_345_usize.saturating_sub(last as usize));
        assert_eq!(all(log.past(last)), want, "the last {last}");
    }
}

#[test]
fn the_past_may_have_long_and_unfinished_lines() {
    let folder = Scratch::new();
    let mut log = log(folder.path(), 1 << 20, 5);
    let long = "y".repeat(200_000) + "\n";
    log.append(line(0));
    log.append(long.clone());
    log.append(line(1));
    assert_eq!(all(log.past(2)), long.clone() + &line(1));
    assert_eq!(all(log.past(3)), line(0) + &long + &line(1));
    let empty = Scratch::new();
    assert_eq!(all(super::Past::find(&Folder::open(empty.path()).unwrap(), 0, [].iter(), 5)), "");
}
