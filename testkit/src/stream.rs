//! Reading what a peer sends, never for ever and never without end.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Most that is read at a time.
const PIECE: usize = 16 << 10;

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer closed in order (FIN).
    Closed,
    /// The peer, or its kernel, cut the connection (RST).
    Reset,
    /// Time ran out.
    Deadline,
    /// As many bytes came as were asked for, or what was looked for was found.
    Enough,
}

/// What came, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The bytes, in order.
    pub bytes: Vec<u8>,
    /// Why reading stopped.
    pub end: End,
}

impl Received {
    /// The bytes as text; what is not UTF-8 shows as the replacement character.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Reads until the peer closes, `most` bytes have come, or `limit` has passed.
pub fn read_to_end_bounded(stream: &TcpStream, most: usize, limit: Duration) -> Received {
    read_while(stream, limit, |bytes| most.saturating_sub(bytes.len()).min(PIECE))
}

/// Reads, byte by byte so that nothing behind it is taken, until `needle` has come, the peer
/// closes, or `limit` has passed.
pub fn read_until(stream: &TcpStream, needle: &[u8], limit: Duration) -> Received {
    read_while(stream, limit, |bytes| usize::from(!bytes.ends_with(needle)))
}

/// Reads as many bytes at a time as `wanted` says of those that came before, until it says none.
fn read_while(
    mut stream: &TcpStream,
    limit: Duration,
    wanted: impl Fn(&[u8]) -> usize,
) -> Received {
    let end = Instant::now() + limit;
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE];
    while let Some(next) = piece.get_mut(..wanted(&bytes)).filter(|next| !next.is_empty()) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return Received { bytes, end: End::Deadline };
        }
        match stream.read(next) {
            Ok(0) => return Received { bytes, end: End::Closed },
            Ok(count) => bytes.extend(next.iter().take(count)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Received { bytes, end: End::Deadline };
            }
            Err(_) => return Received { bytes, end: End::Reset },
        }
    }
    Received { bytes, end: End::Enough }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    const LIMIT: Duration = Duration::from_secs(60);

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    #[test]
    fn each_way_of_ending_is_told_apart() {
        let (near, mut far) = pair();
        far.write_all(b"one\ntwo").unwrap();
        let line = read_until(&near, b"\n", LIMIT);
        assert_eq!((line.text().as_str(), line.end), ("one\n", End::Enough));
        let some = read_to_end_bounded(&near, 2, LIMIT);
        assert_eq!((some.text().as_str(), some.end), ("tw", End::Enough));
        let slow = read_to_end_bounded(&near, 9, Duration::from_millis(20));
        assert_eq!((slow.text().as_str(), slow.end), ("o", End::Deadline));
        drop(far);
        assert_eq!(read_to_end_bounded(&near, 9, LIMIT).end, End::Closed);
    }

    #[test]
    fn unread_input_at_the_other_end_is_a_reset() {
        let (mut near, far) = pair();
        near.write_all(b"unread").unwrap();
        std::thread::sleep(Duration::from_millis(20));
        drop(far);
        assert_eq!(read_to_end_bounded(&near, 9, LIMIT).end, End::Reset);
    }
}
