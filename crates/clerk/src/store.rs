//! The ledger's own thread: it waits for the disk, so that nobody else has to.
//!
//! Changes are written in the order they come, as many at once as wait. While the ledger cannot be
//! written they are kept in memory and tried again; a damaged ledger is opened anew.

use portreeve_ledger::{Change, Ledger, LedgerError};
use portreeve_sys::clock;
use portreeve_wire::clerk::BanRecord;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::thread::JoinHandle;
use tokio::sync::mpsc;

/// Changes that may wait for the thread; then whoever brings more waits.
const QUEUE: usize = 10_000;

/// Changes kept in memory while the ledger cannot be written; further ones are lost.
const MOST_KEPT: usize = 100_000;

/// Changes in one commit.
const COMMIT: usize = 1000;

/// Bans in one answer.
const BANS: usize = 500;

/// Seconds that a ban is kept beyond its end: a clock that is set forward by mistake, and back,
/// costs nobody's bans.
const AFTERLIFE: i64 = 86_400;

/// Calls of [`Order::Tend`] between two removals of bans that are over.
const EXPIRE_EVERY: u32 = 600;

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// Write this.
    Write(Change),
    /// A second has passed.
    Tend,
}

/// What the thread says.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Bans that were kept.
    Bans { bans: Vec<BanRecord>, last: bool },
    /// This is on disk.
    Done(Change),
    /// Something is wrong, or no longer is.
    Alarm(String, bool),
}

/// The thread, and both ways to it.
#[derive(Debug)]
pub(crate) struct Store {
    /// Orders. Dropped, it ends the thread once all are done.
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) answers: mpsc::Receiver<Answer>,
    pub(crate) thread: JoinHandle<()>,
}

/// Opens the ledger in a directory.
pub(crate) fn open(directory: &std::path::Path) -> Result<Ledger, LedgerError> {
    portreeve_ledger::open(directory, now())
}

/// Starts the thread. It first tells the bans of `ledger`, then takes orders.
///
/// # Errors
/// When no thread can be started.
pub(crate) fn start(directory: PathBuf, ledger: Option<Ledger>) -> io::Result<Store> {
    let (orders, from_clerk) = mpsc::channel(QUEUE);
    let (to_clerk, answers) = mpsc::channel(QUEUE);
    let keeper = Keeper {
        directory,
        ledger,
        answers: to_clerk,
        kept: VecDeque::new(),
        trouble: None,
        lost: false,
        ticks: 0,
    };
    let thread = std::thread::Builder::new().name("ledger".into());
    let thread = thread.spawn(move || keeper.keep(from_clerk))?;
    Ok(Store { orders, answers, thread })
}

fn now() -> i64 {
    i64::try_from(clock::wall().as_secs()).unwrap_or(i64::MAX)
}

const UNWRITTEN: &str = "the ledger cannot be written: ";
const LOST: &str = "bans were lost: the ledger could not be written for too long";

struct Keeper {
    directory: PathBuf,
    ledger: Option<Ledger>,
    answers: mpsc::Sender<Answer>,
    kept: VecDeque<Change>,
    trouble: Option<String>,
    lost: bool,
    ticks: u32,
}

impl Keeper {
    fn keep(mut self, mut orders: mpsc::Receiver<Order>) {
        self.say_notice();
        self.say_bans();
        while let Some(first) = orders.blocking_recv() {
            let mut tend = self.take(first);
            while self.kept.len() < COMMIT
                && let Ok(order) = orders.try_recv()
            {
                tend |= self.take(order);
            }
            // In trouble, only time brings another attempt.
            if tend || self.trouble.is_none() {
                self.write();
            }
            if tend {
                self.expire();
            }
        }
        self.write();
    }

    /// Takes an order; says whether a second has passed.
    fn take(&mut self, order: Order) -> bool {
        match order {
            Order::Tend => return true,
            Order::Write(_) if self.kept.len() >= MOST_KEPT => {
                if !self.lost {
                    self.lost = true;
                    self.say(Answer::Alarm(LOST.into(), true));
                }
            }
            Order::Write(change) => self.kept.push_back(change),
        }
        false
    }

    fn write(&mut self) {
        let mut mended = false;
        while !self.kept.is_empty() || self.ledger.is_none() {
            let batch = self.kept.len().min(COMMIT);
            let changes = self.kept.make_contiguous().get(..batch).unwrap_or_default();
            let outcome = match &mut self.ledger {
                Some(ledger) => ledger.apply(changes),
                None => match open(&self.directory) {
                    Ok(ledger) => {
                        self.ledger = Some(ledger);
                        self.say_notice();
                        self.say_bans();
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = outcome {
                // A damaged ledger is moved aside when it is opened again: once, or a broken disk
                // would fill with them.
                if error.is_damage() && self.ledger.take().is_some() && !mended {
                    mended = true;
                    continue;
                }
                return self.in_trouble(&error);
            }
            for change in self.kept.drain(..batch).collect::<Vec<_>>() {
                self.say(Answer::Done(change));
            }
        }
        if let Some(text) = self.trouble.take() {
            self.say(Answer::Alarm(text, false));
        }
    }

    fn in_trouble(&mut self, error: &LedgerError) {
        let text = format!("{UNWRITTEN}{error}");
        if self.trouble.as_ref() != Some(&text) {
            if let Some(before) = self.trouble.replace(text.clone()) {
                self.say(Answer::Alarm(before, false));
            }
            self.say(Answer::Alarm(text, true));
        }
    }

    fn expire(&mut self) {
        self.ticks = self.ticks.wrapping_add(1);
        if self.ticks % EXPIRE_EVERY == 1
            && let Some(ledger) = &mut self.ledger
            && let Err(error) = ledger.expire(now().saturating_sub(AFTERLIFE))
        {
            self.in_trouble(&error);
        }
    }

    fn say_notice(&self) {
        if let Some(notice) = self.ledger.as_ref().and_then(Ledger::notice) {
            self.say(Answer::Alarm(notice.into(), true));
        }
    }

    fn say_bans(&self) {
        let (mut bans, now) = (Vec::new(), now());
        let read = self.ledger.as_ref().map(|ledger| {
            ledger.bans(|ban| {
                if ban.until.is_none_or(|until| until > now) {
                    bans.push(ban);
                }
                if bans.len() >= BANS {
                    let bans = std::mem::take(&mut bans);
                    self.say(Answer::Bans { bans, last: false });
                }
            })
        });
        let text = match read {
            Some(Err(error)) => Some(format!("not all bans could be read: {error}")),
            Some(Ok(odd)) if odd > 0 => Some(format!("{odd} rows of the ledger are no bans")),
            Some(Ok(_)) | None => None,
        };
        if let Some(text) = text {
            self.say(Answer::Alarm(text, true));
        }
        self.say(Answer::Bans { bans, last: true });
    }

    /// Waits if the clerk is behind; once it has gone, nobody is told.
    fn say(&self, answer: Answer) {
        let _ = self.answers.blocking_send(answer);
    }
}
