//! TCP Wrappers: tcpd, tcpdmatch, tcpdchk and try-from.
//!
//! The rules are read by `portreeve-dialect` and decided by `portreeve-policy`; what is here looks
//! up what a rule asks for, and does what it says.

mod arguments;
mod asker;
mod dry;
mod expansion;
mod files;
mod ident;
mod inetd;
mod live;
mod names;
mod shell;
mod socket;
mod tcpd;
mod tcpdchk;
mod tcpdmatch;
mod try_from;

pub(crate) use ident::asked as ident_answer;
pub(crate) use tcpd::tcpd;
pub(crate) use tcpdchk::tcpdchk;
pub(crate) use tcpdmatch::tcpdmatch;
pub(crate) use try_from::try_from;

/// A text of a rule, for people.
fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// An error in the system's words.
fn because(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or(&text).to_owned()
}
