//! The user at the client's end, by its ident server (RFC 1413).

use portreeve_policy::wrappers::User;
use portreeve_sys::{clock, socket};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Where it listens.
const PORT: u16 = 113;

/// Bytes of an answer, at most (RFC 1413 says 1000).
const ANSWER: u64 = 1000;

/// Bytes of a user's name that count.
const NAME: usize = 255;

/// Asks who has the connection from `peer` to `local`, for at most `limit`.
pub(super) fn user(local: SocketAddr, peer: SocketAddr, limit: Duration) -> User {
    match asked(local, peer, limit) {
        Ok(answer) => parsed(&answer, peer.port(), local.port()).map_or(User::Unknown, User::Known),
        Err(_) => User::Unknown,
    }
}

/// What the ident server says of the connection from `peer` to `local`, at most so many bytes.
pub(crate) fn asked(local: SocketAddr, peer: SocketAddr, limit: Duration) -> io::Result<Vec<u8>> {
    let end = clock::monotonic().saturating_add(limit);
    let left = || {
        let left = end.saturating_sub(clock::monotonic());
        if left.is_zero() { Err(io::Error::from(io::ErrorKind::TimedOut)) } else { Ok(left) }
    };
    let fd = socket::stream_from(local.ip())?;
    let mut to = peer;
    to.set_port(PORT);
    match rustix::net::connect(&fd, &to) {
        Ok(()) => {}
        Err(rustix::io::Errno::INPROGRESS) => connected(&fd, left()?)?,
        Err(errno) => return Err(errno.into()),
    }
    let mut stream = TcpStream::from(fd);
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(left()?))?;
    stream.write_all(format!("{} , {}\r\n", peer.port(), local.port()).as_bytes())?;
    let mut answer = Vec::new();
    loop {
        stream.set_read_timeout(Some(left()?))?;
        let mut piece = [0; 256];
        let count = match stream.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        answer.extend_from_slice(piece.get(..count).unwrap_or_default());
        let long = u64::try_from(answer.len()).unwrap_or(ANSWER) >= ANSWER;
        if count == 0 || long || answer.contains(&b'\n') {
            return Ok(answer);
        }
    }
}

fn connected(fd: &OwnedFd, limit: Duration) -> io::Result<()> {
    let limit = Timespec::try_from(limit).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut fds = [PollFd::new(fd, PollFlags::OUT)];
    if poll(&mut fds, Some(&limit))? == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(sockopt::socket_error(fd)??)
}

/// `THEIRS , OURS : USERID : SYSTEM : USER`: the user up to a blank, if the ports are right.
fn parsed(answer: &[u8], theirs: u16, ours: u16) -> Option<Vec<u8>> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let mut fields = line.splitn(4, |byte| *byte == b':');
    let (ports, kind) = (fields.next()?, fields.next()?);
    let (_system, user) = (fields.next()?, fields.next()?);
    let mut ports = ports.split(|byte| *byte == b',').map(|port| {
        std::str::from_utf8(port.trim_ascii()).ok().and_then(|port| port.parse::<u16>().ok())
    });
    let right = ports.next()? == Some(theirs) && ports.next()? == Some(ours);
    let user = user.trim_ascii_start().split(u8::is_ascii_whitespace).next()?;
    let fine = right && kind.trim_ascii() == b"USERID" && !user.is_empty();
    fine.then(|| user.iter().copied().take(NAME).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_about_these_ports_names_a_user() {
        for (answer, want) in [
            (&b"6191, 23 : USERID : UNIX : joe\r\n"[..], Some(&b"joe"[..])),
            (b"6191,23:USERID:UNIX:joe smith", Some(b"joe")),
            (b"6191, 23 : USERID : UNIX,US-ASCII : a:b\r\n", Some(b"a:b")),
            (b"6191, 24 : USERID : UNIX : joe\r\n", None),
            (b"6191, 23 : ERROR : NO-USER\r\n", None),
            (b"6191, 23 : USERID : UNIX : \r\n", None),
            (b"", None),
            (b"\xff\n", None),
        ] {
            assert_eq!(parsed(answer, 6191, 23).as_deref(), want);
        }
    }
}
