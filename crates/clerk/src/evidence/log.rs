//! Reading a session's own log socket.
//!
//! What comes through it goes on to the host's log, whoever sent it, so that nothing is missing there;
//! and it is evidence of that session.

use crate::entry::Entry;
use crate::entry::convert::session;
use crate::evidence::ears::Ears;
use crate::evidence::pipe::{TURN, Taken};
use crate::evidence::{Listener, Over, Pipes, Place, Source};
use crate::text::pace::Pace;
use portreeve_detect::frame;
use portreeve_model::escape;
use portreeve_sys::channel::Credentials;
use portreeve_sys::clock;
use portreeve_sys::log_socket::{self, Message};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::sleep;

/// Bytes of one message that are taken; of a longer one the rest is lost, and counted.
const MOST: usize = 64 << 10;

/// How long the socket of a session that is over is read on: what it has left behind is led to the
/// host's log meanwhile.
const LINGER: Duration = Duration::from_secs(2);

/// A session's own log socket.
///
/// # Errors
/// `InvalidInput` unless it is one; those of registering it.
pub(crate) fn open(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    if !log_socket::is_log_socket(&fd)? {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    #[expect(deprecated, reason = "unsound only for a type that may change its descriptor")]
    AsyncFd::with_interest(fd, Interest::READABLE)
}

/// Reads until the session is over, or until it is time to leave.
pub(crate) async fn read(
    socket: AsyncFd<OwnedFd>,
    source: Source,
    pipes: Rc<Pipes>,
    (place, over): (Place, Rc<Over>),
    to: Rc<impl Listener>,
) {
    let mut teller = Teller::new(source);
    let mut taken = Taken::default();
    loop {
        let now = clock::monotonic();
        let due = teller.pace.due();
        if due.is_some_and(|due| now >= due) {
            teller.tell_dropped(&*to);
            continue;
        }
        // A round is not put off: a socket holds no more messages than the kernel lets it.
        if place.is_behind() {
            take_all(&socket, &mut teller, &mut taken, &*to).await;
            place.was_read();
            continue;
        }
        let last = over.since().map(|since| since.saturating_add(LINGER));
        if last.is_some_and(|last| now >= last) {
            // Whoever still sends learns of it, and what was sent before is here.
            let _ = log_socket::refuse_more(socket.get_ref());
            take_all(&socket, &mut teller, &mut taken, &*to).await;
            break;
        }
        if taken.pause(now) && !pipes.is_leaving() {
            tokio::select! {
                () = pipes.call.notified() => {}
                () = sleep(taken.until_next_second(now)) => {}
            }
            continue;
        }
        if pipes.is_leaving() {
            take_all(&socket, &mut teller, &mut taken, &*to).await;
            break;
        }
        let wait = [due, last].into_iter().flatten().min().map(|due| due.saturating_sub(now));
        tokio::select! {
            ready = socket.readable() => match ready {
                Ok(mut ready) => match take_turn(&socket, &mut teller, &mut taken, &*to) {
                    Took::More => tokio::task::yield_now().await,
                    Took::Nothing => ready.clear_ready(),
                },
                Err(_) => break,
            },
            () = pipes.call.notified() => {}
            () = over.ended() => {}
            () = sleep(wait.unwrap_or_default()), if wait.is_some() => {}
        }
    }
    teller.tell_dropped(&*to);
    // Only now: whoever waits for this socket waits for its last words too.
    drop(place);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Took {
    More,
    Nothing,
}

/// Messages that a round takes of one socket at most: more than the kernel lets it hold, so that one
/// who writes for ever keeps nobody waiting.
const ROUND: usize = 4096;

async fn take_all(
    socket: &AsyncFd<OwnedFd>,
    teller: &mut Teller,
    taken: &mut Taken,
    to: &impl Listener,
) {
    for _ in 0..ROUND.div_euclid(TURN) {
        match take_turn(socket, teller, taken, to) {
            Took::More => tokio::task::yield_now().await,
            Took::Nothing => return,
        }
    }
}

fn take_turn(
    socket: &AsyncFd<OwnedFd>,
    teller: &mut Teller,
    taken: &mut Taken,
    to: &impl Listener,
) -> Took {
    let mut buffer = vec![0; MOST];
    for _ in 0..TURN {
        match log_socket::receive(socket.get_ref(), &mut buffer) {
            // Nobody can send any more, and nothing is left.
            Ok(Message { length: 0, sender: None, .. }) => return Took::Nothing,
            Ok(message) => {
                taken.add(message.length.max(1));
                let bytes = buffer.get(..message.length).unwrap_or_default();
                teller.hear(bytes, message, to);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Took::Nothing,
            Err(_) => return Took::Nothing,
        }
    }
    Took::More
}

/// From messages to entries.
#[derive(Debug)]
struct Teller {
    source: Source,
    ears: Ears,
    pace: Pace,
}

impl Teller {
    fn new(source: Source) -> Self {
        let pace = Pace::new(source.bounds.lines_per_second);
        Self { ears: Ears::new(source.watch), pace, source }
    }

    fn hear(&mut self, bytes: &[u8], message: Message, to: &impl Listener) {
        to.pass_on(bytes, message.cut);
        let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        self.ears.message((bytes, message.cut), message.sender, &self.source, to);
        if !bytes.is_empty() && self.pace.admit(clock::monotonic()) {
            to.said(self.entry(bytes, message));
        }
    }

    fn entry(&self, bytes: &[u8], message: Message) -> Entry {
        let record = frame::read(bytes);
        let tag = match (record.program, record.pid) {
            ([], _) => String::new(),
            (program, Some(pid)) => format!("{}[{pid}]: ", escape(program)),
            (program, None) => format!("{}: ", escape(program)),
        };
        let most = usize::try_from(self.source.bounds.line).unwrap_or(usize::MAX);
        let shown = record.message.get(..most).unwrap_or(record.message);
        let Credentials { pid, uid, .. } =
            message.sender.unwrap_or(Credentials { pid: 0, uid: u32::MAX, gid: u32::MAX });
        Entry::Evidence {
            session: session(&self.source.session),
            text: format!("{tag}{}", escape(shown)),
            cut: message.cut || shown.len() < record.message.len(),
            resumed: false,
            sender_pid: u32::try_from(pid).ok(),
            sender_uid: Some(uid),
        }
    }

    fn tell_dropped(&mut self, to: &impl Listener) {
        let lines = self.pace.take_dropped();
        if lines > 0 {
            to.said(Entry::EvidenceDropped { session: session(&self.source.session), lines });
        }
    }
}
