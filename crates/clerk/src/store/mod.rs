//! The ledger's own thread: it waits for the disk, so that nobody else has to.
//!
//! Changes are written in the order they come, as many at once as wait. While the ledger cannot be
//! written they are kept in memory and tried again; a damaged ledger is opened anew. That the bans
//! are all told is said only of a ledger that was open and could be read to its end.

mod recall;

pub(crate) use recall::{Past, Recall};

use portreeve_judge::Proposal;
use portreeve_ledger::{Change, Ledger, LedgerError, Position};
use portreeve_sys::clock;
use portreeve_wire::clerk::{BanKey, BanRecord, KnownGood};
use recall::Memory;
use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::thread::JoinHandle;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

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

/// Calls of [`Order::Tend`] between two attempts to read bans that could not be read.
const REREAD_EVERY: u32 = 10;

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// Write this. If it has a number, the clerk is told when it is on disk.
    Write(Change, Option<u64>),
    /// Write this; whoever reads on meanwhile waits until it is on disk, or cannot be for now.
    Read(Change, oneshot::Sender<()>),
    /// Tell what judges must know of the past. Changes that come after it are none of that.
    Recall(Recall),
    /// Which of these have not become bans?
    Unheeded(Vec<Proposal>),
    /// A second has passed.
    Tend,
}

/// What the thread says.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Bans that were kept. The last come once, after every other.
    Bans { bans: Vec<BanRecord>, last: bool },
    /// Networks that somebody has authenticated from, those of the latest: once, after the bans.
    KnownGood(Vec<KnownGood>),
    /// Everything that is known of what is watched: once, before the bans.
    Positions(Vec<Position>),
    /// The change of this number is on disk.
    Done(u64),
    /// Some of the past, in its order; and whether that was all.
    Past(Vec<Past>, bool),
    /// Those of [`Order::Unheeded`] that have not become bans.
    Unheeded(Vec<Proposal>),
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

/// Starts the thread. It first tells the bans of `ledger`, or why there is none, then takes orders.
///
/// # Errors
/// When no thread can be started.
pub(crate) fn start(directory: PathBuf, ledger: Result<Ledger, LedgerError>) -> io::Result<Store> {
    let (orders, from_clerk) = mpsc::channel(QUEUE);
    let (to_clerk, answers) = mpsc::channel(QUEUE);
    let keeper = Keeper {
        directory,
        ledger: None,
        orders: from_clerk,
        answers: to_clerk,
        kept: VecDeque::new(),
        weight: 0,
        waiting: Vec::new(),
        told: false,
        unread: None,
        damaged: false,
        trouble: None,
        lost: false,
        ticks: 0,
        memory: Memory::default(),
    };
    let thread = std::thread::Builder::new().name("ledger".into());
    let thread = thread.spawn(move || keeper.keep(ledger))?;
    Ok(Store { orders, answers, thread })
}

fn now() -> i64 {
    i64::try_from(clock::wall().as_secs()).unwrap_or(i64::MAX)
}

/// Which ban a change is about.
fn key(change: &Change) -> Option<BanKey> {
    match change {
        Change::Keep(ban) => Some(ban.key()),
        Change::Forget(end) => Some(end.ban.clone()),
        Change::Record { .. }
        | Change::Read { .. }
        | Change::Propose(_)
        | Change::Succeed { .. } => None,
    }
}

const UNOPENED: &str = "the ledger cannot be used: ";
const UNWRITTEN: &str = "the ledger cannot be written: ";
const UNRECALLED: &str = "judges do not know all that was before: ";
const UNREAD: &str = "not all bans could be read: ";
const LOST: &str = "bans or offences were lost: the ledger could not be written for too long";

struct Keeper {
    directory: PathBuf,
    ledger: Option<Ledger>,
    orders: mpsc::Receiver<Order>,
    answers: mpsc::Sender<Answer>,
    kept: VecDeque<(Change, Option<u64>)>,
    /// What they weigh.
    weight: usize,
    /// Who waits for what is kept to be written.
    waiting: Vec<oneshot::Sender<()>>,
    /// The bans have all been told.
    told: bool,
    /// Why they have not, though the ledger is open.
    unread: Option<String>,
    /// They could not be read from a ledger that is damaged.
    damaged: bool,
    trouble: Option<String>,
    lost: bool,
    ticks: u32,
    memory: Memory,
}

impl Keeper {
    fn keep(mut self, ledger: Result<Ledger, LedgerError>) {
        // Where they cannot be read, what is watched is read as if it were new.
        let positions = ledger.as_ref().ok().and_then(|ledger| ledger.positions().ok());
        self.say(Answer::Positions(positions.unwrap_or_default()));
        match ledger {
            Ok(ledger) => {
                self.opened(ledger);
                self.write();
            }
            Err(error) => self.in_trouble(&error),
        }
        loop {
            // The past is told between orders.
            let first = match self.memory.is_busy() {
                true => match self.orders.try_recv() {
                    Ok(first) => first,
                    Err(TryRecvError::Empty) => {
                        self.recall_some();
                        continue;
                    }
                    Err(TryRecvError::Disconnected) => break,
                },
                false => match self.orders.blocking_recv() {
                    Some(first) => first,
                    None => break,
                },
            };
            let mut tend = self.take(first);
            while self.kept.len() < COMMIT
                && let Ok(order) = self.orders.try_recv()
            {
                tend |= self.take(order);
            }
            if tend && self.unread.is_some() && self.ticks.is_multiple_of(REREAD_EVERY) {
                self.reread();
            }
            // In trouble, only time brings another attempt.
            if tend || self.trouble.is_none() {
                self.write();
            }
            if tend {
                self.expire();
            }
            self.recall_some();
        }
        self.write();
    }

    /// Takes an order; says whether a second has passed.
    fn take(&mut self, order: Order) -> bool {
        match order {
            Order::Tend => return true,
            Order::Recall(wish) => {
                if self.trouble.is_none() {
                    self.write();
                }
                let tail = self.kept.iter().flat_map(|(change, _)| recall::of(change)).collect();
                let begun = self.memory.begin(wish, tail, self.ledger.as_mut());
                begun.unwrap_or_else(|error| self.not_recalled(&error));
            }
            Order::Unheeded(proposals) => {
                let left = recall::unheeded(self.ledger.as_ref(), proposals);
                self.say(Answer::Unheeded(left));
            }
            Order::Write(change, serial) => self.keep_back(change, serial),
            Order::Read(change, reader) => {
                self.keep_back(change, None);
                // In trouble nobody waits: what is kept in memory is bounded.
                if self.trouble.is_none() {
                    self.waiting.push(reader);
                }
            }
        }
        false
    }

    fn keep_back(&mut self, change: Change, serial: Option<u64>) {
        if self.weight >= MOST_KEPT {
            if !self.lost {
                self.lost = true;
                self.say(Answer::Alarm(LOST.into(), true));
            }
            return;
        }
        self.weight = self.weight.saturating_add(change.weight());
        self.kept.push_back((change, serial));
    }

    fn write(&mut self) {
        let mut mended = false;
        while !self.kept.is_empty() || self.ledger.is_none() {
            let batch = self.kept.len().min(COMMIT);
            let outcome = match &mut self.ledger {
                Some(ledger) => {
                    ledger.apply(self.kept.iter().take(batch).map(|(change, _)| change))
                }
                None => match open(&self.directory) {
                    Ok(ledger) => {
                        self.opened(ledger);
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
            for (change, serial) in self.kept.drain(..batch).collect::<Vec<_>>() {
                self.weight = self.weight.saturating_sub(change.weight());
                if let Some(serial) = serial {
                    self.say(Answer::Done(serial));
                }
            }
        }
        for reader in self.waiting.drain(..) {
            let _ = reader.send(()); // gone, it reads no more
        }
        if let Some(text) = self.trouble.take() {
            self.say(Answer::Alarm(text, false));
        }
    }

    fn in_trouble(&mut self, error: &LedgerError) {
        self.waiting.clear();
        let what = if self.ledger.is_some() { UNWRITTEN } else { UNOPENED };
        let text = format!("{what}{error}");
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

    fn recall_some(&mut self) {
        let Some(said) = self.memory.some(self.ledger.as_ref()) else { return };
        match said {
            Ok((past, last)) => self.say(Answer::Past(past, last)),
            Err(error) => self.not_recalled(&error),
        }
    }

    fn not_recalled(&self, error: &LedgerError) {
        self.say(Answer::Alarm(format!("{UNRECALLED}{error}"), true));
        self.say(Answer::Past(Vec::new(), true));
    }

    /// The bans could not be read: once more, from a damaged ledger after it is opened again.
    fn reread(&mut self) {
        if std::mem::take(&mut self.damaged) {
            self.ledger = None;
        } else {
            self.say_bans();
        }
    }

    fn opened(&mut self, ledger: Ledger) {
        if let Some(notice) = ledger.notice() {
            self.say(Answer::Alarm(notice.into(), true));
        }
        self.ledger = Some(ledger);
        self.say_bans();
    }

    /// Tells the bans, unless they have been told or cannot be now.
    fn say_bans(&mut self) {
        if self.told || self.ledger.is_none() {
            return;
        }
        // On what is about to change, the monitor knows better than the disk.
        while let Ok(order) = self.orders.try_recv() {
            self.take(order);
        }
        let Some(ledger) = &self.ledger else { return };
        let newer: HashSet<BanKey> =
            self.kept.iter().filter_map(|(change, _)| key(change)).collect();
        let (mut bans, now) = (Vec::new(), now());
        let read = ledger.bans(|ban| {
            if ban.until.is_none_or(|until| until > now) && !newer.contains(&ban.key()) {
                bans.push(ban);
            }
            if bans.len() >= BANS {
                let bans = std::mem::take(&mut bans);
                self.say(Answer::Bans { bans, last: false });
            }
        });
        let unread = match read {
            Ok(odd) => {
                self.told = true;
                self.say(Answer::Bans { bans, last: true });
                let good = recall::known_good(ledger, now);
                self.say(Answer::KnownGood(good));
                if odd > 0 {
                    let text = format!("{odd} rows of the ledger are no bans");
                    self.say(Answer::Alarm(text, true));
                }
                None
            }
            Err(error) => {
                // Those that could be read are better than none.
                if !bans.is_empty() {
                    self.say(Answer::Bans { bans, last: false });
                }
                self.damaged = error.is_damage();
                Some(format!("{UNREAD}{error}"))
            }
        };
        if unread != self.unread {
            let before = std::mem::replace(&mut self.unread, unread.clone());
            before.into_iter().for_each(|text| self.say(Answer::Alarm(text, false)));
            unread.into_iter().for_each(|text| self.say(Answer::Alarm(text, true)));
        }
    }

    /// Waits if the clerk is behind; once it has gone, nobody is told.
    fn say(&self, answer: Answer) {
        let _ = self.answers.blocking_send(answer);
    }
}
