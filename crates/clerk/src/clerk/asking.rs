//! Questions about the ledger, answered beside all other work: each by a thread of its own, which reads
//! what is on disk and is stopped by whoever takes nothing, by its time and by its bounds.

use super::Desk;
use portreeve_ledger::{Ledger, LedgerError, open_to_read};
use portreeve_model::{Network, Offence};
use portreeve_sys::clock;
use portreeve_wire::asked::{Line, MOST_ROWS, Offences, Question};
use std::cell::{Cell, RefCell};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::spawn_local;
use tokio::time::timeout;

/// Questions that are looked up at once, and readers who follow.
const MOST: usize = 16;

/// Lines that may wait for one reader.
const QUEUE: usize = 1024;

/// How long a reader may take nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a question may be looked up.
const TIME: Duration = Duration::from_secs(30);

/// Offences of one answer to [`Question::Who`]: the last ones.
const LAST: u32 = 100;

/// Who asks.
#[derive(Debug)]
pub(super) struct Asking {
    state: PathBuf,
    /// Questions under way.
    busy: Rc<Cell<usize>>,
    /// Readers who follow offences, and what they want.
    followers: RefCell<Vec<(Offences, Sender<String>)>>,
}

impl Asking {
    pub(super) fn new(state: PathBuf) -> Self {
        Self { state, busy: Rc::default(), followers: RefCell::default() }
    }

    /// An offence has happened: those who follow are told. One who is too slow is left.
    pub(super) fn publish(&self, offence: &Offence) {
        self.followers.borrow_mut().retain(|(wanted, to)| {
            if !wanted.admits(offence) {
                return !to.is_closed();
            }
            to.try_send(text(&Line::Offence(Box::new(offence.clone())))).is_ok()
        });
    }
}

impl Desk {
    /// Has a question answered on a stream. What is no stream has nobody at its other end.
    pub(super) fn asked(&self, question: &Question, stream: OwnedFd) {
        let stream = std::os::unix::net::UnixStream::from(stream);
        let Ok(()) = stream.set_nonblocking(true) else { return };
        let Ok(stream) = UnixStream::from_std(stream) else { return };
        let (to, lines) = mpsc::channel(QUEUE);
        let follow = matches!(question, Question::Offences(wanted) if wanted.follow);
        let following = self.asking.followers.borrow().len();
        if self.asking.busy.get() >= MOST || (follow && following >= MOST) {
            let _ = to.try_send(text(&Line::Cut("too many ask at once".into())));
            spawn_local(deliver(stream, lines, None));
            return;
        }
        let mut known = Vec::new();
        let mut live = None;
        match question {
            Question::Who(network) => {
                let standings = self.standings(network.address());
                known.extend(standings.into_iter().map(Line::Standing));
            }
            Question::Offences(wanted) if wanted.follow => {
                let (to, happening) = mpsc::channel(QUEUE);
                self.asking.followers.borrow_mut().push((wanted.clone(), to));
                live = Some(happening);
            }
            Question::Offences(_) => {}
        }
        let (state, question) = (self.asking.state.clone(), question.clone());
        let busy = Rc::clone(&self.asking.busy);
        busy.set(busy.get().saturating_add(1));
        let looking = std::thread::Builder::new()
            .name("asked".into())
            .spawn(move || look_up(&state, &question, known, &to));
        spawn_local(async move {
            // Without a thread the sender is gone: nothing is told.
            drop(looking);
            deliver(stream, lines, live).await;
            busy.set(busy.get().saturating_sub(1));
        });
    }
}

/// Writes lines until there are no more, or nobody takes them; then those that happen.
async fn deliver(
    mut stream: UnixStream,
    mut lines: Receiver<String>,
    live: Option<Receiver<String>>,
) {
    while let Some(line) = lines.recv().await {
        if write(&mut stream, &line).await.is_err() {
            return;
        }
    }
    let Some(mut live) = live else { return };
    let mut said = [0; 64];
    loop {
        tokio::select! {
            line = live.recv() => match line {
                Some(line) => if write(&mut stream, &line).await.is_err() { return },
                None => return,
            },
            // It has nothing to say: that it can be read means that it has gone.
            _ = stream.readable() => match stream.try_read(&mut said) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            },
        }
    }
}

async fn write(stream: &mut UnixStream, line: &str) -> io::Result<()> {
    let written = timeout(PATIENCE, stream.write_all(line.as_bytes())).await;
    written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn text(line: &Line) -> String {
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}

/// The thread's work: all that is known, and that it was all, or why it was not.
fn look_up(state: &Path, question: &Question, known: Vec<Line>, to: &Sender<String>) {
    let deadline = clock::monotonic().saturating_add(TIME);
    let say = |line: &Line| match clock::monotonic() < deadline {
        true => to.blocking_send(text(line)).map_err(|_| Stop::Left),
        false => Err(Stop::Late),
    };
    let looked = open_to_read(state).map_err(Stop::Ledger).and_then(|ledger| match question {
        Question::Who(network) => who(&ledger, *network, known, &say),
        Question::Offences(wanted) => offences(&ledger, wanted, &say),
    });
    let last = match looked {
        Ok(()) => Line::End,
        Err(Stop::Left) => return,
        Err(Stop::Late) => Line::Cut("it takes too long: ask for less".into()),
        Err(Stop::Ledger(error)) => Line::Cut(format!("the ledger cannot be read: {error}")),
    };
    let _ = to.blocking_send(text(&last));
}

/// Why not all is told.
enum Stop {
    /// Nobody listens.
    Left,
    /// Its time is over.
    Late,
    Ledger(LedgerError),
}

type Say<'a> = &'a dyn Fn(&Line) -> Result<(), Stop>;

fn who(ledger: &Ledger, network: Network, known: Vec<Line>, say: Say<'_>) -> Result<(), Stop> {
    for ban in ledger.history(network, MOST_ROWS).map_err(Stop::Ledger)? {
        say(&Line::Ban(Box::new(ban)))?;
    }
    for pardon in ledger.pardons(network, MOST_ROWS).map_err(Stop::Ledger)? {
        say(&Line::Pardon(pardon))?;
    }
    for success in ledger.successes(network, MOST_ROWS).map_err(Stop::Ledger)? {
        say(&Line::Success(success))?;
    }
    let wanted = Offences { peer: Some(network), last: LAST, ..Offences::default() };
    offences(ledger, &wanted, say)?;
    known.iter().try_for_each(say)
}

fn offences(ledger: &Ledger, wanted: &Offences, say: Say<'_>) -> Result<(), Stop> {
    let mut stopped = None;
    if wanted.last > 0 {
        let found = ledger.find_offences(wanted, &mut |_, offence| match say(&Line::Offence(
            Box::new(offence),
        )) {
            Ok(()) => ControlFlow::Continue(()),
            Err(why) => {
                stopped = Some(why);
                ControlFlow::Break(())
            }
        });
        found.map_err(Stop::Ledger)?;
    }
    stopped.map_or(Ok(()), Err)
}
