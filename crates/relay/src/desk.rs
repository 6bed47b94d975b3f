//! The desk: takes the monitor's messages and gives the work out, each piece to a task of its own.

use crate::args::Bounds;
use crate::books::Books;
use crate::dns::Sources;
use crate::lists::Lists;
use crate::names::Names;
use crate::post::{Post, Received};
use crate::write::{Text, Writer};
use crate::{echo, ident};
use portreeve_model::{DnsZone, Internal, ListAnswer, MAX_DNS_LISTS};
use portreeve_sys::channel::Channel;
use portreeve_wire::relay::{FromRelay, IdentReply, NamesAnswer, Then, ToRelay};
use portreeve_wire::{End, MAX_PACKET, QuestionId, SessionId};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet, spawn_local};

/// How work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The monitor is gone, and no peer is served any more.
    Closed,
    /// The monitor said what makes no sense.
    Nonsense,
}

/// Questions without an answer, at most: they are more than the look-ups, since many may wait for
/// the same one.
const QUESTIONS: usize = 4096;

/// Works until the monitor is gone and the last session has ended.
///
/// # Errors
/// The channel's, and those of registering it.
pub(crate) async fn work(
    channel: Channel,
    bounds: Bounds,
    landlock: Option<u32>,
) -> io::Result<Ending> {
    let post = Rc::new(Post::new(channel)?);
    let deliver = post.clone();
    spawn_local(async move { deliver.deliver().await });
    post.send(&FromRelay::Ready { landlock });
    let sources = Sources::new();
    let desk = Desk {
        books: Books::new(post.clone()),
        names: Names::new(sources.clone(), bounds.lookups, bounds.names),
        lists: Lists::new(sources, bounds.listed, bounds.lists),
        idents: Rc::new(Cell::new(0)),
        bounds,
        post,
    };
    let mut buffer = vec![0; MAX_PACKET];
    loop {
        match desk.post.receive(&mut buffer).await? {
            Received::Message(message, fds) => {
                if desk.take(message, fds).is_none() {
                    return Ok(Ending::Nonsense);
                }
            }
            Received::Nonsense => return Ok(Ending::Nonsense),
            Received::Closed => break,
        }
    }
    desk.books.quiet().await;
    Ok(Ending::Closed)
}

struct Desk {
    books: Rc<Books>,
    names: Names,
    lists: Lists,
    idents: Rc<Cell<usize>>,
    bounds: Bounds,
    post: Rc<Post>,
}

impl Desk {
    /// Gives one message's work out; `None` if the message makes no sense: a descriptor too few or
    /// too many, a session or question that is open already.
    fn take(&self, message: ToRelay, fds: Vec<OwnedFd>) -> Option<()> {
        let mut fds = fds.into_iter();
        let (first, second) = (fds.next(), fds.next());
        match (message, first, second, fds.next()) {
            (ToRelay::Serve { session, internal }, Some(connection), None, None) => {
                self.serve(session, internal, connection)
            }
            (ToRelay::Write { question, bytes, then, seconds }, Some(connection), file, None) => {
                let text = Text { bytes, file: file.map(File::from) };
                self.write(question, connection, text, then, limit(seconds))
            }
            (ToRelay::Names { question, peer }, None, None, None) => self.names(question, peer),
            (ToRelay::Listed { question, peer, zones }, None, None, None) => {
                self.listed(question, peer, zones)
            }
            (ToRelay::Ident { question, peer, local, seconds }, socket, None, None) => {
                self.ident(question, socket, (peer, local), limit(seconds))
            }
            (ToRelay::Forget(question), None, None, None) => {
                self.books.forget(question);
                Some(())
            }
            (ToRelay::End(session), None, None, None) => {
                self.books.end(session);
                Some(())
            }
            _ => None,
        }
    }

    fn serve(&self, session: SessionId, internal: Internal, connection: OwnedFd) -> Option<()> {
        let full = self.books.sessions() >= self.bounds.sessions;
        let served = self.books.session(session)?;
        if full {
            return Some(()); // closes the connection and says that it ended
        }
        let task = spawn_local(async move {
            // The end is what the monitor is told; why a peer went is nobody's question.
            let _ = match internal {
                Internal::Echo => echo::serve(connection).await,
            };
            drop(served);
        });
        self.books.served_by(session, task.abort_handle());
        Some(())
    }

    fn write(
        &self,
        question: QuestionId,
        connection: OwnedFd,
        text: Text,
        then: Then,
        limit: Duration,
    ) -> Option<()> {
        let owed =
            self.books.question(question, FromRelay::Written { question, complete: false })?;
        let place = self.books.write(self.bounds.writes);
        let number = place.number();
        let task = spawn_local(async move {
            // Whatever happens below, the place is free after it.
            let _place = place;
            let Ok(writer) = Writer::new(connection) else { return };
            let complete = writer.write(text, limit).await;
            match then {
                Then::Close => {
                    owed.say(FromRelay::Written { question, complete });
                    if complete {
                        writer.close().await;
                    }
                }
                Then::Return => {
                    // Let go of first: the monitor goes on with it when it hears.
                    drop(writer);
                    owed.say(FromRelay::Written { question, complete });
                }
            }
        });
        self.books.writes_by(number, task.abort_handle());
        self.note(question, task.abort_handle())
    }

    fn names(&self, question: QuestionId, peer: IpAddr) -> Option<()> {
        let failed =
            |why: &str| FromRelay::Names { question, answer: NamesAnswer::Failed(why.to_owned()) };
        let full = self.books.questions() >= QUESTIONS;
        let owed = self.books.question(question, failed("internal fault"))?;
        if full {
            owed.say(failed("busy"));
            return Some(());
        }
        let names = self.names.clone();
        let task = spawn_local(async move {
            let answer = names.of(peer).await;
            owed.say(FromRelay::Names { question, answer });
        });
        self.note(question, task.abort_handle())
    }

    fn listed(&self, question: QuestionId, peer: IpAddr, zones: Vec<DnsZone>) -> Option<()> {
        let count = zones.len();
        if count > MAX_DNS_LISTS {
            return None;
        }
        let unknown = |why: &str| {
            let answers = vec![ListAnswer::Unknown(why.to_owned()); count];
            FromRelay::Listed { question, answers }
        };
        let full = self.books.questions() >= QUESTIONS;
        let owed = self.books.question(question, unknown("internal fault"))?;
        if full {
            owed.say(unknown("busy"));
            return Some(());
        }
        let lists = self.lists.clone();
        let task = spawn_local(async move {
            let answers = all(lists, peer, zones).await;
            owed.say(FromRelay::Listed { question, answers });
        });
        self.note(question, task.abort_handle())
    }

    fn ident(
        &self,
        question: QuestionId,
        socket: Option<OwnedFd>,
        (peer, local): (End, End),
        limit: Duration,
    ) -> Option<()> {
        let failed =
            |why: &str| FromRelay::Ident { question, answer: IdentReply::Missing(why.to_owned()) };
        let owed = self.books.question(question, failed("system error"))?;
        if self.idents.get() >= self.bounds.idents {
            owed.say(failed("busy"));
            return Some(());
        }
        let place = Place::take(&self.idents);
        let task = spawn_local(async move {
            let _place = place;
            let answer = ident::ask(socket, peer, local, limit).await;
            owed.say(FromRelay::Ident { question, answer });
        });
        self.note(question, task.abort_handle())
    }

    fn note(&self, question: QuestionId, task: AbortHandle) -> Option<()> {
        self.books.works_on(question, task);
        Some(())
    }
}

/// Asks all lists at once.
async fn all(lists: Lists, peer: IpAddr, zones: Vec<DnsZone>) -> Vec<ListAnswer> {
    let mut answers = vec![ListAnswer::Unknown("internal fault".to_owned()); zones.len()];
    let mut asked = JoinSet::new();
    for (place, zone) in zones.into_iter().enumerate() {
        let lists = lists.clone();
        asked.spawn_local(async move { (place, lists.of(Rc::new(zone), peer).await) });
    }
    while let Some(said) = asked.join_next().await {
        if let Ok((place, said)) = said
            && let Some(answer) = answers.get_mut(place)
        {
            *answer = said;
        }
    }
    answers
}

fn limit(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// One of a bounded number of places; free again when this ends.
struct Place(Rc<Cell<usize>>);

impl Place {
    fn take(taken: &Rc<Cell<usize>>) -> Self {
        taken.set(taken.get().saturating_add(1));
        Self(taken.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}
