//! The kernel: batches that it carries out, lists that it gives, changes that it tells of.

use crate::answer::{Message, Outcome, messages};
use crate::message::{Ask, Attributes, Batch, question};
use portreeve_sys::netfilter::Netfilter;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Bytes of one packet of the kernel's, at most: it makes no longer ones.
const PACKET: usize = 64 << 10;
/// Packets of a list, at most: what is listed here is a handful.
const MOST_PACKETS: usize = 4096;
/// Elements of a batch from which on nobody listens to what it changes: the kernel would tell of
/// each of them.
const LOUD: usize = 256;

/// Numbers of errors that mean something here.
pub(crate) const NO_ENTRY: i32 = 2;
pub(crate) const FULL: i32 = 23;
/// Of a list during which something changed.
pub(crate) const INTERRUPTED: i32 = 4;
const LOST: i32 = 105;

/// A question that was not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What was asked.
    pub(crate) deed: &'static str,
    /// The error's number, 0 if there is none.
    pub(crate) error: i32,
    /// What the kernel says besides.
    pub(crate) words: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.deed)?;
        if self.error != 0 {
            write!(f, ": {}", io::Error::from_raw_os_error(self.error))?;
        }
        if !self.words.is_empty() {
            write!(f, " ({})", self.words.escape_debug())?;
        }
        Ok(())
    }
}

/// What has been told of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// All of it was received.
    All,
    /// There was more than the socket had room for: some of it is lost.
    Lost,
}

/// The packet filter.
#[derive(Debug)]
pub(crate) struct Kernel {
    commands: Netfilter,
    changes: Netfilter,
    next: u32,
    packet: Vec<u8>,
}

impl Kernel {
    /// Opens the two ways to it.
    ///
    /// # Errors
    /// Those of the sockets.
    pub(crate) fn open() -> io::Result<Self> {
        let (commands, changes) = (Netfilter::open()?, Netfilter::open()?);
        changes.join()?;
        Ok(Self { commands, changes, next: 1, packet: vec![0; PACKET] })
    }

    /// The way on which changes are told, to wait at.
    pub(crate) fn changes_fd(&self) -> BorrowedFd<'_> {
        self.changes.as_fd()
    }

    /// Whose changes are ours.
    pub(crate) fn port(&self) -> u32 {
        self.commands.port()
    }

    /// An empty batch.
    pub(crate) fn batch(&self) -> Batch {
        Batch::new(self.next)
    }

    /// Has a batch carried out, whole or not at all. Nothing to do is done.
    ///
    /// # Errors
    /// The first thing that the kernel refuses.
    pub(crate) fn carry_out(&mut self, batch: Batch) -> Result<(), Refusal> {
        if batch.is_empty() {
            return Ok(());
        }
        let loud = batch.elements >= LOUD;
        let (bytes, asked, next) = batch.finish();
        self.next = next;
        self.forget_answers();
        if loud {
            let _ = self.changes.leave();
        }
        let sent = self.commands.send(&bytes);
        let answered = match sent {
            Ok(()) => self.answers(&asked),
            Err(why) => Err(refused("the packet filter cannot be reached", &why)),
        };
        if loud {
            let _ = self.changes.join();
        }
        answered
    }

    fn answers(&mut self, asked: &[(u32, Ask)]) -> Result<(), Refusal> {
        let mut done = 0_usize;
        let mut refusal = None;
        let of = |number| asked.iter().find(|(n, _)| *n == number).map(|(_, ask)| deed(*ask));
        while let Some(length) = self.receive()? {
            for message in messages(self.packet.get(..length).unwrap_or_default()) {
                match message.outcome() {
                    Some(Outcome::Done) => done = done.saturating_add(1),
                    Some(Outcome::Refused(error, words)) => {
                        let deed = of(message.number).unwrap_or("changing the packet filter");
                        refusal.get_or_insert(Refusal { deed, error, words });
                    }
                    None => {}
                }
            }
        }
        let silent = || Refusal {
            deed: "the kernel did not say what became of a change",
            error: 0,
            words: String::new(),
        };
        match refusal {
            Some(refusal) => Err(refusal),
            None if done < asked.len() => Err(silent()),
            None => Ok(()),
        }
    }

    /// Asks for a list and gives each of its messages.
    ///
    /// # Errors
    /// What the kernel refuses; [`INTERRUPTED`] when something changed meanwhile.
    pub(crate) fn list(
        &mut self,
        ask: Ask,
        fill: impl FnOnce(&mut Attributes),
        mut each: impl FnMut(&Message<'_>),
    ) -> Result<(), Refusal> {
        self.forget_answers();
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let deed = deed(ask);
        self.commands.send(&question(ask, number, fill)).map_err(|why| refused(deed, &why))?;
        let mut whole = true;
        for _ in 0..MOST_PACKETS {
            let Some(length) = self.receive()? else { break };
            for message in messages(self.packet.get(..length).unwrap_or_default()) {
                whole &= message.number != number || !message.is_interrupted();
                match message.outcome() {
                    _ if message.number != number => {}
                    Some(Outcome::Done) if !whole => {
                        return Err(Refusal { deed, error: INTERRUPTED, words: String::new() });
                    }
                    Some(Outcome::Done) => return Ok(()),
                    Some(Outcome::Refused(error, words)) => {
                        return Err(Refusal { deed, error, words });
                    }
                    None => each(&message),
                }
            }
        }
        Err(Refusal { deed, error: 0, words: "the list has no end".to_owned() })
    }

    /// Gives each message that tells of a change, ours and others'.
    ///
    /// # Errors
    /// Those of recvmsg(2) but for lost messages, which [`Told::Lost`] says.
    pub(crate) fn hear(&mut self, mut each: impl FnMut(&Message<'_>)) -> io::Result<Told> {
        let mut told = Told::All;
        // an end, whatever another program does meanwhile
        for _ in 0..MOST_PACKETS {
            match self.changes.receive(&mut self.packet) {
                Ok(Some(length)) => {
                    for message in messages(self.packet.get(..length).unwrap_or_default()) {
                        each(&message);
                    }
                }
                Ok(None) => break,
                Err(why) if why.raw_os_error() == Some(LOST) => told = Told::Lost,
                Err(why) if why.kind() == io::ErrorKind::InvalidData => told = Told::Lost,
                Err(why) => return Err(why),
            }
        }
        Ok(told)
    }

    /// Answers to a question that was given up are nobody's.
    fn forget_answers(&mut self) {
        while let Ok(Some(_)) = self.commands.receive(&mut self.packet) {}
    }

    fn receive(&mut self) -> Result<Option<usize>, Refusal> {
        let received = self.commands.receive(&mut self.packet);
        received.map_err(|why| refused("the kernel's answer cannot be read", &why))
    }
}

fn refused(deed: &'static str, why: &io::Error) -> Refusal {
    match why.raw_os_error() {
        Some(error) => Refusal { deed, error, words: String::new() },
        None => Refusal { deed, error: 0, words: why.to_string() },
    }
}

/// A question in words.
fn deed(ask: Ask) -> &'static str {
    match ask {
        Ask::NewTable => "making the table",
        Ask::DelTable => "removing the table",
        Ask::NewChain => "making a chain",
        Ask::GetChain => "listing the chains",
        Ask::DelChain => "removing a chain",
        Ask::NewRule => "making a rule",
        Ask::GetRule => "listing the rules",
        Ask::DelRule => "removing the rules",
        Ask::NewSet => "making a set",
        Ask::GetSet => "listing the sets",
        Ask::DelSet => "removing a set",
        Ask::NewElements => "adding to a set",
        Ask::DelElements => "taking out of a set",
    }
}
