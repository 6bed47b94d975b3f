//! The event log, the evidence lines and the ledger, without rights.
//!
//! The clerk writes down what the monitor tells it: events as JSON lines, records in xinetd's
//! words, bans and offences in the ledger. It reads what services write on their sessions' own
//! pipes, tags each line with the session it belongs to, and tells the monitor when a watched
//! service says that its session has authenticated. It shows events to those who ask.
//!
//! It refuses to do anything else: it has two directories of its own and no other file, makes no
//! socket, starts no program, decides nothing, and never takes an address out of a text. If it
//! dies, another takes its place and no session notices.
#![forbid(unsafe_code)]

mod alarms;
mod args;
mod clerk;
mod entry;
mod evidence;
mod follow;
mod link;
mod log;
mod readers;
mod record;
mod report;
#[cfg(test)]
mod scratch;
mod service;
mod start;
mod store;
mod targets;
mod text;

pub use start::main;

/// The lines that a stream of evidence is divided into, escaped and at most `keep` bytes each, and
/// how many of them say that somebody has authenticated: what the clerk gives a service's words to,
/// for those who test it with hostile ones. Each of `reads` is what one read(2) gave.
#[must_use]
pub fn evidence_lines<'a>(
    reads: impl IntoIterator<Item = &'a [u8]>,
    keep: usize,
    packets: bool,
) -> (Vec<String>, usize) {
    use text::lines::{Reads, Splitter};
    let how = if packets { Reads::Packets } else { Reads::Stream };
    let mut splitter = Splitter::new(keep, how, false);
    let (mut lines, mut authenticated) = (Vec::new(), 0_usize);
    for read in reads {
        splitter.feed(read, &mut |line| {
            authenticated += usize::from(text::sshd::authenticated(line));
            lines.push(portreeve_model::escape(line.bytes));
        });
    }
    (lines, authenticated)
}
