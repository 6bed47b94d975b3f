//! From one process to the next without a service manager: over the control socket the old door
//! hands everything to its successor, and ends when that one has it.

use crate::door::Door;
use crate::door::paths::Paths;
use crate::succession::Heir;
use crate::succession::legacy::Legacy;
use portreeve_sys::channel::{self, Channel, MAX_DESCRIPTORS};
use portreeve_sys::poll::{Interest, Poller};
use portreeve_sys::{clock, file};
use portreeve_wire::control::{Answer, MAX_ANSWER, MAX_REQUEST, Request};
use portreeve_wire::{MAX_PACKET, decode, encode, frame, split_frame};
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Everything has gone over within this time, or nothing has.
const WITHIN: Duration = Duration::from_secs(10);
/// The old door makes ready first: its clerk writes what it has.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// What the successor says when it has everything.
const TAKEN: &[u8] = b"taken";
/// Descriptors that are taken at most: sessions have two each.
const MOST: usize = 3_000_000;

impl Door {
    /// Hands everything to the process that asked. On failure all is as it was.
    pub(crate) fn hand_to(&mut self, asker: Option<u64>) -> Result<(), String> {
        let estate = self.estate(Heir::Another).write()?;
        let memory = file::memfd("estate", &estate).map_err(|e| e.to_string())?;
        let (ours, theirs) = channel::pair().map_err(|e| format!("no channel: {e}"))?;
        let mut all = vec![("estate".to_owned(), memory.as_fd())];
        all.extend(self.heirlooms(None));
        let stream = asker.and_then(|number| self.clients.stream(number));
        let stream = stream.ok_or("who asked has gone")?;
        let answer = frame(&Answer::HandedOver, MAX_ANSWER).map_err(|e| e.to_string())?;
        let sent = channel::write_with(stream, &answer, theirs.as_fd());
        if !sent.as_ref().is_ok_and(|bytes| *bytes == answer.len()) {
            return Err("who asked does not listen".to_owned());
        }
        drop(theirs);
        give(&ours, &all).map_err(|e| format!("who asked did not take everything: {e}"))
    }
}

fn give(channel: &Channel, all: &[(String, BorrowedFd<'_>)]) -> io::Result<()> {
    let until = clock::monotonic().saturating_add(WITHIN);
    let mut waiting = Turns::new(channel, Interest::READ_WRITE, until)?;
    for part in all.chunks(MAX_DESCRIPTORS).chain([&[][..]]) {
        let (names, fds): (Vec<&String>, Vec<BorrowedFd<'_>>) =
            part.iter().map(|(name, fd)| (name, *fd)).unzip();
        let bytes = encode(&names, MAX_PACKET).map_err(|_| ErrorKind::InvalidData)?;
        waiting.until_done(|| channel.send(&bytes, &fds))?;
    }
    let mut waiting = Turns::new(channel, Interest::READ, until)?;
    let mut buffer = [0; 64];
    let heard = waiting.until_done(|| channel.recv(&mut buffer))?;
    let taken = heard.and_then(|(bytes, _)| buffer.get(..bytes)) == Some(TAKEN);
    if taken { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// A channel that is waited for, with a deadline.
struct Turns {
    poller: Poller,
    until: Duration,
}

impl Turns {
    fn new(channel: &Channel, interest: Interest, until: Duration) -> io::Result<Self> {
        let poller = Poller::new()?;
        poller.add(channel, 0, interest)?;
        Ok(Self { poller, until })
    }

    fn until_done<T>(&mut self, mut deed: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let mut events = Vec::new();
        loop {
            match deed() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            let now = clock::monotonic();
            if now >= self.until {
                return Err(ErrorKind::TimedOut.into());
            }
            let slice = self.until.saturating_sub(now).min(Duration::from_millis(20));
            self.poller.wait(&mut events, Some(slice))?;
        }
    }
}

/// Asks the door that is here for everything it holds: one that is closing gives it, one that is
/// open only where that is `forced`.
///
/// # Errors
/// Why it does not.
pub(crate) fn ask(paths: &Paths, forced: bool) -> Result<Legacy, String> {
    let fd = channel::control_connect(&paths.control).map_err(|e| format!("it is silent: {e}"))?;
    let mut stream = UnixStream::from(fd);
    let say = |error: io::Error| format!("it is silent: {error}");
    let request = frame(&Request::Succeed { forced }, MAX_REQUEST).map_err(|e| e.to_string())?;
    stream.write_all(&request).map_err(say)?;
    stream.set_read_timeout(Some(READY_WITHIN)).map_err(say)?;
    let (mut heard, mut buffer, mut channel) = (Vec::new(), vec![0; 64 * 1024], None);
    let answer = loop {
        let (bytes, fd) = channel::read_with(&stream, &mut buffer).map_err(say)?;
        channel = fd.or(channel);
        heard.extend_from_slice(buffer.get(..bytes).unwrap_or_default());
        match split_frame(&heard, MAX_ANSWER).map_err(|e| e.to_string())? {
            Some((body, _)) => break decode::<Answer>(body).map_err(|e| e.to_string())?,
            None if bytes == 0 => return Err("it gave no answer".to_owned()),
            None => {}
        }
    };
    match (answer, channel) {
        (Answer::HandedOver, Some(fd)) => {
            let channel = Channel::from_fd(fd).map_err(say)?;
            take(&channel).map_err(|e| format!("not everything came over: {e}"))
        }
        (Answer::Failed(why) | Answer::NotPermitted(why), _) => Err(why),
        _ => Err("it answered another question".to_owned()),
    }
}

fn take(channel: &Channel) -> io::Result<Legacy> {
    let until = clock::monotonic().saturating_add(WITHIN);
    let mut waiting = Turns::new(channel, Interest::READ, until)?;
    let mut buffer = vec![0; MAX_PACKET];
    let mut all: Vec<(String, OwnedFd)> = Vec::new();
    loop {
        let heard = waiting.until_done(|| channel.recv(&mut buffer))?;
        let (bytes, fds) = heard.ok_or(ErrorKind::UnexpectedEof)?;
        let names: Vec<String> = decode(buffer.get(..bytes).unwrap_or_default())
            .map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
        if names.len() != fds.len() || all.len() > MOST {
            return Err(ErrorKind::InvalidData.into());
        }
        if names.is_empty() {
            break;
        }
        all.extend(names.into_iter().zip(fds));
    }
    let legacy = Legacy::handed(all);
    channel.send(TAKEN, &[])?;
    Ok(legacy)
}
