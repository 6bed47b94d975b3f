//! tcpserver, tcpclient, rblsmtpd: connections that become a program's.

mod client;
mod ends;
mod figure;
mod rblsmtpd;
mod rules;
mod server;
mod text;

pub(crate) use client::{date, finger, http, mconnect, tcpcat, tcpclient, who};
pub(crate) use rblsmtpd::rblsmtpd;
pub(crate) use server::tcpserver;

use crate::options::shown;
use crate::trouble::Trouble;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// Which addresses are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Families {
    /// Those there are.
    #[default]
    Both,
    /// `-4`
    V4,
    /// `-6`: IPv4 shows as IPv6 has it.
    V6,
}

/// How much a command tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Tells {
    /// `-q`
    Nothing,
    /// `-Q`
    #[default]
    Errors,
    /// `-v`
    All,
}

/// What is found out about the two ends, and how.
#[derive(Clone, Debug)]
struct Ask {
    /// This end's name, where it is given.
    local: Option<Vec<u8>>,
    /// Whether the other end's name is looked up.
    remote: bool,
    /// Whether that name must lead back to the address.
    paranoid: bool,
    /// How long its ident server may take; nothing does not ask it.
    ident: Option<Duration>,
}

impl Ask {
    const fn new() -> Self {
        Self { local: None, remote: true, paranoid: false, ident: Some(IDENT) }
    }

    /// Takes an option of these in: `-h`, `-H`, `-p`, `-P`, `-r`, `-R`, `-l`.
    fn take(&mut self, letter: u8, value: &[u8]) {
        match letter {
            b'h' => self.remote = true,
            b'H' => self.remote = false,
            b'p' => self.paranoid = true,
            b'P' => self.paranoid = false,
            b'r' => self.ident = self.ident.or(Some(IDENT)),
            b'R' => self.ident = None,
            _ => self.local = Some(value.to_vec()),
        }
    }
}

/// How long an ident server may take, unless `-t` says otherwise.
const IDENT: Duration = Duration::from_secs(26);

/// The number of an option from `least` to `most`; the ancestors take anything.
fn counted(letter: char, text: &[u8], least: u32, most: u32) -> Result<u32, Trouble> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.filter(|number| digits && (least..=most).contains(number)).ok_or_else(|| {
        let text = shown(OsStr::from_bytes(text));
        Trouble::Wrong(format!("-{letter} takes a number from {least} to {most}: {text}").into())
    })
}
