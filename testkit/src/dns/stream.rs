//! The same answers over TCP (RFC 1035, 4.2.2), for whoever was told that they do not fit.

use super::packet::Question;
use super::{LOOK, Misbehaviour, State};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

/// How long a question may take to come.
const QUESTION: Duration = Duration::from_secs(10);

/// Serves until the server ends; each connection has a thread that ends by itself.
pub(super) fn serve(listener: &TcpListener, state: &Arc<State>) {
    while !state.stop.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => {
                let state = state.clone();
                // What comes of one connection is the asker's affair.
                std::thread::spawn(move || one(stream, &state).unwrap_or(()));
            }
            Err(_) => sleep(LOOK),
        }
    }
}

fn one(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(QUESTION))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut packet = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut packet)?;
    let Some(question) = Question::parse(&packet) else { return Ok(()) };
    let (ill, reply) = state.answer(&question);
    if ill == Some(Misbehaviour::TruncateForEver) {
        while !state.stop.load(Ordering::Relaxed) {
            sleep(LOOK);
        }
        return Ok(());
    }
    let length = u16::try_from(reply.len()).unwrap_or_default().to_be_bytes();
    stream.write_all(&[&length, reply.as_slice()].concat())
}
