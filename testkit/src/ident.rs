//! A tiny ident server (RFC 1413) that says what it is told to say.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use crate::World;
use crate::must::Must;
use crate::stream::read_until;

/// How often a thread looks whether it should end.
const LOOK: Duration = Duration::from_millis(10);

/// How long a query may take to come.
const QUERY: Duration = Duration::from_secs(10);

/// What is answered to each query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentReply {
    /// `PORTS : USERID : UNIX : text`, the ports being those of the query.
    User(String),
    /// `PORTS : ERROR : text`.
    Error(String),
    /// These bytes, whatever was asked.
    Raw(Vec<u8>),
    /// As the other, after a while.
    Late(Duration, Box<IdentReply>),
    /// Nothing; the connection stays open.
    Silence,
    /// Nothing; the connection is closed.
    Close,
}

/// A running ident server. It ends when dropped.
#[derive(Debug)]
pub struct IdentServer {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    reply: Mutex<IdentReply>,
    queries: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl State {
    fn ended(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl IdentServer {
    /// Listens at an address of a client (or of the `door`), such as `192.168.0.50:113`.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    #[track_caller]
    pub fn start(world: &World, client: &str, at: &str, reply: IdentReply) -> Self {
        let listener = world.listen(client, at).must(format!("listen for ident at {at}"));
        listener.set_nonblocking(true).must("make a listener non-blocking");
        let reply = Mutex::new(reply);
        let state = State { reply, queries: Mutex::default(), stop: AtomicBool::new(false) };
        let state = Arc::new(state);
        let thread = std::thread::spawn({
            let state = state.clone();
            move || {
                while !state.ended() {
                    match listener.accept() {
                        Ok((stream, _)) => {
                            let state = state.clone();
                            // Ends by itself: every wait in it has an end or looks at `stop`.
                            std::thread::spawn(move || serve(stream, &state));
                        }
                        Err(_) => sleep(LOOK),
                    }
                }
            }
        });
        Self { state, thread: Some(thread) }
    }

    /// Answers the next queries otherwise.
    pub fn answer(&self, reply: IdentReply) {
        *self.state.reply.lock().unwrap_or_else(PoisonError::into_inner) = reply;
    }

    /// The queries so far, without their line ends.
    #[must_use]
    pub fn queries(&self) -> Vec<String> {
        self.state.queries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for IdentServer {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(stream: TcpStream, state: &State) {
    if stream.set_nonblocking(false).is_err() {
        return;
    }
    let query = read_until(&stream, b"\n", QUERY).text().trim_end().to_owned();
    state.queries.lock().unwrap_or_else(PoisonError::into_inner).push(query.clone());
    let reply = state.reply.lock().unwrap_or_else(PoisonError::into_inner).clone();
    answer(stream, &query, reply, state);
}

fn answer(mut stream: TcpStream, query: &str, reply: IdentReply, state: &State) {
    let bytes = match reply {
        IdentReply::User(text) => format!("{query} : USERID : UNIX : {text}\r\n").into_bytes(),
        IdentReply::Error(text) => format!("{query} : ERROR : {text}\r\n").into_bytes(),
        IdentReply::Raw(bytes) => bytes,
        IdentReply::Late(wait, reply) => {
            sleep(wait);
            return answer(stream, query, *reply, state);
        }
        IdentReply::Silence => {
            while !state.ended() {
                sleep(LOOK);
            }
            return;
        }
        IdentReply::Close => return,
    };
    // The asker may have given up: its affair.
    let _ = stream.write_all(&bytes);
}
