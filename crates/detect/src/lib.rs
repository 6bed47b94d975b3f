//! Detection: a line in, an offence out.
//!
//! What a program wrote is taken apart into a [`Record`], and a [`Detector`] says what it tells of
//! whoever is at the other end: an offence, a success, or nothing, always with the reason. Text is
//! written by strangers: an address is taken only from a position that the program alone writes,
//! and where two readings are possible nobody is charged. No file, socket or clock is touched here.
#![forbid(unsafe_code)]

pub mod address;
mod card;
mod dovecot;
pub mod dropbear;
pub mod filter;
mod finding;
pub mod frame;
mod ftp;
mod native;
pub mod pam;
mod panel;
mod record;
mod scan;
pub mod sessions;
mod smtp;
pub mod sshd;
mod syslog;
mod time;
mod told;
mod web;

pub use card::{CARDS, Card};
pub use finding::{Finding, Named, Offence, Success};
pub use native::{named, names};
pub use panel::{Panel, Seen};
pub use portreeve_model::Kind;
pub use record::{Moment, Record};
pub use time::Resolver;

/// Something that knows what the lines of one kind of program mean.
///
/// It may remember things of lines before (which address a process serves), in bounded memory.
pub trait Detector: Send {
    /// Its name, as it is written in a configuration.
    fn name(&self) -> &str;

    /// Whether it has anything to say of lines of this program (empty: the line names none). The
    /// answer never changes. [`Panel`] asks it once a program, and shows a line only to those that
    /// want it.
    fn wants(&self, program: &[u8]) -> bool {
        let _ = program;
        true
    }

    /// Whether it reads what every program may write, as PAM's modules do, and not one program's own
    /// words. A [`Panel`] asks such a one only about programs that no other member reads as its own: who
    /// knows a program knows which of its lines tell the same thing twice.
    fn general(&self) -> bool {
        false
    }

    /// What this line says.
    ///
    /// Where lines are known to be one session's though they do not say so (its own pipe), the
    /// record should have the session's process all the same: sentences that tell of one try in two
    /// ways are then told apart from two tries.
    fn look(&mut self, record: &Record<'_>) -> Finding;

    /// When the line last looked at was written, where the detector finds that in its own way and the
    /// record may not say it.
    fn moment(&self) -> Option<Moment> {
        None
    }
}
