//! Clients of small services: the ancestor's scripts, as commands of their own.

use super::{To, Wanted, connect};
use crate::applet::Call;
use crate::filter::write_all;
use crate::say;
use crate::trouble::Trouble;
use portreeve_sys::Signal;
use portreeve_sys::process::kill;
use portreeve_sys::program::{Forked, default_pipe, fork, leave};
use rustix::io::{Errno, read, retry_on_intr};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

/// Bytes read at a time.
const CHUNK: usize = 8 << 10;

/// `who@ HOST`: who is there (port 11).
pub(crate) fn who(call: &Call) -> Result<ExitCode, Trouble> {
    Ok(show(call, "11", b"", Shown::new()))
}

/// `date@ HOST`: what time it is there (port 13).
pub(crate) fn date(call: &Call) -> Result<ExitCode, Trouble> {
    Ok(show(call, "13", b"", Shown::new()))
}

/// `finger@ HOST USER`: about a user, or all (port 79).
pub(crate) fn finger(call: &Call) -> Result<ExitCode, Trouble> {
    let user = word(call, 1, "");
    Ok(show(call, "79", &[user.as_bytes(), b"\n"].concat(), Shown::new()))
}

/// `http@ HOST PATH PORT`: a page, without its head and its empty lines.
pub(crate) fn http(call: &Call) -> Result<ExitCode, Trouble> {
    let [host, path, port] = [word(call, 0, "0"), word(call, 1, ""), word(call, 2, "80")];
    let [host, path, port] = [host, path, port].map(OsStr::as_bytes);
    let request = [b"GET /", path, b" HTTP/1.0\nHost: ", host, b":", port, b"\n\n"].concat();
    let port = String::from_utf8_lossy(port).into_owned();
    Ok(show(call, &port, &request, Body::new()))
}

/// `tcpcat HOST PORT`: all that a server sends.
pub(crate) fn tcpcat(call: &Call) -> Result<ExitCode, Trouble> {
    let Some(socket) = connected(call, word(call, 1, "17")) else {
        return Ok(ExitCode::from(111));
    };
    default_pipe();
    let done = copy(socket.as_fd(), std::io::stdout().as_fd(), <[u8]>::to_vec);
    done.map_err(|error| Trouble::system("unable to copy", &error.into()))?;
    Ok(ExitCode::SUCCESS)
}

/// `mconnect HOST PORT`: to a server and back, until it closes; lines end with carriage return and
/// line feed on their way there.
pub(crate) fn mconnect(call: &Call) -> Result<ExitCode, Trouble> {
    let Some(socket) = connected(call, word(call, 1, "25")) else {
        return Ok(ExitCode::from(111));
    };
    // neither way waits for the other
    match fork().map_err(|error| Trouble::system("unable to fork", &error))? {
        Forked::Child => {
            let _ = copy(std::io::stdin().as_fd(), socket.as_fd(), with_carriage_returns);
            leave(0)
        }
        Forked::Parent(sender) => {
            let done = copy(socket.as_fd(), std::io::stdout().as_fd(), <[u8]>::to_vec);
            let _ = kill(sender, Signal::Term); // it has ended with its input
            done.map_err(|error| Trouble::system("unable to copy", &error.into()))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A word of the call, or what stands for it.
fn word<'a>(call: &'a Call, number: usize, otherwise: &'static str) -> &'a OsStr {
    call.arguments.get(number).map_or(OsStr::new(otherwise), OsString::as_os_str)
}

/// The connection to the first word's host; what is wrong has been said.
fn connected(call: &Call, port: &OsStr) -> Option<OwnedFd> {
    let wanted = Wanted::new();
    let to = To::of(&wanted, word(call, 0, "0"), port);
    match to.and_then(|to| connect(&wanted, &to)) {
        Ok(found) => found.map(|(socket, _)| socket),
        Err(Trouble::System(text)) => {
            say(format!("tcpclient: fatal: {text}\n"));
            None
        }
        Err(Trouble::Usage | Trouble::Wrong(_)) => None,
    }
}

/// Sends lines, and shows what comes back; 0 whatever happens, as the end of the ancestor's pipeline.
fn show(call: &Call, port: &str, request: &[u8], mut shown: impl Show) -> ExitCode {
    let Some(socket) = connected(call, OsStr::new(port)) else { return ExitCode::SUCCESS };
    let _ = write_all(socket.as_fd(), &with_carriage_returns(request)); // its answer says why
    default_pipe();
    let output = std::io::stdout();
    let mut plain = Plain { held: false };
    let mut change = |piece: &[u8]| {
        let mut out = Vec::with_capacity(piece.len().saturating_mul(2));
        plain.pass(piece, &mut |byte| shown.show(byte, &mut out));
        out
    };
    let _ = copy(socket.as_fd(), output.as_fd(), &mut change);
    let mut rest = change(b"");
    shown.end(&mut rest);
    let _ = write_all(output.as_fd(), &rest);
    ExitCode::SUCCESS
}

/// From here, changed, to there, until nothing more comes.
fn copy(
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    mut change: impl FnMut(&[u8]) -> Vec<u8>,
) -> Result<(), Errno> {
    let mut chunk = [0; CHUNK];
    loop {
        match retry_on_intr(|| read(from, &mut chunk))? {
            0 => return Ok(()),
            count => write_all(to, &change(chunk.get(..count).unwrap_or_default()))?,
        }
    }
}

fn with_carriage_returns(text: &[u8]) -> Vec<u8> {
    let pair = |byte: &u8| match byte {
        b'\n' => b"\r\n".to_vec(),
        byte => vec![*byte],
    };
    text.iter().flat_map(pair).collect()
}

/// Bytes without the carriage return before a line feed.
struct Plain {
    /// The last byte was one.
    held: bool,
}

impl Plain {
    /// Passes a piece on; an empty one is the end.
    fn pass(&mut self, piece: &[u8], to: &mut dyn FnMut(u8)) {
        if piece.is_empty() && std::mem::take(&mut self.held) {
            to(b'\r');
        }
        for byte in piece {
            if std::mem::take(&mut self.held) && *byte != b'\n' {
                to(b'\r');
            }
            match byte {
                b'\r' => self.held = true,
                byte => to(*byte),
            }
        }
    }
}

/// How what comes back is shown.
trait Show {
    fn show(&mut self, byte: u8, out: &mut Vec<u8>);
    /// Nothing more comes.
    fn end(&mut self, _out: &mut Vec<u8>) {}
}

/// As `cat -v` shows it: nothing of it reaches a terminal as a command.
struct Shown;

impl Shown {
    const fn new() -> Self {
        Self
    }
}

impl Show for Shown {
    fn show(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte >= 128 {
            out.extend_from_slice(b"M-");
        }
        match byte & 127 {
            b'\t' | b'\n' if byte < 128 => out.push(byte),
            127 => out.extend_from_slice(b"^?"),
            low @ ..32 => out.extend_from_slice(&[b'^', low | 64]),
            low => out.push(low),
        }
    }
}

/// What follows the first empty line, without the empty ones.
struct Body {
    begun: bool,
    /// Something of this line has come.
    within: bool,
}

impl Body {
    const fn new() -> Self {
        Self { begun: false, within: false }
    }
}

impl Show for Body {
    fn show(&mut self, byte: u8, out: &mut Vec<u8>) {
        let within = std::mem::replace(&mut self.within, byte != b'\n');
        if byte == b'\n' && !within {
            self.begun = true;
        } else if self.begun {
            out.push(byte);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.begun && self.within {
            out.push(b'\n');
        }
    }
}
