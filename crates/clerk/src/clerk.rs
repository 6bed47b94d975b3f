//! The clerk at work: takes the monitor's messages and has each looked after by whom it concerns.

mod asking;
mod judging;
mod listening;
mod watching;

use asking::Asking;
use judging::Judging;
use listening::{CROWDED, Handed};

use crate::alarms::Alarms;
use crate::entry::convert::{self, dated};
use crate::entry::layout::Colour;
use crate::entry::{Dated, Entry, Loser, Target};
use crate::evidence::{Listener, Pipes};
use crate::follow::Follows;
use crate::link::{Link, Received};
use crate::log::{EventLog, Folder, Written};
use crate::readers::{Form, Readers, Wish};
use crate::report::Report;
use crate::service::records::RecordsPost;
use crate::service::{Outlets, Services};
use crate::store::{Answer, Order, Store};
use crate::targets::post::{Address, Post};
use crate::targets::stderr::Stderr;
use crate::targets::{Lost, Targets};
use jiff::tz::TimeZone;
use portreeve_judge::{Book, Booked};
use portreeve_ledger::Change;
use portreeve_model::Offence;
use portreeve_model::{EvidenceBounds, Settings};
use portreeve_sys::channel::Channel;
use portreeve_sys::clock;
use portreeve_wire::MAX_PACKET;
use portreeve_wire::clerk::{FromClerk, Item, ToClerk};
use portreeve_wire::event::{Event, What};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How long services are still listened to when the monitor is gone: another one, with a clerk of
/// its own, may be on its way.
const LINGER: Duration = Duration::from_secs(3);

/// How long each of the last things to be done may take.
const PARTING: Duration = Duration::from_secs(2);

const SYSLOG: Address =
    Address { path: "/dev/log", name: "the system log", what: "records", files: false };

const JOURNAL: Address = Address {
    path: "/run/systemd/journal/socket",
    name: "the journal",
    what: "events",
    files: true,
};

/// How work ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The monitor is gone or had said so; all is written.
    Done,
    /// The log's directory was removed or replaced: another clerk can use the new one.
    Moved,
    /// The monitor said what makes no sense.
    Nonsense(String),
}

/// Everything the clerk needs of the world, made before it was confined.
pub(crate) struct Equipment {
    pub(crate) channel: Channel,
    pub(crate) ready: FromClerk,
    pub(crate) folder: Folder,
    /// For the system log, and for the journal: a receiver that hangs holds what it was sent, and
    /// with it the socket.
    pub(crate) sockets: [UnixDatagram; 2],
    pub(crate) journal_stream: Option<String>,
    pub(crate) zone: TimeZone,
    /// The process that syslog is told of: the monitor.
    pub(crate) monitor: u32,
    /// Evidence pipes at once.
    pub(crate) most_pipes: usize,
    /// The ledger's directory.
    pub(crate) state: PathBuf,
}

/// Why a message makes no sense that has not the descriptors it speaks of.
const MISCOUNTED: &str = "a message with a descriptor too few or too many";

/// What an earlier clerk has done about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// All.
    Wholly,
    /// It is in the files, and nowhere else.
    InPart,
}

/// What the parts share. All on one thread.
struct Desk {
    link: Rc<Link>,
    alarms: Rc<Alarms>,
    zone: TimeZone,
    targets: RefCell<Targets>,
    readers: Rc<Readers>,
    services: RefCell<Services>,
    records: RecordsPost,
    /// For what comes through sessions' own log sockets.
    host_log: Rc<Post>,
    pipes: Rc<Pipes>,
    bounds: Cell<EvidenceBounds>,
    book: RefCell<Book>,
    judging: RefCell<Judging>,
    report: RefCell<Report>,
    /// Reports that were written.
    reports: Cell<u64>,
    /// Where the ledger lies, and who asks about it.
    asking: Asking,
    /// What waits for the ledger's thread.
    orders: RefCell<VecDeque<Order>>,
    /// There is something.
    ordered: Notify,
    /// What is watched: made once, right after this.
    follows: OnceCell<Rc<Follows>>,
}

/// Offences and successes that wait for the ledger at most; further offences are in the event log alone.
const MOST_WAITING: usize = 10_000;

/// Networks that are known to be good, in one message.
const GOOD: usize = 500;

const UNRECORDED: &str = "offences are not in the ledger: it takes them more slowly than they come";

/// Works until the monitor says so or is gone.
///
/// # Errors
/// The channel's, and those of registering it.
pub(crate) async fn work(with: Equipment, mut store: Store) -> io::Result<Ending> {
    let link = Rc::new(Link::new(with.channel)?);
    let deliver = Rc::clone(&link);
    spawn_local(async move { deliver.deliver().await });
    link.send(&with.ready);
    let alarms = Rc::new(Alarms::new(Rc::clone(&link)));
    let [syslog, journal] = with.sockets.map(Rc::new);
    let post = |socket, address| {
        let post = Rc::new(Post::new(socket, address, Rc::clone(&alarms)));
        let deliver = Rc::clone(&post);
        spawn_local(async move { deliver.deliver().await });
        post
    };
    let settings = Settings::default();
    let targets = Targets {
        on: settings.log,
        file: EventLog::new(with.folder, settings.log.file.unwrap_or_default()),
        stderr: Stderr::new(with.journal_stream.as_deref()),
        syslog: post(Rc::clone(&syslog), Address { what: "events", ..SYSLOG }),
        journal: post(journal, JOURNAL),
        alarms: Rc::clone(&alarms),
        zone: with.zone.clone(),
        pid: with.monitor,
    };
    let host_log = post(Rc::clone(&syslog), Address { what: "messages of services", ..SYSLOG });
    let records = post(syslog, SYSLOG);
    let desk = Rc::new(Desk {
        link,
        alarms,
        targets: RefCell::new(targets),
        readers: Rc::new(Readers::new(with.zone.clone())),
        services: RefCell::default(),
        records: RecordsPost::new(records, with.zone.clone(), with.monitor),
        host_log,
        pipes: Pipes::new(with.most_pipes),
        bounds: Cell::new(settings.evidence),
        book: RefCell::default(),
        judging: RefCell::default(),
        report: RefCell::default(),
        reports: Cell::default(),
        asking: Asking::new(with.state),
        orders: RefCell::default(),
        ordered: Notify::new(),
        follows: OnceCell::new(),
        zone: with.zone,
    });
    desk.follow(store.orders.clone());
    let ending = desk.take_messages(&mut store).await?;
    match ending {
        // What the sessions' pipes hold is left there for the next one.
        Ending::Moved => {
            desk.stop_following();
            desk.store_the_rest(store).await;
        }
        Ending::Done | Ending::Nonsense(_) => desk.part(store).await,
    }
    Ok(ending)
}

impl Desk {
    async fn take_messages(self: &Rc<Self>, store: &mut Store) -> io::Result<Ending> {
        let mut buffer = vec![0; MAX_PACKET];
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                received = self.link.receive(&mut buffer) => match received? {
                    Received::Message(ToClerk::Finish, _) => return Ok(Ending::Done),
                    Received::Message(ToClerk::Ping(number), fds) if fds.is_empty() => {
                        self.link.taken()?;
                        self.read_round(store).await;
                        self.link.send(&FromClerk::Pong(number));
                    }
                    Received::Message(message, fds) => match self.take(message, fds) {
                        Ok(orders) => {
                            self.link.taken()?;
                            self.store_waiting(store).await;
                            self.store(orders, store).await;
                        }
                        Err(why) => return Ok(Ending::Nonsense(why.into())),
                    },
                    Received::Closed => {
                        self.linger(store).await;
                        return Ok(Ending::Done);
                    }
                    Received::Nonsense(why) => return Ok(Ending::Nonsense(why)),
                },
                Some(answer) = store.answers.recv() => self.answered(answer),
                () = self.ordered.notified() => self.store_waiting(store).await,
                _ = second.tick() => {
                    if !self.targets.borrow().file.is_there() {
                        return Ok(Ending::Moved);
                    }
                    self.tend(store);
                }
            }
        }
    }

    /// Tells the ledger's thread. It may itself be waiting to be heard.
    async fn store(&self, orders: impl IntoIterator<Item = Order>, store: &mut Store) {
        for order in orders {
            loop {
                tokio::select! {
                    biased;
                    place = store.orders.reserve() => {
                        // Without a thread there is nobody to keep it: it is never `Stored`.
                        if let Ok(place) = place {
                            place.send(order);
                        }
                        break;
                    }
                    Some(answer) = store.answers.recv() => self.answered(answer),
                }
            }
        }
    }

    async fn store_waiting(&self, store: &mut Store) {
        let orders = std::mem::take(&mut *self.orders.borrow_mut());
        self.store(orders, store).await;
        self.alarms.over(UNRECORDED);
    }

    /// Has the ledger's thread told something as soon as it can be.
    fn order(&self, order: Order) {
        let mut waiting = self.orders.borrow_mut();
        if waiting.len() >= MOST_WAITING {
            return self.alarms.raise(UNRECORDED);
        }
        waiting.push_back(order);
        self.ordered.notify_one();
    }

    fn keep(&self, change: Change) {
        self.order(Order::Write(change, None));
    }

    /// Reads every pipe once. No further message is taken meanwhile, which keeps pings in order.
    async fn read_round(&self, store: &mut Store) {
        let mut round = std::pin::pin!(self.pipes.read_round());
        loop {
            tokio::select! {
                () = &mut round => return,
                Some(answer) = store.answers.recv() => self.answered(answer),
            }
        }
    }

    fn answered(&self, answer: Answer) {
        match answer {
            Answer::Bans { bans, last } => self.link.send(&FromClerk::Bans { bans, last }),
            Answer::Positions(positions) => {
                if let Some(follows) = self.follows.get() {
                    follows.settle(positions);
                }
            }
            Answer::KnownGood(good) => {
                for some in good.chunks(GOOD) {
                    self.link.send(&FromClerk::KnownGood(some.to_vec()));
                }
            }
            Answer::Past(past, last) => self.recalled(past, last),
            Answer::Unheeded(proposals) => self.ask_again(proposals),
            Answer::Done(serial) => self.link.send(&FromClerk::Stored(serial)),
            Answer::Alarm(text, on) => self.alarms.set(&text, on),
        }
    }

    fn tend(&self, store: &Store) {
        let lost = self.targets.borrow_mut().tend();
        self.say_lost(lost);
        if !self.pipes.is_full() {
            self.alarms.over(CROWDED);
        }
        self.judge_ends(false);
        self.report(wall_ms());
        if let Some(follows) = self.follows.get() {
            follows.tend();
        }
        // A thread that is behind will tend when it gets there.
        let _ = store.orders.try_send(Order::Tend);
    }

    /// Has one message looked after; gives what is to be stored. A message that makes no sense,
    /// such as one with a descriptor too few or too many, is answered with the reason.
    fn take(
        self: &Rc<Self>,
        message: ToClerk,
        fds: Vec<OwnedFd>,
    ) -> Result<Vec<Order>, &'static str> {
        match (message, fds.len()) {
            (ToClerk::Configure { services, log, evidence, .. }, 0) => {
                let lost = self.targets.borrow_mut().set(log);
                self.say_lost(lost);
                self.bounds.set(evidence);
                self.services.borrow_mut().announce(services, &self.alarms);
            }
            (ToClerk::Service(entry), 0 | 1) => {
                let added = self.services.borrow_mut().add(entry, fds, &self.alarms);
                added.map_err(|_| "a service that was not announced")?;
            }
            (ToClerk::Batch(items), _) => return self.batch(items, fds),
            (ToClerk::Ban { serial, ban }, 0) => return Ok(vec![self.banned(serial, ban)]),
            (ToClerk::Unban { serial, end }, 0) => return Ok(vec![self.unbanned(serial, end)]),
            (ToClerk::Subscribe { json, last, follow, colour }, 1) => {
                let colour = if colour { Colour::Ansi } else { Colour::None };
                let form = if json { Form::Json } else { Form::Sentences(colour) };
                fds.into_iter().for_each(|fd| self.welcome(fd, Wish { form, follow }, last));
            }
            (ToClerk::Ask(question), 1) => fds.into_iter().for_each(|fd| self.asked(&question, fd)),
            (ToClerk::Judges, 1) => return self.judged_by(&fds),
            (ToClerk::Mail(header), 0) => self.report.borrow_mut().configure(header),
            (ToClerk::Finish, _) => {}
            (
                message @ (ToClerk::Watches
                | ToClerk::Growth
                | ToClerk::Follow(_)
                | ToClerk::Rotated(_)
                | ToClerk::Looked(_)
                | ToClerk::Beside(_)
                | ToClerk::BesideDone(_)
                | ToClerk::Journal { .. }),
                0 | 1,
            ) => self.watching(message, fds.into_iter().next())?,
            (
                ToClerk::Watches
                | ToClerk::Growth
                | ToClerk::Follow(_)
                | ToClerk::Rotated(_)
                | ToClerk::Looked(_)
                | ToClerk::Beside(_)
                | ToClerk::BesideDone(_)
                | ToClerk::Journal { .. }
                | ToClerk::Configure { .. }
                | ToClerk::Judges
                | ToClerk::Mail(_)
                | ToClerk::Ask(_)
                | ToClerk::Service(_)
                | ToClerk::Ban { .. }
                | ToClerk::Unban { .. }
                | ToClerk::Ping(_)
                | ToClerk::Subscribe { .. },
                _,
            ) => return Err(MISCOUNTED),
        }
        Ok(Vec::new())
    }

    /// Events and new pipes, in their order.
    fn batch(
        self: &Rc<Self>,
        items: Vec<Item>,
        fds: Vec<OwnedFd>,
    ) -> Result<Vec<Order>, &'static str> {
        let pipes = items.iter().filter(|item| matches!(item, Item::Evidence { .. })).count();
        if pipes != fds.len() {
            return Err(MISCOUNTED);
        }
        let mut written = self.written_before(&items);
        let mut fds = fds.into_iter();
        for item in items {
            match item {
                Item::Event(event) => self.event(&event, written.next()),
                Item::Evidence { session, resumed, form, authenticated, over } => {
                    let heard = Handed { resumed, form, authenticated, over };
                    fds.next().into_iter().for_each(|fd| self.listen(session.clone(), heard, fd));
                }
            }
        }
        Ok(Vec::new())
    }

    /// Has one event looked after, of which an earlier clerk may have done some.
    fn event(&self, event: &Event, before: Option<Before>) {
        if let What::SessionEnded { session, .. } = &event.what {
            self.pipes.session_over(session.session);
        }
        let dated = match before {
            Some(Before::Wholly) => return,
            Some(Before::InPart) | None => dated(event),
        };
        match before {
            Some(_) => self.show(&dated, |targets, json| targets.write_beside(&dated, &json)),
            None => self.write(&dated),
        }
        let outlets = Outlets { alarms: &self.alarms, records: &self.records, zone: &self.zone };
        self.services.borrow_mut().record(event, &outlets);
        let booked = self.book.borrow_mut().event(event, wall_ms());
        match booked {
            // A touched trap is an event of its own.
            Booked::Offence(offence) => {
                let proposals = self.judge(&offence);
                self.asking.publish(&offence);
                self.keep(Change::Record { offence, proposals });
            }
            Booked::Success { success, .. } => self.succeeded(*success),
            Booked::Nothing => {}
        }
    }

    /// Has a report sent, when one is due.
    fn report(&self, now: u64) {
        let letter = self.report.borrow_mut().due(now, self.reports.get());
        if let Some(letter) = letter {
            self.reports.set(self.reports.get().saturating_add(1));
            self.link.send(&FromClerk::Report(letter));
        }
    }

    /// Sessions that have ended are judged by their ends, once their last words are heard. The monitor
    /// learns how much was booked.
    fn judge_ends(&self, all: bool) {
        let mut book = self.book.borrow_mut();
        let (found, counts) = (book.tick(wall_ms(), all), book.new_counts());
        drop(book);
        found.into_iter().for_each(|offence| self.offend(offence));
        if let Some(counts) = counts {
            self.link.send(&FromClerk::Booked(counts));
        }
    }

    /// An offence is judged, told and kept.
    fn offend(&self, offence: Offence) {
        let proposals = self.judge(&offence);
        self.write(&convert::offence(&offence));
        self.asking.publish(&offence);
        self.keep(Change::Record { offence: Box::new(offence), proposals });
    }

    /// What an earlier clerk, killed in the midst of the same events, had done about the first of
    /// them: those that are in the files are not told twice.
    fn written_before(&self, items: &[Item]) -> impl Iterator<Item = Before> + use<> {
        let event = |item: &&Item| matches!(item, Item::Event(_));
        let line = |item: &Item| match item {
            Item::Event(event) => Some(dated(event).json()),
            Item::Evidence { .. } => None,
        };
        // Pipes alone say nothing about it yet.
        let found = match items.iter().find(event) {
            None => Written::default(),
            Some(_) => {
                let lines = || items.iter().filter_map(line).collect();
                self.targets.borrow_mut().find_written(lines)
            }
        };
        let finished = usize::from(found.finished);
        std::iter::repeat_n(Before::Wholly, found.whole)
            .chain(std::iter::repeat_n(Before::InPart, finished))
    }

    fn welcome(&self, stream: OwnedFd, wish: Wish, last: u32) {
        let past = self.targets.borrow().past(last);
        // One that is no stream has nobody at its other end.
        let _ = self.readers.welcome(stream, wish, past, wall_ms());
    }

    /// Writes an entry and shows it to those who read along.
    fn write(&self, dated: &Dated) {
        self.show(dated, |targets, json| targets.write(dated, json));
    }

    fn show(&self, dated: &Dated, write: impl FnOnce(&mut Targets, String)) {
        self.report.borrow_mut().heard(dated, wall_ms());
        let json = dated.json();
        self.readers.publish(&json);
        let mut targets = self.targets.borrow_mut();
        write(&mut targets, json);
        let lost = targets.news();
        drop(targets);
        self.say_lost(lost);
    }

    fn say_lost(&self, lost: Vec<Lost>) {
        for (target, count) in lost {
            self.said(Entry::EventsLost { by: Loser::Clerk, target: Some(target), count });
        }
    }

    /// The monitor is gone: services are still listened to for a moment.
    async fn linger(&self, store: &mut Store) {
        let until = tokio::time::Instant::now() + LINGER;
        while self.pipes.count() > 0 && tokio::time::Instant::now() < until {
            self.tend(store);
            while let Ok(answer) = store.answers.try_recv() {
                self.answered(answer);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The last things: what the pipes hold is read, what waits is written, in this order.
    async fn part(&self, mut store: Store) {
        self.stop_following();
        self.pipes.leave_all();
        wait_until(|| self.pipes.count() == 0).await;
        self.judge_ends(true);
        let _ = timeout(PARTING, self.store_waiting(&mut store)).await;
        let settled = || self.records.is_settled() && self.host_log.is_settled();
        wait_until(|| self.targets.borrow().is_settled() && settled()).await;
        let lost = self.targets.borrow_mut().give_up();
        self.say_lost(lost);
        self.tend_last();
        self.readers.close();
        wait_until(|| self.readers.is_empty() && self.targets.borrow().is_settled()).await;
        self.store_the_rest(store).await;
        let _ = timeout(PARTING, self.link.drained_to(0)).await;
    }

    /// What the files do not take now, they never will: the other targets are told.
    fn tend_last(&self) {
        let lost = self.targets.borrow_mut().tend();
        self.say_lost(lost);
        let unwritten = self.targets.borrow().file.unwritten();
        if unwritten > 0 {
            self.say_lost(vec![(Target::File, unwritten)]);
        }
    }

    /// The ledger's thread does what it was told, and ends.
    async fn store_the_rest(&self, mut store: Store) {
        drop(store.orders);
        let stored = async {
            while let Some(answer) = store.answers.recv().await {
                self.answered(answer);
            }
        };
        let stored = timeout(PARTING, stored).await.is_ok();
        if stored {
            // It has said its last word; only a panic could be left, which it has shown itself.
            let _ = store.thread.join();
        }
    }
}

async fn wait_until(done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    // What takes longer is given up: the monitor waits for this process to end.
    let _ = timeout(PARTING, waiting).await;
}

fn wall_ms() -> u64 {
    u64::try_from(clock::wall().as_millis()).unwrap_or(u64::MAX)
}
