//! Addresses, clients and connections.
//!
//! Each client is joined to the door by a pair of virtual devices. The door's addresses are on its
//! loopback device, from where it answers on every pair, so that the same address is reached by
//! all clients and can come and go. IPv6 goes by way of link-local addresses, since neighbour
//! discovery, other than ARP, answers for addresses of the asked device alone.

use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_reuseaddr, socket_error};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{World, inside, is_address};
use crate::must::Must;

/// How long a connection may take to be made, and a read or write on it to go on.
const PATIENCE: Duration = Duration::from_secs(60);

/// Link-local addresses of the two ends of each pair.
const DOOR_END: &str = "fe80::1";
const CLIENT_END: &str = "fe80::2";

/// Lets programs take addresses that no device has.
const NONLOCAL: &str = "echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind";

impl World {
    /// Gives the door an address.
    ///
    /// # Panics
    /// When it has it already, or the text is no address.
    #[track_caller]
    pub fn add_door_address(&self, address: &str) {
        self.door_address("add", address);
    }

    /// Takes an address away from the door.
    ///
    /// # Panics
    /// When it has no such address.
    #[track_caller]
    pub fn remove_door_address(&self, address: &str) {
        self.door_address("del", address);
    }

    #[track_caller]
    fn door_address(&self, deed: &str, address: &str) {
        assert!(is_address(address), "{address} is no address");
        let mut words = vec!["ip", "address", deed, address, "dev", "lo"];
        if address.contains(':') && deed == "add" {
            words.push("nodad");
        }
        self.door_run(&words);
    }

    /// Joins a client to the door. Each of `addresses` is an address, or a network in which the
    /// client can then take any address as its own, such as `198.51.100.0/24`.
    ///
    /// # Panics
    /// When there is one of that name, or the name is longer than twelve letters.
    #[track_caller]
    pub fn add_client(&self, name: &str, addresses: &[&str]) {
        let known = self.links.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name);
        assert!(!known, "there is a {name} already");
        assert!(name.len() <= 12, "{name} is too long for the name of a device");
        let device = &format!("to-{name}");
        let script = format!(
            "ip netns add {name}
            ip link add {device} type veth peer name eth0 netns {name}
            ip link set {device} addrgenmode none up
            ip -n {name} link set lo up
            ip -n {name} link set eth0 addrgenmode none up
            ip -6 address add {DOOR_END}/64 dev {device} nodad
            ip -n {name} -6 address add {CLIENT_END}/64 dev eth0 nodad
            ip -n {name} route add default dev eth0
            ip -n {name} -6 route add default via {DOOR_END} dev eth0"
        );
        self.door_run(&["sh", "-euc", &script]);
        let link = inside(self.door_pid(), &Path::new("/run/netns").join(name));
        let link = Arc::new(OwnedFd::from(File::open(&link).must(link.display())));
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.insert(name.to_owned(), link);
        drop(links);
        for address in addresses {
            self.add_client_address(name, address);
        }
    }

    /// Gives a client one more address, or network of addresses.
    ///
    /// # Panics
    /// When it cannot have it.
    #[track_caller]
    pub fn add_client_address(&self, name: &str, address: &str) {
        let mut script = match (is_address(address), address.contains(':')) {
            (true, false) => format!("ip -n {name} address add {address} dev eth0\n"),
            (true, true) => format!("ip -n {name} address add {address} dev eth0 nodad\n"),
            (false, _) => format!("ip -n {name} route add local {address} dev lo\n"),
        };
        if !is_address(address) {
            // IPv6 binds to addresses of a device alone, unless told otherwise.
            script += &format!("nsenter --net=/run/netns/{name} sh -c '{NONLOCAL}'\n");
        }
        script += &match address.contains(':') {
            false => format!("ip route add {address} dev to-{name}"),
            true => format!("ip -6 route add {address} via {CLIENT_END} dev to-{name}"),
        };
        self.door_run(&["sh", "-euc", &script]);
    }

    /// Runs a closure in a thread that lives in the network of a client, or of the `door`.
    /// Sockets made there stay there.
    ///
    /// # Panics
    /// When there is no such client, or when the closure panics.
    #[track_caller]
    pub fn within<T: Send>(&self, name: &str, work: impl FnOnce() -> T + Send) -> T {
        let link = self.link(name);
        let inside = move || {
            move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network))
                .must("enter a network");
            work()
        };
        let result = std::thread::scope(|scope| scope.spawn(inside).join());
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Connects from a client (or the `door`) to an address such as `192.168.0.1:22`.
    ///
    /// # Errors
    /// What the kernel says, such as a refused connection. After ten seconds it is a time-out, as
    /// it is for each read and write on the stream.
    #[track_caller]
    pub fn connect(&self, name: &str, to: &str) -> io::Result<TcpStream> {
        self.within(name, || connect_to(None, to))
    }

    /// As [`World::connect`], from an address of the client's, with or without a port.
    ///
    /// # Errors
    /// As [`World::connect`].
    #[track_caller]
    pub fn connect_from(&self, name: &str, from: &str, to: &str) -> io::Result<TcpStream> {
        let from = match from.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, 0),
            Err(_) => parse(from),
        };
        self.within(name, || connect_to(Some(from), to))
    }

    /// A TCP listener in the network of a client, or of the `door`.
    ///
    /// # Errors
    /// What the kernel says, such as an address in use.
    #[track_caller]
    pub fn listen(&self, name: &str, at: &str) -> io::Result<TcpListener> {
        self.within(name, || TcpListener::bind(parse(at)))
    }

    /// A UDP socket in the network of a client, or of the `door`.
    ///
    /// # Errors
    /// What the kernel says, such as an address in use.
    #[track_caller]
    pub fn datagrams(&self, name: &str, at: &str) -> io::Result<UdpSocket> {
        self.within(name, || UdpSocket::bind(parse(at)))
    }

    /// The network namespace of a client, or of the door.
    #[track_caller]
    pub(super) fn link(&self, name: &str) -> Arc<OwnedFd> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.get(name).cloned().must(format!("the client {name}"))
    }
}

/// The network namespace of process 1.
pub(super) fn own_link(pid: u32) -> Arc<OwnedFd> {
    let path = format!("/proc/{pid}/ns/net");
    Arc::new(OwnedFd::from(File::open(&path).must(path)))
}

#[track_caller]
fn parse(address: &str) -> SocketAddr {
    address.parse().must(format!("{address} as address and port"))
}

pub(crate) fn connect_to(from: Option<SocketAddr>, to: &str) -> io::Result<TcpStream> {
    let to = parse(to);
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    if let Some(from) = from {
        set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &from)?;
    }
    match connect(&socket, &to) {
        Ok(()) => {}
        Err(Errno::INPROGRESS) => finish(&socket)?,
        Err(error) => return Err(error.into()),
    }
    let stream = TcpStream::from(socket);
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Waits until a connection is made or has failed.
fn finish(socket: &OwnedFd) -> io::Result<()> {
    let limit = Timespec::try_from(PATIENCE).map_err(io::Error::other)?;
    let ready = poll(&mut [PollFd::new(socket, PollFlags::OUT)], Some(&limit))?;
    if ready == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(socket_error(socket)??)
}
