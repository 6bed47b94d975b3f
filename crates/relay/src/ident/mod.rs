//! Asking a peer's ident server (RFC 1413) who owns a connection.

pub(crate) mod reply;

use portreeve_model::unmapped;
use portreeve_wire::End;
use portreeve_wire::relay::IdentReply;
use reply::{MAX_LINE, Ports};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// The port of ident servers.
const PORT: u16 = 113;

/// Asks the host `peer` who owns the connection from `peer` to `local`, within `limit`.
///
/// `socket` is one that the monitor has bound to the connection's local address, from which the
/// question must come (RFC 1413, 2); binding is what this process may not do. Without it the
/// kernel chooses the source address by route; if it chooses another one, nothing is asked, since
/// the answer would be about another connection.
///
/// Why there may be no answer: `no server`, `timeout`, `bad response`, `error while receiving
/// response`, `system error`.
pub(crate) async fn ask(
    socket: Option<OwnedFd>,
    peer: End,
    local: End,
    limit: Duration,
) -> IdentReply {
    match timeout(limit, exchange(socket, peer, local)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => IdentReply::Missing(why.to_owned()),
        Err(_) => IdentReply::Missing("timeout".to_owned()),
    }
}

async fn exchange(
    socket: Option<OwnedFd>,
    peer: End,
    local: End,
) -> Result<IdentReply, &'static str> {
    let stream = connect(socket, SocketAddr::new(unmapped(peer.address), PORT)).await?;
    let source = stream.local_addr().map_err(|_| "system error")?.ip();
    if unmapped(source) != unmapped(local.address) {
        return Err("system error");
    }
    let ports = Ports { theirs: peer.port, ours: local.port };
    write_all(&stream, ports.question().as_bytes())
        .await
        .map_err(|_| "error while receiving response")?;
    let line = read_line(&stream).await?;
    Ok(reply::parse(&line, ports))
}

async fn connect(socket: Option<OwnedFd>, to: SocketAddr) -> Result<TcpStream, &'static str> {
    let socket = match (socket, to) {
        (Some(bound), _) => {
            let bound = std::net::TcpStream::from(bound);
            bound.set_nonblocking(true).map_err(|_| "system error")?;
            TcpSocket::from_std_stream(bound)
        }
        (None, SocketAddr::V4(_)) => TcpSocket::new_v4().map_err(|_| "system error")?,
        (None, SocketAddr::V6(_)) => TcpSocket::new_v6().map_err(|_| "system error")?,
    };
    socket.connect(to).await.map_err(|error| {
        let none = [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::HostUnreachable,
            io::ErrorKind::NetworkUnreachable,
        ];
        let kind = error.kind();
        if none.contains(&kind) {
            "no server"
        } else if kind == io::ErrorKind::TimedOut {
            "timeout"
        } else {
            "system error"
        }
    })
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One line without its line feed; what follows it is not looked at.
async fn read_line(stream: &TcpStream) -> Result<Vec<u8>, &'static str> {
    let mut line = vec![0; MAX_LINE];
    let mut length = 0;
    loop {
        let room = line.get_mut(length..).filter(|room| !room.is_empty()).ok_or("bad response")?;
        stream.readable().await.map_err(|_| "error while receiving response")?;
        let came = match stream.try_read(room) {
            // Half a line may be half a name.
            Ok(0) => return Err("bad response"),
            Ok(came) => came,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => return Err("error while receiving response"),
        };
        let end = length + came;
        let feed = line.get(length..end).and_then(|new| new.iter().position(|byte| *byte == b'\n'));
        if let Some(feed) = feed {
            line.truncate(length + feed);
            return Ok(line);
        }
        length = end;
    }
}
