use super::*;
use crate::scratch::Scratch;
use portreeve_judge::{Heard, Proposal};
use portreeve_model::Success;
use portreeve_sys::channel;
use portreeve_wire::watched::FileId;
use std::future::Future;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tokio::task::{LocalSet, yield_now};

/// Turns until what is to happen must have happened.
const TURNS: usize = 10_000;

struct Nobody;

impl Clerk for Nobody {
    fn hear(&self, _: &Heard<'_>) -> Booked {
        Booked::Nothing
    }
    fn judge(&self, _: &Offence) -> Vec<Proposal> {
        Vec::new()
    }
    fn succeeded(&self, _: Success) {}
    fn tell(&self, _: &Offence, _: &Spot<'_>) {}
    fn alarm(&self, _: &str, _: bool) {}
}

fn with(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

/// Those who follow, and what the test holds for them.
fn follows() -> (Rc<Follows>, channel::Channel, mpsc::Receiver<Order>) {
    let (monitor, ours) = channel::pair().unwrap();
    let (orders, taken) = mpsc::channel(64);
    let link = Rc::new(Link::new(ours).unwrap());
    let all = Follows::new(Rc::new(Nobody), link, orders, TimeZone::UTC);
    all.buffer.borrow_mut().resize(CHUNK, 0);
    (all, monitor, taken)
}

fn followed(number: u64, path: &Path, file: &File) -> FollowedFile {
    let stat = file.metadata().unwrap();
    FollowedFile {
        number,
        path: path.to_str().unwrap().to_owned(),
        pattern: "/pattern".into(),
        id: FileId { device: stat.dev(), inode: stat.ino() },
        watches: Vec::new(),
        wake: None,
        current: true,
    }
}

fn looked() -> Position {
    Position { source: marker("/pattern"), at: 1, ..Position::default() }
}

async fn until(done: impl Fn() -> bool) {
    for _ in 0..TURNS {
        if done() {
            return;
        }
        yield_now().await;
    }
    panic!("it has not happened");
}

#[test]
fn a_file_that_is_told_of_twice_before_it_is_begun_is_read_once() {
    with(async {
        let scratch = Scratch::new();
        let path = scratch.path().join("log");
        std::fs::write(&path, "a\nb\n").unwrap();
        let (all, _monitor, _orders) = follows();
        for _ in 0..2 {
            let file = File::open(&path).unwrap();
            all.follow(followed(1, &path, &file), file.into());
        }
        all.settle(vec![looked()]);
        let lines = || all.totals(path.to_str().unwrap()).0;
        until(|| lines() >= 2).await;
        for _ in 0..100 {
            yield_now().await;
        }
        assert_eq!((lines(), all.tasks.borrow().len()), (2, 1));
    });
}

#[test]
fn of_files_that_are_renamed_again_and_again_few_are_kept_open() {
    with(async {
        let scratch = Scratch::new();
        let path = scratch.path().join("log");
        let (all, _monitor, _orders) = follows();
        all.settle(vec![looked()]);
        for number in 0..100 {
            std::fs::write(&path, "a\n").unwrap();
            let file = File::open(&path).unwrap();
            all.follow(followed(number, &path, &file), file.into());
            until(|| all.files.borrow().contains_key(&number)).await;
            std::fs::remove_file(&path).unwrap();
            all.rotated(number);
        }
        assert!(
            all.files.borrow().len() <= MOST_OLD + 1 && all.tasks.borrow().len() <= MOST_OLD + 1
        );
        assert!(all.files.borrow().contains_key(&99));
    });
}

#[test]
fn names_that_come_and_go_take_a_bounded_memory_and_push_out_no_pattern() {
    with(async {
        let (all, _monitor, _orders) = follows();
        all.settle(vec![looked()]);
        for number in 0..MOST_SOURCES + 10 {
            let (source, at) = (format!("/log-{number}"), i64::try_from(number).unwrap() + 10);
            all.counted(&source, 1, 0);
            all.remember(&Position { source, at, ..Position::default() });
        }
        let known = all.known.borrow();
        assert_eq!((known.len(), all.totals.borrow().len()), (MOST_SOURCES, MOST_SOURCES));
        assert!(known.contains_key(&marker("/pattern")) && !known.contains_key("/log-0"));
    });
}
