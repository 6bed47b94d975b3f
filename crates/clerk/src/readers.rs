//! Those who read along: the past from the files, then each event as it happens.
//!
//! Each has a bounded queue of its own. One that is too slow is told how many events it missed and
//! goes on; one that takes nothing for a minute is closed. None of them ever holds up the log.

use crate::entry::layout::Colour;
use crate::entry::sentence::tell;
use crate::entry::{Dated, Entry, stamp};
use crate::log::{Past, Reader};
use jiff::tz::TimeZone;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::timeout;

/// Readers at once.
const MOST: usize = 64;

/// Bytes that may wait for one reader.
const QUEUE: usize = 1 << 20;

/// Bytes written at once.
const BATCH: usize = 64 << 10;

/// How long a reader may take nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// JSON lines, or sentences in this colour.
    pub(crate) form: Form,
    /// Whether it stays.
    pub(crate) follow: bool,
}

/// How events are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As they are in the files.
    Json,
    /// In sentences.
    Sentences(Colour),
}

/// All readers.
#[derive(Debug)]
pub(crate) struct Readers {
    zone: TimeZone,
    list: RefCell<Vec<Rc<Seat>>>,
}

/// One reader's place.
#[derive(Debug)]
struct Seat {
    wish: Wish,
    queue: RefCell<VecDeque<Rc<str>>>,
    bytes: Cell<usize>,
    skipped: Cell<u64>,
    /// Nothing more will come.
    last: Cell<bool>,
    wake: Notify,
}

impl Readers {
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone, list: RefCell::default() }
    }

    /// Whether all have gone.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// Shows an event to all who follow.
    pub(crate) fn publish(&self, json: &str) {
        let list = self.list.borrow();
        let mut shown: Vec<(Form, Rc<str>)> = Vec::new();
        for seat in list.iter().filter(|seat| seat.wish.follow) {
            let form = seat.wish.form;
            let known = shown.iter().find(|(other, _)| *other == form).map(|(_, text)| text);
            let text = known.cloned().unwrap_or_else(|| {
                let text: Rc<str> = show(json, form, &self.zone).into();
                shown.push((form, Rc::clone(&text)));
                text
            });
            seat.put(text);
        }
    }

    /// Takes a new reader, to whom the past is shown first. One too many is told so.
    ///
    /// # Errors
    /// When the descriptor is no stream.
    pub(crate) fn welcome(
        self: &Rc<Self>,
        stream: OwnedFd,
        wish: Wish,
        past: Option<Past>,
        now: u64,
    ) -> io::Result<()> {
        let stream = std::os::unix::net::UnixStream::from(stream);
        stream.set_nonblocking(true)?;
        if self.list.borrow().len() >= MOST {
            let text = format!("too many readers of the event log: {MOST} are reading");
            let entry = Entry::Alarm { text };
            let json = Dated::new(stamp::utc_ms(now), entry).json();
            // A new stream has room for it.
            let _ = (&stream).write(show(&json, wish.form, &self.zone).as_bytes());
            return Ok(());
        }
        let stream = UnixStream::from_std(stream)?;
        let unkept = (past.is_none()).then(|| Dated::new(stamp::utc_ms(now), Entry::PastNotKept));
        let seat = Rc::new(Seat {
            wish,
            queue: RefCell::default(),
            bytes: Cell::new(0),
            skipped: Cell::new(0),
            last: Cell::new(!wish.follow),
            wake: Notify::new(),
        });
        self.list.borrow_mut().push(Rc::clone(&seat));
        let readers = Rc::clone(self);
        spawn_local(async move {
            // Why a reader goes is its own affair.
            if let Some(unkept) = unkept {
                seat.put(show(&unkept.json(), wish.form, &readers.zone).into());
            }
            let _ = readers.serve(&seat, stream, past).await;
            readers.list.borrow_mut().retain(|other| !Rc::ptr_eq(other, &seat));
        });
        Ok(())
    }

    /// Nothing more will come: each gets what waits for it and is closed.
    pub(crate) fn close(&self) {
        for seat in self.list.borrow().iter() {
            seat.last.set(true);
            seat.wake.notify_one();
        }
    }

    async fn serve(
        &self,
        seat: &Seat,
        mut stream: UnixStream,
        past: Option<Past>,
    ) -> io::Result<()> {
        let mut past = past.map(Reader::new);
        while let Some(lines) = past.as_mut().and_then(Reader::next) {
            let text = lines.iter().map(|line| show(line, seat.wish.form, &self.zone));
            write(&mut stream, text.collect::<String>().as_bytes()).await?;
        }
        loop {
            let batch = seat.take(&self.zone);
            if !batch.is_empty() {
                write(&mut stream, batch.as_bytes()).await?;
            } else if seat.last.get() {
                return stream.shutdown().await;
            } else {
                tokio::select! {
                    () = seat.wake.notified() => {}
                    gone = gone(&stream) => return gone,
                }
            }
        }
    }
}

impl Seat {
    fn put(&self, text: Rc<str>) {
        let bytes = self.bytes.get().saturating_add(text.len());
        if bytes > QUEUE || self.skipped.get() > 0 {
            self.skipped.set(self.skipped.get().saturating_add(1));
        } else {
            self.bytes.set(bytes);
            self.queue.borrow_mut().push_back(text);
        }
        self.wake.notify_one();
    }

    /// Some of what waits; at its end, how many events did not find room after it.
    fn take(&self, zone: &TimeZone) -> String {
        let mut batch = String::new();
        let mut queue = self.queue.borrow_mut();
        while batch.len() < BATCH {
            let Some(text) = queue.pop_front() else { break };
            self.bytes.set(self.bytes.get().saturating_sub(text.len()));
            batch.push_str(&text);
        }
        if queue.is_empty() && self.skipped.get() > 0 {
            let now = portreeve_sys::clock::wall().as_millis();
            let at = stamp::utc_ms(u64::try_from(now).unwrap_or(0));
            let entry = Entry::EventsSkipped { count: self.skipped.replace(0) };
            batch.push_str(&show(&Dated::new(at, entry).json(), self.wish.form, zone));
        }
        batch
    }
}

fn show(json: &str, form: Form, zone: &TimeZone) -> String {
    match form {
        Form::Json => json.to_owned(),
        Form::Sentences(colour) => tell(json, zone, colour),
    }
}

async fn write(stream: &mut UnixStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = timeout(PATIENCE, stream.write(bytes)).await.unwrap_or_else(|_| {
            Err(io::ErrorKind::TimedOut.into()) // takes nothing
        })?;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// Waits until the reader has closed its end. What it says is thrown away: it has nothing to say.
async fn gone(stream: &UnixStream) -> io::Result<()> {
    let mut said = [0; 256];
    loop {
        stream.ready(Interest::READABLE).await?;
        match stream.try_read(&mut said) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
