//! Sockets for DNS questions: connected, never bound, and not too many.
//!
//! The resolver library would bind a datagram socket to a random port of its own choice and take
//! datagrams from anyone. Binding is what this process may not do; a socket connected to the
//! server gets a random port from the kernel, which also throws away what others send.

use hickory_resolver::net::runtime::{
    DnsUdpSocket, RuntimeProvider, TokioHandle, TokioRuntimeProvider, TokioTime,
};
use portreeve_sys::socket::datagrams_to;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{Interest, ReadBuf};
use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Datagram sockets at once, of names and of lists. Each question and each repetition has one; past it questions wait
/// for one another, and their deadline goes on.
pub(crate) const SOCKETS: (usize, usize) = (384, 128);

/// Makes the resolver's sockets.
#[derive(Clone)]
pub(crate) struct Sockets {
    runtime: TokioRuntimeProvider,
    room: Arc<Semaphore>,
}

impl Sockets {
    /// None yet, and so many at most.
    pub(crate) fn new(most: usize) -> Self {
        let room = Arc::new(Semaphore::new(most));
        Self { runtime: TokioRuntimeProvider::new(), room }
    }
}

type Making<T> = Pin<Box<dyn Send + Future<Output = io::Result<T>>>>;

impl RuntimeProvider for Sockets {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = Datagrams;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.runtime.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        _bind: Option<SocketAddr>,
        limit: Option<Duration>,
    ) -> Making<Self::Tcp> {
        self.runtime.connect_tcp(server, None, limit)
    }

    fn bind_udp(&self, _local: SocketAddr, server: SocketAddr) -> Making<Self::Udp> {
        let room = self.room.clone();
        Box::pin(async move {
            let room = room.acquire_owned().await.map_err(io::Error::other)?;
            let socket = UdpSocket::from_std(datagrams_to(server)?.into())?;
            Ok(Datagrams { socket, server, _room: room })
        })
    }
}

/// A socket that talks with one server.
pub(crate) struct Datagrams {
    socket: UdpSocket,
    server: SocketAddr,
    _room: OwnedSemaphorePermit,
}

impl Datagrams {
    /// Waits for a datagram or for the kernel's word that the server does not listen, which a
    /// wait for something to read would sleep through.
    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let no_server = || match self.socket.take_error()? {
            Some(error) => Err(error),
            None => Err::<(), _>(io::ErrorKind::WouldBlock.into()),
        };
        loop {
            let ready = self.socket.ready(Interest::READABLE | Interest::ERROR).await?;
            match self.socket.try_recv(buffer) {
                Ok(length) => return Ok((length, self.server)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if ready.is_error() {
                match self.socket.try_io(Interest::ERROR, no_server) {
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                    Ok(()) | Err(_) => {}
                }
            }
        }
    }
}

impl DnsUdpSocket for Datagrams {
    type Time = TokioTime;

    /// Written out as the trait's macro writes it, since it must do more than the library's own.
    fn recv_from<'a, 'b, 'c>(
        &'a self,
        buffer: &'b mut [u8],
    ) -> Pin<Box<dyn Future<Output = io::Result<(usize, SocketAddr)>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(self.receive(buffer))
    }

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(self.socket.poll_recv(cx, &mut buffer))?;
        Poll::Ready(Ok((buffer.filled().len(), self.server)))
    }

    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        _to: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_send(cx, bytes)
    }
}
