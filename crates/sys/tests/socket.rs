//! Listening, accepting, refusing, over loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    os::fd::{AsFd, OwnedFd},
    thread::sleep,
    time::Duration,
};

use portreeve_sys::{
    poll::{Interest, Poller},
    socket::{
        self, AcceptError, Accepted, Discard, KeepAlive, ListenOptions, ListenStep, accept,
        discard, listen, local_address, send_once, shutdown_write,
    },
};
use rustix::{
    fs::{OFlags, fcntl_getfl},
    io::{FdFlags, fcntl_getfd},
    net::sockopt,
};

fn options() -> ListenOptions {
    ListenOptions { backlog: 16, ..ListenOptions::default() }
}

fn listener(address: &str) -> (OwnedFd, SocketAddr) {
    let fd = listen(address.parse().unwrap(), &options()).unwrap();
    let address = local_address(&fd).unwrap();
    (fd, address)
}

fn accepted(listener: &OwnedFd) -> Accepted {
    for _ in 0..60_000 {
        if let Some(accepted) = accept(listener).unwrap() {
            return accepted;
        }
        sleep(Duration::from_millis(1));
    }
    panic!("nobody came");
}

/// Both ends of a connection: the peer's, ours.
fn connection() -> (TcpStream, OwnedFd) {
    let (fd, address) = listener("127.0.0.1:0");
    let peer = TcpStream::connect(address).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    (peer, accepted(&fd).fd)
}

#[test]
fn an_accepted_socket_is_blocking_and_knows_both_ends() {
    let (fd, address) = listener("127.0.0.1:0");
    assert!(accept(&fd).unwrap().is_none());
    assert!(fcntl_getfl(&fd).unwrap().contains(OFlags::NONBLOCK));
    let peer = TcpStream::connect(address).unwrap();
    let ours = accepted(&fd);
    assert_eq!(ours.peer, peer.local_addr().unwrap());
    assert_eq!(local_address(&ours.fd).unwrap(), address);
    assert!(!fcntl_getfl(&ours.fd).unwrap().contains(OFlags::NONBLOCK));
    assert_eq!(fcntl_getfd(&ours.fd).unwrap(), FdFlags::CLOEXEC);
    assert!(accept(&fd).unwrap().is_none());
}

#[test]
fn ipv4_through_an_ipv6_listener_is_ipv4() {
    let both = ListenOptions { v6only: Some(false), ..options() };
    let fd = listen("[::]:0".parse().unwrap(), &both).unwrap();
    let port = local_address(&fd).unwrap().port();
    let _peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let ours = accepted(&fd);
    assert!(ours.peer.is_ipv4(), "{}", ours.peer);
    assert_eq!(local_address(&ours.fd).unwrap().to_string(), format!("127.0.0.1:{port}"));
    let _peer = TcpStream::connect(("::1", port)).unwrap();
    assert!(accepted(&fd).peer.is_ipv6());

    let only = ListenOptions { v6only: Some(true), ..options() };
    let fd = listen("[::]:0".parse().unwrap(), &only).unwrap();
    let port = local_address(&fd).unwrap().port();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn options_are_inherited_by_connections() {
    let options = ListenOptions { keepalive: KeepAlive::System, nodelay: true, ..options() };
    let fd = listen("127.0.0.1:0".parse().unwrap(), &options).unwrap();
    let _peer = TcpStream::connect(local_address(&fd).unwrap()).unwrap();
    let ours = accepted(&fd).fd;
    assert!(sockopt::socket_keepalive(&ours).unwrap());
    assert!(sockopt::tcp_nodelay(&ours).unwrap());
}

#[test]
fn a_failed_listen_names_its_step() {
    let (_fd, address) = listener("127.0.0.1:0");
    let error = listen(address, &options()).unwrap_err();
    assert_eq!(error.step, ListenStep::Bind);
    assert_eq!(error.error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().starts_with(&format!("cannot bind {address}: ")));
    let elsewhere = "192.0.2.1:0".parse().unwrap();
    let error = listen(elsewhere, &options()).unwrap_err();
    assert_eq!(error.error.kind(), io::ErrorKind::AddrNotAvailable);
}

#[test]
fn what_is_no_listener_is_fatal() {
    let (_peer, ours) = connection();
    let error = accept(&ours).unwrap_err();
    assert!(matches!(error, AcceptError::Fatal(_)), "{error:?}");
}

#[test]
fn a_banner_arrives_though_the_peer_spoke_first() {
    let (mut peer, ours) = connection();
    peer.write_all(&[b'x'; 100_000]).unwrap();
    assert_eq!(send_once(&ours, b"go away\n").unwrap(), 8);
    shutdown_write(&ours).unwrap();
    let mut thrown = 0;
    loop {
        match discard(&ours).unwrap() {
            Discard::Data(bytes) => thrown += bytes,
            Discard::WouldBlock if thrown < 100_000 => sleep(Duration::from_millis(1)),
            Discard::WouldBlock => break,
            Discard::End => panic!("the peer has not finished"),
        }
    }
    assert_eq!(thrown, 100_000);
    let mut said = String::new();
    peer.read_to_string(&mut said).unwrap();
    assert_eq!(said, "go away\n");
    peer.shutdown(Shutdown::Write).unwrap();
    let mut poller = Poller::new().unwrap();
    poller.add(&ours, 0, Interest::READ).unwrap();
    poller.wait(&mut Vec::new(), Some(Duration::from_secs(60))).unwrap();
    assert_eq!(discard(&ours).unwrap(), Discard::End);
}

#[test]
fn sending_never_blocks_nor_kills() {
    let (peer, ours) = connection();
    let full = (0..10_000).find_map(|_| send_once(&ours, &[0; 65_536]).err()).unwrap();
    assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    drop(peer);
    let gone = (0..60_000).find_map(|_| {
        sleep(Duration::from_millis(1));
        send_once(&ours, b"x").err().filter(|error| error.kind() != io::ErrorKind::WouldBlock)
    });
    let kind = gone.unwrap().kind();
    assert!(matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset), "{kind:?}");
}

#[test]
fn unmapping_is_for_sockets_of_the_internet() {
    let (a, _b) = portreeve_sys::channel::pair().unwrap();
    assert_eq!(local_address(a.as_fd()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert!(socket::load_average().is_some());
}
