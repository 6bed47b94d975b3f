//! Echo (RFC 862): whatever comes goes back.

use portreeve_sys::socket::shutdown_write;
use std::io;
use std::os::fd::OwnedFd;
use tokio::net::TcpStream;

/// Bytes read at once, and so the most that one session ever holds.
const CHUNK: usize = 16 * 1024;

/// Serves one connection until its peer has sent everything and been sent it back, or is gone.
///
/// A session holds bytes only while its peer is slow to take them, and then reads no more: an idle
/// peer costs no buffer, one that never reads costs [`CHUNK`].
///
/// # Errors
/// Those of the connection, a reset among them; it is closed in any case.
pub(crate) async fn serve(connection: OwnedFd) -> io::Result<()> {
    let stream = std::net::TcpStream::from(connection);
    stream.set_nonblocking(true)?;
    let stream = TcpStream::from_std(stream)?;
    loop {
        stream.readable().await?;
        match turn(&stream)? {
            Turn::End => return shutdown_write(&stream),
            Turn::Done => {}
            Turn::Left(rest) => write_all(&stream, &rest).await?,
        }
    }
}

/// What one reading gave.
enum Turn {
    /// The peer will send no more, and has all that it sent.
    End,
    /// Nothing is held.
    Done,
    /// The kernel did not take these.
    Left(Vec<u8>),
}

/// Not async: its buffer lives on the one stack, not in each session.
fn turn(stream: &TcpStream) -> io::Result<Turn> {
    let mut buffer = [0; CHUNK];
    let length = match stream.try_read(&mut buffer) {
        Ok(0) => return Ok(Turn::End),
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Turn::Done),
        Err(error) => return Err(error),
    };
    let came = buffer.get(..length).unwrap_or_default();
    let taken = match stream.try_write(came) {
        Ok(taken) => taken,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Err(error) => return Err(error),
    };
    Ok(match came.get(taken..) {
        None | Some([]) => Turn::Done,
        Some(rest) => Turn::Left(rest.to_vec()),
    })
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
